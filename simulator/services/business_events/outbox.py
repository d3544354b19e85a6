"""Endpoints, activations, own definitions and the outbox in the store.

Every method works in the open transaction; whoever calls commits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from windtunnel.contracts.events import (
    CATALOGUE,
    TEST_EVENT,
    BadMember,
    BusinessEvent,
    Framework,
    Kind,
    Member,
    filled,
    payload,
    test_message,
)
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.business_events import errors
from windtunnel.simulator.services.business_events.model import (
    FIRST_CONTROL_NUMBER,
    Standing,
    State,
    event_id,
)

LOG_ROWS: Final = 10_000
"""Rows of the log that one answer holds unless somebody asks for more."""
KEPT_DELIVERED: Final = 100_000
"""Delivered rows that stay for the log; what waits or failed always stays."""

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS event_definition (id TEXT PRIMARY KEY, definition TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS event_endpoint (name TEXT PRIMARY KEY, url TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS event_activation (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " event TEXT NOT NULL, company TEXT NOT NULL COLLATE NOCASE, endpoint TEXT NOT NULL,"
    " active INTEGER NOT NULL, UNIQUE (event, company, endpoint))",
    "CREATE TABLE IF NOT EXISTS event_outbox (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " at REAL NOT NULL, event TEXT NOT NULL, company TEXT NOT NULL COLLATE NOCASE,"
    " endpoint TEXT NOT NULL, payload TEXT NOT NULL, state TEXT NOT NULL,"
    " attempts INTEGER NOT NULL, next_at REAL NOT NULL, last_at REAL, status INTEGER, error TEXT)",
    "CREATE INDEX IF NOT EXISTS event_outbox_waiting ON event_outbox (next_at, id)"
    " WHERE state='waiting'",
    "CREATE INDEX IF NOT EXISTS event_outbox_state ON event_outbox (state, id)",
)
_COLUMNS: Final = (
    "id", "at", "event", "company", "endpoint", "payload", "state", "attempts", "next_at",
    "last_at", "status", "error",
)  # fmt: skip
_PUT: Final = (
    "INSERT INTO event_outbox (at, event, company, endpoint, payload, state, attempts, next_at) "
    "VALUES (?,?,?,?,?,'waiting',0,?)"
)
_DUE: Final = (
    "SELECT o.id, o.event, e.url, o.payload, o.attempts FROM event_outbox o "
    "JOIN event_endpoint e ON e.name = o.endpoint "
    "WHERE o.state='waiting' AND o.next_at<=? ORDER BY o.next_at, o.id LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the outbox that is due."""

    id: int
    event: str
    url: str
    body: bytes
    attempts: int

    @property
    def is_test(self) -> bool:
        """Whether it is a test message."""
        return self.event == TEST_EVENT


