"""Where policy files lie, and how directories overlay each other by file name. The only module here that reads files."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ..model.policy import Policy
from .advice import warnings as unwise
from .assembly import assemble
from .codec import FORMAT
from .fault import Fault, in_order
from .part import BUILT_IN_PROFILES, SHIPPED_FOLDERS, Part, ProfilePart
from .shipped import parts_from

FOLDERS = ("catalogue", "identity", "presets", "profiles", "systems", "devices.d", "cases")
ASIDE = ("systems/", "cases/")
"""Folders that no policy is made of: a fault there is `check`'s business, and keeps no gateway from starting."""
HOUSEHOLD = "household.yaml"
COMPILED = "compiled.json"
MAX_FILES = 2000
_PACKAGE = Path(__file__).parent.parent
_IGNORED = (".example.yaml", ".json", ".md", ".txt", "~")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What was read. ``policy`` is None where there are faults."""

    policy: Policy | None
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    """Name relative to the policy directory -> where it was read."""
    profiles: Mapping[str, ProfilePart] = field(default_factory=dict)
    """By id, with what they say in every language; empty where there are faults."""


def shipped_directory() -> Path:
    """``gateway/_policies`` in an installed package, ``policies/`` in a checkout."""
    inside = _PACKAGE / "_policies"
    return inside if (inside / "profiles").is_dir() else _PACKAGE.parent / "policies"


def compiled_file() -> Path:
    """The shipped set, compiled when the package was built."""
    return _PACKAGE / "_policies" / COMPILED


def load(
    *directories: Path, shipped: Path | None = None, compiled: Path | None = None, now: float | None = None, whole: bool = False
) -> Loaded:
    """The shipped files, overlaid by each directory in turn; a file replaces one of the same name as a whole.

    With ``now`` (wall time), exceptions that are over are warned of. ``whole`` also reads what a policy is not made of.
    """
    shipped = shipped or shipped_directory()
    files, faults, warnings = _overlay((shipped, *directories))
    if not whole:
        files = {name: path for name, path in files.items() if not name.startswith(ASIDE)}
    parts = {} if whole else _compiled_parts(shipped, compiled or compiled_file(), files)
    rest = {name: path for name, path in files.items() if name not in parts}
    if rest:
        from .reading import read_files  # ruamel and pydantic: only where there is YAML to read

        read, read_faults = read_files(rest, parts.values())
        parts, faults = {**parts, **read}, [*faults, *read_faults]
    policy = None if faults else assemble(parts[name] for name in sorted(parts))
    if policy and now is not None:
        warnings.extend(_past(policy, now))
        warnings.extend(unwise(policy))
    profiles = _profiles(parts.values()) if policy else {}
    return Loaded(policy=policy, faults=in_order(faults), warnings=in_order(warnings), files=files, profiles=profiles)


def _profiles(parts: Iterable[Part]) -> dict[str, ProfilePart]:
    return {**BUILT_IN_PROFILES, **{part.id: part for part in parts if isinstance(part, ProfilePart)}}


def _past(policy: Policy, now: float) -> Iterator[Fault]:
    for table in (policy.devices, policy.profiles):
        for entry in table.values():
            for exemption in (exemption for level in entry.levels for exemption in level.exemptions):
                if exemption.until is not None and exemption.until <= now:
                    text = ", ".join(target.text for target in exemption.to)
                    message = "an exception that is over: it does nothing any more"
                    yield Fault(file=exemption.ref.file, line=exemption.ref.line, value=text, message=message)


def compile_shipped(directory: Path) -> tuple[bytes, tuple[Fault, ...]]:
    """The files of a shipped directory as one table, for ``load`` to find; or what is wrong with them."""
    from .reading import read_files
    from .shipped import dump_parts

    names = _shipped_names(directory)
    read = read_files({name: directory / name for name in names})
    return (b"", in_order(read.faults)) if read.faults else (dump_parts(digest_files(directory, names), read.parts), ())


def _shipped_names(directory: Path) -> list[str]:
    return [name for name in _names(directory) if name.partition("/")[0] in SHIPPED_FOLDERS]


def digest_files(directory: Path, names: Iterable[str]) -> str:
    """Of the text of files: whether what was compiled from them still fits."""
    total = sha256(str(FORMAT).encode())
    for name in sorted(names):
        total.update(f"\n{name}\n".encode() + sha256((directory / name).read_bytes()).digest())
    return total.hexdigest()


def _compiled_parts(shipped: Path, compiled: Path, files: Mapping[str, Path]) -> dict[str, Part]:
    """The shipped files that no overlay replaces; none where the text they were compiled from has changed since."""
    try:
        plain = json.loads(compiled.read_bytes())
        if plain["digest"] != digest_files(shipped, _shipped_names(shipped)):
            return {}
        return {name: part for name, part in parts_from(plain).items() if files.get(name) == shipped / name}
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return {}


def _overlay(directories: Iterable[Path]) -> tuple[dict[str, Path], list[Fault], list[Fault]]:
    files: dict[str, Path] = {}
    faults: list[Fault] = []
    warnings: list[Fault] = []
    for directory in directories:
        if not directory.is_dir():
            faults.append(Fault(file=str(directory), message="no such directory"))
            continue
        found = list(_names(directory))
        if len(found) > MAX_FILES:
            faults.append(Fault(file=str(directory), message=f"more than {MAX_FILES} files"))
            continue
        files.update({name: directory / name for name in found})
        warnings.extend(_strays(directory))
    return dict(sorted(files.items())), faults, warnings


def _names(directory: Path) -> Iterator[str]:
    """Files of the layout, relative to the directory."""
    if (directory / HOUSEHOLD).is_file():
        yield HOUSEHOLD
    for folder in FOLDERS:
        for path in sorted((directory / folder).glob("*.yaml")):
            if not path.name.startswith("."):
                yield f"{folder}/{path.name}"


def _strays(directory: Path) -> Iterator[Fault]:
    """Files that look as if they meant something, but are not read."""
    for path in sorted(directory.iterdir()):
        if path.name.startswith(".") or path.name == HOUSEHOLD or path.name.endswith(_IGNORED):
            continue
        if path.is_dir() and path.name in FOLDERS:
            for inner in sorted(path.iterdir()):
                if inner.suffix != ".yaml" and not inner.name.startswith(".") and not inner.name.endswith(_IGNORED):
                    yield Fault(file=f"{path.name}/{inner.name}", message="is not read: its name does not end in .yaml")
        elif path.is_dir() or path.suffix in (".yaml", ".yml"):
            message = "is not read: no such file or folder in the layout"
            yield Fault(file=path.name, message=message, choices=(HOUSEHOLD, *FOLDERS))
