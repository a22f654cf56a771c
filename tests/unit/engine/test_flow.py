import pytest

from gateway.engine.flow import Flow, FlowTable
from gateway.model.packet import TCP, UDP, FlowKey
from tests.support.home import policy
from tests.support.packets import BELL, CLOUD, HOME, client_hello, tcp, udp


def flow(number: int = 1, *, proto: int = TCP, dport: int = 443) -> Flow:
    key = FlowKey(proto, HOME, number, CLOUD, dport)
    return Flow(flow_id=number, key=key, device=policy().devices[BELL].device, number=1, wall=0.0, mono=0.0)


def test_table_is_bounded_and_the_least_recently_touched_leaves() -> None:
    table = FlowTable(limit=2)
    one, two, three = flow(1), flow(2), flow(3)
    assert table.add(one) is None
    assert table.add(two) is None
    table.touch(one, 5.0)
    assert table.add(three) is two
    assert list(table) == [one, three]


def test_removing_one_that_left_is_nothing() -> None:
    table = FlowTable()
    one, other = flow(1), flow(1)
    table.add(one)
    table.add(other)
    table.remove(one)
    assert table.get(other.key) is other


RTSP = b"OPTIONS rtsp://10.0.0.1/a RTSP/1.0\r\nCSeq: 1\r\n\r\n"
READS = [
    pytest.param(tcp(client_hello("bell.example.com")), True, "tls", "fast", id="a-hello"),
    pytest.param(tcp(client_hello("bell.example.com")[:60]), False, "unknown", "", id="half-a-hello"),
    pytest.param(tcp(RTSP, dport=554), True, "rtsp", "scapy", id="rtsp-through-scapy"),
    pytest.param(tcp(b"\x00\x01garbage of no protocol"), True, "unknown", "", id="garbage"),
]  # fmt: skip


@pytest.mark.parametrize(("packet", "ready", "app", "dissector"), READS)
def test_read(packet, ready: bool, app: str, dissector: str) -> None:  # type: ignore[no-untyped-def]
    one = flow(40_000, dport=packet.dport)
    assert one.read(packet, 0, scapy=lambda: True) is ready
    assert (one.facts.app_proto, one.facts.dissector) == (app, dissector)


def test_without_scapy_the_rest_is_unknown() -> None:
    one = flow(dport=554)
    assert one.read(tcp(RTSP, dport=554), 0, scapy=lambda: False) is True
    assert one.facts.app_proto == "unknown"


def test_stun_is_read_through_scapy() -> None:
    one = flow(proto=UDP, dport=3_478)
    binding = bytes.fromhex("000100002112a442") + bytes(12)
    assert one.read(udp(binding, dport=3_478), 0, scapy=lambda: True) is True
    assert (one.facts.app_proto, one.facts.dissector) == ("stun", "scapy")


def test_ends_are_told_from_whoever_opened_it() -> None:
    one = flow()
    phone = policy().devices[next(mac for mac in policy().devices if mac.endswith("aa"))].device
    one.peer = phone
    assert one.ends == (one.device, phone)
    one.inbound = True
    assert one.ends == (phone, one.device)
