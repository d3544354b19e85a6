"""Access that records inherit: what a parent is shared with reaches its children.

Source: "Configure table relationship cascading behavior" (Share, Unshare, Reparent). Inherited
rights are kept beside those that were given (`inheritedaccessrightsmask`), so that taking away the
ones leaves the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from windtunnel.contracts.entities.dataverse.roles import ACCESS
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable, Tables
from windtunnel.simulator.services.dataverse.security.shares import INHERITED, Principal, Shares

_OWNER: Final = "_ownerid_value"
_ALL: Final = sum(ACCESS.values()) & ~ACCESS["Create"]
_NONE: Final = "NoCascade"


class ChildLink(Protocol):
    """A lookup of children, with what sharing and unsharing their parent does to them."""

    @property
    def child(self) -> DataverseTable:
        """The table of the children."""
        ...

    @property
    def shares(self) -> str:
        """Which children are shared with their parent: Cascade, Active, UserOwned, NoCascade."""
        ...

    @property
    def unshares(self) -> str:
        """Which children lose what they inherited when it is taken from their parent."""
        ...

    def keys(self, parent: str) -> list[str]:
        """The records that point at `parent`."""
        ...


@dataclass(frozen=True, slots=True)
class Parents:
    """Lookups of a table that pass access on to its records: column to tables."""

    served: DataverseTable
    columns: frozenset[str]
    tables: Mapping[str, tuple[str, ...]]


class Inheritance:
    """Keeps inherited rights in step with shares, and with lookups of parents."""

    def __init__(
        self,
        tables: Tables,
        shares: Shares,
        children: Callable[[DataverseTable], tuple[ChildLink, ...]],
        owner_kind: Callable[[str], str],
        new_id: Callable[[], str],
    ) -> None:
        self._tables, self._shares, self._children = tables, shares, children
        self._owner_kind, self._new_id = owner_kind, new_id
        self._kept: dict[str, Parents] = {}

    def parents(self, served: DataverseTable) -> frozenset[str]:
        """The lookups of a table whose change makes its records inherit."""
        return self._parents(served).columns

    def _parents(self, served: DataverseTable) -> Parents:
        kept = self._kept.get(served.name)
        if kept is None or kept.served is not served:
            kept = self._kept[served.name] = _parents(served)
        return kept

    def share(
        self, served: DataverseTable, key: str, principal: Principal, before: int, after: int
    ) -> None:
        """The rights of a principal on a record have changed: pass it on to its children."""
        self._pass(served, key, principal, after & ~before, before & ~after, {key})

    def adopt(self, served: DataverseTable, key: str, row: Mapping[str, Any]) -> None:
        """Lookups of parents were set: the record inherits from the parents it has now."""
        wanted = self._from_parents(served, row)
        before = self._shares.inherited(key) if self._shares.exist else {}
        for principal in wanted.keys() | before.keys():
            mask = wanted.get(principal, 0)
            if mask != before.get(principal, 0):
                self._inherit(served, key, principal, mask, {key})

    def _pass(
        self,
        served: DataverseTable,
        key: str,
        principal: Principal,
        more: int,
        less: int,
        seen: set[str],
    ) -> None:
        for link in self._children(served):
            if (link.shares, link.unshares) == (_NONE, _NONE) or not link.child.has(_OWNER):
                continue
            for child in link.keys(key):
                row = link.child.records.get((child,))
                if child in seen or row is None:
                    continue
                given = more if self._reaches(link.shares, served, key, row) else 0
                taken = less if self._reaches(link.unshares, served, key, row) else 0
                if not (given or taken):
                    continue
                inherited = self._shares.inherited(child).get(principal, 0)
                kept = self._from_parents(link.child, row).get(principal, 0)
                mask = (inherited & ~(taken & ~kept)) | given
                if mask != inherited:
                    self._inherit(link.child, child, principal, mask, {*seen, child})

    def _inherit(
        self, served: DataverseTable, key: str, principal: Principal, mask: int, seen: set[str]
    ) -> None:
        before = self._shares.mask(key, principal[1])
        self._shares.put(served, key, principal, {INHERITED: mask}, self._new_id)
        after = self._shares.mask(key, principal[1])
        self._pass(served, key, principal, after & ~before, before & ~after, seen)

    def _reaches(self, rule: str, served: DataverseTable, key: str, row: Mapping[str, Any]) -> bool:
        if rule == "Active":
            return not row.get("statecode")
        if rule == "UserOwned":
            parent = served.records.get((key,)) or {}
            return row.get(_OWNER) == parent.get(_OWNER)
        return rule == "Cascade"

    def _from_parents(self, served: DataverseTable, row: Mapping[str, Any]) -> dict[Principal, int]:
        """What a record inherits from the parents it has."""
        found: dict[Principal, int] = {}
        for key, owner in self._parents_of(served, row):
            if owner is not None and owner != row.get(_OWNER):
                found[self._owner_kind(owner), owner] = _ALL
            if self._shares.exist:
                for kind, principal, mask in self._shares.all_of(key):
                    found[kind, principal] = found.get((kind, principal), 0) | mask
        return found

    def _parents_of(
        self, served: DataverseTable, row: Mapping[str, Any]
    ) -> Iterator[tuple[str, str | None]]:
        """(key, owner) of the parents that a record has."""
        for column, targets in self._parents(served).tables.items():
            key = row.get(column)
            if key is None:
                continue
            for table in targets:
                there = self._tables.by_name.get(table)
                found = None if there is None else self._shares.owner_of(there, key)
                if found is not None:
                    yield str(key), found[0]
                    break


def _parents(served: DataverseTable) -> Parents:
    found: dict[str, list[str]] = {}
    owned = served.has(_OWNER)
    for relation in served.definition.relations.values():
        if relation.collection or not owned:
            continue
        cascade = relation.facts.get("CascadeConfiguration") or {}
        if cascade.get("Reparent", _NONE) != _NONE:
            found.setdefault(relation.pairs[0][0], []).append(relation.target)
    tables = {column: tuple(dict.fromkeys(targets)) for column, targets in found.items()}
    return Parents(served, frozenset(tables), tables)
