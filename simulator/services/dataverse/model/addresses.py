"""Postal addresses as the service writes them. Source: "FormatAddress Function" and its sample."""

from __future__ import annotations

from collections.abc import Iterable

_BIGGEST_FIRST = frozenset({"japan", "jp"})
"""Countries whose addresses begin with the postal code; others are written as in the USA."""


PARTS = ("line1", "line2", "line3", "city", "stateorprovince", "postalcode", "country")
"""Columns of an address behind its prefix, as they are written one behind the other."""


def composite_of(column: str) -> str:
    """`address1_city` is part of `address1_composite`; `` for what is no part of an address."""
    prefix, mark, part = column.rpartition("_")
    return f"{prefix}_composite" if mark and part in PARTS else ""


def composed(
    lines: Iterable[str | None],
    city: str | None,
    state: str | None,
    code: str | None,
    country: str | None,
) -> str:
    """An address in the form of its country, line by line; parts that are empty are left out."""
    if (country or "").strip().lower() in _BIGGEST_FIRST:
        return "\r\n".join(part for part in (code, state, city, *lines, country) if part)
    region = " ".join(part for part in (state, code) if part)
    place = ", ".join(part for part in (city, region) if part)
    return "\r\n".join(part for part in (*lines, place, country) if part)
