import pytest

from gateway.engine.flow import Flow
from gateway.engine.report import record
from gateway.model.assessment import Assessment, Evidence
from gateway.model.facts import Facts
from gateway.model.name import Name, NameSource
from gateway.model.packet import FlowKey
from gateway.model.purpose import Purpose
from tests.support.home import policy
from tests.support.packets import BELL, CLOUD, HOME

DNS_NAME = Name("bound.example.com", NameSource.DNS)
OWN_NAME = Name("own.example.com", NameSource.SNI)


def flow(proto: int = 6) -> Flow:
    device = policy().devices[BELL].device
    return Flow(flow_id=7, key=FlowKey(proto, HOME, 1, CLOUD, 443), device=device, number=1, wall=12.5, mono=0.0)


def test_own_name_comes_before_the_bound_one() -> None:
    one = flow()
    one.facts = Facts(app_proto="tls", names=(OWN_NAME,), dissector="fast")
    one.candidates = (OWN_NAME, DNS_NAME)
    one.assessment = Assessment(purpose=Purpose.UNKNOWN, name=DNS_NAME)
    entry = record(one)
    assert (entry.server_name, entry.name_source) == ("own.example.com", "sni")
    assert entry.names == ("own.example.com", "bound.example.com")


def test_what_it_was_judged_by_stands_in_it() -> None:
    one = flow()
    one.facts = Facts(app_proto="tls", names=(OWN_NAME,), alpn=("h2",), ech=True)
    one.candidates = (OWN_NAME, DNS_NAME)
    one.evidence = Evidence(
        vendor="ring", family="doorbell", facts=one.facts, names=one.candidates, proto=6, media_bytes=64_000, local=True
    )
    entry = record(one)
    assert (entry.vendor, entry.family, entry.alpn, entry.ech, entry.media_bytes) == ("ring", "doorbell", ("h2",), True, 64_000)
    assert (entry.local, entry.lookup, entry.weighed, entry.settled) == (True, False, (), "")


def test_a_name_of_its_own_that_does_not_count() -> None:
    one = flow()
    one.candidates = (OWN_NAME, DNS_NAME)
    one.evidence = Evidence(names=(DNS_NAME,), proto=6)
    assert record(one).weighed == (DNS_NAME.text,)


@pytest.mark.parametrize(("family", "wanted"), [("camera", (70_000, 0)), ("light", (None, None))])
def test_bytes_that_came_later_are_told_apart_where_they_may_say_something(family: str, wanted: tuple[int | None, ...]) -> None:
    one = flow()
    one.evidence = Evidence(family=family, proto=6, bytes_out=70_000)
    one.bytes_out, one.bytes_in = 80_000, 500
    entry = record(one)
    assert (entry.bytes_toserver, entry.judged_toserver, entry.judged_toclient) == (80_000, *wanted)


def test_eve_names_the_fields_as_suricata_does_and_ours_apart() -> None:
    eve = record(flow(), capture="a.pcap").eve()
    assert eve["timestamp"] == "1970-01-01T00:00:12.500000+00:00"
    assert (eve["event_type"], eve["proto"], eve["src_ip"], eve["dest_ip"]) == ("flow", "TCP", "10.77.0.20", "203.0.113.10")
    assert (eve["capture"], eve["netcurtain"]["device"], eve["netcurtain"]["server_name"]) == ("a.pcap", BELL, None)


def test_icmp_names_itself() -> None:
    assert record(flow(1)).app_proto == "icmp"
