"""Definitions that were changed at run time, in the store: they survive the process."""

from __future__ import annotations

import orjson

from windtunnel.contracts.entities.dataverse import OptionSet, TableDefinition
from windtunnel.contracts.entities.dataverse.documents import (
    option_set_document,
    option_set_of,
    table_document,
    table_of,
)
from windtunnel.simulator.kernel.changes import Changes, Operation
from windtunnel.simulator.kernel.store import Store

_TABLES = (
    "CREATE TABLE IF NOT EXISTS dataverse_definitions (kind TEXT NOT NULL, name TEXT NOT NULL, "
    "version INTEGER NOT NULL, document BLOB, PRIMARY KEY (kind, name))",
    "CREATE TABLE IF NOT EXISTS dataverse_deleted_definitions (version INTEGER NOT NULL, "
    "kind TEXT NOT NULL, metadata_id TEXT NOT NULL)",
)
_ENTITY = "Microsoft.Dynamics.CRM.EntityMetadata"


class SavedDefinitions:
    """Documents of changed tables and choices by name; None as document is a deleted one."""

    def __init__(self, store: Store, changes: Changes) -> None:
        self._store, self._changes = store, changes

    def create(self) -> None:
        """Create the tables of this memory, if they are not there."""
        for statement in _TABLES:
            self._store.write(statement)

    def tables(self) -> dict[str, TableDefinition | None]:
        """Changed tables by name; None was deleted."""
        return {
            name: None if document is None else table_of(orjson.loads(document))
            for name, document in self._rows("table")
        }

    def choices(self) -> dict[str, OptionSet | None]:
        """Changed global choices by name; None was deleted."""
        return {
            name: None if document is None else option_set_of(orjson.loads(document))
            for name, document in self._rows("choice")
        }

    def put_table(self, name: str, table: TableDefinition | None) -> int:
        """Remember a table, or that it was deleted; returns the version of the change."""
        document = None if table is None else orjson.dumps(table_document(table))
        return self._put("table", name, document)

    def put_choice(self, name: str, choice: OptionSet | None) -> int:
        """Remember a global choice, or that it was deleted; returns the version of the change."""
        document = None if choice is None else orjson.dumps(option_set_document(choice))
        return self._put("choice", name, document)

    def deleted(self, kind: str, metadata_id: str) -> None:
        """Remember the id of a deleted component: Entity, Attribute, Relationship, ..."""
        self._store.write(
            "INSERT INTO dataverse_deleted_definitions VALUES (?,?,?)",
            (self._changes.last, kind, metadata_id),
        )

    def deleted_since(self, version: int) -> dict[str, list[str]]:
        """Ids of components deleted after a version, by kind."""
        found: dict[str, list[str]] = {}
        for kind, metadata_id in self._store.read(
            "SELECT kind, metadata_id FROM dataverse_deleted_definitions WHERE version>? "
            "ORDER BY rowid",
            (version,),
        ).fetchall():
            found.setdefault(kind, []).append(metadata_id)
        return found

    def changed_since(self, version: int) -> set[str]:
        """Names of tables changed after a version."""
        rows = self._store.read(
            "SELECT name FROM dataverse_definitions WHERE kind='table' AND version>?", (version,)
        ).fetchall()
        return {name for (name,) in rows}

    def version(self) -> int:
        """The version of the newest change, 0 before the first."""
        row = self._store.read("SELECT max(version) FROM dataverse_definitions").fetchone()
        return int(row[0] or 0)

    def _rows(self, kind: str) -> list[tuple[str, bytes | None]]:
        return self._store.read(
            "SELECT name, document FROM dataverse_definitions WHERE kind=? ORDER BY rowid", (kind,)
        ).fetchall()

    def _put(self, kind: str, name: str, document: bytes | None) -> int:
        version = self._changes.next_seq()
        self._changes.record(version, _ENTITY, (name,), Operation.UPDATE, {})
        self._store.write(
            "INSERT INTO dataverse_definitions VALUES (?,?,?,?) ON CONFLICT (kind, name) "
            "DO UPDATE SET version=excluded.version, document=excluded.document",
            (kind, name, version, document),
        )
        return version
