"""The wire forms of relationships, one-to-many and many-to-many.

Source: "OneToManyRelationshipMetadata EntityType", "ManyToManyRelationshipMetadata EntityType".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from windtunnel.contracts.entities.dataverse import Relation, TableDefinition
from windtunnel.contracts.entities.dataverse.definitions import metadata_id
from windtunnel.simulator.services.dataverse.model.managed_properties import managed
from windtunnel.simulator.services.dataverse.model.metadata.shapes import NAMESPACE, label

Json = dict[str, Any]
Tables = Mapping[str, TableDefinition]
CASCADE = {
    "Assign": "NoCascade",
    "Delete": "RemoveLink",
    "Merge": "NoCascade",
    "Reparent": "NoCascade",
    "Share": "NoCascade",
    "Unshare": "NoCascade",
    "RollupView": "NoCascade",
    "Archive": "RemoveLink",
}
_EMPTY_ID = "00000000-0000-0000-0000-000000000000"


def schema_name_of(child: TableDefinition, relation: Relation) -> str:
    """The SchemaName of a many-to-one relation of `child`, stated or as the service names it."""
    column = relation.pairs[0][0].removeprefix("_").removesuffix("_value")
    return (
        relation.schema_name
        or relation.partner
        or (f"{relation.target}_{child.logical_name}_{column}")
    )


def relationship_id(schema_name: str, relation: Relation) -> str:
    """The MetadataId of a relationship."""
    return str(relation.facts.get("MetadataId") or metadata_id("relationship", schema_name))


def many_to_one(child: TableDefinition, tables: Tables) -> Iterator[Json]:
    """Relationships in which the table refers to others."""
    for relation in child.relations.values():
        if not relation.collection and relation.target in tables:
            yield one_to_many_shape(child, relation)


def one_to_many(parent: TableDefinition, tables: Tables) -> Iterator[Json]:
    """Relationships in which others refer to the table."""
    for child in tables.values():
        for relation in child.relations.values():
            if relation.target == parent.logical_name and not relation.collection:
                yield one_to_many_shape(child, relation)


def many_to_many(table: TableDefinition, tables: Tables) -> Iterator[Json]:
    """Relationships by a table in between."""
    seen = set()
    for relation in table.relations.values():
        if relation.intersect and relation.target in tables and relation.schema_name not in seen:
            seen.add(relation.schema_name)
            yield many_to_many_shape(table, relation)


def every(tables: Tables) -> Iterator[Json]:
    """All relationships, each once."""
    seen = set()
    for table in tables.values():
        yield from many_to_one(table, tables)
        for shape in many_to_many(table, tables):
            if shape["SchemaName"] not in seen:
                seen.add(shape["SchemaName"])
                yield shape


def one_to_many_shape(child: TableDefinition, relation: Relation) -> Json:
    """OneToManyRelationshipMetadata of a single-valued relation of `child`."""
    own, far = relation.pairs[0]
    name = schema_name_of(child, relation)
    shape = {
        "@odata.type": f"#{NAMESPACE}OneToManyRelationshipMetadata",
        "ReferencedAttribute": far,
        "ReferencedEntity": relation.target,
        "ReferencingAttribute": own.removeprefix("_").removesuffix("_value"),
        "ReferencingEntity": child.logical_name,
        "IsHierarchical": False,
        "EntityKey": None,
        "IsRelationshipAttributeDenormalized": False,
        "RelationshipBehavior": 1,
        "IsDenormalizedLookup": None,
        "DenormalizedAttributeName": None,
        "ReferencedEntityNavigationPropertyName": relation.partner or name,
        "ReferencingEntityNavigationPropertyName": relation.name,
        **_base(name, relation, "OneToManyRelationship"),
        "AssociatedMenuConfiguration": menu(),
        "CascadeConfiguration": dict(CASCADE),
        "IsCustomizable": managed("iscustomizable"),
        "RelationshipAttributes": [],
    }
    return {**shape, **relation.facts}


def many_to_many_shape(table: TableDefinition, relation: Relation) -> Json:
    """ManyToManyRelationshipMetadata, the same from both sides."""
    mine = (table.logical_name, relation.pairs[0][1], relation.name)
    other = (relation.target, relation.far_pairs[0][0], relation.partner or relation.name)
    stated = relation.facts.get("Entity1LogicalName")
    is_first = mine <= other if stated is None else stated == mine[0]
    if mine[0] == other[0]:
        is_first = mine[1] <= other[1]
    one, two = (mine, other) if is_first else (other, mine)
    shape = {
        "@odata.type": f"#{NAMESPACE}ManyToManyRelationshipMetadata",
        "Entity1LogicalName": one[0],
        "Entity2LogicalName": two[0],
        "IntersectEntityName": relation.intersect,
        "Entity1IntersectAttribute": one[1],
        "Entity2IntersectAttribute": two[1],
        "Entity1NavigationPropertyName": one[2],
        "Entity2NavigationPropertyName": two[2],
        **_base(relation.schema_name, relation, "ManyToManyRelationship"),
        "Entity1AssociatedMenuConfiguration": menu(),
        "Entity2AssociatedMenuConfiguration": menu(),
        "IsCustomizable": managed("iscustomizable"),
    }
    return {**shape, **relation.facts}


def _base(name: str, relation: Relation, kind: str) -> Json:
    return {
        "IsCustomRelationship": relation.is_custom,
        "IsValidForAdvancedFind": True,
        "SchemaName": name,
        "SecurityTypes": "None" if kind.startswith("Many") else "Append",
        "IsManaged": not relation.is_custom,
        "RelationshipType": kind,
        "IntroducedVersion": "1.0.0.0" if relation.is_custom else "5.0.0.0",
        "MetadataId": relationship_id(name, relation),
        "HasChanged": None,
    }


def menu() -> Json:
    """An AssociatedMenuConfiguration as it is when nobody chose one."""
    return {
        "Behavior": "UseCollectionName",
        "Group": "Details",
        "Order": 10_000,
        "IsCustomizable": True,
        "Icon": None,
        "ViewId": _EMPTY_ID,
        "AvailableOffline": True,
        "MenuId": None,
        "QueryApi": None,
        "Label": label(""),
    }
