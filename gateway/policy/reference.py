"""Do the names that files use for each other exist? Asked of the text itself, so that other faults in a file hide nothing."""

from collections.abc import Iterable, Iterator
from typing import Any

from .fault import Fault
from .part import BUILT_IN_PROFILES, CataloguePart, Part, PresetPart, ProfilePart
from .source import Node, Source
from .value import VIEWINGS, parse_mac

HOUSEHOLD_FILES = ("household.yaml", "devices.d")


def check_references(sources: Iterable[Source], others: Iterable[Part], *, unread: Iterable[str] = ()) -> Iterator[Fault]:
    """``others``: parts whose text was not read again; ``unread``: files whose text could not be, which may define anything."""
    shelf = _Shelf(tuple(sources), tuple(others), frozenset(_folder(file) for file in unread))
    yield from _twice(shelf, "profiles", "profile")
    yield from _twice(shelf, "presets", "preset")
    yield from _likes(shelf)
    yield from _mixed(shelf)
    yield from _bells(shelf)
    yield from _households(shelf)


class _Shelf:
    """What there is to be named."""

    def __init__(self, sources: tuple[Source, ...], others: tuple[Part, ...], unread: frozenset[str]) -> None:
        self.sources, self.others, self.unread = sources, others, unread
        self.profiles = {*BUILT_IN_PROFILES, *self._ids("profiles", "profile", ProfilePart)}
        self.likes = {part.id: part.like for part in others if isinstance(part, ProfilePart)}
        self.likes |= {_text(source.root, "profile"): _text(source.root, "like") for source in self.of("profiles")}
        self.presets = set(self._ids("presets", "preset", PresetPart))
        rows = [row for part in others if isinstance(part, CataloguePart) for row in part.rows]
        self.matches = {row.match for row in rows} | {match.lower().removesuffix(".") for match in self._matches()}
        self.presses = {device for row in rows if row.tells == "press" for device in row.devices} | set(self._presses())
        """Kinds of devices whose press has a name of its own."""
        self.devices = {name for source in self.of(*HOUSEHOLD_FILES) for name in _mapping(source.root, "devices")}

    def of(self, *folders: str) -> list[Source]:
        """``household.yaml`` before ``devices.d``, files by name."""
        found = [source for source in self.sources if _folder(source.file) in folders]
        return sorted(found, key=lambda source: (folders.index(_folder(source.file)), source.file))

    def knows(self, *folders: str) -> bool:
        """Every file there could be read."""
        return not self.unread.intersection(folders)

    def _ids(self, folder: str, key: str, kind: type[ProfilePart] | type[PresetPart]) -> Iterator[str]:
        yield from (part.id for part in self.others if isinstance(part, kind))
        yield from (name for source in self.of(folder) if (name := _text(source.root, key)))

    def tells_press(self, profile: str) -> bool:
        """The bell's press can be told from motion on such a device."""
        return not self.presses.isdisjoint({profile, self.likes.get(profile, ""), "any"})

    def _matches(self) -> Iterator[str]:
        yield from (match for row in self._rows() if (match := _text(row, "match")))

    def _presses(self) -> Iterator[str]:
        for row in self._rows():
            if _text(row, "tells") == "press":
                devices = _at(row, "devices")
                nodes = devices.value if devices and isinstance(devices.value, list) else ()
                yield from (node.value for node in nodes if isinstance(node.value, str))

    def _rows(self) -> Iterator[Node]:
        for source in self.of("catalogue"):
            rows = _at(source.root, "rows")
            yield from rows.value if rows and isinstance(rows.value, list) else ()


def _twice(shelf: _Shelf, folder: str, key: str) -> Iterator[Fault]:
    kind = ProfilePart if folder == "profiles" else PresetPart
    first = {part.id: part.file for part in shelf.others if isinstance(part, kind)}
    for source in shelf.of(folder):
        name = _text(source.root, key)
        if name in first:
            yield source.fault((key,), f"is the id of {first[name]} too")
        first.setdefault(name, source.file)


def _likes(shelf: _Shelf) -> Iterator[Fault]:
    """One step only: a profile is written to be read together with one other."""
    for source in shelf.of("profiles"):
        like = _text(source.root, "like")
        models = sorted(name for name in shelf.profiles if not shelf.likes.get(name) and name != _text(source.root, "profile"))
        if like and like not in shelf.profiles:
            if shelf.knows("profiles"):
                yield source.fault(("like",), "is no profile", models)
        elif like and like not in models:
            yield source.fault(("like",), "is no profile that stands for itself", models)


