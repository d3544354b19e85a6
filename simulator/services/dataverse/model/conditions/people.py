"""Conditions on the caller: user, business unit, teams, reports; and on trees of records."""

from __future__ import annotations

from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.odata.pieces import Piece
from windtunnel.simulator.services.dataverse.model.conditions.shapes import (
    BadOperand,
    Caller,
    Settings,
    Subject,
)
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable

_ME = Caller()
_BUSINESS_UNIT = 'SELECT "_businessunitid_value" FROM "systemuser" WHERE "systemuserid" = ?'
_TREES = {
    "account": "_parentaccountid_value",
    "businessunit": "_parentbusinessunitid_value",
    "contact": "_parentcustomerid_value",
    "incident": "_parentcaseid_value",
    "product": "_parentproductid_value",
    "systemuser": "_parentsystemuserid_value",
}
"""Lookups of standard tables whose relationship is marked as hierarchical."""

_LINKS_OF_ALL = frozenset(
    {
        "_createdby_value",
        "_createdonbehalfby_value",
        "_masterid_value",
        "_modifiedby_value",
        "_modifiedonbehalfby_value",
    }
)


def user(settings: Settings) -> tuple[str, tuple[Caller, ...]]:
    """A query for the caller's id."""
    del settings
    return "?", (_ME,)


def business_unit(settings: Settings) -> tuple[str, tuple[Caller, ...]]:
    """A query for the id of the caller's business unit."""
    del settings
    return _BUSINESS_UNIT, (_ME,)


def teams(settings: Settings) -> tuple[str, tuple[Caller, ...]]:
    """A query for the ids of the caller's teams: memberships, and the unit's default team."""
    default = (
        'SELECT "teamid" FROM "team" WHERE "isdefault" = 1 '
        f'AND "_businessunitid_value" = ({_BUSINESS_UNIT})'
    )
    if "teammembership" not in settings.tables:
        return default, (_ME,)
    member = 'SELECT "teamid" FROM "teammembership" WHERE "systemuserid" = ?'
    return f"{member} UNION {default}", (_ME, _ME)


def user_or_teams(settings: Settings) -> tuple[str, tuple[Caller, ...]]:
    """A query for the caller's id and those of the caller's teams."""
    sql, parameters = teams(settings)
    return f"SELECT ? UNION {sql}", (_ME, *parameters)


def reports(settings: Settings) -> tuple[str, tuple[Caller, ...]]:
    """A query for the caller's id and those of all who report to the caller."""
    sql = _below(settings.tables["systemuser"], "_parentsystemuserid_value", with_root=True)
    return sql, (_ME,)


def reports_and_teams(settings: Settings) -> tuple[str, tuple[Caller, ...]]:
    """A query for the caller, all who report to the caller, and the teams of all of them."""
    people, mine = reports(settings)
    default = (
        'SELECT "teamid" FROM "team" WHERE "isdefault" = 1 AND "_businessunitid_value" IN '
        f'(SELECT "_businessunitid_value" FROM "systemuser" WHERE "systemuserid" IN ({people}))'
    )
    sql = f"SELECT * FROM ({people}) UNION {default}"
    if "teammembership" not in settings.tables:
        return sql, (*mine, *mine)
    member = f'SELECT "teamid" FROM "teammembership" WHERE "systemuserid" IN ({people})'
    return f"{sql} UNION {member}", (*mine, *mine, *mine)


def tree_of(subject: Subject, settings: Settings) -> tuple[DataverseTable, str]:
    """The table whose tree a condition climbs, and its lookup to the parent. Raises BadOperand."""
    names = [subject.table]
    served = settings.tables.get(subject.table)
    if served is not None and subject.column.name != served.primary_id:
        names = [
            target
            for column, target in served.writable_lookups.values()
            if column == subject.column.name
        ]
    for name in names:
        target = settings.tables.get(name)
        parent = "" if target is None else _parent(target)
        if target is not None and parent:
            return target, parent
    raise BadOperand(
        "operator",
        f"The attribute '{subject.shown}' does not belong to a hierarchical relationship.",
    )


def _parent(served: DataverseTable) -> str:
    known = _TREES.get(served.name)
    if known is not None:
        return known if served.has(known) else ""
    own = {
        column
        for column, target in served.writable_lookups.values()
        if target == served.name and column not in _LINKS_OF_ALL
    }
    return own.pop() if len(own) == 1 else ""


def in_tree(
    subject: Subject, settings: Settings, key: str, *, upwards: bool, with_root: bool, outside: bool
) -> Piece:
    """Rows above or below the record `key`, in SQL that holds on trees with cycles."""
    served, parent = tree_of(subject, settings)
    ids = (_above if upwards else _below)(served, parent, with_root=with_root)
    text = f"({subject.piece.text} IN ({ids}))"
    if outside:
        text = f"({subject.piece.text} NOT IN ({ids}) OR {subject.piece.text} IS NULL)"
        own = subject.piece.parameters
        return Piece(text, (*own, key, *own), "Edm.Boolean", True)
    return Piece(text, (*subject.piece.parameters, key), "Edm.Boolean", True)


def _below(served: DataverseTable, parent: str, *, with_root: bool) -> str:
    table, key, up = quoted(served.table.sql), quoted(served.primary_id), quoted(parent)
    start = "SELECT ?" if with_root else f"SELECT {key} FROM {table} WHERE {up} = ?"
    return (
        f"WITH RECURSIVE tree(id) AS ({start} UNION SELECT r.{key} FROM {table} r "
        f"JOIN tree ON r.{up} = tree.id) SELECT id FROM tree"
    )


def _above(served: DataverseTable, parent: str, *, with_root: bool) -> str:
    table, key, up = quoted(served.table.sql), quoted(served.primary_id), quoted(parent)
    start = "SELECT ?" if with_root else f"SELECT {up} FROM {table} WHERE {key} = ?"
    return (
        f"WITH RECURSIVE tree(id) AS ({start} UNION SELECT r.{up} FROM {table} r "
        f"JOIN tree ON r.{key} = tree.id WHERE r.{up} IS NOT NULL) "
        "SELECT id FROM tree WHERE id IS NOT NULL"
    )
