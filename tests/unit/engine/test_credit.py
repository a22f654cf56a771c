"""Handshakes towards addresses that no name led to."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.credit import BURST, REFILL_S, Credits
from gateway.ruleset.budget import NEWCOMERS

GADGET, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"


def credits_of(*named: str) -> Credits:
    """Those of a home whose files name these."""
    return Credits(lambda device: device in named)


def taken(credits: Credits, times: int, *, at: float, device: str = GADGET) -> int:
    return sum(credits.take(device, at=at) for _ in range(times))


def test_so_many_at_once_and_one_more_now_and_then() -> None:
    credits = credits_of(GADGET)
    assert taken(credits, 1000, at=0.0) == BURST
    assert taken(credits, 10, at=REFILL_S * 3 + 0.1) == 3
    assert taken(credits, 1000, at=REFILL_S * 1e6) == BURST


def test_each_device_has_its_own() -> None:
    credits = credits_of(GADGET)
    taken(credits, BURST, at=0.0)
    assert not credits.take(GADGET, at=1.0)
    assert credits.take(OTHER, at=1.0)


def test_what_was_let_out_costs_nothing() -> None:
    credits = credits_of(GADGET)
    for _ in range(BURST * 10):
        assert credits.take(GADGET, at=0.0)
        credits.give_back(GADGET, at=0.0)
    credits.give_back(GADGET, at=0.0)
    assert taken(credits, 1000, at=0.0) == BURST


def test_a_new_hardware_address_for_every_handshake_gains_a_few_devices_worth() -> None:
    credits = credits_of(GADGET)
    assert sum(taken(credits, 100, at=0.0, device=f"device {number}") for number in range(64)) == NEWCOMERS * BURST
    assert taken(credits, 100, at=0.0) == BURST, "whom a file names has its own"


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans(), st.integers(0, 600), st.integers(1, 90)), max_size=60))
def test_never_more_than_the_burst_and_the_refill(steps: list[tuple[float, bool, int, int]]) -> None:
    credits, now, passed = credits_of("0"), 0.0, {True: 0, False: 0}
    for pause, back, device, times in steps:
        now += pause
        got = taken(credits, times, at=now, device=str(device))
        if back and got:
            credits.give_back(str(device), at=now)
            got -= 1
        passed[device == 0] += got
    most = BURST + now / REFILL_S + 1e-6
    assert passed[True] <= most and passed[False] <= NEWCOMERS * most
