"""Numbers of devices: which are free, and which marks say nothing about their holders."""

import pytest

from gateway.engine.number import LAST, Numbers
from gateway.model.mark import EPOCHS, Mark


def mark(number: int, epoch: int) -> Mark:
    return Mark(number, epoch, 1, 1)


def test_the_lowest_free_number_comes_first() -> None:
    numbers = Numbers()
    assert numbers.free((), fresh=True) == numbers.free((), fresh=False) == 1
    assert numbers.free({1, 2, 4}, fresh=True) == 3


def test_what_was_had_before_is_for_those_who_may_have_it() -> None:
    numbers = Numbers()
    numbers.pass_on([1, 7], epoch=5)
    assert numbers.free({2}, fresh=True) == 3
    assert numbers.free({1}, fresh=False) == 7
    assert numbers.free({1, 7}, fresh=False) == 2
    assert numbers.free(set(range(1, LAST + 1)) - {7}, fresh=True) == 7, "better than none"
    with pytest.raises(ValueError):
        numbers.free(range(1, LAST + 1), fresh=True)


@pytest.mark.parametrize(
    ("since", "of", "now", "means"),
    [
        pytest.param(5, 4, 6, False, id="before"),
        pytest.param(5, 5, 6, True, id="from-then-on"),
        pytest.param(5, 6, 6, True, id="now"),
        pytest.param(EPOCHS - 1, EPOCHS - 2, 2, False, id="before-the-count-began-anew"),
        pytest.param(EPOCHS - 1, EPOCHS - 1, 2, True, id="then-before-the-count-began-anew"),
        pytest.param(EPOCHS - 1, 1, 2, True, id="after-the-count-began-anew"),
        pytest.param(5, 0, 6, False, id="no-epoch"),
    ],
)
def test_a_mark_of_before_says_nothing_about_whoever_has_its_number_now(since: int, of: int, now: int, means: bool) -> None:
    numbers = Numbers()
    numbers.pass_on([3], epoch=since)
    assert numbers.means_its_holder(mark(3, of), now) is means
    assert numbers.means_its_holder(mark(4, of), now), "a number that always had the same holder"


def test_dump_and_restore() -> None:
    numbers, again = Numbers(), Numbers()
    numbers.pass_on([3, 9], epoch=17)
    again.restore(numbers.dump())
    assert again.dump() == numbers.dump() == {"3": 17, "9": 17}
    assert not again.means_its_holder(mark(9, 16), 18)
