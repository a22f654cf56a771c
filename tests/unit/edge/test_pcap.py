import gzip
import os
import struct
import threading
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import PcapNgReader, PcapNgWriter, PcapReader, PcapWriter

from gateway.edge.pcap import MAX_BLOCK_BYTES, MAX_INTERFACES, CaptureError, read_capture

PACKETS = [bytes(Ether() / IP() / UDP() / (b"p" * size)) for size in (0, 1, 2, 3, 40, 1400)]


def header(order="<", magic=0xA1B2C3D4, link_type=1):
    return struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262_144, link_type)


def record(data, order="<", seconds=100, fraction=0, wire=None, extra=b""):
    return struct.pack(order + "IIII", seconds, fraction, len(data), len(data) if wire is None else wire) + extra + data


def block(kind, body, order="<"):
    body += bytes(-len(body) % 4)
    size = 12 + len(body)
    return struct.pack(order + "II", kind, size) + body + struct.pack(order + "I", size)


def section(order="<"):
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link_type=1, options=b"", order="<", snaplen=0):
    return block(1, struct.pack(order + "HHI", link_type, 0, snaplen) + options, order)


def option(code, value, order="<"):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def enhanced(data, index=0, ticks=0, order="<", wire=None):
    head = struct.pack(order + "5I", index, ticks >> 32, ticks & 0xFFFFFFFF, len(data), wire or len(data))
    return block(6, head + data, order)


def packets(tmp_path, data):
    path = tmp_path / "capture"
    path.write_bytes(data)
    return list(read_capture(path))


PCAPS = {
    "little-endian": ("<", 0xA1B2C3D4, 1e6, b""),
    "big-endian": (">", 0xA1B2C3D4, 1e6, b""),
    "nanoseconds": ("<", 0xA1B23C4D, 1e9, b""),
    "big-endian, nanoseconds": (">", 0xA1B23C4D, 1e9, b""),
    "patched": ("<", 0xA1B2CD34, 1e6, bytes(8)),
    "big-endian, patched": (">", 0xA1B2CD34, 1e6, bytes(8)),
}


@pytest.mark.parametrize(("order", "magic", "ticks", "extra"), PCAPS.values(), ids=PCAPS)
@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_pcap(tmp_path, order, magic, ticks, extra, compress):
    data = header(order, magic, 113) + b"".join(record(p, order, 7, 250, len(p) + 9, extra) for p in PACKETS)
    found = packets(tmp_path, compress(data))
    assert [packet.data for packet in found] == PACKETS
    assert {packet.link_type for packet in found} == {113}
    assert {packet.at for packet in found} == {7 + 250 / ticks}
    assert [packet.wire_length for packet in found] == [len(p) + 9 for p in PACKETS]


def test_the_frame_check_length_beside_the_link_type_is_left_out(tmp_path):
    assert packets(tmp_path, header(link_type=0x2400_0001) + record(b"x"))[0].link_type == 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_sections_and_interfaces(tmp_path, order):
    other = "<" if order == ">" else ">"
    data = (
        section(order) + interface(1, b"", order)
        + interface(101, option(9, b"\x09", order) + option(14, struct.pack(order + "q", 50), order), order)
        + block(5, bytes(8), order) + enhanced(b"first", 0, 3_500_000, order)
        + enhanced(b"second", 1, 2_000_000_000, order, wire=99)
        + block(2, struct.pack(order + "HH4I", 1, 0, 0, 500_000_000, 5, 5) + b"third", order)
        + section(other) + block(0xBAD, bytes(400_000), other)
        + interface(113, option(9, b"\x81", other) + option(0, b"", other), other, 3)
        + enhanced(b"fourth", 0, 5, other) + block(3, struct.pack(other + "I", 10) + b"fif", other)
    )  # fmt: skip
    found = packets(tmp_path, data)
    assert [(packet.at, packet.link_type, packet.data, packet.wire_length) for packet in found] == [
        (3.5, 1, b"first", 5), (52.0, 101, b"second", 99), (50.5, 101, b"third", 5), (2.5, 113, b"fourth", 6),
        (2.5, 113, b"fif", 10),
    ]  # fmt: skip


def test_scapy_reads_the_same_pcap(tmp_path):
    path = str(tmp_path / "capture")
    with PcapWriter(path, linktype=1) as writer:
        for number, data in enumerate(PACKETS):
            packet = Ether(data)
            packet.time = 1_700_000_000 + number / 8
            writer.write(packet)
    assert_same(path, PcapReader)


def test_scapy_reads_the_same_pcapng(tmp_path):
    path = str(tmp_path / "capture")
    writer = PcapNgWriter(path)
    for number, data in enumerate(PACKETS):
        packet = Ether(data)
        packet.time = 1_700_000_000 + number / 8
        writer.write(packet)
    writer.close()
    assert_same(path, PcapNgReader)


def assert_same(path, oracle):
    with oracle(path) as reader:
        expected = [(float(packet.time), bytes(packet)) for packet in reader]
    assert [(packet.at, packet.data) for packet in read_capture(path)] == expected
    assert len(expected) == len(PACKETS)


