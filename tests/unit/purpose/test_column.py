"""Rows of a table of flows: what they say, and that any cell has an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.assessment import Evidence, Extent
from gateway.model.facts import Facts
from gateway.model.name import Name, NameSource
from gateway.model.packet import TCP, UDP
from gateway.model.purpose import Purpose
from gateway.purpose.column import COLUMNS, ColumnError, Line, read_line, write_line

FULL = {
    "id": "7", "device": "cam", "vendor": "ring", "kind": "doorbell", "profile": "ring-doorbell", "run": "one", "t": "1.5",
    "duration": "2.5", "scope": "wan", "transport": "tcp", "app": "tls", "alpn": "h2 http/1.1", "domain": "FW.ring.com.",
    "names": "a.example b.example", "name_source": "quic", "address": "203.0.113.7", "remote_port": "443", "pkts_out": "3",
    "pkts_in": "2", "bytes_out": "300", "bytes_in": "200.0", "media_bytes": "64000", "extent": "", "ech": "1", "settled": "",
}  # fmt: skip


def test_a_full_row() -> None:
    line = read_line(FULL)
    assert (line.id, line.device, line.run, line.at, line.destination) == ("7", "cam", "one", 1.5, "fw.ring.com")
    evidence = line.evidence
    assert (evidence.vendor, evidence.family, evidence.profile) == ("ring", "doorbell", "ring-doorbell")
    assert evidence.facts == Facts(app_proto="tls", alpn=("h2", "http/1.1"), ech=True)
    assert evidence.names == (
        Name("fw.ring.com", NameSource.QUIC), Name("a.example", NameSource.DNS), Name("b.example", NameSource.DNS),
    )  # fmt: skip
    assert (evidence.address, evidence.port, evidence.proto) == (bytes((203, 0, 113, 7)), 443, TCP)
    assert (evidence.pkts_out, evidence.pkts_in, evidence.bytes_out, evidence.bytes_in) == (3, 2, 300, 200)
    assert (evidence.media_bytes, evidence.extent, evidence.local) == (64_000, Extent.ENDED, False)
    assert FULL.keys() == COLUMNS.keys()


def test_an_empty_row() -> None:
    line = read_line({})
    assert (line.id, line.destination, line.at) == ("", "", 0.0)
    assert (line.evidence.extent, line.evidence.names, line.evidence.address) == (Extent.MOMENT, (), b"")


EXTENTS = [
    pytest.param({"bytes_out": "1"}, Extent.BURST, id="counted"),
    pytest.param({"bytes_in": "0"}, Extent.BURST, id="counted-none"),
    pytest.param({"bytes_out": "1", "duration": "0"}, Extent.ENDED, id="with-an-end"),
    pytest.param({"duration": "5"}, Extent.MOMENT, id="not-counted"),
    pytest.param({"bytes_out": "1", "duration": "5", "extent": "so-far"}, Extent.SO_FAR, id="told"),
]


@pytest.mark.parametrize(("row", "wanted"), EXTENTS)
def test_extent(row: dict[str, str], wanted: Extent) -> None:
    assert read_line(row).evidence.extent is wanted


NAMES = [
    pytest.param({"domain": "a.example"}, ["a.example"], b"", "a.example", id="name"),
    pytest.param({"domain": "192.0.2.9"}, [], bytes((192, 0, 2, 9)), "192.0.2.9", id="address"),
    pytest.param({"domain": "2001:db8::1"}, [], bytes.fromhex("20010db8" + "0" * 23 + "1"), "2001:db8::1", id="ipv6"),
    pytest.param({"address": "192.0.2.9"}, [], bytes((192, 0, 2, 9)), "192.0.2.9", id="only-the-address"),
    pytest.param({"names": "b.example"}, ["b.example"], b"", "b.example", id="only-a-further-name"),
    pytest.param({"domain": "192.0.2.9", "name_source": "sni"}, ["192.0.2.9"], b"", "192.0.2.9", id="a-name-like-an-address"),
    pytest.param({"domain": "192.0.2.9", "names": "b.example"}, ["b.example"], bytes((192, 0, 2, 9)), "b.example", id="both"),
]


@pytest.mark.parametrize(("row", "names", "address", "destination"), NAMES)
def test_names(row: dict[str, str], names: list[str], address: bytes, destination: str) -> None:
    line = read_line(row)
    assert [name.text for name in line.evidence.names] == names
    assert (line.evidence.address, line.destination) == (address, destination)


PROTOCOLS = [("udp", UDP), ("TCP", TCP), ("icmp", 1), ("47", 47), ("", 0)]


@pytest.mark.parametrize(("text", "wanted"), PROTOCOLS)
def test_transport(text: str, wanted: int) -> None:
    assert read_line({"transport": text}).evidence.proto == wanted


@pytest.mark.parametrize(("app", "port"), [("dns", 53), ("ntp", 123), ("http", 80), ("tls", 0)])
def test_ports_that_go_without_saying(app: str, port: int) -> None:
    assert read_line({"app": app}).evidence.port == port


def test_what_stays_in_the_home() -> None:
    assert [read_line({"scope": scope}).evidence.local for scope in ("", "wan", "lan", "mcast")] == [False, False, True, True]


FAULTS = [
    pytest.param({"bytes_out": "x"}, "column 'bytes_out': 'x' is not a number", id="no-number"),
    pytest.param(
        {"bytes_out": "-1"}, "column 'bytes_out': '-1' is not a whole number from 0 to 1000000000000000000", id="less"
    ),
    pytest.param({"pkts_in": "1.5"}, "column 'pkts_in': '1.5' is not a whole number from 0 to 1000000000000000000", id="half"),
    pytest.param({"t": "nan"}, "column 't': 'nan' is not a number", id="nan"),
    pytest.param({"duration": "inf"}, "column 'duration': 'inf' is not a number", id="inf"),
    pytest.param({"remote_port": "65536"}, "column 'remote_port': '65536' is not a whole number from 0 to 65535", id="port"),
    pytest.param({"scope": "moon"}, "column 'scope': 'moon' is not one of wan, lan, mcast", id="scope"),
    pytest.param({"name_source": "book"}, "column 'name_source': 'book' is not one of sni, quic, http, dns", id="source"),
    pytest.param({"extent": "all"}, "column 'extent': 'all' is not one of so-far, ended, burst, moment", id="extent"),
    pytest.param({"ech": "yes"}, "column 'ech': 'yes' is not one of 0, 1", id="flag"),
    pytest.param({"settled": "good"}, f"column 'settled': 'good' is not one of {', '.join(Purpose)}", id="settled"),
    pytest.param({"transport": "256"}, "column 'transport': '256' is not a whole number from 0 to 255", id="protocol"),
    pytest.param({"t": "9" * 60 + "x"}, f"column 't': {'9' * 40!r} is not a number", id="long"),
]


@pytest.mark.parametrize(("row", "told"), FAULTS)
def test_faults(row: dict[str, str], told: str) -> None:
    with pytest.raises(ColumnError) as caught:
        read_line(row)
    assert str(caught.value) == told


def test_a_protocol_that_nobody_knows() -> None:
    with pytest.raises(ColumnError, match="column 'transport': 'tcq' is not one of icmp, igmp, tcp"):
        read_line({"transport": "tcq"})


cells = st.one_of(
    st.none(), st.text(max_size=20), st.integers().map(str), st.floats().map(str), st.sampled_from(["²", "1e400", "٣"])
)


@given(st.dictionaries(st.sampled_from(sorted(COLUMNS)), cells))
def test_any_cell(row: dict[str, str | None]) -> None:
    try:
        assert isinstance(read_line(row), Line)
    except ColumnError as err:
        assert str(err).startswith("column '")


words = st.text(
    alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="ABCDEFGHIJKLMNOPQRSTUVWXYZ"), min_size=1
)
ids = st.sampled_from(["", "ring", "ring-doorbell", "=1+1", "'quoted'", "'-x"])
hosts = st.one_of(
    st.sampled_from(["fw.ring.com", "192.0.2.9", "-a.example", "::1"]), words.filter(lambda text: text[-1] != ".")
)
counts = st.integers(0, 2**50)
further = st.lists(st.builds(Name, hosts, st.just(NameSource.DNS)), max_size=3)
first = st.builds(Name, hosts, st.sampled_from(NameSource))
some_names = st.builds(lambda name, more: (name, *more), first, further)
apps = st.sampled_from(["unknown", "tls", "dns"])
evidences = st.builds(
    lambda **known: Evidence(**known),
    profile=ids.filter(bool),
    vendor=ids,
    family=ids,
    facts=st.builds(lambda **said: Facts(**said), app_proto=apps, alpn=st.lists(words).map(tuple), ech=st.booleans()),
    names=st.one_of(st.just(()), some_names),
    address=st.one_of(st.just(b""), st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)),
    port=st.integers(1, 65_535),
    proto=st.integers(0, 255),
    local=st.booleans(),
    extent=st.sampled_from(Extent),
    pkts_out=counts,
    pkts_in=counts,
    bytes_out=counts,
    bytes_in=counts,
    media_bytes=counts,
    settled=st.sampled_from([None, *Purpose]),
)


@given(evidences, words, words, st.floats(0, 2**31))
def test_what_is_written_is_read_as_the_same(evidence: Evidence, number: str, device: str, at: float) -> None:
    line = Line(id=number, device=device, run="", at=at, destination="", evidence=evidence)
    row = write_line(line)
    assert row.keys() <= COLUMNS.keys()
    read = read_line(row)
    assert (read.evidence, read.id, read.device, read.at) == (evidence, number, device, at)


def test_no_cell_is_a_formula() -> None:
    facts = Facts(alpn=("=cmd()",))
    name = Name("-x.example", NameSource.SNI)
    line = Line(id="1", device="@me", run="", at=0.0, destination="", evidence=Evidence(facts=facts, names=(name,)))
    row = write_line(line)
    assert (row["alpn"], row["domain"], row["device"]) == ("'=cmd()", "'-x.example", "'@me")
