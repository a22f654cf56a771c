"""Plain HTTP that the gateway answers in the internet's place: which addresses are for which device.

DNS is not lied about. An address whose every name has a known reply is told to the kernel, which turns the device's plain HTTP
to it round; all its other ports go the ordinary way. One name of another kind at the same address takes that back.

Whenever the ruleset is loaded – under another policy, or in another life of the gateway – what the kernel was told is judged
anew, and it is told again what is to be answered here and what no longer.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace

from gateway.model.action import Effect
from gateway.model.assessment import Assessment, Evidence
from gateway.model.command import AnswerHere, Command
from gateway.model.decision import Decision
from gateway.model.device import Mac
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
TOLD_S = 3_600.0
"""As long the kernel keeps what it is told."""
MAX_TOLD = 8_192
"""No more has room in its sets."""
SHARED = "but its address has other names too, whose plain HTTP would be answered with it: let through"
_FACTS = Facts(app_proto="http")
Judged = tuple[Evidence, tuple[Assessment, Decision]]
"""One name of an address, and what comes of it."""


class Answered:
    """Judges the names of an address as if each were asked for over plain HTTP."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lines = Lines(state, pause_s=PAUSE_S)
        self._told: OrderedDict[tuple[Mac, bytes], float] = OrderedDict()
        """What the kernel turns round for whom, until when; longest told first."""
        self._generation = 0
        """The ruleset that was in force when it was told."""
        state.keepers.append(self.forget_device)

    def tell(self, member: Member, device: bytes, addresses: Iterable[bytes], now: Now) -> list[Command]:
        """What the kernel has to know about addresses that a device was told, or knocks at.

        ``device`` is its own address, empty where it did nothing that is to be counted.
        """
        commands: list[Command] = []
        for address in addresses:
            judged = self._judge_names(member, address, now)
            if not judged:
                continue
            commands.append(self._tell(member.device.mac, address, _is_ours(judged), now))
            if device and _is_ours(judged):
                key = FlowKey(TCP, device, 0, address, HTTP_PORT)
                evidence, first = judged[0]
                self._lines.count(member, (evidence.names[0].text,), first, now, key=key, facts=_FACTS, evidence=evidence)
        return commands

    def begin(self, now: Now) -> list[Command]:
        """The gateway starts: what the kernel may have been told by an earlier one."""
        self._generation = self._state.generation
        replies, since = self._state.policy.catalogue.replies, now.mono - TOLD_S
        known = [
            (member, address)
            for mac, member in self._state.roster.members.items()
            for address in self._state.bindings.addresses(mac, replies, since=since)
        ]
        return [command for member, address in known for command in self.tell(member, b"", (address,), now)]

    def keep_up(self, now: Now) -> list[Command]:
        """Where the ruleset was loaded anew: what the kernel has to be told again, and what no longer."""
        if self._generation == self._state.generation:
            return []
        self._generation = self._state.generation
        commands: list[Command] = []
        for mac, address in [place for place, until in self._told.items() if until > now.mono]:
            member = self._state.roster.get(mac)
            here = member is not None and _is_ours(self._judge_names(member, address, now))
            commands.append(self._tell(mac, address, here, now))
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

    def forget_device(self, mac: Mac) -> None:
        """Nothing was answered to it: a ruleset that is loaded anew knows of nothing either."""
        for place in [place for place in self._told if place[0] == mac]:
            del self._told[place]

    def forget(self, now: Now) -> None:
        """Time went by."""
        self._lines.forget(now)
        while self._told and next(iter(self._told.values())) <= now.mono:
            self._told.popitem(last=False)

    def _tell(self, mac: Mac, address: bytes, here: bool, now: Now) -> AnswerHere:
        self._told.pop((mac, address), None)
        if here:
            self._told[mac, address] = now.mono + TOLD_S
            if len(self._told) > MAX_TOLD:
                self._told.popitem(last=False)
        return AnswerHere(mac, address, here)

    def _judge_names(self, member: Member, address: bytes, now: Now) -> list[Judged]:
        """Each name of the address; none where there is no known reply for any."""
        replies = self._state.policy.catalogue.replies
        names = self._state.bound_names(member.device.mac, address, now)
        if all(name.text not in replies for name in names):
            return []
        return [self._judge(member, name, address, now) for name in names]

    def _judge(self, member: Member, name: Name, address: bytes, now: Now) -> Judged:
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
        return evidence, judge(self._state.policy, device=device, evidence=evidence, moment=self._state.moment(now))


def _is_ours(judged: list[Judged]) -> bool:
    """Plain HTTP to every name of an address is answered here."""
    return bool(judged) and all(decision.effect is Effect.REDIRECT for _, (_, decision) in judged)
