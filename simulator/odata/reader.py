"""A position in the tokens of an option, and what every grammar rule needs to move it."""

from __future__ import annotations

from windtunnel.simulator.odata.dialect import Dialect
from windtunnel.simulator.odata.errors import ODataError
from windtunnel.simulator.odata.functions import BINDING
from windtunnel.simulator.odata.tokens import Token, bad_character, tokens

MOST_SEARCHES = 20
"""In one option: the text behind each is read anew."""


class Reader:
    """Moves over the tokens of `text`; refuses what the grammar does not expect there.

    `encoded` are the positions of `;` and `#` that a URL had percent-encoded: part of a word.
    """

    def __init__(self, text: str, dialect: Dialect, encoded: frozenset[int] = frozenset()) -> None:
        self.text, self.dialect, self.encoded = text, dialect, encoded
        self.folds = dialect.option_names_fold
        self.tokens = tokens(text)
        self.index = 0
        self.depth = 0
        self.in_json = 0
        self.resumed = 0
        self.variables: list[str] = []

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.index]

    def is_punct(self, text: str) -> bool:
        """Whether the next token is this punctuation, which no token of another kind reads as."""
        return self.tokens[self.index].text == text

    def accept(self, text: str) -> bool:
        """Move over punctuation if it is next."""
        if self.tokens[self.index].text == text:
            self.index += 1
            return True
        return False

    def expect(self, text: str) -> Token:
        """Move over punctuation that must be next."""
        token = self.tokens[self.index]
        if token.text != text:
            raise self.error(f"'{text}' expected")
        self.index += 1
        return token

    def word(self, *words: str) -> str:
        """Move over one of these keywords if it is next and stands alone; else ``."""
        token = self.tokens[self.index]
        if token.kind == "name":
            text = token.text.lower() if self.folds else token.text
            if text in words:
                self.index += 1
                return text
        return ""

    def name(self, what: str = "identifier") -> Token:
        """Move over a name that must be next."""
        token = self.tokens[self.index]
        if token.kind != "name" or token.text.endswith(".*"):
            raise self.error(f"{what} expected")
        self.index += 1
        return token

    def identifier(self, what: str) -> Token:
        """Move over a name without a namespace that must be next."""
        if "." in self.token.text:
            raise self.error(f"{what} expected")
        return self.name(what)

    def stands_apart(self, token: Token) -> bool:
        """Whether the next token may be an operator: a blank, or where it is loose `)`, before."""
        if token.spaced:
            return True
        return self.dialect.loose and self.index > 0 and self.tokens[self.index - 1].text == ")"

    def folded(self, name: str) -> str:
        """A name to compare with keywords, in lower case where the dialect ignores case."""
        return name.lower() if self.folds else name

    def operator(self, token: Token) -> str:
        """The binary operator that a token is, or ``."""
        text = token.text
        if text in BINDING:
            return text
        if self.folds and token.kind == "name" and (text := text.lower()) in BINDING:
            return text
        return ""

    def error(self, reason: str = "") -> ODataError:
        """Syntax error at the next token, in Microsoft.OData's form."""
        token = self.token
        if token.kind == "bad":
            return bad_character(self.text, token.start)
        detail = f": {reason}" if reason else ""
        if token.kind == "end":
            text = f"Expression expected at position {token.start} in '{self.text}'."
            if reason and reason != "expression expected":
                text = f"Syntax error{detail} at position {token.start} in '{self.text}'."
        else:
            text = f"Syntax error{detail} at position {token.start} in '{self.text}'."
        return ODataError(text, token.start)

    def resume(self, position: int) -> None:
        """Read on at a position that a grammar without tokens has come to."""
        self.resumed += 1
        if self.resumed > MOST_SEARCHES:
            raise ODataError(f"The query has more than {MOST_SEARCHES} searches.", position)
        self.tokens[self.index :] = tokens(self.text, position)

    def finish(self) -> None:
        """Raise unless everything was read."""
        if self.token.kind != "end":
            raise self.error()
        if not self.dialect.outer_blanks:
            if self.token.spaced:
                end = len(self.text.rstrip())
                raise ODataError(
                    f"Syntax error: unexpected blank at position {end} in '{self.text}'.", end
                )
            if self.tokens[0].spaced:
                raise ODataError(
                    f"Syntax error: unexpected blank at position 0 in '{self.text}'.", 0
                )

    def deeper(self) -> None:
        """Count a level of nesting; too many are refused before Python's stack is."""
        self.depth += 1
        if self.depth > self.dialect.depth:
            raise self.too_deep()

    def too_deep(self) -> ODataError:
        """The error for more nesting than the dialect takes."""
        return ODataError(
            "The query is nested too deeply: the recursion limit of "
            f"{self.dialect.depth} is exceeded.",
            self.token.start,
        )
