"""What devices with a camera did before their pictures, and that nothing which they do often makes anything pass."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.engine.doing import Doings
from gateway.engine.flow import Flow
from gateway.model.action import Action, Effect
from gateway.model.assessment import Assessment, Evidence
from gateway.model.control import Request
from gateway.model.decision import Decision
from gateway.model.device import Device
from gateway.model.event import Asked, Counter, CountersRead
from gateway.model.name import Name, NameSource
from gateway.model.packet import TCP, FlowKey
from gateway.model.policy import RuleRef
from gateway.model.purpose import Purpose
from gateway.purpose import Seen
from tests.support.home import BELL, HOME, Watched, marks, policy
from tests.support.packets import CLOUD, client_hello, syn, tcp

CAMERA = policy().devices[BELL].device
BOTH = (Purpose.CONTROL, Purpose.MOTION_EVENT)


def flow(
    name: str = "", purpose: Purpose = Purpose.CONTROL, *also: Purpose, at: float = 0.0, device: Device = CAMERA, **more: Any
) -> Flow:
    """A flow that was judged."""
    one = Flow(flow_id=1, key=FlowKey(TCP, HOME, 1, CLOUD, 443), device=device, number=1, wall=0.0, mono=at)
    names = (Name(name, NameSource.SNI),) if name else ()
    one.evidence, one.assessment = Evidence(names=names), Assessment(purpose=purpose, also=also)
    one.decision = Decision(
        action=Action.LIMIT, effect=more.pop("effect", Effect.PASS), purpose=purpose, rule=RuleRef(file="x"), reason=""
    )
    for key, value in more.items():
        setattr(one, key, value)
    return one


def before(doings: Doings, at: float = 100.0) -> list[Seen]:
    return list(doings.before(flow("video.example", Purpose.VIDEO, at=at)).before)


def test_what_began_is_known_to_what_begins_later() -> None:
    doings = Doings()
    doings.begin(flow("bell.example", *BOTH, at=99.0, bytes_out=300))
    assert before(doings) == [Seen("bell.example", 99.0, TCP, BOTH, 300)]
    assert before(doings, at=99.0) == [], "not to itself"


def test_without_a_name_it_is_the_address() -> None:
    doings = Doings()
    doings.begin(flow(at=99.0))
    assert [seen.destination for seen in before(doings)] == ["203.0.113.10"]


def test_a_flow_is_told_once_and_its_tries_each() -> None:
    doings, passing = Doings(), flow("a.example", at=98.0)
    for _ in range(3):
        doings.begin(passing)
    for at in (98.5, 99.0):
        doings.begin(flow("b.example", Purpose.MOTION_EVENT, effect=Effect.DROP, at=90.0, touched=at))
    assert [(seen.destination, seen.at) for seen in before(doings)] == [
        ("b.example", 99.0),
        ("b.example", 98.5),
        ("a.example", 98.0),
    ]


@pytest.mark.parametrize(("purposes", "wanted"), [((Purpose.CONTROL,), 99.5), (BOTH, 98.5)], ids=["command", "report"])
def test_of_what_is_not_sure_a_report_is_early_and_a_command_late(purposes: tuple[Purpose, ...], wanted: float) -> None:
    doings = Doings()
    doings.go_on(flow("socket.example", *purposes), earliest=98.5, latest=99.5)
    assert [seen.at for seen in before(doings)] == [wanted]


@pytest.mark.parametrize(
    "other",
    [{"device": replace(CAMERA, family="speaker")}, {"local": True}, {"assessment": None}, {"decision": None}],
    ids=["no camera", "within the home", "not judged", "not decided"],
)
def test_what_is_not_remembered(other: dict[str, Any]) -> None:
    doings, one = Doings(), flow("a.example", at=99.0, **other)
    doings.begin(one)
    if "decision" not in other:
        doings.go_on(one, earliest=98.0, latest=99.0)
    assert before(doings) == []
    assert doings.before(flow("video.example", Purpose.VIDEO, at=100.0, device=replace(CAMERA, family="speaker"))).before == ()


# In a home.


def opened(home: Watched, name: str, sport: int) -> FlowKey:
    home.see(syn(sport=sport))
    home.see(tcp(client_hello(name), sport=sport))
    return FlowKey(TCP, HOME, sport, CLOUD, 443)


def reasons(home: Watched, key: FlowKey) -> tuple[str, ...]:
    found = home.engine._state.flows.get(key)
    assert found is not None and found.assessment is not None
    return found.assessment.reasons


def counted(home: Watched, key: FlowKey, size: int) -> None:
    home.do(CountersRead(counters=(Counter(key, 1, size, size, 3, 3),)))


def test_a_report_before_pictures() -> None:
    home = Watched()
    opened(home, "bell.example.com", 40_001)
    home.wait(1.2)
    video = opened(home, "video.example.com", 40_002)
    assert reasons(home, video)[-1] == "bell.example.com heard of it 1.2 s before: the device began"


def test_a_connection_that_was_open_all_the_time() -> None:
    home = Watched()
    kept = opened(home, "update.example.com", 40_001)
    home.engine._state.flows.get(kept).assessment = Assessment(purpose=Purpose.CONTROL)  # type: ignore[union-attr]
    for size in (500, 500):
        home.wait(10)
        counted(home, kept, size)
    home.wait(1)
    counted(home, kept, 900)
    home.wait(0.5)
    video = opened(home, "video.example.com", 40_002)
    assert reasons(home, video)[-1] == "update.example.com was heard 0.5 s before: a viewer may have begun"


def test_pictures_alone_tell_nothing() -> None:
    home = Watched()
    assert len(reasons(home, opened(home, "video.example.com", 40_002))) == 1


@pytest.mark.parametrize("viewing", [False, True], ids=["nobody looks", "a viewing"])
def test_what_a_device_does_all_the_time_passes_no_more_than_what_it_does_once(viewing: bool) -> None:
    home, met = Watched(), set()
    for number in range(200):
        home.wait(300.0)
        if viewing:
            home.do(Asked(request=Request(id=1, do="view", args={"device": "front-door", "seconds": 60}), client=1))
        opened(home, "bell.example.com", 30_000 + number)
        home.wait(1.0)
        home.see(syn(sport=40_000 + number))
        met |= {mark[2:] for mark in marks(home.see(tcp(client_hello("video.example.com"), sport=40_000 + number)))}
    assert len(met) == 1
