"""Small catalogues and evidence for the tests of rooms that judge flows."""

from typing import Any

from gateway.model.assessment import Catalogue, Evidence, Row
from gateway.model.facts import Facts
from gateway.model.name import Name, NameSource
from gateway.model.packet import TCP
from gateway.model.purpose import Purpose
from gateway.policy.catalogue import build_catalogue

WORTH = {"high": 0.9, "medium": 0.6, "low": 0.3}


def make_row(match: str, purpose: str, *devices: str, vendor: str = "generic", **more: Any) -> Row:
    """A row as a catalogue file would give it: ``make_row("fw.ring.com", "control", "ring-doorbell", vendor="ring")``."""
    also = tuple(Purpose(name) for name in more.pop("also", ()))
    confidence = WORTH[more.pop("confidence", "high")]
    source = more.pop("source", f"catalogue/{vendor}.yaml:1")
    return Row(
        match=match,
        purpose=Purpose(purpose),
        also=also,
        vendor=vendor,
        devices=devices,
        confidence=confidence,
        source=source,
        **more,
    )


def make_catalogue(*rows: Row) -> Catalogue:
    """Compiled as the real one is."""
    return build_catalogue(rows)


def make_evidence(*names: str, source: str = "sni", app: str = "unknown", alpn: tuple[str, ...] = (), **more: Any) -> Evidence:
    """A flow to TCP port 443 of a documentation address, unless said otherwise."""
    facts = Facts(app_proto=app, alpn=alpn, ech=more.pop("ech", False))
    defaults: dict[str, Any] = {"port": 443, "proto": TCP, "address": bytes((203, 0, 113, 7))}
    return Evidence(names=tuple(Name(name, NameSource(source)) for name in names), facts=facts, **{**defaults, **more})


DOORBELL: dict[str, Any] = {"profile": "ring-doorbell", "vendor": "ring", "family": "doorbell"}
ECHO: dict[str, Any] = {"profile": "echo", "vendor": "amazon", "family": "speaker"}
LIGHT: dict[str, Any] = {"profile": "light", "vendor": "", "family": "light"}
CAREFUL: dict[str, Any] = {"profile": "careful", "vendor": "", "family": "other"}
