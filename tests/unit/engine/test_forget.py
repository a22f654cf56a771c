"""A device that is forgotten is nowhere any more, and somebody new if it speaks again."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from gateway.model.command import Command, Erase, LoadRuleset, Publish, SaveState, SetVerdict
from gateway.model.control import Request
from gateway.model.device import Mac
from gateway.model.event import Asked, ClueHeard, Erased, LeaseGiven, PolicyChanged, Ticked, Tried, TriesRead
from gateway.model.identity import Clue, Signal
from gateway.model.mark import LET_OUT, FlowClass
from gateway.model.packet import TCP
from gateway.model.policy import Policy
from tests.support.home import Watched, marks, policy, records, verdicts
from tests.support.packets import BELL, CLOUD, HOME, OTHER_CLOUD, PHONE, PHONE_ADDRESS, Queue, client_hello, syn, tcp

NAME = "front-door"


def without_the_bell(mac: Mac = BELL) -> Policy:
    """The household's files, once its entry is gone."""
    whole = policy()
    return replace(whole, devices={other: entry for other, entry in whole.devices.items() if other != mac}, digest="less")


def lived() -> Watched:
    """A home in which the bell did all kinds of things, and something is said of it everywhere."""
    home = Watched()
    home.do(LeaseGiven(mac=BELL, address=HOME, hostname="front-door", vendor_class="bell"))
    home.do(ClueHeard(mac=BELL, clue=Clue(Signal.HOSTNAME, "front-door", home.mono)))
    home.bind("bell.example.com", OTHER_CLOUD)
    home.bind("metrics.example.com", CLOUD)
    for sport, name in enumerate(("bell", "metrics", "motion", "video", "update"), start=2_000):
        home.see(syn(sport=sport))
        home.see(tcp(client_hello(f"{name}.example.com"), sport=sport))
    for sport in range(3_000, 3_030):
        home.see(syn(sport=sport))
    home.do(TriesRead(tried=(Tried(BELL, CLOUD, TCP, 443, 40),), knocked=((BELL, 6, 40),)))
    home.see(tcp(client_hello(None), sport=4_000, dport=444))
    ask(home, "pause", device=NAME, seconds=900)
    ask(home, "view", device=NAME, seconds=900)
    home.engine.report_problem({"what": "profile", "message": f"{NAME} looks like somebody else", "device": NAME})
    home.wait(1)
    home.do(Ticked())
    return home


def ask(home: Watched, do: str, **args: Any) -> list[Command]:
    return home.do(Asked(request=Request(id=1, do=do, args=args), client=3))


def forgotten(home: Watched, mac: Mac = BELL) -> list[Command]:
    """Wanted, its entry taken out of the files, and its time come."""
    ask(home, "forget", device=mac, seconds=30)
    home.do(PolicyChanged(policy=without_the_bell(mac)))
    home.wait(30)
    return home.do(Ticked())


def texts(thing: object, *, seen: set[int] | None = None) -> Iterator[str]:
    """Every text that can be reached from a thing, but for the policy's: those are the files'."""
    seen = set() if seen is None else seen
    if id(thing) in seen or isinstance(thing, Policy | type):
        return
    seen.add(id(thing))
    if isinstance(thing, str):
        yield thing
        return
    for part in _parts(thing):
        yield from texts(part, seen=seen)


def _parts(thing: object) -> Iterable[object]:
    if isinstance(thing, dict):
        return [*thing.keys(), *thing.values()]
    if isinstance(thing, list | tuple | set | frozenset) or type(thing).__name__ == "deque":
        return list(thing)  # type: ignore[call-overload, no-any-return]
    if hasattr(thing, "__self__"):
        return [thing.__self__]
    slots = (name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ()))
    names = [*getattr(thing, "__dict__", {}), *slots]
    return [getattr(thing, name) for name in names if type(thing).__module__.startswith("gateway.") and hasattr(thing, name)]


