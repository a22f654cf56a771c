"""What the kernel's counters say of flows: how much, that they are over, and that they are something else by now."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from gateway.engine.counters import RECORD_EVERY_S
from gateway.model.command import AskAgain, Command
from gateway.model.control import Request
from gateway.model.event import Asked, Counter, CountersRead, PolicyChanged
from gateway.model.mark import ASK, FlowClass, pack
from gateway.model.packet import TCP, UDP, FlowKey
from gateway.model.purpose import Purpose
from tests.support.home import BELL, HOME, Watched, marks, policy, records
from tests.support.packets import CLOUD, client_hello, syn, tcp, udp

KEY = FlowKey(TCP, HOME, 40_000, CLOUD, 443)
UNHEARD, KNOWN, REFUSED = "nobody.example.net", "bell.example.com", "metrics.example.com"


def counted(*totals: tuple[int, int], key: FlowKey = KEY, complete: bool = True) -> CountersRead:
    """What the kernel says of connections like this one."""
    return CountersRead(counters=tuple(Counter(key, 1, out, into, 3, 2) for out, into in totals), complete=complete)


def speaking(name: str = KNOWN) -> Watched:
    """A home whose bell has a connection."""
    home = Watched()
    home.see(syn())
    home.see(tcp(client_hello(name)))
    return home


def asked_again(commands: Iterable[Command]) -> list[AskAgain]:
    return [command for command in commands if isinstance(command, AskAgain)]


def told(commands: Iterable[Command]) -> list[tuple[str, str]]:
    return [(record.purpose, record.effect) for record in records(list(commands))]


def test_counters_are_taken_over_and_recorded_now_and_then() -> None:
    home = speaking()
    home.do(counted((100, 7)))
    home.wait(RECORD_EVERY_S + 1)
    written = records(home.do(counted((5_000, 7))))
    assert [(record.bytes_toserver, record.bytes_toclient) for record in written] == [(5_000, 7)]


def test_connection_that_the_kernel_forgot_is_recorded_and_let_go() -> None:
    home = speaking()
    home.do(counted((5_000, 7)))
    home.do(counted())
    (record,) = records(home.do(counted()))
    assert record.bytes_toserver == 5_000
    assert records(home.do(counted())) == []


def test_parts_of_a_walk_end_nothing() -> None:
    home = speaking()
    for _ in range(3):
        home.do(counted(complete=False))
    assert len(home.engine._state.flows) == 1


def test_device_whose_connection_the_kernel_carries_is_seen() -> None:
    home = speaking()
    member = home.engine._state.roster.get(BELL)
    assert member is not None
    for seconds, bytes_out, seen in ((3_600, 5_000, True), (60, 5_000, False), (60, 6_000, True)):
        home.wait(seconds)
        home.do(counted((bytes_out, 7)))
        assert (member.last_seen == home.wall) is seen


READINGS = [
    pytest.param(UNHEARD, [(500, 4_000), (70_000, 5_000)], True, id="an upload to nobody knows whom"),
    pytest.param(UNHEARD, [(30_000, 900_000), (95_000, 903_000)], True, id="an upload after a download"),
    pytest.param(UNHEARD, [(30_000, 900_000), (62_000, 901_000), (95_000, 902_000)], True, id="the same in two readings"),
    pytest.param(UNHEARD, [(30_000, 900_000), (60_000, 1_800_000), (90_000, 2_700_000)], False, id="a download"),
    pytest.param(UNHEARD, [(30_000, 20_000), (60_000, 40_000), (90_000, 60_000)], False, id="a conversation"),
    pytest.param(UNHEARD, [(500, 4_000), (20_000, 4_500)], False, id="a message"),
    pytest.param(KNOWN, [(500, 4_000), (70_000, 5_000)], False, id="a known name, and a household that said nothing of it"),
    pytest.param(REFUSED, [(500, 4_000), (70_000, 5_000)], False, id="refused already"),
]


@pytest.mark.parametrize(("name", "totals", "wanted"), READINGS)
def test_what_turns_out_to_be_pictures_is_asked_about_again(name: str, totals: list[tuple[int, int]], wanted: bool) -> None:
    home = speaking(name)
    commands = [command for total in totals for command in home.do(counted(total))]
    assert asked_again(commands) == ([AskAgain(KEY)] if wanted else [])
    assert (("video", "pass") in told(commands)) is wanted


def found_out() -> Watched:
    """It was just found that the bell sends pictures to nobody knows whom."""
    home = speaking(UNHEARD)
    assert asked_again(home.do(counted((500, 4_000)))) == []
    assert asked_again(home.do(counted((70_000, 4_500)))) == [AskAgain(KEY)]
    return home


def next_packet(home: Watched) -> list[Command]:
    """As the kernel asks about a connection that lost its epoch."""
    mark = pack(1, 0, Purpose.UNKNOWN.number, FlowClass.LOOK_64K) | ASK
    return home.see(tcp(b"more", seq=70_000), mark=mark)


def test_its_next_packet_is_refused() -> None:
    commands = next_packet(found_out())
    (mark,) = marks(commands)
    assert (mark.flow_class, mark.purpose) == (FlowClass.REFUSE, Purpose.VIDEO.number)
    assert told(commands) == [("video", "refuse")]


def test_during_a_viewing_it_passes_under_its_new_name() -> None:
    home = found_out()
    home.do(Asked(request=Request(id=1, do="view", args={"device": "front-door", "seconds": 60}), client=1))
    (mark,) = marks(next_packet(home))
    assert (mark.flow_class, mark.purpose) == (FlowClass.PASS, Purpose.VIDEO.number)
    assert asked_again(home.do(counted((900_000, 9_000)))) == [], "it is known by now"


def test_what_sent_pictures_once_is_not_taken_for_something_else_later() -> None:
    home = found_out()
    assert asked_again(home.do(counted((71_000, 900_000)))) == []
    (mark,) = marks(next_packet(home))
    assert (mark.flow_class, mark.purpose) == (FlowClass.REFUSE, Purpose.VIDEO.number)


def test_once_is_enough() -> None:
    assert asked_again(found_out().do(counted((400_000, 5_000)))) == []


def test_what_is_over_is_told_of_as_it_was() -> None:
    home = found_out()
    home.do(counted())
    (record,) = records(home.do(counted()))
    assert (record.purpose, record.effect, record.bytes_toserver) == ("video", "pass", 70_000)
    assert record.reason.startswith("70 kB went up from a doorbell") and record.reason.endswith("so much had been sent")


def test_what_waits_for_another_look_anyway_is_not_looked_at() -> None:
    home = speaking(UNHEARD)
    home.do(PolicyChanged(policy=replace(policy(), digest="another")))
    assert asked_again(home.do(counted((500, 4_000))) + home.do(counted((70_000, 4_500)))) == []


def test_datagrams_too() -> None:
    home = Watched()
    home.bind(UNHEARD)
    home.see(udp(b"pictures", dport=9_000))
    key = FlowKey(UDP, HOME, 40_000, CLOUD, 9_000)
    assert asked_again(home.do(counted((70_000, 900), key=key))) == [AskAgain(key)]


def test_what_may_go_past_the_chains_is_called_back() -> None:
    home = speaking(UNHEARD)
    (flow,) = home.engine._state.flows
    flow.flow_class = FlowClass.PASS
    assert asked_again(home.do(counted((70_000, 900)))) == [AskAgain(KEY, settled=True)]


def test_the_ledger_knows_by_which_bytes() -> None:
    home = speaking(UNHEARD)
    home.do(counted((30_000, 900_000)))
    (record,) = records(home.do(counted((95_000, 903_000))))
    assert (record.bytes_toserver, record.judged_toserver, record.judged_toclient) == (95_000, 65_000, 3_000)
