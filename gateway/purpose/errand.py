"""What a flow that is over shows, where its name is silent: a question whether anybody is there, or talk with the maker."""

from ..model.assessment import Assessment, Evidence
from ..model.packet import TCP, UDP
from ..model.purpose import Purpose
from .context import Context
from .fit import is_shared
from .volume import BULK_BYTES, SILENT, judge_volume, revise

HEADER_BYTES = 40
"""The least that IPv4 and TCP put before the payload: where packets count less, only their payload was counted."""
HANDSHAKE_PKTS = 3
NO_CONTENT_BYTES = 150
"""An answer without content (RFC 9110, status 204), with its headers."""
WEB_PORTS = frozenset({80, 443, 8080, 8443})
COUNTRY_LABELS = frozenset({"co", "com", "net", "org"})
"""Under which countries register: ``acme.co.uk``."""
MIN_MAKER_LETTERS = 4
"""A shorter name stands in too many others."""


def judge_ended(assessment: Assessment, evidence: Evidence, context: Context) -> Assessment:
    """Volume first, then what it was for."""
    media = judge_volume(assessment, evidence)
    if media is not assessment:
        return media
    return _judge_probe(assessment, evidence, context) or _judge_maker(assessment, evidence) or assessment


def _judge_probe(assessment: Assessment, evidence: Evidence, context: Context) -> Assessment | None:
    """Plain HTTP without a word, or answered by "no content". Known names decide, but for those that everybody asks."""
    name = assessment.name.text if assessment.name is not None else ""
    if assessment.purpose not in SILENT and not is_shared(name):
        return None
    if evidence.facts.app_proto != "http" or evidence.pkts_out < HANDSHAKE_PKTS or not evidence.pkts_in:
        return None
    if evidence.bytes_in > NO_CONTENT_BYTES or evidence.bytes_in >= HEADER_BYTES * evidence.pkts_in:
        return None
    if not evidence.bytes_in and evidence.bytes_out:
        return None
    what = f"plain HTTP, answered in {evidence.bytes_in} bytes" if evidence.bytes_in else "plain HTTP without a word"
    rhythm = f", every {context.beat_s:.0f} s" if context.beat_s else ""
    reason = f"{what}{rhythm}: it asks whether the internet is there"
    return revise(assessment, Purpose.CONNECTIVITY_CHECK, 0.7 if context.beat_s else 0.5, reason)


def _judge_maker(assessment: Assessment, evidence: Evidence) -> Assessment | None:
    """The maker's own name, at a port that is not the web's: a protocol of its own."""
    if assessment.purpose not in SILENT or assessment.name is None or evidence.bytes_out >= BULK_BYTES:
        return None
    if evidence.proto not in (TCP, UDP) or not evidence.port or evidence.port in WEB_PORTS:
        return None
    if not _is_makers(assessment.name.text, evidence.vendor):
        return None
    reason = f"{assessment.name.text} is the maker's own, port {evidence.port} is not the web's: how it is told what to do"
    return revise(assessment, Purpose.CONTROL, 0.4, reason)


def _is_makers(name: str, vendor: str) -> bool:
    """Whether the maker's name stands in the registered domain, not in what others let or call theirs."""
    maker, labels = vendor.replace("-", ""), name.split(".")
    if len(maker) < MIN_MAKER_LETTERS or len(labels) < 2 or is_shared(name):
        return False
    registered = labels[-3] if labels[-2] in COUNTRY_LABELS and len(labels) > 2 else labels[-2]
    return maker in registered.replace("-", "")