def traces(home: Watched, *names: str) -> set[str]:
    return {text for text in texts(home.engine) if any(name in text for name in names)}


def test_before_it_is_everywhere_and_afterwards_nowhere() -> None:
    home = lived()
    state = home.engine._state
    tables = (state.recent, state.questions, state.grants.in_force, state.problems, state.totals.table, list(state.flows))
    assert all(tables) and state.manners._tempers and state.tries._lines and len(traces(home, NAME, BELL)) >= 3
    commands = forgotten(home)
    erase = next(command for command in commands if isinstance(command, Erase))
    assert (erase.mac, erase.names) == (BELL, (NAME,)) and erase.last > 0
    home.do(Erased(mac=BELL))
    assert traces(home, NAME, BELL) == set()


def test_the_state_that_is_saved_says_whom_it_is_about_only_while_that_is_needed() -> None:
    home = lived()
    saved = [command for command in forgotten(home) if isinstance(command, SaveState)]
    assert any(one.alone for one in saved)
    assert json.dumps(saved[-1].state).count(BELL) == 1, "what is still to be erased"
    told = home.do(Erased(mac=BELL))
    last = next(command for command in told if isinstance(command, SaveState))
    assert last.alone and not any(name in json.dumps(last.state) for name in (NAME, BELL))
    assert [command.data for command in told if isinstance(command, Publish)] == [{"mac": BELL, "what": "forgotten"}]
    assert home.do(Erased(mac=BELL)) == [], "once"


def test_what_the_kernel_counted_of_it_before_is_not_told_again() -> None:
    home = lived()
    counted = TriesRead(flooded=((BELL, 9),), contested=((BELL, "port3", 2),))
    assert len([one for one in home.do(counted) if isinstance(one, Publish)]) == 2
    forgotten(home)
    told = home.do(counted)
    assert not [one for one in told if isinstance(one, Publish)] and not home.engine._state.problems


def test_if_it_speaks_again_it_is_somebody_new_and_nothing_of_before_holds() -> None:
    home = lived()
    epoch = home.engine.epoch
    commands = forgotten(home)
    ruleset = [command for command in commands if isinstance(command, LoadRuleset)][-1]
    assert home.engine.epoch > epoch and BELL not in str(ruleset), "every live connection is asked about"
    told = home.see(tcp(b"frame", sport=2_000, seq=900))
    assert marks(told)[-1].flow_class not in LET_OUT, "a connection of before is nobody's"
    joined = [command.data for command in told if isinstance(command, Publish) and command.kind == "device"]
    assert [(one["id"], one["named"], one["hostname"]) for one in joined] == [(BELL, False, "")]  # type: ignore[index]
    assert traces(home, NAME) <= {NAME}, "but for what is to be erased"
    home.see(syn(sport=9_000))
    assert marks(home.see(tcp(client_hello("metrics.example.com"), sport=9_000)))[-1].flow_class == FlowClass.REFUSE


def test_what_waits_for_its_verdict_meanwhile_gets_one_and_no_line() -> None:
    home = lived()
    ask(home, "forget", device=BELL, seconds=30)
    home.do(PolicyChanged(policy=without_the_bell()))
    home.wait(29)
    assert verdicts(home.see(tcp(b"\x16", sport=5_000))) == [], "the first byte of a hello is held"
    held = home.queue.seen(tcp(b"")).queue_id - 1
    home.wait(1)
    assert records(home.do(Ticked())) == []
    home.wait(4)
    commands = home.do(Ticked())
    assert [command.queue_id for command in commands if isinstance(command, SetVerdict)] == [held]
    assert records(commands) == []


