"""What a new table gets from the service, and the rules its name and columns must keep.

Source: "Create and update table definitions using the Web API"; system columns as in tables that
the service made.
"""

from __future__ import annotations

import re
from typing import Any

from windtunnel.contracts.entities.dataverse import ColumnDefinition, Option, Relation
from windtunnel.simulator.services.dataverse import errors

Json = dict[str, Any]
LONGEST_NAME = 100
_NAME = re.compile(r"(?!mscrm_)[a-z][a-z0-9]{1,7}_[a-z0-9_]+\Z", re.IGNORECASE)
_STATES = (Option(0, "Active"), Option(1, "Inactive"))
_STATUSES = (Option(1, "Active", 0), Option(2, "Inactive", 1))


def checked_name(name: Any) -> str:
    """A schema name with a publisher's prefix. Raises BadName, InvalidArgument when missing."""
    if not isinstance(name, str) or not name:
        raise errors.InvalidArgument(problem="Required field 'SchemaName' is missing.")
    if len(name) > LONGEST_NAME or not _NAME.match(name):
        raise errors.BadName(name=name)
    return name


def plural(name: str) -> str:
    """The collection name of a logical name, by the rules of English."""
    if re.search(r"[^aeiou_\d]y\Z", name):
        return name[:-1] + "ies"
    if re.search(r"(s|x|z|ch|sh)\Z", name):
        return name + "es"
    return name + "s"


def system_columns(table: str, ownership: str) -> list[ColumnDefinition]:
    """The columns that every new table has beside its key and its name."""
    columns = [
        _column("createdon", "DateTime", "Created On"),
        _lookup("createdby", "Created By"),
        _column("modifiedon", "DateTime", "Modified On"),
        _lookup("modifiedby", "Modified By"),
        _lookup("createdonbehalfby", "Created By (Delegate)"),
        _lookup("modifiedonbehalfby", "Modified By (Delegate)"),
    ]
    if ownership == "UserOwned":
        columns += [
            _lookup("ownerid", "Owner", "Owner"),
            _lookup("owningbusinessunit", "Owning Business Unit"),
            _lookup("owninguser", "Owning User"),
            _lookup("owningteam", "Owning Team"),
        ]
    else:
        columns.append(_lookup("organizationid", "Organization Id"))
    columns += [
        _column("statecode", "State", "Status", _STATES, required="systemrequired"),
        _column("statuscode", "Status", "Status Reason", _STATUSES),
        _column("versionnumber", "BigInt", "Version Number"),
        _column("importsequencenumber", "Integer", "Import Sequence Number"),
        _column("overriddencreatedon", "DateTime", "Record Created On"),
        _column("timezoneruleversionnumber", "Integer", "Time Zone Rule Version Number"),
        _column("utcconversiontimezonecode", "Integer", "UTC Conversion Time Zone Code"),
    ]
    return [column for column in columns if column.logical_name != table]


def system_relations(table: str, ownership: str) -> list[Relation]:
    """The lookups of the system columns."""
    users = ("createdby", "modifiedby", "createdonbehalfby", "modifiedonbehalfby")
    found = [_relation(name, "systemuser", f"lk_{table}_{name}") for name in users]
    if ownership == "UserOwned":
        found += [
            _relation("owninguser", "systemuser", f"user_{table}"),
            _relation("owningteam", "team", f"team_{table}"),
            _relation("owningbusinessunit", "businessunit", f"business_unit_{table}"),
        ]
    else:
        found.append(_relation("organizationid", "organization", f"organization_{table}"))
    return found


def elastic_columns() -> list[ColumnDefinition]:
    """The columns that a new elastic table has beside the others."""
    return [
        _column("partitionid", "String", "Partition Id", length=1024),
        _column("ttlinseconds", "Integer", "Time to live"),
    ]


ELASTIC_KEY = "KeyForNoSqlEntityWithPKPartitionId"
"""The alternate key of every elastic table: its key and the partition."""


