"""Columns by their logical names: as SQL, as labels to sort by, as results with their form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from windtunnel.contracts.entities.dataverse import ColumnDefinition, Option
from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.odata.pieces import Piece
from windtunnel.simulator.services.dataverse import query_errors
from windtunnel.simulator.services.dataverse.model.annotations import targets_of
from windtunnel.simulator.services.dataverse.model.companions import (
    SPOKEN,
    Companion,
    companion,
)
from windtunnel.simulator.services.dataverse.model.conditions import Subject
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable, Tables

_CHOICES = frozenset({"Picklist", "State", "Status"})
_YES_NO = (Option(0, "No"), Option(1, "Yes"))


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
    """What a condition compares: a column, or what a companion of one shows (`…name`)."""
    repeated = companion(place.served.definition, name)
    piece = None if repeated is None else shown(tables, place, repeated)
    if repeated is not None and piece is not None:
        kind = "Integer" if repeated.kind == "type" else "String"
        column = ColumnDefinition(name, kind, piece.edm)
        return Subject(piece, column, place.served.name)
    column = find(place.served, name)
    return Subject(plain(place, column), column, place.served.name)


def shown(tables: Tables, place: Place, repeated: Companion) -> Piece | None:
    """What a companion says: the name behind a column, or the number of the table behind it."""
    if repeated.kind == "type":
        return _table_number(tables, place, repeated.of)
    if repeated.of.type == "Boolean":
        return _option_names(place, repeated.of, repeated.of.options or _YES_NO)
    return label(tables, place, repeated.of, spoken=repeated.kind == "yominame")


def _table_number(tables: Tables, place: Place, column: ColumnDefinition) -> Piece | None:
    whens = [
        f"WHEN EXISTS (SELECT 1 FROM {quoted(other.table.sql)} "
        f"WHERE {quoted(other.primary_id)} = {place.sql(column.name)}) "
        f"THEN {other.definition.object_type_code}"
        for other in _behind(tables, place, column)
    ]
    return Piece(f"(CASE {' '.join(whens)} END)", (), "Edm.Int32") if whens else None


def _behind(tables: Tables, place: Place, column: ColumnDefinition) -> list[DataverseTable]:
    targets = [target for _, target in targets_of(place.served).get(column.name, [])]
    if column.logical_name == "ownerid":
        targets = ["systemuser", "team"]
    return [tables.by_name[name] for name in dict.fromkeys(targets) if name in tables.by_name]


def plain(place: Place, column: ColumnDefinition) -> Piece:
    """The column as it is stored."""
    return Piece(place.sql(column.name), (), column.edm)


def _option_names(place: Place, column: ColumnDefinition, options: tuple[Option, ...]) -> Piece:
    whens = " ".join(["WHEN ? THEN ?"] * len(options))
    values: list[Any] = []
    for option in options:
        values += [option.value, option.label]
    text = f"(CASE {place.sql(column.name)} {whens} END) COLLATE NOCASE"
    return Piece(text, tuple(values), "Edm.String")


def label(
    tables: Tables, place: Place, column: ColumnDefinition, *, spoken: bool = False
) -> Piece | None:
    """What a user sees of a lookup or a choice; None for other columns."""
    if column.type in _CHOICES and column.options:
        return _option_names(place, column, column.options)
    if column.type not in {"Lookup", "Customer", "Owner"}:
        return None
    names = []
    for other in _behind(tables, place, column):
        name = SPOKEN.get(other.name, "") if spoken else other.definition.primary_name
        if not other.has(name):
            continue
        names.append(
            f"(SELECT {quoted(name)} FROM {quoted(other.table.sql)} "
            f"WHERE {quoted(other.primary_id)} = {place.sql(column.name)})"
        )
    if not names:
        return None
    text = names[0] if len(names) == 1 else f"coalesce({', '.join(names)})"
    return Piece(f"{text} COLLATE NOCASE", (), "Edm.String")
