"""The grammar of `$search`: words, phrases, AND, OR, NOT, parentheses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from windtunnel.simulator.odata.errors import ODataError
from windtunnel.simulator.odata.reader import Reader
from windtunnel.simulator.odata.tree import Search, SearchNot, SearchPair, Term

_LEXEME = re.compile(r"\s*(?:(\"(?:[^\"\\]|\\.)*\")|([^\s\"()]+)|([()]))")
_INCOMPLETE = re.compile(r"\s*'((?:[^']|'')++)'\s*")
"""A search that need not be well-formed, in quotes."""
_MARK = re.compile(r"\"(?:[^\"\\]|\\.)*+\"|([()]|(;)|#)", re.DOTALL)
_OPTION = re.compile(r"[ \t]*(?:\$[A-Za-z]+|@\w[\w.]*)[ \t]*=")
_DEEPEST = 50
_MOST_WORDS = 100


class _Words:
    def __init__(self, text: str, offset: int = 0) -> None:
        self.text, self.offset = text, offset
        self.position = 0
        self.depth = 0

    def peek(self) -> re.Match[str] | None:
        return _LEXEME.match(self.text, self.position)

    def error(self, reason: str) -> ODataError:
        at = self.offset + self.position
        return ODataError(f"Syntax error: {reason} at position {at} in '{self.text}'.", at)

    def touches(self, lexeme: re.Match[str]) -> bool:
        """Whether no blank is between what was read and this word, phrase or parenthesis."""
        start: int = lexeme.start(lexeme.lastindex or 0)
        return start == self.position > 0


def parse(text: str, offset: int = 0) -> Search:
    """The value of `$search`; `offset` is where it begins in the text that errors point into."""
    if incomplete := _INCOMPLETE.fullmatch(text):
        return Term(incomplete[1].replace("''", "'"), phrase=True)
    words = _Words(text, offset)
    tree = _either(words)
    if text[words.position :].strip():
        raise words.error("unexpected text")
    return tree


def parse_in_url(text: str, encoded: frozenset[int]) -> Search:
    """The value of `$search` from a URL, in which `;` and `#` are part of a word if `encoded`.

    Source: OASIS OData ABNF 4.01, `searchWord`.
    """
    if not _INCOMPLETE.fullmatch(text):
        for mark in _MARK.finditer(text):
            if mark[1] in {";", "#"} and mark.start() not in encoded:
                at = mark.start()
                raise ODataError(
                    f"Syntax error: character '{mark[1]}' is not valid at position {at}.", at
                )
    return parse(text)


def search_until(reader: Reader) -> Search:
    """`$search` nested in other options: reads up to `;` or the closing parenthesis."""
    start = reader.token.start
    end = _end(reader, start)
    tree = parse(reader.text[start:end], start)
    reader.resume(end)
    return tree


def _end(reader: Reader, start: int) -> int:
    """Where a nested search ends.

    A semicolon that was percent-encoded belongs to a word, unless another option follows: there
    are clients that encode the whole of `$expand`.
    """
    if incomplete := _INCOMPLETE.match(reader.text, start):
        return incomplete.end()
    level = 0
    for mark in _MARK.finditer(reader.text, start):
        if mark[2]:
            if mark.start() not in reader.encoded or _OPTION.match(reader.text, mark.end()):
                return mark.start()
        elif mark[1] == "(":
            level += 1
        elif mark[1] == ")":
            level -= 1
            if level < 0:
                return mark.start()
    return len(reader.text)


def _either(words: _Words) -> Search:
    words.depth += 1
    if words.depth > _DEEPEST:
        raise words.error("nested too deeply")
    left = _both(words)
    for _ in _few(words):  # pragma: no branch - it raises before it ends
        if not _keyword(words, "OR"):
            break
        left = SearchPair("OR", left, _both(words))
    words.depth -= 1
    return left


def _both(words: _Words) -> Search:
    left = _term(words)
    for _ in _few(words):  # pragma: no branch - it raises before it ends
        if _keyword(words, "AND"):
            left = SearchPair("AND", left, _term(words))
            continue
        lexeme = words.peek()
        if lexeme is None or lexeme[3] == ")":
            return left
        if words.touches(lexeme):
            raise words.error("a blank is expected")
        if lexeme[2] == "OR" and _continues(words, lexeme.end()):
            return left
        left = SearchPair("AND", left, _term(words))
    return left  # pragma: no cover - never here, for the same reason


def _few(words: _Words) -> Iterator[int]:
    """So many turns that no walk over the tree goes too deep; then the text is refused."""
    yield from range(_MOST_WORDS)
    raise words.error("too many words")


def _keyword(words: _Words, keyword: str) -> bool:
    """Move over an operator; a keyword with nothing to combine is a word."""
    lexeme = words.peek()
    if lexeme is None or lexeme[2] != keyword or not _continues(words, lexeme.end()):
        return False
    words.position = lexeme.end()
    return True


def _continues(words: _Words, position: int) -> bool:
    following = _LEXEME.match(words.text, position)
    return following is not None and following[3] != ")"


def _term(words: _Words) -> Search:
    lexeme = words.peek()
    if lexeme is None:
        raise words.error("a search word is expected")
    if lexeme[2] == "NOT" and _continues(words, lexeme.end()):
        words.position = lexeme.end()
        words.depth += 1
        if words.depth > _DEEPEST:
            raise words.error("nested too deeply")
        inner = _term(words)
        words.depth -= 1
        return SearchNot(inner)
    if lexeme[3] == ")":
        raise words.error("a search word is expected")
    words.position = lexeme.end()
    if lexeme[3] == "(":
        inner = _either(words)
        closing = words.peek()
        if closing is None or closing[3] != ")":
            raise words.error("')' expected")
        words.position = closing.end()
        return inner
    if lexeme[1]:
        phrase = re.sub(r"\\(.)", r"\1", lexeme[1][1:-1])
        if not phrase:
            raise words.error("a phrase is empty")
        return Term(phrase, phrase=True)
    word = lexeme[2]
    if word in {"AND", "OR", "NOT"}:
        return Term(word, phrase=True)
    if word.startswith("'"):
        words.position -= len(word)
        raise words.error("a search word is expected")
    return Term(word, phrase=";" in word)
