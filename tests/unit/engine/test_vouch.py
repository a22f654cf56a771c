"""Given what our resolver told whom, and what a hello says: what it is judged by."""

from dataclasses import dataclass, field, replace
from itertools import count

import pytest

from gateway.engine.binding import KEPT_S
from gateway.engine.flow import Flow
from gateway.engine.state import State
from gateway.engine.vouch import (
    ANSWER_KEPT_S,
    MAX_ANSWERS,
    MAX_ASKERS,
    MAX_REFUSED,
    MAX_RIVALS,
    QUESTIONS_PER_MINUTE,
    REFUSED_KEPT_S,
    SILENCE_KEPT_S,
    Claim,
    Judged,
    Standing,
    Vouch,
    rivals,
    standing,
    strictest,
)
from gateway.engine.waiting import MAX_NAMES, MAX_WAIT_S, Waiter
from gateway.model.action import Action, Effect
from gateway.model.assessment import Assessment, Evidence
from gateway.model.command import ResolveName
from gateway.model.decision import Decision
from gateway.model.event import Hook, NameResolved, Now, PacketSeen
from gateway.model.facts import Facts
from gateway.model.name import Name, NameSource
from gateway.model.packet import TCP, FlowKey
from gateway.model.policy import Exemption, Level, RuleRef, Target
from gateway.model.purpose import Purpose
from tests.support.home import NOON, policy
from tests.support.packets import BELL, CLOUD, HOME, OTHER_CLOUD, PHONE, tcp

GOOD, BAD, ODD = "bell.example.com", "metrics.example.com", "odd.example.net"
EVENT = PacketSeen(tcp(b"hello"), Hook.FORWARD, BELL)
NEIGHBOUR = "02:00:5e:10:00:77"


def last_two_labels(name: str) -> str:
    return ".".join(name.split(".")[-2:])


@dataclass
class Scene:
    """One device, and what flows of it are taken for."""

    state: State = field(default_factory=lambda: State(policy(), epoch=1, first_id=0))
    mono: float = 1_000.0
    ids: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.vouch = Vouch(self.state)

    @property
    def now(self) -> Now:
        return Now(self.mono, NOON)

    def tell(self, name: str, address: bytes = CLOUD, *, device: str = BELL) -> None:
        self.state.bindings.add(device, (address,), name, at=self.mono)

    def flow(self, *said: str, address: bytes = CLOUD, port: int = 443, mac: str = BELL) -> Flow:
        device = self.state.roster.describe(mac)  # type: ignore[arg-type]
        key = FlowKey(TCP, HOME, 40_000, address, port)
        flow = Flow(flow_id=next(self.ids), key=key, device=device, number=1, wall=NOON, mono=self.mono)
        flow.facts = Facts(app_proto="tls", names=tuple(Name(name, NameSource.SNI) for name in said), dissector="fast")
        return flow

    def judge(self, flow: Flow, *, may_ask: bool = True) -> Judged | None:
        bound = self.state.bound_names(flow.device.mac, flow.key.dst, self.now)
        evidence = Evidence(
            profile=flow.device.profile, vendor=flow.device.vendor, family=flow.device.family, facts=flow.facts,
            names=flow.facts.names + bound, address=flow.key.dst, port=flow.key.dport, proto=TCP, local=flow.local,
        )  # fmt: skip
        return self.vouch.judge(flow, evidence, self.now, may_ask=may_ask)

    def purpose(self, *said: str, address: bytes = CLOUD, port: int = 443) -> tuple[Purpose, Effect] | None:
        judged = self.judge(self.flow(*said, address=address, port=port))
        return (judged[1].purpose, judged[1].effect) if judged else None

    def asks(self, *said: str, address: bytes = CLOUD) -> Flow:
        flow = self.flow(*said, address=address)
        assert self.judge(flow) is None
        assert self.vouch.wait(flow, EVENT, self.now) == [ResolveName(said[0])]
        return flow


PASSES = (Purpose.CONTROL, Effect.PASS)
NAMELESS = (Purpose.DIRECT_ADDRESS, Effect.REFUSE)
REPORTS = (Purpose.TELEMETRY, Effect.REFUSE)


