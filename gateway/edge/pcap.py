"""Capture files: pcap and pcapng of either byte order, plain or gzip-compressed, read as a stream.

``read_capture(path)`` yields every packet as ``CapturedPacket``; memory stays at about one chunk however long the file is.
A fault raises ``CaptureError`` after the whole packets before it were yielded; its message is a sentence without the path.
A missing or unreadable file raises ``OSError`` at the first packet asked for.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import Any, BinaryIO, NamedTuple, cast

CHUNK_BYTES = 1 << 18
MAX_PACKET_BYTES = 1 << 18
"""libpcap's own ceiling for a snapshot; a record that states more is damage, not a packet."""
MAX_BLOCK_BYTES = 1 << 24
"""The largest pcapng block Wireshark accepts."""
MAX_INTERFACES = 4096

_NATIVE, _SWAPPED = "<", ">"
_PCAP_MAGICS = {
    # magic: (byte order, ticks a second, bytes of a record's header)
    b"\xd4\xc3\xb2\xa1": (_NATIVE, 1_000_000, 16),
    b"\xa1\xb2\xc3\xd4": (_SWAPPED, 1_000_000, 16),
    b"\x4d\x3c\xb2\xa1": (_NATIVE, 1_000_000_000, 16),
    b"\xa1\xb2\x3c\x4d": (_SWAPPED, 1_000_000_000, 16),
    # Alexey Kuznetzov's patched libpcap: interface index, protocol and packet type follow the usual header.
    b"\x34\xcd\xb2\xa1": (_NATIVE, 1_000_000, 24),
    b"\xa1\xb2\xcd\x34": (_SWAPPED, 1_000_000, 24),
}
_SECTION, _INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _ENHANCED_PACKET = 0x0A0D0D0A, 1, 2, 3, 6
_SECTION_MAGIC = b"\x0a\x0d\x0d\x0a"
_SECTION_ORDERS = {b"\x4d\x3c\x2b\x1a": _NATIVE, b"\x1a\x2b\x3c\x4d": _SWAPPED}


class CaptureError(ValueError):
    """The file is no capture, or it is damaged or cut; the message says which."""


class CapturedPacket(NamedTuple):
    """One packet of a capture file."""

    at: float
    """Seconds since 1970; the packet before it where the format states no time."""
    link_type: int
    """A LINKTYPE_ number of tcpdump.org."""
    data: bytes
    wire_length: int
    """Bytes the packet had on the wire; more than ``len(data)`` where the capture was cut."""


class _Interface(NamedTuple):
    link_type: int
    snaplen: int
    ticks: int
    """Ticks a second."""
    offset_s: int


