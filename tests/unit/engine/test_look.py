"""The second look: what the kernel asks when a step or a budget was passed, and what the engine makes of it."""

import struct
from dataclasses import replace

import pytest

from gateway.engine.second_look import PACKETS
from gateway.model.action import Action
from gateway.model.command import Budget, LoadRuleset, Publish
from gateway.model.event import PolicyChanged
from gateway.model.mark import LET_OUT, LOOKS, FlowClass, pack
from gateway.model.packet import Packet
from gateway.model.policy import Policy, Rule, RuleRef
from gateway.model.purpose import Purpose
from tests.support.home import Watched, marks, policy, records
from tests.support.packets import BELL, client_hello, syn, tcp, udp

REF = RuleRef(file="household.yaml", line=1)
STEPS = (FlowClass.LOOK_64K, FlowClass.LOOK_256K, FlowClass.LOOK_1M)
LIMITED = Rule(action=Action.LIMIT, ref=REF, budget_bytes=512_000, budget_window_s=600.0)


def with_rules(**rules: Rule) -> Policy:
    """The home's policy, where the bell has these rules besides."""
    known = policy()
    entry = known.devices[BELL]
    nearest, *others = entry.levels
    said = {Purpose(name.replace("_", "-")): rule for name, rule in rules.items()}
    changed = replace(entry, levels=(replace(nearest, rules={**nearest.rules, **said}), *others))
    return replace(known, digest="f" * 16, devices={**known.devices, BELL: changed})


def home_with(**rules: Rule) -> Watched:
    """A home whose bell has these rules, and was seen before."""
    home = Watched()
    home.see(syn(sport=39_000))
    home.do(PolicyChanged(policy=with_rules(**rules)))
    return home


def open_flow(home: Watched, name: str, *, sport: int = 40_000) -> FlowClass:
    """A connection that names its server."""
    home.see(syn(sport=sport))
    return FlowClass(marks(home.see(tcp(client_hello(name), sport=sport)))[-1].flow_class)


def ask_again(home: Watched, kind: FlowClass, purpose: Purpose, packet: Packet) -> FlowClass:
    """The kernel asks about a packet of a flow that has this class."""
    mark = pack(1, home.engine.epoch, purpose.number, kind)
    return FlowClass(marks(home.see(packet, mark=mark))[0].flow_class)


def more(size: int = 1_000, *, sport: int = 40_000) -> Packet:
    """The middle of a connection."""
    return tcp(bytes(size), seq=70_000, sport=sport)


def test_steps_follow_each_other_and_end() -> None:
    home = Watched()
    assert open_flow(home, "bell.example.com") is STEPS[0]
    seen = [ask_again(home, kind, Purpose.CONTROL, more()) for kind in STEPS]
    assert seen == [*STEPS[1:], FlowClass.PASS]


def test_packet_that_was_on_its_way_is_no_second_look() -> None:
    home = Watched()
    open_flow(home, "bell.example.com")
    assert ask_again(home, STEPS[0], Purpose.CONTROL, more()) is STEPS[1]
    assert ask_again(home, STEPS[0], Purpose.CONTROL, more()) is STEPS[1]


def test_flow_with_a_budget_stays_within_it() -> None:
    home = home_with(control=LIMITED)
    assert open_flow(home, "bell.example.com") is STEPS[0]
    assert [ask_again(home, kind, Purpose.CONTROL, more()) for kind in STEPS][-1] is FlowClass.LIMIT


def test_kernel_is_told_every_budget() -> None:
    home = Watched()
    home.see(syn())
    commands = home.do(PolicyChanged(policy=with_rules(control=LIMITED)))
    (ruleset,) = [command for command in commands if isinstance(command, LoadRuleset)]
    assert Budget(1, Purpose.CONTROL.number, 512_000, 600) in ruleset.budgets
    assert Budget(1, Purpose.UNKNOWN.number, 64_000, 3_600) in ruleset.budgets
    assert not any(budget.purpose == Purpose.VIDEO.number for budget in ruleset.budgets)


def test_spent_budget_refuses_and_says_so() -> None:
    home = home_with(control=LIMITED)
    open_flow(home, "bell.example.com")
    mark = pack(1, home.engine.epoch, Purpose.CONTROL.number, FlowClass.SPENT)
    commands = home.see(more(), mark=mark)
    assert marks(commands)[0].flow_class == FlowClass.REFUSE
    (record,) = records(commands)
    assert (record.action, record.effect) == ("limit", "refuse")
    assert "control of front-door has sent all it may: 512 kB in 10 minutes" in record.reason


def test_spent_budget_refuses_the_next_flow_at_its_hello_until_the_kernel_may_know_more() -> None:
    home = home_with(control=LIMITED)
    open_flow(home, "bell.example.com")
    ask_again(home, FlowClass.SPENT, Purpose.CONTROL, more())
    assert open_flow(home, "bell.example.com", sport=41_000) is FlowClass.REFUSE
    home.wait(11)
    assert open_flow(home, "bell.example.com", sport=42_000) is STEPS[0]


def test_budget_is_no_reason_to_remember_a_destination() -> None:
    home = home_with(control=LIMITED)
    open_flow(home, "bell.example.com")
    ask_again(home, FlowClass.SPENT, Purpose.CONTROL, more())
    classes = [open_flow(home, "bell.example.com", sport=41_000 + number) for number in range(5)]
    assert set(classes) == {FlowClass.REFUSE}


def test_household_is_asked_where_the_rule_says_so() -> None:
    home = Watched()
    open_flow(home, "nobody.example.net")
    mark = pack(1, home.engine.epoch, Purpose.UNKNOWN.number, FlowClass.SPENT)
    commands = home.see(more(), mark=mark)
    assert [command.data for command in commands if isinstance(command, Publish) and command.kind == "question"]


