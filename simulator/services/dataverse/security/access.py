"""What one caller may do, worked out once from roles; and the rows that it comes down to.

Sources: "Security concepts in Microsoft Dataverse", "Security roles and privileges".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from windtunnel.contracts.entities.dataverse.roles import ACCESS
from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one right goes: everywhere, or to own rows and to those of these business units."""

    everywhere: bool = False
    units: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Access:
    """A caller who is no administrator. `number` tells two of them apart, also in time.

    `owners` are the user and the teams the user is a member of. `reaches` has the privileges of
    tables by (table, right), `others` the names of those that belong to no table. `columns` are
    the secured columns this caller has a permission for: (table, column) to the rights Create,
    Read, Update. `depths` has the greatest depth of each privilege by its name.
    """

    number: int
    user_id: str
    unit: str
    owners: tuple[str, ...]
    reaches: Mapping[tuple[str, str], Reach]
    others: frozenset[str] = frozenset()
    columns: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    depths: Mapping[str, int] = field(default_factory=dict)
    role_count: int = 0
    privilege_count: int = 0
    access_mode: int = 0


def places(served: DataverseTable) -> tuple[str, str]:
    """The columns that hold a row's owner and its business unit; `` where there is none."""
    named = {
        "systemuser": ("systemuserid", "_businessunitid_value"),
        "team": ("teamid", "_businessunitid_value"),
        "businessunit": ("", "businessunitid"),
        "role": ("", "_businessunitid_value"),
        "principalobjectaccess": ("principalid", ""),
    }.get(served.name)
    if named is not None:
        return named
    owner = "_ownerid_value" if served.has("_ownerid_value") else ""
    unit = "_owningbusinessunit_value" if served.has("_owningbusinessunit_value") else ""
    return owner, unit


def covers(access: Access, reach: Reach, served: DataverseTable, row: Mapping[str, Any]) -> bool:
    """Whether a right that goes so far holds for a row, shares aside."""
    owner, unit = places(served)
    if reach.everywhere or not (owner or unit):
        return True
    return bool(
        (owner and row.get(owner) in access.owners) or (unit and row.get(unit) in reach.units)
    )


def condition(access: Access, reach: Reach, right: str, served: DataverseTable) -> str:
    """SQL over the bare columns of a table: the rows a right holds for; `` for all of them."""
    owner, unit = places(served)
    if reach.everywhere or not (owner or unit):
        return ""
    parts: list[str] = []
    if owner:
        parts.append(f"{quoted(owner)} IN ({_listed(access.owners)})")
    if unit and reach.units:
        parts.append(f"{quoted(unit)} IN ({_listed(reach.units)})")
    parts.append(
        f"{quoted(served.primary_id)} IN (SELECT objectid FROM principalobjectaccess "
        f"WHERE principalid IN ({_listed(access.owners)}) "
        "AND (coalesce(accessrightsmask, 0) | coalesce(inheritedaccessrightsmask, 0)) "
        f"& {ACCESS[right]})"
    )
    return f"({' OR '.join(parts)})"


def _listed(ids: Collection[str]) -> str:
    return ", ".join("'" + text.replace("'", "''") + "'" for text in sorted(ids))
