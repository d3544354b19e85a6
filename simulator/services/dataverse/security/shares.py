"""Records shared with users and teams: rows of principalobjectaccess.

Source: "Sharing and assigning".
"""

from __future__ import annotations

from typing import Any

from windtunnel.contracts.entities.dataverse.roles import ACCESS
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable, Tables

TABLE = "principalobjectaccess"


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
        rows = self._tables.by_name[TABLE].records.find({"objectid": key}, 10_000)
        return any(
            row["principalid"] in principals and (row["accessrightsmask"] or 0) & bit
            for row in rows
        )

    def of(self, key: str) -> list[tuple[str, str, int]]:
        """(table of the principal, its id, rights) of everybody a record is shared with."""
        rows = self._tables.by_name[TABLE].records.find({"objectid": key}, 10_000)
        return sorted(
            (row["principaltypecode"], row["principalid"], row["accessrightsmask"])
            for row in rows
            if row["accessrightsmask"]
        )

    def set(
        self, served: DataverseTable, key: str, principal: tuple[str, str], mask: int, key_id: str
    ) -> None:
        """Give a principal (table, id) these rights and no others; 0 takes all away."""
        records = self._tables.by_name[TABLE].records
        found = records.find({"objectid": key, "principalid": principal[1]}, 1)
        if found and mask:
            records.update((found[0][f"{TABLE}id"],), {"accessrightsmask": mask})
        elif found:
            records.delete((found[0][f"{TABLE}id"],))
        elif mask:
            self.exist = True
            values: dict[str, Any] = {
                f"{TABLE}id": key_id,
                "objectid": key,
                "objecttypecode": served.name,
                "principalid": principal[1],
                "principaltypecode": principal[0],
                "accessrightsmask": mask,
                "inheritedaccessrightsmask": 0,
            }
            records.insert(values)

    def mask(self, key: str, principal: str) -> int:
        """The rights a principal was given on a record."""
        records = self._tables.by_name[TABLE].records
        rows = records.find({"objectid": key, "principalid": principal}, 1)
        return int(rows[0]["accessrightsmask"] or 0) if rows else 0

    def forget(self, key: str) -> None:
        """A record is gone, and what was shared of it."""
        records = self._tables.by_name[TABLE].records
        for row in records.find({"objectid": key}, 10_000):
            records.delete((row[f"{TABLE}id"],))