def _mixed(shelf: _Shelf) -> Iterator[Fault]:
    if not shelf.knows("catalogue"):
        return
    message = "is no match in the catalogue"
    for part in shelf.others:
        for match, entry in part.mixed.items() if isinstance(part, ProfilePart) else ():
            if match not in shelf.matches:
                path = f"mixed.{match}"
                yield Fault(file=part.file, line=entry.line, column=entry.column, path=path, value=match, message=message)
    for source in shelf.of("profiles", *HOUSEHOLD_FILES):
        places = [("mixed",), *(("devices", name, "mixed") for name in _mapping(source.root, "devices"))]
        for place in places:
            for match in _mapping(source.root, *place):
                if match.lower().removesuffix(".") not in shelf.matches:
                    yield source.fault((*place, match), message, key=True)


def _bells(shelf: _Shelf) -> Iterator[Fault]:
    """Who may see for two minutes after a press: only where a press is known from motion."""
    if not shelf.knows("catalogue", "profiles"):
        return
    for source in shelf.of("profiles"):
        yield from _bell(shelf, source, ("rules",), _text(source.root, "profile"))
    for source in shelf.of(*HOUSEHOLD_FILES):
        for name in _mapping(source.root, "devices"):
            yield from _bell(shelf, source, ("devices", name, "rules"), _text(source.root, "devices", name, "profile"))


def _bell(shelf: _Shelf, source: Source, rules: tuple[str, ...], profile: str) -> Iterator[Fault]:
    for purpose in _mapping(source.root, *rules):
        path = (*rules, purpose, "viewing")
        if _text(source.root, *path) == "bell" and not shelf.tells_press(profile):
            message = "cannot be told on this device: nobody has shown a name that it only uses when the bell is pressed"
            yield source.fault(path, message, [way for way in VIEWINGS if way != "bell"])


def _households(shelf: _Shelf) -> Iterator[Fault]:
    ids: dict[str, str] = {}
    macs: dict[str, str] = {}
    for source in shelf.of(*HOUSEHOLD_FILES):
        preset = _text(source.root, "preset")
        if preset and preset not in shelf.presets and shelf.knows("presets"):
            yield source.fault(("preset",), "is no preset", sorted(shelf.presets))
        for name in _mapping(source.root, "devices"):
            yield from _device(shelf, source, name)
            yield from _double(source, name, ids, macs)
        if shelf.knows(*HOUSEHOLD_FILES):
            yield from _owners(shelf, source)


def _device(shelf: _Shelf, source: Source, name: str) -> Iterator[Fault]:
    path = ("devices", name, "profile")
    profile = _text(source.root, *path)
    if profile and profile not in shelf.profiles and shelf.knows("profiles"):
        yield source.fault(path, "is no profile", sorted(shelf.profiles))


def _double(source: Source, name: str, ids: dict[str, str], macs: dict[str, str]) -> Iterator[Fault]:
    """One name or one hardware address for two devices."""
    ref = f"{source.file}:{source.line('devices', name)}"
    if name in ids:
        yield source.fault(("devices", name), f"is defined in {ids[name]} already", key=True)
    ids.setdefault(name, ref)
    try:
        mac = parse_mac(_text(source.root, "devices", name, "mac"))
    except ValueError:
        return
    if mac in macs:
        yield source.fault(("devices", name, "mac"), f"is the address of {macs[mac]} too")
    macs.setdefault(mac, f"{name} ({ref})")


def _owners(shelf: _Shelf, source: Source) -> Iterator[Fault]:
    for owner in _mapping(source.root, "owners"):
        devices = _at(source.root, "owners", owner, "devices")
        for number, node in enumerate(devices.value if devices and isinstance(devices.value, list) else ()):
            if isinstance(node.value, str) and node.value not in shelf.devices:
                none = "" if shelf.devices else "; there are none"
                path = ("owners", owner, "devices", number)
                yield source.fault(path, f"is no device that devices: defines{none}", sorted(shelf.devices))


def _folder(file: str) -> str:
    return file.partition("/")[0]


def _at(node: Node, *path: str) -> Node | None:
    found: Any = node
    for step in path:
        if found is None or not isinstance(found.value, dict):
            return None
        found = found.value.get(step)
    return found if isinstance(found, Node) else None


def _mapping(node: Node, *path: str) -> dict[str, Node]:
    found = _at(node, *path)
    return found.value if found and isinstance(found.value, dict) else {}


def _text(node: Node, *path: str) -> str:
    found = _at(node, *path)
    return found.value if found and isinstance(found.value, str) else ""
