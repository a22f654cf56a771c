"""A device's entry in the household's own words, or any other value: written anew, or amended in place.

Only the values asked for are touched, where the parser says that they stand: comments, order, quoting and everything else keep
every byte. What comes out is read again, and has to say what was wanted and nothing else.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

from .source import read_source

Values = Mapping[str, str | bool]
"""``profile``, ``confirmed`` … of one device."""
TOO_ODD = "written in a way that only a person should change"
_BARE = re.compile(r"[a-z][a-z0-9-]*").fullmatch
Value = str | bool | Sequence[str] | Mapping[str, str]
"""An action, a flag, the names of devices, a rule with its options."""
Edit = tuple[int, int, str]
"""Where in the text, and what stands there afterwards."""


def write_entry(name: str, mac: str, values: Values) -> str:
    """A file of ``devices.d/`` with one device."""
    own = "".join(f", {key}: {_plain(value)}" for key, value in values.items())
    return f'version: 1\ndevices:\n  {name}: {{mac: "{mac}"{own}}}\n'


def amend_entry(text: str, name: str, values: Values) -> str:
    """The same file, where the device called ``name`` has these values. ValueError where that cannot be done by itself."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    body = text.removeprefix(mark)
    entry = _entry(body, name)
    for start, end, new in sorted(_edits(body, entry, values), reverse=True):
        body = body[:start] + new + body[end:]
    wanted = _said(text)
    wanted["devices"][name] |= values
    if _said(body) != wanted:
        raise ValueError(f"the entry of {name} is {TOO_ODD}")
    return mark + body


def amend(text: str, path: Sequence[str], value: Value | None) -> str:
    """The same file with this value at ``path`` (``("devices", "hall-bell", "rules", "telemetry")``); None: with none there.

    What is missing on the way is made. ValueError where it cannot be done by itself.
    """
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    body = text.removeprefix(mark)
    root, wanted = _compose(body), _said(text)
    if not _put(wanted, path, value):
        return text
    node, rest = _reach(root, path)
    start, end, new = _removal(body, node, rest[0]) if value is None else _setting(body, node, rest, value)
    body = body[:start] + new + body[end:]
    if _said(body) != wanted:
        raise ValueError(f"{'.'.join(path)} is {TOO_ODD}")
    return mark + body


def remove_entry(text: str, name: str) -> str | None:
    """The same file without this device; None where it would say nothing else. ValueError where only a person can do that."""
    said = _said(text)
    if said.keys() <= {"version", "devices"} and list(said.get("devices") or ()) == [name]:
        return None
    return amend(text, ("devices", name), None)


def disown(text: str, name: str) -> str:
    """The same file, in which this device is no owner's. ValueError as above."""
    for owner, said in (_said(text).get("owners") or {}).items():
        devices = said.get("devices") or ()
        if name in devices:
            text = amend(text, ("owners", owner, "devices"), [other for other in devices if other != name])
    return text


def _put(said: Any, path: Sequence[str], value: Value | None) -> bool:
    """The same in what the file says; False if it says so already."""
    *way, last = path
    for key in way:
        if not isinstance(said, dict):
            raise ValueError(f"{'.'.join(path)} is {TOO_ODD}")
        if value is None and key not in said:
            return False
        if said.get(key) is None:
            said[key] = {}
        said = said[key]
    if not isinstance(said, dict):
        raise ValueError(f"{'.'.join(path)} is {TOO_ODD}")
    plain = None if value is None else _as_read(value)
    if said.get(last) == plain:
        return False
    said.pop(last, None)
    if plain is not None:
        said[last] = plain
    return True


def _as_read(value: Value) -> Any:
    if isinstance(value, str | bool):
        return value
    return dict(value) if isinstance(value, Mapping) else list(value)


def _reach(node: Node, path: Sequence[str]) -> tuple[MappingNode, Sequence[str]]:
    """The innermost mapping on the way that is there, and what is left of the way."""
    at = 0
    while at < len(path) - 1 and isinstance(inner := _child(node, path[at]), MappingNode) and inner.value:
        node, at = inner, at + 1
    if not isinstance(node, MappingNode) or not node.value:
        raise ValueError(f"the file is {TOO_ODD}")
    return node, path[at:]


def _setting(text: str, node: MappingNode, path: Sequence[str], value: Value) -> Edit:
    new = _flow(value)
    for key in reversed(path[1:]):
        new = f"{{{_plain(key)}: {new}}}"
    known = _child(node, path[0])
    if known is None:
        return _addition(text, node, [f"{_plain(path[0])}: {new}"])
    start, end = known.start_mark.index, known.end_mark.index
    if start == end or (isinstance(known, CollectionNode) and not known.flow_style):
        return _over_lines(text, node, path[0], f"{_plain(path[0])}: {new}")
    return start, end, new


