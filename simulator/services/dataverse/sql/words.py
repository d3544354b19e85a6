"""SQL text to words with positions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from windtunnel.simulator.services.dataverse import errors

LONGEST = 32_768
_WORD = re.compile(
    r"(?P<blank>\s+|--[^\n]*|/\*.*?\*/)"
    r"|(?P<text>[Nn]?'(?:[^']|'')*')"
    r"|(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)"
    r'|(?P<quoted>\[[^\]]+\]|"[^"]+")'
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign><>|!=|<=|>=|[=<>(),.*;+\-/%])",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word: its kind (text, number, quoted, name, sign, end), its value, where it begins."""

    kind: str
    value: str
    position: int

    @property
    def upper(self) -> str:
        """A keyword or sign in capitals; empty for text and names in quotes."""
        return self.value.upper() if self.kind in {"name", "sign"} else ""


def refused(problem: str, position: int = -1) -> errors.QueryError:
    """The service's error for a query that it does not take."""
    where = f" (at position {position})" if position >= 0 else ""
    return errors.QueryError(problem=f"The SQL query is not supported: {problem}{where}.")


def words(text: str) -> list[Word]:
    """All words and an end. Raises QueryError."""
    if len(text) > LONGEST:
        raise refused("it is too long")
    found: list[Word] = []
    at = 0
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            raise refused(f"'{text[at]}' is not expected", at)
        kind = str(match.lastgroup)
        if kind != "blank":
            found.append(Word(kind, _value(kind, match[0]), at))
        at = match.end()
    found.append(Word("end", "", len(text)))
    return found


def _value(kind: str, text: str) -> str:
    if kind == "text":
        return text[text.index("'") + 1 : -1].replace("''", "'")
    return text[1:-1] if kind == "quoted" else text