def test_budget_of_another_purpose_is_not_this_flows() -> None:
    home = home_with(control=LIMITED)
    open_flow(home, "bell.example.com")
    assert ask_again(home, FlowClass.SPENT, Purpose.ACCOUNT, more()) is not FlowClass.REFUSE


def test_upload_in_a_command_channel_is_taken_for_pictures_where_the_household_said_from_when_on() -> None:
    pictures = Rule(action=Action.OWNER_ONLY, ref=REF, budget_bytes=64_000, viewing="panel")
    home = home_with(control=LIMITED, video=pictures)
    assert open_flow(home, "bell.example.com") is STEPS[0]
    commands = home.see(more(), mark=pack(1, home.engine.epoch, Purpose.CONTROL.number, STEPS[0]))
    assert marks(commands)[0].flow_class == FlowClass.REFUSE
    (record,) = records(commands)
    assert (record.purpose, record.action) == ("video", "owner-only") and "64 kB went up" in record.reason


def test_first_look_comes_as_early_as_the_household_wants() -> None:
    pictures = Rule(action=Action.OWNER_ONLY, ref=REF, budget_bytes=16_000, viewing="panel")
    home = home_with(video=pictures)
    assert open_flow(home, "bell.example.com") is FlowClass.LOOK_16K


def test_datagrams_that_become_something_else_are_judged_by_what_they_are() -> None:
    home = Watched()
    home.bind("nobody.example.net")
    assert marks(home.see(udp(b"\x00\x01hello", dport=17_000)))[0].flow_class == STEPS[0]
    stun = udp(bytes.fromhex("000100002112a442") + bytes(12), dport=17_000)
    assert (
        marks(home.see(stun, mark=pack(1, home.engine.epoch, Purpose.UNKNOWN.number, FlowClass.NONE)))[0].flow_class == STEPS[0]
    )
    assert ask_again(home, STEPS[0], Purpose.UNKNOWN, stun) is FlowClass.REFUSE


@pytest.mark.parametrize("kind", list(LOOKS), ids=lambda kind: kind.name)
def test_flow_of_an_earlier_process_goes_on_from_its_step(kind: FlowClass) -> None:
    home = Watched()
    home.see(syn(sport=39_000))
    found = ask_again(home, kind, Purpose.CONTROL, more())
    later = [step for step, size in LOOKS.items() if size > LOOKS[kind]]
    assert found is (later[0] if LOOKS[kind] >= 64_000 and later else FlowClass.LOOK_64K if later else FlowClass.PASS)


def look_to_the_end(home: Watched, kind: FlowClass, packet: Packet) -> FlowClass:
    """The kernel asks about so many packets in a row as a look lasts."""
    for _ in range(PACKETS - 1):
        kind = ask_again(home, kind, Purpose.CONTROL, packet)
        assert kind is FlowClass.LOOK_16K
    return ask_again(home, kind, Purpose.CONTROL, packet)


def test_datagrams_are_never_let_out_for_good() -> None:
    """Ports outlive what is said through them."""
    home = Watched()
    home.bind("bell.example.com")
    said = udp(b"\x00\x01hello", dport=17_000)
    home.see(said)
    seen = [look_to_the_end(home, kind, said) for kind in (*STEPS, FlowClass.LOOK_AGAIN)]
    assert seen == [*STEPS[1:], FlowClass.LOOK_AGAIN, FlowClass.LOOK_AGAIN]


def pictures(number: int) -> Packet:
    return udp(struct.pack("!BBHII", 0x80, 96, number, 160 * number, 9) + b"picture", dport=17_000)


def turn_into_pictures(home: Watched, purpose: Purpose) -> list[FlowClass]:
    """What the kernel is told at each packet of a first look, as long as it asks."""
    kind, said = STEPS[0], []
    for number in range(PACKETS):
        kind = ask_again(home, kind, purpose, pictures(number))
        said.append(kind)
        if kind not in LET_OUT:
            break
    return said


def test_datagrams_that_turn_into_pictures_are_refused_at_the_fourth() -> None:
    home = Watched()
    home.bind("nobody.example.net")
    home.see(udp(b"\x00\x01hello", dport=17_000))
    assert turn_into_pictures(home, Purpose.UNKNOWN) == [FlowClass.LOOK_16K] * 3 + [FlowClass.REFUSE]


def test_datagrams_of_an_earlier_process_are_looked_at_as_long() -> None:
    home = Watched()
    home.see(syn(sport=39_000))
    home.bind("nobody.example.net")
    assert turn_into_pictures(home, Purpose.CONTROL) == [FlowClass.LOOK_16K] * 3 + [FlowClass.REFUSE]


def test_packets_that_were_on_their_way_count_for_a_look_that_lasts() -> None:
    home = Watched()
    home.bind("nobody.example.net")
    home.see(udp(b"\x00\x01hello", dport=17_000))
    seen = [ask_again(home, STEPS[0], Purpose.UNKNOWN, pictures(number)) for number in range(4)]
    assert seen == [FlowClass.LOOK_16K] * 3 + [FlowClass.REFUSE]


def test_pictures_in_a_channel_of_an_earlier_process_are_found_at_its_next_look() -> None:
    """Only the mark tells what it was; what went up since tells what it is."""
    pictures = Rule(action=Action.OWNER_ONLY, ref=REF, budget_bytes=64_000, viewing="panel")
    home = home_with(control=LIMITED, video=pictures)
    assert ask_again(home, FlowClass.LOOK_64K, Purpose.CONTROL, more()) is FlowClass.REFUSE
