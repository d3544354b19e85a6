"""Records inside arguments: `{"@odata.id": "accounts(...)"}`, or a type with its key or values."""

from __future__ import annotations

from typing import Any

from windtunnel.simulator.odata.tree import Query
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.registry import Call
from windtunnel.simulator.services.dataverse.model.tables import (
    NAMESPACE,
    PRINCIPALS,
    DataverseTable,
)
from windtunnel.simulator.services.dataverse.replies import base_of


def table_of(call: Call, name: str, value: dict[str, Any]) -> DataverseTable:
    """The table of a record given as an argument. Raises when its type is not told or unknown."""
    parameter = next((p for p in call.definition.parameters if p.name == name), None)
    kind = str(value.get("@odata.type", "")).lstrip("#").removeprefix(NAMESPACE)
    declared = parameter.item_type if parameter is not None else ""
    served = call.there.tables.by_name.get(kind or declared)
    if served is not None:
        return served
    if isinstance(value.get("@odata.id"), str):
        return call.there.resolve(value["@odata.id"])[0]
    if kind:
        raise errors.InvalidArgument(
            problem=f"The entity with a name = '{kind}' was not found in the MetadataCache."
        )
    for table in call.there.tables.by_name.values():
        if table.primary_id in value and table.primary_id != "activityid":
            return table
    raise errors.InvalidArgument(
        problem=f"'{name}' needs '@odata.type' or '@odata.id' to tell its table."
    )


def reference(call: Call, name: str) -> tuple[DataverseTable, str]:
    """The table and key of an existing record. Raises RequiredFieldMissing, RecordNotFound."""
    value = call.arguments.get(name)
    if value is None:
        raise errors.RequiredFieldMissing(name=name)
    return reference_in(call, name, value)


def reference_in(call: Call, name: str, value: dict[str, Any]) -> tuple[DataverseTable, str]:
    """The same for one record of a list of them."""
    link = value.get("@odata.id")
    if isinstance(link, str):
        found = call.there.resolve(link)
        call.there.security.check(*found, "Read")
        return found
    served = table_of(call, name, value)
    key = value.get(served.primary_id)
    if key is None and served.name in PRINCIPALS:
        key = value.get("ownerid")
    if not isinstance(key, str):
        raise errors.NoKey
    if not served.records.exists((key.lower(),)):
        raise errors.RecordNotFound(table=served.name, id=key.lower())
    call.there.security.check(served, key.lower(), "Read")
    return served, key.lower()


def link_of(call: Call, served: DataverseTable, value: dict[str, Any], navigation: str) -> str:
    """The id that a record in an argument binds by a lookup, by any of the lookup's forms."""
    for name in (f"{navigation}@odata.bind", navigation):
        given = value.get(name)
        if isinstance(given, str):
            return call.there.resolve(given)[1]
        if isinstance(given, dict):
            relation = served.table.navigations.get(navigation)
            target = call.there.tables.by_name[relation.target] if relation else None
            if isinstance(given.get("@odata.id"), str):
                return call.there.resolve(given["@odata.id"])[1]
            if target is not None and isinstance(given.get(target.primary_id), str):
                return str(given[target.primary_id]).lower()
    return ""


def shown(
    call: Call, served: DataverseTable, key: str, query: Query | None = None
) -> dict[str, Any]:
    """A record as the whole answer of a message, by the options of a query if one is given."""
    found = call.there.reads.record(served, key, query or Query())
    if found is None:
        raise errors.RecordNotFound(table=served.name, id=key)
    shape, item, _ = found
    return {"@odata.context": f"{base_of(call.exchange)}$metadata#{shape}/$entity", **item}
