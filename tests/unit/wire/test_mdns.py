"""What is offered and looked for on the local link. Scapy is the oracle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRSRV

from gateway.wire.mdns import MAX_PAIRS, MAX_RECORDS, MAX_SERVICES, MdnsMessage, Service, parse_mdns

HAP = "_hap._tcp.local"


def record(name: str, kind: str, data: object, ttl: int = 120) -> DNSRR:
    return DNSRR(rrname=name, type=kind, ttl=ttl, rdata=data)


def answer(*records: DNSRR) -> bytes:
    return bytes(DNS(qr=1, aa=1, qd=[], an=list(records)))


def query(*names: tuple[str, str], known: tuple[DNSRR, ...] = (), own: tuple[DNSRR, ...] = ()) -> bytes:
    return bytes(DNS(rd=0, qd=[DNSQR(qname=name, qtype=kind) for name, kind in names], an=list(known), ns=list(own)))


TOLD = Service(HAP, "lamp")


@pytest.mark.parametrize(
    "data, expected",
    [
        pytest.param(query((HAP, "PTR")), MdnsMessage((HAP,)), id="a search"),
        pytest.param(query((HAP, "PTR"), (HAP, "PTR")), MdnsMessage((HAP,)), id="twice"),
        pytest.param(query(("lamp.local", "A"), (f"lamp.{HAP}", "ALL")), MdnsMessage(), id="a search for no service"),
        pytest.param(query((HAP, "PTR"), known=(record(HAP, "PTR", f"Lamp.{HAP}"),)), MdnsMessage((HAP,)), id="known already"),
        pytest.param(
            query((f"Lamp.{HAP}", "ALL"), own=(DNSRRSRV(rrname=f"Lamp.{HAP}", ttl=120, port=80, target="l.local"),)),
            MdnsMessage((), (TOLD,)), id="a name that its owner means to take",
        ),
        pytest.param(answer(record(HAP, "PTR", f"Lamp.{HAP}")), MdnsMessage((), (TOLD,)), id="an instance"),
        pytest.param(answer(record("_services._dns-sd._udp.local", "PTR", HAP)), MdnsMessage((), (Service(HAP),)), id="a type"),
        pytest.param(answer(record(f"Lamp.{HAP}", "PTR", "x.local")), MdnsMessage(), id="a pointer to no service"),
        pytest.param(answer(record(f"_c._sub.{HAP}", "PTR", f"Lamp.{HAP}")), MdnsMessage((), (TOLD,)), id="a subtype"),
        pytest.param(answer(record("lamp.local", "A", "10.0.0.1")), MdnsMessage(), id="an address"),
        pytest.param(answer(record(HAP, "PTR", f"Lamp.{HAP}", ttl=0)), MdnsMessage(), id="a goodbye"),
        pytest.param(
            answer(record(f"Lamp.{HAP}", "TXT", [b"MD=BSB002", b"md=other", b"flag", b"id=1"])),
            MdnsMessage((), (Service(HAP, "lamp", (("md", "BSB002"), ("flag", ""), ("id", "1"))),)), id="what is said of it",
        ),
    ],
)  # fmt: skip
def test_messages(data: bytes, expected: MdnsMessage) -> None:
    assert parse_mdns(data) == expected


def test_names_are_read_as_people_write_them() -> None:
    label = "Büro – Hue".encode()
    name = bytes((len(label),)) + label + b"\x04_hap\x04_tcp\x05local\x00"
    data = bytes((0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0)) + name + b"\0\x10\0\x01\0\0\0\x3c\0\x01\0"
    found = parse_mdns(data)
    assert found is not None and [service.name for service in found.offered] == ["büro – hue"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(bytes(12), id="nothing in it"),
        pytest.param(b"\0\0\x28" + bytes(9), id="another operation"),
        pytest.param(b"\0\0\x84\0\0\0" + (MAX_RECORDS + 1).to_bytes(2) + bytes(4), id="too many records"),
        pytest.param(b"\0\0\x84\0\0\0\0\x01" + bytes(3), id="cut"),
        pytest.param(b"\0\0\x84\0\0\0\0\x01\0\0\0\0\xc0\x0c", id="a name that points to itself"),
    ],
)
def test_what_is_no_message(data: bytes) -> None:
    assert parse_mdns(data) is None


def test_what_stands_before_a_cut_counts() -> None:
    whole = answer(record(HAP, "PTR", f"Lamp.{HAP}"), record(f"Lamp.{HAP}", "TXT", [b"md=1"]))
    assert parse_mdns(whole[:-3]) == MdnsMessage((), (TOLD,))


def test_bounds() -> None:
    many = parse_mdns(answer(*(record(HAP, "PTR", f"{number}.{HAP}") for number in range(MAX_SERVICES + 5))))
    assert many is not None and len(many.offered) == MAX_SERVICES
    pairs = parse_mdns(answer(record(f"Lamp.{HAP}", "TXT", [f"k{number}=v".encode() for number in range(MAX_PAIRS + 5)])))
    assert pairs is not None and len(pairs.offered[0].txt) == MAX_PAIRS


@given(st.binary(max_size=400))
def test_arbitrary_bytes(data: bytes) -> None:
    parse_mdns(data)
    parse_mdns(b"\0\0\x84\0\0\x01\0\x02\0\0\0\x01" + data)


LABELS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20).filter(lambda text: not text.startswith("-"))


@given(st.lists(st.tuples(LABELS, st.sampled_from(["_hue._tcp", "_http._tcp", "_meshcop._udp"])), min_size=1, max_size=6))
def test_scapy_reads_the_same(offers: list[tuple[str, str]]) -> None:
    data = answer(*(record(f"{kind}.local", "PTR", f"{name}.{kind}.local") for name, kind in offers))
    targets = {bytes(rr.rdata).decode().rstrip(".") for rr in DNS(data).an}
    found = parse_mdns(data)
    assert found is not None and {f"{service.name}.{service.type}" for service in found.offered} == targets
