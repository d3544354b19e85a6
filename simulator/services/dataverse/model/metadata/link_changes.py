"""Relationships made, changed and deleted from bodies of the Web API.

Source: "Create and update relationships using the Web API".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from windtunnel.contracts.entities.dataverse import ColumnDefinition, Relation, TableDefinition
from windtunnel.contracts.entities.dataverse.load import intersect_table
from windtunnel.contracts.entities.dataverse.wire import NAMESPACE, facts_of
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.metadata import new_tables, relationships
from windtunnel.simulator.services.dataverse.model.metadata.customizations import Customizations
from windtunnel.simulator.services.dataverse.model.metadata.shapes import column_id
from windtunnel.simulator.services.dataverse.model.metadata.table_changes import (
    column_named,
    merge_facts,
    new_column,
    stated_labels,
)

Json = dict[str, Any]
_ONE_FIELDS = frozenset(
    {
        "ReferencedAttribute", "ReferencedEntity", "ReferencingAttribute", "ReferencingEntity",
        "ReferencedEntityNavigationPropertyName", "ReferencingEntityNavigationPropertyName",
        "RelationshipType", "IsCustomRelationship", "IsManaged", "MetadataId",
    }
)  # fmt: skip
_MANY_FIELDS = frozenset(
    {
        "Entity2LogicalName", "IntersectEntityName", "Entity1IntersectAttribute",
        "Entity2IntersectAttribute", "Entity1NavigationPropertyName",
        "Entity2NavigationPropertyName", "RelationshipType", "IsCustomRelationship", "IsManaged",
        "MetadataId",
    }
)  # fmt: skip


def create_relationship(there: Customizations, body: Json) -> str:
    """A new relationship of either kind; returns its MetadataId."""
    kind = str(body.get("@odata.type") or "").lstrip("#").removeprefix(NAMESPACE)
    name = new_tables.checked_name(body.get("SchemaName"))
    known = relationships.every(there.tables.definitions)
    if any(str(shape["SchemaName"]).lower() == name.lower() for shape in known):
        raise errors.SchemaNameExists(name=name)
    identity = str(body.get("MetadataId") or there.ids.uuid())
    match kind:
        case "OneToManyRelationshipMetadata" | "ComplexOneToManyRelationshipMetadata":
            _create_one_to_many(there, body, name, identity)
        case "ManyToManyRelationshipMetadata" | "ComplexManyToManyRelationshipMetadata":
            _create_many_to_many(there, body, name, identity)
        case _:
            raise errors.InvalidArgument(
                problem="The @odata.type of a relationship must be OneToManyRelationshipMetadata "
                "or ManyToManyRelationshipMetadata."
            )
    return identity


def _create_one_to_many(there: Customizations, body: Json, name: str, identity: str) -> None:
    parent = there.table(_required(body, "ReferencedEntity"))
    child = there.table(_required(body, "ReferencingEntity"))
    lookup = body.get("Lookup")
    if not isinstance(lookup, dict):
        raise errors.InvalidArgument(problem="Required field 'Lookup' is missing.")
    stated = str(body.get("ReferencedAttribute") or parent.primary_id)
    if stated != parent.primary_id:
        raise errors.InvalidArgument(
            problem=f"The ReferencedAttribute of {parent.logical_name} must be {parent.primary_id}."
        )
    column = _lookup_of_several(child, lookup)
    usual = "" if column is None else _of_several(column, parent)
    if column is None:
        column = lookup_column(there, child, lookup)
        usual = column.schema_name
    facts = {
        **stated_labels({k: v for k, v in facts_of(body).items() if k not in _ONE_FIELDS}),
        "MetadataId": identity,
    }
    facts.pop("SchemaName", None)
    if "CascadeConfiguration" in facts:
        facts["CascadeConfiguration"] = _whole_cascade(facts["CascadeConfiguration"])
    navigation = str(body.get("ReferencingEntityNavigationPropertyName") or usual)
    back = str(body.get("ReferencedEntityNavigationPropertyName") or name)
    if navigation in child.relations or navigation in child.columns:
        raise errors.SchemaNameExists(name=navigation)
    relation = Relation(
        navigation,
        parent.logical_name,
        False,
        ((column.name, parent.primary_id),),
        back,
        schema_name=name,
        is_custom=True,
        facts=facts,
    )
    link(there, child, parent, column, relation)


def _of_several(column: ColumnDefinition, parent: TableDefinition) -> str:
    """The navigation property of a lookup to several tables that leads to one of them."""
    return f"{column.schema_name}_{parent.logical_name}"


def _lookup_of_several(child: TableDefinition, lookup: Json) -> ColumnDefinition | None:
    """The lookup to several tables that a body names, if there is one: it takes another target."""
    name = f"_{str(lookup.get('SchemaName')).lower()}_value"
    column = child.columns.get(name)
    if column is None or not column.is_custom:
        return None
    links = [r for r in child.relations.values() if not r.collection and r.pairs[0][0] == name]
    if all(link.name == column.schema_name for link in links):
        return None
    return column


def lookup_column(there: Customizations, child: TableDefinition, lookup: Json) -> ColumnDefinition:
    """The new lookup column of a body."""
    new_tables.checked_name(lookup.get("SchemaName"))
    typed = {"AttributeType": "Lookup", **lookup}
    typed["@odata.type"] = f"{NAMESPACE}LookupAttributeMetadata"
    return new_column(there, child, typed)


def link(
    there: Customizations,
    child: TableDefinition,
    parent: TableDefinition,
    column: ColumnDefinition,
    relation: Relation,
) -> None:
    """Save both sides of a one-to-many relationship with its lookup."""
    columns = {**child.columns, column.name: column}
    there.put(
        replace(child, columns=columns, relations={**child.relations, relation.name: relation})
    )
    back = Relation(
        relation.partner,
        child.logical_name,
        True,
        ((parent.primary_id, column.name),),
        relation.name,
    )
    parent = there.table(parent.logical_name)
    there.put(replace(parent, relations={**parent.relations, back.name: back}))


def _create_many_to_many(there: Customizations, body: Json, name: str, identity: str) -> None:
    one = there.table(_required(body, "Entity1LogicalName"))
    two = there.table(_required(body, "Entity2LogicalName"))
    between = str(body.get("IntersectEntityName") or name).lower()
    if between in there.tables.definitions:
        raise errors.TableExists(name=between)
    first, second = one.primary_id, two.primary_id
    if first == second:
        first, second = f"{first}one", f"{second}two"
    first = str(body.get("Entity1IntersectAttribute") or first)
    second = str(body.get("Entity2IntersectAttribute") or second)
    there.put(intersect_table(between, name, first, second, is_custom=True))
    facts = {
        **stated_labels({k: v for k, v in facts_of(body).items() if k not in _MANY_FIELDS}),
        "MetadataId": identity,
        "Entity1LogicalName": one.logical_name,
    }
    same = one.logical_name == two.logical_name
    there_name = str(body.get("Entity1NavigationPropertyName") or name)
    back_name = str(body.get("Entity2NavigationPropertyName") or name)
    if same and there_name == back_name:
        back_name = f"{back_name}_Entity2"
    sides = (
        (one, two, there_name, back_name, first, second),
        (two, one, back_name, there_name, second, first),
    )
    for own, far, navigation, partner, own_column, far_column in sides:
        relation = Relation(
            navigation,
            far.logical_name,
            True,
            ((own.primary_id, own_column),),
            partner,
            between,
            ((far_column, far.primary_id),),
            name,
            is_custom=True,
            facts=facts,
        )
        current = there.table(own.logical_name)
        there.put(replace(current, relations={**current.relations, navigation: relation}))


def update_relationship(there: Customizations, shape: Json, body: Json, *, merge: bool) -> None:
    """The cascade rules, menus and labels of a PUT in place of what is there."""
    name = str(shape["SchemaName"])
    fields = _ONE_FIELDS | _MANY_FIELDS | {"SchemaName", "Entity1LogicalName"}
    facts = {k: v for k, v in facts_of(body).items() if k not in fields}
    if "CascadeConfiguration" in facts:
        facts["CascadeConfiguration"] = _whole_cascade(facts["CascadeConfiguration"])
    for table in list(there.tables.definitions.values()):
        changed = {
            key: replace(relation, facts=merge_facts(relation.facts, facts, merge=merge))
            for key, relation in table.relations.items()
            if _has_name(table, relation, name)
        }
        if changed:
            there.put(replace(table, relations={**table.relations, **changed}))


def delete_relationship(there: Customizations, shape: Json) -> None:
    """Take a custom relationship away, with its lookup or its intersect table."""
    name = str(shape["SchemaName"])
    if not shape["IsCustomRelationship"]:
        raise errors.NotCustomizable(name=name)
    if shape["RelationshipType"] == "ManyToManyRelationship":
        for logical in {shape["Entity1LogicalName"], shape["Entity2LogicalName"]}:
            table = there.table(logical)
            kept = {n: r for n, r in table.relations.items() if r.schema_name != name}
            there.put(replace(table, relations=kept))
        there.remove(str(shape["IntersectEntityName"]))
    else:
        _unlink(there, shape)
    there.saved.deleted("Relationship", str(shape["MetadataId"]))


def _unlink(there: Customizations, shape: Json) -> None:
    child = there.table(str(shape["ReferencingEntity"]))
    column = column_named(child, str(shape["ReferencingAttribute"]))
    used = [key for key, columns in child.keys.items() if column.name in columns]
    if used:
        identity = column_id(child.logical_name, column)
        raise errors.Referenced(kind="Attribute", id=identity, count=len(used))
    kept = dict(child.relations)
    gone = kept.pop(str(shape["ReferencingEntityNavigationPropertyName"]))
    others = [r for r in kept.values() if not r.collection and r.pairs[0][0] == column.name]
    columns = child.columns
    if not others:
        columns = {n: c for n, c in columns.items() if n != column.name}
        there.saved.deleted("Attribute", column_id(child.logical_name, column))
    there.put(replace(child, columns=columns, relations=kept))
    parent = there.table(gone.target)
    back = {n: r for n, r in parent.relations.items() if n != gone.partner}
    there.put(replace(parent, relations=back))


def _has_name(table: TableDefinition, relation: Relation, name: str) -> bool:
    if relation.intersect:
        return relation.schema_name == name
    return not relation.collection and relationships.schema_name_of(table, relation) == name


def _required(body: Json, member: str) -> str:
    value = body.get(member)
    if not isinstance(value, str) or not value:
        raise errors.InvalidArgument(problem=f"Required field '{member}' is missing.")
    return value.lower()


_CUSTOMERS = frozenset({"account", "contact"})
_CASCADES = frozenset({"NoCascade", "Cascade", "Active", "UserOwned", "RemoveLink", "Restrict"})


def _whole_cascade(stated: Any) -> Json:
    """A CascadeConfiguration with all its members. Raises InvalidArgument for another word."""
    if not isinstance(stated, dict):
        raise errors.InvalidArgument(problem="CascadeConfiguration must be an object.")
    whole = {**relationships.CASCADE, **{k: v for k, v in stated.items() if "@" not in k}}
    for member, value in whole.items():
        if value is not None and (not isinstance(value, str) or value not in _CASCADES):
            raise errors.InvalidArgument(problem=f"The {member} behavior '{value}' is not valid.")
    return whole


def create_customer(there: Customizations, body: Json) -> Json:
    """CreateCustomerRelationships: a lookup to accounts and contacts with its relationships."""
    listed = body.get("OneToManyRelationships")
    for part in listed if isinstance(listed, list) else ():
        if isinstance(part, dict) and _required(part, "ReferencedEntity") not in _CUSTOMERS:
            raise errors.InvalidArgument(
                problem="A customer lookup refers to account and contact only."
            )
    return _create_lookup(there, body, "Customer")


def create_polymorphic(there: Customizations, body: Json) -> Json:
    """CreatePolymorphicLookupAttribute: a lookup to several tables with its relationships.

    Source: "Multi-table lookups".
    """
    return _create_lookup(there, body, "Lookup")


def _create_lookup(there: Customizations, body: Json, kind: str) -> Json:
    lookup, listed = body.get("Lookup"), body.get("OneToManyRelationships")
    if not isinstance(lookup, dict) or not isinstance(listed, list) or not listed:
        raise errors.InvalidArgument(
            problem="Required field 'Lookup' or 'OneToManyRelationships' is missing."
        )
    column: ColumnDefinition | None = None
    made = []
    for part in listed:
        if not isinstance(part, dict):
            raise errors.InvalidArgument(problem="OneToManyRelationships must hold objects.")
        child = there.table(_required(part, "ReferencingEntity"))
        parent = there.table(_required(part, "ReferencedEntity"))
        name = new_tables.checked_name(part.get("SchemaName"))
        if column is None:
            column = replace(lookup_column(there, child, lookup), type=kind)
        identity = str(part.get("MetadataId") or there.ids.uuid())
        made.append(identity)
        facts: Json = {"MetadataId": identity}
        if part.get("CascadeConfiguration") is not None:
            facts["CascadeConfiguration"] = _whole_cascade(part["CascadeConfiguration"])
        relation = Relation(
            _of_several(column, parent),
            parent.logical_name,
            False,
            ((column.name, parent.primary_id),),
            name,
            schema_name=name,
            is_custom=True,
            facts=facts,
        )
        link(there, child, parent, column, relation)
    attribute = column_id("", column) if column is not None else ""
    return {"AttributeId": attribute, "RelationshipIds": made}
