"""Files -> parts and documents: where YAML is parsed. Imported only where there is YAML to parse."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from .compiler import Compiled, compile_file
from .fault import Fault
from .part import HouseholdPart, Part
from .reference import check_references
from .source import MAX_BYTES, Source


class Read(NamedTuple):
    """What files hold."""

    parts: dict[str, Part]
    faults: list[Fault]


def read_files(files: Mapping[str, Path], others: Iterable[Part] = ()) -> Read:
    """Every file, with every fault; ``others`` are parts that need no reading, but may be named."""
    read = Read({}, [])
    sources: list[Source] = []
    unread: list[str] = []
    for name, compiled in compile_files(files):
        read.faults.extend(compiled.faults)
        if compiled.part is not None:
            read.parts[name] = compiled.part
        if compiled.source is None:
            unread.append(name)
        else:
            sources.append(compiled.source)
    read.faults.extend(check_references(sources, others, unread=unread))
    return read


def compile_files(files: Mapping[str, Path]) -> Iterator[tuple[str, Compiled]]:
    """Each file, compiled. ``household.yaml`` comes first: times in other files are in its zone."""
    zone = "UTC"
    for name in sorted(files, key=lambda name: (name != "household.yaml", name)):
        compiled = _compile(name, files[name], zone=zone)
        if isinstance(compiled.part, HouseholdPart) and name == "household.yaml":
            zone = compiled.part.timezone
        yield name, compiled


def _compile(name: str, path: Path, *, zone: str) -> Compiled:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as err:
        return Compiled(None, None, (Fault(file=name, message=f"cannot be read: {err.strerror}"),))
    return compile_file(name, data, zone=zone)
