"""What all parts of the engine share: the tables, the epoch, and the moment decisions are made at."""

from collections import OrderedDict, deque
from collections.abc import Callable
from ipaddress import ip_address

from gateway.model.assessment import Assessment, Evidence
from gateway.model.command import Command, LoadRuleset, Publish, Record
from gateway.model.decision import Decision, Question
from gateway.model.device import Device, Mac
from gateway.model.event import Now, PacketSeen
from gateway.model.identity import Guess
from gateway.model.mark import next_epoch, unpack
from gateway.model.moment import Grant, Moment
from gateway.model.name import Name, NameSource
from gateway.model.policy import Policy
from gateway.model.purpose import Purpose
from gateway.model.record import FlowRecord
from gateway.policy.ruling import entry_for

from .acquaintance import Acquaintances
from .binding import Bindings, no_registrable
from .credit import Credits
from .doing import Doings
from .flow import Flow, FlowTable
from .forgetting import Forgettings
from .grants import Grants
from .judge import judge
from .look import Looks
from .manner import TRIAL_S, Manner, Manners
from .report import record
from .roster import Member, Roster
from .set_up import SetUps
from .shadow import Shadows
from .share import Bucket, Shares
from .term import NEVER, Term, begin
from .total import Totals
from .trial import WINDOW_TRIALS, Trial, Trials
from .tries import Tries
from .tunnel import Tunnels
from .viewing import Viewings

MOMENT_KEPT_S = 0.25
RECENT_FLOWS = 2_000
MAX_QUESTIONS = 256
MAX_JUDGED = 4_096
SCAPY_PER_S, SCAPY_PER_S_OF_DEVICE = 200, 50
"""At most so many packets a second are given to Scapy on the verdict's path (0.2 to 0.7 ms each); all devices that nobody has
named count as one."""


