"""A compiled policy as JSON, exactly, and back: so it goes from the process that reads YAML to the one that judges packets."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from ..model.action import Action
from ..model.assessment import Catalogue, FixedReply, Hint, Row
from ..model.device import Device, Mac
from ..model.policy import Advice, DevicePolicy, Exemption, Level, Policy, Regime, Rule, RuleRef, Schedule, Target
from ..model.purpose import BY_TEXT
from .catalogue import by_host
from .identification import identification_from, identification_plain, judged_identification

FORMAT = 8
_ACTIONS = {action.value: action for action in Action}


def dump(policy: Policy) -> bytes:
    """The policy as JSON. Levels and rows that several places share are written once."""
    pool = _Pool()
    plain = {
        "format": FORMAT,
        "digest": policy.digest,
        "timezone": policy.timezone,
        "newcomer_profile": policy.newcomer_profile,
        "new_devices": policy.new_devices,
        "devices": [[mac, _device_policy(entry, pool)] for mac, entry in policy.devices.items()],
        "profiles": [[name, _device_policy(entry, pool)] for name, entry in policy.profiles.items()],
        "catalogue": _catalogue(policy.catalogue),
        "identity": identification_plain(policy.identity),
        "levels": pool.levels,
    }
    return json.dumps(plain, separators=(",", ":")).encode()


def parse(data: bytes) -> Policy:
    """What ``dump`` wrote; ``ValueError`` for anything else."""
    try:
        plain = json.loads(data)
        if plain["format"] != FORMAT:
            raise ValueError(f"a policy of format {plain['format']}, not {FORMAT}")
        levels = [level_from(level) for level in plain["levels"]]
        return Policy(
            digest=plain["digest"],
            timezone=plain["timezone"],
            newcomer_profile=plain["newcomer_profile"],
            new_devices=Regime(plain["new_devices"]),
            devices={Mac(mac): _device_policy_from(entry, levels) for mac, entry in plain["devices"]},
            profiles={name: _device_policy_from(entry, levels) for name, entry in plain["profiles"]},
            catalogue=_catalogue_from(plain["catalogue"]),
            identity=identification_from(plain["identity"]),
        )
    except (KeyError, TypeError, IndexError, AttributeError) as err:
        raise ValueError(f"no compiled policy: {err!r}") from err


def digest_catalogue(rows: Iterable[Row], replies: Iterable[FixedReply] = (), hints: Iterable[Hint] = ()) -> str:
    """Of what can change a judgement or an answer: evidence and places do not."""
    judged = [[*row_plain(row)[:7], row.confidence] for row in rows]
    hinted = [[*hint_plain(hint)[:11], hint.confidence] for hint in hints]
    return _hash([judged, [reply_plain(reply)[:5] for reply in replies], hinted])


def digest_policy(policy: Policy, catalogue: Iterable[str]) -> str:
    """Of everything that can change a decision; ``catalogue``: the digests of its files, in order."""
    tables = (policy.devices, policy.profiles)
    entries = [[key, *_judged_entry(entry)] for table in tables for key, entry in sorted(table.items())]
    newcomers = [policy.newcomer_profile, policy.new_devices, judged_identification(policy.identity)]
    return _hash([FORMAT, policy.timezone, *newcomers, entries, list(catalogue)])


def _judged_entry(entry: DevicePolicy) -> list[Any]:
    levels = [_judged_level(level) for level in entry.levels]
    never_silence = sorted(purpose for purpose, said in entry.advice.items() if said.never_silence)
    return [levels, sorted(entry.mixed.items()), never_silence, entry.on_fault_open, entry.mesh_bridge, _device(entry.device)]


def _judged_level(level: Level) -> list[Any]:
    """A level without what only explains it. Its rules by purpose, since their order means nothing."""
    exemptions = [[*plain[:2], plain[4]] for plain in map(_exemption, level.exemptions)]
    rules = sorted([purpose, plain[0], *plain[3:]] for purpose, plain in ((p, rule_plain(r)) for p, r in level.rules.items()))
    return [exemptions, rules]


def _hash(plain: object) -> str:
    return sha256(json.dumps(plain, separators=(",", ":")).encode()).hexdigest()[:16]


# Values to plain lists, and back: one pair of functions per type, fields in one order.


class _Pool:
    """Levels, each written once."""

    def __init__(self) -> None:
        self.levels: list[Any] = []
        self._numbers: dict[int, int] = {}

    def number(self, level: Level) -> int:
        if id(level) not in self._numbers:
            self._numbers[id(level)] = len(self.levels)
            self.levels.append(level_plain(level))
        return self._numbers[id(level)]


def _device(device: Device) -> list[Any]:
    return [
        device.mac, device.id, device.profile, device.vendor, device.family, device.trusted, device.owner, device.confirmed,
    ]  # fmt: skip


def _device_policy(entry: DevicePolicy, pool: _Pool) -> list[Any]:
    return [
        _device(entry.device),
        [pool.number(level) for level in entry.levels],
        list(entry.mixed.items()),
        list(entry.costs.items()),
        [
            [purpose, said.how, said.never_silence, said.why, said.evidence, said.confidence]
            for purpose, said in entry.advice.items()
        ],
        entry.on_fault_open,
        entry.mesh_bridge,
        _ref(entry.ref),
    ]


def _device_policy_from(plain: list[Any], levels: list[Level]) -> DevicePolicy:
    device, numbers, mixed, costs, advice, on_fault_open, mesh_bridge, ref = plain
    mac, name, profile, vendor, family, trusted, owner, confirmed = device
    return DevicePolicy(
        device=Device(
            mac=Mac(mac), id=name, profile=profile, vendor=vendor, family=family,
            trusted=trusted, owner=owner, confirmed=confirmed,
        ),
        levels=tuple(levels[number] for number in numbers),
        mixed=dict(mixed),
        costs={BY_TEXT[purpose]: text for purpose, text in costs},
        advice={
            BY_TEXT[purpose]: Advice(how=how, never_silence=never, why=why, evidence=evidence, confidence=confidence)
            for purpose, how, never, why, evidence, confidence in advice
        },
        on_fault_open=on_fault_open,
        mesh_bridge=mesh_bridge,
        ref=_ref_from(ref),
    )  # fmt: skip


def level_plain(level: Level) -> list[Any]:
    return [
        [_exemption(exemption) for exemption in level.exemptions],
        [[purpose, rule_plain(rule)] for purpose, rule in level.rules.items()],
    ]


def level_from(plain: list[Any]) -> Level:
    exemptions, rules = plain
    return Level(
        exemptions=tuple(_exemption_from(exemption) for exemption in exemptions),
        rules={BY_TEXT[purpose]: _rule_from(rule) for purpose, rule in rules},
    )


def rule_plain(rule: Rule) -> list[Any]:
    return [
        rule.action, *_ref(rule.ref), [rule.when.start_minute, rule.when.end_minute] if rule.when else None,
        rule.budget_bytes, rule.budget_window_s, rule.rate_bytes_s, rule.then_ask, rule.viewing, rule.viewing_s,
        rule.shadow, rule.trial_s,
    ]  # fmt: skip


def _rule_from(plain: list[Any]) -> Rule:
    action, file, line, when, budget_bytes, budget_window_s, rate_bytes_s, then_ask, viewing, viewing_s, *tried = plain
    shadow, trial_s = tried
    return Rule(
        action=_ACTIONS[action],
        ref=RuleRef(file=file, line=line),
        when=Schedule(start_minute=when[0], end_minute=when[1]) if when else None,
        budget_bytes=budget_bytes,
        budget_window_s=budget_window_s,
        rate_bytes_s=rate_bytes_s,
        then_ask=then_ask,
        viewing=viewing,
        viewing_s=viewing_s,
        shadow=shadow,
        trial_s=trial_s,
    )


def rule_terms(rule: Rule) -> str:
    """All that a rule says, without where it stands: the same text means the same rule."""
    plain = rule_plain(rule)
    return json.dumps([plain[0], *plain[3:]], separators=(",", ":"))


def _exemption(exemption: Exemption) -> list[Any]:
    return [
        [_target(target) for target in exemption.to], exemption.action, *_ref(exemption.ref), exemption.until, exemption.why,
    ]  # fmt: skip


def _exemption_from(plain: list[Any]) -> Exemption:
    to, action, file, line, until, why = plain
    return Exemption(
        to=tuple(_target_from(target) for target in to),
        action=_ACTIONS[action],
        ref=RuleRef(file=file, line=line),
        until=until,
        why=why,
    )


def _target(target: Target) -> list[Any]:
    network = [target.network[0].hex(), target.network[1]] if target.network else None
    return [target.text, target.suffix, target.wildcard, network, target.port, target.proto]


def _target_from(plain: list[Any]) -> Target:
    text, suffix, wildcard, network, port, proto = plain
    packed = (bytes.fromhex(network[0]), network[1]) if network else None
    return Target(text=text, suffix=suffix, wildcard=wildcard, network=packed, port=port, proto=proto)


def _ref(ref: RuleRef) -> list[Any]:
    return [ref.file, ref.line]


def _ref_from(plain: list[Any]) -> RuleRef:
    return RuleRef(file=plain[0], line=plain[1])


def row_plain(row: Row) -> list[Any]:
    return [
        row.match, row.purpose, row.also, row.vendor, row.devices, row.alpn, row.tells,
        row.evidence, row.confidence, row.breaks, row.conflict, row.date, row.source,
    ]  # fmt: skip


def row_from(plain: list[Any]) -> Row:
    match, purpose, also, vendor, devices, alpn, tells, evidence, confidence, breaks, conflict, date, source = plain
    return Row(
        match=match,
        purpose=BY_TEXT[purpose],
        also=tuple(BY_TEXT[other] for other in also) if also else (),
        vendor=vendor,
        devices=tuple(devices),
        alpn=alpn,
        tells=tells,
        evidence=evidence,
        confidence=confidence,
        breaks=breaks,
        conflict=conflict,
        date=date,
        source=source,
    )


def hint_plain(hint: Hint) -> list[Any]:
    return [
        hint.kind, hint.says, hint.purpose, hint.ports, hint.home, hint.every_s, hint.rate_bytes_s, hint.budget_bytes,
        hint.budget_window_s, hint.vendor, hint.devices, hint.alone, hint.breaks, hint.evidence, hint.confidence, hint.date,
        hint.source,
    ]  # fmt: skip


def hint_from(plain: list[Any]) -> Hint:
    kind, says, purpose, ports, home, every_s, rate, size, window_s, vendor, devices, alone, *known = plain
    breaks, evidence, confidence, date, source = known
    return Hint(
        kind=kind,
        says=says,
        purpose=BY_TEXT[purpose],
        ports=tuple((proto, first, last) for proto, first, last in ports),
        home=home,
        every_s=every_s,
        rate_bytes_s=rate,
        budget_bytes=size,
        budget_window_s=window_s,
        vendor=vendor,
        devices=tuple(devices),
        alone=alone,
        breaks=breaks,
        evidence=evidence,
        confidence=confidence,
        date=date,
        source=source,
    )


def reply_plain(reply: FixedReply) -> list[Any]:
    return [reply.host, reply.path, reply.status, reply.content_type, reply.body, reply.evidence, reply.source]


def reply_from(plain: list[Any]) -> FixedReply:
    host, path, status, content_type, body, evidence, source = plain
    return FixedReply(
        host=host, path=path, status=status, content_type=content_type, body=body, evidence=evidence, source=source
    )


def _catalogue(catalogue: Catalogue) -> dict[str, Any]:
    rows: list[Row] = []
    numbers: dict[int, int] = {}

    def table(found: Mapping[Any, tuple[Row, ...]]) -> list[Any]:
        return [[key, [number(row) for row in value]] for key, value in found.items()]

    def number(row: Row) -> int:
        if id(row) not in numbers:
            numbers[id(row)] = len(rows)
            rows.append(row)
        return numbers[id(row)]

    tables = {name: table(getattr(catalogue, name)) for name in ("names", "patterns", "ports", "protocols")}
    replies = [reply_plain(reply) for found in catalogue.replies.values() for reply in found]
    hints = [hint_plain(hint) for hint in catalogue.hints]
    return {**tables, "size": catalogue.size, "rows": [row_plain(row) for row in rows], "replies": replies, "hints": hints}


def _catalogue_from(plain: dict[str, Any]) -> Catalogue:
    rows = [row_from(row) for row in plain["rows"]]

    def table(name: str) -> dict[str, tuple[Row, ...]]:
        return {key: tuple(rows[number] for number in numbers) for key, numbers in plain[name]}

    ports = {(key[0], key[1]): tuple(rows[number] for number in numbers) for key, numbers in plain["ports"]}
    return Catalogue(
        names=table("names"),
        patterns=table("patterns"),
        ports=ports,
        protocols=table("protocols"),
        replies=by_host(reply_from(reply) for reply in plain["replies"]),
        hints=tuple(hint_from(hint) for hint in plain["hints"]),
        size=plain["size"],
    )