def epb_claiming(kept):
    return block(6, struct.pack("<5I", 0, 0, 0, kept, kept) + b"abcd")


START = section() + interface()
FAULTS = {
    "nothing": (b"", 0, "empty file"),
    "something else": (b"\x7fELF" + bytes(40), 0, "not a capture file"),
    "a few bytes": (b"\xd4\xc3", 0, "not a capture file"),
    "half a file header": (header()[:20], 0, "truncated: ends inside the file header"),
    "half a record header": (header() + record(b"abc") + b"\x00", 1, "truncated: ends inside packet 2"),
    "half a packet": (header() + record(b"abc") * 16 + record(b"abcdef")[:-1], 16, "truncated: ends inside packet 17"),
    "a huge packet": (header() + struct.pack("<IIII", 0, 0, 1 << 30, 1 << 30), 0,
                      f"damaged: packet 1 states a length of {1 << 30} bytes"),
    "a section of no byte order": (b"\x0a\x0d\x0d\x0a" + bytes(30), 0, "not a capture file"),
    "a later section of no byte order": (START + enhanced(b"x") + b"\x0a\x0d\x0d\x0a" + bytes(30), 1,
                                       "damaged: a section states no byte order"),
    "half a block": (START + enhanced(b"x") + enhanced(b"y")[:-2], 1, "truncated: ends inside packet 2"),
    "half a block's header": (START + b"\x06\x00\x00", 0, "truncated: ends inside packet 1"),
    "half a block passed over": (START + block(5, bytes(40))[:-3], 0, "truncated: ends inside packet 1"),
    "an odd block": (START + struct.pack("<II", 6, 33) + bytes(40), 0,
                     "damaged: a block before packet 1 states a length of 33 bytes"),
    "a tiny block": (START + struct.pack("<II", 6, 8) + bytes(40), 0,
                     "damaged: a block before packet 1 states a length of 8 bytes"),
    "a huge block": (START + struct.pack("<II", 6, MAX_BLOCK_BYTES + 4) + bytes(9), 0,
                     f"damaged: a block before packet 1 states a length of {MAX_BLOCK_BYTES + 4} bytes"),
    "a packet of no interface": (section() + enhanced(b"x"), 0,
                                 "damaged: packet 1 belongs to an interface that is not described"),
    "a simple packet of no interface": (section() + block(3, struct.pack("<I", 4) + b"abcd"), 0,
                                        "damaged: packet 1 belongs to an interface that is not described"),
    "a packet longer than its block": (START + epb_claiming(9), 0, "damaged: packet 1 states a length of 9 bytes"),
    "a packet without a header": (START + block(6, bytes(8)), 0, "damaged: packet 1 has no room for its header"),
    "a short interface": (section() + block(1, b"abcd"), 0, "damaged: an interface block has no room for its header"),
    "very many interfaces": (section() + interface() * (MAX_INTERFACES + 1), 0,
                             "damaged: a section describes too many interfaces"),
    "half of a compressed file": (gzip.compress(header() + record(os.urandom(9000)) * 9)[:-900], -1,
                                  "damaged: its compression ends early or is broken"),
    "a broken compressed file": (b"\x1f\x8b\x08\x00" + bytes(40), 0, "damaged: its compression ends early or is broken"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "whole", "message"), FAULTS.values(), ids=FAULTS)
def test_faults_come_after_the_whole_packets(tmp_path, data, whole, message):
    path = tmp_path / "capture"
    path.write_bytes(data)
    found = []
    with pytest.raises(CaptureError) as fault:
        for packet in read_capture(path):
            found.append(packet)
    assert str(fault.value) == message
    assert whole in (-1, len(found))


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        next(read_capture(tmp_path / "nowhere"))


def test_a_directory(tmp_path):
    with pytest.raises(IsADirectoryError):
        list(read_capture(tmp_path))


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_position_ends_at_the_size_of_the_file(tmp_path, compress):
    path = tmp_path / "capture"
    path.write_bytes(compress(header() + b"".join(record(os.urandom(1400)) for _ in range(900))))
    capture = read_capture(path)
    next(capture)
    assert 0 < capture.position < path.stat().st_size
    assert len(list(capture)) == 899
    assert capture.position == path.stat().st_size


def test_a_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(header() + record(b"abc") * 50_000,))
    writer.start()
    assert sum(1 for _ in read_capture(path)) == 50_000
    writer.join()


def test_memory_stays_at_a_chunk(tmp_path):
    path = tmp_path / "capture"
    path.write_bytes(header() + record(bytes(1400)) * 12_000)
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_capture(path)) == 12_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


MAGICS = [b"", header(), header(">"), header("<", 0xA1B2CD34), section(), START, START + enhanced(b"abc"), b"\x1f\x8b\x08\x00"]


@given(st.sampled_from(MAGICS), st.binary(max_size=200))
def test_any_bytes(tmp_path_factory, start, data):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(start + data)
    try:
        list(read_capture(path))
    except CaptureError as fault:
        assert str(fault)
