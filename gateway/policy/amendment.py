"""A device's entry in the household's own words: written anew, or amended in place.

Only the values asked for are touched, where the parser says that they stand: comments, order, quoting and everything else keep
every byte. What comes out is read again, and has to say what was wanted and nothing else.
"""

import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from .source import read_source

Values = Mapping[str, str | bool]
"""``profile``, ``confirmed`` … of one device."""
TOO_ODD = "written in a way that only a person should change"
_BARE = re.compile(r"[a-z][a-z0-9-]*").fullmatch
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
    key = next((key for key, value in reversed(entry.value) if isinstance(value, ScalarNode)), None)
    if key is None:
        raise ValueError(f"the entry is {TOO_ODD}")
    indent = " " * entry.value[0][0].start_mark.column
    end = text.find("\n", key.start_mark.index)
    if end < 0:
        return len(text), len(text), "".join(f"\n{indent}{line}" for line in lines)
    ending = "\r\n" if text[end - 1] == "\r" else "\n"
    return end + 1, end + 1, "".join(f"{indent}{line}{ending}" for line in lines)


def _entry(text: str, name: str) -> MappingNode:
    try:
        root = YAML(typ="safe", pure=True).compose(io.StringIO(text))
    except YAMLError as err:
        raise ValueError("the file is no YAML") from err
    entry = _child(_child(root, "devices"), name)
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
