"""The grammar of `$search`: words, phrases, AND, OR, NOT, parentheses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from windtunnel.simulator.odata.errors import ODataError
from windtunnel.simulator.odata.expressions import Reader
from windtunnel.simulator.odata.tree import Search, SearchNot, SearchPair, Term

_LEXEME = re.compile(r"\s*(?:(\"(?:[^\"\\]|\\.)*\")|([^\s\"()]+)|([()]))")
_INCOMPLETE = re.compile(r"\s*'((?:[^']|'')+)'\s*")
"""A search that need not be well-formed, in quotes."""
_DEEPEST = 50
_MOST_WORDS = 100


class _Words:
    def __init__(self, text: str, offset: int, nested: bool) -> None:
        self.text, self.offset, self.nested = text, offset, nested
        self.position = 0
        self.depth = 0

    def peek(self) -> re.Match[str] | None:
        return _LEXEME.match(self.text, self.position)

    def error(self, reason: str) -> ODataError:
        at = self.offset + self.position
        return ODataError(f"Syntax error: {reason} at position {at} in '{self.text}'.", at)


def parse(text: str) -> Search:
    """The value of `$search`."""
    if incomplete := _INCOMPLETE.fullmatch(text):
        return Term(incomplete[1].replace("''", "'"), phrase=True)
    words = _Words(text, 0, nested=False)
    tree = _either(words)
    if text[words.position :].strip():
        raise words.error("unexpected text")
    return tree


def search_until(reader: Reader) -> Search:
    """`$search` nested in other options: reads up to `;` or the closing parenthesis."""
    start = reader.token.start
    if reader.token.kind == "string":
        reader.index += 1
        return parse(reader.tokens[reader.index - 1].text)
    level, index = 0, reader.index
    while True:
        token = reader.tokens[index]
        if token.kind == "end":
            break
        if token.kind == "punct":
            if token.text == ")" and level == 0:
                break
            if token.text == ";" and level == 0:
                break
            level += {"(": 1, ")": -1}.get(token.text, 0)
        index += 1
    end = reader.tokens[index].start
    words = _Words(reader.text[start:end], start, nested=True)
    tree = _either(words)
    if words.text[words.position :].strip():
        raise words.error("unexpected text")
    reader.index = index
    return tree


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
    if word.startswith("'") or (";" in word and words.nested):
        words.position -= len(word)
        raise words.error("a search word is expected")
    return Term(word)
