"""Packets on their way out of the curtain: first look, held hellos, verdicts."""

from dataclasses import replace

from gateway.model.action import Action, Effect
from gateway.model.assessment import Assessment, Evidence
from gateway.model.command import Command, SetVerdict
from gateway.model.decision import Decision
from gateway.model.event import NameResolved, Now, PacketSeen
from gateway.model.facts import NOTHING, Facts
from gateway.model.mark import HANDSHAKES, LET_OUT, SENT, FlowClass, class_in, class_of, pack, unpack
from gateway.model.name import Name
from gateway.model.packet import ACK, SYN, TCP, UDP, URG, key_of
from gateway.model.policy import RuleRef
from gateway.model.purpose import Purpose
from gateway.policy import refuse_spent
from gateway.wire import are_plain

from .answered import Answered
from .clock import Clock
from .counted import Counts
from .flow import Flow
from .held import MAX_S, Held
from .roster import Member
from .state import State
from .tries import REMEMBER_AFTER, Line
from .vouch import Vouch
from .waiting import Waiter

_CLASS = {
    Effect.REFUSE: FlowClass.REFUSE,
    Effect.DROP: FlowClass.DROP,
    Effect.REDIRECT: FlowClass.REFUSE,
}
_LOOKING = FlowClass.LOOK_16K
"""While a second look lasts: every packet of a flow that sent more than that is asked about."""
_PROTECTED = RuleRef(file="built-in")


