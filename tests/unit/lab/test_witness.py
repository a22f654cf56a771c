from typing import Any

import pytest

from gateway.lab.truth import Sender, WanFlow
from gateway.lab.witness import refused_bytes, told_of, tuple_of_flow
from gateway.model.packet import FlowKey

KEY = FlowKey(6, bytes((10, 77, 0, 11)), 4000, bytes((203, 0, 113, 61)), 443)


def flow() -> WanFlow:
    return WanFlow(KEY, 10.0, Sender("doorbell", KEY), [(10.0, 500), (11.0, 300), (12.0, 100)])


def told(at: float, action: str, effect: str) -> tuple[float, dict[str, Any]]:
    return at, {"netcurtain": {"action": action, "effect": effect}}


KINDS = [
    ("block", "refuse"),
    ("drop", "drop"),
    ("owner-only", "refuse"),
    ("limit", "refuse"),
    ("ask", "refuse"),
    ("answer", "redirect"),
    ("answer", "refuse"),
]


@pytest.mark.parametrize(("action", "effect"), KINDS, ids=[f"{action}-{effect}" for action, effect in KINDS])
def test_a_leak_counts_whatever_the_refusal_is_called(action: str, effect: str) -> None:
    assert refused_bytes(flow(), [told(10, action, effect)]) == 900
    assert refused_bytes(flow(), [told(10, "allow", "pass"), told(12.5, action, effect)], closings=[10.5]) == 400
    assert refused_bytes(flow(), [told(10, "limit", "pass"), told(12.5, action, effect)]) == 900


@pytest.mark.parametrize(
    ("revisions", "moments", "expected"),
    [
        pytest.param([], {}, 900, id="nobody-knows-it"),
        pytest.param([told(10, "allow", "pass")], {}, 0, id="allowed"),
        pytest.param([told(10, "allow", "pass")], {"closings": [10.5]}, 0, id="allowed-still"),
        pytest.param([told(10, "limit", "pass"), told(11.9, "block", "refuse")], {"closings": [11.5]}, 100, id="by-an-edit"),
        pytest.param([told(10, "limit", "pass"), told(12.5, "block", "refuse")], {"closings": [10.9]}, 400, id="told-late"),
        pytest.param([told(10, "limit", "pass"), told(13, "drop", "drop")], {"closings": [12.5]}, 0, id="cut-in-time"),
        pytest.param(
            [told(10, "allow", "pass"), told(13, "block", "refuse")], {"closings": [9, 10.5, 11.5]}, 400, id="first-closing"
        ),
        pytest.param(
            [told(10, "allow", "pass"), told(12.5, "block", "refuse")], {"closings": [14]}, 900, id="closed-by-nobody-yet"
        ),
        pytest.param([told(10, "limit", "pass"), told(13, "limit", "refuse")], {}, 900, id="a-budget-is-found-spent"),
        pytest.param(
            [told(10.2, "ask", "refuse"), told(11.9, "allow", "pass")], {"openings": [11.5]}, 800, id="until-it-was-opened"
        ),
        pytest.param([told(10.2, "ask", "refuse"), told(11.9, "allow", "pass")], {}, 500, id="until-it-was-told"),
        pytest.param(
            [told(10, "ask", "refuse"), told(10.1, "block", "refuse")], {"closings": [10.05]}, 900, id="refused-twice"
        ),
        pytest.param(
            [told(9, "allow", "pass"), told(10.5, "block", "refuse"), told(11.8, "allow", "pass")],
            {"closings": [9.5], "openings": [9, 11.5]}, 800, id="shut-for-a-while",
        ),
    ],
)  # fmt: skip
def test_when_a_flow_should_have_been_shut(
    revisions: list[tuple[float, dict[str, Any]]], moments: dict[str, list[float]], expected: int
) -> None:
    assert refused_bytes(flow(), revisions, **moments) == expected


def test_tuple_is_of_the_homes_side() -> None:
    outside = WanFlow(KEY._replace(src=bytes((192, 168, 178, 20)), sport=61000), 10.0, Sender("doorbell", KEY))
    assert tuple_of_flow(outside) == ("TCP", "10.77.0.11", 4000, "203.0.113.61", 443)


def record(number: int, began: str, effect: str) -> list[tuple[float, dict[str, Any]]]:
    ends = {"proto": "TCP", "src_ip": "10.77.0.11", "src_port": 4000, "dest_ip": "203.0.113.61", "dest_port": 443}
    own = {"action": "", "effect": effect}
    return [(float(number), {"flow_id": number, "timestamp": f"1970-01-01T00:00:{began}+00:00", **ends, "netcurtain": own})]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param([record(10, "09.9", "pass")], [10], id="its-own"),
        pytest.param([record(10, "09.9", "pass"), record(13, "12.5", "refuse")], [10], id="the-ports-again"),
        pytest.param([record(10, "09.9", "pass"), record(12, "11.5", "refuse")], [10, 12], id="judged-twice"),
        pytest.param([record(8, "07.0", "refuse"), record(10, "09.9", "pass")], [10], id="the-ports-before"),
        pytest.param([record(13, "12.5", "refuse")], [13], id="only-afterwards"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_what_was_told_of_a_flow(records: list[list[tuple[float, dict[str, Any]]]], expected: list[int]) -> None:
    seen = flow()
    seen.ended = 12.0
    assert [one["flow_id"] for _, one in told_of(seen, records)] == expected
