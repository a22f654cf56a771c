"""Plain HTTP that is answered in the internet's place."""

from dataclasses import replace

import pytest

from gateway.engine import Engine
from gateway.engine.answered import MAX_TOLD, PAUSE_S, SHARED, TOLD_S, Answered
from gateway.model.action import Effect
from gateway.model.command import AnswerHere, Command, LoadRuleset
from gateway.model.control import Request
from gateway.model.decision import Decision
from gateway.model.event import Asked, PolicyChanged, Ticked
from gateway.model.packet import TCP, FlowKey
from gateway.model.policy import Policy, RuleRef
from gateway.model.purpose import Purpose
from tests.support.home import Watched, policy
from tests.support.packets import BELL, CLOUD, HOME, OTHER_CLOUD, syn

KEY = FlowKey(TCP, HOME, 40_000, CLOUD, 80)
REDIRECTED = Decision(
    action="answer", effect=Effect.REDIRECT, purpose=Purpose.CONNECTIVITY_CHECK, rule=RuleRef(file="a.yaml"), reason="answered"
)


class Told(Watched):
    """A home in which addresses are told directly."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.answered = Answered(self.engine._state)
        member, _ = self.engine._state.member(BELL, self.now)
        assert member is not None
        self.member = member
        for name in names:
            self.engine._state.bindings.add(BELL, (CLOUD,), name, at=self.mono)

    def tell(self, *addresses: bytes) -> list[object]:
        return list(self.answered.tell(self.member, HOME, addresses, self.now))


def test_every_name_has_to_be_answered() -> None:
    assert Told("check.example.com").tell(CLOUD, OTHER_CLOUD) == [AnswerHere(BELL, CLOUD)]
    assert Told("check.example.com", "metrics.example.com").tell(CLOUD) == [AnswerHere(BELL, CLOUD, here=False)]
    assert Told("metrics.example.com").tell(CLOUD) == []
    assert Told().tell(CLOUD) == []


def test_it_stands_in_one_line() -> None:
    home = Told("check.example.com")
    for _ in range(3):
        home.tell(CLOUD)
        home.wait(PAUSE_S)
    [flow] = set(home.engine._state.unreported)
    assert flow.decision is not None
    assert (flow.attempts, flow.key, flow.decision.effect) == (3, FlowKey(TCP, HOME, 0, CLOUD, 80), "redirect")
    home.wait(1.0)
    home.answered.forget(home.now)
    home.tell(CLOUD)
    assert home.engine._state.unreported[-1].attempts == 1


def allowing(known: Policy) -> Policy:
    """A policy under which the bell's checks go the ordinary way."""
    entry = known.devices[BELL]
    return replace(known, digest="another", devices={**known.devices, BELL: replace(entry, levels=entry.levels[-1:])})


def told(commands: list[Command]) -> list[AnswerHere]:
    """What the kernel is told."""
    return [command for command in commands if isinstance(command, AnswerHere)]


def answering() -> Watched:
    """A home that answers the bell's checks."""
    home = Watched()
    home.see(syn())
    assert told(home.do(Ticked())) == [], "a load for the newcomer, and nothing to be told"
    home.bind("check.example.com")
    return home


def test_what_the_kernel_forgot_with_the_last_ruleset_is_told_again_once() -> None:
    home = answering()
    home.engine._state.stale_ruleset = True
    commands = home.do(Ticked())
    assert [type(command) for command in commands[:1]] == [LoadRuleset] and told(commands) == [AnswerHere(BELL, CLOUD)]
    assert home.engine._state.unreported == [], "nobody did anything"
    assert told(home.do(Ticked())) == []


def test_a_new_policy_takes_back_what_it_does_not_answer() -> None:
    home = answering()
    assert told(home.do(PolicyChanged(policy=allowing(policy())))) == [AnswerHere(BELL, CLOUD, here=False)]
    assert told(home.do(PolicyChanged(policy=policy()))) == [], "it is asked for first"


def test_so_does_one_that_knows_no_reply_any_more() -> None:
    home = answering()
    without = replace(policy(), digest="another", catalogue=replace(policy().catalogue, replies={}))
    assert told(home.do(PolicyChanged(policy=without))) == [AnswerHere(BELL, CLOUD, here=False)]


def test_and_the_end_of_a_pause_or_of_whatever_else_began_an_epoch() -> None:
    home = answering()
    home.do(Asked(request=Request(id=1, do="pause", args={"device": "front-door", "seconds": 60}), client=1))
    home.wait(61)
    assert [command.here for command in told(home.do(Ticked()))] == [True]


@pytest.mark.parametrize(
    ("pause_s", "known", "expected"),
    [
        pytest.param(10.0, policy(), [True], id="goes-on"),
        pytest.param(10.0, allowing(policy()), [False], id="under-another-policy"),
        pytest.param(TOLD_S + 1.0, policy(), [], id="long-ago"),
    ],
)
def test_what_an_earlier_life_told_is_judged_anew(pause_s: float, known: Policy, expected: list[bool]) -> None:
    home = answering()
    home.wait(pause_s)
    (saved,) = home.engine.stop(home.now)
    successor = Engine(known, epoch=home.engine.epoch)
    commands = successor.start(saved.state, home.now)  # type: ignore[union-attr]
    assert isinstance(commands[0], LoadRuleset), "it forgets what was told"
    assert [command.here for command in told(commands)] == expected
    assert told(successor.handle(Ticked(), home.now)) == []


def test_the_kernel_forgets_by_itself_after_an_hour() -> None:
    home = answering()
    home.wait(TOLD_S)
    home.do(Ticked())
    home.engine._state.stale_ruleset = True
    assert told(home.do(Ticked())) == []


def test_memory_is_bounded() -> None:
    home = Told()
    for number in range(MAX_TOLD + 5):
        home.answered._tell(BELL, number.to_bytes(4), True, home.now)
    assert len(home.answered._told) == MAX_TOLD


def test_a_flow_that_comes_through_is_refused_so_that_the_next_one_is_turned_round() -> None:
    home = Told("check.example.com")
    assert home.answered.answer_or_pass(home.member, KEY, REDIRECTED, home.now) == (REDIRECTED, [AnswerHere(BELL, CLOUD)])


def test_where_the_address_is_shared_it_passes() -> None:
    home = Told("check.example.com", "bell.example.com")
    decision, commands = home.answered.answer_or_pass(home.member, KEY, REDIRECTED, home.now)
    assert (decision.effect, decision.reason) == ("pass", f"answered; {SHARED}")
    assert commands == [AnswerHere(BELL, CLOUD, here=False)]


def test_reports_do_not_pass_even_there() -> None:
    home = Told("check.example.com", "bell.example.com")
    reports = replace(REDIRECTED, purpose=Purpose.TELEMETRY)
    assert home.answered.answer_or_pass(home.member, KEY, reports, home.now)[0] == reports


def test_where_no_name_was_ever_told_it_passes() -> None:
    home = Told()
    decision, commands = home.answered.answer_or_pass(home.member, KEY, REDIRECTED, home.now)
    assert (decision.effect, commands) == ("pass", [])
