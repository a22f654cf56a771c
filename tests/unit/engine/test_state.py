from dataclasses import replace

from gateway.engine.roster import FORGOTTEN_AFTER_S, MAX_DEVICES, Member
from gateway.engine.state import MAX_QUESTIONS, RECENT_FLOWS, SCAPY_PER_S, SCAPY_PER_S_OF_DEVICE, State
from gateway.model.command import LoadRuleset, SetVerdict
from gateway.model.device import Mac
from gateway.model.event import Hook, LeaseGiven, Now, PolicyChanged
from gateway.model.mark import FlowClass, pack, unpack
from gateway.model.packet import Packet
from gateway.model.purpose import Purpose
from tests.support.dns import answer
from tests.support.home import NOON, Watched, marks, policy
from tests.support.packets import BELL, CLOUD, OTHER_CLOUD, PHONE, client_hello, syn, tcp


def scapy(state: State, device: str, *, at: float) -> int:
    """How many of a device's thousand packets Scapy is given."""
    return sum(state.may_use_scapy(Mac(device), Now(at, NOON)) for _ in range(1_000))


def test_scapy_is_rationed_for_each_device_so_that_none_blinds_another() -> None:
    state = State(policy(), epoch=1, first_id=0)
    assert scapy(state, BELL, at=10.0) == SCAPY_PER_S_OF_DEVICE
    assert scapy(state, BELL, at=10.5) == SCAPY_PER_S_OF_DEVICE / 2
    assert scapy(state, PHONE, at=10.5) == SCAPY_PER_S_OF_DEVICE


def test_all_that_nobody_has_named_have_one_ration_of_scapy() -> None:
    state = State(policy(), epoch=1, first_id=0)
    assert sum(scapy(state, f"02:00:5e:20:00:{number:02x}", at=10.0) for number in range(64)) == SCAPY_PER_S_OF_DEVICE
    assert scapy(state, BELL, at=10.0) == SCAPY_PER_S_OF_DEVICE


def test_scapy_is_rationed_for_the_whole_home() -> None:
    state = State(policy(), epoch=1, first_id=0)
    macs = [Mac(f"02:00:5e:20:00:{number:02x}") for number in range(8)]
    known = state.policy.devices[BELL]
    state.roster.adopt(replace(state.policy, devices={mac: known for mac in macs}))
    assert sum(scapy(state, mac, at=10.0) for mac in macs) == SCAPY_PER_S


OLD, NEW = Mac("02:00:5e:30:00:01"), Mac("02:00:5e:30:00:02")
"""Two gadgets that nobody has named."""
THERE = bytes((10, 77, 0, 77))
"""An address that one of them had, and the other takes."""


def crowded() -> tuple[Watched, Member]:
    """A home in which all numbers are taken that are not kept for somebody, and an old member with a connection that passes."""
    home = Watched()
    state = home.engine._state
    home.see(syn(src=THERE), mac=OLD)
    assert marks(home.see(tcp(client_hello("bell.example.com"), src=THERE), mac=OLD))[0].flow_class == FlowClass.LOOK_64K
    for number in range(MAX_DEVICES - len(state.policy.devices) - 1):
        joined = state.roster.join(Mac(f"02:00:5e:20:00:{number:02x}"), at=NOON - 3_600.0 * (MAX_DEVICES - number))
        assert joined is not None
        joined.first_seen, joined.last_seen = 0.0, NOON
    old = state.roster.get(OLD)
    assert old is not None
    old.last_seen -= FORGOTTEN_AFTER_S
    old.first_seen = old.last_seen - 86_400.0
    return home, old


def later(seq: int = 9_000) -> Packet:
    """The middle of the connection."""
    return tcp(b"more", src=THERE, seq=seq)


def test_number_of_a_device_that_left_is_given_again_in_a_new_epoch() -> None:
    home, old = crowded()
    before = home.engine.epoch
    commands = home.see(syn(dst=OTHER_CLOUD, sport=41_000, src=THERE), mac=NEW)
    kinds = [type(command) for command in commands if isinstance(command, LoadRuleset | SetVerdict)]
    assert kinds == [LoadRuleset, SetVerdict], "the kernel knows first"
    loaded = next(command for command in commands if isinstance(command, LoadRuleset))
    (mark,) = marks(commands)
    assert (mark.device, mark.epoch, loaded.epoch) == (old.number, before + 1, before + 1)
    assert (NEW, old.number) in loaded.owners and OLD not in dict(loaded.owners)