class CaptureReader(Iterator[CapturedPacket]):
    """The packets of one file, in file order."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.position = 0
        """Bytes of the file read so far (compressed bytes, if it is compressed)."""
        self._packets = self._read()

    def __iter__(self) -> Iterator[CapturedPacket]:
        return self._packets

    def __next__(self) -> CapturedPacket:
        return next(self._packets)

    def _read(self) -> Iterator[CapturedPacket]:
        with self.path.open("rb", buffering=0) as raw:
            source = _Source(_Counted(raw, self))
            magic = source.peek(4)
            if not magic:
                raise CaptureError("empty file")
            if magic == _SECTION_MAGIC:
                yield from _read_pcapng(source)
            elif magic in _PCAP_MAGICS:
                yield from _read_pcap(source, _PCAP_MAGICS[magic])
            else:
                raise CaptureError("not a capture file")


def read_capture(path: str | Path) -> CaptureReader:
    """The packets of the capture file at ``path``, one after another."""
    return CaptureReader(path)


class _Counted(io.RawIOBase):
    """The file, counting what was taken from it: it may be a pipe, which knows no position."""

    def __init__(self, raw: io.RawIOBase, reader: CaptureReader) -> None:
        self._raw = raw
        self._reader = reader

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = cast(int, self._raw.readinto(buffer))
        self._reader.position += count
        return count


class _Source:
    """A window on the file: ``buffer`` from ``start`` on is what has been read and not yet used."""

    def __init__(self, counted: _Counted) -> None:
        plain = io.BufferedReader(counted, CHUNK_BYTES)
        self._stream: BinaryIO = plain
        if plain.peek(2)[:2] == b"\x1f\x8b":
            self._stream = cast(BinaryIO, gzip.GzipFile(fileobj=plain))
        self.buffer = b""
        self.start = 0

    def peek(self, size: int) -> bytes:
        self.fill(size)
        return self.buffer[self.start : self.start + size]

    def take(self, size: int) -> bytes | None:
        """The next ``size`` bytes, or None where the file ends before."""
        if not self.fill(size):
            return None
        taken = self.buffer[self.start : self.start + size]
        self.start += size
        return taken

    def fill(self, size: int) -> bool:
        """Have ``size`` bytes at ``start``; False where the file ends before."""
        have = len(self.buffer) - self.start
        if have >= size:
            return True
        pieces = [self.buffer[self.start :]]
        while have < size:
            piece = self._read_piece()
            if not piece:
                break
            pieces.append(piece)
            have += len(piece)
        self.buffer, self.start = b"".join(pieces), 0
        return have >= size

    def skip(self, size: int) -> bool:
        """Pass over ``size`` bytes without holding them."""
        while size:
            if not self.fill(1):
                return False
            step = min(size, len(self.buffer) - self.start)
            self.start += step
            size -= step
        return True

    def _read_piece(self) -> bytes:
        try:
            return self._stream.read(CHUNK_BYTES)
        except (EOFError, zlib.error, gzip.BadGzipFile) as err:
            raise CaptureError("damaged: its compression ends early or is broken") from err


def _cut(number: int) -> CaptureError:
    return CaptureError(f"truncated: ends inside packet {number}")


def _read_pcap(source: _Source, form: tuple[str, int, int]) -> Iterator[CapturedPacket]:
    order, ticks, header_bytes = form
    head = source.take(24)
    if head is None:
        raise CaptureError("truncated: ends inside the file header")
    # The upper half of the last word states the length of the frame check sequence.
    link_type = Struct(order + "I").unpack_from(head, 20)[0] & 0xFFFF
    unpack = Struct(order + "IIII").unpack_from
    number = 0
    buffer, start = source.buffer, source.start
    while True:
        number += 1
        if len(buffer) - start < header_bytes:
            source.start = start
            if not source.fill(1):
                return
            if not source.fill(header_bytes):
                raise _cut(number)
            buffer, start = source.buffer, source.start
        seconds, fraction, kept, wire = unpack(buffer, start)
        if kept > MAX_PACKET_BYTES:
            raise CaptureError(f"damaged: packet {number} states a length of {kept} bytes")
        if len(buffer) - start < header_bytes + kept:
            source.start = start
            if not source.fill(header_bytes + kept):
                raise _cut(number)
            buffer, start = source.buffer, source.start
        first = start + header_bytes
        start = first + kept
        yield CapturedPacket(
            seconds + fraction / ticks, link_type, buffer[first:start], wire if wire > kept else kept
        )


def _read_pcapng(source: _Source) -> Iterator[CapturedPacket]:
    order = _NATIVE
    interfaces: list[_Interface] = []
    number, at = 1, 0.0
    while source.fill(1):
        if not source.fill(12):
            raise _cut(number)
        if source.peek(4) == _SECTION_MAGIC:
            found = _SECTION_ORDERS.get(source.peek(12)[8:])
            if found is None:
                raise CaptureError("damaged: a section states no byte order" if number > 1 else "not a capture file")
            order, interfaces = found, []
        kind, size = Struct(order + "II").unpack_from(source.buffer, source.start)
        if size < 12 or size % 4:
            raise CaptureError(f"damaged: a block before packet {number} states a length of {size} bytes")
        if kind not in _READ_BLOCKS:
            if not source.skip(size):
                raise _cut(number)
            continue
        if size > MAX_BLOCK_BYTES:
            raise CaptureError(f"damaged: a block before packet {number} states a length of {size} bytes")
        block = source.take(size)
        if block is None:
            raise _cut(number)
        if kind == _INTERFACE:
            if len(interfaces) == MAX_INTERFACES:
                raise CaptureError("damaged: a section describes too many interfaces")
            interfaces.append(_interface(block, order))
            continue
        packet = _packet(block, kind, order, interfaces=interfaces, at=at, number=number)
        at, number = packet.at, number + 1
        yield packet


_READ_BLOCKS = frozenset({_INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _ENHANCED_PACKET})
_WORDS = {order: Struct(order + "5I") for order in (_NATIVE, _SWAPPED)}
_OLD_WORDS = {order: Struct(order + "HH4I") for order in (_NATIVE, _SWAPPED)}


def _packet(
    block: bytes, kind: int, order: str, *, interfaces: list[_Interface], at: float, number: int
) -> CapturedPacket:
    first, room = 28, len(block) - 32
    index, high, low, kept, wire = 0, 0, 0, 0, 0
    if kind == _SIMPLE_PACKET and len(block) >= 16:
        first, room = 12, len(block) - 16
        wire = Struct(order + "I").unpack_from(block, 8)[0]
        kept = min(wire, room, interfaces[0].snaplen or wire) if interfaces else wire
    elif room < 0:
        raise CaptureError(f"damaged: packet {number} has no room for its header")
    elif kind == _ENHANCED_PACKET:
        index, high, low, kept, wire = _WORDS[order].unpack_from(block, 8)
    else:
        index, _, high, low, kept, wire = _OLD_WORDS[order].unpack_from(block, 8)
    if index >= len(interfaces):
        raise CaptureError(f"damaged: packet {number} belongs to an interface that is not described")
    if kept > room or kept > MAX_PACKET_BYTES:
        raise CaptureError(f"damaged: packet {number} states a length of {kept} bytes")
    link_type, _, ticks, offset_s = interfaces[index]
    if kind != _SIMPLE_PACKET:
        at = offset_s + (high << 32 | low) / ticks
    return CapturedPacket(at, link_type, block[first : first + kept], max(wire, kept))


def _interface(block: bytes, order: str) -> _Interface:
    if len(block) < 20:
        raise CaptureError("damaged: an interface block has no room for its header")
    link_type, _, snaplen = Struct(order + "HHI").unpack_from(block, 8)
    ticks, offset_s = 1_000_000, 0
    for code, value in _options(block[16:-4], order):
        if code == 9 and value:  # if_tsresol
            ticks = 1 << (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == 14 and len(value) >= 8:  # if_tsoffset
            offset_s = Struct(order + "q").unpack_from(value)[0]
    return _Interface(link_type, snaplen, ticks, offset_s)


def _options(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    unpack = Struct(order + "HH").unpack_from
    start = 0
    while start + 4 <= len(data):
        code, size = unpack(data, start)
        if code == 0:
            return
        yield code, data[start + 4 : start + 4 + size]
        start += 4 + (size + 3 & ~3)
