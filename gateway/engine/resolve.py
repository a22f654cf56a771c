"""DNS: queries on their way to our resolver, and the answers on their way back.

A refused name is answered locally at once; HTTPS and SVCB questions of managed devices get an empty answer, which removes the
key for an encrypted ClientHello; every answer binds its addresses to the name before the device can use them.
"""

from gateway.model.action import Effect
from gateway.model.assessment import Assessment, Evidence
from gateway.model.command import Command, SendPacket, SetVerdict
from gateway.model.decision import Decision
from gateway.model.event import Now, PacketSeen
from gateway.model.facts import Facts
from gateway.model.mark import FlowClass, pack, unpack
from gateway.model.name import Name, NameSource
from gateway.model.packet import key_of
from gateway.model.purpose import Purpose
from gateway.wire import answer_query, parse_dns

from .flow import Flow
from .judge import judge
from .roster import Member
from .state import State

NXDOMAIN = 3
NODATA = 0
HTTPS, SVCB = 65, 64
ATTEMPTS_KEPT_S = 60.0
MAX_ATTEMPTS = 1_024


class Resolve:
    """Judges names before they become addresses."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._attempts: dict[tuple[str, str, str], Flow] = {}
        """(device, what, purpose) -> the one line that counts its tries."""

    def query(self, event: PacketSeen, now: Now) -> list[Command]:
        """A DNS query, before it is redirected to our resolver."""
        member, commands = self._state.member(event.mac, now) if event.mac else (None, [])
        message = parse_dns(event.packet.payload)
        if member is None or message is None or message.is_response or message.question is None:
            return [*commands, SetVerdict(event.queue_id, False)]
        self._state.roster.uses(member, event.packet.src, at=now.wall)
        question = message.question
        if self._escapes(event):
            self._escape(event, member, now)
        if question.type in (HTTPS, SVCB):
            return commands + self._answer(event, NODATA)
        assessment, decision = self._judge(member, question.name, now)
        if decision.effect is Effect.PASS:
            mark = pack(member.number, self._state.epoch, Purpose.LOCAL.number, FlowClass.PASS)
            return [*commands, SetVerdict(event.queue_id, True, mark)]
        self._count(event, member, (assessment, decision), now)
        return commands + self._answer(event, NXDOMAIN if decision.effect is Effect.DROP else NODATA)

    def answer(self, event: PacketSeen, now: Now) -> list[Command]:
        """An answer of our resolver: its addresses are bound to the name for the device that the mark names."""
        member = self._state.roster.by_number(unpack(event.mark).device)
        message = parse_dns(event.packet.payload)
        if member is not None and message is not None and message.question is not None:
            self._state.bindings.add(member.device.mac, message.addresses, message.question.name, at=now.mono)
        return [SetVerdict(event.queue_id, True, 0)]

    def forget_attempts(self, now: Now) -> None:
        """Later tries begin a new line."""
        old = [key for key, flow in self._attempts.items() if now.mono - flow.touched > ATTEMPTS_KEPT_S]
        for key in old:
            del self._attempts[key]

    def _escapes(self, event: PacketSeen) -> bool:
        return bool(self._state.own_addresses) and event.packet.dst not in self._state.own_addresses

    def _answer(self, event: PacketSeen, rcode: int) -> list[Command]:
        answer = answer_query(event.packet, rcode=rcode)
        refusal: list[Command] = [SetVerdict(event.queue_id, False)]
        return refusal if answer is None else [SendPacket(answer), *refusal]

    def _judge(self, member: Member, name: str, now: Now) -> tuple[Assessment, Decision]:
        device = member.device
        evidence = Evidence(
            profile=device.profile,
            vendor=device.vendor,
            family=device.family,
            names=(Name(name, NameSource.DNS),),
        )
        return judge(self._state.policy, device=device, evidence=evidence, moment=self._state.moment(now), dns=True)

    def _escape(self, event: PacketSeen, member: Member, now: Now) -> None:
        """The device asks a resolver of its own choice: counted, and redirected by the kernel."""
        packet, device = event.packet, member.device
        evidence = Evidence(
            profile=device.profile,
            vendor=device.vendor,
            family=device.family,
            facts=Facts(app_proto="dns", dissector="fast"),
            address=packet.dst,
            port=packet.dport,
            proto=packet.proto,
        )
        judged = judge(self._state.policy, device=device, evidence=evidence, moment=self._state.moment(now))
        self._count(event, member, judged, now, what=packet.dst.hex())

    def _count(
        self, event: PacketSeen, member: Member, judged: tuple[Assessment, Decision], now: Now, *, what: str = ""
    ) -> None:
        """One line for all tries of the same thing within a minute."""
        assessment, decision = judged
        name = assessment.name.text if assessment.name else ""
        key = (member.device.mac, what or name, str(decision.purpose))
        flow = self._attempts.get(key)
        if flow is not None and now.mono - flow.touched <= ATTEMPTS_KEPT_S:
            flow.attempts += 1
        else:
            flow = Flow(
                flow_id=self._state.new_id(),
                key=key_of(event.packet),
                device=member.device,
                number=member.number,
                wall=now.wall,
                mono=now.mono,
            )
            if len(self._attempts) >= MAX_ATTEMPTS:
                del self._attempts[next(iter(self._attempts))]
            self._attempts[key] = flow
        flow.touched = now.mono
        flow.facts = Facts(app_proto="dns", dissector="fast")
        flow.assessment, flow.decision = assessment, decision
        if not what:
            flow.refused_bytes += event.packet.payload_length
        self._state.unreported.append(flow)
