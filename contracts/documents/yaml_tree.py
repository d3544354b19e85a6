"""YAML text to plain values with positions. Scalars follow YAML 1.2: `on`, `no`, `12:30` are text.

Built from the event stream, never by recursion, so that hostile text costs no more than its size.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from windtunnel.contracts.documents.errors import DocumentError, Problem
from windtunnel.contracts.documents.marks import Marks, Path, Position, path_text
from windtunnel.contracts.results import Place

MOST_CHARACTERS = 8_000_000
MOST_NODES = 500_000
MOST_DEPTH = 50

_INTEGER = re.compile(r"[-+]?[0-9](_?[0-9])*\Z")
_OTHER_BASE = re.compile(r"0x[0-9a-fA-F]+\Z|0o[0-7]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9](_?[0-9])*(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
    "-.inf": float("-inf"),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_TAGS = {
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map")
}
_MOST_DIGITS = 300


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read; `key` is the pending key of a mapping."""

    value: dict[str, Any] | list[Any]
    path: Path
    anchor: str | None
    nodes_before: int
    key: str | None = None
    merged: list[Any] = field(default_factory=list[Any])


def scalar(text: str) -> Any:
    """The value of a plain scalar by the YAML 1.2 core schema; digits may be grouped by `_`."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _MOST_DIGITS:
        if _INTEGER.match(text):
            return int(text.replace("_", ""))
        if _OTHER_BASE.match(text):
            return int(text, 0)
        if _FLOAT.match(text):
            return float(text.replace("_", ""))
    return text


def parse_yaml(text: str, file: str) -> tuple[Any, Marks]:
    """Read one YAML document; DocumentError says where it cannot be read."""
    if len(text) > MOST_CHARACTERS:
        message = f"the file has {len(text):,} characters, more than {MOST_CHARACTERS:,}"
        raise DocumentError([Problem(Place(file=file), message, remedy="split it")])
    try:
        return _Reader(file).read(text)
    except yaml.MarkedYAMLError as error:
        raise DocumentError([_problem(error, file)]) from error
    except yaml.reader.ReaderError as error:
        character = error.character if isinstance(error.character, str) else chr(error.character)
        at = text.find(character)  # the C parser gives no position that counts characters
        line = text.count("\n", 0, at) + 1
        place = Place(file=file, line=line, column=at - text.rfind("\n", 0, at))
        message = f"the character {character!r} is not allowed in YAML"
        raise DocumentError([Problem(place, message, remedy="write it as an escape")]) from error


def _problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = (
        Place(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Place(file=file)
    )
    said = " ".join(part for part in (error.context, error.problem) if part)
    remedy = "indent with spaces, not tabs" if "'\\t'" in said else "check indentation and quotes"
    return Problem(place, f"this is not YAML: {said}", remedy=remedy)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.values: dict[Path, Position] = {}
        self.keys: dict[Path, Position] = {}
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.stack: list[_Open] = []
        self.nodes = 0
        self.root: Any = None
        self.documents = 0

    def read(self, text: str) -> tuple[Any, Marks]:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        for event in yaml.parse(text, Loader=loader):
            self.event(event)
        return self.root, Marks(self.file, self.values, self.keys)

    def fail(self, event: yaml.Event, message: str, remedy: str) -> DocumentError:
        line, column = _position(event)
        path = path_text(self.path_of_next())
        place = Place(file=self.file, line=line, column=column, path=path)
        return DocumentError([Problem(place, message, remedy=remedy)])

    def event(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise self.fail(event, "a second document begins here", "one document per file")
        elif isinstance(event, yaml.AliasEvent):
            self.alias(event)
        elif isinstance(event, yaml.ScalarEvent):
            self.scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self.open(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self.close()

    def count(self, event: yaml.Event, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > MOST_NODES:
            raise self.fail(event, f"more than {MOST_NODES:,} values", "split the file")

    def alias(self, event: yaml.AliasEvent) -> None:
        known = self.anchors.get(event.anchor or "")
        if known is None:
            remedy = "an anchor must stand, complete, before its alias"
            raise self.fail(event, f"the anchor '{event.anchor}' is not known here", remedy)
        self.count(event, known[1])
        self.add(event, known[0])

    def scalar(self, event: yaml.ScalarEvent) -> None:
        self.count(event, 1)
        self.check_tag(event)
        parent = self.stack[-1] if self.stack else None
        if parent is not None and isinstance(parent.value, dict) and parent.key is None:
            self.begin_key(event, parent, parent.value)
            return
        plain = event.implicit[0]
        value = scalar(event.value) if plain else event.value
        if event.tag and not event.tag.endswith(":str") and not plain:
            value = scalar(event.value)
        if event.anchor:
            self.anchors[event.anchor] = (value, 1)
        self.add(event, value)

    def begin_key(self, event: yaml.ScalarEvent, parent: _Open, mapping: dict[str, Any]) -> None:
        key: str = event.value
        path = (*parent.path, key)
        if key in mapping or (key == "<<" and parent.merged):
            before = self.keys.get(path, (0, 0))[0]
            remedy = f"the first is on line {before}; remove one"
            raise self.fail(event, f"the key '{key}' stands twice", remedy)
        parent.key = key
        self.keys[path] = _position(event)

    def open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        self.count(event, 1)
        self.check_tag(event)
        if len(self.stack) >= MOST_DEPTH:
            raise self.fail(event, f"nested deeper than {MOST_DEPTH}", "flatten it")
        path = self.path_of_next()
        value: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.add(event, value)
        self.stack.append(_Open(value, path, event.anchor, self.nodes))

    def close(self) -> None:
        done = self.stack.pop()
        if isinstance(done.value, dict):
            for source in done.merged:
                for key, value in source.items():
                    done.value.setdefault(key, value)
        if done.anchor:
            self.anchors[done.anchor] = (done.value, self.nodes - done.nodes_before + 1)

    def add(self, event: yaml.Event, value: Any) -> None:
        path = self.path_of_next()
        if not self.stack:
            self.root = value
            self.values[path] = _position(event)
            return
        parent = self.stack[-1]
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif parent.key is None:
            raise self.fail(event, "a key must be text", "write the key as a plain word")
        elif parent.key == "<<":
            self.merge(event, parent, value)
        else:
            parent.value[parent.key] = value
            parent.key = None
        self.values[path] = _position(event)

    def merge(self, event: yaml.Event, parent: _Open, value: Any) -> None:
        sources = value if isinstance(value, list) else [value]
        if not isinstance(event, yaml.AliasEvent) or not all(isinstance(s, dict) for s in sources):
            raise self.fail(event, "'<<' takes an alias of a mapping", "write <<: *name")
        parent.merged.extend(sources)
        parent.key = None

    def path_of_next(self) -> Path:
        if not self.stack:
            return ()
        parent = self.stack[-1]
        if isinstance(parent.value, list):
            return (*parent.path, len(parent.value))
        return parent.path if parent.key is None else (*parent.path, parent.key)

    def check_tag(self, event: Any) -> None:
        if event.tag and event.tag != "!" and event.tag not in _TAGS:
            raise self.fail(event, f"the tag '{event.tag}' is not allowed", "leave the tag out")


def _position(event: yaml.Event) -> Position:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)
