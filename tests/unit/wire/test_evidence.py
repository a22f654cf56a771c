from io import BytesIO

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import PcapReader

from gateway.wire.evidence import EvidenceWriter

PACKETS = [bytes(IP(dst="192.0.2.9") / UDP(dport=53) / (b"q" * size)) for size in (0, 9, 900)]


def test_scapy_reads_back_what_was_written():
    file = BytesIO()
    writer = EvidenceWriter(file)
    assert all(writer.write(data, 1_700_000_000.25 + number) for number, data in enumerate(PACKETS))
    assert (writer.written, writer.left_out) == (3, 0)
    file.seek(0)
    read = list(PcapReader(file))
    assert [(float(packet.time), bytes(packet)) for packet in read] == [
        (1_700_000_000.25 + number, data) for number, data in enumerate(PACKETS)
    ]
    assert all(isinstance(packet, IP) for packet in read)


def test_frames_and_cut_packets():
    file = BytesIO()
    EvidenceWriter(file, link_type=1).write(bytes(Ether() / IP()), 0.0, wire_length=1500)
    file.seek(0)
    packet = PcapReader(file).read_packet()
    assert isinstance(packet, Ether) and packet.wirelen == 1500


def test_the_limit_ends_the_file():
    file = BytesIO()
    writer = EvidenceWriter(file, limit_bytes=300)
    assert [writer.write(bytes(size), 0.0) for size in (100, 200, 1)] == [True, False, False]
    assert (writer.written, writer.left_out) == (1, 2)
    assert len(file.getvalue()) == 24 + 16 + 100
