"""DNS: queries on their way to our resolver, and the answers on their way back.

A refused name is answered locally at once; HTTPS and SVCB questions of managed devices get an empty answer, which removes the
key for an encrypted ClientHello; what passes is said again without anything but its question, within the bounds of ``tunnel``;
every answer binds its addresses to the name before the device can use them.
"""

from dataclasses import replace

from gateway.model.action import Action, Effect
from gateway.model.assessment import Assessment, Evidence
from gateway.model.command import Command, ForgetRefused, SendPacket, SetVerdict
from gateway.model.decision import Decision, Subject
from gateway.model.device import Device, Mac
from gateway.model.event import Now, PacketSeen
from gateway.model.facts import Facts
from gateway.model.identity import Clue, Signal
from gateway.model.mark import FlowClass, pack, unpack
from gateway.model.name import Name, NameSource
from gateway.model.packet import UDP, key_of
from gateway.model.purpose import Purpose
from gateway.policy import decide
from gateway.wire import answer_query, parse_dns, restate_query
from gateway.wire.dns import AAAA, NO_ERROR, NO_SUCH_NAME, PTR, A, DnsMessage
from gateway.wire.query import is_bare

from .answered import Answered
from .judge import judge
from .line import Lines
from .manner import Manner
from .roster import Member
from .state import MAX_JUDGED, State
from .tunnel import domain_of

NXDOMAIN = 3
NODATA = 0
HTTPS, SVCB = 65, 64
LINK_LOCAL = b"\xfe"
"""First byte of addresses that lead nowhere without the name of an interface."""
PAUSE_S = 60.0
"""A try after so long a silence begins a new line."""
_DNS = Facts(app_proto="dns", dissector="fast")
_NAME_AT, _AROUND_NAME = 12, 6
"""Where the first question's name begins; the bytes of a question beyond the text of its name."""
Judged = tuple[Evidence, tuple[Assessment, Decision]]
"""A name, as a question for it is judged by, and what came of it."""
_REMEMBERED = frozenset({A, AAAA, PTR})
"""Types that our resolver keeps answers of."""


