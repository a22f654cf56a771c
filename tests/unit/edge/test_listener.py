"""What is heard on a cable, by a real packet socket: only what says something, of whom, and how much."""

import socket
import struct
import subprocess
import time
from collections.abc import Callable

import pytest

from gateway.edge.listener import (
    CLUES_OF_A_FRAME,
    FRAMES_A_TURN,
    LOOKED_INTO_A_TURN,
    OF_ALL_A_SECOND,
    OF_ONE_SENDER_A_SECOND,
    Listener,
)
from gateway.lab import frame
from gateway.lab.message import mdns_announcement
from gateway.lab.namespace import inside
from gateway.model.device import Mac, mac_to_bytes
from gateway.model.identity import Signal

pytestmark = pytest.mark.net
BELL, OTHER, BROADCAST = Mac("02:00:5e:10:00:01"), Mac("02:00:5e:10:00:02"), "ff:ff:ff:ff:ff:ff"
GROUP, GROUP6, SSDP = "224.0.0.251", "ff02::fb", "239.255.255.250"
HELLO = mdns_announcement("_hap._tcp", "bell", {})
NOTIFY = b"NOTIFY * HTTP/1.1\r\nNT: roku:ecp\r\nUSN: uuid:1::roku:ecp\r\nSERVER: Roku/9 UPnP/1.0\r\n\r\n"


def ip(*lines: str) -> None:
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines).encode(), check=True)


def cable() -> None:
    ip("link add home0 type veth peer name gadget0", "link set home0 up", "link set gadget0 up")


def sender() -> socket.socket:
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    opened.bind(("gadget0", 0))
    return opened


def datagram(data: bytes, *, dst: str = GROUP, port: int = 5353, sport: int = 5353, src: str = "", mac: str = BELL) -> bytes:
    src = src or ("fe80::1" if ":" in dst else "10.77.0.20")
    body = frame.udp(data, src=src, dst=dst, sport=sport, dport=port)
    kind = frame.ETH_IPV6 if ":" in dst else frame.ETH_IPV4
    to = BROADCAST if dst.startswith("255") else "33:33:00:00:00:fb" if ":" in dst else "01:00:5e:00:00:fb"
    return frame.ethernet(frame.ip(body, src=src, dst=dst, proto=frame.UDP), dst=to, src=mac, kind=kind)


def dhcp(client: str, hostname: bytes) -> bytes:
    head = struct.pack("!BBBB4sHH16x6s10x192x4s", 1, 1, 6, 0, b"abcd", 0, 0, mac_to_bytes(client), b"\x63\x82\x53\x63")
    return head + bytes([53, 1, 1, 12, len(hostname)]) + hostname + b"\xff"


def heard(listener: Listener, *, at: float = 1.0, wait_s: float = 0.05) -> list[tuple[str, str, str]]:
    time.sleep(wait_s)
    return [(event.mac, event.clue.signal, event.clue.value) for event in listener.receive(at)]


def with_cable(scene: Callable[[Listener, socket.socket], None]) -> None:
    def play() -> None:
        cable()
        listener, cable_end = Listener(["home0"]), sender()
        try:
            scene(listener, cable_end)
        finally:
            cable_end.close()
            listener.close()

    inside(play)


def test_what_devices_say_is_heard_as_clues_of_theirs() -> None:
    def scene(listener: Listener, wire: socket.socket) -> None:
        wire.send(datagram(HELLO))
        wire.send(datagram(HELLO, dst=GROUP6, mac=OTHER))
        wire.send(datagram(NOTIFY, dst=SSDP, port=1900, sport=1900))
        wire.send(datagram(dhcp(BELL, b"Ring-1"), src="0.0.0.0", dst="255.255.255.255", port=67, sport=68))
        assert heard(listener) == [
            (BELL, Signal.MDNS, "_hap._tcp.local"),
            (BELL, Signal.MDNS, "_hap._tcp.local with name bell"),
            (OTHER, Signal.MDNS, "_hap._tcp.local"),
            (OTHER, Signal.MDNS, "_hap._tcp.local with name bell"),
            (BELL, Signal.SSDP, "ST roku:ecp"),
            (BELL, Signal.SSDP, "SERVER Roku/9 UPnP/1.0"),
            (BELL, Signal.HOSTNAME, "Ring-1"),
        ]

    with_cable(scene)


