"""Text of an OData expression to tokens. Percent-decoding has happened before."""

from __future__ import annotations

import re
from typing import NamedTuple

from windtunnel.simulator.odata.errors import ODataError

LONGEST_TEXT = 65_536
"""Characters of one option; real services stop at a URL of 32,768 or 65,536."""


class Token(NamedTuple):
    """One token: its kind, its text, where it starts and ends, and whether a blank is before it."""

    kind: str
    text: str
    start: int
    end: int
    spaced: bool


_BLANKS = r"[ \t\r\n]*+"
_YEAR_TO_DAY = r"-?[0-9]{4,6}-[0-9]{2}-[0-9]{2}"
_HOUR_TO_FRACTION = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,12})?)?"
_WORD = r"[^\W\d]\w*+"
# Every quantifier that could give back what it took is possessive: time is linear in the text.
_PATTERN = re.compile(
    rf"{_BLANKS}(?:"
    r"(?P<guid>[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12})(?!\w)"
    rf"|(?P<name>{_WORD}(?:\.{_WORD})*+(?:\.\*)?+)(?P<prefixed>'[^']*+(?:''[^']*+)*+')?+"
    r"|(?P<punct>[(),/:;=*\[\]{}+])"
    r"|(?P<string>'[^']*+(?:''[^']*+)*+')(?!\w)"
    r"|(?=[-0-9])(?:"
    rf"(?P<moment>{_YEAR_TO_DAY}[Tt]{_HOUR_TO_FRACTION}(?:[Zz]|[-+ ][0-9]{{2}}:[0-9]{{2}}))(?!\w)"
    rf"|(?P<date>{_YEAR_TO_DAY})(?!\w)"
    rf"|(?P<time>{_HOUR_TO_FRACTION})(?!\w)"
    r"|(?P<number>[0-9]++(?:\.[0-9]++)?+(?:[eE][-+ ]?[0-9]++)?+(?:[mMfFdDlL](?!\w))?+)(?![\w.])"
    r"|(?P<minus>-))"
    rf"|(?P<alias>@{_WORD}(?:\.{_WORD})*+(?:\#{_WORD})?+)"
    r"|(?P<system>\$[A-Za-z]\w*+)"
    r"|(?P<phrase>\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\")"
    r"|(?P<end>\Z)"
    r"|(?P<bad>.))",
    re.DOTALL,
)
_GROUPS = {number: name for name, number in _PATTERN.groupindex.items()}
_PREFIXED, _MINUS = _PATTERN.groupindex["prefixed"], _PATTERN.groupindex["minus"]
_NAME, _END, _BAD = (_PATTERN.groupindex[name] for name in ("name", "end", "bad"))


def tokens(text: str, after: int = 0) -> list[Token]:
    """The tokens behind a position, one of kind `end` last.

    One of kind `bad` is last instead where no token begins: in `$search` that is a word perhaps.
    Raises ODataError for a text that is too long.
    """
    if len(text) > LONGEST_TEXT:
        raise ODataError(f"The query is longer than {LONGEST_TEXT} characters.", LONGEST_TEXT)
    found: list[Token] = []
    add, make = found.append, tuple.__new__
    for match in _PATTERN.finditer(text, after):  # pragma: no branch - the end always matches
        group = match.lastindex or _BAD
        start, end = match.span(group)
        kind = _GROUPS[group]
        if group == _PREFIXED:
            start = match.start(_NAME)
        elif group == _MINUS:
            kind = "punct"
        add(make(Token, (kind, text[start:end], start, end, start != after)))
        if group >= _END:
            break
        after = end
    return found


def bad_character(text: str, position: int) -> ODataError:
    """The error where no token begins."""
    if text[position] in "'\"":
        return ODataError(
            f"There is an unterminated literal at position {len(text)} in '{text}'.", position
        )
    if text[position].isdigit():
        return ODataError(
            f"Syntax error: invalid digit at position {position} in '{text}'.", position
        )
    return ODataError(
        f"Syntax error: character '{text[position]}' is not valid at position {position} "
        f"in '{text}'.",
        position,
    )