class State:
    """The mutable middle of a pure engine. Nothing outside ``engine/`` holds it."""

    def __init__(
        self,
        policy: Policy,
        *,
        epoch: int,
        first_id: int,
        profiles: dict[Mac, str] | None = None,
        registrable: Callable[[str], str] = no_registrable,
        trial_s: float = TRIAL_S,
        set_ups: SetUps | None = None,
        live: bool = True,
    ) -> None:
        self.policy = policy
        self.epoch = epoch
        self.roster = Roster(policy, profiles=profiles)
        self.acquaintances = Acquaintances(self.roster, policy, SetUps() if set_ups is None else set_ups, live=live)
        self.bindings = Bindings(registrable)
        self.grants = Grants()
        self.flows = FlowTable()
        self.recent: OrderedDict[int, tuple[FlowRecord, Decision]] = OrderedDict()
        self.questions: OrderedDict[tuple[Mac, str, str], Question] = OrderedDict()
        self.own_addresses: frozenset[bytes] = frozenset()
        """Addresses of the gateway on the curtain's side."""
        self.problems: deque[dict[str, object]] = deque(maxlen=64)
        self.policy_faults: tuple[str, ...] = ()
        self.term: Term = NEVER
        """How long what was judged in this epoch holds."""
        self.unsaved = False
        """The kernel was given numbers or an epoch that a successor has to find saved: marks rest on them."""
        self.stale_ruleset = False
        """The kernel does not know yet who joined, whose address is whose, or how somebody is to be told no."""
        self.generation = 0
        """How often the ruleset was loaded: what only single elements of its sets say has to be said again then."""
        self.tries = Tries(self.roster.is_named)
        self.tunnels = Tunnels(self.roster.is_named)
        self.credits = Credits(self.roster.is_named)
        self.looks = Looks()
        self.manners = Manners(trial_s=trial_s)
        self.trials = Trials(window_s=WINDOW_TRIALS * trial_s)
        self.shadows = Shadows()
        self.totals = Totals()
        self.doings = Doings()
        self.viewings = Viewings(self.roster, self.grants, policy, until=self.doings.until)
        self.forgettings = Forgettings()
        self.keepers: list[Callable[[Mac], object]] = []
        """Who remembers devices beside these tables, and forgets one that is named to it."""
        self.unreported: list[Flow] = []
        """Judged, and not told to anybody yet."""
        self._judged: dict[object, tuple[Assessment, Decision]] = {}
        self.all_refused: dict[object, bool] = {}
        """Destinations, and whether none of their names may be reached: within one epoch, like all that was judged."""
        self._named: dict[tuple[str, ...], tuple[Name, ...]] = {}
        self._next_id = first_id
        self._moment = Moment(wall=0.0)
        self._moment_mono = -1.0
        self.scapy = Shares(
            self.roster.is_named,
            burst=SCAPY_PER_S_OF_DEVICE,
            per_s=SCAPY_PER_S_OF_DEVICE,
            newcomers=1,
            everybody=Bucket(SCAPY_PER_S, SCAPY_PER_S),
        )

    def new_id(self) -> int:
        """A flow id that no other flow of this ledger has."""
        self._next_id += 1
        return self._next_id

    def moment(self, now: Now) -> Moment:
        """The moment of a decision; made anew four times a second, and whenever what is in force changes."""
        kept = self._moment.grants is self.grants.in_force and self._moment.wall_trusted is now.wall_trusted
        if not kept or abs(now.mono - self._moment_mono) >= MOMENT_KEPT_S:
            self._moment = Moment(wall=now.wall, wall_trusted=now.wall_trusted, grants=self.grants.in_force)
            self._moment_mono = now.mono
        return self._moment

    def may_use_scapy(self, device: Mac, now: Now) -> bool:
        """Take one of the packets a second that Scapy may be given for this device."""
        return self.scapy.take(device, at=now.mono)

    def judge(self, evidence: Evidence, flow: Flow, now: Now) -> tuple[Assessment, Decision]:
        """Judge evidence about a flow by the policy in force.

        Gadgets say the same things all day: within one epoch the same evidence has the same answer, so it is remembered, by
        the evidence as a whole: nothing can be forgotten that it rests on.
        Whatever could change it (a policy, a grant, a schedule, the clock's trust) begins a new epoch, and forgets.
        """
        device, peer = flow.ends
        moment = self.moment(now)
        key = (evidence, device.mac, peer and peer.mac, flow.inbound, moment.wall_trusted)
        known = self._judged.get(key)
        if known is None:
            known = judge(self.policy, device=device, evidence=evidence, moment=moment, peer=peer, inbound=flow.inbound)
            if len(self._judged) >= MAX_JUDGED:
                self._judged.clear()
                self.all_refused.clear()
            self._judged[key] = known
        if known[0].purpose is Purpose.VIDEO and (context := self.doings.before(flow)).before:
            return judge(  # no two moments are alike, so this is not remembered
                self.policy, device=device, evidence=evidence, moment=moment, peer=peer, inbound=flow.inbound, context=context
            )
        return known

    def bump(self, now: Now) -> list[Command]:
        """Begin a new epoch: every live connection is judged again at its next packet."""
        self.epoch = next_epoch(self.epoch)
        return self.resume(now)

    def resume(self, now: Now) -> list[Command]:
        """Go on in the epoch that is in force."""
        self.term = begin(self.policy, now)
        self._moment_mono = -1.0
        self._judged.clear()
        self.all_refused.clear()
        self.looks.forget()
        return self.load_ruleset()

    def load_ruleset(self) -> list[Command]:
        """Render this generation into the kernel."""
        self.stale_ruleset, self.unsaved = False, True
        self.generation += 1
        policies = self.policy.devices.values()
        return [
            LoadRuleset(
                epoch=self.epoch,
                digest=self.policy.digest,
                free=self.roster.leased(trusted=True),
                leases=self.roster.leased(),
                free6=tuple(sorted(known.device.mac for known in policies if known.device.trusted)),
                budgets=self.looks.plan(self.policy, self.roster),
                fault_open=tuple(sorted(known.device.mac for known in policies if known.on_fault_open)),
                owners=self.roster.owners(),
            )
        ]

    def member(self, mac: Mac, now: Now) -> tuple[Member | None, list[Command]]:
        """The member with this MAC; a newcomer joins, is announced, and is made known to the kernel."""
        known = self.roster.get(mac)
        if known is not None:
            known.last_seen = now.wall
            return known, []
        joined = self.roster.join(mac, at=now.wall)
        if joined is None:
            return None, []
        self.stale_ruleset = True
        left = self.roster.take_left()
        self.acquaintances.meet(joined, now)
        told = Publish(kind="device", data=self.view(joined, now))
        return joined, [*self._pass_on(left, now), told] if left else [told]

    def _pass_on(self, left: list[Member], now: Now) -> list[Command]:
        """Live connections still bear the numbers of those who left: they count for nobody else, in a new epoch."""
        numbers = {member.number for member in left}
        commands: list[Command] = []
        for member in left:
            self.acquaintances.part(member.device.mac)
        self.trials.forget(self.policy, self.roster.devices())
        for flow in [flow for flow in self.flows if flow.number in numbers]:
            self.flows.remove(flow)
            flow.number = 0  # what still waits for its verdict is nobody's
            if flow.dirty and flow.decision is not None:
                commands.append(self.write_down(flow))
        commands += self.bump(now)
        self.roster.numbers.pass_on(numbers, self.epoch)
        return commands

    def take_back(self) -> bool:
        """Leave out what was taken back after its trial; True if that changes what holds."""
        before, self.policy = self.policy, self.trials.without_taken_back(self.policy, self.roster.devices())
        return self.policy is not before

    def trial_view(self, trial: Trial) -> dict[str, object]:
        """A rule on trial, or what became of it, as ``status`` and events show it."""
        device, purpose = self.roster.describe(trial.key.mac), trial.key.purpose
        return {
            "device": device.id,
            "purpose": str(purpose),
            "action": trial.action,
            "rule": trial.rule,
            "standing": str(trial.standing),
            "remaining_s": round(trial.remaining_s),
            "stopped": trial.stopped,
            "note": trial.note,
            "ended_at": trial.at or None,
            "cost": self.cost(device, purpose),
        }

    def shadow_views(self) -> list[dict[str, object]]:
        """What rules in shadow would have stopped, as ``status`` shows it."""
        views: list[dict[str, object]] = []
        for row in self.shadows.rows():
            device = self.roster.describe(Mac(row["mac"]))
            views.append({"device": device.id, **row, "cost": self.cost(device, Purpose(row["purpose"]))})
        return views

    def cost(self, device: Device, purpose: Purpose) -> str:
        """What stops working without a purpose, if the device's profile states it."""
        return entry_for(self.policy, device).costs.get(purpose, "")

    def describe_flows(self) -> None:
        """Devices are others by now: so are the ends of their flows."""
        for flow in self.flows:
            flow.device = self.roster.describe(flow.device.mac)
            if flow.peer is not None:
                flow.peer = self.roster.describe(flow.peer.mac)

    def view(self, member: Member, now: Now) -> dict[str, object]:
        """A device as ``devices`` and events show it."""
        mac = member.device.mac
        return {
            **device_view(member, self.manners.of(mac)),
            "named": self.roster.is_named(mac),
            "guess": guess_view(self.acquaintances.guess(mac)),
            "set_up_s": round(self.acquaintances.set_ups.left_s(mac, now)),
        }

    def judged_before(self, event: PacketSeen, member: Member) -> int:
        """Number of the purpose that a connection was judged for, by its mark: for its sender or, at home, who it answers."""
        mark = unpack(event.mark)
        holder = self.roster.by_mark(mark, self.epoch)
        is_known = holder is member or (event.to_lan and holder is self.roster.by_address(event.packet.dst))
        return mark.purpose if holder is not None and is_known else 0

    def ask(self, flow: Flow, decision: Decision, now: Now) -> list[Command]:
        """Record a question for the household, once for a device, purpose and name."""
        name = flow.assessment.name.text if flow.assessment and flow.assessment.name else ""
        subject = (flow.device.mac, str(decision.purpose), name)
        if subject in self.questions:
            return []
        question = Question(mac=flow.device.mac, purpose=decision.purpose, name=name, asked_at=now.wall)
        self.questions[subject] = question
        if len(self.questions) > MAX_QUESTIONS:
            self.questions.popitem(last=False)
        return [Publish(kind="question", data={"device": flow.device.id, "purpose": str(decision.purpose), "name": name})]

    def report(self, now: Now) -> list[Command]:
        """Tell of what was judged since the last time: to the ledger, to listeners, to the household."""
        commands: list[Command] = []
        for flow in self.unreported:
            self.doings.begin(flow)
            self.viewings.hear(flow, now)
            written = self.write_down(flow)
            commands += (written, Publish(kind="flow", data=written.record))
            if flow.decision is not None and flow.decision.question:
                commands += self.ask(flow, flow.decision, now)
        self.unreported.clear()
        return commands

    def write_down(self, flow: Flow) -> Record:
        """A judged flow as it stands, for the ledger."""
        assert flow.decision is not None
        flow.dirty = False
        entry = record(flow)
        self._remember(entry, flow.decision)
        return Record(entry)

    def _remember(self, record: FlowRecord, decision: Decision) -> None:
        """Keep a flow's record for ``flows`` and ``explain``."""
        entry = self.recent.pop(record.flow_id, None)
        before = entry[0] if entry else None
        self.totals.add(record, before)
        self.shadows.add(record, before)
        self.trials.hear(record, before)
        self.recent[record.flow_id] = (record, decision)
        if len(self.recent) > RECENT_FLOWS:
            self.recent.popitem(last=False)

    def bound_names(self, device: str, address: bytes, now: Now) -> tuple[Name, ...]:
        """Names that DNS bound to an address for a device, latest first."""
        texts = self.bindings.names(device, address, at=now.mono)
        if not texts:
            return ()
        named = self._named.get(texts)
        if named is None:
            if len(self._named) >= MAX_JUDGED:
                self._named.clear()
            named = self._named[texts] = tuple(Name(text, NameSource.DNS) for text in texts)
        return named


