"""The $metadata document of the tables that are served now."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from windtunnel.contracts.entities.dataverse import Relation, TableDefinition
from windtunnel.simulator.services.dataverse.model.metadata.csdl_operations import (
    Operations,
    operation_parts,
)
from windtunnel.simulator.services.dataverse.model.tables import PRINCIPALS

_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
    '<edmx:Reference Uri="http://vocabularies.odata.org/OData.Community.Keys.V1.xml">'
    '<edmx:Include Namespace="OData.Community.Keys.V1" Alias="Keys" />'
    '<edmx:IncludeAnnotations TermNamespace="OData.Community.Keys.V1" /></edmx:Reference>'
    '<edmx:Reference Uri="http://vocabularies.odata.org/OData.Community.Display.V1.xml">'
    '<edmx:Include Namespace="OData.Community.Display.V1" Alias="Display" />'
    '<edmx:IncludeAnnotations TermNamespace="OData.Community.Display.V1" /></edmx:Reference>'
    '<edmx:DataServices><Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm" '
    'xmlns="http://docs.oasis-open.org/odata/ns/edm">'
    '<EntityType Name="crmbaseentity" Abstract="true" />'
)
_PRINCIPAL = (
    '<EntityType Name="principal" BaseType="mscrm.crmbaseentity" Abstract="true"><Key>'
    '<PropertyRef Name="ownerid" /></Key><Property Name="ownerid" Type="Edm.Guid" /></EntityType>'
)
_OWNER = (
    '<NavigationProperty Name="ownerid" Type="mscrm.principal" Nullable="false">'
    '<ReferentialConstraint Property="_ownerid_value" ReferencedProperty="ownerid" />'
    "</NavigationProperty>"
)


def document(definitions: list[TableDefinition], operations: Operations) -> bytes:
    """CSDL with an entity type and an entity set for each table, and all functions and actions."""
    known = {definition.logical_name for definition in definitions}
    parts = [_HEAD, _PRINCIPAL]
    parts += [_entity_type(definition, known) for definition in definitions]
    schema, imports = operation_parts(operations, known)
    parts += schema
    parts.append('<EntityContainer Name="System">')
    sets = {definition.logical_name: definition.entity_set for definition in definitions}
    parts += [_set(definition, sets) for definition in definitions]
    parts += imports
    parts.append("</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>")
    return "".join(parts).encode()


def _entity_type(definition: TableDefinition, known: set[str]) -> str:
    is_principal = definition.logical_name in PRINCIPALS and "ownerid" in definition.columns
    base, key = "crmbaseentity", definition.primary_id
    if is_principal:
        base, key = "principal", "ownerid"
    parts = [
        f'<EntityType Name="{definition.logical_name}" BaseType="mscrm.{base}"><Key>'
        f'<PropertyRef Name="{key}" /></Key>'
    ]
    for column in definition.columns.values():
        if is_principal and column.name == "ownerid":
            continue  # it comes from the base
        facets = {"Edm.String": ' Unicode="false"', "Edm.Decimal": ' Scale="Variable"'}
        parts.append(
            f'<Property Name="{column.name}" Type="{column.edm}"{facets.get(column.edm, "")} />'
        )
    relations = definition.relations.values()
    parts += [_navigation(relation) for relation in relations if relation.target in known]
    if "_ownerid_value" in definition.columns and "ownerid" not in definition.relations:
        parts.append(_OWNER)
    if definition.keys:
        parts.append(_alternate_keys(definition))
    parts.append("</EntityType>")
    return "".join(parts)


def _navigation(relation: Relation) -> str:
    partner = f' Partner="{relation.partner}"' if relation.partner else ""
    if relation.collection:
        return (
            f'<NavigationProperty Name="{relation.name}" '
            f'Type="Collection(mscrm.{relation.target})"{partner} />'
        )
    own, far = relation.pairs[0]
    return (
        f'<NavigationProperty Name="{relation.name}" Type="mscrm.{relation.target}" '
        f'Nullable="false"{partner}>'
        f'<ReferentialConstraint Property="{own}" ReferencedProperty="{far}" />'
        "</NavigationProperty>"
    )


def _alternate_keys(definition: TableDefinition) -> str:
    records = []
    for name, columns in definition.keys.items():
        refs = "".join(
            '<Record Type="Keys.PropertyRef"><PropertyValue Property="Alias" '
            f'String={quoteattr(column)} /><PropertyValue Property="Name" '
            f"PropertyPath={quoteattr(column)} /></Record>"
            for column in columns
        )
        records.append(
            f'<Record Type="Keys.AlternateKey"><PropertyValue Property="Name" '
            f'String={quoteattr(name)} /><PropertyValue Property="Key"><Collection>{refs}'
            "</Collection></PropertyValue></Record>"
        )
    return (
        '<Annotation Term="OData.Community.Keys.V1.AlternateKeys"><Collection>'
        f"{''.join(records)}</Collection></Annotation>"
    )


def _set(definition: TableDefinition, sets: dict[str, str]) -> str:
    bindings = "".join(
        f'<NavigationPropertyBinding Path="{relation.name}" Target="{sets[relation.target]}" />'
        for relation in definition.relations.values()
        if relation.target in sets
    )
    return (
        f'<EntitySet Name="{definition.entity_set}" '
        f'EntityType="Microsoft.Dynamics.CRM.{definition.logical_name}">{bindings}</EntitySet>'
    )