def test_others_keep_what_is_theirs() -> None:
    home, other = lived(), Mac("02:00:5e:10:00:77")
    queue = Queue(mac=other)
    at = bytes((10, 77, 0, 77))
    for packet in (syn(src=at, sport=2_000), tcp(client_hello("bell.example.com"), src=at, sport=2_000)):
        home.do(queue.seen(packet))
    before = records(home.engine.report(home.now)), len([flow for flow in home.engine._state.flows if flow.device.mac == other])
    ask(home, "pause", device=other, seconds=900)
    forgotten(home)
    state = home.engine._state
    assert other in state.roster.members and [grant.mac for grant in state.grants.in_force] == [other]
    assert len([flow for flow in state.flows if flow.device.mac == other]) == before[1]
    assert [row["mac"] for row in state.roster.dump().values() if "mac" in row] == []
    assert any(record.device == other for record, _ in state.recent.values())


def test_what_is_said_of_others_is_said_without_its_name() -> None:
    home = lived()
    state = home.engine._state
    state.problems.append({"what": "identity", "message": "annas-phone was heard at two places", "device": "annas-phone"})
    flow = next(flow for flow in state.flows if flow.decision is not None)
    assert flow.decision is not None
    flow.decision = replace(flow.decision, reason="annas-phone opened the live view")
    home.engine._state.write_down(flow)
    state.grants.in_force = tuple(replace(one, because="annas-phone opened it") for one in state.grants.in_force)
    home.do(LeaseGiven(mac=PHONE, address=PHONE_ADDRESS, hostname="Annas-iPhone"))
    forgotten(home, PHONE)
    home.do(Erased(mac=PHONE))
    assert traces(home, "annas-phone", PHONE, "Annas-iPhone") == set()
    assert flow.decision.reason == "a forgotten device opened the live view"
    assert state.grants.in_force, "the bell's own grants stay"


def test_it_can_be_taken_back_and_nothing_has_happened() -> None:
    home = lived()
    before = traces(home, NAME, BELL)
    ask(home, "forget", device=NAME, seconds=30)
    told = ask(home, "keep", device=NAME)
    assert {"mac": BELL, "what": "kept"} in [command.data for command in told if isinstance(command, Publish)]
    home.wait(60)
    assert not [command for command in home.do(Ticked()) if isinstance(command, Erase)]
    assert traces(home, NAME, BELL) >= before - {"pause"}


def test_what_a_file_still_names_is_kept_and_told() -> None:
    home = lived()
    ask(home, "forget", device=NAME, seconds=0)
    assert not [command for command in home.do(Ticked()) if isinstance(command, Erase)]
    home.wait(20)
    commands = home.do(Ticked())
    assert {"mac": BELL, "what": "kept"} in [one.data for one in commands if isinstance(one, Publish)]
    assert BELL in home.engine._state.roster.members and not len(home.engine._state.forgettings)


@pytest.mark.parametrize("restarted_at", ["waiting", "erasing"])
def test_a_gateway_that_is_killed_meanwhile_goes_on(restarted_at: str) -> None:
    home = lived()
    commands = ask(home, "forget", device=NAME, seconds=30)
    if restarted_at == "erasing":
        home.do(PolicyChanged(policy=without_the_bell()))
        home.wait(30)
        commands = home.do(Ticked())
    saved = json.loads(json.dumps([one for one in commands if isinstance(one, SaveState)][-1].state))
    again = Watched(policy=without_the_bell())
    again.mono = home.mono
    begun = again.engine.start(saved, again.now)
    if restarted_at == "waiting":
        assert BELL in again.engine._state.roster.members
        again.wait(30)
        begun = again.do(Ticked())
    assert [command.mac for command in begun if isinstance(command, Erase)] == [BELL]
    assert BELL not in again.engine._state.roster.members


def test_one_that_never_spoke_and_one_that_left_long_ago_can_be_forgotten_too() -> None:
    home, gone = Watched(), Mac("02:00:5e:10:00:99")
    for mac in (BELL, gone):
        assert [one.mac for one in forgotten(home, mac) if isinstance(one, Erase)] == [mac]
