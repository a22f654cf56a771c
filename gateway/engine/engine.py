"""``Engine.handle(event, now) -> list[Command]``: pure, synchronous, total."""

from collections.abc import Callable, Iterable
from typing import Any

from gateway.model.command import Command, SetVerdict
from gateway.model.device import Mac
from gateway.model.event import (
    Asked,
    ClueHeard,
    CountersRead,
    Erased,
    Event,
    Hook,
    LeaseGiven,
    NameResolved,
    Now,
    PacketSeen,
    PacketUndecodable,
    PolicyChanged,
    PolicyRefused,
    Ticked,
    TriesRead,
)
from gateway.model.policy import Policy
from gateway.wire.ntp import PORT as NTP_PORT

from .binding import no_registrable
from .clock import answer_time
from .counters import Counters
from .forget import erase, erased
from .forward import Forward
from .manner import TRIAL_S
from .replay import Replay
from .request import Requests
from .resolve import Resolve
from .set_up import FIRST_S, LASTS_S, SetUps
from .snapshot import snapshot
from .state import State
from .upkeep import Upkeep


class Engine:
    """The middle of the house. It opens nothing and never asks the clock."""

    def __init__(
        self,
        policy: Policy,
        *,
        epoch: int = 0,
        first_id: int = 0,
        profiles: dict[Mac, str] | None = None,
        own_addresses: frozenset[bytes] = frozenset(),
        replay: bool = False,
        decides: bool = True,
        registrable: Callable[[str], str] = no_registrable,
        names_grace_s: float = 0.0,
        trial_s: float = TRIAL_S,
        set_up_s: float = LASTS_S,
        set_up_first_s: float = FIRST_S,
    ) -> None:
        """An engine before its first event.

        ``epoch``: the one in force, 0 if there is none. ``first_id``: flow ids begin after it. ``profiles``: what devices of a
        capture are said to be. ``replay``: it will see captures, not the kernel's queue. ``decides``: False tells purposes
        only. ``registrable``: the domain that somebody registered a name under. ``names_grace_s``: how long an engine that
        remembers no names only tells of those that nobody vouches for. ``trial_s``: how long a manner of refusing is tried.
        ``set_up_s``: how long new devices are set up, ``set_up_first_s``: within what time whoever joins is.
        """
        self._is_replay = replay
        self._names_grace_s = names_grace_s
        self._state = State(
            policy,
            epoch=epoch,
            first_id=first_id,
            profiles=profiles,
            registrable=registrable,
            trial_s=trial_s,
            set_ups=SetUps(lasts_s=set_up_s, first_s=set_up_first_s),
            live=not replay,
        )
        self._state.own_addresses = own_addresses
        self._resolve = Resolve(self._state)
        self._forward = Forward(self._state, self._resolve.answered)
        self._replay = Replay(self._state, decides=decides)
        self._requests = Requests(self._state)
        self._upkeep = Upkeep(self._state)
        self._counters = Counters(self._state)

    @property
    def epoch(self) -> int:
        """The epoch in force."""
        return self._state.epoch

    def handle(self, event: Event, now: Now) -> list[Command]:
        """One event -> what is to be done about it."""
        if type(event) is PacketSeen:
            return self._packet(event, now)
        return self._other(event, now) + self._resolve.answered.keep_up(now)

    def report(self, now: Now) -> list[Command]:
        """What was judged since the last call, for ledger and listeners: asked for once the verdicts are out."""
        return self._state.report(now) if self._state.unreported else []

    def start(
        self, saved: dict[str, Any], now: Now, *, resume: bool = False, leases: Iterable[LeaseGiven] = ()
    ) -> list[Command]:
        """Go on from a saved state, and put the ruleset in place.

        ``resume``: the kernel holds a ruleset of this very policy, so its epoch goes on and judged flows are not asked again –
        unless what was saved is not of that epoch, or no longer holds. ``leases``: what the DHCP server gave so far.
        """
        holds, epoch = self._upkeep.restore(saved, now), self._state.epoch
        for lease in leases:
            self._upkeep.lease(lease, now)
        goes_on = resume and holds and self._state.epoch == epoch  # who joined may have got somebody's number
        commands = self._state.resume(now) if goes_on else self._state.bump(now)
        self._forward.begin(now, grace_s=self._names_grace_s)
        commands += [erase(one) for one in self._state.forgettings if one.last]
        return [*commands, *self._resolve.answered.begin(now), snapshot(self._state, now)]

    def stop(self, now: Now) -> list[Command]:
        """Save what a successor needs."""
        return [snapshot(self._state, now)]

    def finish_replay(self) -> list[Command]:
        """The capture ended."""
        return self._replay.finish()

    def set_own_addresses(self, addresses: frozenset[bytes]) -> None:
        """The gateway's addresses on the curtain's side: asking another resolver than these is an escape."""
        self._state.own_addresses = addresses

    def report_problem(self, problem: dict[str, object]) -> None:
        """Something outside went wrong: shown in ``status``."""
        self._state.problems.append(problem)

    def _packet(self, event: PacketSeen, now: Now) -> list[Command]:
        if event.hook is Hook.FORWARD:
            return self._forward.handle(event, now)
        if event.hook is Hook.REPLAY:
            return self._replay.handle(event, now)
        if event.hook is Hook.QUERY:
            return answer_time(event, now) if event.packet.dport == NTP_PORT else self._resolve.query(event, now)
        return self._resolve.answer(event, now)

    def _other(self, event: Event, now: Now) -> list[Command]:
        match event:
            case Ticked():
                return self._tick(now)
            case Asked():
                return self._requests.handle(event, now)
            case CountersRead():
                return self._counters.read(event, now)
            case NameResolved():
                self._state.viewings.phones.learn(event.name, event.addresses, now)
                return self._forward.resolved(event, now)
            case TriesRead():
                return self._upkeep.tries(event, now)
            case ClueHeard():
                self._state.acquaintances.hear(event.mac, event.clue)
            case LeaseGiven():
                return self._upkeep.lease(event, now)
            case PolicyChanged():
                return self._upkeep.policy_changed(event, now)
            case PolicyRefused():
                return self._upkeep.policy_refused(event, now)
            case Erased():
                return erased(self._state, event.mac, now)
            case PacketUndecodable():
                return [SetVerdict(event.queue_id, event.hook is Hook.ANSWER)]
        return []

    def _tick(self, now: Now) -> list[Command]:
        if self._is_replay:
            return self._replay.expire(now)
        self._resolve.forget_attempts(now)
        return self._forward.expire(now) + self._upkeep.tick(now)
