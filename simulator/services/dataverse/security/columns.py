"""Secured columns: which a table has, and the permissions of profiles.

Source: "Column-level security to control access".
"""

from __future__ import annotations

from windtunnel.contracts.entities.dataverse import TableDefinition
from windtunnel.simulator.kernel.store import Store

_ALLOWED = 4
_RIGHTS = (("cancreate", "Create"), ("canread", "Read"), ("canupdate", "Update"))


def secured_columns(table: TableDefinition) -> tuple[str, ...]:
    """The wire names of columns that are secured."""
    return tuple(
        name for name, column in table.columns.items() if column.facts.get("IsSecured") is True
    )


def permissions(
    store: Store, user: str, teams: tuple[str, ...]
) -> dict[tuple[str, str], frozenset[str]]:
    """(table, column) to Create, Read, Update, as the profiles of a user and its teams allow."""
    marks = ", ".join("?" * len(teams))
    rows = store.read(
        "SELECT entityname, attributelogicalname, cancreate, canread, canupdate "
        "FROM fieldpermission WHERE _fieldsecurityprofileid_value IN "
        "(SELECT fieldsecurityprofileid FROM systemuserprofiles WHERE systemuserid = ? "
        f"UNION SELECT fieldsecurityprofileid FROM teamprofiles WHERE teamid IN ({marks}))",
        (user, *teams),
    ).fetchall()
    found: dict[tuple[str, str], frozenset[str]] = {}
    for table, column, *values in rows:
        rights = frozenset(
            right for (_, right), value in zip(_RIGHTS, values, strict=True) if value == _ALLOWED
        )
        for name in (column, f"_{column}_value"):
            found[table, name] = found.get((table, name), frozenset()) | rights
    return found
