"""Security roles: the rights there are, the privileges of a table, what standard roles allow.

Sources: "Security roles and privileges", "Privilege table reference".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from windtunnel.contracts.entities.dataverse.definitions import TableDefinition, metadata_id

RIGHTS: Final = ("Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign", "Share")
BASIC, LOCAL, DEEP, GLOBAL = 1, 2, 4, 8
"""Depths as `privilegedepthmask` holds them."""
DEPTHS: Final = {"Basic": BASIC, "Local": LOCAL, "Deep": DEEP, "Global": GLOBAL}
ACCESS: Final = {
    "Read": 1,
    "Write": 2,
    "Append": 4,
    "AppendTo": 16,
    "Create": 32,
    "Delete": 65_536,
    "Share": 262_144,
    "Assign": 524_288,
}
"""Rights as the bits of AccessRights."""

ADMINISTRATOR: Final = "System Administrator"
ADMINISTRATOR_TEMPLATE: Final = "627090ff-40a3-4053-8790-584edc5be201"
CUSTOMIZER: Final = "System Customizer"

ACT_ON_BEHALF: Final = "prvActOnBehalfOfAnotherUser"
MISCELLANEOUS: Final = {
    ACT_ON_BEHALF: (ADMINISTRATOR, "Delegate"),
    "prvBypassCustomBusinessLogic": (ADMINISTRATOR,),
    "prvBypassCustomPlugins": (ADMINISTRATOR,),
    "prvOverrideCreatedOnCreatedBy": (ADMINISTRATOR,),
    "prvBulkDelete": (ADMINISTRATOR,),
    "prvReadRecordAuditHistory": (ADMINISTRATOR, CUSTOMIZER),
    "prvDeleteRecordChangeHistory": (ADMINISTRATOR,),
    "prvMerge": (ADMINISTRATOR, "Basic User"),
    "prvExportToExcel": (ADMINISTRATOR, "Basic User"),
    "prvPublishDuplicateRule": (ADMINISTRATOR, CUSTOMIZER),
    "prvCreateEntity": (ADMINISTRATOR, CUSTOMIZER),
    "prvWriteEntity": (ADMINISTRATOR, CUSTOMIZER),
    "prvDeleteEntity": (ADMINISTRATOR, CUSTOMIZER),
    "prvPublishCustomization": (ADMINISTRATOR, CUSTOMIZER),
}
"""Privileges that belong to no table, and the standard roles that have them."""

_SHARED: Final = {
    "task": "activitypointer",
    "phonecall": "activitypointer",
    "email": "activitypointer",
    "appointment": "activitypointer",
    "letter": "activitypointer",
    "fax": "activitypointer",
    "opportunityclose": "activitypointer",
    "quoteclose": "activitypointer",
    "orderclose": "activitypointer",
    "incidentresolution": "activitypointer",
    "activityparty": "activitypointer",
    "activitymimeattachment": "activitypointer",
    "salesorderdetail": "salesorder",
    "quotedetail": "quote",
    "invoicedetail": "invoice",
    "opportunityproduct": "opportunity",
    "productpricelevel": "product",
    "pricelevel": "product",
    "uom": "product",
    "uomschedule": "product",
    "queueitem": "queue",
    "privilege": "role",
    "roletemplate": "role",
    "fieldpermission": "fieldsecurityprofile",
    "duplicaterulecondition": "duplicaterule",
    "customapirequestparameter": "customapi",
    "customapiresponseproperty": "customapi",
    "environmentvariablevalue": "environmentvariabledefinition",
    "bulkdeleteoperation": "asyncoperation",
}
"""Tables without privileges of their own, and whose count for them."""

_OPEN: Final = frozenset({"principalobjectaccess"})
"""Tables that everybody reads: what a row says is about the caller's own rights."""

_NAMES: Final = {
    "activitypointer": "Activity",
    "annotation": "Note",
    "systemuser": "User",
    "salesorder": "Order",
    "savedquery": "Query",
    "quote": "Quote",
    "invoice": "Invoice",
    "opportunity": "Opportunity",
    "product": "Product",
    "queue": "Queue",
    "role": "Role",
    "fieldsecurityprofile": "FieldSecurityProfile",
    "duplicaterule": "DuplicateRule",
    "customapi": "CustomAPI",
    "environmentvariabledefinition": "EnvironmentVariableDefinition",
    "asyncoperation": "AsyncOperation",
}
"""What privileges call a table: not always by its schema name."""


