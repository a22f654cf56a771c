"""The gateway's clock in place of the internet's: NTP requests are answered where the policy says so, and none leaves."""

from dataclasses import replace

from gateway.model.action import Effect
from gateway.model.assessment import Evidence
from gateway.model.command import Command, SendPacket, SetVerdict
from gateway.model.event import Now, PacketSeen
from gateway.model.facts import Facts
from gateway.model.packet import key_of
from gateway.model.purpose import Purpose
from gateway.wire.ntp import answer_ntp, is_request

from .judge import judge
from .line import Lines
from .roster import Member
from .state import State

PAUSE_S = 3_600.0
"""Clocks are asked every minute to every day."""
UNSET = "nobody has set the gateway's own clock yet, and its answer says so"
_FACTS = Facts(app_proto="ntp", dissector="fast")


def answer_time(event: PacketSeen, now: Now) -> list[Command]:
    """Our time, whoever was asked. Asked ourselves, as DHCP tells devices to, we always answer: nothing of it leaves."""
    raw = answer_ntp(event.packet, received=now.wall, sent=now.wall, synchronised=now.wall_trusted)
    refusal = SetVerdict(event.queue_id, False)
    return [refusal] if raw is None else [SendPacket(raw), refusal]


class Clock:
    """Answers with raw packets, as our DNS answers are: no port listens, and connection tracking never sees them."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lines = Lines(state, pause_s=PAUSE_S)

    def answer(self, event: PacketSeen, member: Member, now: Now) -> list[Command] | None:
        """What to do about a request for the time that is ours to answer; None for any other packet."""
        if event.to_lan or not is_request(event.packet):
            return None
        evidence = self._evidence(event, member, now)
        assessment, decision = judge(
            self._state.policy, device=member.device, evidence=evidence, moment=self._state.moment(now)
        )
        if decision.effect is not Effect.REDIRECT or decision.purpose is not Purpose.TIME:
            return None
        if not now.wall_trusted:
            decision = replace(decision, reason=f"{decision.reason}; {UNSET}")
        # One line for a device, whatever clocks it asks: pools have thousands.
        judged, key = (assessment, decision), key_of(event.packet)
        self._lines.count(member, (), judged, now, key=key, facts=_FACTS, evidence=evidence)
        return answer_time(event, now)

    def _evidence(self, event: PacketSeen, member: Member, now: Now) -> Evidence:
        device, packet = member.device, event.packet
        return Evidence(
            profile=device.profile,
            vendor=device.vendor,
            family=device.family,
            facts=_FACTS,
            names=self._state.bound_names(device.mac, packet.dst, now),
            address=packet.dst,
            port=packet.dport,
            proto=packet.proto,
        )