def test_connections_of_a_device_that_left_are_nobodys() -> None:
    home, old = crowded()
    mark = pack(old.number, home.engine.epoch, Purpose.CONTROL.number, FlowClass.LOOK_64K)
    home.see(syn(dst=OTHER_CLOUD, sport=41_000, src=THERE), mac=NEW)
    assert marks(home.see(later(), mac=NEW, mark=mark))[0].flow_class == FlowClass.REFUSE
    assert home.engine._state.judged_before(home.queue.seen(later(), mark=mark), _member(home, NEW)) == 0
    own = pack(old.number, home.engine.epoch, Purpose.CONTROL.number, FlowClass.LOOK_64K)
    assert home.engine._state.judged_before(home.queue.seen(later(), mark=own), _member(home, NEW)) == Purpose.CONTROL.number


def _member(home: Watched, mac: Mac) -> Member:
    member = home.engine._state.roster.get(mac)
    assert member is not None
    return member


def test_nor_does_a_restart_make_them_somebodys() -> None:
    home, old = crowded()
    mark = pack(old.number, home.engine.epoch, Purpose.CONTROL.number, FlowClass.LOOK_64K)
    home.see(syn(dst=OTHER_CLOUD, sport=41_000, src=THERE), mac=NEW)
    (saved,) = home.engine.stop(home.now)
    again = Watched()
    again.engine.start(saved.state, again.now)  # type: ignore[union-attr]
    assert again.engine._state.roster.owners() == home.engine._state.roster.owners()
    assert marks(again.see(later(), mac=NEW, mark=mark))[0].flow_class == FlowClass.REFUSE


def test_an_answer_of_before_binds_nothing_for_whoever_has_the_number_now() -> None:
    home, old = crowded()
    mark = pack(old.number, home.engine.epoch, Purpose.LOCAL.number, FlowClass.NONE)
    home.see(syn(dst=OTHER_CLOUD, sport=41_000, src=THERE), mac=NEW)
    home.see(answer("video.example.com", (CLOUD,)), hook=Hook.ANSWER, mark=mark)
    assert home.engine._state.bindings.names(NEW, CLOUD, at=home.mono) == ()


def test_what_waits_for_its_verdict_while_its_device_leaves_is_nobodys() -> None:
    home, _ = crowded()
    state = home.engine._state
    hello = client_hello("bell.example.com")
    assert all(state.roster.join(mac, at=home.wall) for mac in state.policy.devices)
    home.see(syn(sport=41_000, src=THERE), mac=OLD)
    home.see(tcp(hello[:50], sport=41_000, src=THERE), mac=OLD)
    for member in state.roster.members.values():
        member.last_seen = home.wall + (member.device.mac != OLD)
    entry = policy().devices[BELL]
    home.do(PolicyChanged(policy=replace(policy(), digest="another", devices={**policy().devices, NEW: entry})))
    assert state.member(NEW, home.now)[0] is not None and state.roster.get(OLD) is None, "nobody was unseen for longer"
    home.wait(4)
    verdicts = [unpack(command.mark) for command in home.engine._forward.expire(home.now) if isinstance(command, SetVerdict)]
    assert [(mark.device, mark.flow_class) for mark in verdicts] == [(0, FlowClass.REFUSE)]


def test_one_that_comes_by_lease_before_the_start_begins_an_epoch_too() -> None:
    home, old = crowded()
    (saved,) = home.engine.stop(home.now)
    again = Watched(epoch=home.engine.epoch)
    again.engine.start(saved.state, home.now, resume=True, leases=[LeaseGiven(mac=NEW, address=THERE)])  # type: ignore[union-attr]
    joined = again.engine._state.roster.get(NEW)
    assert joined is not None and joined.number == old.number
    assert again.engine.epoch > home.engine.epoch


def test_moment_is_kept_for_a_moment_only() -> None:
    state = State(policy(), epoch=1, first_id=0)
    first = state.moment(Now(10.0, NOON))
    assert state.moment(Now(10.1, NOON + 0.1)) is first
    assert state.moment(Now(10.3, NOON + 0.3)) is not first


def test_moment_ends_with_the_trust_in_its_clock() -> None:
    state = State(policy(), epoch=1, first_id=0)
    assert state.moment(Now(10.0, NOON)).wall_trusted
    assert not state.moment(Now(10.0, NOON, False)).wall_trusted


def test_questions_are_asked_once_and_bounded() -> None:
    home = Watched()
    for sport in range(1_000, 1_003):
        home.see(syn(sport=sport))
        home.see(tcp(client_hello(None), sport=sport))
    assert len(home.engine._state.questions) == 1
    assert MAX_QUESTIONS >= 1


def test_recent_flows_are_bounded() -> None:
    home = Watched()
    for number in range(RECENT_FLOWS + 20):
        home.see(syn(sport=1 + number % 60_000, seq=number * 3))
        home.see(tcp(client_hello("bell.example.com"), sport=1 + number % 60_000, seq=number * 3 + 1))
    assert len(home.engine._state.recent) == RECENT_FLOWS