def activity_columns() -> list[ColumnDefinition]:
    """The columns that a new activity table shares with all activities."""
    return [
        _column("description", "Memo", "Description", length=2000),
        _column("scheduledstart", "DateTime", "Start Date"),
        _column("scheduledend", "DateTime", "Due Date"),
        _column("actualstart", "DateTime", "Actual Start"),
        _column("actualend", "DateTime", "Actual End"),
        _column("scheduleddurationminutes", "Integer", "Scheduled Duration"),
        _column("actualdurationminutes", "Integer", "Actual Duration"),
        _column("activitytypecode", "EntityName", "Activity Type", length=100),
        _column("prioritycode", "Picklist", "Priority", _PRIORITIES),
        _lookup("regardingobjectid", "Regarding"),
    ]


_PRIORITIES = (Option(0, "Low"), Option(1, "Normal"), Option(2, "High"))


def companions(column: ColumnDefinition) -> list[ColumnDefinition]:
    """The columns that come with a new column: of money, files and images."""
    name, schema = column.name, column.schema_name
    if column.type == "Money":
        base = _column(f"{name}_base", "Money", f"{column.label} (Base)", precision=4)
        return [_named(base, f"{schema}_Base")]
    if column.type == "File":
        return [_named(_column(f"{name}_name", "String", "", length=200), f"{schema}_Name")]
    if column.type == "Image":
        return [
            _named(_column(f"{name}_timestamp", "BigInt", ""), f"{schema}_Timestamp"),
            _named(_column(f"{name}_url", "String", "", length=200), f"{schema}_URL"),
            _named(_column(f"{name}id", "Uniqueidentifier", ""), f"{schema}Id"),
        ]
    return []


def money_columns() -> tuple[list[ColumnDefinition], list[Relation]]:
    """What a table gets with its first money column: the currency and its rate."""
    rate = _column("exchangerate", "Decimal", "Exchange Rate", precision=12)
    currency = _lookup("transactioncurrencyid", "Currency")
    relation = _relation("transactioncurrencyid", "transactioncurrency", "")
    return [rate, currency], [relation]


def numbered(options: tuple[Option, ...], bodies: Any) -> tuple[Option, ...]:
    """Options with the values the service gives to those that came without one."""
    listed = bodies if isinstance(bodies, list) else []
    stated = [isinstance(body, dict) and body.get("Value") is not None for body in listed]
    if len(stated) != len(options):
        return options
    taken = {option.value for option, is_stated in zip(options, stated, strict=True) if is_stated}
    found = []
    following = 100_000_000
    for option, is_stated in zip(options, stated, strict=True):
        if is_stated:
            found.append(option)
            continue
        while following in taken:
            following += 1
        taken.add(following)
        found.append(Option(following, option.label, option.state, option.facts))
    return tuple(found)


_EDM = {
    "DateTime": "Edm.DateTimeOffset",
    "State": "Edm.Int32",
    "Status": "Edm.Int32",
    "Picklist": "Edm.Int32",
    "BigInt": "Edm.Int64",
    "Integer": "Edm.Int32",
    "Money": "Edm.Decimal",
    "Decimal": "Edm.Decimal",
    "String": "Edm.String",
    "Memo": "Edm.String",
    "EntityName": "Edm.String",
    "Uniqueidentifier": "Edm.Guid",
}


def _column(
    name: str,
    kind: str,
    text: str,
    options: tuple[Option, ...] = (),
    *,
    required: str = "none",
    length: int | None = None,
    precision: int | None = None,
) -> ColumnDefinition:
    return ColumnDefinition(
        name,
        kind,
        _EDM[kind],
        label=text,
        max_length=length,
        options=options,
        required=required,
        precision=precision,
    )


def _named(column: ColumnDefinition, schema_name: str) -> ColumnDefinition:
    return ColumnDefinition(
        column.name,
        column.type,
        column.edm,
        label=column.label,
        max_length=column.max_length,
        precision=column.precision,
        is_custom=True,
        schema_name=schema_name,
        facts={"IsValidForCreate": False, "IsValidForUpdate": False},
    )


def _lookup(name: str, text: str, kind: str = "Lookup") -> ColumnDefinition:
    return ColumnDefinition(f"_{name}_value", kind, "Edm.Guid", label=text)


def _relation(name: str, target: str, schema_name: str) -> Relation:
    pairs = ((f"_{name}_value", f"{target}id"),)
    return Relation(name, target, False, pairs, schema_name=schema_name)
