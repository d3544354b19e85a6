"""Which components need which: relationships, columns, keys and choices of the definitions.

Source: "Dependency tracking for solution components", "Dependency table".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from windtunnel.contracts.entities.dataverse import OptionSet, TableDefinition
from windtunnel.contracts.entities.dataverse.definitions import metadata_id
from windtunnel.simulator.services.dataverse.model.metadata import relationships, shapes

ENTITY, ATTRIBUTE, OPTION_SET, RELATIONSHIP, KEY = 1, 2, 9, 10, 14
PUBLISHED: Final = 2
"""The kind of a dependency between published components."""


@dataclass(frozen=True, slots=True)
class Component:
    """A component by type and id; `parent` is the table that it is part of."""

    kind: int
    id: str
    parent: str | None = None


Needs = tuple[Component, Component]
"""(dependent, required)."""


def every(
    tables: Mapping[str, TableDefinition], choices: Mapping[str, OptionSet]
) -> Iterator[Needs]:
    """All dependencies of the definitions that are served."""
    for table in tables.values():
        yield from _of_columns(table, choices)
        yield from _of_keys(table)
        yield from _of_lookups(table, tables)
        for shape in relationships.many_to_many(table, tables):
            made = Component(RELATIONSHIP, str(shape["MetadataId"]))
            yield made, Component(ENTITY, table.metadata_id)


def _column(table: TableDefinition, name: str) -> Component:
    column = table.columns[name]
    identity = shapes.column_id(table.logical_name, column)
    return Component(ATTRIBUTE, identity, table.metadata_id)


def _of_columns(table: TableDefinition, choices: Mapping[str, OptionSet]) -> Iterator[Needs]:
    for column in table.columns.values():
        choice = choices.get(column.option_set) if column.option_set else None
        if choice is not None:
            yield _column(table, column.name), Component(OPTION_SET, choice.metadata_id)


def _of_keys(table: TableDefinition) -> Iterator[Needs]:
    by_logical = {column.logical_name: column.name for column in table.columns.values()}
    for shape in shapes.key_shapes(table):
        key = Component(KEY, str(shape["MetadataId"]), table.metadata_id)
        for name in shape["KeyAttributes"]:
            if name in by_logical:
                yield key, _column(table, by_logical[name])


def _of_lookups(table: TableDefinition, tables: Mapping[str, TableDefinition]) -> Iterator[Needs]:
    for relation in table.relations.values():
        target = tables.get(relation.target)
        own = relation.pairs[0][0]
        if relation.collection or target is None or own not in table.columns:
            continue
        name = relationships.schema_name_of(table, relation)
        link = Component(RELATIONSHIP, relationships.relationship_id(name, relation))
        yield link, _column(table, own)
        if target is not table:
            yield link, Component(ENTITY, target.metadata_id)
            yield _column(table, own), Component(ENTITY, target.metadata_id)


def prevents_delete(dependent: Component, required: Component) -> bool:
    """Whether a component cannot be deleted while the other is there.

    With a table go the relationships that lead to it, and the lookups behind them.
    """
    return required.kind != ENTITY or dependent.kind == KEY


def shown(needs: Needs) -> dict[str, Any]:
    """A row of `dependency`."""
    dependent, required = needs
    return {
        "dependencyid": metadata_id("dependency", dependent.id, required.id),
        "dependencytype": PUBLISHED,
        "requiredcomponentobjectid": required.id,
        "requiredcomponenttype": required.kind,
        "requiredcomponentparentid": required.parent,
        "dependentcomponentobjectid": dependent.id,
        "dependentcomponenttype": dependent.kind,
        "dependentcomponentparentid": dependent.parent,
    }
