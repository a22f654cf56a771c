"""Elements of our sets in the packet filter, over nfnetlink (``linux/netfilter/nf_tables.h``): read chunk by chunk, or added.

The kernel counts in them what it refuses by itself, so nobody has to be asked about it.
"""

import errno
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from struct import Struct
from typing import NamedTuple

from gateway.model.command import AnswerHere, ForgetRefused, OpenPanel
from gateway.model.device import Mac, mac_from_bytes, mac_to_bytes
from gateway.model.event import Tried, TriesRead

from .netlink import (
    ATTRIBUTE,
    NLM_F_ACK,
    NLM_F_CREATE,
    NLM_F_DUMP,
    NLMSG_DONE,
    NLMSG_ERROR,
    SUBSYSTEM_NFTABLES,
    TYPE_MASK,
    NetfilterSocket,
    attribute,
    error_of,
    locate,
    message,
    messages,
)

TABLE = b"netcurtain\0"
COUNTED = ("refused4", "refused6", "silenced4", "silenced6", "flooded", "knocked", "contested")
"""Sets whose elements ``receive`` makes sense of: it tells them by the length of their keys."""
PANEL_PORTS = (80, 443)
RECEIVE_BUFFER_BYTES = 1 << 18
_CHUNK_BYTES = 1 << 14

_FAMILY_INET, _FAMILY_BRIDGE = 1, 7
_FAMILIES = {"contested": _FAMILY_BRIDGE}
"""Of the sets that are not in the table ``inet``."""
_BATCH_BEGIN, _BATCH_END = 16, 17
_NEW, _GET, _DELETE = (SUBSYSTEM_NFTABLES << 8 | number for number in (12, 13, 14))
_IN_TABLE, _IN_SET, _ELEMENTS, _ELEMENT = 1, 2, 3, 1
_KEY, _TIMEOUT, _EXPRESSION, _EXPRESSIONS, _VALUE = 1, 4, 7, 11, 1
"""An element with one expression bears it itself, one with more bears a list of them."""
_NAME, _DATA, _COUNTED_PACKETS = 1, 2, 2
_GENERIC_BYTES = 4
_NESTED = 0x8000
_COUNTER = b"counter\0"
_U64 = Struct("!Q")

_MAC_BYTES = 6
_PORT = Struct("!H")
_PADDED_MAC = Struct("6s2x")
"""Each field of a concatenated key fills whole words of four bytes."""
_KNOCKED = Struct("!6s2xB3x")
_CONTESTED = Struct("!6s2x16s")
_TRIED = {20: Struct("!6s2x4sB3xH2x"), 32: Struct("!6s2x16sB3xH2x")}
"""By length of the key: MAC, IPv4 or IPv6 address, protocol, port."""


class Element(NamedTuple):
    """One element of a set, and how many packets it counted (0 where it does not count)."""

    key: bytes
    packets: int


class Sets:
    """The sets of our table in this network namespace. Register its ``fileno`` for reading."""

    def __init__(self) -> None:
        self._reader = NetfilterSocket(receive_buffer_bytes=RECEIVE_BUFFER_BYTES)
        try:
            self._writer = NetfilterSocket(receive_buffer_bytes=RECEIVE_BUFFER_BYTES)
        except OSError:
            self._reader.close()
            raise
        self.fileno = self._reader.fileno
        self._wanted: deque[str] = deque()

    @property
    def reading(self) -> bool:
        """Is there more to ``receive`` of the last ``request``?"""
        return bool(self._wanted)

    def request(self, names: Iterable[str] = COUNTED) -> None:
        """Ask for the elements of sets; then ``receive`` whenever the socket is readable, until ``reading`` ends."""
        if self._wanted:
            return
        self._wanted.extend(names)
        self._ask()

    def _ask(self) -> None:
        """The kernel walks one set at a time for one socket."""
        if self._wanted:
            family = _FAMILIES.get(self._wanted[0], _FAMILY_INET)
            self._reader.send(message(_GET, *_place(self._wanted[0]), flags=NLM_F_DUMP, family=family))

    def receive(self) -> TriesRead | None:
        """One chunk of the answer, at most about two hundred elements; None where it holds none."""
        return _tries(self.elements())

    def elements(self) -> list[Element]:
        """The elements of one chunk as they are, whatever the set; one that does not exist has none."""
        data = self._reader.receive(_CHUNK_BYTES)
        found: list[Element] = []
        for kind, _, at, end in messages(data):
            if kind == _NEW:
                found += _read(data, at, end)
            elif kind in (NLMSG_DONE, NLMSG_ERROR):
                code = error_of(data, at, end)
                name = self._wanted.popleft()
                self._ask()
                if code not in (0, errno.ENOENT, errno.EINTR):
                    raise OSError(code, f"read the set {name}")
        return found

    def add(self, name: str, key: bytes, *, timeout_s: float) -> None:
        """Put one element into a set, unless it is there."""
        elements = _element(key, attribute(_TIMEOUT, _U64.pack(max(1, int(timeout_s * 1000)))))  # 0 would be for ever
        new = message(_NEW, *_place(name), elements, flags=NLM_F_ACK | NLM_F_CREATE, family=_FAMILY_INET)
        with suppress(FileExistsError):
            self._writer.request(_BEGIN + new + _END, f"add to the set {name}")

    def remove(self, name: str, key: bytes) -> None:
        """Take one element out of a set, if it is there."""
        old = message(_DELETE, *_place(name), _element(key), flags=NLM_F_ACK, family=_FAMILY_INET)
        with suppress(FileNotFoundError):
            self._writer.request(_BEGIN + old + _END, f"remove from the set {name}")

    def add_answer(self, command: AnswerHere, *, timeout_s: float) -> None:
        """For a while the ruleset turns plain HTTP of this device to this address to the gateway – or does so no longer."""
        name = "answered4" if len(command.address) == 4 else "answered6"
        key = _PADDED_MAC.pack(mac_to_bytes(command.mac)) + command.address
        if command.here:
            self.add(name, key, timeout_s=timeout_s)
        else:
            self.remove(name, key)

    def open_panel(self, command: OpenPanel) -> None:
        """Who reaches the panel without being trusted: everybody for a while, or one device, or nobody (more)."""
        if command.mac and command.seconds > 0:  # first: whoever has just claimed it goes on
            self.add("claimant", mac_to_bytes(command.mac), timeout_s=command.seconds)
        for port in PANEL_PORTS:
            if command.mac or command.seconds <= 0:
                self.remove("first_contact", _PORT.pack(port))
            else:
                self.add("first_contact", _PORT.pack(port), timeout_s=command.seconds)

    def forget_refused(self, command: ForgetRefused) -> None:
        """What the ruleset remembered of a destination goes; it may have been met with either manner."""
        mac, address, proto, port = command
        key = _TRIED[20 if len(address) == 4 else 32].pack(mac_to_bytes(mac), address, proto, port)
        for kind in ("refused", "silenced"):
            self.remove(f"{kind}{4 if len(address) == 4 else 6}", key)

    def close(self) -> None:
        """Give the sockets back."""
        self._reader.close()
        self._writer.close()


