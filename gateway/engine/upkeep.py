"""What happens beside the packets: time, counters, leases, new policies, and what is saved."""

from typing import Any

from gateway.model.command import Command, Publish
from gateway.model.event import Counter, CountersRead, LeaseGiven, Now, PolicyChanged, PolicyRefused
from gateway.model.mark import FlowClass

from .flow import Flow
from .snapshot import restore, snapshot
from .state import State, device_view, grant_view

REFUSED_KEPT_S = 30.0
GONE_AFTER_READS = 2
SAVE_EVERY_S = 600.0
RECORD_EVERY_S = 15.0


_IN_THE_KERNEL = (FlowClass.PASS, FlowClass.UNDECIDED)
"""Flows that have an entry in the connection table; a refused first packet leaves none."""


class Upkeep:
    """Slow work on the tables."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._saved_at = 0.0
        self._recorded_at = 0.0

    def tick(self, now: Now) -> list[Command]:
        """End what has run out; begin a new epoch where that changes decisions; save now and then."""
        state = self._state
        ended = state.grants.expire(now.mono)
        commands: list[Command] = [Publish(kind="viewing", data={"ended": grant_view(grant, state, now)}) for grant in ended]
        flips = state.next_change is not None and now.wall >= state.next_change
        if ended or flips:
            commands = [*state.bump(now), snapshot(state, now), *commands]
        elif state.stale_owners:
            commands += state.load_ruleset()
        commands += self._drop_idle(now)
        if now.mono - self._saved_at >= SAVE_EVERY_S:
            self._saved_at = now.mono
            commands.append(snapshot(state, now))
        return commands

    def counters(self, event: CountersRead, now: Now) -> list[Command]:
        """Bytes so far, from the kernel; connections that it no longer knows have ended."""
        commands: list[Command] = []
        seen = set()
        for counter in event.counters:
            flow = self._state.flows.get(counter.key)
            if flow is not None:
                seen.add(flow.id)
                self._take(flow, counter)
        due = now.mono - self._recorded_at >= RECORD_EVERY_S
        if due:
            self._recorded_at = now.mono
        for flow in list(self._state.flows):
            flow.gone = 0 if flow.id in seen else flow.gone + 1
            over = flow.gone >= GONE_AFTER_READS and flow.flow_class in _IN_THE_KERNEL and not flow.held
            if flow.decision is not None and ((over and flow.flow_class is FlowClass.PASS) or (due and flow.dirty)):
                commands.append(self._state.write_down(flow))
            if over:
                self._state.flows.remove(flow)
        return commands

    def lease(self, event: LeaseGiven, now: Now) -> list[Command]:
        """A device got an address, and said its name."""
        member, commands = self._state.member(event.mac, now)
        if member is None:
            return []
        self._state.roster.uses(member, event.address, at=now.wall)
        member.hostname = event.hostname or member.hostname
        member.vendor_class = event.vendor_class or member.vendor_class
        return [*commands, Publish(kind="device", data=device_view(member))]

    def policy_changed(self, event: PolicyChanged, now: Now) -> list[Command]:
        """A new policy takes hold at once, on live connections too."""
        state = self._state
        if event.policy.digest == state.policy.digest and not state.policy_faults:
            return [Publish(kind="policy", data={"digest": state.policy.digest, "changed": False})]
        state.policy, state.policy_faults = event.policy, ()
        state.roster.adopt(event.policy)
        for flow in state.flows:
            flow.device = state.roster.describe(flow.device.mac)
            if flow.peer is not None:
                flow.peer = state.roster.describe(flow.peer.mac)
        told = Publish(kind="policy", data={"digest": event.policy.digest, "changed": True})
        return [*state.bump(now), told]

    def policy_refused(self, event: PolicyRefused, now: Now) -> list[Command]:
        """Bad files change nothing; the household is told."""
        self._state.policy_faults = event.faults
        return [Publish(kind="problem", data={"what": "policy", "faults": list(event.faults)[:20]})]

    def restore(self, saved: dict[str, Any], now: Now) -> bool:
        """Go on from what was saved; True if a schedule flipped since."""
        self._saved_at = now.mono
        return restore(self._state, saved, now)

    @staticmethod
    def _take(flow: Flow, counter: Counter) -> None:
        if (counter.bytes_out, counter.bytes_in) != (flow.bytes_out, flow.bytes_in):
            flow.dirty = True
        flow.bytes_out, flow.bytes_in = counter.bytes_out, counter.bytes_in
        flow.pkts_out, flow.pkts_in = counter.pkts_out, counter.pkts_in

    def _drop_idle(self, now: Now) -> list[Command]:
        """Refused tries have no connection in the kernel: they leave, counted, when nothing more comes."""
        commands: list[Command] = []
        while (flow := self._state.flows.oldest()) is not None and now.mono - flow.touched > REFUSED_KEPT_S:
            if flow.flow_class is FlowClass.PASS and flow.gone == 0:
                self._state.flows.touch(flow, now.mono)
                continue
            self._state.flows.remove(flow)
            if flow.dirty and flow.decision is not None:
                commands.append(self._state.write_down(flow))
        return commands
