"""Endpoints, activations and the outbox in the store; what a delivery's outcome means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from windtunnel.contracts.events import CATALOGUE, Framework, payload, test_message
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.settings import BusinessEventsSettings
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.business_events import errors

FIRST_CONTROL_NUMBER = 5_637_144_576
_TABLES = (
    "CREATE TABLE IF NOT EXISTS event_endpoint (name TEXT PRIMARY KEY, url TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS event_activation (id INTEGER PRIMARY KEY, event TEXT NOT NULL,"
    " company TEXT NOT NULL COLLATE NOCASE, endpoint TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS event_outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL,"
    " event TEXT, company TEXT, endpoint TEXT, url TEXT, payload TEXT, state TEXT,"
    " attempts INTEGER, next_at REAL, status INTEGER, error TEXT)",
    "CREATE INDEX IF NOT EXISTS event_outbox_due ON event_outbox (state, next_at)",
)
_COLUMNS = "id, at, event, company, endpoint, url, payload, state, attempts, next_at, status, error"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the outbox that is due."""

    id: int
    url: str
    body: bytes
    attempts: int


class Outbox:
    """All state of business events; every method works in the open transaction."""

    def __init__(
        self, store: Store, clock: Clock, ids: Ids, settings: BusinessEventsSettings
    ) -> None:
        self._store, self._clock, self._ids = store, clock, ids
        self.settings = settings

    def create(self) -> None:
        """Create the tables; what an earlier process left waiting stays due."""
        for table in _TABLES:
            self._store.write(table)

    # -- endpoints and activations ------------------------------------------------------------

    def save_endpoint(self, name: str, url: str) -> None:
        """Add or change an endpoint; a test message goes to it."""
        self._store.write("INSERT OR REPLACE INTO event_endpoint VALUES (?,?)", (name, url))
        self._put("", name, url, test_message(self._framework(self._clock.now(), "")))

    def endpoints(self) -> list[dict[str, str]]:
        """Names and addresses."""
        rows = self._store.read("SELECT name, url FROM event_endpoint ORDER BY name")
        return [{"name": name, "url": url} for name, url in rows]

    def delete_endpoint(self, name: str) -> None:
        """Remove an endpoint and its activations. Raises NotThere."""
        if not self._store.write("DELETE FROM event_endpoint WHERE name=?", (name,)).rowcount:
            raise errors.NotThere(kind="endpoint", name=name)
        self._store.write("DELETE FROM event_activation WHERE endpoint=?", (name,))

    def activate(self, event: str, endpoint: str, company: str = "") -> int:
        """Send an event of a company (`` is all) to an endpoint; a test message goes first."""
        if event not in CATALOGUE:
            raise errors.NotThere(kind="business event", name=event)
        url = self._url(endpoint)
        count = self._store.read(
            "SELECT count(*) FROM event_activation WHERE event=? AND company=?", (event, company)
        ).fetchone()[0]
        limit = self.settings.endpoints_per_event
        if count >= limit:
            raise errors.TooManyEndpoints(event=event, limit=limit, company=company)
        done = self._store.write(
            "INSERT INTO event_activation (event, company, endpoint) VALUES (?,?,?)",
            (event, company, endpoint),
        )
        message = test_message(self._framework(self._clock.now(), company))
        self._put(company, endpoint, url, message)
        return int(done.lastrowid or 0)

    def _url(self, endpoint: str) -> str:
        found = self._store.read("SELECT url FROM event_endpoint WHERE name=?", (endpoint,))
        row = found.fetchone()
        if row is None:
            raise errors.NotThere(kind="endpoint", name=endpoint)
        return str(row[0])

    def activations(self) -> list[dict[str, Any]]:
        """What is active."""
        rows = self._store.read("SELECT id, event, company, endpoint FROM event_activation")
        names = ("id", "event", "company", "endpoint")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def deactivate(self, activation: int) -> None:
        """End an activation. Raises NotThere."""
        done = self._store.write("DELETE FROM event_activation WHERE id=?", (activation,))
        if not done.rowcount:
            raise errors.NotThere(kind="activation", name=str(activation))

    # -- raising ------------------------------------------------------------------------------

    def raise_event(
        self,
        event: str,
        company: str,
        members: Mapping[str, Any],
        *,
        at: float | None = None,
        user_object_id: str = "",
    ) -> int:
        """Put an event into the outbox, once for each endpoint it is active for; how many."""
        rows = self._store.read(
            "SELECT a.endpoint, e.url FROM event_activation a JOIN event_endpoint e "
            "ON e.name = a.endpoint WHERE a.event=? AND a.company IN ('', ?)",
            (event, company),
        ).fetchall()
        if not rows:
            return 0
        framework = self._framework(at or self._clock.now(), company, user_object_id)
        body = payload(event, framework, members)
        for endpoint, url in rows:
            self._put(company, endpoint, url, body)
        return len(rows)

    def _framework(self, at: float, company: str, user_object_id: str = "") -> Framework:
        """Control numbers rise with gaps: they follow the outbox, which several endpoints share."""
        newest = self._store.read("SELECT coalesce(max(id), 0) FROM event_outbox").fetchone()[0]
        number = FIRST_CONTROL_NUMBER + int(newest)
        return Framework(self._ids.uuid(), number, at, company, user_object_id)

    def _put(self, company: str, endpoint: str, url: str, body: Mapping[str, Any]) -> None:
        now = self._clock.now()
        values = (now, body["BusinessEventId"], company, endpoint, url, orjson.dumps(body).decode())
        self._store.write(
            "INSERT INTO event_outbox (at, event, company, endpoint, url, payload, state, "
            "attempts, next_at) VALUES (?,?,?,?,?,?,'waiting',0,?)",
            (*values, now),
        )

    # -- delivering ---------------------------------------------------------------------------

    def due(self, now: float, limit: int, busy: frozenset[int]) -> list[Delivery]:
        """Rows to send now, oldest first, without those on their way."""
        rows = self._store.read(
            "SELECT id, url, payload, attempts FROM event_outbox WHERE state='waiting' "
            "AND next_at<=? ORDER BY id LIMIT ?",
            (now, limit + len(busy)),
        ).fetchall()
        found = [Delivery(i, url, body.encode(), n) for i, url, body, n in rows if i not in busy]
        return found[:limit]

    def next_moment(self) -> float | None:
        """When the next row is due."""
        found = self._store.read("SELECT min(next_at) FROM event_outbox WHERE state='waiting'")
        moment: float | None = found.fetchone()[0]
        return moment

    def settle(self, delivery: Delivery, status: int, error: str) -> None:
        """Note an outcome: done, to be tried again after the wait, or for the error log."""
        attempts = delivery.attempts + 1
        now = self._clock.now()
        if 200 <= status < 300:
            state, following = "delivered", now
        elif attempts > self.settings.retry_count:
            state, following = "failed", now
        else:
            state, following = "waiting", now + self.settings.retry_wait_ms / 1000
        self._store.write(
            "UPDATE event_outbox SET state=?, attempts=?, next_at=?, status=?, error=? WHERE id=?",
            (state, attempts, following, status, error, delivery.id),
        )

    def resend(self, row: int) -> None:
        """Send a failed event again, as it was: a whole new cycle of tries. Raises NotThere."""
        done = self._store.write(
            "UPDATE event_outbox SET state='waiting', attempts=0, next_at=? "
            "WHERE id=? AND state='failed'",
            (self._clock.now(), row),
        )
        if not done.rowcount:
            raise errors.NotThere(kind="failed event", name=str(row))

    def deliveries(self, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
        """Rows of the outbox, oldest first, by event, endpoint, company, state and since."""
        names = [name for name in ("event", "endpoint", "company", "state") if name in wanted]
        conditions = [f"{name}=?" for name in names]
        values: list[Any] = [wanted[name] for name in names]
        if "since" in wanted:
            try:
                values.append(float(wanted["since"]))
            except ValueError:
                raise errors.BadRequest(problem="since must be a number of seconds") from None
            conditions.append("at>=?")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._store.read(f"SELECT {_COLUMNS} FROM event_outbox{where} ORDER BY id", values)
        columns = _COLUMNS.split(", ")
        found = [dict(zip(columns, row, strict=True)) for row in rows]
        for item in found:
            item["payload"] = orjson.loads(item["payload"])
        return found
