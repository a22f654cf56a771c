"""A device that is forgotten leaves every table. If it speaks again, it is somebody new.

Its live connections are asked about at their next packet, in a new epoch: nothing that was decided for it holds for whoever
sends under its hardware address, or gets its number. What others' tables and sentences say of it, they say without its name.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from gateway.model.command import Command, Erase, Publish
from gateway.model.device import Device, Mac
from gateway.model.event import Now
from gateway.model.mention import without

from .forgetting import Forgetting
from .snapshot import snapshot
from .state import State

Say = Callable[[str], str]
"""A sentence, without the names that are forgotten."""


def forget_due(state: State, now: Now) -> list[Command]:
    """Forget those whose time has come; tell of those whom a file names all the same."""
    due, kept = state.forgettings.due(state.roster.is_named, now)
    commands: list[Command] = [tell(one, "kept") for one in kept]
    if kept:
        commands.append(snapshot(state, now))
    for one in due:
        commands += _forget(state, one, now)
    return commands


def erase(one: Forgetting) -> Erase:
    """What the outside is told; again after a restart, since nobody knows how far that got."""
    return Erase(one.mac, one.names, one.last)


def erased(state: State, mac: Mac, now: Now) -> list[Command]:
    """The ledger holds nothing of it any more: now no file has to say whom it was about."""
    one = state.forgettings.get(mac)
    if one is None or not state.forgettings.done(mac):
        return []
    return [snapshot(state, now, alone=True), tell(one, "forgotten")]


def tell(one: Forgetting, what: str) -> Publish:
    """``waiting``, ``kept`` or ``forgotten``."""
    return Publish(kind="forgetting", data={"mac": one.mac, "what": what})


def _forget(state: State, one: Forgetting, now: Now) -> list[Command]:
    mac = one.mac
    names = (mac, *one.names)
    member = state.roster.forget(mac)
    _leave_flows(state, mac, member.number if member else 0)
    _leave_tables(state, mac, names)
    _leave_sentences(state, without(names))
    commands = state.bump(now)
    if member is not None:
        state.roster.numbers.pass_on((member.number,), state.epoch)
    erasing = state.forgettings.erase(mac, state.new_id())
    return [*commands, erase(erasing), snapshot(state, now, alone=True)]


def _leave_flows(state: State, mac: Mac, number: int) -> None:
    def is_its(ends: Iterable[Device | None]) -> bool:
        return any(device is not None and device.mac == mac for device in ends)

    for flow in [flow for flow in state.flows if flow.number == number or is_its(flow.ends)]:
        state.flows.remove(flow)
        flow.number = 0  # what still waits for its verdict is nobody's
    state.unreported = [flow for flow in state.unreported if not is_its(flow.ends)]
    for flow_id in [flow_id for flow_id, (record, _) in state.recent.items() if record.device == mac]:
        del state.recent[flow_id]


def _leave_tables(state: State, mac: Mac, names: Iterable[str]) -> None:
    state.acquaintances.forget(mac)
    state.bindings.forget(mac)
    state.grants.stop(mac)
    state.manners.forget(mac)
    state.doings.forget(mac)
    state.viewings.forget(mac)
    state.tries.forget_device(mac)
    state.shadows.forget(mac)
    state.totals.forget(names)
    state.trials.forget(state.policy, state.roster.devices())
    for subject in [subject for subject in state.questions if subject[0] == mac]:
        del state.questions[subject]
    for account in (state.tunnels, state.credits, state.scapy):
        account.forget(mac)
    for forget in state.keepers:
        forget(mac)


def _leave_sentences(state: State, say: Say) -> None:
    """What is said of others: a viewing that its owner's phone opened, an address that it claimed."""
    for flow in state.flows:
        if flow.decision is not None and (reason := say(flow.decision.reason)) != flow.decision.reason:
            flow.decision = replace(flow.decision, reason=reason)
    for flow_id, (record, decision) in list(state.recent.items()):
        if (reason := say(record.reason)) != record.reason:
            state.recent[flow_id] = record._replace(reason=reason), replace(decision, reason=say(decision.reason))
    state.grants.say(say)
    others = [problem for problem in state.problems if all(say(str(value)) == str(value) for value in problem.values())]
    state.problems.clear()
    state.problems.extend(others)
