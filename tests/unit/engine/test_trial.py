"""Rules on trial: what a device suffers from, and what becomes of the rule."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.engine.habit import Habit
from gateway.engine.manner import Manner
from gateway.engine.trial import MANY_RESTARTS, Standing, Trial, Trials, _span
from gateway.model.action import Action
from gateway.model.command import LoadRuleset, Publish, SaveState
from gateway.model.control import Request
from gateway.model.device import Device
from gateway.model.event import Asked, LeaseGiven, Now, PolicyChanged, Ticked
from gateway.model.policy import DevicePolicy, Level, Policy, Rule, RuleRef
from gateway.model.purpose import Purpose
from gateway.policy.ruling import entry_for
from tests.support.home import NOON, Watched
from tests.support.home import policy as home_policy
from tests.support.packets import BELL as HOME_BELL
from tests.support.packets import HOME
from tests.unit.engine.test_habit import BELL, WALL, flow

WINDOW_S = 600.0
UNKNOWN = Habit()
DAY_S = 86_400.0
DEVICE = Device(mac=BELL, id="bell", profile="bell")
RULE = Rule(action=Action.BLOCK, ref=RuleRef(file="household.yaml", line=8), trial_s=3 * DAY_S)
MILD = Rule(action=Action.ALLOW, ref=RuleRef(file="profiles/bell.yaml", line=3))


def policy(rule: Rule = RULE) -> Policy:
    levels = (Level(rules={Purpose.TELEMETRY: rule}), Level(rules={Purpose.TELEMETRY: MILD}))
    return Policy(digest="x", devices={BELL: DevicePolicy(device=DEVICE, levels=levels)})


class Life:
    """A device, a rule on trial, and the clock."""

    def __init__(self, habit: Habit = UNKNOWN, *, rule: Rule = RULE) -> None:
        self.trials, self.mono = Trials(window_s=WINDOW_S), 1_000.0
        self.policy = policy(rule)
        assert self.trials.meet(self.policy, [DEVICE], [], self.now)
        (self.trial,) = self.trials
        self.trial.before = habit
        self.trial.begin(self.now)
        self.trials.tick(self.now)

    @property
    def now(self) -> Now:
        return Now(self.mono, WALL + self.mono)

    def go_on(self, seconds: float, *, live: Callable[["Life"], None] = lambda _: None, every_s: float = 60.0) -> Trial:
        """Time goes by: the device lives once in ``every_s``."""
        end = self.mono + seconds
        while self.mono < end:
            live(self)
            self.mono += every_s
            self.trials.tick(self.now)
        return self.trial

    def call(self, tries: int, *, purpose: str = "telemetry", effect: str = "refuse", name: str = "m.example.com") -> None:
        for _ in range(tries):
            self.trials.hear(flow(0, name=name, purpose=purpose, effect=effect), None)

    def speak(self, name: str) -> None:
        """More in a connection that has been open all the time."""
        before = flow(0, name=name, purpose="control", effect="pass", bytes_toserver=10)
        self.trials.hear(before._replace(bytes_toserver=20), before)


LIVES: dict[str, tuple[Habit, Callable[[Life], None], str]] = {
    "is content": (Habit(), lambda life: life.call(2), ""),
    "is silent": (Habit(), lambda life: None, ""),
    "tries again and again": (Habit(), lambda life: life.call(11), "tried what it may not 11 times a minute"),
    "always tried as often": (Habit(retries=11.0), lambda life: life.call(11), ""),
    "tries far more than before": (Habit(retries=2.0), lambda life: life.call(11), "(2.0 before)"),
    "reconnects": (
        Habit(reconnects=1.0),
        lambda life: life.call(12, purpose="control", effect="pass"),
        "opened 12 other connections a minute (1.0 before)",
    ),
    "is busy, and nobody knows whether it always was": (
        Habit(),
        lambda life: life.call(99, purpose="control", effect="pass"),
        "",
    ),
    "is refused something else": (Habit(), lambda life: life.call(99, purpose="advertising"), ""),
    "loses its heartbeat": (Habit(beats={"beat.example.com": 300.0}), lambda life: None, "has not called beat.example.com"),
    "keeps its heartbeat": (
        Habit(beats={"beat.example.com": 300.0}),
        lambda life: life.call(1, purpose="control", effect="pass", name="beat.example.com"),
        "",
    ),
    "restarts": (Habit(), lambda life: life.trials.restarted(BELL, life.now, manner=None), "restarted 2 times"),
    "restarts because of a manner": (
        Habit(),
        lambda life: life.trials.restarted(BELL, life.now, manner=Manner.SILENCE),
        "",
    ),
    "knocks where names lead it": (
        Habit(),
        lambda life: life.trials.knocked(BELL, 11),
        "tried what it may not 11 times a minute",
    ),
    "goes on speaking": (Habit(beats={"beat.example.com": 300.0}), lambda life: life.speak("beat.example.com"), ""),
}
"""What it did before, what it does every minute -> the note's words, if it suffers."""


