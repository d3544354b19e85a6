"""Pieces of SQL that carry their parameters and their type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from windtunnel.simulator.odata.schema import EnumType


class Late:
    """A parameter whose value is known only when the query runs."""

    __slots__ = ()

    def at(self, now: float, user: str) -> Any:
        """The value for a run at `now`, asked for by `user` (an id, `` where none matters)."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Now(Late):
    """A parameter that is the present moment when the query runs, moved by `shift_seconds`."""

    shift_seconds: float = 0.0

    def at(self, now: float, user: str = "") -> str:
        """The stored form of the moment."""
        del user
        return datetime.fromtimestamp(now + self.shift_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Piece:
    """Text with one `?` for each parameter, in order. `is_condition`: it stands alone in WHERE."""

    text: str
    parameters: tuple[Any, ...]
    edm: str
    is_condition: bool = False
    enum: EnumType | None = None

    @property
    def constant(self) -> str | None:
        """The text that it is, if it is one parameter with text."""
        value = self.parameters[0] if self.text == "?" else None
        return value if isinstance(value, str) else None

    def bound(self, now: float, user: str = "") -> tuple[Any, ...]:
        """The parameters for a run at `now`."""
        return bind(self.parameters, now, user)


def bind(parameters: tuple[Any, ...], now: float, user: str = "") -> tuple[Any, ...]:
    """Put the present moment and the caller where a parameter asks for them."""
    for value in parameters:
        if isinstance(value, Late):
            return tuple([v.at(now, user) if isinstance(v, Late) else v for v in parameters])
    return parameters


def combine(template: str, parts: Sequence[Piece], edm: str, *, condition: bool = False) -> Piece:
    """Fill `{}` places with pieces; parameters follow in the same order."""
    text = template.format(*[part.text for part in parts])
    parameters = tuple([value for part in parts for value in part.parameters])
    return Piece(text, parameters, edm, condition)


def without_case(*sides: Piece) -> tuple[Piece, ...]:
    """Sides of a comparison of texts, which is to leave case out.

    SQLite's NOCASE and LIKE know the case of ASCII letters only, and are fast. Where a text with
    other letters is looked for, both sides are folded by the store's function `folded`.
    """
    if not any(side.constant is not None and not side.constant.isascii() for side in sides):
        return sides
    return tuple([_folded(side) for side in sides])


def _folded(side: Piece) -> Piece:
    text = side.constant
    if text is not None:
        return Piece("?", (text.casefold(),), side.edm)
    return Piece(f"folded({side.text})", side.parameters, side.edm)


def quoted(name: str) -> str:
    """An SQL identifier in quotes."""
    return '"' + name.replace('"', '""') + '"'