_BEGIN, _END = (message(kind, resource=SUBSYSTEM_NFTABLES) for kind in (_BATCH_BEGIN, _BATCH_END))
"""A change of the packet filter is a transaction."""


def _element(key: bytes, *more: bytes) -> bytes:
    """The list of one element."""
    element = attribute(_NESTED | _KEY, attribute(_VALUE, key)) + b"".join(more)
    return attribute(_NESTED | _ELEMENTS, attribute(_NESTED | _ELEMENT, element))


def _place(name: str) -> tuple[bytes, bytes]:
    return attribute(_IN_TABLE, TABLE), attribute(_IN_SET, name.encode() + b"\0")


def _each(data: bytes, at: int, end: int, kind: int) -> Iterator[tuple[int, int]]:
    """(start, end) of the payload of every attribute of a list; stops at one that is cut."""
    while at + 4 <= end:
        length, found = ATTRIBUTE.unpack_from(data, at)
        stop = at + length
        if length < 4 or stop > end:
            return
        if found & TYPE_MASK == kind:
            yield at + 4, stop
        at = (stop + 3) & ~3


def _read(data: bytes, at: int, end: int) -> Iterator[Element]:
    """The elements in one message. They are of one set: what is wanted lies equally far from the start of each."""
    elements = _descend(data, (at + _GENERIC_BYTES, end), _ELEMENTS)
    layout: tuple[int, int, int] | None = None
    for start, stop in _each(data, *elements, _ELEMENT) if elements is not None else ():
        layout = layout or _layout(data, start, stop)
        if layout is None:
            return
        key_at, key_end, packets_at = layout
        if start + max(key_end, packets_at + _U64.size) <= stop:
            packets = _U64.unpack_from(data, start + packets_at)[0] if packets_at else 0
            yield Element(data[start + key_at : start + key_end], packets)


def _layout(data: bytes, at: int, end: int) -> tuple[int, int, int] | None:
    """How far from an element's start its key begins and ends, and where its packets stand (0: not counted)."""
    key = _descend(data, (at, end), _KEY, _VALUE)
    if key is None:
        return None
    expression = _descend(data, (at, end), _EXPRESSION) or _descend(data, (at, end), _EXPRESSIONS, _ELEMENT) or (end, end)
    name = _descend(data, expression, _NAME)
    packets = _descend(data, expression, _DATA, _COUNTED_PACKETS) if name and data[slice(*name)] == _COUNTER else None
    return key[0] - at, key[1] - at, packets[0] - at if packets else 0


def _descend(data: bytes, place: tuple[int, int], *path: int) -> tuple[int, int] | None:
    """(start, end) of the payload of an attribute within attributes; None if it is not there."""
    for kind in path:
        found = locate(data, *place)
        if found is None or kind not in found:
            return None
        place = found[kind]
    return place


def _tries(elements: Iterable[Element]) -> TriesRead | None:
    """What counted elements mean: a MAC alone has flooded, one with a protocol knocked here, one with an address elsewhere,
    one with a port was heard at another one already."""
    tried: list[Tried] = []
    flooded: list[tuple[Mac, int]] = []
    knocked: list[tuple[Mac, int, int]] = []
    contested: list[tuple[Mac, str, int]] = []
    for key, packets in elements:
        if layout := _TRIED.get(len(key)):
            mac, address, proto, port = layout.unpack(key)
            tried.append(Tried(mac_from_bytes(mac), address, proto, port, packets))
        elif len(key) == _MAC_BYTES:
            flooded.append((mac_from_bytes(key), packets))
        elif len(key) == _KNOCKED.size:
            mac, proto = _KNOCKED.unpack(key)
            knocked.append((mac_from_bytes(mac), proto, packets))
        elif len(key) == _CONTESTED.size:
            mac, port = _CONTESTED.unpack(key)
            contested.append((mac_from_bytes(mac), port.rstrip(b"\0").decode(errors="replace"), packets))
    read = TriesRead(tried=tuple(tried), flooded=tuple(flooded), knocked=tuple(knocked), contested=tuple(contested))
    return read if tried or flooded or knocked or contested else None
