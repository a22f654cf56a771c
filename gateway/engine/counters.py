"""The kernel's counters, read once a second: bytes so far, connections that ended, and those that are something else by now.

The kernel asks about a flow when it has sent 16, 64 or 256 kB, or 1 MB. What becomes of it between two such looks, or after the
last one, only its counters show. Where they make something else of a flow, its record says so at once, and the kernel is to ask
about its next packet: what follows from that is decided then, as at every look. What was refused is left alone: no counter lets
anything pass.
"""

from dataclasses import replace

from gateway.model.command import AskAgain, Command
from gateway.model.event import Counter, CountersRead, Now
from gateway.model.mark import HANDSHAKES, LET_OUT, FlowClass
from gateway.model.packet import TCP, UDP
from gateway.purpose import classify, has_medium

from .counted import Counts
from .flow import Flow
from .state import State

GONE_AFTER_READS = 2
RECORD_EVERY_S = 15.0
LATE = "that was decided before so much had been sent"
_IN_THE_KERNEL = LET_OUT | HANDSHAKES
"""Flows that have an entry in the connection table; a refused first packet leaves none."""


class Counters:
    """Takes over what the kernel counted."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._recorded_at = 0.0
        self._walked_at = 0.0
        """When the last walk through the table ended."""

    def read(self, event: CountersRead, now: Now) -> list[Command]:
        """A part of one walk; at its end, connections that the kernel no longer knows have ended."""
        commands: list[Command] = []
        looked_for = self._state.viewings.phones.looked_for
        for counter in event.counters:
            flow = self._state.flows.get(counter.key)
            if flow is None:
                if counter.key.dst in looked_for:  # most lead elsewhere, and there are many
                    self._state.viewings.phones.see(counter, now)
            else:
                flow.gone = -1
                commands += self._take(flow, counter, now)
        return commands + self._end_walk(now) if event.complete else commands

    def _take(self, flow: Flow, counter: Counter, now: Now) -> list[Command]:
        before, total = Counts(flow.bytes_out, flow.bytes_in), Counts(counter.bytes_out, counter.bytes_in)
        flow.bytes_out, flow.bytes_in = total
        flow.pkts_out, flow.pkts_in = counter.pkts_out, counter.pkts_in
        if total == before:
            flow.busy = False
            return []
        flow.dirty = True
        if total.out > before.out and (member := self._state.roster.by_number(flow.number)) is not None:
            member.last_seen = now.wall  # the kernel carries it, so the judge does not hear of it
            self._state.viewings.sent(flow, now)
        if not flow.busy:
            flow.busy = True
            self._state.doings.go_on(flow, earliest=self._walked_at, latest=now.mono)
        return self._look(flow, before, total)

    def _look(self, flow: Flow, before: Counts, total: Counts) -> list[Command]:
        """What the new counts make of it, where counts can make something of it."""
        evidence, decision, state = flow.evidence, flow.decision, self._state
        if evidence is None or decision is None or evidence.local or not has_medium(evidence.family):
            return []
        flow.counted = flow.counted.grow(before, total)
        holds = flow.flow_class in LET_OUT and flow.epoch == state.epoch
        if not holds or flow.key.proto not in (TCP, UDP) or flow.assessment is None:
            return []
        counts = flow.counted.weigh(total)
        flow.evidence = evidence._replace(bytes_out=counts.out, bytes_in=counts.into)
        found = classify(state.policy.catalogue, flow.evidence, state.doings.before(flow))
        if found.purpose is flow.assessment.purpose:
            return []
        flow.assessment, flow.counted = found, flow.counted.judged(flow.evidence, found)
        reason = f"{decision.reason}; {LATE}"
        flow.decision = replace(decision, purpose=found.purpose, mixed=False, question=False, reason=reason)
        flow.epoch = 0  # of none: its next packet is judged anew
        state.unreported.append(flow)
        return [AskAgain(flow.table_key, settled=flow.flow_class is FlowClass.PASS and flow.key.proto == TCP)]

    def _end_walk(self, now: Now) -> list[Command]:
        commands: list[Command] = []
        due = now.mono - self._recorded_at >= RECORD_EVERY_S
        self._walked_at = now.mono
        self._state.viewings.walked(now)
        if due:
            self._recorded_at = now.mono
        for flow in list(self._state.flows):
            flow.gone += 1
            over = flow.gone >= GONE_AFTER_READS and flow.flow_class in _IN_THE_KERNEL and not flow.held
            if flow.decision is not None and ((over and flow.flow_class in LET_OUT) or (due and flow.dirty)):
                commands.append(self._state.write_down(flow))
            if over:
                self._state.flows.remove(flow)
        return commands