def _over_lines(text: str, node: MappingNode, key: str, new: str) -> Edit:
    """A value that has lines of its own, or none, is replaced with its key."""
    start, end, _ = _removal(text, node, key)
    ending = "\n" if text[start:end].endswith("\n") else ""
    column = next(known for known, _ in node.value if known.value == key).start_mark.column
    return start, end, f"{' ' * column}{new}{ending}"


def _removal(text: str, node: MappingNode, key: str) -> Edit:
    """A pair and what separates it from the others. The last pair of a mapping leaves ``{}`` behind."""
    at = next(number for number, (known, _) in enumerate(node.value) if known.value == key)
    pairs = node.value
    if not node.flow_style:
        start = pairs[at][0].start_mark.index - pairs[at][0].start_mark.column
        last = _last_line(pairs[at][1], pairs[at][0])
        end = text.find("\n", last)
        rest = "" if len(pairs) > 1 else " " * pairs[0][0].start_mark.column + "{}\n"
        return start, len(text) if end < 0 else end + 1, rest
    if at:
        return pairs[at - 1][1].end_mark.index, pairs[at][1].end_mark.index, ""
    return pairs[0][0].start_mark.index, (pairs[1][0].start_mark.index if len(pairs) > 1 else pairs[0][1].end_mark.index), ""


def _last_line(value: Node, key: Node) -> int:
    """A place on the last line of a value: the mark behind a block stands on the next one."""
    while isinstance(value, MappingNode) and not value.flow_style and value.value:
        key, value = value.value[-1]
    return int(key.start_mark.index if value.start_mark.index == value.end_mark.index else value.end_mark.index)


def _flow(value: Value) -> str:
    """On one line."""
    if isinstance(value, str | bool):
        return _plain(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_plain(key)}: {_plain(text)}" for key, text in value.items()) + "}"
    return "[" + ", ".join(map(_plain, value)) + "]"


def _edits(text: str, entry: MappingNode, values: Values) -> Iterator[Edit]:
    known = {key.value: value for key, value in entry.value}
    missing = {key: value for key, value in values.items() if key not in known}
    for key, value in values.items():
        if key in known:
            yield known[key].start_mark.index, known[key].end_mark.index, _plain(value)
    if missing:
        yield _addition(text, entry, [f"{key}: {_plain(value)}" for key, value in missing.items()])


def _addition(text: str, entry: MappingNode, lines: list[str]) -> Edit:
    """Behind the last plain value: of a mapping in braces on its line, else on lines of its own."""
    if entry.flow_style:
        at = entry.value[-1][1].end_mark.index
        return at, at, "".join(f", {line}" for line in lines)
    indent = " " * entry.value[0][0].start_mark.column
    if not indent:  # of the file itself: at its end
        gap = "" if text.endswith("\n") else "\n"
        return len(text), len(text), gap + "".join(f"{line}\n" for line in lines)
    key = next((key for key, value in reversed(entry.value) if isinstance(value, ScalarNode)), None)
    if key is None:  # before the others
        first = entry.value[0][0].start_mark.index
        return first, first, "".join(f"{line}\n{indent}" for line in lines)
    end = text.find("\n", key.start_mark.index)
    if end < 0:
        return len(text), len(text), "".join(f"\n{indent}{line}" for line in lines)
    ending = "\r\n" if text[end - 1] == "\r" else "\n"
    return end + 1, end + 1, "".join(f"{indent}{line}{ending}" for line in lines)


def _compose(text: str) -> Node:
    try:
        root: Node = YAML(typ="safe", pure=True).compose(io.StringIO(text))
    except YAMLError as err:
        raise ValueError("the file is no YAML") from err
    return root


def _entry(text: str, name: str) -> MappingNode:
    entry = _child(_child(_compose(text), "devices"), name)
    if not isinstance(entry, MappingNode) or not entry.value:
        raise ValueError(f"there is no entry of {name} in the file")
    return entry


def _child(node: Node | None, key: str) -> Node | None:
    pairs = node.value if isinstance(node, MappingNode) else ()
    return next((value for known, value in pairs if known.value == key), None)


def _said(text: str) -> Any:
    source = read_source("", text.encode()).source
    if source is None:
        raise ValueError(f"the file is {TOO_ODD}")
    return source.root.plain()


def _plain(value: str | bool) -> str:
    """As YAML 1.2 reads it back."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if _BARE(value) and value not in ("true", "false", "null") else f'"{value}"'
