import pytest

from gateway.model.assessment import FixedReply, Hint, Row
from gateway.model.packet import TCP, UDP
from gateway.model.purpose import Purpose
from gateway.policy.catalogue import build_catalogue, name_key, pattern_key


def row(match: str) -> Row:
    return Row(match=match, purpose=Purpose.CONTROL)


@pytest.mark.parametrize(
    "match, table, key",
    [
        ("fw.ring.com", "names", "com.ring.fw"), ("*.ring.com", "patterns", "com.ring"),
        ("*-metrics-us.amazon.com", "patterns", "com.amazon"), ("*.iot.*.amazonaws.com", "patterns", "com.amazonaws"),
        ("api.amazon.*", "patterns", ""), ("udp/123", "ports", (UDP, 123)), ("app:stun", "protocols", "stun"),
    ],
)  # fmt: skip
def test_each_row_lies_where_it_is_looked_up(match: str, table: str, key: object) -> None:
    catalogue = build_catalogue([row(match)])
    assert getattr(catalogue, table) == {key: (row(match),)}
    assert catalogue.size == 1


def test_ranges_are_every_port() -> None:
    ports = build_catalogue([row("tcp,udp/10-12")]).ports
    assert set(ports) == {(proto, port) for proto in (TCP, UDP) for port in (10, 11, 12)}


def test_rows_keep_their_order() -> None:
    rows = [Row(match="a.example.com", purpose=purpose) for purpose in (Purpose.VIDEO, Purpose.CONTROL)]
    assert build_catalogue(rows).names["com.example.a"] == tuple(rows)


def test_keys() -> None:
    assert name_key("a.b.c") == "c.b.a"
    assert pattern_key("*.c") == "c"


def test_hints_decide_nothing_and_are_kept() -> None:
    hint = Hint(kind="port", says="tcp/443", purpose=Purpose.CONTROL, alone="everything uses it", ports=((TCP, 443, 443),))
    catalogue = build_catalogue([], hints=[hint])
    assert (catalogue.hints, catalogue.ports, catalogue.size) == ((hint,), {}, 0)


def test_replies_lie_under_their_host_and_later_ones_count() -> None:
    said = (("a.example", 200), ("a.example", 204), ("b.example", 200))
    first, second, other = (FixedReply(host=host, path="/", status=status) for host, status in said)
    assert build_catalogue([], [first, second, other]).replies == {"a.example": (second,), "b.example": (other,)}