@pytest.mark.parametrize(
    ("name", "bound", "expected"),
    [
        pytest.param(GOOD, (), Standing.VOUCHED, id="another-device-was-told"),
        pytest.param("other.example.com", (), Standing.VOUCHED, id="sibling"),
        pytest.param(ODD, (ODD,), Standing.VOUCHED, id="this-device-was-told"),
        pytest.param(ODD, (), Standing.ASK_RESOLVER, id="nobody-was-told"),
        pytest.param("203.0.113.10", (), Standing.MISMATCH, id="literal"),
        pytest.param("2001:db8::1", (), Standing.MISMATCH, id="literal-6"),
        pytest.param("localhost", (), Standing.MISMATCH, id="single-label"),
        pytest.param("a\\x00.example.net", (), Standing.MISMATCH, id="nul"),
        pytest.param("*.example.net", (), Standing.MISMATCH, id="wildcard"),
        pytest.param("a..example.net", (), Standing.MISMATCH, id="empty-label"),
        pytest.param(f"{'a' * 64}.example.net", (), Standing.MISMATCH, id="long-label"),
        pytest.param(".".join(["a" * 60] * 5), (), Standing.MISMATCH, id="long"),
        pytest.param("_x._tcp.example.net", (), Standing.ASK_RESOLVER, id="underscores"),
        pytest.param("xn--bcher-kva.example.net", (), Standing.ASK_RESOLVER, id="idna"),
    ],
)
def test_standing(name: str, bound: tuple[str, ...], expected: Standing) -> None:
    scene = Scene()
    scene.state.bindings._registrable = last_two_labels
    scene.tell(GOOD, device=NEIGHBOUR)
    claim = Claim((name,), bound, BELL, CLOUD, 443)
    assert standing(claim, scene.state.bindings, at=scene.mono) is expected


