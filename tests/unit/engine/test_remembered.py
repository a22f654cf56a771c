"""What the kernel refuses by itself: a few hundred destinations of each device."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.remembered import KEPT_S, MAX_DESTINATIONS, Destination, Remembered
from gateway.model.device import Mac
from gateway.model.event import Now
from gateway.ruleset.budget import NEWCOMERS

NAMED = Mac("02:00:5e:10:00:01")


def of_home() -> Remembered:
    return Remembered(lambda device: device == NAMED)


def place(number: int, mac: Mac = NAMED, *, port: int = 443) -> Destination:
    return Destination(mac, number.to_bytes(4), 6, port)


def now(at: float) -> Now:
    return Now(at, 0.0)


def kept(found: Remembered, mac: Mac, count: int, *, at: float = 0.0) -> int:
    return sum(found.add(place(number, mac), now(at)) for number in range(count))


def test_a_device_has_so_many_places() -> None:
    found = of_home()
    assert kept(found, NAMED, 1_000) == MAX_DESTINATIONS
    assert found.add(place(3), now(0.0)), "this one has its place"
    assert not found.add(place(3, port=80), now(0.0))


def test_a_place_is_free_again_once_the_kernel_has_forgotten() -> None:
    found = of_home()
    kept(found, NAMED, MAX_DESTINATIONS)
    assert found.add(place(3), now(KEPT_S - 1.0)), "from now on for as long again"
    assert kept(found, NAMED, 1_000, at=KEPT_S - 0.1) == MAX_DESTINATIONS
    assert kept(found, NAMED, 1_000, at=3 * KEPT_S) == MAX_DESTINATIONS


def test_what_is_forgotten_is_told_once_and_leaves_room() -> None:
    found = of_home()
    found.add(place(3), now(0.0))
    found.add(place(3, port=80), now(0.0))
    kept(found, NAMED, MAX_DESTINATIONS)
    assert set(found.forget(NAMED, [place(3).address, b"?"])) == {place(3), place(3, port=80)}
    assert found.forget(NAMED, [place(3).address]) == []
    assert [found.add(place(number), now(0.0)) for number in (5_000, 5_001, 5_002)] == [True, True, False]


def test_others_keep_what_is_theirs() -> None:
    found = of_home()
    found.add(place(3, Mac("a")), now(0.0))
    found.add(place(3, Mac("b")), now(0.0))
    assert found.forget(Mac("a"), [place(3).address]) == [place(3, Mac("a"))]
    assert found.forget(Mac("b"), [place(3).address]) == [place(3, Mac("b"))]


def test_a_new_hardware_address_for_every_try_gains_a_few_devices_worth() -> None:
    found = of_home()
    assert sum(kept(found, Mac(str(number)), 300) for number in range(64)) == NEWCOMERS * MAX_DESTINATIONS
    assert kept(found, NAMED, 300) == MAX_DESTINATIONS, "whom a file names has its own"


@given(
    st.lists(
        st.tuples(st.floats(0.0, 20.0), st.sampled_from([NAMED, *map(Mac, "abcdefghij")]), st.integers(0, 400)), max_size=40
    )
)
def test_the_kernels_sets_never_hold_more_than_is_stated(steps: list[tuple[float, Mac, int]]) -> None:
    """``until`` is the kernel's memory: it forgets each element half a minute after it was told last."""
    found, at, until = of_home(), 0.0, dict[Destination, float]()
    for number, (pause, mac, count) in enumerate(steps):
        at += pause
        until |= {one: at + KEPT_S for one in (place(number % 7 + i, mac) for i in range(count)) if found.add(one, now(at))}
        alive = [one for one, end in until.items() if end > at]
        assert sum(one.mac == NAMED for one in alive) <= MAX_DESTINATIONS
        assert sum(one.mac != NAMED for one in alive) <= NEWCOMERS * MAX_DESTINATIONS
