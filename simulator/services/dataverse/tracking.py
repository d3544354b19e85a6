"""Change tracking: all rows with a delta link, then what was written since.

The change log is the source. Source: "Use change tracking to synchronize data with external
systems".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.odata.tree import Query
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.selections import selection
from windtunnel.simulator.services.dataverse.model.tables import (
    ETAG_SQL,
    DataverseTable,
    encode_rows,
    id_in,
)
from windtunnel.simulator.services.dataverse.replies import base_of, page_size, preference

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers

_MOMENT = "%m/%d/%Y %H:%M:%S"
_TOKEN = re.compile(r"(\d{1,18})!(\d\d/\d\d/\d{4} \d\d:\d\d:\d\d)")
_PLACE = re.compile(
    r'<cookie page="(\d{1,9})"><(key|changed|deleted) last="([^"]*)" until="(\d{1,18})" />'
)
_REFUSED = ("filter", "orderby", "expand", "top", "apply", "skip", "search")
_WINDOW = (
    "(SELECT record, max(seq) AS seq FROM change_log WHERE entity=? AND seq>? AND seq<=? "
    "GROUP BY record)"
)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins: behind `last` of a phase; all pages tell of writes up to `until`."""

    page: int
    phase: str
    last: str
    until: int


def is_asked(exchange: Exchange, query: Query) -> bool:
    """Whether a request for a set is one of change tracking."""
    return bool(query.deltatoken) or "odata.track-changes" in exchange.request.header("prefer")


def answer(there: Handlers, exchange: Exchange, served: DataverseTable, query: Query) -> Response:
    """One page: of all rows without a delta token, else of what changed since the token."""
    _check(there, served, query)
    since = _since(there, query.deltatoken) if query.deltatoken else None
    size = min(page_size(exchange) or served.largest_page, served.largest_page)
    wanted = preference(exchange, "odata.include-annotations")
    names, context = selection(there.tables, served, query.select)
    place = _read_place(query.skiptoken) if query.skiptoken else None
    if place is None:
        place = _Place(1, "key" if since is None else "changed", "", there.changes.last)
    reader = _Reader(there, served, names, base_of(exchange))
    if since is None:
        rows, following = reader.all_rows(place, size)
    else:
        rows, following = reader.changes(place, since, size)
    if wanted:
        there.reads.annotations.apply(served, [r for r in rows if "reason" not in r], wanted)
    exchange.operation = "track_changes"
    exchange.cost_seconds += there.guard.cost("track_changes", len(rows))
    delta = "" if since is None else "/$delta"
    root: dict[str, Any] = {"@odata.context": f"{base_of(exchange)}$metadata#{context}{delta}"}
    if query.count:
        root["@odata.count"] = reader.count(since, place.until)
    address = f"{base_of(exchange)}{served.entity_set}?{_kept(exchange.request.query, following)}"
    if following is not None:
        root["@odata.nextLink"] = f"{address}$skiptoken={_write_place(following)}"
    else:
        root["@odata.deltaLink"] = f"{address}$deltatoken={_token(there, place.until)}"
    root["value"] = rows
    return there.replies.object(exchange, root, 200, _applied(exchange, wanted))


def count(there: Handlers, exchange: Exchange, served: DataverseTable, query: Query) -> Response:
    """`/$count?$deltatoken=`: how many rows changed or went since the token."""
    _check(there, served, query)
    reader = _Reader(there, served, (), "")
    number = reader.count(_since(there, query.deltatoken), there.changes.last)
    return there.replies.text(exchange, str(number).encode())


