"""The change log: one row per record written, in the same transaction as the write.

Change tracking, business events, dual-write and exports read it; the sequence number is also the
row version behind etags. Hooks run inside the transaction; wake-ups after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias

import orjson

from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.store import Store

_TABLE = """CREATE TABLE IF NOT EXISTS change_log (
 seq INTEGER PRIMARY KEY, at REAL NOT NULL, entity INTEGER NOT NULL, record TEXT NOT NULL,
 operation INTEGER NOT NULL, columns TEXT, user INTEGER NOT NULL)"""
_INDEX = "CREATE INDEX IF NOT EXISTS change_log_entity ON change_log (entity, seq)"
_NAMES = "CREATE TABLE IF NOT EXISTS change_names (id INTEGER PRIMARY KEY, name TEXT NOT NULL)"
_INSERT = "INSERT INTO change_log VALUES (?,?,?,?,?,?,?)"


class Operation(IntEnum):
    """What happened to a record."""

    CREATE = 0
    UPDATE = 1
    DELETE = 2


@dataclass(frozen=True, slots=True)
class Change:
    """One written record: stored values by wire name.

    `values` were written, `before` replaced; the latter only where a hook `wants_before`.
    """

    seq: int
    at: float
    entity: str
    key: tuple[Any, ...]
    operation: Operation
    values: Mapping[str, Any]
    before: Mapping[str, Any] | None
    user: str


Hook: TypeAlias = Callable[[Change], None]


class Changes:
    """Writes the log and calls the hooks of those who must act in the same transaction.

    Rows wait until the transaction commits, branches or is read, and are written together.
    Entities and users are numbers in the log; `change_names` has their names.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._hooks: dict[str, list[Hook]] = {}
        self._wants_before: set[str] = set()
        self._waiting: list[tuple[Any, ...]] = []
        self._names: dict[str, int] = {}
        self._columns: dict[tuple[str, ...], str] = {}
        for statement in (_TABLE, _INDEX, _NAMES):
            store.write(statement)
        store.commit()
        store.before_commit(self.flush)
        store.on_rollback(self._reload)
        self._reload()

    def _reload(self) -> None:
        self._waiting.clear()
        read = self._store.read
        self._seq = int(read("SELECT coalesce(max(seq), 0) FROM change_log").fetchone()[0])
        self._names = {name: number for number, name in read("SELECT id, name FROM change_names")}

    def _number(self, name: str) -> int:
        number = self._names.get(name)
        if number is None:
            number = self._names[name] = len(self._names) + 1
            self._store.write("INSERT INTO change_names VALUES (?,?)", (number, name))
        return number

    def logged_as(self, entity: str) -> int:
        """The number of an entity in `change_log`, for queries of the log; all rows are in it."""
        self.flush()
        return self._names.get(entity, 0)

    def _columns_of(self, names: tuple[str, ...]) -> str:
        text = self._columns.get(names)
        if text is None:
            if len(self._columns) >= 1024:
                self._columns.clear()
            text = self._columns[names] = orjson.dumps(names).decode()
        return text

    def flush(self) -> None:
        """Write the rows that wait."""
        if self._waiting:
            rows, self._waiting = self._waiting, []
            self._store.write_many(_INSERT, rows)

    def hook(self, entity: str, hook: Hook, *, wants_before: bool = False) -> None:
        """Call `hook` inside the transaction of every change of `entity` (its entity type name)."""
        self._hooks.setdefault(entity, []).append(hook)
        if wants_before:
            self._wants_before.add(entity)

    def wants_before(self, entity: str) -> bool:
        """Whether a hook asked for the values that a change replaces."""
        return entity in self._wants_before

    def has_hooks(self, entity: str) -> bool:
        """Whether anybody is told of changes of `entity`."""
        return entity in self._hooks

    @property
    def last(self) -> int:
        """The newest sequence number."""
        return self._seq

    def next_seq(self) -> int:
        """Take the next number: the row's version, to be given to `record`."""
        self._seq += 1
        return self._seq

    def skip_to(self, seq: int) -> None:
        """Let numbers go on behind `seq`: first content took the ones before."""
        if seq > self._seq:
            self._seq = seq
            nothing = self._number("")
            self._store.write(_INSERT, (seq, self._clock.now(), nothing, "", 0, None, nothing))

    def record(
        self,
        seq: int,
        entity: str,
        key: tuple[Any, ...],
        operation: Operation,
        values: Mapping[str, Any],
        *,
        user: str = "",
        before: Mapping[str, Any] | None = None,
    ) -> None:
        """Log a change just made, then run the hooks."""
        at, names = self._clock.now(), self._names
        columns = self._columns_of(tuple(values)) if operation is Operation.UPDATE else None
        record = key[0] if len(key) == 1 else orjson.dumps(key).decode()
        number = names.get(entity) or self._number(entity)
        by = names.get(user) or self._number(user)
        self._store.begin()
        self._waiting.append((seq, at, number, record, operation.value, columns, by))
        hooks = self._hooks.get(entity)
        if hooks:
            change = Change(seq, at, entity, key, operation, values, before, user)
            for hook in hooks:
                hook(change)

    def since(self, entity: str, seq: int) -> list[tuple[int, str, int]]:
        """Rows (seq, record key text, operation) of `entity` after `seq`, oldest first."""
        return self._store.read(
            "SELECT seq, record, operation FROM change_log WHERE entity=? AND seq>? ORDER BY seq",
            (self.logged_as(entity), seq),
        ).fetchall()

    def forget_before(self, moment: float) -> int:
        """Drop rows older than `moment`; the newest row stays so that numbers never repeat."""
        self.flush()
        return self._store.write(
            "DELETE FROM change_log WHERE at<? AND seq<(SELECT max(seq) FROM change_log)", (moment,)
        ).rowcount