class Resolve:
    """Judges names before they become addresses."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.answered = Answered(state)
        self._lines = Lines(state, pause_s=PAUSE_S)
        self._judged: dict[tuple[Mac, str, str, bool], Judged] = {}
        self._judged_in = 0
        state.keepers.append(lambda mac: self._judged.clear())
        """The epoch of these judgements."""

    def query(self, event: PacketSeen, now: Now) -> list[Command]:
        """A DNS query, before it is redirected to our resolver."""
        member, commands = self._state.member(event.mac, now) if event.mac else (None, [])
        refused = [*commands, SetVerdict(event.queue_id, False)]
        message = parse_dns(event.packet.payload)
        if member is None or message is None or message.question is None or event.packet.proto != UDP:
            return refused
        bare = is_bare(event.packet.payload, message) and event.packet.fragment is None
        restated = None if bare else restate_query(event.packet)
        if not bare and restated is None:  # no query, or more than one: our resolver would pass it on as it came
            return refused
        if not self._state.roster.uses(member, event.packet.src, at=now.wall):
            return refused
        question = message.question
        self._state.acquaintances.hear(member.device.mac, Clue(Signal.DNS, question.name, now.mono))
        if self._escapes(event):
            self._escape(event, member, now)
        if question.type in (HTTPS, SVCB):
            return commands + self._answer(event, NODATA)
        if not self._state.tunnels.may_repeat(
            member.device.mac, _asked(event, question.name), remembered=_is_remembered(message), at=now.mono
        ):
            return refused
        evidence, (assessment, decision) = self._judge_name(member.device, question.name, now)
        if decision.effect is Effect.PASS and (why := self._tunnels(event, member, question.name, now)):
            evidence = evidence._replace(settled=Purpose.DNS_ESCAPE)
            assessment, decision = self._judge_tunnel(member, question.name, why, now)
        if decision.effect is Effect.PASS:
            # No passing class: the mark is good for the way to our resolver, and for no other.
            mark = pack(member.number, self._state.epoch, Purpose.LOCAL.number, FlowClass.NONE)
            return [*commands, SetVerdict(event.queue_id, True, mark, restated)]
        what = domain_of(question.name) if decision.purpose is Purpose.DNS_ESCAPE else question.name
        judged, refused_bytes = (assessment, decision), event.packet.payload_length
        self._count(event, member, judged, now, what=what, evidence=evidence, refused_bytes=refused_bytes)
        return commands + self._refuse(event, member, decision, now)

    def _refuse(self, event: PacketSeen, member: Member, decision: Decision, now: Now) -> list[Command]:
        """Answered at once, in the manner that the device takes best; a tunnel learns that the name does not exist."""
        self._state.manners.note(member.device.mac, decision.effect, now)
        manner = self._state.manners.against(member.device.mac, decision)
        if decision.purpose is Purpose.DNS_ESCAPE or manner is None:
            return self._answer(event, NXDOMAIN if decision.effect is Effect.DROP else NODATA)
        if manner is Manner.LOCAL:
            here = tuple(address for address in self._state.own_addresses if address[:1] != LINK_LOCAL)
            return self._answer(event, NODATA, addresses=here)
        return self._answer(event, NODATA if manner is Manner.REFUSAL else NXDOMAIN)

    def answer(self, event: PacketSeen, now: Now) -> list[Command]:
        """An answer of our resolver: its addresses are bound to the name for the device that the mark names."""
        member = self._state.roster.by_mark(unpack(event.mark), self._state.epoch)
        message = parse_dns(event.packet.payload)
        commands: list[Command] = []
        if member is not None and message is not None and message.question is not None:
            commands = self._bind(member, message.question.name, message.addresses, now)
            if message.rcode in (NO_ERROR, NO_SUCH_NAME):
                self._state.tunnels.settle(member.device.mac, _asked(event, message.question.name), at=now.mono)
            commands += self.answered.tell(member, event.packet.dst, message.addresses, now)
        return [*commands, SetVerdict(event.queue_id, True, 0)]

    def _bind(self, member: Member, name: str, addresses: tuple[bytes, ...], now: Now) -> list[Command]:
        """A name that is new at an address may pass where others were refused: the kernel asks about it again."""
        mac, bindings = member.device.mac, self._state.bindings
        fresh = [address for address in addresses if name not in bindings.names(mac, address, at=now.mono)]
        bindings.add(mac, addresses, name, at=now.mono)
        return [ForgetRefused(*place) for place in self._state.tries.forget(mac, fresh)] if fresh else []

    def forget_attempts(self, now: Now) -> None:
        """Later tries begin a new line."""
        self._lines.forget(now)
        self.answered.forget(now)

    def _escapes(self, event: PacketSeen) -> bool:
        return bool(self._state.own_addresses) and event.packet.dst not in self._state.own_addresses

    def _answer(self, event: PacketSeen, rcode: int, *, addresses: tuple[bytes, ...] = ()) -> list[Command]:
        answer = answer_query(event.packet, rcode=rcode, addresses=addresses)
        refusal: list[Command] = [SetVerdict(event.queue_id, False)]
        return refusal if answer is None else [SendPacket(answer), *refusal]

    def _tunnels(self, event: PacketSeen, member: Member, name: str, now: Now) -> str:
        """Why this name says too much; empty where it does not."""
        return self._state.tunnels.take(member.device.mac, name, _asked(event, name), at=now.mono)

    def _judge_name(self, device: Device, name: str, now: Now) -> Judged:
        """Gadgets ask the same all day: within one epoch the same question has the same judgement (see ``State.judge``)."""
        moment = self._state.moment(now)
        if self._judged_in != self._state.epoch or len(self._judged) >= MAX_JUDGED:
            self._judged, self._judged_in = {}, self._state.epoch
        key = (device.mac, device.profile, name, moment.wall_trusted)
        known = self._judged.get(key)
        if known is None:
            names = (Name(name, NameSource.DNS),)
            evidence = Evidence(profile=device.profile, vendor=device.vendor, family=device.family, names=names)
            known = evidence, judge(self._state.policy, device=device, evidence=evidence, moment=moment, dns=True)
            self._judged[key] = known
        return known

    def _judge_tunnel(self, member: Member, name: str, why: str, now: Now) -> tuple[Assessment, Decision]:
        """More was said in names than may be: an escape, unless the policy lets this device's escapes pass."""
        assessment = Assessment(purpose=Purpose.DNS_ESCAPE, confidence=0.7, reasons=(why,), name=Name(name, NameSource.DNS))
        subject = Subject(device=member.device, assessment=assessment, dns=True)
        decision = decide(self._state.policy, subject, self._state.moment(now))
        if decision.effect is Effect.PASS:
            return assessment, decision
        reason = f"dns-escape of {member.device.id} by names that carry a letter: new ones are refused until the hour is over"
        return assessment, replace(decision, action=Action.BLOCK, effect=Effect.DROP, reason=f"{reason} ({decision.rule})")

    def _escape(self, event: PacketSeen, member: Member, now: Now) -> None:
        """The device asks a resolver of its own choice: counted, and redirected by the kernel."""
        packet, device = event.packet, member.device
        evidence = Evidence(
            profile=device.profile,
            vendor=device.vendor,
            family=device.family,
            facts=_DNS,
            address=packet.dst,
            port=packet.dport,
            proto=packet.proto,
        )
        judged = judge(self._state.policy, device=device, evidence=evidence, moment=self._state.moment(now))
        self._count(event, member, judged, now, what=packet.dst.hex(), evidence=evidence)

    def _count(
        self,
        event: PacketSeen,
        member: Member,
        judged: tuple[Assessment, Decision],
        now: Now,
        *,
        what: str,
        evidence: Evidence,
        refused_bytes: int = 0,
    ) -> None:
        """One line for all tries of the same thing within a minute."""
        places, key = (what, str(judged[1].purpose)), key_of(event.packet)
        self._lines.count(member, places, judged, now, key=key, facts=_DNS, evidence=evidence, refused_bytes=refused_bytes)


def _asked(event: PacketSeen, name: str) -> bytes:
    """The first question as it was sent: spelling, type and class."""
    return event.packet.payload[_NAME_AT : _NAME_AT + len(name) + _AROUND_NAME]


def _is_remembered(query: DnsMessage) -> bool:
    """Once it was answered, our resolver answers it by itself: it does not where signatures are asked for."""
    question = query.question
    return question is not None and question.type in _REMEMBERED and not query.dnssec_ok
