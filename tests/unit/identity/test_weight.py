import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.weight import DEVICE, HUNCH, KINDS, NOT_ALONE, PRIOR, VENDOR, chances, combined, of, shared
from gateway.model.identity import SURE, Confidence, Signal
from tests.support.signs import HIGH, LOW, MEDIUM, trait


@pytest.mark.parametrize("table", [VENDOR, DEVICE], ids=["vendor", "device"])
def test_every_signal_has_weights_that_grow_with_confidence(table: dict) -> None:
    assert set(table) == set(Signal) == set(KINDS)
    for signal in Signal:
        high, medium, low = (of(trait("v", signal, "x", confidence=confidence), table) for confidence in (HIGH, MEDIUM, LOW))
        assert high >= medium > low >= 0


def alone(weight: float) -> float:
    return chances({"v": weight}, PRIOR)["v"]


@pytest.mark.parametrize("confidence", list(Confidence))
@pytest.mark.parametrize("signal", list(Signal))
def test_no_low_row_decides_and_no_medium_one_but_the_registry(signal: Signal, confidence: Confidence) -> None:
    sure = alone(of(trait("v", signal, "x", confidence=confidence), VENDOR)) >= SURE
    assert not sure or confidence is HIGH or (signal, confidence) == (Signal.MAKER, MEDIUM)


def test_hunches_and_what_needs_company_are_far_from_sure() -> None:
    assert alone(HUNCH) < 0.3 and alone(combined([NOT_ALONE, NOT_ALONE, NOT_ALONE])) < SURE


@pytest.mark.parametrize(
    "weight, vendors, left", [(20.0, 1, 20.0), (20.0, 10, 10.0), (5.0, 10, 0.0), (20.0, 0, 20.0)], ids=str
)
def test_what_is_shared_says_less(weight: float, vendors: int, left: float) -> None:
    assert shared(weight, vendors) == pytest.approx(left)


def test_the_strongest_counts_in_full_and_the_order_means_nothing() -> None:
    assert combined([10.0]) == 10.0
    assert combined([5.0, 10.0]) == combined([10.0, 5.0]) == pytest.approx(13.0)
    assert combined([]) == 0.0
    assert combined([10.0] * 9) > combined([10.0] * 8)


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 80), max_size=6))
def test_chances_exclude_each_other(weights: dict[str, int]) -> None:
    found = chances(weights, PRIOR)
    assert sum(found.values()) < 1
    assert sorted(found, key=lambda name: (found[name], name)) == sorted(weights, key=lambda name: (weights[name], name))
