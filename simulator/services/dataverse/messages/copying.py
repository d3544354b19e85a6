"""Copies of records: the values that go along when one record is made from another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.contracts.entities.dataverse import ColumnDefinition
from windtunnel.simulator.services.dataverse.messages.registry import Call
from windtunnel.simulator.services.dataverse.model.tables import OWNED_BY_SYSTEM, DataverseTable

_NEVER = OWNED_BY_SYSTEM | {
    "statecode",
    "statuscode",
    "_ownerid_value",
    "importsequencenumber",
    "overriddencreatedon",
    "timezoneruleversionnumber",
    "utcconversiontimezonecode",
    "processid",
    "stageid",
    "traversedpath",
    "entityimage",
    "entityimageid",
    "_masterid_value",
    "_organizationid_value",
    "merged",
    "quotenumber",
    "ordernumber",
    "invoicenumber",
    "ticketnumber",
}


def common(source: DataverseTable, target: DataverseTable, row: dict[str, Any]) -> dict[str, Any]:
    """Stored values of `row` for columns that both tables have, of one type, and may be copied."""
    theirs, ours = source.definition.columns, target.definition.columns
    return {
        name: value
        for name, value in row.items()
        if value is not None
        and name in ours
        and name in theirs
        and name not in _NEVER
        and name not in {source.primary_id, target.primary_id}
        and ours[name].type == theirs[name].type
        and not _is_of_file(theirs, name)
        and (name[0] != "_" or _same_targets(source, target, name))
    }


def _is_of_file(columns: Mapping[str, ColumnDefinition], name: str) -> bool:
    """Whether a column is a file or image, or goes with one: those belong to their record."""
    for suffix in ("", "id", "_name", "_url", "_timestamp"):
        column = columns.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
        if column is not None and column.type in {"File", "Image"}:
            return True
    return False


def _same_targets(source: DataverseTable, target: DataverseTable, column: str) -> bool:
    def tables(served: DataverseTable) -> set[str]:
        return {
            relation.target
            for relation in served.definition.relations.values()
            if not relation.collection and relation.pairs[0][0] == column
        }

    return tables(source) <= tables(target)


def make_from(
    call: Call,
    source: DataverseTable,
    row: dict[str, Any],
    target: DataverseTable,
    more: dict[str, Any],
) -> str:
    """Create a record of `target` from a row of `source`; returns its key."""
    values = common(source, target, row)
    values |= {name: value for name, value in more.items() if target.has(name)}
    return call.there.writes.insert(target, values, call.caller)


def copy_lines(
    call: Call,
    lines: tuple[str, str, str],
    to: tuple[str, str, str],
) -> None:
    """Copy lines. Both are (table of lines, column that points at the header, header's id)."""
    source, target = call.there.tables.by_name[lines[0]], call.there.tables.by_name[to[0]]
    for row in source.records.find({lines[1]: lines[2]}, 100_000):
        make_from(call, source, row, target, {to[1]: to[2]})
