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


_WORD_END = r"(?![\w.])"
_PATTERN = re.compile(
    r"(?P<blank>[ \t\r\n]+)"
    r"|(?P<guid>[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12})(?!\w)"
    r"|(?P<moment>-?\d{4,6}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:Z|[-+ ]\d\d:\d\d))(?!\w)"
    r"|(?P<date>-?\d{4,6}-\d\d-\d\d)(?!\w)"
    r"|(?P<time>\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?)(?!\w)"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?:[mMfFdDlL](?!\w))?)(?![\w.])"
    r"|(?P<prefixed>[^\W\d]\w*(?:\.[^\W\d]\w*)*'(?:[^']|'')*')"
    r"|(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*(?:\.\*)?)"
    r"|(?P<string>'(?:[^']|'')*')(?!\w)"
    r"|(?P<alias>@[^\W\d]\w*(?:\.[^\W\d]\w*)*(?:#[^\W\d]\w*)?)"
    r"|(?P<system>\$[A-Za-z]\w*)"
    r"|(?P<phrase>\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<punct>[(),/:;=*\[\]{}+-])"
)
_match = _PATTERN.match


def tokens(text: str) -> list[Token]:
    """All tokens, with one of kind `end` last. Raises ODataError at the first bad character."""
    if len(text) > LONGEST_TEXT:
        raise ODataError(f"The query is longer than {LONGEST_TEXT} characters.", LONGEST_TEXT)
    found: list[Token] = []
    add = found.append
    position, spaced, length = 0, False, len(text)
    while position < length:
        match = _match(text, position)
        if match is None:
            raise _bad_character(text, position)
        kind, end = match.lastgroup, match.end()
        if kind == "blank":
            spaced = True
        else:
            add(Token(kind or "", match[0], position, end, spaced))
            spaced = False
        position = end
    add(Token("end", "", length, length, spaced))
    return found


def _bad_character(text: str, position: int) -> ODataError:
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
