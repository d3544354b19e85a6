"""Table definitions as plain JSON values and back: for the store and for caches of imports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import orjson

from windtunnel.contracts.entities.dataverse.definitions import (
    ColumnDefinition,
    Option,
    OptionSet,
    Relation,
    TableDefinition,
)

Json = dict[str, Any]
_Kind = TypeVar("_Kind", Option, ColumnDefinition, Relation, TableDefinition, OptionSet)


@cache
def standard_tables() -> tuple[TableDefinition, ...]:
    """The standard tables that ship with windtunnel: `tables.jsonl`, a table on each line."""
    lines = files("windtunnel.contracts.entities.dataverse").joinpath("tables.jsonl").read_bytes()
    return tuple([table_of(orjson.loads(line)) for line in lines.splitlines()])


@cache
def standard_choices() -> Mapping[str, OptionSet]:
    """The global choices that ship with windtunnel, by name: `choices.jsonl`, one on each line."""
    lines = files("windtunnel.contracts.entities.dataverse").joinpath("choices.jsonl").read_bytes()
    found = map(option_set_of, map(orjson.loads, lines.splitlines()))
    return {choice.name: choice for choice in found}


def table_document(table: TableDefinition) -> Json:
    """A table as a JSON value; members that have their default are left out."""
    document = _plain(table)
    document["columns"] = [_column_document(column) for column in table.columns.values()]
    document["relations"] = [_plain(relation) for relation in table.relations.values()]
    if table.default_status:
        document["default_status"] = list(table.default_status.items())
    return document


def table_of(document: Json) -> TableDefinition:
    """The table that `table_document` wrote; the document is used up."""
    columns = [_column_of(column) for column in document["columns"]]
    relations = [_relation_of(relation) for relation in document["relations"]]
    members: Json = {
        **document,
        "columns": {column.name: column for column in columns},
        "relations": {relation.name: relation for relation in relations},
        "keys": {name: tuple(names) for name, names in document.get("keys", {}).items()},
        "default_status": dict(document.get("default_status", ())),
    }
    return TableDefinition(**members)


def option_set_document(choice: OptionSet) -> Json:
    """A global choice as a JSON value."""
    return {**_plain(choice), "options": [_plain(option) for option in choice.options]}


def option_set_of(document: Json) -> OptionSet:
    """The choice that `option_set_document` wrote."""
    options = tuple(Option(**option) for option in document["options"])
    members: Json = {**document, "options": options}
    return OptionSet(**members)


def _column_document(column: ColumnDefinition) -> Json:
    document = _plain(column)
    if column.options:
        document["options"] = [_plain(option) for option in column.options]
    return document


def _column_of(document: Json) -> ColumnDefinition:
    if "options" in document:
        document["options"] = tuple(Option(**option) for option in document["options"])
    return ColumnDefinition(**document)


def _relation_of(document: Json) -> Relation:
    document["pairs"] = tuple(map(tuple, document["pairs"]))
    if "far_pairs" in document:
        document["far_pairs"] = tuple(map(tuple, document["far_pairs"]))
    return Relation(**document)


def _plain(thing: _Kind) -> Json:
    found = {}
    for name, default in _DEFAULTS[type(thing)]:
        value = getattr(thing, name)
        if value != default:
            found[name] = value
    return found


_DEFAULTS = {
    kind: [
        (
            field.name,
            field.default_factory() if field.default_factory is not MISSING else field.default,
        )
        for field in fields(kind)
    ]
    for kind in (Option, ColumnDefinition, Relation, TableDefinition, OptionSet)
}
