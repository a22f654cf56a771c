"""One file of policy text -> its part, with every fault in it. (Putting parts together is ``assembly``.)"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from ..model.action import Action
from ..model.assessment import FixedReply, Hint, Row
from ..model.identity import Trait
from ..model.policy import Exemption, Level, Rule, RuleRef
from ..model.purpose import Purpose
from .codec import digest_catalogue
from .document import (
    DOCUMENTS,
    CatalogueDocument,
    DevicesDocument,
    Document,
    ExceptionDocument,
    HintDocument,
    HouseholdDocument,
    IdentityDocument,
    PresetDocument,
    ProfileDocument,
    RuleDocument,
)
from .fault import Fault
from .field import CONFIDENCE_VALUE
from .part import (
    Advised,
    CataloguePart,
    Cost,
    DevicePart,
    HouseholdPart,
    IdentityPart,
    MixedChoice,
    OwnerPart,
    Part,
    PresetPart,
    ProfilePart,
)
from .source import Path, Source, read_source
from .value import parse_zone, port_ranges


class Compiled(NamedTuple):
    """A file, compiled. ``document`` is None where it has faults, ``part`` also for what is no part of a policy (cases)."""

    document: Document | None
    part: Part | None
    faults: tuple[Fault, ...]
    source: Source | None = None


def compile_file(file: str, data: bytes, *, zone: str = "UTC") -> Compiled:
    """``file`` is relative to the policy directory; its folder says what it holds. ``zone``: of times without their own."""
    source, text_faults = read_source(file, data)
    if source is None:
        return Compiled(None, None, text_faults)
    folder = file.partition("/")[0]
    try:
        document = DOCUMENTS[folder].model_validate(_content(folder, source))
    except ValidationError as err:
        return Compiled(None, None, (*text_faults, *_faults(DOCUMENTS[folder], source, err)), source)
    if text_faults:
        return Compiled(None, None, text_faults, source)
    compile_part = _PARTS.get(folder)
    return Compiled(document, compile_part(document, source, zone) if compile_part else None, (), source)


def _content(folder: str, source: Source) -> Any:
    """``cases/`` may hold just the list."""
    plain = source.root.plain()
    return {"cases": plain} if folder == "cases" and isinstance(plain, list) else plain


# Faults of shape.


_WORDS = {
    "missing": "is missing",
    "model_type": "has to be a mapping",
    "dict_type": "has to be a mapping",
    "tuple_type": "has to be a list",
    "literal_error": "is not a version of this format",
}


def _faults(kind: type[Document], source: Source, err: ValidationError) -> Iterator[Fault]:
    for error in err.errors(include_url=False):
        path: Path = tuple(error["loc"])
        if isinstance(source.root.value, list):
            path = path[1:]
        at_key = bool(path) and path[-1] == "[key]"
        path = path[:-1] if at_key else path
        message = _WORDS.get(error["type"], error["msg"])
        context = error.get("ctx", {})
        choices = tuple(context.get("choices", ()))
        if error["type"] == "extra_forbidden":
            yield source.fault(path, "is not a key here", _keys(kind, path[:-1]), key=True)
        elif error["type"] == "missing":
            yield replace(source.fault(path, message), value=None)
        elif error["type"] == "option":
            yield source.fault((*path, context["option"]), message, key=True)
        else:
            yield source.fault(path, message, ("1",) if error["type"] == "literal_error" else choices, key=at_key)


def _keys(kind: type[Document], path: Path) -> tuple[str, ...]:
    """The keys that may stand in the mapping at ``path``."""
    inside = False
    for step in path:
        field = None if inside else next((f for n, f in kind.model_fields.items() if step in (n, f.alias)), None)
        inside = field is not None and getattr(field.annotation, "__origin__", None) in (dict, tuple)
        kind = next(_documents_in(field.annotation), kind) if field else kind
    return tuple(field.alias or name for name, field in kind.model_fields.items())


def _documents_in(annotation: Any) -> Iterator[type[Document]]:
    if isinstance(annotation, type) and issubclass(annotation, Document):
        yield annotation
    for arg in getattr(annotation, "__args__", ()):
        yield from _documents_in(arg)


# Documents to parts.


def _profile(document: Any, source: Source, zone: str) -> ProfilePart:
    profile: ProfileDocument = document
    return ProfilePart(
        file=source.file,
        id=profile.profile,
        line=source.line("profile"),
        titles=profile.title.mapping(),
        vendor=profile.vendor,
        family=profile.family,
        like=profile.like or "",
        level=Level(
            exemptions=_exemptions(profile.exceptions, source, ("exceptions",), zone=zone),
            rules=_rules(profile.rules, source, ("rules",)),
        ),
        mixed=_mixed(profile.mixed, source, ("mixed",)),
        costs={
            purpose: Cost(texts=cost.mapping(), evidence=cost.evidence, confidence=cost.confidence)
            for purpose, cost in profile.costs.items()
        },
        advice={
            purpose: Advised(
                how=said.how, never=said.never or "", texts=said.mapping(), evidence=said.evidence, confidence=said.confidence
            )
            for purpose, said in profile.advice.items()
        },
        on_fault_open=profile.on_fault == "open",
        mesh_bridge=profile.mesh_bridge,
    )


def _preset(document: Any, source: Source, _zone: str) -> PresetPart:
    preset: PresetDocument = document
    families = {family: Level(rules=_rules(rules, source, ("families", family))) for family, rules in preset.families.items()}
    return PresetPart(
        file=source.file, id=preset.preset, level=Level(rules=_rules(preset.rules, source, ("rules",))), families=families
    )


def _catalogue(document: Any, source: Source, _zone: str) -> CataloguePart:
    catalogue: CatalogueDocument = document
    rows = tuple(
        Row(
            match=row.match,
            purpose=row.purpose,
            also=row.also,
            vendor=catalogue.vendor,
            devices=row.devices,
            alpn=row.alpn,
            tells=row.tells or "",
            evidence=row.evidence,
            confidence=CONFIDENCE_VALUE[row.confidence],
            breaks=row.breaks,
            conflict=row.conflict,
            date=row.date or "",
            source=f"{source.file}:{source.place(('rows', number))[0]}",
        )
        for number, row in enumerate(catalogue.rows)
    )
    replies = tuple(
        FixedReply(
            host=reply.host,
            path=reply.path,
            status=reply.status,
            content_type=reply.type,
            body=reply.body,
            evidence=reply.evidence,
            source=f"{source.file}:{source.place(('replies', number))[0]}",
        )
        for number, reply in enumerate(catalogue.replies)
    )
    hints = (*_port_hints(catalogue, source), *_shape_hints(catalogue, source))
    digest = digest_catalogue(rows, replies, hints)
    return CataloguePart(file=source.file, rows=rows, hints=hints, replies=replies, digest=digest)


def _port_hints(catalogue: CatalogueDocument, source: Source) -> Iterator[Hint]:
    for number, port in enumerate(catalogue.ports):
        ranges, home = port_ranges(port.match), port.where == "home"
        said = _said(port, catalogue.vendor, source, path=("ports", number))
        yield Hint(kind="port", says=port.match, ports=ranges, home=home, **said)


def _shape_hints(catalogue: CatalogueDocument, source: Source) -> Iterator[Hint]:
    for number, shape in enumerate(catalogue.shapes):
        size, window_s = shape.budget or (0, 0.0)
        said = _said(shape, catalogue.vendor, source, path=("shapes", number))
        yield Hint(
            kind=shape.kind,
            says=shape.shape,
            every_s=shape.every or 0.0,
            rate_bytes_s=shape.rate or 0,
            budget_bytes=size,
            budget_window_s=window_s,
            **said,
        )


def _said(hint: HintDocument, vendor: str, source: Source, *, path: Path) -> dict[str, Any]:
    """What ports and shapes have in common."""
    return {
        "purpose": hint.purpose, "vendor": vendor, "devices": hint.devices, "alone": hint.alone, "breaks": hint.breaks,
        "evidence": hint.evidence, "confidence": CONFIDENCE_VALUE[hint.confidence], "date": hint.date or "",
        "source": f"{source.file}:{source.place(path)[0]}",
    }  # fmt: skip


def _identity(document: Any, source: Source, _zone: str) -> IdentityPart:
    identity: IdentityDocument = document
    return IdentityPart(
        file=source.file,
        vendor=identity.vendor,
        house=identity.house or "",
        platform=identity.platform,
        brands=identity.brands,
        kinds=identity.kinds,
        traits=tuple(
            Trait(
                vendor=identity.vendor,
                signal=row.signal,
                values=row.values or (row.value or "",),
                device=row.device,
                confidence=row.confidence,
                evidence=row.evidence,
                note=row.note,
                alone=row.alone,
                source=f"{source.file}:{source.place(('rows', number))[0]}",
            )
            for number, row in enumerate(identity.rows)
        ),
    )


def _household(document: Any, source: Source, _zone: str) -> HouseholdPart:
    household: HouseholdDocument = document
    return replace(
        _devices(document, source, household.timezone),
        timezone=household.timezone,
        preset=household.preset,
        new_devices=household.new_devices,
        defaults=Level(rules=_rules(household.defaults, source, ("defaults",))),
    )


def _devices(document: Any, source: Source, zone: str) -> HouseholdPart:
    part: DevicesDocument = document
    return HouseholdPart(
        file=source.file,
        devices=tuple(_device(name, part, source, zone=zone) for name in part.devices),
        owners=tuple(OwnerPart(id=name, devices=owner.devices) for name, owner in part.owners.items()),
    )


def _device(name: str, document: DevicesDocument, source: Source, *, zone: str) -> DevicePart:
    device, path = document.devices[name], ("devices", name)
    return DevicePart(
        id=name,
        mac=device.mac,
        ref=RuleRef(file=source.file, line=source.line(*path)),
        profile=device.profile or "",
        trusted=device.trusted,
        confirmed=device.confirmed,
        level=Level(
            exemptions=_exemptions(device.exceptions, source, (*path, "exceptions"), zone=zone),
            rules=_rules(device.rules, source, (*path, "rules")),
        ),
        mixed=_mixed(device.mixed, source, (*path, "mixed")),
        on_fault_open=None if device.on_fault is None else device.on_fault == "open",
    )


_PARTS: Mapping[str, Callable[[Any, Source, str], Part]] = {
    "household.yaml": _household,
    "devices.d": _devices,
    "profiles": _profile,
    "presets": _preset,
    "catalogue": _catalogue,
    "identity": _identity,
}


def _rules(rules: Mapping[Purpose, RuleDocument], source: Source, path: Path) -> dict[Purpose, Rule]:
    def ref(purpose: Purpose) -> RuleRef:
        return RuleRef(file=source.file, line=source.line(*path, purpose.value))

    return {purpose: _rule(rule, ref(purpose)) for purpose, rule in rules.items()}


def _rule(rule: RuleDocument, ref: RuleRef) -> Rule:
    owner_only = rule.action is Action.OWNER_ONLY
    return Rule(
        action=rule.action,
        ref=ref,
        when=rule.when,
        budget_bytes=rule.budget.size_bytes if rule.budget else 0,
        budget_window_s=rule.budget.window_s if rule.budget else 0.0,
        rate_bytes_s=rule.rate or 0,
        then_ask=rule.then == "ask",
        viewing=(rule.viewing or "panel+home") if owner_only else "",
        viewing_s=rule.for_ or 900.0,
        shadow=rule.shadow,
        trial_s=rule.trial or 0.0,
    )


def _exemptions(entries: tuple[ExceptionDocument, ...], source: Source, path: Path, *, zone: str) -> tuple[Exemption, ...]:
    return tuple(
        Exemption(
            to=entry.to,
            action=entry.action,
            ref=RuleRef(file=source.file, line=source.place((*path, number))[0]),
            until=None if entry.until is None else _wall(entry.until, zone),
            why=entry.why,
        )
        for number, entry in enumerate(entries)
    )


def _wall(moment: datetime, zone: str) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=parse_zone(zone))).timestamp()


def _mixed(choices: Mapping[str, str], source: Source, path: Path) -> dict[str, MixedChoice]:
    found = {}
    for match, choice in choices.items():
        line, column = source.place((*path, match), key=True)
        found[match] = MixedChoice(choice=choice, line=line, column=column)
    return found
