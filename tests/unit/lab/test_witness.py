from typing import Any

import pytest

from gateway.lab.truth import Sender, WanFlow
from gateway.lab.witness import refused_bytes, tuple_of_flow
from gateway.model.packet import FlowKey

KEY = FlowKey(6, bytes((10, 77, 0, 11)), 4000, bytes((203, 0, 113, 61)), 443)


def flow() -> WanFlow:
    return WanFlow(KEY, 10.0, Sender("doorbell", KEY), [(10.0, 500), (11.0, 300), (12.0, 100)])


def told(at: float, action: str, effect: str) -> tuple[float, dict[str, Any]]:
    return at, {"netcurtain": {"action": action, "effect": effect}}


@pytest.mark.parametrize(
    ("revisions", "expected"),
    [
        pytest.param([], 0, id="unknown"),
        pytest.param([told(10, "allow", "pass")], 0, id="allowed"),
        pytest.param([told(10, "block", "refuse")], 900, id="refused-from-the-start"),
        pytest.param([told(10, "drop", "drop")], 900, id="dropped-from-the-start"),
        pytest.param([told(10, "limit", "pass"), told(11.5, "block", "refuse")], 100, id="refused-by-an-edit"),
        pytest.param([told(10, "limit", "pass"), told(13, "drop", "drop")], 0, id="cut-in-time"),
        pytest.param([told(10, "block", "refuse"), told(11, "allow", "pass")], 0, id="allowed-in-the-end"),
        pytest.param([told(10, "owner-only", "refuse")], 0, id="another-refusal"),
    ],
)
def test_refused_bytes(revisions: list[tuple[float, dict[str, Any]]], expected: int) -> None:
    assert refused_bytes(flow(), revisions) == expected


def test_tuple_is_of_the_homes_side() -> None:
    outside = WanFlow(KEY._replace(src=bytes((192, 168, 178, 20)), sport=61000), 10.0, Sender("doorbell", KEY))
    assert tuple_of_flow(outside) == ("TCP", "10.77.0.11", 4000, "203.0.113.61", 443)
