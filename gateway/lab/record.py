"""Makes the recording that the demo replays where it may not build a home: the same day, the same gadgets, nothing held back.

In the recorded home every gadget is trusted, so that the capture shows what each would send if nobody stood in its way; whoever
replays it judges by the lab's household. Frames are cut behind what a judgement needs, their true length stands in their
headers; neighbour discovery and frames between machines of the lab's own are left out.
"""

import gzip
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from gateway.edge.pcap import CapturedPacket, read_capture
from gateway.model.packet import TCP, UDP, FlowKey, key_of
from gateway.wire import decode_frame

from .capture import SNAPLEN_BYTES, open_socket
from .home import Home
from .life import live
from .namespace import LabError
from .topology import GATEWAY_LAN_MAC, LAN

WHOLE_PACKETS = 2
"""So many packets with payload are kept in whole: of what a gadget sends, and of answers in datagrams (DNS, STUN)."""
VIDEO_S = 1.0
CUT_PAYLOAD_BYTES = 12
"""What is kept of the others: enough to tell RTP by its head."""
RECORD_HEAD = struct.Struct("<IIII")
MAGIC_MICROSECONDS, LINKTYPE_ETHERNET = 0xA1B2C3D4, 1


def record(seconds: float) -> bytes:
    """Live that long, and give back the capture. To be run inside a world of its own."""
    with Home(captured=False, prepare=_trust_everybody) as home:
        raw = home.work / "day.pcap"
        with home.machines["gateway"].entered():
            tap = open_socket(LAN)
        argv = [sys.executable, "-m", "gateway.lab.capture", f"{tap.fileno()}={raw}"]
        capture = subprocess.Popen(argv, stdout=subprocess.PIPE, pass_fds=[tap.fileno()])
        assert capture.stdout is not None
        capture.stdout.readline()
        over = threading.Event()
        threading.Timer(seconds, over.set).start()
        live(home.gadgets, going=lambda: not over.is_set(), act=lambda name, trigger: _shorten(home, name, trigger))
        time.sleep(1.0)
        capture.terminate()
        lost = [line for line in capture.stdout if line.startswith(b"lost") and line != b"lost 0\n"]
        if lost:
            raise LabError(f"the recording has holes: {lost[0].decode().strip()} frames")
        return slim(raw)


def _shorten(home: Home, name: str, trigger: str) -> None:
    """Pictures fill a recording without telling more: a second of them is enough."""
    if trigger == "video":
        threading.Timer(VIDEO_S, home[name].stop).start()


def _trust_everybody(policies: Path) -> None:
    household = policies / "household.yaml"
    lines = household.read_text("utf-8").replace("confirmed: true}", "trusted: true}").splitlines()
    lines.insert(lines.index("owners:"), '  gizmo: {mac: "02:00:5e:10:00:06", trusted: true}')
    household.write_text("\n".join(lines) + "\n", "utf-8")


def slim(path: Path) -> bytes:
    """A capture without what no judgement needs."""
    head = struct.pack("<IHHiIII", MAGIC_MICROSECONDS, 2, 4, 0, 0, SNAPLEN_BYTES, LINKTYPE_ETHERNET)
    return gzip.compress(head + b"".join(_slim_record(packet, kept_bytes) for packet, kept_bytes in _kept(path)), mtime=0)


def _kept(path: Path) -> Iterator[tuple[CapturedPacket, int]]:
    """The packets that matter, each with how much of it does."""
    seen: Counter[FlowKey] = Counter()
    for captured in read_capture(path):
        frame = decode_frame(captured.data, captured.link_type)
        if frame is None or frame.packet.proto not in (TCP, UDP):
            continue
        packet = frame.packet
        seen[key_of(packet)] += bool(packet.payload)
        header_bytes = len(captured.data) - len(packet.payload)
        telling = packet.proto == UDP or frame.src_mac != GATEWAY_LAN_MAC
        whole = telling and seen[key_of(packet)] <= WHOLE_PACKETS
        yield captured, len(captured.data) if whole else min(header_bytes + CUT_PAYLOAD_BYTES, len(captured.data))


def _slim_record(packet: CapturedPacket, kept_bytes: int) -> bytes:
    seconds = int(packet.at)
    microseconds = int((packet.at - seconds) * 1_000_000)
    return RECORD_HEAD.pack(seconds, microseconds, kept_bytes, packet.wire_length) + packet.data[:kept_bytes]
