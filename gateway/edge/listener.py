"""What devices say of themselves on the local link: DHCP requests, mDNS and SSDP, heard by packet sockets with a filter.

Nobody waits for any of it, so it is read now and then, and holds up no packet of the queue for long: so many frames in a turn,
of which few are looked into. A device that talks without end is heard a few times a second and leaves others their share. In
a flood that overflows the sockets, what others announce may be lost, but not the names that they ask for, nor their leases.
"""

import ctypes
import errno
import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from gateway.model.device import mac_from_bytes
from gateway.model.event import ClueHeard
from gateway.wire.clue import ClueReader
from gateway.wire.ip import decode_ip

PORTS = (67, 5353, 1900)
"""DHCP servers, mDNS (RFC 6762), SSDP."""
FRAME_BYTES = 2_048
BUFFER_BYTES = 1 << 18
FRAMES_A_TURN = 128
"""Taken from each socket; a frame that is not looked into costs about 2 µs."""
LOOKED_INTO_A_TURN = 8
OF_ONE_SENDER_A_SECOND, OF_ALL_A_SECOND = 10, 100
CLUES_OF_A_FRAME = 48
"""A hub's longest answer holds fewer."""

_IPV4, _IPV6, _UDP = 0x0800, 0x86DD, 17
_HEADER = 14
_GROUPS = ("01005e0000fb", "01005e7ffffa", "3333000000fb", "33330000000c")
"""Where mDNS and SSDP are sent to: an interface may have to be told that somebody wants to hear it."""
_SOL_PACKET, _ADD_MEMBERSHIP, _IGNORE_OUTGOING, _MULTICAST = 263, 1, 23, 0
_EVERY_PROTOCOL = 3
"""A socket of one protocol hears a packet after its way through the stack has begun, and shares it meanwhile: under a bridge,
where connections are known by then, newer kernels drop such a first packet instead of queueing it."""
_SO_ATTACH_FILTER = 26
_INSTRUCTION, _PROGRAM = struct.Struct("=HBBI"), struct.Struct("@HP")
_GONE = (errno.ENETDOWN, errno.ENXIO, errno.ENODEV)

Instruction = tuple[int, int, int, int]
"""(code, jump if true, jump if false, constant) of the kernel's classic packet filter."""
_LOAD_BYTE, _LOAD_HALF, _LOAD_HALF_BEHIND, _LOAD_HEADER_LENGTH = 0x30, 0x28, 0x48, 0xB1
_IF_EQUAL, _IF_ANY_BIT, _JUMP, _RETURN = 0x15, 0x45, 0x05, 0x06


class Listener:
    """A socket on each of the curtain's interfaces, which does not hear what goes out. Its filter sees every packet that comes
    in: one for both families costs each of them less than one for each."""

    def __init__(self, lan: Iterable[str]) -> None:
        self._lan = tuple(lan)
        self._sockets: list[socket.socket] = []
        self._reader = ClueReader()
        self._second = 0
        self._heard: dict[bytes, int] = {}
        """Frames of each sender that were looked into within this second."""
        self._all = 0
        self.find_interfaces()

    def find_interfaces(self) -> None:
        """Listen on the interfaces that are there now: one that came anew is another one."""
        self.close()
        for name in self._lan:
            with suppress(OSError):  # it is gone: that is told elsewhere, and it is looked for again when it comes
                self._sockets.append(_open(name))

    def receive(self, now: float) -> list[ClueHeard]:
        """What was said since the last call; ``now``: monotonic seconds."""
        self._begin_second(int(now))
        found: list[ClueHeard] = []
        room = LOOKED_INTO_A_TURN
        for frame in self._frames():
            if room > 0 and self._has_share(frame[6:12]):
                room -= 1
                found += self._read(frame, now)
        return found

    def close(self) -> None:
        """Give the sockets back."""
        for known in self._sockets:
            known.close()
        self._sockets = []

    def _frames(self) -> Iterator[bytes]:
        for known in self._sockets:
            for _ in range(FRAMES_A_TURN):
                try:
                    frame = known.recv(FRAME_BYTES)
                except BlockingIOError:
                    break
                except OSError as err:
                    if err.errno not in _GONE:
                        raise
                    break
                if len(frame) > _HEADER:
                    yield frame

    def _begin_second(self, second: int) -> None:
        if second != self._second:
            self._second, self._all = second, 0
            self._heard.clear()

    def _has_share(self, sender: bytes) -> bool:
        heard = self._heard.get(sender, 0)
        if sender[0] & 1 or heard >= OF_ONE_SENDER_A_SECOND or self._all >= OF_ALL_A_SECOND:
            return False
        self._heard[sender] = heard + 1
        self._all += 1
        return True

    def _read(self, frame: bytes, now: float) -> Iterator[ClueHeard]:
        """The clues in a frame. What is said in another's name is no clue of its sender, nor of the other."""
        packet, sender = decode_ip(frame[_HEADER:]), mac_from_bytes(frame[6:12])
        signs = self._reader.read(sender, packet, now) if packet is not None else ()
        for device, clue in islice(signs, CLUES_OF_A_FRAME):
            if device == sender:
                yield ClueHeard(mac=sender, clue=clue)


def _open(interface: str) -> socket.socket:
    """A packet socket on one interface. OSError where there is no such interface."""
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        _attach(opened, packet_filter())  # before it is bound: nothing gets in that does not pass it
        opened.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
        opened.bind((interface, _EVERY_PROTOCOL))
        index = socket.if_nametoindex(interface)
        for group in _GROUPS:
            request = struct.pack("=iHH8s", index, _MULTICAST, 6, bytes.fromhex(group))
            opened.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, request)
    except OSError:
        opened.close()
        raise
    return opened


def packet_filter() -> list[Instruction]:
    """Lets pass UDP to one of the ports: whole IPv4 packets, IPv6 without extension headers."""
    ports = len(PORTS)
    ipv6 = [
        (_IF_EQUAL, 0, 3 + ports, _IPV6),
        (_LOAD_BYTE, 0, 0, 20),
        (_IF_EQUAL, 0, 1 + ports, _UDP),
        (_LOAD_HALF, 0, 0, _HEADER + 42),
    ]
    behind = len(ipv6) + ports  # steps between those of IPv4 and the end
    ipv4 = [
        (_LOAD_BYTE, 0, 0, 23),  # protocol
        (_IF_EQUAL, 0, 5 + behind, _UDP),
        (_LOAD_HALF, 0, 0, 20),  # is it a fragment?
        (_IF_ANY_BIT, 3 + behind, 0, 0x3FFF),
        (_LOAD_HEADER_LENGTH, 0, 0, _HEADER),
        (_LOAD_HALF_BEHIND, 0, 0, _HEADER + 2),  # destination port
        (_JUMP, 0, 0, len(ipv6)),
    ]
    return [
        (_LOAD_HALF, 0, 0, 12),  # what kind of frame is it?
        (_IF_EQUAL, 0, len(ipv4), _IPV4),
        *ipv4,
        *ipv6,
        *((_IF_EQUAL, ports - number, 0, port) for number, port in enumerate(PORTS)),
        (_RETURN, 0, 0, 0),
        (_RETURN, 0, 0, FRAME_BYTES),
    ]


def _attach(opened: socket.socket, program: list[Instruction]) -> None:
    code = ctypes.create_string_buffer(b"".join(_INSTRUCTION.pack(*step) for step in program))
    opened.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, _PROGRAM.pack(len(program), ctypes.addressof(code)))
