"""Writes frames down: ``python -m gateway.lab.capture FD=FILE …``, one packet socket each, until SIGTERM.

The sockets were opened in their network namespaces by the parent. Kernel timestamps, nanosecond pcap, 2 kB of each frame with
its true length. At the end (and only there) prints how many frames the kernel could not hand over: the truth must be whole.
"""

import selectors
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import IO

SNAPLEN_BYTES = 2048
SO_TIMESTAMPNS = 35
SOL_PACKET, PACKET_STATISTICS = 263, 6
MAGIC_NANOSECONDS, LINKTYPE_ETHERNET = 0xA1B23C4D, 1
BUFFER_BYTES = 64 << 20
SO_RCVBUFFORCE = 33
ETH_P_ALL = 3


def open_socket(interface: str) -> socket.socket:
    """A packet socket on an interface of the current network namespace."""
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    opened.bind((interface, ETH_P_ALL))
    opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    try:
        opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
    except OSError:  # older kernels do not let a user namespace go past the limit
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    return opened


def pcap_header() -> bytes:
    """The head of a capture file."""
    return struct.pack("<IHHiIII", MAGIC_NANOSECONDS, 2, 4, 0, 0, SNAPLEN_BYTES, LINKTYPE_ETHERNET)


def _record(tap: socket.socket) -> bytes:
    frame, ancillary, flags, _ = tap.recvmsg(SNAPLEN_BYTES, 64, socket.MSG_TRUNC | socket.MSG_DONTWAIT)
    seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16]) if ancillary else (0, 0)
    return struct.pack("<IIII", seconds, nanoseconds, min(len(frame), SNAPLEN_BYTES), _true_length(frame, flags)) + frame


def _true_length(frame: bytes, flags: int) -> int:
    """A cut frame's length is told by its IP header, which is where readers take it from anyway."""
    if not flags & socket.MSG_TRUNC or len(frame) < 40:
        return len(frame)
    if frame[12:14] == b"\x08\x00":
        return 14 + int.from_bytes(frame[16:18])
    return 14 + 40 + int.from_bytes(frame[18:20])


def main() -> None:
    """Entry of the process."""
    taps: dict[socket.socket, IO[bytes]] = {}
    selector = selectors.DefaultSelector()
    for argument in sys.argv[1:]:
        number, _, path = argument.partition("=")
        tap = socket.socket(fileno=int(number))
        tap.setblocking(False)
        taps[tap] = open(Path(path), "wb", buffering=0)
        taps[tap].write(pcap_header())
        selector.register(tap, selectors.EVENT_READ, (tap, taps[tap]))
    running = True

    def stop(*_: object) -> None:
        nonlocal running
        running = False

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print("ready", flush=True)
    while running:
        for key, _ in selector.select(0.2):
            _drain(*key.data)
    for tap, file in taps.items():
        _drain(tap, file)
    lost = sum(struct.unpack("II", tap.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1] for tap in taps)
    print(f"lost {lost}", flush=True)


def _drain(tap: socket.socket, file: IO[bytes]) -> None:
    batch = []
    try:
        for _ in range(512):
            batch.append(_record(tap))
    except BlockingIOError:
        pass
    if batch:
        file.write(b"".join(batch))


if __name__ == "__main__":
    main()
