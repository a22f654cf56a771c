"""Plain HTTP that the gateway answers in the internet's place: which addresses are for which device.

DNS is not lied about. An address whose every name has a known reply is told to the kernel, which turns the device's plain HTTP
to it round; all its other ports go the ordinary way. One name of another kind at the same address takes that back.
"""

from collections.abc import Iterable
from dataclasses import replace

from gateway.model.action import Effect
from gateway.model.assessment import Assessment, Evidence
from gateway.model.command import AnswerHere, Command
from gateway.model.decision import Decision
from gateway.model.event import Now
from gateway.model.facts import Facts
from gateway.model.name import Name
from gateway.model.packet import TCP, FlowKey
from gateway.model.purpose import Purpose
from gateway.policy.decide import HTTP_PORT

from .judge import judge
from .line import Lines
from .roster import Member
from .state import State

PAUSE_S = 3_600.0
SHARED = "but its address has other names too, whose plain HTTP would be answered with it: let through"
_FACTS = Facts(app_proto="http")


class Answered:
    """Judges the names of an address as if each were asked for over plain HTTP."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lines = Lines(state, pause_s=PAUSE_S)

    def tell(self, member: Member, device: bytes, addresses: Iterable[bytes], now: Now) -> list[Command]:
        """What the kernel has to know about addresses that a device was told, or knocks at.

        ``device`` is its own address, empty where it did nothing that is to be counted.
        """
        replies = self._state.policy.catalogue.replies
        commands: list[Command] = []
        for address in addresses:
            names = self._state.bound_names(member.device.mac, address, now)
            if all(name.text not in replies for name in names):
                continue
            judged = [self._judge(member, name, address, now) for name in names]
            here = all(decision.effect is Effect.REDIRECT for _, decision in judged)
            commands.append(AnswerHere(member.device.mac, address, here))
            if here and device:
                key = FlowKey(TCP, device, 0, address, HTTP_PORT)
                self._lines.count(member, (names[0].text,), judged[0], now, key=key, facts=_FACTS)
        return commands

    def take_back(self, now: Now) -> list[Command]:
        """The policy changed: what is not to be answered here any more. What is from now on shows itself."""
        commands: list[Command] = []
        for member in self._state.roster.members.values():
            known = self._state.bindings.addresses(member.device.mac, self._state.policy.catalogue.replies)
            told = self.tell(member, b"", known, now)
            commands += (command for command in told if isinstance(command, AnswerHere) and not command.here)
        return commands

    def answer_or_pass(self, member: Member, key: FlowKey, decision: Decision, now: Now) -> tuple[Decision, list[Command]]:
        """A flow to be answered here came through all the same: it kept its address for long, or shares it.

        In the first case it is refused, and the next try is turned round; in the second a check has to pass.
        """
        commands = self.tell(member, key.src, (key.dst,), now)
        here = any(isinstance(command, AnswerHere) and command.here for command in commands)
        if here or decision.purpose is not Purpose.CONNECTIVITY_CHECK:
            return decision, commands
        return replace(decision, effect=Effect.PASS, reason=f"{decision.reason}; {SHARED}"), commands

    def forget(self, now: Now) -> None:
        """Time went by."""
        self._lines.forget(now)

    def _judge(self, member: Member, name: Name, address: bytes, now: Now) -> tuple[Assessment, Decision]:
        device = member.device
        evidence = Evidence(
            profile=device.profile,
            vendor=device.vendor,
            family=device.family,
            facts=_FACTS,
            names=(name,),
            address=address,
            port=HTTP_PORT,
            proto=TCP,
        )
        return judge(self._state.policy, device=device, evidence=evidence, moment=self._state.moment(now))
