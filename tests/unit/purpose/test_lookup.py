"""Name -> rows: what a match covers, which is longest, and that size does not matter."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.assessment import Catalogue, Row
from gateway.purpose.lookup import MAX_NAME_CHARACTERS, covers, find
from tests.support.evidence import make_catalogue, make_row

COVERED = [
    pytest.param("*.example.com", "a.example.com", True, id="one-label"),
    pytest.param("*.example.com", "a.b.example.com", True, id="several-labels"),
    pytest.param("*.example.com", "example.com", False, id="not-no-label"),
    pytest.param("*.example.com", "a.example.org", False, id="another-domain"),
    pytest.param("*.example.com", "badexample.com", False, id="label-boundary"),
    pytest.param("avs-*-na.example.com", "avs-alexa-7-na.example.com", True, id="part-of-a-label"),
    pytest.param("avs-*-na.example.com", "avs--na.example.com", False, id="part-is-not-empty"),
    pytest.param("avs-*-na.example.com", "avs-a.b-na.example.com", False, id="part-keeps-within-its-label"),
    pytest.param("avs-*-na.example.com", "x.avs-7-na.example.com", False, id="pattern-covers-no-subdomain"),
    pytest.param("*.iot.*.example.com", "a1.iot.eu-west-1.example.com", True, id="two-stars"),
    pytest.param("*.iot.*.example.com", "a1.iot.example.com", False, id="second-star-is-not-empty"),
    pytest.param("service.example.*", "service.example.co.uk", True, id="star-at-the-end"),
    pytest.param("a.b*", "aXb.c", False, id="a-dot-is-a-dot"),
]


@pytest.mark.parametrize(("pattern", "name", "wanted"), COVERED)
def test_covers(pattern: str, name: str, wanted: bool) -> None:
    assert covers(pattern, name) is wanted


TABLE = make_catalogue(
    make_row("example.com", "control"),
    make_row("metrics.example.com", "telemetry"),
    make_row("*.metrics.example.com", "advertising"),
    make_row("*-eu.example.com", "update"),
    make_row("service.example.*", "account"),
    make_row("udp/123", "time"),
    make_row("app:mqtt", "control"),
)

FOUND = [
    pytest.param("example.com", ["example.com"], id="itself"),
    pytest.param("www.example.com", ["example.com"], id="subdomain"),
    pytest.param("metrics.example.com", ["metrics.example.com", "example.com"], id="longest-first"),
    pytest.param(
        "a.metrics.example.com", ["*.metrics.example.com", "metrics.example.com", "example.com"], id="pattern-is-longer"
    ),
    pytest.param("a-eu.example.com", ["*-eu.example.com", "example.com"], id="part-of-a-label"),
    pytest.param("service.example.de", ["service.example.*"], id="any-top-level"),
    pytest.param("service.example.com", ["service.example.*", "example.com"], id="any-top-level-and-plain"),
    pytest.param("example.org", [], id="unknown"),
    pytest.param("com", [], id="top-level"),
    pytest.param("", [], id="empty"),
    pytest.param("udp/123", [], id="a-port-is-no-name"),
    pytest.param("app:mqtt", [], id="a-protocol-is-no-name"),
    pytest.param("a." * 127 + "example.com", [], id="too-long-for-a-name"),
    pytest.param("..example.com", ["example.com"], id="empty-labels"),
]


@pytest.mark.parametrize(("name", "wanted"), FOUND)
def test_find(name: str, wanted: list[str]) -> None:
    assert [row.match for row in find(TABLE, name)] == wanted


def test_rows_of_one_match_come_as_written() -> None:
    table = make_catalogue(make_row("a.example", "control", vendor="x"), make_row("a.example", "update", vendor="y"))
    assert [row.vendor for row in find(table, "b.a.example")] == ["x", "y"]


def reference(rows: list[Row], name: str) -> set[str]:
    """Every row asked, one by one: what the table must come to."""
    plain = {row.match for row in rows if "*" not in row.match and (name == row.match or name.endswith(f".{row.match}"))}
    return plain | {row.match for row in rows if "*" in row.match and covers(row.match, name)}


labels = st.sampled_from(["a", "b", "ab", "a-b", "*", "a*", "*b"])
plain_labels = st.sampled_from(["a", "b", "ab", "a-b", "a-x-b"])


@given(
    matches=st.lists(st.lists(labels, min_size=2, max_size=4).map(".".join), max_size=12, unique=True),
    name=st.lists(plain_labels, min_size=1, max_size=5).map(".".join),
)
def test_find_agrees_with_asking_every_row(matches: list[str], name: str) -> None:
    rows = [make_row(match, "control") for match in matches]
    found = find(make_catalogue(*rows), name)
    assert {row.match for row in found} == reference(rows, name)
    lengths = [len(row.match) - row.match.count("*") for row in found]
    assert lengths == sorted(lengths, reverse=True)


@given(st.text(max_size=MAX_NAME_CHARACTERS + 20))
def test_any_text_is_a_name_or_none(name: str) -> None:
    assert isinstance(find(TABLE, name), tuple)


def cost_s(table: Catalogue, name: str) -> float:
    best = 1.0
    for _ in range(7):
        began = time.perf_counter()
        for _ in range(300):
            find(table, name)
        best = min(best, time.perf_counter() - began)
    return best


def test_time_follows_the_labels_not_the_rows() -> None:
    small, large = (
        make_catalogue(*(make_row(f"h{n}.d{n % 97}.example.com", "control") for n in range(size))) for size in (100, 30_000)
    )
    name = "deep.h7.d7.example.com"
    assert find(small, name) and find(large, name)
    assert cost_s(large, name) < 4 * cost_s(small, name)
