"""What happens beside the packets: time, leases, new policies, what the kernel refused by itself, and what is saved."""

from ipaddress import ip_address
from typing import Any

from gateway.model.action import Effect
from gateway.model.command import Command, Publish, ResolveName
from gateway.model.device import Mac
from gateway.model.event import LeaseGiven, Now, PolicyChanged, PolicyRefused, TriesRead
from gateway.model.mark import LET_OUT
from gateway.model.moment import Grant

from .acquaintance import Turn
from .forget import forget_due
from .snapshot import restore, snapshot
from .state import State, grant_view
from .trial import Standing, Trial
from .viewing import Turn as Viewed

REFUSED_KEPT_S = 30.0
CLOCK_SET_S = 60.0
"""A wall clock that goes off by more was set."""
SAVE_EVERY_S = 1_800.0
SAVE_AT_ONCE_S = 0.5
"""Who joins seldom joins alone."""
SAVE_SELDOM_S = 120.0
"""Even where much is new."""
FLOOD_TOLD_S = 300.0
"""A device that floods, or an address that is borrowed, is told of so often at most."""


class Upkeep:
    """Slow work on the tables."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._saved_at = 0.0
        self._flooded: dict[Mac, int] = {}
        """Packets of a device that were dropped before the queue, as last read."""
        self._knocked: dict[tuple[Mac, int], int] = {}
        """Packets of a device and protocol that the gateway itself refused, as last read."""
        self._contested: dict[tuple[Mac, str], int] = {}
        """Packets under the hardware address of a trusted device that came from another port than its own, as last read."""
        self._flood_told: dict[object, float] = {}
        self._offset: float | None = None
        """Wall clock less monotonic clock."""
        state.keepers.append(self._forget_device)

    def tick(self, now: Now) -> list[Command]:
        """End what has run out; begin a new epoch where that changes decisions; save now and then."""
        state = self._state
        self._follow_clock(now)
        viewed = state.viewings.tick(state.policy, now)  # before anything ends: what is used goes on
        ended = state.grants.expire(now.mono)
        commands = self._tell_viewings(viewed, ended, now)
        turn = state.acquaintances.tick(now)
        if state.manners.tick(now):  # what the kernel refuses by itself, it refuses in the old manner
            state.stale_ruleset = True
        if turn.changed:
            state.describe_flows()
        tried = self._try_rules(now)
        taken_back = bool(tried or turn.changed) and state.take_back()
        if ended or viewed.opened or turn.changed or taken_back or not state.term.holds(now):
            commands = [*state.bump(now), snapshot(state, now), *commands]
        elif state.stale_ruleset:
            commands += state.load_ruleset()
        commands += self._drop_idle(now)
        commands += self._tell_conflicts(now) + self._tell_guesses(turn, now) + tried
        state.unreported += state.tries.take_grown()
        state.tries.expire(now)
        return commands + forget_due(state, now) + self._save(now)

    def _save(self, now: Now) -> list[Command]:
        """Now and then; soon where much is new, and at once where marks rest on it."""
        state, unsaved_s = self._state, now.mono - self._saved_at
        is_new = state.manners.unsaved or state.bindings.due(at=now.mono) or len(state.acquaintances.set_ups) > 0
        is_due = is_new and unsaved_s >= SAVE_SELDOM_S
        if not (state.unsaved and unsaved_s >= SAVE_AT_ONCE_S or is_due or unsaved_s >= SAVE_EVERY_S):
            return []
        self._saved_at, state.unsaved = now.mono, False
        return [snapshot(state, now)]

    def tries(self, event: TriesRead, now: Now) -> list[Command]:
        """What the kernel refused by itself counts in the lines it belongs to; who floods is told of."""
        for tried in event.tried:
            more = self._state.tries.count(tried, now)
            if more:
                self._state.manners.note(tried.mac, Effect.REFUSE, now, tries=more)
        for mac, proto, packets in event.knocked:
            before = self._knocked.get((mac, proto), 0)
            self._knocked[mac, proto] = packets
            tries = packets - before if packets >= before else packets
            if self._state.manners.knocked(mac, tries):
                self._state.trials.knocked(mac, tries)
        return self._tell_floods(event, now) + self._tell_contested(event, now)

    def _tell_floods(self, event: TriesRead, now: Now) -> list[Command]:
        commands: list[Command] = []
        for mac, packets in event.flooded:
            before = self._flooded.get(mac, 0)
            self._flooded[mac] = packets
            if packets > before and self._is_due(mac, now):
                device = self._state.roster.describe(mac)
                text = f"{device.id} sends more than a gadget has to say: {packets} of its packets were dropped unread"
                commands.append(self._tell("flood", text, now, device=device.id))
        return commands

    def _tell_contested(self, event: TriesRead, now: Now) -> list[Command]:
        """Two things under one hardware address: a trusted device, and who would like to pass for it."""
        commands: list[Command] = []
        for mac, port, packets in event.contested:
            before = self._contested.get((mac, port), 0)
            self._contested[mac, port] = packets
            if packets != before and self._is_due((mac, port), now):
                device = self._state.roster.describe(mac)
                text = f"{device.id} was heard at two places at once: what came from {port} under its address was dropped"
                commands.append(self._tell("identity", text, now, device=device.id))
        return commands

    def _forget_device(self, mac: Mac) -> None:
        """But for what the kernel has counted: it counts on, and what it says of before is not to be told again."""
        for place in [place for place in self._knocked if place[0] == mac]:
            del self._knocked[place]
        self._flood_told = {what: at for what, at in self._flood_told.items() if mac not in (what, *_parts(what))}

    def _is_due(self, what: object, now: Now) -> bool:
        if now.mono - self._flood_told.get(what, -FLOOD_TOLD_S) < FLOOD_TOLD_S:
            return False
        self._flood_told[what] = now.mono
        return True

    def lease(self, event: LeaseGiven, now: Now) -> list[Command]:
        """A device got an address, and said its name."""
        member, commands = self._state.member(event.mac, now)
        if member is None:
            return []
        if event.address not in member.leases:
            self._state.roster.lease(member, event.address, at=now.wall)
            self._state.stale_ruleset = True  # the kernel knows whose address it is
        if event.restarted:
            self._state.trials.restarted(event.mac, now, manner=self._state.manners.of(event.mac))
            self._state.manners.restarted(event.mac, now)
        member.hostname = event.hostname or member.hostname
        member.vendor_class = event.vendor_class or member.vendor_class
        self._state.acquaintances.lease(event, now)
        return [*commands, Publish(kind="device", data=self._state.view(member, now))]

    def policy_changed(self, event: PolicyChanged, now: Now) -> list[Command]:
        """A new policy takes hold at once, on live connections too."""
        state = self._state
        if event.policy.digest == state.policy.digest and not state.policy_faults:
            return [Publish(kind="policy", data={"digest": state.policy.digest, "changed": False})]
        state.policy, state.policy_faults = event.policy, ()
        state.roster.adopt(event.policy)
        state.acquaintances.adopt(event.policy)
        state.trials.forget(event.policy, state.roster.devices())
        state.take_back()
        state.describe_flows()
        told = Publish(kind="policy", data={"digest": event.policy.digest, "changed": True})
        return [*state.bump(now), snapshot(state, now), told]

    def policy_refused(self, event: PolicyRefused, now: Now) -> list[Command]:
        """Bad files change nothing; the household is told."""
        self._state.policy_faults = event.faults
        return [Publish(kind="problem", data={"what": "policy", "faults": list(event.faults)[:20]})]

    def restore(self, saved: dict[str, Any], now: Now) -> bool:
        """Go on from what was saved; True if what was judged then still holds."""
        self._saved_at = now.mono
        return restore(self._state, saved, now)

    def _try_rules(self, now: Now) -> list[Command]:
        """Begin and end the trials of rules; what is told of those that ended."""
        state = self._state
        ended = state.trials.tick(now)
        records = (record for record, _ in state.recent.values())
        if state.trials.meet(state.policy, state.roster.devices().values(), records, now):
            state.unsaved = True  # a successor goes on with them
        return [self._tell_trial(trial, now) for trial in ended]

    def _tell_trial(self, trial: Trial, now: Now) -> Command:
        device = self._state.roster.describe(trial.key.mac).id
        if trial.standing is Standing.TAKEN_BACK:
            return self._tell("trial", f"{device}: {trial.note}", now, device=device, purpose=str(trial.key.purpose))
        self._state.unsaved = True
        return Publish(kind="trial", data=self._state.trial_view(trial))

    def _tell_conflicts(self, now: Now) -> list[Command]:
        """Two devices under one address: one of them is not what it says."""
        commands: list[Command] = []
        for conflict in self._state.roster.take_conflicts():
            claimant, holder = (self._state.roster.describe(mac).id for mac in (conflict.claimant, conflict.holder))
            address = str(ip_address(conflict.address))
            text = f"{claimant} speaks from {address}, which is not its address" + (
                f" but that of {holder}" if holder != claimant else ""
            )
            commands.append(self._tell("identity", text, now, device=claimant))
        return commands

    def _tell_viewings(self, viewed: Viewed, ended: tuple[Grant, ...], now: Now) -> list[Command]:
        """What ended, what was opened by a sign, and which cameras' signs open nothing more for now."""
        told: list[Command] = [ResolveName(name) for name in viewed.asks]
        for what, grants in (("ended", ended), ("opened", viewed.opened)):
            told += [Publish(kind="viewing", data={what: grant_view(grant, self._state, now)}) for grant in grants]
        for device in (self._state.roster.describe(mac).id for mac in viewed.full):
            text = f"{device} gave signs of a viewer more often, or for longer, than they may open the curtain in an hour"
            told.append(self._tell("viewing", text, now, device=device))
        return told

    def _tell_guesses(self, turn: Turn, now: Now) -> list[Command]:
        """Whose devices look like whose by now, and who does not look like what it is said to be."""
        roster = self._state.roster
        members = [member for mac in sorted(turn.told) if (member := roster.get(mac)) is not None]
        told: list[Command] = [Publish(kind="device", data=self._state.view(member, now)) for member in members]
        return told + [self._tell("profile", text, now, device=roster.describe(mac).id) for mac, text in turn.misfits]

    def _tell(self, what: str, message: str, now: Now, **more: object) -> Publish:
        problem: dict[str, object] = {"what": what, "message": message, "at": now.wall, **more}
        self._state.problems.append(problem)
        return Publish(kind="problem", data=problem)

    def _follow_clock(self, now: Now) -> None:
        """A board without a clock of its own begins in 1970, and NTP sets it: nobody was away for 56 years."""
        offset = now.wall - now.mono
        before, self._offset = self._offset, offset
        if before is not None and abs(offset - before) > CLOCK_SET_S:
            self._state.roster.shift(offset - before, until=now.mono + before)

    def _drop_idle(self, now: Now) -> list[Command]:
        """Refused tries have no connection in the kernel: they leave, counted, when nothing more comes."""
        commands: list[Command] = []
        while (flow := self._state.flows.oldest()) is not None and now.mono - flow.touched > REFUSED_KEPT_S:
            if flow.flow_class in LET_OUT and flow.gone == 0:
                self._state.flows.touch(flow, now.mono)
                continue
            self._state.flows.remove(flow)
            if flow.dirty and flow.decision is not None:
                commands.append(self._state.write_down(flow))
        return commands


def _parts(what: object) -> tuple[object, ...]:
    return what if isinstance(what, tuple) else ()
