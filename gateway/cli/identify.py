"""``netcurtain identify``: who the devices of a capture are, or of a file of clues. No rights needed."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import click

from gateway.edge.pcap import CaptureError, read_capture
from gateway.identity import Clues, Index
from gateway.model.device import Mac
from gateway.model.identity import Clue, Guess, Identification, Signal
from gateway.policy import load
from gateway.wire import Reassembler, decode_frame, innermost
from gateway.wire.clue import ClueReader, address_clues, sender_of
from gateway.wire.maker import registered_maker

MAX_LINE_BYTES = 65_536
MAX_TIME = 1e15
_NO_MARKS = str.maketrans("", "", ":.-")
_SIGNALS = {signal.value: signal for signal in Signal}


class Found(NamedTuple):
    """A clue of a device; or, without one, that there is such a device."""

    device: str
    clue: Clue | None = None


class ClueError(ValueError):
    """A line of a file of clues cannot be read; the message says which, and why."""


@click.command()
@click.argument("source", type=click.Path(path_type=Path), metavar="CAPTURE|CLUES.jsonl")
@click.option(
    "--policies", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A directory with rows of its own."
)
@click.option("--without", multiple=True, metavar="SOURCE", help="Leave out rows whose evidence names it, such as owner/name.")
@click.option("--json", "as_json", is_flag=True, help="One object per device and line.")
def identify(source: Path, policies: Path | None, without: tuple[str, ...], as_json: bool) -> None:
    """Tell who each device in SOURCE is: in a capture (by hardware address), or in lines of clues.

    A line of clues: {"device": "d1", "signal": "dns-name", "value": "fw.ring.com", "t": 1.5}
    """
    index = Index(_without(_known(policies), without))
    devices: dict[str, Clues] = {}
    faults = 0
    try:
        for found in _read(source):
            if isinstance(found, ClueError):
                faults += 1
                click.echo(f"{source}: {found}", err=True)
                continue
            clues = devices.setdefault(found.device, Clues(index))
            if found.clue is not None:
                clues.add(found.clue)
    except (CaptureError, OSError) as err:
        faults += 1
        click.echo(f"{source}: {err.strerror if isinstance(err, OSError) and err.strerror else err}", err=True)
    for device, clues in devices.items():
        _show(device, clues.guess(), as_json=as_json)
    sys.exit(1 if faults else 0)


def _known(policies: Path | None) -> Identification:
    loaded = load(*([policies] if policies is not None else []))
    if loaded.policy is None:
        for fault in loaded.faults:
            click.echo(str(fault), err=True)
        raise click.exceptions.Exit(1)
    return loaded.policy.identity


def _without(known: Identification, sources: Iterable[str]) -> Identification:
    """The rows that rest on none of the sources."""
    sources = tuple(sources)
    return replace(known, traits=tuple(trait for trait in known.traits if not any(name in trait.evidence for name in sources)))


def _read(source: Path) -> Iterator[Found | ClueError]:
    """By what the file holds: lines of JSON, or a capture."""
    with source.open("rb") as file:
        start = file.read(4_096)
    lines = source.suffix in (".jsonl", ".json") or start.lstrip()[:1] == b"{"
    return iter(read_clues(source) if lines else read_devices(source))


def read_devices(path: Path) -> Iterator[Found]:
    """Every device that sends anything in a capture, and its clues; a ``CaptureError`` comes after those before the damage."""
    reader, reassembler = ClueReader(), Reassembler()
    seen: set[Mac] = set()
    for at, link_type, data, _ in read_capture(path):
        frame = decode_frame(data, link_type)
        sender = frame.src_mac if frame is not None and frame.src_mac is not None else sender_of(data, link_type)
        if sender is None:
            continue
        yield from _newcomer(sender, seen, at)
        packet = frame.packet if frame is not None else None
        if packet is not None and packet.fragment is not None:
            whole = reassembler.add(packet, at)
            packet = innermost(whole) if whole is not None else None
        for device, clue in reader.read(sender, packet, at) if packet is not None else ():
            yield from _newcomer(device, seen, at)
            yield Found(device, clue)


def _newcomer(mac: Mac, seen: set[Mac], at: float) -> Iterator[Found]:
    if mac not in seen:
        seen.add(mac)
        yield Found(mac)
        yield from (Found(mac, clue) for clue in address_clues(mac, at))


def read_clues(path: Path) -> Iterator[Found | ClueError]:
    """The lines of a file of clues, in the order of their times; a line that cannot be read is told of, and left out."""
    found: list[Found] = []
    with path.open("rb") as file:
        for number, line in enumerate(_lines(file), start=1):
            if not line.strip():
                continue
            try:
                found.append(_clue(line))
            except ValueError as err:
                yield ClueError(f"line {number}: {err}")
    found.sort(key=lambda one: one.clue.at if one.clue is not None else 0.0)
    for device, clue in found:
        yield Found(device, clue)
        if clue is not None and clue.signal is Signal.OUI and (maker := registered_maker(_address(clue.value))):
            yield Found(device, Clue(Signal.MAKER, maker, clue.at))


def _address(text: str) -> str:
    """As addresses and prefixes are written here, whatever stands between their digits."""
    digits = text.lower().translate(_NO_MARKS)
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines, of which no more than needed is held."""
    while line := file.readline(MAX_LINE_BYTES + 1):
        rest = line
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE_BYTES + 1)
        yield line


def _clue(line: bytes) -> Found:
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"longer than {MAX_LINE_BYTES // 1024} kB")
    plain = _object(line)
    device, name, value = (_text(plain, key) for key in ("device", "signal", "value"))
    at = plain.get("t", 0.0)
    if isinstance(at, bool) or not isinstance(at, int | float) or not abs(at) <= MAX_TIME:
        raise ValueError('"t" is not a time')
    if name not in _SIGNALS:
        raise ValueError(f'"{name}" is not a signal; one of: {", ".join(_SIGNALS)}')
    return Found(device, Clue(_SIGNALS[name], value, float(at)))


def _object(line: bytes) -> Mapping[str, Any]:
    try:
        plain = json.loads(line)
    except (ValueError, RecursionError) as err:
        raise ValueError("not JSON") from err
    if not isinstance(plain, dict):
        raise ValueError("not an object")
    return plain


def _text(plain: Mapping[str, Any], key: str) -> str:
    value = plain.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f'"{key}" is missing' if key not in plain else f'"{key}" is not text')
    return value.encode("utf-8", "replace").decode()


def _show(device: str, guess: Guess, *, as_json: bool) -> None:
    if as_json:
        plain = {
            "device": device, "vendor": guess.vendor, "profile": guess.profile, "confidence": guess.confidence,
            "because": list(guess.reasons),
        }  # fmt: skip
        sys.stdout.write(json.dumps(plain, ensure_ascii=False) + "\n")
        return
    who = " ".join(filter(None, (guess.vendor, guess.profile and f"({guess.profile})"))) if guess.sure else "not sure"
    click.echo(_printable(f"{device}  {who}  {guess.confidence:.2f}"))
    for reason in guess.reasons:
        click.echo(_printable(f"    {reason}"))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
