from gateway.lab.behaviour import load_behaviours
from gateway.lab.life import FIRST_S, HURRY, plan


def test_everything_scheduled_comes_soon_and_once() -> None:
    behaviours = load_behaviours()
    first = plan(behaviours)
    wanted = {(name, trigger) for name, one in behaviours.items() for trigger in one.schedule}
    assert {(name, trigger) for _, name, trigger in first} == wanted
    for at, name, trigger in first:
        assert 0 < at <= FIRST_S + behaviours[name].schedule[trigger] / HURRY


def test_the_same_seed_is_the_same_day() -> None:
    behaviours = load_behaviours()
    assert plan(behaviours, seed=3) == plan(behaviours, seed=3) != plan(behaviours, seed=4)
