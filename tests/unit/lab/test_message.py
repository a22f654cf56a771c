import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dns import DNS

from gateway.lab import message
from gateway.wire.mdns import parse_mdns

LABEL = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)


@given(st.lists(LABEL, min_size=1, max_size=5), st.sampled_from([message.A, message.AAAA, message.HTTPS]))
def test_question_survives_the_wire(labels: list[str], kind: int) -> None:
    name = ".".join(labels)
    query = message.dns_query(name, kind, id=7)
    assert message.read_question(query) == (7, name, kind)
    oracle = DNS(query).qd[0]
    assert (oracle.qname.decode().rstrip("."), oracle.qtype) == (name, kind)


@pytest.mark.parametrize(
    ("kind", "addresses"),
    [
        pytest.param(message.A, ("203.0.113.7",), id="a"),
        pytest.param(message.AAAA, ("2001:db8::7",), id="aaaa"),
        pytest.param(message.A, ("203.0.113.7", "203.0.113.8"), id="two"),
        pytest.param(message.HTTPS, (), id="nothing"),
    ],
)
def test_answer_survives_the_wire(kind: int, addresses: tuple[str, ...]) -> None:
    answer = message.dns_answer(message.dns_query("fw.ring.com", kind, id=9), addresses)
    assert message.read_answer(answer) == (9, message.NOERROR, addresses)
    assert [record.rdata for record in DNS(answer).an or []] == list(addresses)


def test_unknown_name_is_said_to_be_unknown() -> None:
    answer = message.dns_answer(message.dns_query("nobody.example", message.A), (), code=message.NXDOMAIN)
    assert message.read_answer(answer).code == message.NXDOMAIN


@pytest.mark.parametrize("host", ["198.51.100.9", "2001:db8::9"])
@pytest.mark.parametrize("method", [message.BINDING, message.ALLOCATE])
def test_stun_response_answers_its_request(host: str, method: int) -> None:
    request = message.stun_request(method)
    response = message.stun_response(request, host, 40000)
    assert message.is_stun(request) and message.is_stun(response)
    assert response[8:20] == request[8:20]
    assert int.from_bytes(response[:2]) == method | 0x0100
    assert int.from_bytes(response[2:4]) == len(response) - 20


def test_rtp_is_consistent() -> None:
    stream = message.RtpStream()
    one, two = stream.packet(856), stream.packet(856)
    assert len(one) == len(two) == 856
    assert one[8:12] == two[8:12]
    assert (int.from_bytes(two[2:4]) - int.from_bytes(one[2:4])) & 0xFFFF == 1
    assert message.rtcp_report(one)[8:12] == one[8:12]
    assert not message.is_stun(one)


def test_ntp_answer_echoes_the_question() -> None:
    request = message.ntp_request()
    response = message.ntp_response(request)
    assert len(request) == len(response) == 48
    assert response[24:32] == request[40:48]


def test_an_announcement_says_what_it_has() -> None:
    data = message.mdns_announcement("_hap._tcp", "Philips hue - 2476FF", {"md": "BSB002", "pv": "1.1"})
    found = parse_mdns(data)
    assert found is not None and found.asked == ()
    assert found.offered == (("_hap._tcp.local", "philips hue - 2476ff", (("md", "BSB002"), ("pv", "1.1"))),)
    assert DNS(data).an[0].rdata == b"Philips hue - 2476FF._hap._tcp.local."
