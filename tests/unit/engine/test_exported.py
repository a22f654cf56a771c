"""What the ledger kept of flows: who classifies it finds what was found then. (``test_engine`` plays whole lives of that.)"""

from collections.abc import Callable

import pytest

from gateway.engine.exported import line_of, main_purpose
from gateway.model.assessment import Evidence
from gateway.model.event import Hook, Ticked
from gateway.model.facts import Facts
from gateway.model.mark import ASK, FlowClass, pack
from gateway.model.name import Name, NameSource
from gateway.model.packet import TCP, UDP, Packet
from gateway.model.purpose import Purpose
from gateway.model.record import FlowRecord
from gateway.purpose import Line, classify, read_line, write_line
from tests.support.dns import query
from tests.support.home import Watched, policy, records
from tests.support.packets import OTHER_CLOUD, client_hello, syn, tcp, udp
from tests.support.records import CLOUD as FAR
from tests.support.records import GADGET_AT, make_record


def evidence_of(**more: object) -> Evidence:
    return line_of(make_record(**more)).evidence


def test_a_flow() -> None:
    record = make_record(
        flow_id=7, vendor="ring", family="doorbell", alpn=("h2",), ech=True, names=("bell.example.com", "b.example"),
        bytes_toserver=900, bytes_toclient=400, pkts_toserver=9, pkts_toclient=4, media_bytes=64_000, settled="control",
    )  # fmt: skip
    evidence = Evidence(
        profile="bell",
        vendor="ring",
        family="doorbell",
        facts=Facts(app_proto="tls", alpn=("h2",), ech=True),
        names=(Name("bell.example.com", NameSource.SNI), Name("b.example", NameSource.DNS)),
        address=FAR,
        port=443,
        proto=TCP,
        bytes_out=900,
        bytes_in=400,
        pkts_out=9,
        pkts_in=4,
        media_bytes=64_000,
        settled=Purpose.CONTROL,
    )
    assert line_of(record) == Line(
        id="7", device=record.device, run="", at=record.started, destination="bell.example.com", evidence=evidence
    )


def test_the_bytes_it_was_judged_by() -> None:
    evidence = evidence_of(bytes_toserver=900_000, bytes_toclient=80_000, judged_toserver=70_000, judged_toclient=0)
    assert (evidence.bytes_out, evidence.bytes_in) == (70_000, 0)


def test_the_names_it_was_judged_by() -> None:
    evidence = evidence_of(names=("bell.example.com", "b.example"), weighed=("b.example",))
    assert evidence.names == (Name("b.example", NameSource.DNS),)


@pytest.mark.parametrize("flag", [{"lookup": True}, {}], ids=["told", "by an earlier version"])
def test_a_question_is_a_name_and_nothing_else(flag: dict[str, bool]) -> None:
    evidence = evidence_of(app_proto="dns", proto=UDP, dport=53, name_source="dns", **flag)
    assert (evidence.names, evidence.address, evidence.port) == ((Name("bell.example.com", NameSource.DNS),), b"", 0)
    assert evidence.facts == Facts()


def test_what_has_no_ports_speaks_nothing() -> None:
    assert evidence_of(proto=1, app_proto="icmp", name="").facts.app_proto == "unknown"


def test_what_stays_in_the_home() -> None:
    assert evidence_of(dst=GADGET_AT, local=True).local


def test_a_word_that_nobody_knows() -> None:
    assert evidence_of(settled="brewing").settled is None


@pytest.mark.parametrize(("main", "wanted"), [("control", "control"), ("", "motion-event")])
def test_what_it_was_taken_for(main: str, wanted: str) -> None:
    assert main_purpose(make_record("motion-event", main=main, also=("motion-event",), mixed=True)) == wanted


def said(home: Watched, name: str | None, **how: int) -> list[FlowRecord]:
    home.see(syn(**how))
    return records(home.see(tcp(client_hello(name), **how)))


def waited(home: Watched, packet: Packet) -> list[FlowRecord]:
    """What is said of it once it was waited for long enough."""
    home.see(syn())
    home.see(packet)
    home.wait(4)
    return records(home.do(Ticked()))


def carried_over() -> list[FlowRecord]:
    """An earlier life of the gateway gave the bell the number 1, and let the flow out."""
    home = Watched()
    home.see(query("bell.example.com"), hook=Hook.QUERY)
    mark = pack(1, home.engine.epoch, Purpose.DIRECT_ADDRESS.number, FlowClass.PASS) | ASK
    return records(home.see(tcp(b"more", seq=900), mark=mark))


def rivalled() -> list[FlowRecord]:
    """Names that it asked for at this address, but says another."""
    home = Watched()
    home.bind("video.example.com")
    home.bind("check.example.com")
    return said(home, "bell.example.com")


def asked(name: str, **how: bytes) -> list[FlowRecord]:
    return records(Watched().see(query(name, **how), hook=Hook.QUERY))


HALF = tcp(client_hello("bell.example.com")[:40])
CLOCK = udp(b"\x23" + bytes(47), dport=123)
TOLD = [
    pytest.param(lambda: said(Watched(), "bell.example.com"), "control", "", id="a name"),
    pytest.param(lambda: said(Watched(), "metrics.example.com"), "telemetry", "", id="a refused name"),
    pytest.param(lambda: said(Watched(), "bell.example.com", dport=853), "dns-escape", "", id="a port before the name"),
    pytest.param(lambda: said(Watched(), "localhost"), "direct-address", "direct-address", id="nobody vouches for it"),
    pytest.param(lambda: waited(Watched(), HALF), "unknown", "unknown", id="a hello that does not become whole"),
    pytest.param(carried_over, "direct-address", "direct-address", id="carried over a restart"),
    pytest.param(rivalled, "video", "", id="the strictest of several names"),
    pytest.param(lambda: asked("metrics.example.com"), "telemetry", "", id="a question"),
    pytest.param(lambda: asked("bell.example.com", server=OTHER_CLOUD), "dns-escape", "", id="a question to somebody else"),
    pytest.param(lambda: records(Watched().see(CLOCK)), "time", "", id="a clock"),
]


@pytest.mark.parametrize(("play", "purpose", "settled"), TOLD)
def test_what_the_engine_wrote_down_is_found_again(play: Callable[[], list[FlowRecord]], purpose: str, settled: str) -> None:
    record = play()[-1]
    assert (main_purpose(record), record.settled) == (purpose, settled)
    line = read_line(write_line(line_of(record)))
    assert classify(policy().catalogue, line.evidence).purpose == purpose
