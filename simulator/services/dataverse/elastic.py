"""Elastic tables: partitions, rows that expire, upserts that overwrite, bulk messages in part.

Sources: "Elastic tables", "Use elastic tables", "Use bulk operation messages" and the sample "Web
API Elastic Table Operations". Two partitions may hold rows of one id: what is called `key` here
tells rows apart, so it names the partition, too, where that is not the id (`row_key_of`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote

import orjson

from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.odata.tree import Expression
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.tables import (
    ID_LENGTH,
    OWNED_BY_SYSTEM,
    PARTITION,
    TIME_TO_LIVE,
    DataverseTable,
    id_in,
    row_key_of,
)

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers

Arguments: TypeAlias = tuple[tuple[str, Expression], ...]
_KEPT = OWNED_BY_SYSTEM | {PARTITION, "_ownerid_value", "statecode", "statuscode"}
DETAILS = "Microsoft.PowerApps.CDS.ErrorDetails.Plugin.BulkApiErrorDetails"


def purge(there: Handlers, served: DataverseTable) -> None:
    """Take the rows away whose time to live is over."""
    now = datetime.fromtimestamp(there.clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = there.store.read(
        f"SELECT {quoted(served.row_key)} FROM {quoted(served.table.sql)} "
        f"WHERE {TIME_TO_LIVE} > 0 AND "
        f"strftime('%Y-%m-%dT%H:%M:%SZ', modifiedon, '+' || {TIME_TO_LIVE} || ' seconds') <= ?",
        (now,),
    ).fetchall()
    for (key,) in rows:
        served.records.delete((key,))


def named(arguments: Arguments) -> Arguments:
    """The parts of a key with their names as the columns have them.

    The samples of "Use elastic tables" write `partitionId` in the address.
    """
    return tuple([(name.lower(), value) for name, value in arguments])


def _partition(exchange: Exchange) -> str | None:
    """The `partitionId` of the query string, or None."""
    for part in exchange.request.query.split("&"):
        name, _, value = part.partition("=")
        if name == "partitionId":
            return unquote(value).strip("'\"")
    return None


def row_key(exchange: Exchange, key: str) -> str:
    """What tells the row apart that an address names by its id and by `partitionId`."""
    partition = _partition(exchange)
    return key if partition is None else row_key_of(key, partition)


def restriction(exchange: Exchange) -> tuple[str, tuple[Any, ...]] | None:
    """The rows of a list that `partitionId` asks for, as SQL over `t`; None for all."""
    partition = _partition(exchange)
    return None if partition is None else (f"t.{PARTITION} = ?", (partition,))


def record(there: Handlers, exchange: Exchange, served: DataverseTable, key: str) -> Response:
    """One row by its id and its partition, which is the id where nothing else is said."""
    purge(there, served)
    if len(key) == ID_LENGTH:
        key = row_key(exchange, key)
    if exchange.request.method == "PATCH":
        return _patch(there, exchange, served, key)
    if not served.records.exists((key,)):
        raise errors.RecordNotFound(table=served.name, id=id_in(key))
    return (
        there.retrieve(exchange, served, key)
        if exchange.request.method != "DELETE"
        else there.remove(exchange, served, key)
    )


def _patch(there: Handlers, exchange: Exchange, served: DataverseTable, key: str) -> Response:
    """Update with If-Match; without it put a row in the place of one, or there anew."""
    if len(key) == ID_LENGTH:
        key = row_key_of(key, str(there.body(exchange, served).get(PARTITION) or key))
    if exchange.request.header("if-match"):
        if not served.records.exists((key,)):
            raise errors.RecordNotFound(table=served.name, id=id_in(key))
    elif served.records.exists((key,)):
        return _overwrite(there, exchange, served, key)
    partition = key[ID_LENGTH + 1 :] or key
    return there.patch(exchange, served, key, {PARTITION: partition})


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
                key, outcome = id_in(do(item)), status
        except errors.DataverseError as problem:
            first = first or problem
            key, outcome = "", problem.status
        keys.append(key)
        details.append({"RequestIndex": index, "Id": key, "StatusCode": outcome})
    if first is not None:
        first.details = {DETAILS: orjson.dumps(details).decode()}
    return keys, first