@dataclass(frozen=True, slots=True)
class Privilege:
    """One right on one table, or a privilege of no table. `depths` are those it can have."""

    privilege_id: str
    name: str
    table: str = ""
    right: str = ""
    depths: tuple[int, ...] = (GLOBAL,)


def governed_by(table: TableDefinition) -> str:
    """The table whose privileges count for records of this one; `` when none do."""
    if table.is_intersect or table.logical_name in _OPEN:
        return ""
    return _SHARED.get(table.logical_name, table.logical_name)


def privileges_of(table: TableDefinition) -> tuple[Privilege, ...]:
    """The privileges of a table that has its own, in the order of RIGHTS; else none."""
    return privileges_for(table) if governed_by(table) == table.logical_name else ()


def privileges_for(table: TableDefinition) -> tuple[Privilege, ...]:
    """The privileges that count for records of a table, its own or those of another table."""
    name = governed_by(table)
    if not name:
        return ()
    stated = {
        str(item["PrivilegeType"]): (str(item["PrivilegeId"]), str(item["Name"]))
        for item in table.facts.get("Privileges") or ()
    }
    if stated:
        kinds = tuple(right for right in RIGHTS if right in stated)
    else:
        owned = table.ownership in {"UserOwned", "TeamOwned"}
        kinds = RIGHTS if owned else RIGHTS[:6]
    depths = {
        "UserOwned": (BASIC, LOCAL, DEEP, GLOBAL),
        "TeamOwned": (BASIC, LOCAL, DEEP, GLOBAL),
        "BusinessOwned": (BASIC, LOCAL, DEEP, GLOBAL),
    }.get(table.ownership, (GLOBAL,))
    suffix = _NAMES.get(name, table.schema_name)
    return tuple(
        Privilege(
            *stated.get(
                right,
                (metadata_id("privilege", right, name), f"prv{right}{suffix}"),
            ),
            name,
            right,
            depths,
        )
        for right in kinds
    )


def miscellaneous_privileges() -> tuple[Privilege, ...]:
    """The privileges that belong to no table."""
    return tuple(Privilege(metadata_id("privilege", name), name) for name in MISCELLANEOUS)


@dataclass(frozen=True, slots=True)
class StandardRole:
    """A role that comes with every environment. `depths`: (table, right) -> depth."""

    name: str
    template_id: str
    depths: dict[tuple[str, str], int]

    def allows(self, privilege: Privilege, *, is_custom: bool) -> int:
        """The depth of a privilege in this role, 0 for none.

        An administrator may do everything; a customizer everything with custom tables.
        """
        if not privilege.table:
            return GLOBAL if self.name in MISCELLANEOUS[privilege.name] else 0
        if self.template_id == ADMINISTRATOR_TEMPLATE:
            return GLOBAL
        if is_custom and self.name == CUSTOMIZER:
            return GLOBAL
        depth = self.depths.get((privilege.table, privilege.right), 0)
        return max([d for d in privilege.depths if d <= depth], default=GLOBAL) if depth else 0


@cache
def standard_roles() -> tuple[StandardRole, ...]:
    """All standard roles, from roles.txt (tools/dataverse_roles.py writes it)."""
    letters = {"B": BASIC, "L": LOCAL, "D": DEEP, "G": GLOBAL}
    text = (files("windtunnel.contracts.entities.dataverse") / "roles.txt").read_text(
        encoding="utf-8"
    )
    found: list[StandardRole] = []
    for line in text.splitlines():
        if line.startswith("# "):
            name, _, template = line[2:].partition(" | ")
            found.append(StandardRole(name, template.strip(), {}))
            continue
        pattern, *tables = line.split()
        granted = [
            (right, letters[letter])
            for right, letter in zip(RIGHTS, pattern, strict=True)
            if letter != "-"
        ]
        for table in tables:
            for right, depth in granted:
                found[-1].depths[table, right] = depth
    return tuple(found)
