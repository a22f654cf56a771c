"""A flow of the ledger as a line of a table of flows: what it was judged by, so that whoever classifies it finds the same."""

from gateway.model.assessment import Evidence
from gateway.model.facts import Facts
from gateway.model.name import Name, NameSource
from gateway.model.packet import TCP, UDP
from gateway.model.purpose import BY_TEXT
from gateway.model.record import FlowRecord
from gateway.purpose import Line

from .recorded import is_question

_SOURCES = {str(source): source for source in NameSource}


def line_of(record: FlowRecord) -> Line:
    """Of what an earlier version wrote down, what is missing is not known."""
    names = _names(record)
    asked = record.lookup or is_question(record)
    return Line(
        id=str(record.flow_id),
        device=record.device,
        run="",
        at=record.started,
        destination=names[0].text if names else "",
        evidence=_of_a_name(record, names) if asked else _of_a_flow(record, names),
    )


def main_purpose(record: FlowRecord) -> str:
    """What it was taken for; by another one it was judged where they could not be told apart."""
    return record.main or record.purpose


def _of_a_name(record: FlowRecord, names: tuple[Name, ...]) -> Evidence:
    return Evidence(
        profile=record.profile,
        vendor=record.vendor,
        family=record.family,
        names=names[:1],
        settled=BY_TEXT.get(record.settled),
    )


def _of_a_flow(record: FlowRecord, names: tuple[Name, ...]) -> Evidence:
    app = record.app_proto if record.proto in (TCP, UDP) else "unknown"
    sent, received = record.judged_toserver, record.judged_toclient
    return Evidence(
        profile=record.profile,
        vendor=record.vendor,
        family=record.family,
        facts=Facts(app_proto=app, alpn=record.alpn, ech=record.ech),
        names=names,
        address=record.dst,
        port=record.dport,
        proto=record.proto,
        local=record.local,
        pkts_out=record.pkts_toserver,
        pkts_in=record.pkts_toclient,
        bytes_out=record.bytes_toserver if sent is None else sent,
        bytes_in=record.bytes_toclient if received is None else received,
        media_bytes=record.media_bytes,
        settled=BY_TEXT.get(record.settled),
    )


def _names(record: FlowRecord) -> tuple[Name, ...]:
    """The one that counts, then those that DNS gave."""
    if record.weighed or not record.server_name:
        return tuple(Name(text, NameSource.DNS) for text in record.weighed)
    others = (Name(text, NameSource.DNS) for text in record.names if text != record.server_name)
    return Name(record.server_name, _SOURCES.get(record.name_source or "", NameSource.DNS)), *others
