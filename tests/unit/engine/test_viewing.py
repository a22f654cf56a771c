"""What opens a viewing, what does not, how long it goes on, and what a device can have of it by itself."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.engine.allotment import HOUR_S
from gateway.engine.grants import MAX_GRANTS
from gateway.engine.viewing import (
    EVIDENCE_PER_HOUR,
    IDLE_S,
    LENGTHS,
    PRESSED_S,
    PRESSES_PER_HOUR,
    QUIET_S,
    STOPPED_S,
    Terms,
    terms_of,
)
from gateway.model.action import Action
from gateway.model.command import Reply, SaveState
from gateway.model.control import Request
from gateway.model.device import Mac
from gateway.model.event import Asked, PolicyChanged
from gateway.model.mark import LET_OUT
from gateway.model.moment import Grant
from gateway.model.packet import TCP, FlowKey
from gateway.model.policy import Level, Rule, RuleRef
from gateway.model.purpose import Purpose
from tests.support.home import BELL, HOME, marks, records
from tests.support.packets import PHONE_ADDRESS, syn, tcp
from tests.support.viewed import (
    ELSEWHERE,
    GUEST,
    GUEST_ADDRESS,
    LENGTH_S,
    LIVE_ADDRESS,
    REPORT,
    RING,
    SOCKET,
    Door,
    viewed_policy,
)

WAYS = ("panel", "panel+home", "evidence", "bell")


def ask(door: Door, do: str, **args: object) -> object:
    commands = door.hear(door.do(Asked(request=Request(id=1, do=do, args=args), client=1)))
    (reply,) = [one for one in commands if isinstance(one, Reply)]
    assert not reply.response.error_code, reply
    return reply.response.data


# What opens one, by each way. The story comes first, then the camera wants to send.


def nothing(door: Door) -> None:
    """It wants to send, and nothing else happened."""


def a_phone(door: Door) -> None:
    door.call()
    door.seconds(2)


def a_phone_a_moment_later(door: Door) -> None:
    door.film()
    door.call()
    door.seconds(1)


def a_phone_long_ago(door: Door) -> None:
    door.call()
    door.seconds(25)


def a_phone_that_looks_elsewhere(door: Door) -> None:
    door.call(dst=ELSEWHERE)
    door.seconds(2)


def a_guests_phone(door: Door) -> None:
    door.call(GUEST_ADDRESS)
    door.seconds(2)


def a_gadget(door: Door) -> None:
    """Its own connection bears a mark, whatever address it has."""
    door.call(mark=7)
    door.seconds(2)


def a_stranger(door: Door) -> None:
    """Nobody knows who that is: an address without a lease, or of IPv6."""
    door.call(bytes((10, 77, 0, 99)))
    door.call(bytes.fromhex("fd770077") + bytes(11) + b"\x09")
    door.seconds(2)


def a_command(door: Door) -> None:
    socket = door.connect(SOCKET)
    door.seconds(20)
    door.use(socket)
    door.seconds(1)


def a_command_in_the_same_second(door: Door) -> None:
    socket = door.connect(SOCKET)
    door.seconds(20)
    door.film()
    door.use(socket)
    door.seconds(1)


def a_report(door: Door) -> None:
    door.seconds(20)
    door.connect(REPORT)
    door.wait(1.5)


def a_report_and_a_command(door: Door) -> None:
    socket = door.connect(SOCKET)
    door.seconds(20)
    door.connect(REPORT)
    door.seconds(1)
    door.use(socket)
    door.seconds(1)


def a_report_a_while_ago(door: Door) -> None:
    socket = door.connect(SOCKET)
    door.connect(REPORT)
    door.seconds(15)
    door.use(socket)
    door.seconds(1)


def a_new_connection(door: Door) -> None:
    """The device calls by itself: that looks like a command, and counts as one."""
    door.seconds(20)
    door.connect(SOCKET)


def a_press(door: Door) -> None:
    door.connect(RING)
    door.seconds(1)


def a_press_long_ago(door: Door) -> None:
    door.connect(RING)
    door.seconds(PRESSED_S + 2)


STORIES: list[tuple[Callable[[Door], None], tuple[str, str, str, str]]] = [
    (nothing, ("", "", "", "")),
    (a_phone, ("", "home", "home", "home")),
    (a_phone_a_moment_later, ("", "home", "home", "home")),
    (a_phone_long_ago, ("", "", "", "")),
    (a_phone_that_looks_elsewhere, ("", "", "", "")),
    (a_guests_phone, ("", "", "", "")),
    (a_gadget, ("", "", "", "")),
    (a_stranger, ("", "", "", "")),
    (a_command, ("", "", "evidence", "")),
    (a_command_in_the_same_second, ("", "", "evidence", "")),
    (a_report, ("", "", "", "")),
    (a_report_and_a_command, ("", "", "", "")),
    (a_report_a_while_ago, ("", "", "evidence", "")),
    (a_new_connection, ("", "", "evidence", "")),
    (a_press, ("", "", "evidence", "bell")),  # the call to a name of commands looks like one
    (a_press_long_ago, ("", "", "", "")),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("story", "wanted"), STORIES, ids=[story.__name__ for story, _ in STORIES])
def test_who_opens(story: Callable[[Door], None], wanted: tuple[str, ...], way: str) -> None:
    door = Door(way)
    story(door)
    door.film()
    door.seconds(2)
    assert door.by == wanted[WAYS.index(way)]
    assert door.film() is bool(door.by)


@pytest.mark.parametrize("way", WAYS)
def test_a_person_opens_each(way: str) -> None:
    door = Door(way)
    ask(door, "view", device="front-door", seconds=20)
    assert (door.by, door.film()) == ("panel", True)
    door.seconds(21)
    assert (door.by, door.film()) == ("", False)


def test_without_a_number_it_is_as_long_as_the_rule_says() -> None:
    door = Door(length_s=77.0)
    assert ask(door, "view", device="front-door")["remaining_s"] == 77.0  # type: ignore[index]
    assert ask(door, "pause", device="front-door")["remaining_s"] == 900.0  # type: ignore[index]


def test_signs_mean_nothing_on_a_device_that_no_file_names() -> None:
    door = Door("evidence", named=False)
    a_phone(door)
    a_command(door)
    door.film()
    door.seconds(2)
    assert door.told == []


# What is told of it.


TOLD = [
    ("home", a_phone, "annas-phone opened the live view at home (live.example.com, 2 s before) (confidence 0.81)", 0.81),
    ("evidence", a_command, "socket.example.com was heard 0.0 s before: a viewer may have begun (confidence 0.60)", 0.6),
    ("bell", a_press, "the bell was pressed, since it called ring.example.com (confidence 0.90)", 0.9),
]


@pytest.mark.parametrize(("by", "story", "because", "confidence"), TOLD, ids=[by for by, *_ in TOLD])
def test_what_opened_it_is_told(by: str, story: Callable[[Door], None], because: str, confidence: float) -> None:
    door = Door({"home": "panel+home"}.get(by, by))
    story(door)
    door.film()
    door.seconds(1)
    (grant,) = ask(door, "status")["grants"]  # type: ignore[index]
    assert (grant["by"], grant["because"], grant["confidence"]) == (by, because, pytest.approx(confidence))
    assert door.told == [("opened", by)]
    (record,) = [one for one in records(door.see_film()) if one.effect == "pass"]
    assert because in record.reason
    door.seconds(LENGTH_S)
    assert door.told == [("opened", by), ("ended", by)]


def test_order_that_nobody_showed_for_such_a_device_is_worth_little() -> None:
    policy = viewed_policy("evidence")
    door = Door("evidence")
    door.do(PolicyChanged(policy=replace(policy, catalogue=replace(policy.catalogue, hints=()), digest="another")))
    a_command(door)
    door.film()
    door.seconds(1)
    (grant,) = ask(door, "status")["grants"]  # type: ignore[index]
    assert grant["confidence"] == 0.3


def rule(action: Action) -> Rule:
    return Rule(action=action, ref=RuleRef(file="x"), viewing="bell" if action is Action.OWNER_ONLY else "", viewing_s=9.0)


OWNERS, ALLOW, TERMS = rule(Action.OWNER_ONLY), rule(Action.ALLOW), Terms(("home", "bell"), 9.0)
RULES = [
    pytest.param({Purpose.VIDEO: OWNERS, Purpose.VOICE: ALLOW}, False, TERMS, id="pictures"),
    pytest.param({Purpose.VIDEO: ALLOW, Purpose.VOICE: OWNERS}, False, TERMS, id="sound"),
    pytest.param({Purpose.VIDEO: ALLOW, Purpose.VOICE: ALLOW}, False, None, id="neither"),
    pytest.param({Purpose.VIDEO: OWNERS}, True, None, id="a trusted device"),
]


@pytest.mark.parametrize(("rules", "trusted", "wanted"), RULES)
def test_terms(rules: dict[Purpose, Rule], trusted: bool, wanted: Terms | None) -> None:
    policy = viewed_policy("panel")
    entry = policy.devices[BELL]
    device = replace(entry.device, trusted=trusted)
    found = replace(entry, device=device, levels=(Level(rules=rules), *entry.levels))
    assert terms_of(replace(policy, devices={BELL: found}), device) == wanted


def test_where_too_much_is_open_it_stays_closed() -> None:
    door = Door()
    for number in range(MAX_GRANTS):
        mac = Mac(f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}")
        door.engine._state.grants.open(Grant(kind="pause", mac=mac, purpose=None, until=1e9))
    a_phone(door)
    door.film()
    door.seconds(2)
    assert (door.by, door.told) == ("", [])


# How long it goes on.


def test_at_home_it_goes_on_while_the_phone_listens_and_ends_soon_after() -> None:
    door = Door(length_s=LENGTH_S)
    key = door.call()
    door.seconds(1)
    door.film()
    door.seconds(1)
    for _ in range(50):
        door.seconds(9)
        door.use(key)
        door.seconds(1)
        assert door.by == "home"
    assert door.go_on_filming(QUIET_S + 60) == pytest.approx(QUIET_S, abs=2), "whatever the camera sends"
    assert door.told == [("opened", "home"), ("ended", "home")]


def test_at_home_it_ends_even_if_the_phone_goes_on_for_ever() -> None:
    door = Door(length_s=60.0)
    key = door.call()
    door.seconds(1)
    door.film()
    for _ in range(60):
        door.use(key)
        door.film()
        door.seconds(10)
    assert door.told == [("opened", "home"), ("ended", "home")], "the same call opens nothing more"
    assert LENGTHS * 60.0 < 600
    door.call()
    door.seconds(2)
    door.film()
    door.seconds(2)
    assert door.by == "home", "another call does"


def test_a_short_length_holds_at_home() -> None:
    door = Door(length_s=5.0)
    a_phone(door)
    door.film()
    door.seconds(1)
    assert 0 < door.remaining_s <= 5.0


def test_by_evidence_it_goes_on_while_pictures_go_out_and_ends_soon_after() -> None:
    door = Door("evidence")
    a_command(door)
    door.film()
    door.seconds(1)
    assert door.by == "evidence"
    assert door.go_on_filming(100) == 100
    door.seconds(IDLE_S + 2)
    assert door.by == ""


def test_the_bell_opens_for_two_minutes_from_the_last_press() -> None:
    door = Door("bell")
    door.connect(RING)
    door.seconds(60)
    door.connect(RING)
    door.connect(RING)
    door.seconds(60)
    assert door.by == "bell"
    assert door.go_on_filming(120) == pytest.approx(60, abs=2)


@pytest.mark.parametrize("way", ["evidence", "bell"])
def test_a_phone_at_home_takes_over(way: str) -> None:
    door = Door(way)
    (a_command if way == "evidence" else a_press)(door)
    door.film()
    door.seconds(1)
    assert door.by == way
    a_phone(door)
    door.film(dport=1)
    door.seconds(1)
    assert door.by == way, "it does not want anything: it may send"


def test_what_a_person_opened_is_left_alone() -> None:
    door = Door("evidence")
    ask(door, "view", device="front-door", seconds=30)
    a_phone(door)
    a_command(door)
    door.film()
    door.seconds(1)
    assert door.by == "panel"
    assert door.remaining_s < 30


def test_what_passed_and_is_cut_is_no_new_story() -> None:
    """The camera goes on sending after the end: that opens nothing, whatever is said on its other connections."""
    door = Door("evidence")
    socket = door.connect(SOCKET)
    ask(door, "view", device="front-door", seconds=20)
    sport = next(door.ports)
    for _ in range(60):
        door.film(sport)
        door.use(socket)
        door.seconds(1)
    assert door.told == [("opened", "panel"), ("ended", "panel")]


@pytest.mark.parametrize("way", ["evidence", "bell"])
def test_what_a_person_ended_is_not_opened_again_by_the_device(way: str) -> None:
    door = Door(way)
    story = a_command if way == "evidence" else a_press
    story(door)
    door.film()
    door.seconds(1)
    ask(door, "stop", device="front-door")
    for _ in range(4):
        story(door)
        door.film()
        door.seconds(12)
        assert door.by == ""
    door.seconds(STOPPED_S)
    story(door)
    door.film()
    door.seconds(1)
    assert door.by == way


def test_the_end_of_a_pause_holds_nothing_back() -> None:
    door = Door("bell")
    ask(door, "pause", device="front-door")
    ask(door, "stop", device="front-door")
    a_press(door)
    assert door.by == "bell"


def test_what_stays_in_the_home_is_no_sign() -> None:
    """The guest's phone asks the door for its picture."""
    door = Door("evidence")
    asks = b"OPTIONS rtsp://10.77.0.20/live RTSP/1.0\r\nCSeq: 1\r\n\r\n"
    door.see(syn(src=GUEST_ADDRESS, dst=HOME, dport=554), mac=GUEST, to_lan=True)
    (mark,) = marks(door.see(tcp(asks, src=GUEST_ADDRESS, dst=HOME, dport=554), mac=GUEST, to_lan=True))
    assert mark.flow_class not in LET_OUT
    door.seconds(2)
    assert list(door.engine._state.viewings._wants) == []


