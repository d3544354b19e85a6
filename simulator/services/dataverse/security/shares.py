"""Records shared with users and teams: rows of principalobjectaccess.

Source: "Sharing and assigning".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from windtunnel.contracts.entities.dataverse.roles import ACCESS
from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable, Tables

TABLE = "principalobjectaccess"
_OWNER = "_ownerid_value"
GIVEN, INHERITED = "accessrightsmask", "inheritedaccessrightsmask"

Principal: TypeAlias = tuple[str, str]
"""A user or a team: its table and its id."""


class Shares:
    """Who was given which rights on which records."""

    def __init__(self, store: Store, tables: Tables) -> None:
        self._store, self._tables = store, tables
        self.exist = False
        """Whether anything was ever shared: nothing to clean up after a delete otherwise."""

    def prepare(self) -> None:
        """Create the indexes that checks and filters search by."""
        records = self._tables.by_name[TABLE].records
        records.create_index(("objectid",))
        records.create_index(("principalid",))
        self.exist = records.count() > 0

    def has(self, principals: tuple[str, ...], key: str, right: str) -> bool:
        """Whether one of these was given a right on a record."""
        bit = ACCESS[right]
        return any(
            row["principalid"] in principals and _rights(row) & bit for row in self._rows(key)
        )

    def of(self, key: str) -> list[tuple[str, str, int]]:
        """(table of the principal, its id, rights) of everybody a record is shared with."""
        return sorted(
            (row["principaltypecode"], row["principalid"], row[GIVEN])
            for row in self._rows(key)
            if row[GIVEN]
        )

    def all_of(self, key: str) -> list[tuple[str, str, int]]:
        """The same with the rights that the record inherited."""
        return [
            (row["principaltypecode"], row["principalid"], _rights(row)) for row in self._rows(key)
        ]

    def inherited(self, key: str) -> dict[Principal, int]:
        """The rights that a record inherited, by principal."""
        return {
            (row["principaltypecode"], row["principalid"]): row[INHERITED]
            for row in self._rows(key)
            if row[INHERITED]
        }

    def put(
        self,
        served: DataverseTable,
        key: str,
        principal: Principal,
        masks: dict[str, int],
        new_id: Callable[[], str],
    ) -> None:
        """Let a principal have these rights and no others, `GIVEN` or `INHERITED`; 0 is none."""
        records = self._tables.by_name[TABLE].records
        found = self._find(key, principal[1])
        if found:
            if _rights({**found[0], **masks}):
                records.update((found[0][f"{TABLE}id"],), dict(masks))
            else:
                records.delete((found[0][f"{TABLE}id"],))
        elif any(masks.values()):
            self.exist = True
            values: dict[str, Any] = {
                f"{TABLE}id": new_id(),
                "objectid": key,
                "objecttypecode": served.name,
                "principalid": principal[1],
                "principaltypecode": principal[0],
                GIVEN: 0,
                INHERITED: 0,
                **masks,
            }
            records.insert(values)

    def owner_of(self, served: DataverseTable, key: str) -> tuple[str | None] | None:
        """The owner of a record, in a tuple; None where there is no such record."""
        shown = quoted(_OWNER) if served.has(_OWNER) else "NULL"
        sql = (
            f"SELECT {shown} FROM {quoted(served.table.sql)} WHERE {quoted(served.primary_id)} = ?"
        )
        row = self._store.read(sql, (key,)).fetchone()
        return None if row is None else (row[0],)

    def given(self, key: str, principal: str) -> int:
        """The rights a principal was given on a record."""
        rows = self._find(key, principal)
        return int(rows[0][GIVEN] or 0) if rows else 0

    def mask(self, key: str, principal: str) -> int:
        """The rights a principal has on a record, given or inherited."""
        rows = self._find(key, principal)
        return _rights(rows[0]) if rows else 0

    def _find(self, key: str, principal: str) -> list[dict[str, Any]]:
        records = self._tables.by_name[TABLE].records
        return records.find({"objectid": key, "principalid": principal}, 1)

    def _rows(self, key: str) -> list[dict[str, Any]]:
        return self._tables.by_name[TABLE].records.find({"objectid": key}, 10_000)

    def forget(self, key: str) -> None:
        """A record is gone, and what was shared of it."""
        records = self._tables.by_name[TABLE].records
        for row in self._rows(key):
            records.delete((row[f"{TABLE}id"],))


def _rights(row: Mapping[str, Any]) -> int:
    return int(row[GIVEN] or 0) | int(row[INHERITED] or 0)
