"""Rows -> the compiled table of the catalogue. Looking a name up takes one step per label, however many rows there are."""

from collections.abc import Iterable

from ..model.assessment import Catalogue, FixedReply, Hint, Row
from .value import parse_app, parse_ports


def build_catalogue(rows: Iterable[Row], replies: Iterable[FixedReply] = (), hints: Iterable[Hint] = ()) -> Catalogue:
    """The rows, each where a look-up finds it, in the order they were written."""
    names: dict[str, list[Row]] = {}
    patterns: dict[str, list[Row]] = {}
    ports: dict[tuple[int, int], list[Row]] = {}
    protocols: dict[str, list[Row]] = {}
    size = 0
    for row in rows:
        size += 1
        match = row.match
        if "*" in match:
            patterns.setdefault(pattern_key(match), []).append(row)
        elif ":" in match:
            protocols.setdefault(parse_app(match), []).append(row)
        elif "/" in match:
            for port in parse_ports(match):
                ports.setdefault(port, []).append(row)
        else:
            names.setdefault(name_key(match), []).append(row)
    return Catalogue(
        names={key: tuple(found) for key, found in names.items()},
        patterns={key: tuple(found) for key, found in patterns.items()},
        ports={key: tuple(found) for key, found in ports.items()},
        protocols={key: tuple(found) for key, found in protocols.items()},
        replies=by_host(replies),
        hints=tuple(hints),
        size=size,
    )


def by_host(replies: Iterable[FixedReply]) -> dict[str, tuple[FixedReply, ...]]:
    """What each host says; of two replies to one request the later one counts."""
    hosts: dict[str, dict[str, FixedReply]] = {}
    for reply in replies:
        hosts.setdefault(reply.host, {})[reply.path] = reply
    return {host: tuple(found.values()) for host, found in hosts.items()}


def name_key(name: str) -> str:
    """``fw.ring.com`` -> ``com.ring.fw``."""
    return ".".join(reversed(name.split(".")))


def pattern_key(pattern: str) -> str:
    """``*.iot.*.amazonaws.com`` -> ``com.amazonaws``: the labels after the last one with a ``*``."""
    return name_key(pattern.rpartition("*")[2].partition(".")[2])
