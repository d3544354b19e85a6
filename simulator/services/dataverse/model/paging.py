"""Pages by key: the cookie tells the last row of a page, the next page begins behind it.

A page costs the same however far it is, because each range below is one seek of an index.
Source: "Page results" (FetchXML and Web API) for the form of the cookie.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, unquote_plus
from xml.parsers import expat
from xml.sax.saxutils import escape, unescape

from windtunnel.simulator.services.dataverse import query_errors

LONGEST_COOKIE = 65_536
LONGEST_INNER = 4_000
"""Beyond this a cookie would not fit in an address: it then has a page number alone."""

_ENTITIES = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_NUMBERS = frozenset({"Edm.Int32", "Edm.Int64", "Edm.Boolean"})
_FRACTIONS = frozenset({"Edm.Decimal", "Edm.Double"})


@dataclass(frozen=True, slots=True)
class Key:
    """A term of ORDER BY: its SQL, and where its value is in a row that was read."""

    name: str
    text: str
    parameters: tuple[Any, ...]
    edm: str
    descending: bool
    nullable: bool
    place: int

    @property
    def order(self) -> str:
        """The term as it stands in ORDER BY."""
        return f"{self.text} DESC" if self.descending else self.text


@dataclass(frozen=True, slots=True)
class Cookie:
    """A page that was read: its number, and the values of its last row by element name."""

    page: int
    last: tuple[tuple[str, str | None], ...]
    text: str = ""


def ranges(keys: Sequence[Key], values: Sequence[Any]) -> list[tuple[str, tuple[Any, ...]]]:
    """Conditions, in order, which together give the rows behind the row with these values.

    SQLite sorts what is null first, as SQL Server does.
    """
    found: list[tuple[str, tuple[Any, ...]]] = []
    for depth in range(len(keys) - 1, -1, -1):
        terms: list[str] = []
        parameters: list[Any] = []
        for key, value in zip(keys[:depth], values[:depth], strict=True):
            terms.append(f"{key.text} IS NULL" if value is None else f"{key.text} = ?")
            parameters += key.parameters if value is None else (*key.parameters, value)
        key, value = keys[depth], values[depth]
        for bound, more in _behind(key, value):
            found.append((" AND ".join([*terms, bound]), (*parameters, *key.parameters, *more)))
    return found


def _behind(key: Key, value: Any) -> list[tuple[str, tuple[Any, ...]]]:
    if not key.descending:
        return (
            [(f"{key.text} IS NOT NULL", ())] if value is None else [(f"{key.text} > ?", (value,))]
        )
    if value is None:
        return []
    last = [(f"{key.text} IS NULL", ())] if key.nullable else []
    return [(f"{key.text} < ?", (value,)), *last]


def seek(
    keys: Sequence[Key],
    values: Sequence[Any],
    limit: int,
    read: Callable[[str, tuple[Any, ...], int], list[Sequence[Any]]],
) -> list[Sequence[Any]]:
    """Rows behind a row, at most `limit`. `read` takes a condition, its values and a limit."""
    rows: list[Sequence[Any]] = []
    for condition, parameters in ranges(keys, values):
        if len(rows) >= limit:
            break
        rows += read(condition, parameters, limit - len(rows))
    return rows


# -- cookies ----------------------------------------------------------------------------------


def inner_cookie(page: int, keys: Sequence[Key], first: Sequence[Any], last: Sequence[Any]) -> str:
    """`<cookie page="1"><accountid last="{…}" first="{…}" /></cookie>`; empty if too long."""
    parts = [
        f"<{key.name}{_side('last', key, last)}{_side('first', key, first)} />" for key in keys
    ]
    inner = f'<cookie page="{page}">{"".join(parts)}</cookie>'
    return inner if len(inner) <= LONGEST_INNER else ""


def _side(name: str, key: Key, row: Sequence[Any]) -> str:
    value = row[key.place]
    if value is None:
        return f' {name}null="1"'
    shown = f"{{{value.upper()}}}" if key.edm == "Edm.Guid" else str(value)
    return f' {name}="{escape(shown, _ENTITIES)}"'


def outer_cookie(page: int, inner: str, *, times: int) -> str:
    """The cookie that leads to `page`; the inner one is percent-encoded as often as said."""
    for _ in range(times):
        inner = re.sub(
            r"%[0-9A-F]{2}", lambda match: match[0].lower(), quote(inner, safe="-_.!~*()")
        )
    return f'<cookie pagenumber="{page}" pagingcookie="{escape(inner)}" istracking="False" />'


def skip_token(page: int, inner: str) -> str:
    """The value of `$skiptoken`."""
    return quote(outer_cookie(page, inner, times=1), safe="=/")


_TOKEN = re.compile(r"(?:\$|%24)skiptoken=(.*)", re.DOTALL)


def split_token(raw_query: str) -> tuple[str, str]:
    """The value of `$skiptoken`, and the query without it, which is that of the first page."""
    token, kept = "", []
    for part in raw_query.split("&"):
        found = _TOKEN.match(part)
        if found is None:
            kept.append(part)
        else:
            token = unquote_plus(found[1])
    return token, "&".join(kept)


_NUMBER = re.compile(r'pagenumber="(\d{1,9})"')
_INNER = re.compile(r'pagingcookie="([^"]*)"')


def read_skip_token(token: str) -> tuple[int, Cookie | None]:
    """The page that a `$skiptoken` asks for, and the cookie in it. Raises BadCookie."""
    text = token if token.lstrip().startswith("<") else unquote(token)
    found = _NUMBER.search(text)
    if found is None or len(token) > LONGEST_COOKIE:
        raise query_errors.BadCookie
    inner = _INNER.search(text)
    return int(found[1]), read_cookie(unescape(inner[1])) if inner and inner[1] else None


def read_cookie(text: str) -> Cookie:
    """An inner cookie, percent-encoded or not. Raises BadCookie."""
    if len(text) > LONGEST_COOKIE:
        raise query_errors.BadCookie
    for _ in range(2):
        if not text.lstrip().startswith("<"):
            text = unquote(text)
    elements: list[tuple[int, str, dict[str, str]]] = []
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        elements.append((depth, name, attributes))
        depth += 1

    def end(name: str) -> None:
        nonlocal depth
        del name
        depth -= 1

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError):
        raise query_errors.BadCookie from None
    page = elements[0][2].get("page", "")
    if not page.isascii() or not page.isdigit() or len(page) > 9:
        raise query_errors.BadCookie
    last = tuple([(name, _last(found)) for level, name, found in elements if level == 1])
    return Cookie(int(page), last, text)


def _refuse(*_: object) -> None:
    raise query_errors.BadCookie


def _last(attributes: dict[str, str]) -> str | None:
    if "last" in attributes:
        return attributes["last"]
    if "lastnull" in attributes:
        return None
    raise query_errors.BadCookie


def values_of(keys: Sequence[Key], cookie: Cookie) -> list[Any]:
    """The values of the last row as the store keeps them. Raises when the order is another."""
    if [name for name, _ in cookie.last] != [key.name for key in keys]:
        raise query_errors.CookieOrderDiffers
    return [_value(key, text) for key, (_, text) in zip(keys, cookie.last, strict=True)]


def _value(key: Key, text: str | None) -> Any:
    if text is None:
        return None
    try:
        if key.edm in _NUMBERS:
            return int(text)
        if key.edm in _FRACTIONS:
            return float(text)
    except ValueError:
        raise query_errors.BadCookie from None
    return text.strip("{}").lower() if key.edm == "Edm.Guid" else text
