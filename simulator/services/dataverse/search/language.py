"""The two query languages of search, simple and full (Lucene), read into one tree.

Source: "Dataverse search query"; "Simple query syntax" and "Lucene query syntax in Azure AI
Search" for what it leaves open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Words:
    """One word or several in a row, `slop` words apart at most; the last one may be a prefix."""

    words: tuple[str, ...]
    prefix: bool = False
    slop: int = 0


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Words that so many edits turn into this one."""

    word: str
    edits: int


@dataclass(frozen=True, slots=True)
class Regex:
    """Words that fit a pattern; `wildcards` tells that it is one of `*` and `?`."""

    pattern: str
    wildcards: bool = False


@dataclass(frozen=True, slots=True)
class Boost:
    """What matches counts so many times."""

    part: Node
    factor: float


@dataclass(frozen=True, slots=True)
class Both:
    """All parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Not this."""

    part: Node


@dataclass(frozen=True, slots=True)
class Everything:
    """`*`."""


Node: TypeAlias = Words | Fuzzy | Regex | Boost | Both | Either | Without | Everything


class BadSearch(ValueError):
    """A search text that cannot be read."""


_WORD = re.compile(r"\w+", re.UNICODE)
_SIMPLE = re.compile(
    r'\s*(?:(?P<phrase>"(?:[^"\\]|\\.)*"?)|(?P<sign>[()|+\-])|(?P<text>(?:\\.|[^\s"()|+\\])+))'
)
"""A `-` inside a word is part of it: the sign is tried at the beginning of a token only."""
_FULL = re.compile(
    r'\s*(?:(?P<phrase>"(?:[^"\\]|\\.)*"(?:~\d{1,3})?)|(?P<regex>/(?:[^/\\]|\\.)+/)'
    r"|(?P<sign>&&|\|\||[()+!\-\u2013])|(?P<boost>\^\d{1,4}(?:\.\d{1,4})?)"
    r"|(?P<text>(?:\\.|[^\s\"()^\\/])+))"
)
_SIGNS = {"AND": "+", "&&": "+", "OR": "|", "||": "|", "NOT": "-", "!": "-", "\u2013": "-"}
_DEEPEST = 40


def read(text: str, *, full: bool, match_all: bool) -> Node:
    """The tree of a search text. Raises BadSearch."""
    reader = _Reader(text, full, match_all)
    node = reader.choice(0)
    if reader.place < len(reader.tokens):
        raise BadSearch(f"Unexpected '{reader.tokens[reader.place][1]}' in the search text.")
    return node


class _Reader:
    def __init__(self, text: str, full: bool, match_all: bool) -> None:
        self.full, self.match_all = full, match_all
        self.tokens = list(self._split(text, _FULL if full else _SIMPLE))
        self.place = 0

    def _split(self, text: str, pattern: re.Pattern[str]) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        at = 0
        text = text.rstrip()
        while at < len(text):
            token = pattern.match(text, at)
            if token is None or token.lastgroup is None:
                raise BadSearch(f"Failed to parse the search text at position {at}.")
            kind, shown = token.lastgroup, token[token.lastgroup]
            if self.full and shown in _SIGNS:
                kind, shown = "sign", _SIGNS[shown]
            found.append((kind, shown))
            at = token.end()
        return found

    def _peek(self, sign: str) -> bool:
        return self.place < len(self.tokens) and self.tokens[self.place] == ("sign", sign)

    def _take(self, sign: str) -> bool:
        if self._peek(sign):
            self.place += 1
            return True
        return False

    def choice(self, depth: int) -> Node:
        """Rows with OR between them."""
        if depth > _DEEPEST:
            raise BadSearch("The search text is nested too deeply.")
        parts = [self._row(depth)]
        while self._take("|"):
            parts.append(self._row(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _row(self, depth: int) -> Node:
        """Clauses side by side: some must match, some must not, the others as the mode says."""
        must: list[Node] = []
        may: list[Node] = []
        never: list[Node] = []
        joined = False
        while self.place < len(self.tokens) and not self._peek("|") and not self._peek(")"):
            is_and = self._take("+")
            negated = self._take("-")
            clause = self._clause(depth)
            if is_and and not joined and may and not negated:
                must.append(may.pop())
            if negated:
                never.append(clause)
            else:
                (must if is_and else may).append(clause)
            joined = is_and
        return self._combined(must, may, never)

    def _combined(self, must: list[Node], may: list[Node], never: list[Node]) -> Node:
        refused: list[Node] = [Without(part) for part in never]
        if self.match_all or not may:
            parts = [*must, *may]
            if refused and not self.match_all and not self.full and not must:
                return _one(Either, [*parts, *refused])
            return _one(Both, [*parts, *refused])
        if self.full:
            chosen = must or [_one(Either, may)]
            return _one(Both, [*chosen, *refused])
        if must:
            return _one(Both, [_one(Either, [_one(Both, must), *may]), *refused])
        return _one(Either, [*may, *refused])

    def _clause(self, depth: int) -> Node:
        if self.place >= len(self.tokens):
            raise BadSearch("The search text ends where a term is expected.")
        kind, text = self.tokens[self.place]
        self.place += 1
        if kind == "sign" and text == "(":
            node = self.choice(depth + 1)
            if not self._take(")"):
                raise BadSearch("A parenthesis is not closed in the search text.")
        elif kind in {"sign", "boost"}:
            raise BadSearch(f"Unexpected '{text}' in the search text.")
        elif kind == "regex":
            node = Regex(text[1:-1].lower())
        elif kind == "phrase":
            near = re.search(r'"~(\d+)\Z', text) if self.full else None
            inner = text[: near.start()] if near else text
            node = _words(_plain(inner.strip('"')), slop=int(near[1]) if near else 0)
        else:
            node = self._term(text)
        if self.place < len(self.tokens) and self.tokens[self.place][0] == "boost":
            node = Boost(node, float(self.tokens[self.place][1][1:]))
            self.place += 1
        return node

    def _term(self, text: str) -> Node:
        if text == "*":
            return Everything()
        fuzzy = re.fullmatch(r"(.+?)~([0-2]?)", text) if self.full else None
        if fuzzy is not None:
            return Fuzzy(_plain(fuzzy[1]).lower(), int(fuzzy[2] or 2))
        if self.full and re.search(r"(?<!\\)[*?](?=.)|(?<!\\)\?", text):
            return Regex(text.lower(), wildcards=True)
        if text.endswith("*") and not text.endswith("\\*"):
            return _words(_plain(text[:-1]), prefix=True)
        return _words(_plain(text))


def _one(kind: type[Both | Either], parts: list[Node]) -> Node:
    if not parts:
        return Either(())
    return parts[0] if len(parts) == 1 else kind(tuple(parts))


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _words(text: str, *, prefix: bool = False, slop: int = 0) -> Node:
    words = tuple(_WORD.findall(text.lower()))
    return Words(words, prefix, slop) if words else Either(())
