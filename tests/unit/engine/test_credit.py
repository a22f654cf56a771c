from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.credit import BURST, MAX_DEVICES, REFILL_S, Credits

GADGET, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"


def taken(credits: Credits, times: int, *, at: float, device: str = GADGET) -> int:
    return sum(credits.take(device, at=at) for _ in range(times))


def test_so_many_at_once_and_one_more_now_and_then() -> None:
    credits = Credits()
    assert taken(credits, 1000, at=0.0) == BURST
    assert taken(credits, 10, at=REFILL_S * 3 + 0.1) == 3
    assert taken(credits, 1000, at=REFILL_S * 1e6) == BURST


def test_each_device_has_its_own() -> None:
    credits = Credits()
    taken(credits, BURST, at=0.0)
    assert not credits.take(GADGET, at=1.0)
    assert credits.take(OTHER, at=1.0)


def test_what_was_let_out_costs_nothing() -> None:
    credits = Credits()
    for _ in range(BURST * 10):
        assert credits.take(GADGET, at=0.0)
        credits.give_back(GADGET, at=0.0)
    credits.give_back(GADGET, at=0.0)
    assert taken(credits, 1000, at=0.0) == BURST


def test_a_clock_that_stands_still_or_goes_back_gives_nothing() -> None:
    credits = Credits()
    taken(credits, BURST, at=100.0)
    assert not credits.take(GADGET, at=1.0)
    assert not credits.take(GADGET, at=100.0)


def test_memory_is_bounded() -> None:
    credits = Credits()
    taken(credits, BURST, at=0.0)
    for number in range(MAX_DEVICES):
        credits.take(f"device {number}", at=1.0)
    assert len(credits._accounts) == MAX_DEVICES
    assert credits.take(GADGET, at=1.0)


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=300))
def test_never_more_than_the_burst_and_the_refill(steps: list[tuple[float, bool]]) -> None:
    credits, now, passed = Credits(), 0.0, 0
    for pause, back in steps:
        now += pause
        if credits.take(GADGET, at=now):
            passed += 1
            if back:
                credits.give_back(GADGET, at=now)
                passed -= 1
    assert passed <= BURST + now / REFILL_S + 1e-6
