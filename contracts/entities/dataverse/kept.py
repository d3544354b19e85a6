"""The kept form of imported definitions: rows without names of members, shared columns once.

Written beside the documents that were read, for the next start only; `packed` and `opened` are the
two ways. What a $metadata document of ten megabytes tells is read in a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from typing import Any

import orjson

from windtunnel.contracts.entities.dataverse.definitions import (
    ColumnDefinition,
    Option,
    OptionSet,
    Relation,
    TableDefinition,
)
from windtunnel.contracts.entities.dataverse.documents import option_set_document, option_set_of

Row = list[Any]
_COLUMN = attrgetter(*(field.name for field in fields(ColumnDefinition)))
_RELATION = attrgetter(*(field.name for field in fields(Relation)))
_TABLE = tuple(field.name for field in fields(TableDefinition))
_OPTION = attrgetter(*(field.name for field in fields(Option)))
_OPTIONS = [field.name for field in fields(ColumnDefinition)].index("options")
_PAIRS, _FAR_PAIRS = (
    [field.name for field in fields(Relation)].index(name) for name in ("pairs", "far_pairs")
)


def packed(tables: Iterable[TableDefinition], choices: Iterable[OptionSet]) -> bytes:
    """Definitions as bytes that `opened` reads."""
    columns: list[Row] = []
    places: dict[int, int] = {}
    kept = []
    for table in tables:
        for column in table.columns.values():
            if id(column) not in places:
                places[id(column)] = len(columns)
                columns.append(_column_row(column))
        row: dict[str, Any] = {name: getattr(table, name) for name in _TABLE}
        row["columns"] = [places[id(column)] for column in table.columns.values()]
        row["relations"] = [_RELATION(relation) for relation in table.relations.values()]
        kept.append(row)
    found = {
        "columns": columns,
        "tables": kept,
        "choices": [option_set_document(choice) for choice in choices],
    }
    return orjson.dumps(found, option=orjson.OPT_NON_STR_KEYS)


def opened(data: bytes) -> tuple[list[TableDefinition], list[OptionSet]]:
    """What `packed` wrote. Raises ValueError for other bytes."""
    found = orjson.loads(data)
    columns = [_column(row) for row in found["columns"]]
    tables = [_table(row, columns) for row in found["tables"]]
    return tables, [option_set_of(choice) for choice in found["choices"]]


def _column_row(column: ColumnDefinition) -> Row:
    row: Row = list(_COLUMN(column))
    row[_OPTIONS] = [_OPTION(option) for option in column.options]
    return row


def _column(row: Row) -> ColumnDefinition:
    row[_OPTIONS] = tuple([Option(*option) for option in row[_OPTIONS]]) if row[_OPTIONS] else ()
    return ColumnDefinition(*row)


def _relation(row: Row) -> Relation:
    row[_PAIRS] = tuple([(own, other) for own, other in row[_PAIRS]])
    if row[_FAR_PAIRS]:
        row[_FAR_PAIRS] = tuple([(own, other) for own, other in row[_FAR_PAIRS]])
    else:
        row[_FAR_PAIRS] = ()
    return Relation(*row)


def _table(row: dict[str, Any], columns: list[ColumnDefinition]) -> TableDefinition:
    listed = [columns[place] for place in row["columns"]]
    row["columns"] = {column.name: column for column in listed}
    row["relations"] = {relation[0]: _relation(relation) for relation in row["relations"]}
    row["keys"] = {name: tuple(names) for name, names in row["keys"].items()}
    row["default_status"] = {int(k): status for k, status in row["default_status"].items()}
    return TableDefinition(**row)
