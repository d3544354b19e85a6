"""The kept form of imported definitions: a list per member of all columns, and of all relations.

Written beside the documents that were read, for the next start only; `packed` and `opened` are the
two ways. What a $metadata document of ten megabytes tells is read in a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import islice
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
_COLUMN = tuple(field.name for field in fields(ColumnDefinition))
_RELATION = tuple(field.name for field in fields(Relation))
_TABLE = tuple(field.name for field in fields(TableDefinition))
_OPTION = attrgetter(*(field.name for field in fields(Option)))
_OPTIONS = _COLUMN.index("options")
_PAIRS = (_RELATION.index("pairs"), _RELATION.index("far_pairs"))


def packed(tables: Iterable[TableDefinition], choices: Iterable[OptionSet]) -> bytes:
    """Definitions as bytes that `opened` reads."""
    columns: list[ColumnDefinition] = []
    relations: list[Relation] = []
    places: dict[int, int] = {}
    kept = []
    for table in tables:
        for column in table.columns.values():
            if id(column) not in places:
                places[id(column)] = len(columns)
                columns.append(column)
        row: dict[str, Any] = {name: getattr(table, name) for name in _TABLE}
        row["columns"] = [places[id(column)] for column in table.columns.values()]
        row["relations"] = len(table.relations)
        relations += table.relations.values()
        kept.append(row)
    described = _members(columns, _COLUMN)
    described[_OPTIONS] = [list(map(_OPTION, options)) for options in described[_OPTIONS]]
    found = {
        "columns": described,
        "relations": _members(relations, _RELATION),
        "tables": kept,
        "choices": [option_set_document(choice) for choice in choices],
    }
    return orjson.dumps(found, option=orjson.OPT_NON_STR_KEYS)


def opened(data: bytes) -> tuple[list[TableDefinition], list[OptionSet]]:
    """What `packed` wrote. Raises ValueError for other bytes."""
    found = orjson.loads(data)
    columns = _columns(found["columns"])
    relations = _relations(found["relations"])
    tables = [_table(row, columns, relations) for row in found["tables"]]
    return tables, [option_set_of(choice) for choice in found["choices"]]


def _members(objects: Sequence[Any], names: Iterable[str]) -> list[Row]:
    return [list(map(attrgetter(name), objects)) for name in names]


def _columns(members: list[Row]) -> list[ColumnDefinition]:
    members[_OPTIONS] = [
        tuple([Option(*option) for option in options]) if options else ()
        for options in members[_OPTIONS]
    ]
    return list(map(ColumnDefinition, *members))


def _relations(members: list[Row]) -> Iterator[Relation]:
    for place in _PAIRS:
        members[place] = [tuple(map(tuple, pairs)) if pairs else () for pairs in members[place]]
    return map(Relation, *members)


def _table(
    row: dict[str, Any], columns: list[ColumnDefinition], relations: Iterator[Relation]
) -> TableDefinition:
    listed = [columns[place] for place in row["columns"]]
    row["columns"] = {column.name: column for column in listed}
    row["relations"] = {one.name: one for one in islice(relations, row["relations"])}
    row["keys"] = {name: tuple(names) for name, names in row["keys"].items()}
    row["default_status"] = {int(k): status for k, status in row["default_status"].items()}
    return TableDefinition(**row)