@pytest.mark.parametrize(
    ("names", "bound", "refused", "expected"),
    [
        pytest.param(("b",), (), (), (), id="nothing-else"),
        pytest.param(("b",), ("a",), (), ("a",), id="dns-said-another"),
        pytest.param(("b",), ("a", "b"), ("c",), (), id="dns-said-it-too"),
        pytest.param(("b",), (), ("c",), ("c",), id="refused-before"),
        pytest.param(("b",), (), ("b",), (), id="itself-refused-before"),
        pytest.param(("b", "z"), ("b",), (), ("z",), id="two-names-in-one-hello"),
        pytest.param(("b", "b"), ("b",), (), (), id="the-same-name-twice"),
        pytest.param(("b", "z"), ("z", "a"), ("a",), ("z", "a"), id="each-once"),
    ],
)
def test_rivals(names: tuple[str, ...], bound: tuple[str, ...], refused: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert rivals(Claim(names, bound, BELL, CLOUD, 443), refused) == expected


def test_rivals_are_bounded() -> None:
    many = tuple(f"n{number}" for number in range(200))
    assert len(rivals(Claim(many, (), BELL, CLOUD, 443), ())) == MAX_RIVALS


def test_a_name_that_dns_gave_this_device_passes_at_once() -> None:
    scene = Scene()
    scene.tell(GOOD)
    assert scene.purpose(GOOD) == PASSES


def test_a_name_that_dns_gave_another_device_passes_at_once() -> None:
    scene = Scene()
    scene.tell(GOOD, device=NEIGHBOUR)
    assert scene.purpose(GOOD) == PASSES


def test_the_resolver_vouches_while_the_packet_is_held() -> None:
    scene = Scene()
    flow = scene.asks(GOOD)
    assert scene.judge(flow) is None and scene.vouch.holds(flow)
    assert scene.vouch.wait(flow, EVENT, scene.now) == []  # a retransmission asks nothing again
    assert scene.vouch.resolved(NameResolved(name=GOOD, addresses=(OTHER_CLOUD, CLOUD)), scene.now) == [Waiter(flow, EVENT)]
    judged = scene.judge(flow, may_ask=False)
    assert judged and (judged[1].purpose, judged[1].effect) == PASSES
    assert scene.purpose(GOOD) == PASSES  # learnt: nobody is asked again


def test_an_allowed_name_at_another_address_is_a_direct_address_that_claims_a_name() -> None:
    scene = Scene()
    flow = scene.asks(GOOD)
    scene.vouch.resolved(NameResolved(name=GOOD, addresses=(OTHER_CLOUD,)), scene.now)
    judged = scene.judge(flow, may_ask=False)
    assert judged is not None
    assessment, decision = judged
    assert (decision.purpose, decision.effect) == NAMELESS
    assert assessment.name is None and GOOD in assessment.reasons[0]
    assert scene.purpose(GOOD) == NAMELESS  # the answer counts for a while: 1,000 tries are one question
    scene.mono += ANSWER_KEPT_S
    assert scene.purpose(GOOD) is None


@pytest.mark.parametrize("name", ["203.0.113.10", "localhost", "*.example.com"])
def test_what_cannot_be_asked_for_is_a_direct_address(name: str) -> None:
    assert Scene().purpose(name) == NAMELESS


def test_silence_is_no_voucher_and_soon_forgotten() -> None:
    scene = Scene()
    flow = scene.asks(GOOD)
    scene.mono += MAX_WAIT_S + 0.01
    assert scene.vouch.expire(scene.now) == [Waiter(flow, EVENT)]
    assert scene.judge(flow, may_ask=False)[1].purpose is Purpose.DIRECT_ADDRESS  # type: ignore[index]
    scene.vouch.resolved(NameResolved(name=GOOD), scene.now)
    assert scene.purpose(GOOD) == NAMELESS
    scene.mono += SILENCE_KEPT_S
    assert scene.purpose(GOOD) is None
    scene.vouch.resolved(NameResolved(name=GOOD, addresses=(CLOUD,)), scene.now)  # the late answer
    assert scene.purpose(GOOD) == PASSES


def test_a_binding_of_last_week_is_asked_about_again() -> None:
    scene = Scene()
    scene.tell(GOOD)
    scene.mono += KEPT_S
    assert scene.purpose(GOOD) is None


def test_a_connection_that_was_let_out_keeps_its_name() -> None:
    scene = Scene()
    scene.tell(GOOD)
    flow = scene.flow(GOOD)
    judged = scene.judge(flow)
    assert judged is not None
    flow.assessment, flow.decision = judged
    scene.mono += KEPT_S
    assert scene.purpose(GOOD) is None
    again = scene.judge(flow)
    assert again and (again[1].purpose, again[1].effect) == PASSES


@pytest.mark.parametrize("name", [GOOD, BAD])
def test_a_connection_that_was_not_let_out_by_this_name_is_checked(name: str) -> None:
    scene = Scene()
    flow = scene.flow(name)
    judged = scene.judge(flow, may_ask=False)
    assert judged is not None
    flow.assessment, flow.decision = judged  # a direct address, or refused
    flow.facts = scene.flow(GOOD).facts
    assert scene.judge(flow) is None


def test_what_is_refused_anyway_is_not_asked_about() -> None:
    assert Scene().purpose(BAD) == REPORTS


def test_a_name_that_the_device_may_not_resolve_is_not_asked_about() -> None:
    scene = Scene()
    known = policy().devices[BELL]
    address = Exemption(
        to=(Target(text="203.0.113.10", network=(CLOUD, 32)),), action=Action.ALLOW, ref=RuleRef(file="household.yaml")
    )
    entry = replace(known, levels=(Level(exemptions=(address,)), *known.levels))
    scene.state.policy = replace(policy(), devices={**policy().devices, BELL: entry})
    judged = scene.judge(scene.flow(BAD))
    assert judged and judged[1].effect is Effect.PASS and BAD in judged[0].reasons[0]


def test_one_device_makes_us_ask_only_so_often() -> None:
    scene = Scene()
    for number in range(QUESTIONS_PER_MINUTE):
        flow = scene.asks(f"n{number}.example.net")
        scene.vouch.resolved(NameResolved(name=f"n{number}.example.net"), scene.now)
        scene.vouch.forget(flow)
    assert scene.purpose(GOOD) == NAMELESS
    scene.mono += 60.0
    assert scene.purpose(GOOD) is None


def test_what_is_vouched_for_costs_no_question() -> None:
    scene = Scene()
    scene.tell(GOOD)
    for _ in range(QUESTIONS_PER_MINUTE + 5):
        assert scene.purpose(GOOD) == PASSES
    assert scene.purpose(GOOD, address=OTHER_CLOUD) is None


def test_questions_at_the_same_time_are_bounded() -> None:
    scene = Scene()
    for number in range(MAX_NAMES):
        scene.vouch._waiting.join(scene.flow(), EVENT, f"n{number}", at=scene.mono)
    assert scene.purpose(GOOD) == NAMELESS


def test_dns_said_another_name_and_the_stricter_counts() -> None:
    scene = Scene()
    scene.tell(BAD)
    scene.tell(GOOD, device=NEIGHBOUR)
    judged = scene.judge(scene.flow(GOOD))
    assert judged and (judged[1].purpose, judged[1].effect) == REPORTS
    assert GOOD in judged[0].reasons[0] and BAD in judged[0].reasons[0]


def test_of_two_names_that_are_limited_the_smaller_budget_counts() -> None:
    scene = Scene()
    scene.tell(ODD)
    scene.tell(GOOD, device=NEIGHBOUR)
    assert scene.purpose(GOOD) == (Purpose.UNKNOWN, Effect.PASS)  # a limit is stricter than control's allowance
    small, none = (decide(Action.LIMIT, budget_bytes) for budget_bytes in (64_000, 0))
    large = decide(Action.LIMIT, 512_000)
    assert strictest((large, small, none)) is small and strictest((none, large)) is large


def decide(action: Action, budget_bytes: int) -> Judged:
    rule = RuleRef(file="test")
    decision = Decision(
        action=action, effect=Effect.PASS, purpose=Purpose.CONTROL, rule=rule, reason="", budget_bytes=budget_bytes
    )
    return Assessment(purpose=Purpose.CONTROL), decision


def test_an_allowed_neighbour_at_a_shared_address_is_not_hurt() -> None:
    scene = Scene()
    scene.tell(BAD)
    scene.tell(GOOD)
    assert scene.purpose(BAD) == REPORTS
    assert scene.purpose(GOOD) == PASSES


def test_but_what_was_refused_there_a_moment_ago_is_told() -> None:
    scene = Scene()
    scene.tell(BAD)
    scene.tell(GOOD)

    def reasons(port: int = 443) -> tuple[str, ...]:
        judged = scene.judge(scene.flow(GOOD, port=port))
        assert judged is not None and judged[1].effect is Effect.PASS
        return judged[0].reasons

    plain = reasons()
    assert scene.purpose(BAD) == REPORTS
    scene.mono += 12.0
    assert reasons() == (*plain, f"said {BAD} there 12 s ago and was refused")
    assert reasons(port=8443) == plain
    scene.mono += REFUSED_KEPT_S
    assert reasons() == plain


def test_another_name_after_a_refused_one_is_judged_with_it() -> None:
    scene = Scene()
    scene.tell(GOOD, device=NEIGHBOUR)
    assert scene.purpose(GOOD) == PASSES
    assert scene.purpose(BAD) == REPORTS
    assert scene.purpose(GOOD) == REPORTS
    assert scene.purpose(GOOD, port=8443) == PASSES
    scene.mono += REFUSED_KEPT_S
    assert scene.purpose(GOOD) == PASSES


def test_a_second_name_in_the_same_hello_counts_where_it_is_stricter() -> None:
    scene = Scene()
    scene.tell(GOOD)
    assert scene.purpose(GOOD, BAD) == REPORTS
    assert scene.purpose(GOOD, GOOD) == PASSES


@pytest.mark.parametrize(("grace_s", "saved"), [(300.0, False), (300.0, True), (0.0, False)])
def test_a_new_gateway_only_tells(grace_s: float, saved: bool) -> None:
    scene = Scene()
    if saved:
        scene.tell(ODD)
    scene.vouch.begin(scene.now, grace_s=grace_s)
    flow = scene.flow(GOOD)
    judged = scene.judge(flow, may_ask=False)
    lenient = grace_s > 0 and not saved
    assert judged and (judged[1].purpose, judged[1].effect) == (PASSES if lenient else NAMELESS)
    assert GOOD in judged[0].reasons[0]
    scene.mono += grace_s
    judged = scene.judge(flow, may_ask=False)
    assert judged and (judged[1].purpose, judged[1].effect) == NAMELESS


def test_nobody_checks_what_is_not_checked() -> None:
    scene = Scene()
    at_home = scene.flow(GOOD)
    at_home.local = True
    for flow in (scene.flow(), at_home, scene.flow(GOOD, mac=PHONE)):
        assert scene.judge(flow) is not None


def test_answers_and_askers_are_remembered_within_bounds() -> None:
    scene = Scene()
    for number in range(MAX_ANSWERS + 5):
        scene.vouch.resolved(NameResolved(name=f"n{number}"), scene.now)
    for number in range(MAX_ASKERS + 5):
        scene.vouch._affords(f"d{number}", scene.now)
    assert (len(scene.vouch._answered), len(scene.vouch._asked_by)) == (MAX_ANSWERS, MAX_ASKERS)


def test_what_was_refused_is_remembered_within_bounds() -> None:
    scene = Scene()
    for number in range(MAX_REFUSED + 5):
        scene.purpose(BAD, port=number)
    for number in range(20):
        scene.purpose(f"{number}.{BAD}")
    assert len(scene.vouch._refused) == MAX_REFUSED
    assert len(scene.vouch._refused[BELL, CLOUD, 443]) == 8
