"""Definitions by messages: whole ones, which tables may be related, what was not published.

Source: "Web API Function Reference" and "Web API Action Reference", the pages of each name.
Changes are in effect at once, so unpublished records are the records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from windtunnel.contracts.entities.dataverse import TableDefinition
from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.services.dataverse import errors, solutions
from windtunnel.simulator.services.dataverse.messages.references import shown
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.model.metadata.retrieve_changes import whole
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable

_NOBODY: Final = "00000000-0000-0000-0000-000000000000"
_LISTS: Final = (
    (2, frozenset({"Attributes"})),
    (8, frozenset({"OneToManyRelationships", "ManyToOneRelationships", "ManyToManyRelationships"})),
)
"""What each flag of EntityFilters adds to the members of the table itself."""


def records(call: Call, served: DataverseTable, keys: list[str]) -> dict[str, Any]:
    """Records of a table as the list that a composable function answers, by the query's options.

    Source: "Use Web API functions" (composable functions).
    """
    marks = ", ".join("?" * len(keys))
    restriction = f"t.{quoted(served.primary_id)} IN ({marks or 'NULL'})", tuple(keys)
    return call.there.listed(call.exchange, served, restriction)


def _wanted(call: Call) -> frozenset[str]:
    flags = call.arguments["EntityFilters"]
    return frozenset().union(*(names for flag, names in _LISTS if flags & flag))


def _entity(call: Call) -> Answer:
    name = str(call.arguments.get("LogicalName") or "").lower()
    key = str(call.arguments["MetadataId"]).lower()
    for definition in call.there.tables.definitions.values():
        if definition.metadata_id == key or (key == _NOBODY and definition.logical_name == name):
            item = call.there.metadata.entity(definition)
            return {"EntityMetadata": whole(item, _wanted(call))}
    raise errors.TableNotFound(name=name or key)


def _all_entities(call: Call) -> Answer:
    metadata, wanted = call.there.metadata, _wanted(call)
    listed = call.there.tables.definitions.values()
    return {
        "EntityMetadata": [whole(metadata.entity(definition), wanted) for definition in listed],
        "Timestamp": str(call.there.tables.stamp),
    }


# -- which tables may be related -----------------------------------------------------------------


def _may(call: Call, member: str, name: str) -> bool:
    definition = _table(call, name)
    stated = call.there.metadata.entity(definition)[member]
    return bool(stated["Value"])


def _table(call: Call, name: str) -> TableDefinition:
    definition = call.there.tables.definitions.get(name.lower())
    if definition is None:
        raise errors.TableNotFound(name=name)
    return definition


def _asks(member: str, answer: str) -> Handler:
    def asked(call: Call) -> Answer:
        return {answer: _may(call, member, call.arguments["EntityName"])}

    return asked


def _lists(member: str, other: str = "") -> Handler:
    def asked(call: Call) -> Answer:
        if call.arguments.get(other):
            _table(call, call.arguments[other])
        names = [name for name in call.there.tables.definitions if _may(call, member, name)]
        return {"EntityNames": sorted(names)}

    return asked


def _customizable(call: Call) -> Answer:
    component, kind = str(call.arguments["ComponentId"]).lower(), call.arguments["ComponentType"]
    if not solutions.exists(call.there, kind, component):
        raise errors.ComponentNotFound(kind=kind, id=component)
    for definition in call.there.tables.definitions.values():
        if definition.metadata_id == component:
            stated = call.there.metadata.entity(definition)["IsCustomizable"]
            return {"IsComponentCustomizable": bool(stated["Value"])}
    return {"IsComponentCustomizable": True}


# -- unpublished records --------------------------------------------------------------------------


def _unpublished(call: Call) -> Answer:
    return shown(call, call.bound, call.key, call.there.query(call.exchange))


def _all_unpublished(call: Call) -> Answer:
    return call.there.listed(call.exchange, call.bound, None)


_Handlers = Mapping[str, Callable[[Call], Answer]]
HANDLERS: Final[_Handlers] = {
    "RetrieveEntity": _entity,
    "RetrieveAllEntities": _all_entities,
    "CanBeReferenced": _asks("CanBePrimaryEntityInRelationship", "CanBeReferenced"),
    "CanBeReferencing": _asks("CanBeRelatedEntityInRelationship", "CanBeReferencing"),
    "CanManyToMany": _asks("CanBeInManyToMany", "CanManyToMany"),
    "GetValidReferencedEntities": _lists(
        "CanBePrimaryEntityInRelationship", "ReferencingEntityName"
    ),
    "GetValidReferencingEntities": _lists(
        "CanBeRelatedEntityInRelationship", "ReferencedEntityName"
    ),
    "GetValidManyToMany": _lists("CanBeInManyToMany"),
    "IsComponentCustomizable": _customizable,
    "RetrieveUnpublished": _unpublished,
    "RetrieveUnpublishedMultiple": _all_unpublished,
}
