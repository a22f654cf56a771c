"""Refused tries: one line, a count, and what the kernel is to remember."""

import pytest

from gateway.engine.remembered import KEPT_S, MAX_DESTINATIONS
from gateway.model.command import ForgetRefused, Publish, SetVerdict
from gateway.model.control import Request
from gateway.model.event import Asked, Hook, Ticked, Tried, TriesRead
from gateway.model.mark import HANDSHAKES, FlowClass, pack
from gateway.model.packet import TCP, UDP
from gateway.model.record import FlowRecord
from tests.support.dns import answer
from tests.support.home import Watched, marks, records
from tests.support.packets import BELL, CLOUD, OTHER_CLOUD, client_hello, syn, tcp, udp
from tests.support.viewed import Door

REFUSE, REMEMBER, SILENCE, DROP = FlowClass.REFUSE, FlowClass.REMEMBER, FlowClass.SILENCE, FlowClass.DROP


def say(home: Watched, name: str | None, *, sport: int, dst: bytes = CLOUD) -> FlowClass:
    """One connection, up to its hello."""
    (first,) = marks(home.see(syn(sport=sport, dst=dst)))
    if first.flow_class not in HANDSHAKES:
        return FlowClass(first.flow_class)
    return FlowClass(marks(home.see(tcp(client_hello(name), sport=sport, dst=dst)))[-1].flow_class)


def told(home: Watched) -> dict[int, FlowRecord]:
    """The last word on every line that was written since."""
    return {record.flow_id: record for record in records(home.do(Ticked()))}


def test_destination_is_remembered_once_it_was_refused_three_times() -> None:
    home = Watched()
    assert [say(home, "metrics.example.com", sport=sport) for sport in range(40_000, 40_004)] == [
        REFUSE,
        REFUSE,
        REMEMBER,
        REMEMBER,
    ]


def test_silence_is_remembered_as_silence() -> None:
    home = Watched()
    assert [say(home, "quiet.example.com", sport=sport) for sport in range(40_000, 40_003)] == [DROP, DROP, SILENCE]


def test_destination_whose_every_name_is_refused_is_remembered_at_once() -> None:
    home = Watched()
    home.engine._state.bindings.add(BELL, (CLOUD,), "metrics.example.com", at=home.mono)
    assert say(home, None, sport=40_000) is REMEMBER


def test_allowed_neighbour_at_the_same_address_is_never_shut_out() -> None:
    home = Watched()
    for name in ("metrics.example.com", "bell.example.com"):
        home.engine._state.bindings.add(BELL, (CLOUD,), name, at=home.mono)
    classes = [say(home, "metrics.example.com", sport=40_000 + number) for number in range(8)]
    assert set(classes) == {REFUSE}
    assert say(home, "bell.example.com", sport=41_000) is FlowClass.LOOK_64K


@pytest.mark.parametrize("tries", [1, 2, 5])
def test_tries_of_one_kind_are_one_line(tries: int) -> None:
    home = Watched()
    written: dict[int, FlowRecord] = {}
    for number in range(tries):
        home.see(syn(sport=40_000 + number))
        found = home.see(tcp(client_hello("metrics.example.com"), sport=40_000 + number))
        written |= {record.flow_id: record for record in records(found)}
    written |= told(home)
    (line,) = written.values()
    assert (line.attempts, line.sport) == (tries, 40_000)
    assert line.held_bytes == tries * len(client_hello("metrics.example.com"))


def test_what_was_let_out_meanwhile_does_not_count_the_tries_of_others() -> None:
    """The first of them passed in a viewing: what is refused after its end is a line of its own."""
    door = Door()
    first = {record.flow_id: record for record in records(door.see_film(50_001))}
    for verb, sport in (("view", 50_001), ("stop", 50_002)):
        door.do(Asked(request=Request(id=1, do=verb, args={"device": "front-door"}), client=1))
        written = {record.flow_id: record for record in records(door.see_film(sport))}
        first = {key: written.get(key, known) for key, known in first.items()}
    written |= told(door)
    assert [(record.effect, record.attempts) for record in first.values()] == [("pass", 1)]
    assert [(record.sport, record.effect, record.attempts) for record in written.values()] == [(50_002, "refuse", 1)]


def test_other_names_and_other_addresses_are_other_lines() -> None:
    home = Watched()
    lines: dict[int, FlowRecord] = {}
    for sport, (name, dst) in enumerate(
        [("metrics.example.com", CLOUD), ("quiet.example.com", CLOUD), ("metrics.example.com", OTHER_CLOUD)], 40_000
    ):
        home.see(syn(sport=sport, dst=dst))
        found = records(home.see(tcp(client_hello(name), sport=sport, dst=dst)))
        lines |= {record.flow_id: record for record in found}
    assert len(lines) == 3


