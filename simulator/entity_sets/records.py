"""The records of one entity set: a table with typed columns, every write in the change log.

Keys are tuples of stored values in the order of `Table.key`; values are dicts of stored values by
wire name. Rules, system columns and JSON are the services'; nothing here knows HTTP.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from string import ascii_uppercase
from typing import Any, TypeAlias

from windtunnel.simulator.entity_sets.values import sql_type
from windtunnel.simulator.kernel.changes import Changes, Operation
from windtunnel.simulator.kernel.store import Store, literal, quoted
from windtunnel.simulator.odata.schema import Column, Table

Key: TypeAlias = tuple[Any, ...]
Values: TypeAlias = dict[str, Any]

ENCODED_KEPT = 65_536
_ASCII_LOWER = {ord(letter): letter.lower() for letter in ascii_uppercase}


class KeyExists(Exception):
    """A record with this key, or with the same values of a unique key, is there already.

    `columns` are the wire names of the key that clashes.
    """

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        super().__init__(", ".join(columns))


Refresh: TypeAlias = Callable[[Any, Any, Values], Any]
"""(variant, what was kept, stored values written since) to what it is now, or None: unknown."""


class EncodedRecords:
    """Finished JSON of records by (key, variant), bounded.

    A record that is updated keeps its forms where `refresh` can bring them up to date, which is
    done when one is asked for; otherwise a write of a record forgets its forms.
    With `folds`, keys that differ in the case of ASCII letters only are one key, as text keys are
    in the store.
    """

    __slots__ = ("_changed", "_folds", "_kept", "_records", "refresh")

    def __init__(self, *, folds: bool, kept: int = ENCODED_KEPT) -> None:
        self._records: dict[Key, dict[Any, Any]] = {}
        self._changed: dict[Key, Values] = {}
        self._folds, self._kept = folds, kept
        self.refresh: Refresh | None = None

    def get(self, key: Key, variant: Any) -> Any:
        """What `put` kept, with what was written since, or None."""
        if self._folds:
            key = _folded(key)
        variants = self._records.get(key)
        if variants is None:
            return None
        if key in self._changed:
            self._bring_up_to_date(key, variants)
        return variants.get(variant)

    def _bring_up_to_date(self, key: Key, variants: dict[Any, Any]) -> None:
        changes, refresh = self._changed.pop(key), self.refresh
        for variant, encoded in list(variants.items()):
            fresh = None if refresh is None else refresh(variant, encoded, changes)
            if fresh is None:
                del variants[variant]
            else:
                variants[variant] = fresh

    def put(self, key: Key, variant: Any, encoded: Any) -> None:
        """Keep one form of a record, as it is now; the record kept longest makes room."""
        if not self._kept:
            return
        if self._folds:
            key = _folded(key)
        variants = self._records.get(key)
        if variants is None:
            if len(self._records) >= self._kept:
                self._drop(next(iter(self._records)))
            variants = self._records[key] = {}
        elif len(variants) >= 8:
            variants.clear()
        variants[variant] = encoded

    def update(self, key: Key, values: Values) -> None:
        """Take note of stored values just written to one record."""
        if self._folds:
            key = _folded(key)
        if key not in self._records:
            return
        if self.refresh is None:
            self._drop(key)
            return
        changed = self._changed.get(key)
        if changed is None:
            self._changed[key] = values.copy()
        else:
            changed.update(values)

    def forget(self, key: Key) -> None:
        """Drop all forms of one record."""
        self._drop(_folded(key) if self._folds else key)

    def _drop(self, key: Key) -> None:
        self._records.pop(key, None)
        self._changed.pop(key, None)

    def clear(self) -> None:
        """Drop everything."""
        self._records.clear()
        self._changed.clear()


def _folded(key: Key) -> Key:
    """A key as SQLite's NOCASE sees it: letters beyond ASCII keep their case."""
    return tuple(
        [
            (part.lower() if part.isascii() else part.translate(_ASCII_LOWER))
            if isinstance(part, str)
            else part
            for part in key
        ]
    )


