"""One line for all tries of the same thing."""

from gateway.engine.line import MAX_LINES, Lines
from gateway.model.action import Action, Effect
from gateway.model.assessment import Assessment, Evidence
from gateway.model.decision import Decision
from gateway.model.event import Now
from gateway.model.facts import Facts
from gateway.model.packet import FlowKey
from gateway.model.policy import RuleRef
from gateway.model.purpose import Purpose
from tests.support.home import Watched
from tests.support.packets import BELL

FACTS = Facts(app_proto="ntp")
EVIDENCE = Evidence(facts=FACTS)
KEY = FlowKey(17, bytes(4), 40_000, bytes((1, 2, 3, 4)), 123)
ASSESSMENT = Assessment(purpose=Purpose.TIME)
DECISION = Decision(
    action=Action.ANSWER, effect=Effect.REDIRECT, purpose=Purpose.TIME, rule=RuleRef(file="built-in"), reason="for a test"
)


class Counting:
    """Lines of one device, and a clock."""

    def __init__(self, **spans: float) -> None:
        self.state = Watched().engine._state
        self.lines = Lines(self.state, **{"pause_s": 60.0, **spans})
        member, _ = self.state.member(BELL, Now(0.0, 0.0))
        assert member is not None
        self.member = member

    def count(self, *what: str, at: float = 0.0, refused: int = 0) -> tuple[int, int, int]:
        """One more try; the line's id, its tries, its refused bytes."""
        judged = ASSESSMENT, DECISION
        self.lines.count(
            self.member, what, judged, Now(at, at), key=KEY, facts=FACTS, evidence=EVIDENCE, refused_bytes=refused
        )
        flow = self.state.unreported[-1]
        assert flow.evidence is EVIDENCE
        return flow.id, flow.attempts, flow.refused_bytes


def test_the_same_thing_is_one_line() -> None:
    home = Counting()
    first = home.count("a", refused=10)
    assert (first[1:], home.count("a", at=59.0, refused=5)) == ((1, 10), (first[0], 2, 15))
    assert home.count("b")[0] != first[0]


def test_a_pause_ends_a_line() -> None:
    home = Counting()
    first = home.count("a")
    assert home.count("a", at=61.0)[:2] == (first[0] + 1, 1)


def test_a_line_ends_although_the_tries_go_on() -> None:
    home = Counting(longest_s=100.0)
    ids = [home.count("a", at=at)[0] for at in (0.0, 50.0, 100.0, 101.0, 150.0)]
    assert ids == [ids[0]] * 3 + [ids[0] + 1] * 2


def test_memory_is_bounded_and_given_back() -> None:
    home = Counting()
    for number in range(MAX_LINES + 10):
        home.count(str(number))
    assert len(home.lines._open) == MAX_LINES
    assert home.count("0")[1] == 1
    home.lines.forget(Now(61.0, 61.0))
    assert len(home.lines._open) == 0
