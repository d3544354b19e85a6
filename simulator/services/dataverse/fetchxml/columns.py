"""Columns by their logical names: as SQL, as labels to sort by, as results with their form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from windtunnel.contracts.entities.dataverse import ColumnDefinition
from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.odata.pieces import Piece
from windtunnel.simulator.services.dataverse import query_errors
from windtunnel.simulator.services.dataverse.model.annotations import targets_of
from windtunnel.simulator.services.dataverse.model.conditions import Subject
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable, Tables

_CHOICES = frozenset({"Picklist", "State", "Status"})


@dataclass(frozen=True, slots=True)
class Place:
    """A table under an SQL alias; `name` is how the query calls it, empty for the entity."""

    served: DataverseTable
    alias: str
    name: str = ""

    def sql(self, column: str) -> str:
        """A column by wire name."""
        return f"{self.alias}.{quoted(column)}"


@dataclass(frozen=True, slots=True)
class Output:
    """One property of a result row. `form` is how it reads: column, count or a date's part."""

    key: str
    served: DataverseTable
    column: ColumnDefinition
    form: str = "column"
    is_aliased: bool = False


def find(served: DataverseTable, name: str) -> ColumnDefinition:
    """A column by logical name. Raises NoAttribute."""
    columns = served.definition.columns
    column = columns.get(f"_{name}_value") or columns.get(name)
    if column is None or column.logical_name != name:
        raise query_errors.NoAttribute(table=served.name, name=name)
    return column


def subject(tables: Tables, place: Place, name: str) -> Subject:
    """What a condition compares: a column, or the name behind a lookup or a choice (`…name`)."""
    base = name[:-4] if name.endswith("name") else ""
    columns = place.served.definition.columns
    if base and name not in columns and (f"_{base}_value" in columns or base in columns):
        column = find(place.served, base)
        piece = label(tables, place, column)
        if piece is not None:
            shown = ColumnDefinition(name, "String", "Edm.String")
            return Subject(piece, shown, place.served.name)
    column = find(place.served, name)
    return Subject(plain(place, column), column, place.served.name)


def plain(place: Place, column: ColumnDefinition) -> Piece:
    """The column as it is stored."""
    return Piece(place.sql(column.name), (), column.edm)


def label(tables: Tables, place: Place, column: ColumnDefinition) -> Piece | None:
    """What a user sees of a lookup or a choice; None for other columns."""
    if column.type in _CHOICES and column.options:
        whens = " ".join(["WHEN ? THEN ?"] * len(column.options))
        values: list[Any] = []
        for option in column.options:
            values += [option.value, option.label]
        text = f"(CASE {place.sql(column.name)} {whens} END) COLLATE NOCASE"
        return Piece(text, tuple(values), "Edm.String")
    if column.type not in {"Lookup", "Customer", "Owner"}:
        return None
    names = []
    for _, target in targets_of(place.served).get(column.name, []):
        other = tables.by_name.get(target)
        if other is None or not other.has(other.definition.primary_name):
            continue
        names.append(
            f"(SELECT {quoted(other.definition.primary_name)} FROM {quoted(other.table.sql)} "
            f"WHERE {quoted(other.primary_id)} = {place.sql(column.name)})"
        )
    if not names:
        return None
    text = names[0] if len(names) == 1 else f"coalesce({', '.join(names)})"
    return Piece(f"{text} COLLATE NOCASE", (), "Edm.String")