class Forward:
    """Judges what leaves the curtain. A verdict always accepts with a mark: the kernel's last chain does the refusing."""

    def __init__(self, state: State, answered: Answered) -> None:
        self._state = state
        self._held = Held(state.roster.is_named)
        self._credits = state.credits
        self._clock = Clock(state)
        self._vouch = Vouch(state)
        self._answered = answered

    def begin(self, now: Now, *, grace_s: float) -> None:
        """The gateway starts; ``grace_s``: how long one that remembers no names only tells of those it cannot check."""
        self._vouch.begin(now, grace_s=grace_s)

    def handle(self, event: PacketSeen, now: Now) -> list[Command]:
        """One queued packet -> verdicts, now or when the name is known."""
        if event.mac is None or event.packet.fragment is not None:
            return [SetVerdict(event.queue_id, False)]
        member, commands = self._state.member(event.mac, now)
        if member is None:
            return [SetVerdict(event.queue_id, False)]
        if self._state.stale_ruleset:
            commands += self._state.load_ruleset()
        own = event.packet.src in member.addresses or self._state.roster.uses(member, event.packet.src, at=now.wall)
        if not own:  # in silence: a device whose lease has just changed tries again
            return [*commands, SetVerdict(event.queue_id, False)]
        if event.packet.proto == UDP and (answer := self._clock.answer(event, member, now)) is not None:
            return commands + answer
        flow = self._find(event, member, now)
        if flow.number != member.number and flow.table_key.src == event.packet.src:
            return [*commands, SetVerdict(event.queue_id, False)]  # another device under this one's address
        self._state.flows.touch(flow, now.mono)
        return commands + self._look(flow, event, now)

    def resolved(self, event: NameResolved, now: Now) -> list[Command]:
        """Our resolver answered: who waited for it is judged."""
        return self._conclude_all(self._vouch.resolved(event, now), now)

    def expire(self, now: Now) -> list[Command]:
        """Judge who waited for our resolver long enough; refuse the flows whose hello never came whole."""
        if not self._held:
            return []
        commands = self._conclude_all(self._vouch.expire(now), now)
        for flow in self._held.late(now):
            commands += self._give_up(flow, f"its first {MAX_S:.0f} seconds did not make a whole hello", now)
        return commands

    def _find(self, event: PacketSeen, member: Member, now: Now) -> Flow:
        packet = event.packet
        key = key_of(packet)
        flow = self._state.flows.get(key) or self._state.flows.get(key.reversed())
        opens = packet.proto == TCP and packet.flags & (SYN | ACK) == SYN
        begins = class_of(event.mark) == FlowClass.BEGUN  # also where a new epoch has begun since the kernel said so
        if flow is not None and not flow.is_used_again(packet, opens=opens, begins=begins):
            if begins:
                flow.start = packet.seq
            return flow
        if flow is not None:
            self._state.flows.remove(flow)
        flow = Flow(
            flow_id=self._state.new_id(),
            key=key,
            device=member.device,
            number=member.number,
            wall=now.wall,
            mono=now.mono,
        )
        flow.syn_seen = opens or begins
        if opens:
            flow.isn = packet.seq
        elif begins:
            flow.start = packet.seq
        elif event.mark:
            flow.carried = self._state.judged_before(event, member)
        if event.to_lan:
            self._within_the_home(flow, member)
        self._state.flows.add(flow)
        return flow

    def _within_the_home(self, flow: Flow, member: Member) -> None:
        """A flow between two devices is judged by the gadget's policy, whoever opened it."""
        flow.local = True
        other = self._state.roster.by_address(flow.key.dst)
        flow.peer = other.device if other else self._state.roster.stranger
        if member.device.trusted and not flow.peer.trusted:
            flow.device, flow.peer, flow.inbound = flow.peer, member.device, True

    def _look(self, flow: Flow, event: PacketSeen, now: Now) -> list[Command]:
        packet = event.packet
        if self._vouch.holds(flow) and (packet.payload or flow.decision is not None):
            return self._hold_on(flow, event, now)
        if flow.decision is not None:
            if flow.epoch != self._state.epoch or self._is_second_look(flow, event):
                return self._settle(flow, event, now)
            self._count_again(flow, event, now)
            return [SetVerdict(event.queue_id, True, self._mark(flow))]
        if packet.proto not in (TCP, UDP):
            return self._settle(flow, event, now)
        if not packet.payload:
            return self._look_at_address(flow, event, now)
        if packet.payload_length > len(packet.payload) and packet.proto == TCP:
            return self._settle(flow, event, now)
        return self._look_at_payload(flow, event, now)

    def _is_second_look(self, flow: Flow, event: PacketSeen) -> bool:
        """The kernel asks because a step or a budget was passed – and not because this packet was on its way already."""
        kind = class_in(event.mark, self._state.epoch)
        if flow.flow_class not in LET_OUT:
            return False
        return kind == FlowClass.SPENT or (kind in SENT and (kind == flow.flow_class or flow.look is not None))

    def _look_at_address(self, flow: Flow, event: PacketSeen, now: Now) -> list[Command]:
        """No payload yet: let the handshake pass, unless every name of that address is refused."""
        if flow.lost_its_beginning(event.mark):
            return [SetVerdict(event.queue_id, False)]  # the first byte tells where it begins, if the kernel still knows
        if flow.carried or (event.packet.proto == TCP and not flow.syn_seen):
            return self._settle(flow, event, now)
        if event.packet.flags & URG or not are_plain(event.packet.options):
            commands = self._give_up(flow, "its SYN carries bytes where no system puts any", now)
            return [*commands, SetVerdict(event.queue_id, True, self._mark(flow))]
        names = () if flow.local else self._state.bound_names(flow.device.mac, flow.key.dst, now)
        if self._are_all_refused(flow, names, now) or not (names or flow.local or self._has_credit(flow, event, now)):
            return self._settle(flow, event, now)
        welcome = names and event.packet.proto == TCP
        flow.flow_class = FlowClass.WELCOME if welcome else FlowClass.UNDECIDED
        flow.epoch = self._state.epoch
        return [SetVerdict(event.queue_id, True, self._mark(flow))]

    def _has_credit(self, flow: Flow, event: PacketSeen, now: Now) -> bool:
        """Handshakes only, and where no name led there so many only."""
        if event.packet.proto != TCP:
            return False
        if flow.flow_class == FlowClass.UNDECIDED and event.packet.seq == flow.isn:
            return True  # the same one again
        flow.on_credit = self._credits.take(flow.device.mac, at=now.mono)
        return flow.on_credit

    def _look_at_payload(self, flow: Flow, event: PacketSeen, now: Now) -> list[Command]:
        """Hold every packet with payload until the hello is whole."""
        if flow.carried and flow.reader is None and class_of(event.mark) not in HANDSHAKES:
            return self._settle(flow, event, now)
        if flow.lost_its_beginning(event.mark):
            commands = self._give_up(flow, "where it begins was only known before, so it is reset once and begins anew", now)
            return [*commands, SetVerdict(event.queue_id, True, self._mark(flow))]
        direction = int(event.packet.src != flow.key.src)
        known = flow.read(event.packet, direction, scapy=lambda: self._state.may_use_scapy(flow.device.mac, now))
        reader = flow.reader
        spoiled = reader is not None and (reader.contradiction or reader.exhausted)
        if known and not spoiled:
            if reader is not None and (hello := reader.hello) is not None and event.mac:
                self._state.acquaintances.greet(event.mac, hello, now)
            return self._settle(flow, event, now)
        has_room = self._held.add(flow, event, now)
        if reader is not None and reader.contradiction:
            return self._give_up(flow, "its segments contradict each other", now)
        if spoiled or not has_room:
            return self._give_up(flow, "its hello did not become whole within the bounds", now)
        return []

    def _hold_on(self, flow: Flow, event: PacketSeen, now: Now) -> list[Command]:
        """Its name is being asked for: what follows waits with it."""
        if self._held.add(flow, event, now):
            return []
        return self._give_up(flow, "it sent too much before its name was checked", now)

    def _release(self, flow: Flow) -> list[Command]:
        """Verdicts for everything held, in the order it came."""
        ids, size = self._held.take(flow)
        if not ids:
            return []
        if flow.flow_class not in LET_OUT:
            (flow.line or flow).refused_bytes += size
        mark = self._mark(flow)
        return [SetVerdict(queue_id, True, mark) for queue_id in ids]

    def _settle(self, flow: Flow, event: PacketSeen, now: Now) -> list[Command]:
        """Judge the flow, and let this packet and all held ones follow the judgement – once its name was checked."""
        if not self._look_closer(flow, event, now):
            return [SetVerdict(event.queue_id, True, self._mark(flow))]
        if not self._judge(flow, event, now):
            self._held.add(flow, event, now)
            return self._vouch.wait(flow, event, now)
        commands = self._conclude(flow, now)
        self._count_refused(flow, event)
        return [*commands, SetVerdict(event.queue_id, True, self._mark(flow))]

    def _conclude(self, flow: Flow, now: Now) -> list[Command]:
        """A judged flow: into the books, and its held packets on their way."""
        flow.reader = flow.other = None  # what they know stands in the flow's facts
        commands = self._answer_here(flow, now)
        if flow.on_credit and flow.flow_class in LET_OUT:
            self._credits.give_back(flow.device.mac, at=now.mono)
            flow.on_credit = False
        self._count(flow, now)
        return commands + self._release(flow)

    def _conclude_all(self, waiters: list[Waiter], now: Now) -> list[Command]:
        commands: list[Command] = []
        for flow, event in waiters:
            self._judge(flow, event, now, may_ask=False)
            commands += self._conclude(flow, now)
        return commands

    def _answer_here(self, flow: Flow, now: Now) -> list[Command]:
        """Plain HTTP that is ours to answer came through: its next try is turned round, or it passes after all."""
        decision = flow.decision
        if decision is None or decision.effect is not Effect.REDIRECT or flow.key.proto != TCP:
            return []
        if (member := self._state.roster.by_number(flow.number)) is None:
            return []
        flow.decision, commands = self._answered.answer_or_pass(member, flow.key, decision, now)
        if flow.decision.effect is Effect.PASS:
            flow.flow_class = self._state.looks.next_class(flow, flow.decision)
        return commands

    def _give_up(self, flow: Flow, why: str, now: Now) -> list[Command]:
        """A hello that does not become whole is refused: what it would have said, nobody knows."""
        self._vouch.forget(flow)
        self._refuse(flow, why)
        self._count(flow, now)
        return self._release(flow)

    def _look_closer(self, flow: Flow, event: PacketSeen, now: Now) -> bool:
        """What a second look has to go by: how much went up, and what a nameless datagram flow speaks by now. False: the next
        packets have to tell, and the kernel asks about each of them, since so much has gone up already."""
        kind = class_in(event.mark, self._state.epoch)
        if kind not in SENT:
            return True
        flow.bytes_out = max(flow.bytes_out, SENT[FlowClass(kind)] + 1)
        if event.packet.proto != UDP or not event.packet.payload or flow.facts.names:
            return True
        over = flow.read_again(event.packet, scapy=lambda: self._state.may_use_scapy(flow.device.mac, now))
        if over or flow.decision is None or flow.epoch != self._state.epoch:
            return True
        flow.flow_class = _LOOKING
        return False

    def _count(self, flow: Flow, now: Now) -> None:
        """Into the books, unless its device has left: a flow that was let out by itself, tries of a destination in one line."""
        if not flow.number:
            return
        if flow.flow_class in LET_OUT:
            flow.passed = True
        elif not flow.passed:
            self._count_try(flow, now)
            if flow.line is not flow:
                return
        self._state.unreported.append(flow)

    def _count_try(self, flow: Flow, now: Now) -> None:
        assert flow.decision is not None
        self._state.manners.note(flow.device.mac, flow.decision.effect, now)
        line = self._state.tries.take(flow, now)
        flow.line = line.flow
        if self._may_be_remembered(flow, line, now) and self._state.tries.remember(flow, now):
            flow.flow_class = FlowClass.SILENCE if flow.flow_class is FlowClass.DROP else FlowClass.REMEMBER

    def _may_be_remembered(self, flow: Flow, line: Line, now: Now) -> bool:
        """The kernel knows addresses only: it may refuse by itself where no name of that address is let out."""
        assert flow.decision is not None
        if flow.local or flow.key.proto not in (TCP, UDP) or flow.decision.action is Action.LIMIT:
            return False
        names = self._state.bound_names(flow.device.mac, flow.key.dst, now)
        return self._are_all_refused(flow, names, now) if names else line.tries >= REMEMBER_AFTER

    def _are_all_refused(self, flow: Flow, names: tuple[Name, ...], now: Now) -> bool:
        """DNS gave this device names for that address, and none of them may be reached, whatever is said there."""
        if not names:
            return False
        key = flow.key
        place = (flow.device.mac, names, key.dst, key.dport, key.proto, now.wall_trusted)
        known = self._state.all_refused.get(place)
        if known is None:
            judged = (self._state.judge(self._evidence(flow, (name,), facts=NOTHING), flow, now) for name in names)
            known = all(decision.effect is not Effect.PASS for _, decision in judged)
            self._state.all_refused[place] = known
        return known

    def _refuse(self, flow: Flow, why: str) -> None:
        flow.assessment = Assessment(purpose=Purpose.UNKNOWN, reasons=(why,))
        flow.evidence = self._evidence(flow, ())._replace(settled=Purpose.UNKNOWN)
        flow.decision = Decision(
            action=Action.BLOCK,
            effect=Effect.REFUSE,
            purpose=Purpose.UNKNOWN,
            rule=_PROTECTED,
            reason="what cannot be read is refused",
            would_pass_if="the device sent a whole hello",
        )
        flow.flow_class, flow.epoch = FlowClass.REFUSE, self._state.epoch

    def _judge(self, flow: Flow, event: PacketSeen, now: Now, *, may_ask: bool = True) -> bool:
        """What it is for, and what happens to it; False: our resolver has to be asked first."""
        names = () if flow.local else self._state.bound_names(flow.device.mac, flow.key.dst, now)
        if flow.began_unseen and not names:
            self._refuse(flow, "it began before it could be watched, so it is reset once and names itself anew")
            return True
        flow.candidates = flow.facts.names + names
        evidence = self._evidence(flow, flow.candidates)
        judged = self._vouch.judge(flow, evidence, now, may_ask=may_ask)
        if judged is None:
            return False
        flow.assessment, decision = judged
        if evidence.settled is not None and flow.assessment.purpose is evidence.settled:
            reason = f"judged as {evidence.settled} before the gateway restarted"
            flow.assessment = replace(flow.assessment, reasons=(reason, *flow.assessment.reasons))
        flow.decision = self._state.manners.apply(flow.device.mac, decision)
        flow.counted = flow.counted.judged(evidence, flow.assessment)
        flow.flow_class = _CLASS.get(flow.decision.effect) or self._let_out(flow, flow.decision, event, now)
        flow.epoch = self._state.epoch
        return True

    def _let_out(self, flow: Flow, decision: Decision, event: PacketSeen, now: Now) -> FlowClass:
        """How far it may go – unless its budget has no room left."""
        looks, policy = self._state.looks, self._state.policy
        kind = looks.next_class(flow, decision)
        if kind is FlowClass.PASS:
            return kind
        kind = _LOOKING if flow.look is not None else kind
        if class_in(event.mark, self._state.epoch) == FlowClass.SPENT and unpack(event.mark).purpose == decision.purpose.number:
            looks.spend(flow, decision, now)
        elif not looks.is_spent(flow, decision, now):
            return kind
        flow.decision = refuse_spent(policy, flow.device, decision)
        return FlowClass.REFUSE

    def _evidence(self, flow: Flow, names: tuple[Name, ...], *, facts: Facts | None = None) -> Evidence:
        device = flow.device
        counts = flow.counted.weigh(Counts(flow.bytes_out, flow.bytes_in))
        return Evidence(
            profile=device.profile,
            vendor=device.vendor,
            family=device.family,
            facts=flow.facts if facts is None else facts,
            names=names,
            address=flow.key.dst,
            port=flow.key.dport,
            proto=flow.key.proto,
            local=flow.local,
            bytes_out=counts.out,
            bytes_in=counts.into,
            media_bytes=self._state.looks.media_bytes(flow),
            settled=flow.carried_over,
        )

    def _count_again(self, flow: Flow, event: PacketSeen, now: Now) -> None:
        """Another packet of a flow that was refused is another try of it."""
        if flow.flow_class not in LET_OUT:
            if not flow.passed:
                self._count_try(flow, now)
            self._count_refused(flow, event)

    def _count_refused(self, flow: Flow, event: PacketSeen) -> None:
        if flow.flow_class not in LET_OUT:
            (flow.line or flow).refused_bytes += event.packet.payload_length

    def _mark(self, flow: Flow) -> int:
        purpose = flow.decision.purpose.number if flow.decision else 0
        return pack(flow.number, self._state.epoch, purpose, flow.flow_class)
