"""Cases: a flow is given, a decision is expected. Who judges is the caller's business: this room knows policies only."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from math import inf
from typing import Protocol

from ..model.assessment import Assessment, Evidence
from ..model.decision import Decision
from ..model.device import Device, Mac
from ..model.facts import Facts
from ..model.moment import Grant, Moment
from ..model.name import Name, NameSource
from ..model.packet import TCP, UDP
from ..model.policy import Policy, Target
from ..model.purpose import Purpose
from .document import UNKNOWN, CaseDocument, CasesDocument, ExpectDocument, GivenDocument
from .source import Source
from .value import parse_target, parse_zone

APPS = {(TCP, 443): "tls", (TCP, 80): "http", (TCP, 53): "dns", (UDP, 443): "quic", (UDP, 53): "dns", (UDP, 123): "ntp"}
"""What speaks on a port, where a case does not say."""
DATAGRAMS = frozenset({"quic", "gquic", "dtls", "dtls-srtp", "ntp", "stun", "rtp", "rtcp", "coap", "ssdp", "mdns"})
_HOME = tuple(ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))


class Judge(Protocol):
    """Evidence -> purpose -> decision, as the engine does it."""

    def __call__(
        self,
        policy: Policy,
        *,
        device: Device,
        evidence: Evidence,
        moment: Moment,
        peer: Device | None = None,
        dns: bool = False,
    ) -> tuple[Assessment, Decision]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A flow, ready to be judged."""

    device: Device
    evidence: Evidence
    moment: Moment
    peer: Device | None = None
    dns: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """A case that was run; ``differences`` empty: as expected."""

    id: str
    file: str
    line: int
    differences: tuple[str, ...] = ()
    reason: str = ""

    def __str__(self) -> str:
        why = f" – {self.reason}" if self.reason else ""
        return f"{self.file}:{self.line}: {self.id}: {'; '.join(self.differences) or 'as expected'}{why}"


def run_cases(policy: Policy, document: CasesDocument, source: Source, *, judge: Judge, now: float) -> Iterator[CaseResult]:
    """Every case of a file. ``now`` stands in where a case names no time."""
    prefix: tuple[str, ...] = () if isinstance(source.root.value, list) else ("cases",)
    for number, case in enumerate(document.cases):
        line = source.place((*prefix, number))[0]
        yield _run(policy, case, judge=judge, now=now, place=(source.file, line))


def _run(policy: Policy, case: CaseDocument, *, judge: Judge, now: float, place: tuple[str, int]) -> CaseResult:
    file, line = place
    try:
        given = situation(policy, case.given, now=now)
    except ValueError as err:
        return CaseResult(id=case.id, file=file, line=line, differences=(str(err),))
    assessment, decision = judge(
        policy, device=given.device, evidence=given.evidence, moment=given.moment, peer=given.peer, dns=given.dns
    )
    differences = tuple(_differences(case.expect, decision))
    return CaseResult(id=case.id, file=file, line=line, differences=differences, reason=decision.reason)


def situation(policy: Policy, given: GivenDocument, *, now: float) -> Situation:
    """``ValueError`` where it names what does not exist."""
    device = find_device(policy, device=given.device, profile=given.profile)
    peer = find_device(policy, device=given.peer) if given.peer else None
    at = now
    if given.at is not None:
        at = (given.at if given.at.tzinfo else given.at.replace(tzinfo=parse_zone(policy.timezone))).timestamp()
    evidence = evidence_of(device, parse_target(given.to), app=given.app, alpn=given.alpn, peer=peer)
    moment = Moment(wall=at, wall_trusted=given.clock == "trusted", grants=tuple(_grants(given, device.mac)))
    return Situation(device=device, evidence=evidence, moment=moment, peer=peer, dns=given.dns)


def find_device(policy: Policy, *, device: str | None = None, profile: str | None = None) -> Device:
    """By the name or MAC in ``devices:``, or some device of a profile."""
    if device is not None:
        for entry in policy.devices.values():
            if device in (entry.device.id, entry.device.mac):
                return entry.device
        raise ValueError(_unknown("device", device, sorted(entry.device.id for entry in policy.devices.values())))
    chosen = profile or policy.newcomer_profile
    if chosen not in policy.profiles:
        raise ValueError(_unknown("profile", chosen, sorted(policy.profiles)))
    found = policy.profiles[chosen].device
    return Device(mac=Mac(""), id=f"a-{found.profile}", profile=found.profile, vendor=found.vendor, family=found.family)


def evidence_of(device: Device, to: Target, *, app: str = "", alpn: str = "", peer: Device | None = None) -> Evidence:
    """What would be known of a flow to a name or an address; TCP port 443 where nothing else is said."""
    if to.wildcard or (to.network and to.network[1] != len(to.network[0]) * 8):
        raise ValueError(f'"{to.text}" is many destinations; name one')
    proto = to.proto or (UDP if app in DATAGRAMS or to.port in (53, 123) else TCP)
    port = to.port or 443
    names = (Name(to.suffix, NameSource.SNI),) if to.suffix else ()
    address = to.network[0] if to.network else b""
    spoken = app or APPS.get((proto, port), "unknown")
    return Evidence(
        profile=device.profile,
        vendor=device.vendor,
        family=device.family,
        facts=Facts(app_proto=spoken, names=names, alpn=(alpn,) if alpn else (), hello=bool(names)),
        names=names,
        address=address,
        port=port,
        proto=proto,
        local=peer is not None or (bool(address) and _is_local(address)),
    )


def _is_local(address: bytes) -> bool:
    host = ip_address(address)
    return host.is_multicast or host.is_link_local or any(host in network for network in _HOME)


def _unknown(kind: str, value: str, choices: list[str]) -> str:
    return f'no {kind} "{value}"; ' + (f"one of: {', '.join(choices)}" if choices else "there are none")


def _grants(given: GivenDocument, mac: Mac) -> Iterator[Grant]:
    if given.viewing:
        yield Grant(kind="viewing", mac=mac, purpose=Purpose.VIDEO, until=inf)
    if given.pause:
        yield Grant(kind="pause", mac=mac, purpose=None if given.pause == "all" else Purpose(given.pause), until=inf)
    if given.allow:
        yield Grant(kind="allowance", mac=mac, purpose=given.allow, until=inf)


def _differences(expect: ExpectDocument, decision: Decision) -> Iterator[str]:
    for key in ("action", "purpose", "effect", "grant", "mixed", "possible", "would"):
        wanted, got = getattr(expect, key), getattr(decision, key)
        if wanted is not None and wanted != got:
            yield f"expected {key} {_word(wanted)}, was {_word(got)}"
    how = decision.advice.how if decision.advice else UNKNOWN
    if expect.advice is not None and expect.advice != how:
        yield f"expected advice {expect.advice}, was {how}"
    if expect.rule is not None and expect.rule not in (decision.rule.file, str(decision.rule)):
        yield f"expected rule {expect.rule}, was {decision.rule}"


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value or "none")