@pytest.mark.parametrize("name", LIVES)
def test_what_suffering_is(name: str) -> None:
    habit, live, says = LIVES[name]
    life = Life(habit)
    trial = life.go_on(3_600.0, live=live)
    assert trial.standing is (Standing.TAKEN_BACK if says else Standing.ON_TRIAL)
    assert says in trial.note and bool(trial.note) is bool(says)
    effective = life.trials.without_taken_back(life.policy, {BELL: DEVICE})
    assert entry_for(effective, DEVICE).table[Purpose.TELEMETRY][0] is (MILD if says else RULE)


@pytest.mark.parametrize(
    "manners, suffers",
    [
        ((Manner.SILENCE, Manner.SILENCE, Manner.SILENCE), False),
        ((None, Manner.SILENCE), False),
        ((None, Manner.SILENCE, Manner.SILENCE), True),
        ((Manner.SILENCE, Manner.SILENCE, Manner.NO_NAME), True),
        ((None, Manner.REFUSAL), True),
    ],
    ids=str,
)
def test_a_restart_that_is_not_the_manners_throws_light_on_the_others(
    manners: tuple[Manner | None, ...], suffers: bool
) -> None:
    life = Life()
    for manner in manners:
        life.trials.restarted(BELL, life.now, manner=manner)
        life.go_on(60.0)
    assert (life.trial.standing is Standing.TAKEN_BACK) is suffers


def test_restarts_that_lie_apart_are_the_households_own() -> None:
    life = Life()
    for _ in range(5):
        life.trials.restarted(BELL, life.now, manner=None)
        life.go_on(3_700.0)
    assert life.trial.standing is Standing.ON_TRIAL


def test_who_does_not_suffer_keeps_the_rule_and_a_note() -> None:
    life = Life()
    life.call(3)
    trial = life.go_on(3 * DAY_S + 60, every_s=60.0)
    assert (trial.standing, trial.stopped) == (Standing.STAYS, 3)
    assert (
        trial.note
        == "block for telemetry (household.yaml:8) was on trial for 3 d and stays: no harm was seen, it stopped 3 tries"
    )
    assert life.trials.without_taken_back(life.policy, {BELL: DEVICE}) is life.policy
    assert not life.trials.meet(life.policy, [DEVICE], [], life.now)


def test_nothing_to_stop_is_said() -> None:
    assert "there was nothing to stop" in Life(rule=replace(RULE, trial_s=60.0)).go_on(120.0).note


@pytest.mark.parametrize("jump_s", [-4e8, 0.0, 4e8])
def test_a_wall_clock_that_jumps_changes_no_trial(jump_s: float) -> None:
    trials = Trials(window_s=WINDOW_S)
    trials.meet(policy(), [DEVICE], [], Now(0.0, WALL))
    for mono, wall in ((0.0, WALL), (DAY_S, WALL + jump_s)):
        trials.tick(Now(mono, wall))
    assert [trial.remaining_s for trial in trials] == [2 * DAY_S]


def restored(trials: Trials, now: Now, *, later: Now) -> Trials:
    again = Trials(window_s=WINDOW_S)
    again.restore(json.loads(json.dumps(trials.dump(now))), later)
    return again


@pytest.mark.parametrize(
    "later, remaining_s",
    [(1_000.0 + DAY_S, 2 * DAY_S), (5.0, 3 * DAY_S)],
    ids=["the gateway was away", "the machine began anew"],
)
def test_a_trial_goes_on_after_a_restart(later: float, remaining_s: float) -> None:
    life = Life(Habit(retries=1.0, beats={"beat.example.com": 300.0}))
    life.call(2)
    (trial,) = restored(life.trials, life.now, later=Now(later, WALL))
    assert (trial.remaining_s, trial.stopped, trial.before) == (remaining_s, 2, life.trial.before)
    assert trial.heard == {"beat.example.com": later}


