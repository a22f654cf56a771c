"""Which bytes a flow is judged by."""

import pytest

from gateway.engine.counted import WHOLE, Counted, Counts
from gateway.model.assessment import Assessment, Evidence
from gateway.model.purpose import Purpose


def read(*totals: tuple[int, int]) -> Counts:
    """The bytes to judge by after these readings of the counters."""
    counted, before = WHOLE, Counts(0, 0)
    for total in (Counts(*total) for total in totals):
        counted, before = counted.grow(before, total), total
    return counted.weigh(before)


READINGS = [
    pytest.param([], (0, 0), id="nothing"),
    pytest.param([(900, 4_000)], (900, 4_000), id="a handshake"),
    pytest.param([(900, 4_000), (70_900, 4_500)], (70_900, 4_500), id="an upload, and no more"),
    pytest.param([(20_000, 900_000), (90_000, 902_000)], (70_000, 2_000), id="an upload after a download"),
    pytest.param([(20_000, 900_000), (35_000, 902_000)], (35_000, 902_000), id="less than the first look"),
    pytest.param([(20_000, 900_000), (40_000, 901_000), (90_000, 902_000)], (70_000, 2_000), id="in two readings"),
    pytest.param([(20_000, 900_000), (60_000, 901_000), (60_100, 950_000)], (60_100, 950_000), id="a download after it"),
    pytest.param([(20_000, 900_000), (60_000, 960_000)], (60_000, 960_000), id="both at once"),
    pytest.param([(200_000, 900), (200_100, 9_000)], (200_100, 9_000), id="as a whole it stays an upload"),
]


@pytest.mark.parametrize(("totals", "wanted"), READINGS)
def test_an_upload_is_not_hidden_by_what_came_before(totals: list[tuple[int, int]], wanted: tuple[int, int]) -> None:
    assert read(*totals) == wanted


def judged(counted: Counted, purpose: Purpose, sent: int, received: int) -> Counted:
    return counted.judged(Evidence(bytes_out=sent, bytes_in=received), Assessment(purpose=purpose))


def test_what_told_of_pictures_goes_on_to_count() -> None:
    found = judged(WHOLE, Purpose.VIDEO, 70_000, 900)
    assert found.weigh(Counts(70_500, 900_000)) == Counts(70_000, 900)


@pytest.mark.parametrize("purpose", [Purpose.CONTROL, Purpose.CDN])
def test_what_is_something_else_under_another_policy_is_counted_as_a_whole(purpose: Purpose) -> None:
    found = judged(judged(WHOLE, Purpose.VIDEO, 70_000, 900), purpose, 70_000, 900)
    assert found.weigh(Counts(70_500, 900_000)) == Counts(70_500, 900_000)


def test_a_name_alone_fixes_no_bytes() -> None:
    assert judged(WHOLE, Purpose.VIDEO, 0, 0) is WHOLE
