"""Words that a fuzzy term or a pattern stands for; in polynomial time, whatever is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class _Any:
    """One character out of `members`, or outside them; every one where there are none."""

    members: frozenset[str] | None = None
    outside: bool = False

    def takes(self, character: str) -> bool:
        return self.members is None or ((character in self.members) is not self.outside)


@dataclass(frozen=True, slots=True)
class _Row:
    parts: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    parts: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Repeat:
    part: _Node
    least: int
    endless: bool


_Node: TypeAlias = _Any | _Row | _Choice | _Repeat


class BadPattern(ValueError):
    """A pattern that cannot be read."""


class Pattern:
    """A regular expression over whole words: `. [] () | * + ?` and escapes."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._tree = self._choice()
        if self._at < len(text):
            raise BadPattern(text)

    @classmethod
    def of_wildcards(cls, text: str) -> Pattern:
        """`*` stands for any text, `?` for one character."""
        made = [{"*": ".*", "?": "."}.get(c, c if c.isalnum() else f"\\{c}") for c in text]
        return cls("".join(made))

    def matches(self, word: str) -> bool:
        """Whether the whole word fits."""
        return len(word) in _ends(self._tree, word, {0})

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _choice(self) -> _Node:
        parts = [self._row()]
        while self._peek() == "|":
            self._at += 1
            parts.append(self._row())
        return parts[0] if len(parts) == 1 else _Choice(tuple(parts))

    def _row(self) -> _Node:
        parts: list[_Node] = []
        while self._peek() not in {"", "|", ")"}:
            node = self._one()
            while self._peek() in {"*", "+", "?"} and self._peek():
                sign = self._peek()
                self._at += 1
                node = _Repeat(node, int(sign == "+"), sign != "?")
            parts.append(node)
        return _Row(tuple(parts))

    def _one(self) -> _Node:
        sign = self._peek()
        self._at += 1
        if sign == ".":
            return _Any()
        if sign == "(":
            node = self._choice()
            if self._peek() != ")":
                raise BadPattern(self._text)
            self._at += 1
            return node
        if sign == "[":
            return self._class()
        if sign in "*+?])":
            raise BadPattern(self._text)
        if sign == "\\":
            sign = self._peek()
            self._at += 1
            if not sign:
                raise BadPattern(self._text)
        return _Any(frozenset(sign))

    def _class(self) -> _Node:
        outside = self._peek() == "^"
        self._at += int(outside)
        end = self._text.find("]", self._at)
        if end < 0:
            raise BadPattern(self._text)
        inner, self._at = self._text[self._at : end], end + 1
        members: set[str] = set()
        place = 0
        while place < len(inner):
            if inner[place + 1 : place + 2] == "-" and place + 2 < len(inner):
                members.update(map(chr, range(ord(inner[place]), ord(inner[place + 2]) + 1)))
                place += 3
            else:
                members.add(inner[place])
                place += 1
        return _Any(frozenset(members), outside)


def _ends(node: _Node, word: str, starts: set[int]) -> set[int]:
    """Where a match can end that begins at one of `starts`."""
    match node:
        case _Any():
            return {at + 1 for at in starts if at < len(word) and node.takes(word[at])}
        case _Row():
            for part in node.parts:
                starts = _ends(part, word, starts)
            return starts
        case _Choice():
            return {end for part in node.parts for end in _ends(part, word, starts)}
        case _Repeat():
            found = set() if node.least else set(starts)
            fresh = _ends(node.part, word, starts)
            while fresh - found:
                found |= fresh
                fresh = _ends(node.part, word, fresh) if node.endless else set()
            return found


def is_near(word: str, wanted: str, edits: int) -> bool:
    """Whether at most so many edits (insert, delete, replace, swap) turn one into the other."""
    if abs(len(word) - len(wanted)) > edits:
        return False
    older: list[int] = []
    last = list(range(len(wanted) + 1))
    for row, left in enumerate(word, 1):
        line = [row]
        for column, right in enumerate(wanted, 1):
            cost = min(line[-1] + 1, last[column] + 1, last[column - 1] + (left != right))
            if row > 1 and column > 1 and left == wanted[column - 2] and word[row - 2] == right:
                cost = min(cost, older[column - 2] + 1)
            line.append(cost)
        if min(line) > edits:
            return False
        older, last = last, line
    return last[-1] <= edits
