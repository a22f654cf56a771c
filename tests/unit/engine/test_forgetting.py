"""What is to be forgotten: counted down, taken back, held up by the files, kept over a restart."""

import pytest

from gateway.engine.forgetting import MAX_FORGETTINGS, PATIENCE_S, Forgettings
from gateway.model.device import Mac
from gateway.model.event import Now

BELL, YARD = Mac("02:00:5e:10:00:01"), Mac("02:00:5e:10:00:02")


def now(mono: float) -> Now:
    return Now(mono, 1_795_345_200.0 + mono)


def begun(seconds: float = 30.0) -> Forgettings:
    table = Forgettings()
    table.begin(BELL, ("hall-bell",), seconds, now(100.0))
    return table


def nobody(mac: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("at", "named", "due", "kept"),
    [
        pytest.param(129.9, False, 0, 0, id="it can still be taken back"),
        pytest.param(130.0, False, 1, 0, id="its time has come"),
        pytest.param(130.0, True, 0, 0, id="a file names it, and may be compiled only now"),
        pytest.param(130.0 + PATIENCE_S, True, 0, 1, id="a file names it all the same"),
        pytest.param(129.9, True, 0, 0, id="a file names it, and there is time"),
    ],
)
def test_when_it_is_due(at: float, named: bool, due: int, kept: int) -> None:
    table = begun()
    found = table.due(lambda mac: named, now(at))
    assert (len(found[0]), len(found[1])) == (due, kept)
    assert (table.get(BELL) is None) is bool(kept)


def test_it_is_kept_if_somebody_says_so_in_time() -> None:
    table = begun()
    assert table.keep(BELL) and not table.keep(BELL) and not table.keep(YARD)
    assert table.due(nobody, now(500.0)) == ([], [])
    table = begun()
    table.erase(BELL, 7)
    assert not table.keep(BELL), "that is too late"
    assert table.due(nobody, now(500.0)) == ([], []), "once is enough"
    assert table.done(BELL) and not table.done(BELL)


def test_wanted_again_it_is_counted_anew_and_keeps_all_its_names() -> None:
    table = begun()
    again = table.begin(BELL, (BELL, "hall-bell"), 5.0, now(120.0))
    assert (again.until, again.names) == (125.0, ("hall-bell", BELL))
    table.erase(BELL, 7)
    assert table.begin(BELL, ("x",), 5.0, now(120.0)).last == 7, "what is under way is not begun anew"


def test_there_are_not_any_number_of_them() -> None:
    table = Forgettings()
    for number in range(MAX_FORGETTINGS):
        table.begin(Mac(f"02:00:5e:10:01:{number:02x}"), (), 30.0, now(0.0))
    with pytest.raises(ValueError, match="already"):
        table.begin(BELL, (), 30.0, now(0.0))
    assert len(table) == MAX_FORGETTINGS == len(list(table))


@pytest.mark.parametrize(
    ("mono", "left_s"), [(110.0, 20.0), (5.0, 30.0), (900.0, -770.0)], ids=["later", "a new machine", "late"]
)
def test_a_restart_goes_on(mono: float, left_s: float) -> None:
    table = begun()
    table.begin(YARD, ("yard",), 10.0, now(100.0))
    table.erase(YARD, 9)
    fresh = Forgettings()
    fresh.restore(table.dump(now(100.0)), now(mono))
    bell, yard = fresh.get(BELL), fresh.get(YARD)
    assert bell is not None and yard is not None
    assert (bell.names, bell.until - mono, yard.last) == (("hall-bell",), left_s, 9)