def test_line_that_rested_is_over() -> None:
    home = Watched()
    say(home, "metrics.example.com", sport=40_000)
    home.wait(61)
    home.do(Ticked())
    home.see(syn(sport=40_001))
    (line,) = records(home.see(tcp(client_hello("metrics.example.com"), sport=40_001)))
    assert (line.attempts, line.sport) == (1, 40_001)


def test_kernels_count_goes_into_the_line() -> None:
    home = Watched()
    home.engine._state.bindings.add(BELL, (CLOUD,), "metrics.example.com", at=home.mono)
    say(home, None, sport=40_000)
    for packets in (1, 300, 2_000):
        home.do(TriesRead(tried=(Tried(BELL, CLOUD, TCP, 443, packets),)))
    (line,) = told(home).values()
    assert line.attempts == 2_000
    assert told(home) == {}, "and nothing more is told until it grows"


def test_kernels_count_of_what_nobody_knows_is_left_out() -> None:
    home = Watched()
    home.do(TriesRead(tried=(Tried(BELL, CLOUD, UDP, 9, 50),)))
    assert told(home) == {}


def test_datagrams_of_one_socket_are_tries_too() -> None:
    home = Watched()
    home.engine._state.bindings.add(BELL, (CLOUD,), "quiet.example.com", at=home.mono)
    classes = [FlowClass(marks(home.see(udp(b"x" * 40, dport=9_000)))[0].flow_class) for _ in range(3)]
    assert classes[0] is SILENCE
    (line,) = told(home).values()
    assert (line.attempts, line.held_bytes) == (3, 120)


def test_flood_is_told_of_once_in_a_while() -> None:
    home = Watched()
    home.see(syn())
    told_of = [home.do(TriesRead(flooded=((BELL, packets),))) for packets in (10, 20, 20)]
    assert [len(commands) for commands in told_of] == [1, 0, 0]
    home.wait(301)
    assert len(home.do(TriesRead(flooded=((BELL, 30),)))) == 1
    assert any(problem["what"] == "flood" for problem in home.engine._state.problems)


def test_name_that_is_new_at_an_address_makes_the_kernel_forget_it() -> None:
    home = Watched()
    refuse_thrice(home)
    forgotten = bind(home, "bell.example.com", CLOUD)
    assert forgotten == [ForgetRefused(BELL, CLOUD, TCP, 443)]
    assert bind(home, "bell.example.com", CLOUD) == [], "once"
    assert say(home, "bell.example.com", sport=41_000) is FlowClass.LOOK_64K


def test_device_that_tries_everything_fills_no_more_than_its_places() -> None:
    home = Watched()
    classes = []
    for number in range(MAX_DESTINATIONS + 50):
        home.engine._state.bindings.add(BELL, (number.to_bytes(4),), "metrics.example.com", at=home.mono)
        classes.append(say(home, None, sport=40_000, dst=number.to_bytes(4)))
    assert classes == [REMEMBER] * MAX_DESTINATIONS + [REFUSE] * 50, "refused all the same"
    home.wait(KEPT_S)
    assert say(home, None, sport=40_001, dst=bytes(4)) is REMEMBER


def test_other_addresses_stay_remembered() -> None:
    home = Watched()
    refuse_thrice(home)
    assert bind(home, "bell.example.com", OTHER_CLOUD) == []


def refuse_thrice(home: Watched) -> None:
    """Until the kernel remembers."""
    assert [say(home, "metrics.example.com", sport=sport) for sport in range(40_000, 40_003)][-1] is REMEMBER


def bind(home: Watched, name: str, address: bytes) -> list[ForgetRefused]:
    """The device is told an address; what the kernel has to forget before it is."""
    mark = pack(1, home.engine.epoch, 1, FlowClass.PASS)
    commands = home.see(answer(name, (address,)), hook=Hook.ANSWER, mark=mark)
    assert isinstance(commands[-1], SetVerdict)
    return [command for command in commands if isinstance(command, ForgetRefused)]


def test_an_address_that_is_borrowed_is_told_of_with_the_place_it_came_from() -> None:
    home = Watched()
    told = [
        command.data["message"]
        for packets in (3, 3, 9)
        for command in home.do(TriesRead(contested=((BELL, "p-rogue", packets),)))
        if isinstance(command, Publish)
    ]
    assert told == ["front-door was heard at two places at once: what came from p-rogue under its address was dropped"]