def test_what_a_person_ended_needs_a_new_call_at_home() -> None:
    door = Door()
    key = door.call()
    door.seconds(1)
    door.film()
    door.seconds(1)
    ask(door, "stop", device="front-door")
    door.use(key)
    door.film()
    door.seconds(3)
    assert door.by == ""
    door.call()
    door.seconds(1)
    door.film()
    door.seconds(2)
    assert door.by == "home"


# What a device can have by itself.


@pytest.mark.parametrize("length_s", [60.0, 300.0, 900.0])
def test_a_device_that_imitates_a_viewer_sends_no_longer_than_one_viewing_in_an_hour(length_s: float) -> None:
    door = Door("evidence", length_s=length_s)
    sent = 0.0
    for _ in range(int(HOUR_S / 150)):
        door.connect(SOCKET)
        sent += door.go_on_filming(60)
        door.seconds(90, step_s=30)
    opened = door.told.count(("opened", "evidence"))
    assert 0 < sent <= length_s + opened, "each second that began counts"
    assert opened <= EVIDENCE_PER_HOUR
    assert door.problems, "and the household is told"
    assert all(text.startswith("front-door gave signs of a viewer more often") for text in door.problems)


def test_a_device_that_says_it_was_pressed_all_the_time_opens_so_often_and_no_more() -> None:
    door = Door("bell")
    open_s = 0
    for _ in range(int(HOUR_S / 20)):
        door.connect(RING)
        door.seconds(20, step_s=20)
        open_s += 20 * bool(door.by)
    assert open_s <= PRESSES_PER_HOUR * PRESSED_S