class Records:
    """Reads and writes of one table.

    `hidden` are columns that are stored but are not properties (F&O's RecId); `version` names the
    column that takes the change's sequence number on every write. `empties` are stored values of
    columns that an insert leaves out; without them that is null. `key` names the columns that tell
    records apart, where the entity's own key does not.
    """

    def __init__(
        self,
        store: Store,
        changes: Changes,
        table: Table,
        *,
        hidden: Sequence[Column] = (),
        version: str = "",
        decimal: str = "REAL",
        empties: Mapping[str, Any] | None = None,
        key: tuple[str, ...] = (),
    ) -> None:
        self.table = table
        self.key = key or table.key
        self._empties = empties or {}
        self._store, self._changes = store, changes
        self._version, self._decimal = version, decimal
        self.columns: dict[str, Column] = dict(table.columns)
        for column in hidden:
            self.columns[column.name] = column
        keys = (self.columns[name] for name in self.key)
        self.encoded = EncodedRecords(folds=any(column.edm == "Edm.String" for column in keys))
        self._refresh()
        store.on_rollback(self.encoded.clear)

    def _refresh(self) -> None:
        self.names = tuple(self.columns)
        self._sql_name = quoted(self.table.sql)
        self._select = (
            f"SELECT {', '.join(self._column(name) for name in self.names)} FROM {self._sql_name}"
        )
        self._where = " AND ".join(f"{self._column(name)}=?" for name in self.key)
        self._by_key = f"{self._select} WHERE {self._where}"
        self._delete = f"DELETE FROM {self._sql_name} WHERE {self._where}"
        self._inserts: dict[tuple[str, ...], str] = {}
        self._inserts_of_new: dict[tuple[str, ...], str] = {}
        self._updates: dict[tuple[str, ...], str] = {}

    def _column(self, name: str) -> str:
        return quoted(self.columns[name].column)

    # -- definition ---------------------------------------------------------------------------

    def redefine(self, table: Table, hidden: Sequence[Column] = ()) -> None:
        """Go on as the records of another definition of the same SQL table and the same key.

        What the store has is not touched.
        """
        self.table = table
        self.columns = {**table.columns, **{column.name: column for column in hidden}}
        self._refresh()
        self.encoded.clear()

    def create(self) -> None:
        """Create the table and the indexes of its keys, if they are not there.

        A table of an earlier definition gets the columns that it lacks.
        """
        there = {row[1] for row in self._store.read(f"PRAGMA table_info({self._sql_name})")}
        if there:
            for name in self.names:
                if self.columns[name].column not in there:
                    self._store.write(f"ALTER TABLE {self._sql_name} ADD COLUMN {self._line(name)}")
        else:
            lines = ", ".join([self._line(name) for name in self.names])
            keys = ", ".join([self._column(name) for name in self.key])
            self._store.write(f"CREATE TABLE {self._sql_name} ({lines}, PRIMARY KEY ({keys}))")
        for key_name, columns in self.table.alternate_keys.items():
            self.create_index(columns, unique=True, name=f"{self.table.sql}.{key_name}")

    def _line(self, name: str) -> str:
        """A column as it is declared."""
        must = " NOT NULL" if name in self.key else ""
        declared = sql_type(self.columns[name], self._decimal)
        if declared == "INTEGER" and self.key == (name,):
            declared = "INT"  # a key that is INTEGER is drawn when left out, not defaulted
        return f"{self._column(name)} {declared}{must}{self._default(name)}"

    def _default(self, name: str) -> str:
        value = self._empties.get(name)
        return "" if value is None else f" DEFAULT {literal(value)}"

    def create_index(self, columns: Sequence[str], *, unique: bool = False, name: str = "") -> None:
        """Create an index over wire names, if it is not there."""
        label = name or f"{self.table.sql}.ix." + ".".join(columns)
        self._store.write(
            f"CREATE {'UNIQUE ' if unique else ''}INDEX IF NOT EXISTS {quoted(label)} "
            f"ON {self._sql_name} ({', '.join(self._column(column) for column in columns)})"
        )

    def drop_index(self, name: str) -> None:
        """Drop an index by the name it was created with."""
        self._store.write(f"DROP INDEX IF EXISTS {quoted(name)}")

    def add_column(self, column: Column) -> None:
        """Add a property to the table; records there have null in it."""
        self._store.write(
            f"ALTER TABLE {self._sql_name} ADD COLUMN "
            f"{quoted(column.column)} {sql_type(column, self._decimal)}"
        )
        self.table.columns[column.name] = column
        self.columns[column.name] = column
        self._refresh()
        self.encoded.clear()

    def drop_column(self, name: str) -> None:
        """Take a property, its values and the indexes over it away."""
        column = self.columns[name].column
        for _, index, *_ in self._store.read(f"PRAGMA index_list({self._sql_name})").fetchall():
            parts = self._store.read(f"PRAGMA index_info({quoted(index)})").fetchall()
            if any(part[2] == column for part in parts):
                self.drop_index(index)
        self._store.write(f"ALTER TABLE {self._sql_name} DROP COLUMN {self._column(name)}")
        self.table.columns.pop(name, None)
        del self.columns[name]
        self._refresh()
        self.encoded.clear()

    def drop(self) -> None:
        """Take the table and its records away."""
        self._store.write(f"DROP TABLE IF EXISTS {self._sql_name}")
        self.encoded.clear()

    # -- reading ------------------------------------------------------------------------------

    def row(self, key: Key) -> tuple[Any, ...] | None:
        """The stored values of one record in the order of `names`, or None."""
        row: tuple[Any, ...] | None = self._store.read(self._by_key, key).fetchone()
        return row

    def get(self, key: Key) -> Values | None:
        """The stored values of one record by wire name, or None."""
        row = self._store.read(self._by_key, key).fetchone()
        return None if row is None else dict(zip(self.names, row, strict=True))

    def find(self, values: Mapping[str, Any], limit: int = 2) -> list[Values]:
        """Records whose columns equal all the given stored values (None finds null)."""
        conditions, parameters = [], []
        for name, value in values.items():
            if value is None:
                conditions.append(f"{self._column(name)} IS NULL")
            else:
                conditions.append(f"{self._column(name)}=?")
                parameters.append(value)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._store.read(f"{self._select}{where} LIMIT {int(limit)}", parameters)
        return [dict(zip(self.names, row, strict=True)) for row in rows]

    def exists(self, key: Key) -> bool:
        """Whether a record is there."""
        found = self._store.read(f"SELECT 1 FROM {self._sql_name} WHERE {self._where}", key)
        return found.fetchone() is not None

    def count(self) -> int:
        """How many records there are."""
        found = self._store.read_if_made(f"SELECT count(*) FROM {self._sql_name}")
        return 0 if found is None else int(found.fetchone()[0])

    def rough_count(self) -> int:
        """About how many records there are, at the cost of one step: never too few by inserts."""
        newest = self._store.read_if_made(f"SELECT max(rowid) FROM {self._sql_name}")
        return 0 if newest is None else int(newest.fetchone()[0] or 0)

    def analyze(self) -> None:
        """Let SQLite look at a sample of the table, so that it chooses indexes well."""
        self._store.write("PRAGMA analysis_limit=400")
        self._store.write(f"ANALYZE {self._sql_name}")

    # -- writing ------------------------------------------------------------------------------

    def insert(self, values: Values, *, user: str = "") -> int:
        """Store a new record; returns its version. Raises KeyExists."""
        seq = self._changes.next_seq()
        if self._version:
            values[self._version] = seq
        names = tuple(values)
        sql = self._inserts.get(names) or self._insert_sql(names)
        try:
            self._store.write(sql, tuple(values.values()))
        except sqlite3.IntegrityError as error:
            raise self._clash(error) from error
        self._created(seq, values, user)
        return seq

    def insert_new(self, values: Values, *, user: str = "") -> bool:
        """Store a new record; False, and nothing happens, when its key is there already."""
        seq = self._changes.next_seq()
        if self._version:
            values[self._version] = seq
        names = tuple(values)
        sql = self._inserts_of_new.get(names)
        if sql is None:
            sql = f"{self._insert_sql(names)} ON CONFLICT DO NOTHING"
            self._remember(self._inserts_of_new, names, sql)
        if not self._store.write(sql, tuple(values.values())).rowcount:
            return False
        self._created(seq, values, user)
        return True

    def _created(self, seq: int, values: Values, user: str) -> None:
        key = tuple([values[name] for name in self.key])
        kind = self.table.entity_type
        if self._empties and self._changes.has_hooks(kind):
            values = {**self._empties, **values}
        self._changes.record(seq, kind, key, Operation.CREATE, values, user=user)

    def seed(self, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Store first content without change log or hooks: what was there before anybody looked."""
        self._store.write_many(self._insert_sql(tuple(names)), rows)

    def update(
        self, key: Key, values: Values, *, user: str = "", version: int | None = None
    ) -> int | None:
        """Change a record; returns its new version, or None when it is not there.

        With `version`, a record of another version counts as not there. Raises KeyExists.
        """
        before = None
        if self._changes.wants_before(self.table.entity_type):
            before = self.get(key)
        seq = self._changes.next_seq()
        if self._version:
            values[self._version] = seq
        names = tuple(values)
        sql = self._updates.get(names) or self._update_sql(names)
        parameters = (*values.values(), *key)
        if version is not None:
            sql = f"{sql} AND {self._column(self._version)}=?"
            parameters = (*parameters, version)
        try:
            done = self._store.write(sql, parameters).rowcount
        except sqlite3.IntegrityError as error:
            raise self._clash(error) from error
        if not done:
            return None
        self.encoded.update(key, values)
        self._changes.record(
            seq, self.table.entity_type, key, Operation.UPDATE, values, user=user, before=before
        )
        return seq

    def update_other(
        self, key: Key, values: Values, beside: Values, *, user: str = ""
    ) -> Key | None:
        """Write `values`, with `beside`, where one of them is another there; the key as stored.

        None when nothing is written: all are there already, or there is no such record. It is one
        statement, so no hook learns of what was before.
        """
        whole = {**values, **beside}
        kind = (str(len(values)), *whole)
        sql = self._updates.get(kind) or self._update_other_sql(kind, tuple(values), tuple(whole))
        parameters = (*whole.values(), *key, *values.values())
        rows = self._store.write(sql, parameters).fetchall()
        if not rows:
            return None
        stored: Key = rows[0]
        self.encoded.update(stored, whole)
        seq, entity = self._changes.next_seq(), self.table.entity_type
        self._changes.record(seq, entity, stored, Operation.UPDATE, whole, user=user)
        return stored

    def delete(self, key: Key, *, user: str = "", version: int | None = None) -> bool:
        """Delete a record; False when it is not there (or of another version)."""
        before = None
        if self._changes.wants_before(self.table.entity_type):
            before = self.get(key)
        sql, parameters = self._delete, key
        if version is not None:
            sql, parameters = f"{sql} AND {self._column(self._version)}=?", (*key, version)
        if not self._store.write(sql, parameters).rowcount:
            return False
        self.encoded.forget(key)
        seq = self._changes.next_seq()
        self._changes.record(
            seq, self.table.entity_type, key, Operation.DELETE, {}, user=user, before=before
        )
        return True

    def _insert_sql(self, names: tuple[str, ...]) -> str:
        columns = ", ".join(self._column(name) for name in names)
        marks = ", ".join("?" * len(names))
        sql = f"INSERT INTO {self._sql_name} ({columns}) VALUES ({marks})"
        return self._remember(self._inserts, names, sql)

    def _update_sql(self, names: tuple[str, ...]) -> str:
        sets = ", ".join(f"{self._column(name)}=?" for name in names)
        sql = f"UPDATE {self._sql_name} SET {sets} WHERE {self._where}"
        return self._remember(self._updates, names, sql)

    def _update_other_sql(
        self, kind: tuple[str, ...], names: tuple[str, ...], whole: tuple[str, ...]
    ) -> str:
        """Text differs by letter case, too, which its collation would not tell."""
        others = " OR ".join(f"{self._column(name)} IS NOT ? COLLATE BINARY" for name in names)
        key = ", ".join(self._column(name) for name in self.key)
        sets = ", ".join(f"{self._column(name)}=?" for name in whole)
        sql = f"UPDATE {self._sql_name} SET {sets} WHERE {self._where} AND ({others})"
        return self._remember(self._updates, kind, f"{sql} RETURNING {key}")

    @staticmethod
    def _remember(known: dict[tuple[str, ...], str], names: tuple[str, ...], sql: str) -> str:
        if len(known) >= 256:
            known.clear()
        known[names] = sql
        return sql

    def _clash(self, error: sqlite3.IntegrityError) -> KeyExists:
        _, _, listed = str(error).partition("failed: ")
        columns = [part.rpartition(".")[2] for part in listed.split(", ")]
        wire = {column.column: name for name, column in self.columns.items()}
        return KeyExists(tuple(wire.get(column, column) for column in columns))