def grant_view(grant: Grant, state: State, now: Now) -> dict[str, object]:
    """A grant as ``status`` and events show it."""
    return {
        "kind": grant.kind,
        "device": state.roster.describe(grant.mac).id if grant.mac else "all",
        "purpose": str(grant.purpose) if grant.purpose else None,
        "remaining_s": round(max(0.0, grant.until - now.mono), 1),
        "open_s": round(max(0.0, now.mono - grant.since), 1),
        "by": grant.by,
        "because": grant.because,
        "confidence": grant.confidence,
    }


def guess_view(guess: Guess | None) -> dict[str, object] | None:
    """Whose a device probably is, and why."""
    if guess is None:
        return None
    return {
        "vendor": guess.vendor,
        "profile": guess.profile,
        "confidence": guess.confidence,
        "sure": guess.sure,
        "because": list(guess.reasons),
    }


def device_view(member: Member, manner: Manner | None) -> dict[str, object]:
    """What was seen of a device, and what the policy has it for; ``manner``: how it is told no, where that was learnt."""
    device = member.device
    return {
        "mac": device.mac,
        "id": device.id,
        "profile": device.profile,
        "family": device.family,
        "trusted": device.trusted,
        "owner": device.owner,
        "confirmed": device.confirmed,
        "hostname": member.hostname,
        "first_seen": member.first_seen,
        "last_seen": member.last_seen,
        "manner": manner,
        "addresses": [str(ip_address(address)) for address in member.addresses],
    }