def test_what_says_nothing_never_reaches_the_process() -> None:
    def scene(listener: Listener, wire: socket.socket) -> None:
        segment = frame.tcp(b"x" * 20, src="10.77.0.20", dst="10.77.0.1", sport=5353, dport=5353, seq=1)
        packet = frame.ipv4(segment, src="10.77.0.20", dst="10.77.0.1", proto=frame.TCP)
        wire.send(frame.ethernet(packet, dst=BROADCAST, src=BELL, kind=frame.ETH_IPV4))
        for port in (53, 68, 443, 1901, 5352):
            wire.send(datagram(HELLO, port=port))
            wire.send(datagram(HELLO, port=port, dst=GROUP6))
        for more, offset in ((True, 0), (False, 64)):
            piece = frame.fragment(HELLO + bytes(8), offset, more, src="10.77.0.20", dst=GROUP, proto=frame.UDP, ident=7)
            wire.send(frame.ethernet(piece, dst=BROADCAST, src=BELL, kind=frame.ETH_IPV4))
        wire.send(frame.ethernet(b"\x45", dst=BROADCAST, src=BELL, kind=frame.ETH_IPV4))
        time.sleep(0.05)
        assert list(listener._frames()) == []

    with_cable(scene)


def test_options_move_the_ports() -> None:
    def scene(listener: Listener, wire: socket.socket) -> None:
        body = frame.udp(HELLO, src="10.77.0.20", dst=GROUP, sport=5353, dport=5353)
        packet = frame.ipv4(body, src="10.77.0.20", dst=GROUP, proto=frame.UDP, options=b"\x94\x04\0\0")
        wire.send(frame.ethernet(packet, dst="01:00:5e:00:00:fb", src=BELL, kind=frame.ETH_IPV4))
        assert len(heard(listener)) == 2

    with_cable(scene)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(datagram(dhcp(OTHER, b"liar"), src="0.0.0.0", dst="255.255.255.255", port=67, sport=68), id="another's"),
        pytest.param(datagram(HELLO, mac="01:00:5e:00:00:01"), id="a group's"),
    ],
)
def test_what_is_said_in_anothers_name_is_no_clue(data: bytes) -> None:
    def scene(listener: Listener, wire: socket.socket) -> None:
        wire.send(data)
        assert heard(listener) == []

    with_cable(scene)


def test_who_talks_without_end_leaves_the_others_their_share() -> None:
    def scene(listener: Listener, wire: socket.socket) -> None:
        for _ in range(40):
            wire.send(datagram(HELLO))
        wire.send(datagram(HELLO, mac=OTHER))
        counts = {BELL: 0, OTHER: 0}
        for _ in range(4):
            for mac, _, _ in heard(listener):
                counts[Mac(mac)] += 1
        assert counts == {BELL: 2 * min(LOOKED_INTO_A_TURN, OF_ONE_SENDER_A_SECOND), OTHER: 0}, "in the turn that it came in"
        wire.send(datagram(HELLO, mac=OTHER))
        assert [mac for mac, _, _ in heard(listener)] == [OTHER, OTHER]
        wire.send(datagram(HELLO))
        assert len(heard(listener, at=2.0)) == 2, "a second later it is heard again"

    with_cable(scene)


def test_a_turn_is_short_and_a_second_bounded() -> None:
    def scene(listener: Listener, wire: socket.socket) -> None:
        looked = 0
        for turn in range(20):
            for number in range(20):
                wire.send(datagram(HELLO, mac=f"02:00:5e:40:{turn:02x}:{number:02x}"))
            found = len(heard(listener, wait_s=0.02)) // 2
            assert found <= LOOKED_INTO_A_TURN
            looked += found
        assert looked == OF_ALL_A_SECOND
        for _ in range(3 * FRAMES_A_TURN):
            wire.send(datagram(b""))
        time.sleep(0.05)
        assert len(list(listener._frames())) <= FRAMES_A_TURN

    with_cable(scene)


def test_one_frame_says_so_much_and_no_more() -> None:
    def scene(listener: Listener, wire: socket.socket) -> None:
        txt = dict.fromkeys(("md", "model", "am", "ty", "vendor", "brand"), "x")
        bodies = [mdns_announcement(f"_s{number}._tcp", "a", txt)[12:] for number in range(12)]
        wire.send(datagram(struct.pack("!6H", 0, 0x8400, 0, 2 * len(bodies), 0, 0) + b"".join(bodies)))
        assert len(heard(listener)) == CLUES_OF_A_FRAME < 8 * len(bodies)

    with_cable(scene)


def test_an_interface_that_comes_anew_is_listened_to_again() -> None:
    def play() -> None:
        listener = Listener(["home0"])
        assert heard(listener) == [], "there is none yet"
        for _ in range(2):
            cable()
            listener.find_interfaces()
            with sender() as wire:
                wire.send(datagram(HELLO))
                assert len(heard(listener)) == 2
            ip("link del home0")
            assert heard(listener) == [], "it is gone"
        listener.close()

    inside(play)