def test_what_was_taken_back_stays_so_over_restarts_and_reloads() -> None:
    life = Life()
    life.go_on(120.0, live=lambda life: life.trials.restarted(BELL, life.now, manner=None))
    again = restored(life.trials, life.now, later=Now(7.0, WALL))
    moved = policy(replace(RULE, ref=RuleRef(file="household.yaml", line=99)))
    again.forget(moved, {BELL: DEVICE})
    assert entry_for(again.without_taken_back(moved, {}), DEVICE).table[Purpose.TELEMETRY][0] == MILD
    assert not again.meet(again.without_taken_back(moved, {BELL: DEVICE}), [DEVICE], [], life.now)


@pytest.mark.parametrize("other", [MILD, replace(RULE, trial_s=4 * DAY_S), replace(RULE, action=Action.DROP)])
def test_another_rule_is_tried_anew(other: Rule) -> None:
    life = Life()
    life.go_on(120.0, live=lambda life: life.trials.restarted(BELL, life.now, manner=None))
    life.trials.forget(policy(other), {BELL: DEVICE})
    assert list(life.trials) == []
    assert life.trials.meet(policy(other), [DEVICE], [], life.now) is bool(other.trial_s)


def test_trusted_devices_and_strangers_have_no_trials() -> None:
    trials = Trials(window_s=WINDOW_S)
    assert not trials.meet(policy(), [replace(DEVICE, trusted=True)], [], Now(0.0, WALL))
    life = Life()
    life.trials.forget(Policy(digest="y"), {})
    assert list(life.trials) == []


@pytest.mark.parametrize(
    "seconds, text", [(0, "0 s"), (1.5, "1.5 s"), (119, "119 s"), (600, "10 min"), (7_200, "2 h"), (259_200, "3 d")]
)
def test_spans(seconds: float, text: str) -> None:
    assert _span(seconds) == text


def tried_at_home() -> tuple[Watched, Policy]:
    """The home's bell, with a rule on trial that its own level has."""
    known = home_policy()
    entry = known.devices[HOME_BELL]
    levels = (Level(rules={Purpose.CDN: RULE}), *entry.levels)
    tried = replace(known, digest="tried", devices={**known.devices, HOME_BELL: replace(entry, levels=levels)})
    home = Watched(policy=tried)
    home.do(LeaseGiven(mac=HOME_BELL, address=HOME, hostname="", vendor_class=""))
    home.do(Ticked())
    return home, tried


def test_in_the_engine_it_is_taken_back_at_once_told_and_kept() -> None:
    home, tried = tried_at_home()
    epoch = home.engine.epoch
    for _ in range(MANY_RESTARTS):
        home.wait(30)
        home.do(LeaseGiven(mac=HOME_BELL, address=HOME, hostname="", vendor_class="", restarted=True))
    commands = home.do(Ticked())
    assert home.engine.epoch == epoch + 1 and any(isinstance(command, LoadRuleset) for command in commands)
    told = [command.data for command in commands if isinstance(command, Publish) and command.kind == "problem"]
    assert "front-door: block for cdn (household.yaml:8) was taken back" in str(told)
    state = home.engine._state
    assert entry_for(state.policy, state.roster.describe(HOME_BELL)).table[Purpose.CDN][0] != RULE
    saved = next(command.state for command in commands if isinstance(command, SaveState))
    successor = Watched(policy=tried)
    successor.engine.start(json.loads(json.dumps(saved)), Now(1.0, NOON))
    successor.do(PolicyChanged(policy=replace(tried, digest="the same rule, somewhere else")))
    successor.do(Ticked())
    (reply,) = successor.do(Asked(request=Request(id=1, do="status", args={}), client=1))
    (view,) = reply.response.data["trials"]  # type: ignore[union-attr]
    assert (view["standing"], view["device"]) == ("taken back", "front-door")


def test_in_the_engine_one_that_stays_is_told_too() -> None:
    home, _ = tried_at_home()
    home.wait(3 * DAY_S + 1)
    told = [command.data for command in home.do(Ticked()) if isinstance(command, Publish) and command.kind == "trial"]
    assert [data["standing"] for data in told if isinstance(data, dict)] == ["stays"]
