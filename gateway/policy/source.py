"""YAML 1.2 text -> a tree that knows file, line and column of every key and value, within bounds; else faults.

The tree is built from the parser's events, not by a constructor: so depth and size are bounded before anything is built, no
tag makes an object, and dates stay text.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from .fault import Fault

MAX_BYTES = 1_000_000
MAX_NODES = 200_000
MAX_DEPTH = 24
MAX_ALIASES = 100

Path = tuple[str | int, ...]


@dataclass(slots=True)
class Node:
    """A value and where it stands."""

    line: int
    column: int
    value: Any
    """A scalar, ``dict[str, Node]`` or ``list[Node]``."""
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Where each key of a mapping stands."""
    size: int = 1
    """Nodes in it, aliases written out."""

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        return [node.plain() for node in self.value] if isinstance(self.value, list) else self.value


@dataclass(slots=True)
class Source:
    """One file, read."""

    file: str
    root: Node

    def place(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Line and column of the value at ``path`` (or its key), or of the nearest thing around it that exists."""
        node, place = self.root, (self.root.line, self.root.column)
        for step in path:
            child = _child(node, step)
            if child is None:
                return node.keys.get(str(step), place) if isinstance(node.value, dict) else place
            place = node.keys[str(step)] if key and isinstance(node.value, dict) else (child.line, child.column)
            node = child
        return place

    def line(self, *path: str | int) -> int:
        """The line of a key."""
        return self.place(path, key=True)[0]

    def value(self, path: Path) -> str | None:
        """The scalar at ``path`` (or nearest around it) as text; None where a mapping or list stands there."""
        node = self.root
        for step in path:
            child = _child(node, step)
            if child is None:
                break
            node = child
        return None if isinstance(node.value, dict | list) else _text(node.value)

    def fault(self, path: Path, message: str, choices: Iterable[str] = (), *, key: bool = False) -> Fault:
        """A fault about the value at ``path``, or about its key."""
        line, column = self.place(path, key=key)
        value = str(path[-1]) if key and path else self.value(path)
        shown = ".".join(str(step) for step in path)
        return Fault(
            file=self.file, line=line, column=column, path=shown, value=value, message=message, choices=tuple(choices)
        )


class ReadText(NamedTuple):
    """``source`` is None where no tree could be made."""

    source: Source | None
    faults: tuple[Fault, ...] = ()


def read_source(file: str, data: bytes) -> ReadText:
    """The tree of a file, and what is wrong with its text."""
    if len(data) > MAX_BYTES:
        return _unreadable(file, f"the file is larger than {MAX_BYTES // 1000} kB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        return _unreadable(file, "the file is not UTF-8 text", line=data.count(b"\n", 0, err.start) + 1)
    if tabs := tuple(_tabs(file, text)):
        return ReadText(None, tabs)
    builder = _Builder(file)
    try:
        root = builder.build(YAML(typ="safe", pure=True).parse(text))
    except MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        problem = " ".join((err.problem or err.context or "the text is not YAML").split())
        place = {"line": mark.line + 1, "column": mark.column + 1} if mark else {}
        return _unreadable(file, f"not YAML: {problem}", builder.faults, **place)
    except _Excess as err:
        return _unreadable(file, err.message, builder.faults, line=err.line)
    except (YAMLError, ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError) as err:
        return _unreadable(file, f"not YAML: {' '.join(str(err).split()) or type(err).__name__}", builder.faults)
    if root is None:
        return _unreadable(file, "the file is empty")
    return ReadText(Source(file, root), tuple(builder.faults))


def _unreadable(file: str, message: str, others: Iterable[Fault] = (), *, line: int = 0, column: int = 0) -> ReadText:
    return ReadText(None, (*others, Fault(file=file, line=line, column=column, message=message)))


def _tabs(file: str, text: str) -> Iterator[Fault]:
    for number, line in enumerate(text.splitlines(), start=1):
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent and line.strip():
            message = "a tab in the indentation; YAML wants spaces"
            yield Fault(file=file, line=number, column=indent.index("\t") + 1, message=message)


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(node.value, dict):
        return node.value.get(str(step))
    if isinstance(node.value, list) and isinstance(step, int) and 0 <= step < len(node.value):
        found: Node = node.value[step]
        return found
    return None


class _Excess(Exception):
    """A bound was passed: reading stops at once."""

    def __init__(self, line: int, message: str) -> None:
        self.line, self.message = line, message


class _Builder:
    """Events -> nodes."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self._open: list[tuple[Node, str | None]] = []
        """Collections not yet closed, each with its anchor."""
        self._keys: list[tuple[str, int, int] | None] = []
        """For each: the key that waits for its value."""
        self._anchors: dict[str, Node] = {}
        self._aliases = self._nodes = self._documents = 0
        self._root: Node | None = None

    def build(self, events: Iterable[Event]) -> Node | None:
        for event in events:
            if isinstance(event, DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    raise _Excess(event.start_mark.line + 1, "a second document (---) in one file")
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self._close()
            elif isinstance(event, AliasEvent):
                self._alias(event)
            elif isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent):
                self._start(event)
        return None if self._root is None or self._root.value is None else self._root

    def _start(self, event: Any) -> None:
        if event.tag not in (None, "!"):
            self._fault(event, f"a tag ({event.tag}) is not allowed here")
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, ScalarEvent):
            node = Node(*place, _resolve(event.value) if event.implicit[0] else event.value)
            self._anchor(event.anchor, node)
            self._put(event, node, str(event.value))
            return
        if len(self._open) >= MAX_DEPTH:
            raise _Excess(place[0], f"nested deeper than {MAX_DEPTH} levels")
        self._open.append((Node(*place, {} if isinstance(event, MappingStartEvent) else []), event.anchor))
        self._keys.append(None)

    def _close(self) -> None:
        node, anchor = self._open.pop()
        self._keys.pop()
        children = node.value.values() if isinstance(node.value, dict) else node.value
        node.size = 1 + sum(child.size for child in children)
        self._anchor(anchor, node)
        self._put(None, node, None)

    def _alias(self, event: Any) -> None:
        self._aliases += 1
        node = self._anchors.get(event.anchor)
        if node is None:
            self._fault(event, f"*{event.anchor} names nothing that stands whole before it")
            node = Node(event.start_mark.line + 1, event.start_mark.column + 1, None)
        if self._aliases > MAX_ALIASES:
            raise _Excess(event.start_mark.line + 1, f"more than {MAX_ALIASES} aliases")
        self._put(event, node, None if isinstance(node.value, dict | list) else _text(node.value))

    def _anchor(self, anchor: str | None, node: Node) -> None:
        if anchor:
            self._anchors[anchor] = node

    def _put(self, event: Event | None, node: Node, text: str | None) -> None:
        """Hang a finished node into the collection that is open."""
        if not self._open:
            self._root = node
            return
        self._nodes += node.size if event is not None else 1
        if self._nodes > MAX_NODES:
            self._open[0][0].value = None
            raise _Excess(event.start_mark.line + 1 if event else node.line, f"more than {MAX_NODES} values")
        parent = self._open[-1][0]
        if isinstance(parent.value, list):
            parent.value.append(node)
            return
        waiting = self._keys[-1]
        if waiting is None:
            self._key(node, text)
            return
        self._keys[-1] = None
        key, line, column = waiting
        parent.value[key] = node
        parent.keys[key] = (line, column)

    def _key(self, node: Node, text: str | None) -> None:
        if text is None:
            self.faults.append(Fault(file=self.file, line=node.line, column=node.column, message="a key has to be plain text"))
        elif text in self._open[-1][0].value:
            first = self._open[-1][0].keys[text][0]
            message = f"stands twice; first in line {first}"
            self.faults.append(Fault(file=self.file, line=node.line, column=node.column, value=text, message=message))
        self._keys[-1] = (text or "", node.line, node.column)

    def _fault(self, event: Event, message: str) -> None:
        mark = event.start_mark
        self.faults.append(Fault(file=self.file, line=mark.line + 1, column=mark.column + 1, message=message))


_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?([0-9]{1,18}\.[0-9]{0,18}|\.[0-9]{1,18}|[0-9]{1,18})([eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


def _resolve(text: str) -> object:
    """A plain scalar by YAML 1.2's core schema (``no`` and ``12:30`` stay text)."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _text(value: object) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
