from dataclasses import replace

from gateway.engine.upkeep import REFUSED_KEPT_S
from gateway.model.command import LoadRuleset, Publish, Record, SaveState
from gateway.model.event import LeaseGiven, PolicyChanged, PolicyRefused, Ticked
from tests.support.home import NOON, Watched, policy, records
from tests.support.packets import BELL, HOME, client_hello, syn, tcp, udp


def speaking() -> Watched:
    """A home whose bell has a connection that passes."""
    home = Watched()
    home.see(syn())
    home.see(tcp(client_hello("bell.example.com")))
    return home


def test_refused_tries_leave_the_table() -> None:
    home = Watched()
    home.see(syn())
    home.see(tcp(client_hello("metrics.example.com")))
    home.wait(REFUSED_KEPT_S + 1)
    home.do(Ticked())
    assert len(home.engine._state.flows) == 0


def test_tries_of_one_refused_flow_are_one_line_that_counts_them() -> None:
    home = Watched()
    home.bind("metrics.example.com")
    for _ in range(5):
        home.see(udp(b"report", dport=9_000))
    home.wait(REFUSED_KEPT_S + 1)
    (record,) = records(home.do(Ticked()))
    assert record.attempts == 5
    assert record.held_bytes == 30


def test_schedule_flip_begins_a_new_epoch() -> None:
    home = Watched()
    before = home.engine.epoch
    home.do(Ticked())
    assert home.engine.epoch == before
    home.wait(14 * 3_600 + 1)  # from noon to two at night
    commands = home.do(Ticked())
    assert home.engine.epoch == before + 1
    assert any(isinstance(command, LoadRuleset) for command in commands)


def test_policy_that_changed_is_saved_with_its_term() -> None:
    home = Watched()
    commands = home.do(PolicyChanged(policy=replace(policy(), digest="another")))
    saved = next(command.state for command in commands if isinstance(command, SaveState))
    assert saved["epoch"] == home.engine.epoch


def test_clock_that_is_set_makes_nobody_old() -> None:
    home = Watched()
    home.wall = 1_000.0
    home.do(Ticked())
    home.see(syn())
    home.wall = NOON
    home.do(Ticked())
    (member,) = home.engine._state.roster.members.values()
    assert member.last_seen == NOON


def test_lease_names_a_device_before_its_first_packet() -> None:
    home = Watched()
    commands = home.do(LeaseGiven(mac=BELL, address=HOME, hostname="Ring-123", vendor_class="udhcp"))
    told = [command.data for command in commands if isinstance(command, Publish)][-1]
    assert isinstance(told, dict)
    assert (told["hostname"], told["addresses"]) == ("Ring-123", ["10.77.0.20"])


def test_bad_policy_changes_nothing_and_is_told() -> None:
    home = speaking()
    before = home.engine.epoch
    (told,) = home.do(PolicyRefused(faults=("household.yaml:3:1: nonsense",)))
    assert isinstance(told, Publish) and told.kind == "problem"
    assert home.engine.epoch == before
    assert home.engine._state.policy is policy()


def test_same_policy_again_judges_nothing_anew() -> None:
    home = speaking()
    before = home.engine.epoch
    home.do(PolicyChanged(policy=policy()))
    assert home.engine.epoch == before


def test_mended_policy_clears_the_faults() -> None:
    home = speaking()
    home.do(PolicyRefused(faults=("household.yaml:3:1: nonsense",)))
    home.do(PolicyChanged(policy=policy()))
    assert home.engine._state.policy_faults == ()


def test_state_is_saved_seldom() -> None:
    home = speaking()
    home.wait(1)
    home.do(Ticked())  # the device is new: its number stands in marks
    saves = 0
    for _ in range(100):
        home.wait(30)
        saves += sum(isinstance(command, SaveState) for command in home.do(Ticked()))
    assert saves == 1
    assert not any(isinstance(command, Record) for command in home.do(Ticked()))
