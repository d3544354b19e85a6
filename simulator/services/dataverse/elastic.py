"""Elastic tables: partitions, rows that expire, upserts that overwrite, bulk messages in part.

Sources: "Elastic tables", "Use elastic tables", "Use bulk operation messages" and the sample "Web
API Elastic Table Operations". Of two rows with one id in two partitions only one can be here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.tables import (
    OWNED_BY_SYSTEM,
    PARTITION,
    TIME_TO_LIVE,
    DataverseTable,
)

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers

_IN_KEY = re.compile(r"partitionid='((?:[^']|'')*)'", re.IGNORECASE)
_KEPT = OWNED_BY_SYSTEM | {PARTITION, "_ownerid_value", "statecode", "statuscode"}
DETAILS = "Microsoft.PowerApps.CDS.ErrorDetails.Plugin.BulkApiErrorDetails"


def purge(there: Handlers, served: DataverseTable) -> None:
    """Take the rows away whose time to live is over."""
    now = datetime.fromtimestamp(there.clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = there.store.read(
        f"SELECT {quoted(served.primary_id)} FROM {quoted(served.table.sql)} "
        f"WHERE {TIME_TO_LIVE} > 0 AND "
        f"strftime('%Y-%m-%dT%H:%M:%SZ', modifiedon, '+' || {TIME_TO_LIVE} || ' seconds') <= ?",
        (now,),
    ).fetchall()
    for (key,) in rows:
        served.records.delete((key,))


def partition_of(exchange: Exchange) -> str:
    """The partition that an address names, in its key or by `partitionId`; `` for none."""
    found = _IN_KEY.search(unquote(exchange.request.path))
    if found is not None:
        return found[1].replace("''", "'")
    for part in exchange.request.query.split("&"):
        name, _, value = part.partition("=")
        if name == "partitionId":
            return unquote(value).strip("'")
    return ""


def record(there: Handlers, exchange: Exchange, served: DataverseTable, key: str) -> Response:
    """One row by its id and its partition, which is the id where nothing else is said."""
    purge(there, served)
    method = exchange.request.method
    partition = partition_of(exchange)
    row = served.records.get((key,))
    if method == "PATCH":
        partition = partition or str(there.body(exchange, served).get(PARTITION) or key)
        fits = row is None or row[PARTITION] == partition
        if not fits and exchange.request.header("if-match"):
            raise errors.RecordNotFound(table=served.name, id=key)
        if not fits:
            raise errors.DuplicateId
        if row is not None and not exchange.request.header("if-match"):
            return _overwrite(there, exchange, served, key)
        return there.patch(exchange, served, key, {PARTITION: partition})
    if row is None or row[PARTITION] != (partition or key):
        raise errors.RecordNotFound(table=served.name, id=key)
    return (
        there.retrieve(exchange, served, key)
        if method != "DELETE"
        else there.remove(exchange, served, key)
    )


def _overwrite(there: Handlers, exchange: Exchange, served: DataverseTable, key: str) -> Response:
    if exchange.request.header("if-none-match") == "*":
        raise errors.RecordExists
    caller, body = there.caller(exchange), there.body(exchange, served)
    overwrite(there, served, key, body, caller)
    return there.written(exchange, served, key, created=False)


def overwrite(
    there: Handlers, served: DataverseTable, key: str, body: dict[str, Any], caller: Any
) -> None:
    """Put a new row in the place of one: what is not given is lost."""
    given, _ = there.writes.bodies.values_of(served, body)
    given.pop(served.primary_id, None)
    there.writes.derived.for_update(served, given)
    blank: Values = {
        name: None
        for name in served.definition.columns
        if name not in _KEPT and name != served.primary_id
    }
    there.writes.change(served, key, {**blank, **given}, caller)


def session_token(there: Handlers) -> bytes:
    """The header line that tells a client how far it has written."""
    return b"x-ms-session-token: 240:8#%d#7=-1\r\n" % there.changes.last


def each(
    there: Handlers,
    items: Iterable[dict[str, Any]],
    do: Callable[[dict[str, Any]], str],
    status: int,
) -> tuple[list[str], errors.DataverseError | None]:
    """Do one after the other: (ids, None), or the first failure with what became of all."""
    keys: list[str] = []
    details: list[dict[str, Any]] = []
    first: errors.DataverseError | None = None
    for index, item in enumerate(items):
        try:
            with there.store.atomic():
                key, outcome = do(item), status
        except errors.DataverseError as problem:
            first = first or problem
            key, outcome = "", problem.status
        keys.append(key)
        details.append({"RequestIndex": index, "Id": key, "StatusCode": outcome})
    if first is not None:
        first.details = {DETAILS: orjson.dumps(details).decode()}
    return keys, first
