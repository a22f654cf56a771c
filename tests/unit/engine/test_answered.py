"""Plain HTTP that is answered in the internet's place."""

from dataclasses import replace

from gateway.engine.answered import PAUSE_S, SHARED, Answered
from gateway.model.action import Effect
from gateway.model.command import AnswerHere
from gateway.model.decision import Decision
from gateway.model.event import PolicyChanged
from gateway.model.packet import TCP, FlowKey
from gateway.model.policy import RuleRef
from gateway.model.purpose import Purpose
from tests.support.home import Watched
from tests.support.packets import BELL, CLOUD, HOME, OTHER_CLOUD

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


def test_a_new_policy_takes_back_what_it_does_not_answer() -> None:
    home = Told("check.example.com")
    state = home.engine._state
    assert home.answered.take_back(home.now) == []
    assert state.unreported == [], "nobody did anything"
    entry = state.policy.devices[BELL]
    allowed = replace(entry, levels=entry.levels[-1:])
    state.policy = replace(state.policy, devices={**state.policy.devices, BELL: allowed})
    assert home.answered.take_back(home.now) == [AnswerHere(BELL, CLOUD, here=False)]
    event = PolicyChanged(policy=replace(state.policy, digest="another"))
    assert [command for command in home.do(event) if isinstance(command, AnswerHere)] == [AnswerHere(BELL, CLOUD, here=False)]


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
