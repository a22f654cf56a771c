import struct
from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet as ScapyPacket
from scapy.packet import Raw

from gateway.lab.capture import pcap_header
from gateway.lab.truth import Truth, read_truth
from gateway.model.device import Mac

GADGET, GATEWAY = Mac("02:00:5e:10:00:01"), Mac("02:00:5e:77:00:02")
SERVER, RESOLVER = "203.0.113.61", "203.0.113.53"


def write(path: Path, frames: list[tuple[float, ScapyPacket]]) -> Path:
    records = b""
    for at, frame in frames:
        data = bytes(frame)
        records += struct.pack("<IIII", int(at), int(at % 1 * 1e9), len(data), len(data)) + data
    path.write_bytes(pcap_header() + records)
    return path


def lan(transport: ScapyPacket, payload: bytes = b"") -> ScapyPacket:
    return Ether(src=GADGET) / IP(src="10.77.0.11", dst=SERVER) / transport / Raw(payload)


def wan(transport: ScapyPacket, payload: bytes = b"", *, dst: str = SERVER) -> ScapyPacket:
    return Ether(src=GATEWAY) / IP(src="192.168.178.20", dst=dst) / transport / Raw(payload)


def truth_of(folder: Path, inside: list[ScapyPacket], outside: list[ScapyPacket]) -> Truth:
    within = write(folder / "lan.pcap", [(10 + index / 100, frame) for index, frame in enumerate(inside)])
    without = write(folder / "wan.pcap", [(10.001 + index / 100, frame) for index, frame in enumerate(outside)])
    return read_truth(without, {"doorbell": (within, GADGET)}, gateway_mac=GATEWAY, resolver=[RESOLVER])


def test_tcp_is_told_by_its_first_sequence_number_whatever_the_port(tmp_path: Path) -> None:
    syn = TCP(sport=4000, dport=443, flags="S", seq=77)
    out = [
        wan(TCP(sport=61000, dport=443, flags="S", seq=77)),
        wan(TCP(sport=61000, dport=443, flags="PA", seq=78), b"x" * 100),
        wan(TCP(sport=61000, dport=443, flags="PA", seq=78), b"x" * 100),
        wan(TCP(sport=61000, dport=443, flags="PA", seq=128), b"x" * 100),
    ]
    (flow,) = truth_of(tmp_path, [lan(syn)], out).of("doorbell")
    assert flow.sender is not None and flow.sender.key.sport == 4000
    assert flow.payload_bytes == 150, "retransmissions and overlaps count once"


@pytest.mark.parametrize(
    "order",
    [
        pytest.param((0, 1, 2), id="in-order"),
        pytest.param((2, 0, 1), id="reordered"),
        pytest.param((0, 2, 1, 2), id="again"),
    ],
)
def test_segments_in_any_order_count_once(tmp_path: Path, order: tuple[int, ...]) -> None:
    start = 2**32 - 50
    segments = [TCP(sport=5, dport=443, flags="PA", seq=(start + 1 + 40 * index) % 2**32) for index in range(3)]
    out = [wan(TCP(sport=5, dport=443, flags="S", seq=start)), *(wan(segments[index], b"y" * 40) for index in order)]
    truth = truth_of(tmp_path, [lan(TCP(sport=5, dport=443, flags="S", seq=start))], out)
    assert truth.bytes_to(SERVER, actor="doorbell") == 120


def test_udp_is_told_by_its_payload(tmp_path: Path) -> None:
    inside = [lan(UDP(sport=9, dport=17000), b"one"), lan(UDP(sport=9, dport=17000), b"three")]
    outside = [wan(UDP(sport=60009, dport=17000), b"one"), wan(UDP(sport=60009, dport=17000), b"three")]
    truth = truth_of(tmp_path, inside, outside)
    assert truth.bytes_to(SERVER, actor="doorbell") == 8


def test_what_nobody_sent_is_unattributed(tmp_path: Path) -> None:
    outside = [wan(UDP(sport=1, dport=9999), b"secret"), wan(TCP(sport=1, dport=443, flags="PA", seq=5), b"more")]
    truth = truth_of(tmp_path, [], outside)
    assert truth.by_purpose(lambda flow: "never") == {"unattributed": 10}


def test_the_gateways_own_questions_are_its_own(tmp_path: Path) -> None:
    assert truth_of(tmp_path, [], [wan(UDP(sport=1, dport=53), b"?" * 30, dst=RESOLVER)]).flows == ()


@pytest.mark.parametrize("numbers", [(100, 900), (100, 100)], ids=["another-number", "the-same-number"])
def test_a_new_connection_on_an_old_port_is_another_flow(tmp_path: Path, numbers: tuple[int, int]) -> None:
    syns = [TCP(sport=4000, dport=443, flags="S", seq=number) for number in numbers]
    outside = []
    for syn in syns:
        outside += [wan(syn), wan(TCP(sport=4000, dport=443, flags="PA", seq=syn.seq + 1), b"z" * 10)]
    truth = truth_of(tmp_path, [lan(syn) for syn in syns], outside)
    assert [flow.payload_bytes for flow in truth.of("doorbell")] == [10, 10]


def test_spans_of_time(tmp_path: Path) -> None:
    payloads = [b"a", b"bb", b"ccc"]
    inside = [lan(UDP(sport=9, dport=17000), payload) for payload in payloads]
    truth = truth_of(tmp_path, inside, [wan(UDP(sport=9, dport=17000), payload) for payload in payloads])
    assert truth.bytes_to(SERVER, since=10.005) == 5
    assert truth.bytes_to(SERVER, until=10.005) == 1


def test_a_capture_that_is_still_being_written_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write(tmp_path / "wan.pcap", [(10, wan(UDP(sport=1, dport=2), b"x"))])
    path.write_bytes(path.read_bytes() + b"\x01\x02\x03")
    lonely = read_truth(path, {}, gateway_mac=GATEWAY, resolver=[])
    assert [flow.payload_bytes for flow in lonely.flows] == [1]