def test_a_restart_gives_no_more() -> None:
    door = Door("evidence", length_s=60.0)
    door.connect(SOCKET)
    door.go_on_filming(80)
    (saved,) = [one.state for one in door.engine.stop(door.now) if isinstance(one, SaveState)]
    again = Door("evidence", length_s=60.0)
    again.mono, again.wall = door.mono, door.wall
    again.engine.start(saved, again.now)
    again.connect(SOCKET)
    assert again.go_on_filming(30) == 0


ACTIONS = st.sampled_from(["film", "connect", "report", "ring", "use", "wait", "alien", "forge"])


@pytest.mark.parametrize("way", ["panel", "panel+home"])
@settings(max_examples=40)
@given(actions=st.lists(ACTIONS, max_size=25))
def test_nothing_that_a_gadget_does_opens_what_needs_a_person(way: str, actions: list[str]) -> None:
    door = Door(way)
    socket = door.connect(SOCKET)
    for action in actions:
        match action:
            case "film":
                assert door.film() is False
            case "connect":
                door.connect(SOCKET)
            case "report":
                door.connect(REPORT)
            case "ring":
                door.connect(RING)
            case "use":
                door.use(socket)
            case "wait":
                door.seconds(3)
            case "alien":
                door.call(bytes((10, 77, 0, 20)))  # under its own address
            case "forge":
                door.call(PHONE_ADDRESS, mark=0x0100_1000)  # under the phone's, judged
        door.seconds(1)
    assert door.told == []


def test_connections_that_are_nobodys_are_passed_over() -> None:
    door = Door()
    for number in range(300):
        door.table[FlowKey(TCP, PHONE_ADDRESS, number + 1, LIVE_ADDRESS, 443)] = door.table[door.call()]._replace(
            key=FlowKey(TCP, PHONE_ADDRESS, number + 1, LIVE_ADDRESS, 443)
        )
    door.seconds(2)
    assert len(door.engine._state.viewings.phones._calls) <= 256
    door.table.clear()
    door.seconds(2)
    assert len(door.engine._state.viewings.phones._calls) == 0
