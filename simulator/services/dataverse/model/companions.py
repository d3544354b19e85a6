"""Columns that only repeat others: `createdbyname`, `owneridtype`, `statecodename` and their kin.

They are listed among the attributes of a table (`AttributeOf`) and can be named in FetchXML; OData
knows nothing of them. Which columns have which was counted in the definitions of a real table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from windtunnel.contracts.entities.dataverse import ColumnDefinition, TableDefinition

_LOOKUPS: Final = frozenset({"Lookup", "Customer", "Owner"})
_CHOICES: Final = frozenset({"Picklist", "State", "Status", "Boolean", "MultiSelectPicklist"})
_WITHOUT: Final = frozenset({"owninguser", "owningteam"})
SPOKEN: Final[Mapping[str, str]] = {
    "systemuser": "yomifullname",
    "contact": "yomifullname",
    "lead": "yomifullname",
    "account": "yominame",
    "team": "yominame",
}
"""The column of a table that has its name as it is spoken."""
_LONGEST: Final = 100
_CLOSED: Final[Mapping[str, Any]] = {
    "IsValidForCreate": False,
    "IsValidForUpdate": False,
    "IsValidForForm": False,
    "IsValidForGrid": False,
    "IsRequiredForForm": False,
    "IsRetrievable": False,
    "CanBeSecuredForRead": False,
    "CanBeSecuredForCreate": False,
    "CanBeSecuredForUpdate": False,
    "IsLogical": True,
}


@dataclass(frozen=True, slots=True)
class Companion:
    """A column that repeats `of`. `kind` is name, yominame or type."""

    of: ColumnDefinition
    kind: str
    column: ColumnDefinition


def companions(definition: TableDefinition) -> Iterator[Companion]:
    """The companions of a table's columns, where no column of its own has the name."""
    known = {column.logical_name for column in definition.columns.values()}
    targets: dict[str, set[str]] = {}
    for relation in definition.relations.values():
        if not relation.collection:
            targets.setdefault(relation.pairs[0][0], set()).add(relation.target)
    for column in definition.columns.values():
        there = targets.get(column.name, set())
        if column.logical_name == "ownerid":
            there = {"systemuser", "team"}
        for kind in _kinds(column, there):
            name = f"{column.logical_name}{kind}"
            if name not in known:
                yield Companion(column, kind, _column(column, name, kind))


def companion(definition: TableDefinition, name: str) -> Companion | None:
    """The companion of this name."""
    if not name.endswith(("name", "type")):
        return None
    return next((found for found in companions(definition) if found.column.name == name), None)


def _kinds(column: ColumnDefinition, targets: Collection[str]) -> Iterator[str]:
    if column.logical_name in _WITHOUT:
        return
    if column.type in _CHOICES:
        yield "name"
    elif column.type in _LOOKUPS:
        yield "name"
        if not SPOKEN.keys().isdisjoint(targets):
            yield "yominame"
        if column.type != "Lookup":
            yield "type"


def _column(of: ColumnDefinition, name: str, kind: str) -> ColumnDefinition:
    schema = of.schema_name or of.logical_name
    facts = {**_CLOSED, "AttributeOf": of.logical_name}
    if kind == "type":
        # Whoever sets an owner or a customer may say of which table it is.
        facts |= {"IsValidForCreate": True, "IsValidForUpdate": True, "IsLogical": False}
        facts |= {"IsEntityReferenceStored": True}
        return _made(of, name, "EntityName", f"{schema}Type", facts)
    if of.type in _CHOICES:
        return _made(of, name, "Virtual", f"{schema}Name", facts)
    if kind == "yominame":
        facts["YomiOf"] = f"{of.logical_name}name"
        return _made(of, name, "String", f"{schema}YomiName", facts)
    return _made(of, name, "String", f"{schema}Name", facts)


def _made(
    of: ColumnDefinition, name: str, kind: str, schema_name: str, facts: Mapping[str, Any]
) -> ColumnDefinition:
    return ColumnDefinition(
        name,
        kind,
        "Edm.String",
        max_length=_LONGEST if kind == "String" else None,
        is_custom=of.is_custom,
        schema_name=schema_name,
        facts=facts,
    )
