"""The shipped files, compiled when the package is built: parts as JSON, and back."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..model.purpose import Purpose
from .codec import hint_from, hint_plain, level_from, level_plain, reply_from, reply_plain, row_from, row_plain
from .identification import identity_from, identity_plain
from .part import Advised, CataloguePart, Cost, IdentityPart, MixedChoice, Part, PresetPart, ProfilePart


def dump_parts(digest: str, parts: Mapping[str, Part]) -> bytes:
    """``digest`` says which text they were compiled from."""
    plain = {"digest": digest, "parts": [_plain(part) for _, part in sorted(parts.items())]}
    return json.dumps(plain, separators=(",", ":")).encode()


def parts_from(plain: dict[str, Any]) -> dict[str, Part]:
    """By file name."""
    return {part.file: part for part in (_part(kind, rest) for kind, *rest in plain["parts"])}


def _part(kind: str, rest: list[Any]) -> Part:
    return _READERS[kind](rest)


def _plain(part: Part) -> list[Any]:
    if isinstance(part, CataloguePart):
        rows, replies = [row_plain(row) for row in part.rows], [reply_plain(reply) for reply in part.replies]
        return ["catalogue", part.file, part.digest, rows, replies, [hint_plain(hint) for hint in part.hints]]
    if isinstance(part, IdentityPart):
        return ["identity", *identity_plain(part)]
    if isinstance(part, PresetPart):
        families = {family: level_plain(level) for family, level in part.families.items()}
        return ["preset", part.file, part.id, level_plain(part.level), families]
    if isinstance(part, ProfilePart):
        mixed = [[match, entry.choice, entry.line, entry.column] for match, entry in part.mixed.items()]
        costs = {purpose: [dict(cost.texts), cost.evidence, cost.confidence] for purpose, cost in part.costs.items()}
        advice = {
            purpose: [said.how, said.never, dict(said.texts), said.evidence, said.confidence]
            for purpose, said in part.advice.items()
        }
        return [
            "profile", part.file, part.id, part.line, dict(part.titles), part.vendor, part.family, part.like,
            level_plain(part.level), mixed, costs, advice, part.on_fault_open, part.mesh_bridge,
        ]  # fmt: skip
    raise ValueError(f"{part.file} is nothing that is shipped")


def _catalogue(plain: list[Any]) -> CataloguePart:
    file, digest, rows, replies, hints = plain
    return CataloguePart(
        file=file,
        digest=digest,
        rows=tuple(row_from(row) for row in rows),
        replies=tuple(reply_from(reply) for reply in replies),
        hints=tuple(hint_from(hint) for hint in hints),
    )


def _preset(plain: list[Any]) -> PresetPart:
    file, name, level, families = plain
    return PresetPart(
        file=file, id=name, level=level_from(level), families={family: level_from(rules) for family, rules in families.items()}
    )


def _profile(plain: list[Any]) -> ProfilePart:
    file, name, line, titles, vendor, family, like, level, mixed, costs, advice, *odd = plain
    on_fault_open, mesh_bridge = odd
    return ProfilePart(
        file=file,
        id=name,
        line=line,
        titles=titles,
        vendor=vendor,
        family=family,
        like=like,
        level=level_from(level),
        mixed={match: MixedChoice(choice=choice, line=line, column=column) for match, choice, line, column in mixed},
        costs={
            Purpose(purpose): Cost(texts=texts, evidence=evidence, confidence=confidence)
            for purpose, (texts, evidence, confidence) in costs.items()
        },
        advice={
            Purpose(purpose): Advised(how=how, never=never, texts=texts, evidence=evidence, confidence=confidence)
            for purpose, (how, never, texts, evidence, confidence) in advice.items()
        },
        on_fault_open=on_fault_open,
        mesh_bridge=mesh_bridge,
    )


_READERS: Mapping[str, Callable[[list[Any]], Part]] = {
    "catalogue": _catalogue,
    "identity": identity_from,
    "preset": _preset,
    "profile": _profile,
}
