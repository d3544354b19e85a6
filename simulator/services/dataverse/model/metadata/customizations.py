"""The one place where definitions change at run time: SQL, what is served and what is saved."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace

from windtunnel.contracts.entities.dataverse import (
    ColumnDefinition,
    OptionSet,
    TableDefinition,
)
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.odata.schema import Column
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.metadata.saved import SavedDefinitions
from windtunnel.simulator.services.dataverse.model.metadata.shapes import column_id
from windtunnel.simulator.services.dataverse.model.tables import Tables

KEY_INDEX_SECONDS = 1.0
"""How long the index of a new alternate key is under construction, by the clock."""


class Customizations:
    """Changes of definitions: each all or nothing, durable with the transaction it is part of."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        timers: Timers,
        ids: Ids,
        tables: Tables,
        saved: SavedDefinitions,
    ) -> None:
        self.store, self.clock, self.ids, self.tables, self.saved = store, clock, ids, tables, saved
        self._timers = timers
        self._base: dict[str, TableDefinition] = {}
        self._base_choices: dict[str, OptionSet] = {}
        self._listeners: list[Callable[[], None]] = []
        self._uncommitted = False
        store.on_commit(self._committed)
        store.on_rollback(self._rolled_back)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` when definitions changed: what follows from them must be forgotten."""
        self._listeners.append(listener)

    # -- the saved state ----------------------------------------------------------------------

    def prepare(self) -> None:
        """Take what is served now as the base, and the saved changes upon it."""
        self._base = dict(self.tables.definitions)
        self._base_choices = dict(self.tables.choices)
        self.saved.create()
        self.load()

    def load(self) -> None:
        """Serve the base with the changes that the store has: after a start, reset or rollback."""
        wanted = dict(self._base)
        for name, table in self.saved.tables().items():
            if table is None:
                wanted.pop(name, None)
            else:
                wanted[name] = table
        for name in [name for name in self.tables.definitions if name not in wanted]:
            self.tables.remove(name)
        served = self.tables.definitions
        self.tables.add([t for n, t in wanted.items() if n not in served or served[n] != t])
        choices = {**self._base_choices, **self.saved.choices()}
        self.tables.choices = {n: choice for n, choice in choices.items() if choice is not None}
        self.tables.stamp = self.saved.version()
        self._uncommitted = False
        self._tell()
        for name, table in wanted.items():
            for key, facts in table.key_facts.items():
                if facts.get("EntityKeyIndexStatus") == "Pending":
                    self._build_later(name, key)

    def _committed(self) -> None:
        self._uncommitted = False

    def _rolled_back(self) -> None:
        if self._uncommitted:
            self.load()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    @contextmanager
    def changing(self) -> Generator[None]:
        """Several changes, all or nothing."""
        self._uncommitted = True
        with self.store.atomic():
            yield
        self._tell()

    # -- tables -------------------------------------------------------------------------------

    def table(self, name: str) -> TableDefinition:
        """A table by its logical name. Raises TableNotFound."""
        found = self.tables.definitions.get(name.lower())
        if found is None:
            raise errors.TableNotFound(name=name)
        return found

    def put(self, table: TableDefinition) -> None:
        """Serve and save a table, new or changed; its columns and indexes follow."""
        name = table.logical_name
        served = self.tables.by_name.get(name)
        if served is not None:
            older = served.definition
            served.records.create()
            for key in older.keys:
                if table.keys.get(key) != older.keys[key]:
                    served.records.drop_index(f"{served.table.sql}.{key}")
            for column in [c for c in older.columns if c not in table.columns]:
                served.records.drop_column(column)
            for column, definition in table.columns.items():
                if column not in older.columns:
                    served.records.add_column(Column(column, definition.edm))
        self.tables.add([table])
        self.tables.create_one(self.tables.by_name[name])
        self.tables.stamp = self.saved.put_table(name, table)

    def remove(self, name: str) -> None:
        """Drop a table with its records."""
        table = self.table(name)
        self.tables.by_name[name].records.drop()
        self.tables.remove(name)
        self.tables.stamp = self.saved.put_table(name, None)
        self.saved.deleted("Entity", table.metadata_id)
        for column in table.columns.values():
            self.saved.deleted("Attribute", column_id(name, column))

    def put_choice(self, choice: OptionSet) -> None:
        """Serve and save a global choice, and the columns that take their options from it."""
        self.tables.choices[choice.name] = choice
        self.tables.stamp = self.saved.put_choice(choice.name, choice)
        self.tables.version += 1
        for table in list(self.tables.definitions.values()):
            if any(column.option_set == choice.name for column in table.columns.values()):
                columns = {
                    name: using(column, choice) if column.option_set == choice.name else column
                    for name, column in table.columns.items()
                }
                self.put(replace(table, columns=columns))

    def remove_choice(self, choice: OptionSet) -> None:
        """Serve a global choice no longer."""
        del self.tables.choices[choice.name]
        self.tables.stamp = self.saved.put_choice(choice.name, None)
        self.tables.version += 1
        self.saved.deleted("OptionSet", choice.metadata_id)

    # -- indexes of alternate keys ------------------------------------------------------------

    def build_key(self, table: str, key: str) -> None:
        """Begin to build the index of a key that its table's `key_facts` have as pending."""
        self._build_later(table, key)

    def _build_later(self, table: str, key: str) -> None:
        self._timers.call_later(KEY_INDEX_SECONDS, lambda: self._build_now(table, key))

    def _build_now(self, name: str, key: str) -> None:
        table = self.tables.definitions.get(name)
        facts = None if table is None else table.key_facts.get(key)
        if table is None or facts is None or facts.get("EntityKeyIndexStatus") != "Pending":
            return
        columns = tuple(
            next(c.name for c in table.columns.values() if c.logical_name == logical)
            for logical in facts["KeyAttributes"]
        )
        served = self.tables.by_name[name]
        try:
            with self.store.atomic():
                served.records.create_index(columns, unique=True, name=f"{name}.{key}")
        except sqlite3.IntegrityError:
            status = "Failed"
        else:
            status = "Active"
        known = {**table.key_facts, key: {**facts, "EntityKeyIndexStatus": status}}
        keys = {**table.keys, key: columns} if status == "Active" else table.keys
        with self.changing():
            self.put(replace(table, keys=keys, key_facts=known))
        self.store.commit()


def using(column: ColumnDefinition, choice: OptionSet) -> ColumnDefinition:
    """The column with the options and the facts of the global choice it uses."""
    facts = {**column.facts, "OptionSet": {**choice.facts, "MetadataId": choice.metadata_id}}
    return replace(column, option_set=choice.name, options=choice.options, facts=facts)