class Outbox:
    """All state of business events. `source` makes event ids this simulator's own.

    `has_news` says that something was put in that the worker has not looked at; `on_activated` is
    called when an event becomes active.
    """

    def __init__(self, store: Store, clock: Clock, source: str, endpoints_per_event: int) -> None:
        self._store, self._clock = store, clock
        self._source, self._limit = source, endpoints_per_event
        self._active: frozenset[str] | None = None
        self.has_news = False
        self.on_activated: Callable[[], None] = lambda: None
        store.on_rollback(self.forget)

    def create(self) -> None:
        """Create the tables; what an earlier process left waiting stays due."""
        for table in _TABLES:
            self._store.write(table)

    def forget(self) -> None:
        """Drop what is kept in memory."""
        self._active = None
        self.has_news = True

    # -- catalogue ----------------------------------------------------------------------------

    def event(self, name: str) -> BusinessEvent:
        """A row of the catalogue. Raises NotThere."""
        shipped = CATALOGUE.get(name)
        if shipped is not None:
            return shipped
        for found in self._own("WHERE id=?", (name,)):
            return found
        raise errors.NotThere(kind="business event", name=name)

    def catalogue(self) -> list[BusinessEvent]:
        """Shipped and own events."""
        return [*CATALOGUE.values(), *self._own("ORDER BY id")]

    def define(self, event: BusinessEvent) -> None:
        """Add an own event, or replace one. Raises AlreadyThere for a shipped one."""
        if event.id in CATALOGUE:
            raise errors.AlreadyThere(kind="business event", name=event.id)
        text = orjson.dumps(
            {
                "category": event.category,
                "name": event.name,
                "description": event.description,
                "members": {member.name: str(member.kind) for member in event.members},
            }
        ).decode()
        self._store.write("INSERT OR REPLACE INTO event_definition VALUES (?,?)", (event.id, text))

    def _own(self, tail: str, values: tuple[Any, ...] = ()) -> Iterable[BusinessEvent]:
        rows = self._store.read(f"SELECT id, definition FROM event_definition {tail}", values)
        for name, text in rows.fetchall():
            said = orjson.loads(text)
            members = tuple(Member(n, Kind(kind)) for n, kind in said.pop("members").items())
            yield BusinessEvent(name, members=members, origin="custom", **said)

    # -- endpoints ----------------------------------------------------------------------------

    def save_endpoint(self, name: str, url: str) -> None:
        """Add or change an endpoint; a test message goes to it."""
        self._store.write("INSERT OR REPLACE INTO event_endpoint VALUES (?,?)", (name, url))
        self._put_test(name, "")

    def set_url(self, name: str, url: str) -> None:
        """Change where an endpoint leads."""
        self._store.write("UPDATE event_endpoint SET url=? WHERE name=?", (url, name))

    def endpoints(self) -> list[dict[str, Any]]:
        """Name, url and how the latest test message fared."""
        rows = self._store.read(
            "SELECT e.name, e.url, o.state, o.status, o.error FROM event_endpoint e "
            "LEFT JOIN event_outbox o ON o.id = (SELECT max(id) FROM event_outbox t "
            "WHERE t.endpoint=e.name AND t.event=?) ORDER BY e.name",
            (TEST_EVENT,),
        )
        return [
            {"name": name, "url": url, "test": {"state": state, "status": status, "error": error}}
            for name, url, state, status, error in rows
        ]

    def delete_endpoint(self, name: str) -> None:
        """Remove an endpoint and its activations; what waited for it fails. Raises NotThere."""
        if not self._store.write("DELETE FROM event_endpoint WHERE name=?", (name,)).rowcount:
            raise errors.NotThere(kind="endpoint", name=name)
        self._store.write("DELETE FROM event_activation WHERE endpoint=?", (name,))
        self._store.write(
            "UPDATE event_outbox SET state='failed', last_at=?, error=? "
            "WHERE endpoint=? AND state='waiting'",
            (self._clock.now(), f"The endpoint {name} was deleted.", name),
        )
        self._active = None

    def _need_endpoint(self, name: str) -> None:
        found = self._store.read("SELECT 1 FROM event_endpoint WHERE name=?", (name,))
        if found.fetchone() is None:
            raise errors.NotThere(kind="endpoint", name=name)

    # -- activations --------------------------------------------------------------------------

    def activate(self, event: str, endpoint: str, company: str = "") -> int:
        """Send an event of a company (`` is all) to an endpoint; a test message goes first.

        Raises NotThere, TooManyEndpoints. Activating what is active changes nothing.
        """
        self.event(event)
        self._need_endpoint(endpoint)
        # An activation for all companies counts for each of them.
        others = self._store.read(
            "SELECT count(DISTINCT endpoint) FROM event_activation "
            "WHERE event=? AND active AND endpoint<>? AND (company IN ('', ?) OR ?='')",
            (event, endpoint, company, company),
        ).fetchone()[0]
        if others >= self._limit:
            raise errors.TooManyEndpoints(limit=self._limit)
        self._store.write(
            "INSERT INTO event_activation (event, company, endpoint, active) VALUES (?,?,?,1) "
            "ON CONFLICT (event, company, endpoint) DO UPDATE SET active=1",
            (event, company, endpoint),
        )
        self._active = None
        self._put_test(endpoint, company)
        self.on_activated()
        found = self._store.read(
            "SELECT id FROM event_activation WHERE event=? AND company=? AND endpoint=?",
            (event, company, endpoint),
        )
        return int(found.fetchone()[0])

    def activations(self) -> list[dict[str, Any]]:
        """What is, or was, active for whom."""
        names = ("id", "event", "company", "endpoint", "active")
        rows = self._store.read(f"SELECT {', '.join(names)} FROM event_activation ORDER BY id")
        found = [dict(zip(names, row, strict=True)) for row in rows]
        return [{**item, "active": bool(item["active"])} for item in found]

    def deactivate(self, activation: int) -> None:
        """End an activation; its errors stay. Raises NotThere."""
        sql = "UPDATE event_activation SET active=0 WHERE id=?"
        if not self._store.write(sql, (activation,)).rowcount:
            raise errors.NotThere(kind="activation", name=str(activation))
        self._active = None

    def delete_activation(self, activation: int) -> None:
        """Remove an activation together with its errors. Raises NotThere."""
        row = self._store.read(
            "SELECT event, company, endpoint FROM event_activation WHERE id=?", (activation,)
        ).fetchone()
        if row is None:
            raise errors.NotThere(kind="activation", name=str(activation))
        event, company, endpoint = row
        self._store.write("DELETE FROM event_activation WHERE id=?", (activation,))
        self._store.write(
            "DELETE FROM event_outbox WHERE state='failed' AND event=? AND endpoint=? "
            "AND (company=? OR ?='')",
            (event, endpoint, company, company),
        )
        self._active = None

    def active_events(self) -> frozenset[str]:
        """Events that are active for anybody."""
        if self._active is None:
            rows = self._store.read("SELECT DISTINCT event FROM event_activation WHERE active")
            self._active = frozenset(name for (name,) in rows)
        return self._active

    def receivers(self, event: str, company: str) -> list[str]:
        """Endpoints that want an event of a company: each once."""
        if event not in self.active_events():
            return []
        rows = self._store.read(
            "SELECT DISTINCT endpoint FROM event_activation "
            "WHERE event=? AND active AND company IN ('', ?) ORDER BY endpoint",
            (event, company),
        )
        return [name for (name,) in rows]

    # -- raising ------------------------------------------------------------------------------

    def raise_event(
        self,
        event: str,
        company: str,
        members: Mapping[str, Any],
        *,
        extra: Mapping[str, Any] | None = None,
        user_object_id: str = "",
    ) -> int:
        """Put an event in, once for each endpoint that wants it; returns for how many.

        Raises NotThere, BadRequest for members that the event does not have.
        """
        contract = self.event(event)
        try:
            whole = filled(contract, members, extra or {})
        except BadMember as error:
            raise errors.BadRequest(problem=str(error)) from error
        receivers = self.receivers(event, company)
        if receivers:
            body = payload(event, self._framework(company, user_object_id), whole)
            for endpoint in receivers:
                self._put(endpoint, company, body)
        return len(receivers)

    def _put_test(self, endpoint: str, company: str) -> None:
        self._put(endpoint, company, test_message(self._framework(company)))

    def _put(self, endpoint: str, company: str, body: Mapping[str, Any]) -> None:
        now, text = self._clock.now(), orjson.dumps(body).decode()
        self._store.write(_PUT, (now, body["BusinessEventId"], company, endpoint, text, now))
        self.has_news = True

    def _framework(self, company: str, user_object_id: str = "") -> Framework:
        """Control numbers rise with gaps: they follow the rows, of which an event may have many."""
        newest = self._store.read(
            "SELECT seq FROM sqlite_sequence WHERE name='event_outbox'"
        ).fetchone()
        number = FIRST_CONTROL_NUMBER + (int(newest[0]) if newest else 0)
        now = self._clock.now()
        return Framework(event_id(self._source, number, now), number, now, company, user_object_id)

    # -- delivering ---------------------------------------------------------------------------

    def due(self, now: float, limit: int, busy: frozenset[int]) -> list[Delivery]:
        """Rows to send now, longest due first, without those on their way."""
        rows = self._store.read(_DUE, (now, limit + len(busy))).fetchall()
        found = [
            Delivery(number, event, url, text.encode(), attempts)
            for number, event, url, text, attempts in rows
            if number not in busy
        ]
        return found[:limit]

    def next_moment(self) -> float | None:
        """When the next row is due."""
        found = self._store.read("SELECT min(next_at) FROM event_outbox WHERE state='waiting'")
        moment: float | None = found.fetchone()[0]
        return moment

    def settle(self, row: int, standing: Standing) -> None:
        """Note how a try ended; a row that is no longer waiting keeps what it says."""
        self._store.write(
            "UPDATE event_outbox SET state=?, attempts=?, next_at=?, last_at=?, status=?, error=? "
            "WHERE id=? AND state='waiting'",
            (
                str(standing.state),
                standing.attempts,
                standing.next_at,
                self._clock.now(),
                standing.status,
                standing.error,
                row,
            ),
        )
        if standing.state is State.DELIVERED and row % 1_000 == 0:
            self._store.write(
                "DELETE FROM event_outbox WHERE state='delivered' AND id<?", (row - KEPT_DELIVERED,)
            )

    # -- the log ------------------------------------------------------------------------------

    def resend(self, row: int, endpoint: str = "") -> None:
        """Send a failed event again, as it was: a whole new cycle of tries.

        `endpoint` sends it to another than it was for. Raises NotThere.
        """
        found = self._store.read(
            "SELECT endpoint FROM event_outbox WHERE id=? AND state='failed'", (row,)
        ).fetchone()
        if found is None:
            raise errors.NotThere(kind="failed event", name=str(row))
        name = endpoint or str(found[0])
        self._need_endpoint(name)
        self._store.write(
            "UPDATE event_outbox SET state='waiting', attempts=0, next_at=?, endpoint=? WHERE id=?",
            (self._clock.now(), name, row),
        )
        self.has_news = True

    def resend_all(self) -> int:
        """Send the whole error log again, where the endpoint is still there; how many."""
        self.has_news = True
        return self._store.write(
            "UPDATE event_outbox SET state='waiting', attempts=0, next_at=? WHERE state='failed' "
            "AND event<>? AND endpoint IN (SELECT name FROM event_endpoint)",
            (self._clock.now(), TEST_EVENT),
        ).rowcount

    def deliveries(
        self, wanted: Mapping[str, str], *, since: float = 0.0, limit: int = LOG_ROWS
    ) -> list[dict[str, Any]]:
        """The newest rows raised since a moment, oldest first; `wanted` are columns and values."""
        conditions = "".join(f" AND {name}=?" for name in wanted)
        found = self._store.read(
            f"SELECT {', '.join(_COLUMNS)} FROM event_outbox WHERE at>=?{conditions} "
            "ORDER BY id DESC LIMIT ?",
            (since, *wanted.values(), limit),
        ).fetchall()
        lines = [dict(zip(_COLUMNS, row, strict=True)) for row in reversed(found)]
        return [{**line, "payload": orjson.loads(line["payload"])} for line in lines]