class _Reader:
    """Reads pages of one table by keyset, so that writes between two pages move nothing."""

    def __init__(
        self, there: Handlers, served: DataverseTable, names: tuple[str, ...], base: str
    ) -> None:
        self._store, self._served, self._names, self._base = there.store, served, names, base
        self._entity = there.changes.logged_as(served.table.entity_type)
        self._key = quoted(served.row_key)
        self._table = there.tables.readable(served)
        shown = [f"t.{quoted(name)}" for name in names]
        self._columns = ", ".join([ETAG_SQL, *shown])

    def _encoded(self, rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
        return encode_rows(("@odata.etag", *self._names), rows, self._served.decoders)

    def all_rows(self, place: _Place, size: int) -> tuple[list[dict[str, Any]], _Place | None]:
        """Rows in the order of their ids."""
        rows = self._store.read(
            f"SELECT t.{self._key}, {self._columns} FROM {self._table} t WHERE t.{self._key}>? "
            f"ORDER BY t.{self._key} LIMIT ?",
            (place.last, size + 1),
        ).fetchall()
        following = None
        if len(rows) > size:
            following = _Place(place.page + 1, "key", str(rows[size - 1][0]), place.until)
        return self._encoded([row[1:] for row in rows[:size]]), following

    def changes(
        self, place: _Place, since: int, size: int
    ) -> tuple[list[dict[str, Any]], _Place | None]:
        """New and changed rows by version, then deletions."""
        value: list[dict[str, Any]] = []
        phase, last = place.phase, int(place.last or since)
        if phase == "changed":
            rows = self._window(place, since, last, size + 1)
            value = self._encoded([row[1:] for row in rows[:size]])
            if len(rows) > size:
                return value, _Place(place.page + 1, phase, str(rows[size - 1][0]), place.until)
            phase, last = "deleted", since
        gone = self._deleted(place, since, last, size + 1 - len(value))
        room = size - len(value)
        context = f"{self._base}$metadata#{self._served.entity_set}/$deletedEntity"
        value += [
            {"@odata.context": context, "id": id_in(row[1]), "reason": "deleted"}
            for row in gone[:room]
        ]
        if len(gone) <= room:
            return value, None
        last = gone[room - 1][0] if room else last
        return value, _Place(place.page + 1, phase, str(last), place.until)

    def _window(self, place: _Place, since: int, last: int, limit: int) -> list[tuple[Any, ...]]:
        return self._store.read(
            f"SELECT c.seq, {self._columns} FROM {_WINDOW} c "
            f"JOIN {self._table} t ON t.{self._key}=c.record "
            "WHERE c.seq>? ORDER BY c.seq LIMIT ?",
            (self._entity, since, place.until, last, limit),
        ).fetchall()

    def _deleted(self, place: _Place, since: int, last: int, limit: int) -> list[tuple[Any, ...]]:
        return self._store.read(
            f"SELECT c.seq, c.record FROM {_WINDOW} c "
            f"LEFT JOIN {quoted(self._served.table.sql)} t ON t.{self._key}=c.record "
            f"WHERE c.seq>? AND t.{self._key} IS NULL ORDER BY c.seq LIMIT ?",
            (self._entity, since, place.until, last, limit),
        ).fetchall()

    def count(self, since: int | None, until: int) -> int:
        """How many rows there are, or how many changes."""
        if since is None:
            found = self._store.read(f"SELECT count(*) FROM {self._table}")
            return int(found.fetchone()[0])
        found = self._store.read(f"SELECT count(*) FROM {_WINDOW}", (self._entity, since, until))
        return int(found.fetchone()[0])


def _check(there: Handlers, served: DataverseTable, query: Query) -> None:
    there.security.demand_everywhere(served, "Read")
    if not served.definition.facts.get("ChangeTrackingEnabled", True):
        raise errors.ChangeTrackingNotEnabled(table=served.name)
    for name in _REFUSED:
        if getattr(query, name) not in (None, (), ""):
            raise errors.NotWithChangeTracking(option=name)


def _since(there: Handlers, text: str) -> int:
    """The version of a delta token. Raises ExpiredVersionStamp, QueryError."""
    found = _TOKEN.fullmatch(unquote(text).strip("'\""))
    try:
        moment = datetime.strptime(found[2] if found else "", _MOMENT).replace(tzinfo=UTC)
    except ValueError as problem:
        raise errors.QueryError(problem=f"The delta token '{text}' is not valid.") from problem
    assert found is not None
    row = next(iter(there.tables.by_name["organization"].records.find({}, 1)), {})
    days = row.get("expirechangetrackingindays")
    kept = days * 86_400 if days else there.guard.limits["dataverse.delta-token"].allowance
    version = int(found[1])
    if there.clock.now() - moment.timestamp() > kept or version > there.changes.last:
        raise errors.ExpiredVersionStamp
    return version


def _token(there: Handlers, version: int) -> str:
    moment = datetime.fromtimestamp(there.clock.now(), UTC).strftime(_MOMENT)
    return _escaped(f"{version}!{moment}")


def _escaped(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quote(text, safe=""))


def _read_place(token: str) -> _Place:
    found = _PLACE.search(unquote(unquote(token)))
    if found is None or (found[2] != "key" and not found[3].isdigit()):
        raise errors.QueryError(problem="Malformed XML in the Paging Cookie.")
    return _Place(int(found[1]), found[2], unquote(found[3]), int(found[4]))


def _write_place(place: _Place) -> str:
    inner = (
        f'<cookie page="{place.page}"><{place.phase} last="{quote(place.last)}" '
        f'until="{place.until}" /></cookie>'
    )
    cookie = (
        f'<cookie pagenumber="{place.page}" pagingcookie="{escape(_escaped(inner))}" '
        'istracking="True" />'
    )
    return quote(cookie, safe="=/")


def _kept(raw_query: str, following: _Place | None) -> str:
    """The options that go on into a link; the delta token stays while pages follow."""
    dropped = {"$skiptoken"} if following is not None else {"$skiptoken", "$deltatoken"}
    kept = [
        part
        for part in raw_query.split("&")
        if part and unquote(part.partition("=")[0]) not in dropped
    ]
    return "".join(f"{part}&" for part in kept)


def _applied(exchange: Exchange, wanted: str) -> bytes:
    applied = []
    if "odata.track-changes" in exchange.request.header("prefer"):
        applied.append("odata.track-changes")
    size = preference(exchange, "odata.maxpagesize")
    if size:
        applied.append(f"odata.maxpagesize={size}")
    if wanted:
        applied.append(f'odata.include-annotations="{wanted}"')
    return f"Preference-Applied: {','.join(applied)}\r\n".encode("latin-1") if applied else b""
