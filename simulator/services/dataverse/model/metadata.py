"""Table definitions as the Web API answers them: $metadata and EntityDefinitions, read only.

Source: "Query table definitions using the Web API".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from xml.sax.saxutils import quoteattr

from windtunnel.contracts.entities.dataverse import ColumnDefinition, Relation, TableDefinition
from windtunnel.contracts.entities.dataverse.definitions import metadata_id
from windtunnel.simulator.exchange import Absent
from windtunnel.simulator.odata import NotSupported, UnknownProperty
from windtunnel.simulator.odata.tree import (
    Binary,
    Call,
    ExpandItem,
    Expression,
    Literal,
    Options,
    Property,
    Query,
    SelectItem,
    Unary,
)
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE, Tables
from windtunnel.simulator.services.dataverse.paths import Segment, literal

_METADATA_TYPES = {
    "String": "String",
    "Memo": "Memo",
    "Integer": "Integer",
    "BigInt": "BigInt",
    "Decimal": "Decimal",
    "Double": "Double",
    "Money": "Money",
    "Boolean": "Boolean",
    "DateTime": "DateTime",
    "Lookup": "Lookup",
    "Picklist": "Picklist",
    "State": "State",
    "Status": "Status",
    "Image": "Image",
}
_COLLECTIONS = {
    "Attributes",
    "Keys",
    "OneToManyRelationships",
    "ManyToOneRelationships",
    "ManyToManyRelationships",
}
Json = dict[str, Any]


class Metadata:
    """Answers for $metadata and the definition sets."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._csdl = b""
        self._csdl_for = -1

    def csdl(self) -> bytes:
        """The $metadata document, kept until a table is added."""
        if self._csdl_for != len(self._tables.by_name):
            self._csdl = _csdl([served.definition for served in self._tables.by_name.values()])
            self._csdl_for = len(self._tables.by_name)
        return self._csdl

    def answer(self, parts: tuple[Segment, ...], query: Query, base: str) -> Json:
        """The JSON of a definitions address. Raises the service's errors."""
        first = parts[0]
        if first.name != "EntityDefinitions":
            if first.name == "RelationshipDefinitions":
                return self._relationships(first, query, base)
            return self._collection(base, first.name, [], query)
        definitions = [served.definition for served in self._tables.by_name.values()]
        if first.arguments is None:
            if query.top is not None:
                raise errors.QueryError(problem="The query parameter '$top' is not supported.")
            items = [_entity(definition) for definition in definitions]
            return self._collection(base, "EntityDefinitions", items, query)
        definition = self._one(first, definitions)
        context = f"EntityDefinitions({definition.metadata_id})"
        if len(parts) == 1:
            item = _shaped(_entity(definition), query.options, "MetadataId")
            return {"@odata.context": f"{base}$metadata#EntityDefinitions/$entity", **item}
        return self._below(definition, parts[1:], query, base, context)

    def _one(self, segment: Segment, definitions: list[TableDefinition]) -> TableDefinition:
        [(name, node), *_] = segment.arguments or (("", Literal("", "Edm.String")),)
        value = str(literal(node)).lower()
        for definition in definitions:
            wanted = definition.logical_name if name == "LogicalName" else definition.metadata_id
            if wanted == value:
                return definition
        raise errors.RecordNotFound(table="EntityMetadata", id=value)

    def _below(
        self,
        definition: TableDefinition,
        parts: tuple[Segment, ...],
        query: Query,
        base: str,
        context: str,
    ) -> Json:
        kind = parts[0].name
        if kind not in _COLLECTIONS:
            raise errors.SegmentNotFound(segment=kind)
        items = _CHILDREN[kind](definition)
        cast = next((part.name for part in parts[1:] if part.is_qualified), "")
        if cast:
            items = [item for item in items if item.get("@odata.type", "") == f"#{cast}"]
        if parts[0].arguments:
            [(name, node), *_] = parts[0].arguments
            wanted = str(literal(node)).lower()
            member = name or "MetadataId"
            found = [item for item in items if str(item.get(member, "")).lower() == wanted]
            if not found:
                raise errors.RecordNotFound(table="AttributeMetadata", id=wanted)
            rest = [part for part in parts[1:] if not part.is_qualified]
            if rest:
                inner = found[0].get(rest[0].name)
                if inner is None:
                    raise errors.SegmentNotFound(segment=rest[0].name)
                return {"@odata.context": f"{base}$metadata#{context}/{kind}", **inner}
            shaped = _shaped(found[0], query.options, "MetadataId")
            return {"@odata.context": f"{base}$metadata#{context}/{kind}/$entity", **shaped}
        return self._collection(base, f"{context}/{kind}", items, query)

    def _collection(self, base: str, name: str, items: list[Json], query: Query) -> Json:
        if query.filter is not None:
            condition = query.filter
            items = [item for item in items if evaluate(condition, item) is True]
        shaped = [_shaped(item, query.options, "MetadataId") for item in items]
        shown = ",".join("/".join(item.path) for item in query.select)
        context = f"{base}$metadata#{name}" + (f"({shown})" if shown else "")
        answer: Json = {"@odata.context": context}
        if query.count:
            answer["@odata.count"] = len(shaped)
        return {**answer, "value": shaped}

    def _relationships(self, segment: Segment, query: Query, base: str) -> Json:
        items = [
            item
            for served in self._tables.by_name.values()
            for item in _many_to_one(served.definition)
        ]
        if segment.arguments:
            raise Absent("RelationshipDefinitions by key")
        return self._collection(base, "RelationshipDefinitions", items, query)


# -- shapes -------------------------------------------------------------------------------------


def _label(text: str, *names: str) -> Json:
    entry = {
        "Label": text,
        "LanguageCode": 1033,
        "IsManaged": True,
        "MetadataId": metadata_id("label", *names),
        "HasChanged": None,
    }
    return {"LocalizedLabels": [entry], "UserLocalizedLabel": entry} if text else _NO_LABEL


_NO_LABEL: Json = {"LocalizedLabels": [], "UserLocalizedLabel": None}


def _managed(value: bool, name: str) -> Json:
    return {"Value": value, "CanBeChanged": True, "ManagedPropertyLogicalName": name}


def _entity(definition: TableDefinition) -> Json:
    name = definition.logical_name
    ownership = {"BusinessOwned": "BusinessOwned", "None": "None"}.get(
        definition.ownership, definition.ownership
    )
    return {
        "ActivityTypeMask": 1 if name == "task" else 0,
        "AutoCreateAccessTeams": False,
        "ChangeTrackingEnabled": True,
        "EntitySetName": definition.entity_set,
        "HasActivities": not definition.is_custom,
        "HasNotes": True,
        "IsActivity": name == "task",
        "IsCustomEntity": definition.is_custom,
        "IsIntersect": False,
        "IsLogicalEntity": False,
        "IsManaged": not definition.is_custom,
        "IsOptimisticConcurrencyEnabled": True,
        "IsPrivate": False,
        "IsValidForAdvancedFind": True,
        "LogicalCollectionName": definition.entity_set,
        "LogicalName": name,
        "ObjectTypeCode": definition.object_type_code,
        "OwnershipType": ownership,
        "PrimaryIdAttribute": definition.primary_id,
        "PrimaryNameAttribute": definition.primary_name,
        "SchemaName": definition.schema_name,
        "TableType": "Standard",
        "MetadataId": definition.metadata_id,
        "HasChanged": None,
        "CanCreateAttributes": _managed(True, "cancreateattributes"),
        "DisplayName": _label(definition.label, name),
        "DisplayCollectionName": _label(definition.collection_label, name, "collection"),
        "Description": _NO_LABEL,
        "IsCustomizable": _managed(True, "iscustomizable"),
        "Attributes": lambda: _attributes(definition),
        "Keys": lambda: _keys(definition),
        "OneToManyRelationships": lambda: _one_to_many(definition),
        "ManyToOneRelationships": lambda: _many_to_one(definition),
        "ManyToManyRelationships": lambda: [],
    }


def _attributes(definition: TableDefinition) -> list[Json]:
    return [_attribute(definition, column) for column in definition.columns.values()]


def _attribute(definition: TableDefinition, column: ColumnDefinition) -> Json:
    table, name = definition.logical_name, column.logical_name
    is_key = column.name == definition.primary_id
    kind = _METADATA_TYPES.get(column.type)
    item: Json = {}
    if kind is not None:
        item["@odata.type"] = f"#{NAMESPACE}{kind}AttributeMetadata"
    item |= {
        "AttributeType": column.type,
        "EntityLogicalName": table,
        "IsCustomAttribute": column.is_custom,
        "IsPrimaryId": is_key,
        "IsPrimaryName": name == definition.primary_name,
        "IsValidForCreate": True,
        "IsValidForRead": True,
        "IsValidForUpdate": not is_key,
        "IsManaged": not column.is_custom,
        "IsLogical": False,
        "LogicalName": name,
        "SchemaName": name if "_" in name else name.capitalize(),
        "MetadataId": metadata_id(table, name),
        "HasChanged": None,
        "AttributeTypeName": {"Value": f"{column.type}Type"},
        "DisplayName": _label(column.label, table, name),
        "Description": _NO_LABEL,
        "RequiredLevel": {
            "Value": _LEVELS.get(column.required, "None"),
            "CanBeChanged": True,
            "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings",
        },
    }
    if column.type in {"String", "Memo"}:
        item["MaxLength"] = column.max_length
        item["FormatName"] = {"Value": "Text" if column.type == "String" else "TextArea"}
    if column.type in {"Integer", "Decimal", "Double", "Money"}:
        item["MinValue"], item["MaxValue"] = column.minimum, column.maximum
    if column.type == "Lookup":
        item["Targets"] = sorted(
            {
                relation.target
                for relation in definition.relations.values()
                if not relation.collection and relation.pairs[0][0] == column.name
            }
        )
    if column.type in {"Picklist", "State", "Status"}:
        item["OptionSet"] = lambda: _option_set(definition, column)
        item["GlobalOptionSet"] = lambda: None
    return item


_LEVELS = {
    "none": "None",
    "systemrequired": "SystemRequired",
    "required": "ApplicationRequired",
    "recommended": "Recommended",
}


def _option_set(definition: TableDefinition, column: ColumnDefinition) -> Json:
    table, name = definition.logical_name, column.logical_name
    return {
        "MetadataId": metadata_id(table, name, "optionset"),
        "HasChanged": None,
        "IsCustomOptionSet": column.is_custom,
        "IsGlobal": False,
        "IsManaged": not column.is_custom,
        "Name": f"{table}_{name}",
        "OptionSetType": column.type,
        "DisplayName": _label(column.label, table, name, "optionset"),
        "Description": _NO_LABEL,
        "Options": [
            {
                "Value": option.value,
                "Label": _label(option.label, table, name, str(option.value)),
                "Description": _NO_LABEL,
                "Color": None,
                "IsManaged": not column.is_custom,
                "MetadataId": None,
                "HasChanged": None,
                **({"State": option.state} if option.state is not None else {}),
            }
            for option in column.options
        ],
    }


def _keys(definition: TableDefinition) -> list[Json]:
    return [
        {
            "SchemaName": name,
            "LogicalName": name.lower(),
            "EntityLogicalName": definition.logical_name,
            "KeyAttributes": list(columns),
            "EntityKeyIndexStatus": "Active",
            "IsManaged": not definition.is_custom,
            "MetadataId": metadata_id(definition.logical_name, "key", name),
            "HasChanged": None,
            "DisplayName": _label(name, definition.logical_name, "key", name),
        }
        for name, columns in definition.keys.items()
    ]


def _relationship(child: str, parent: str, relation: Relation, columns: tuple[str, str]) -> Json:
    own, far = columns
    name = relation.partner or f"{child}_{parent}_{relation.name}"
    return {
        "@odata.type": f"#{NAMESPACE}OneToManyRelationshipMetadata",
        "SchemaName": name,
        "RelationshipType": "OneToManyRelationship",
        "ReferencedEntity": parent,
        "ReferencedAttribute": far,
        "ReferencingEntity": child,
        "ReferencingAttribute": own.removeprefix("_").removesuffix("_value"),
        "ReferencedEntityNavigationPropertyName": relation.partner,
        "ReferencingEntityNavigationPropertyName": relation.name,
        "IsCustomRelationship": False,
        "MetadataId": metadata_id("relationship", name),
        "HasChanged": None,
        "CascadeConfiguration": {
            "Assign": "NoCascade",
            "Delete": "RemoveLink",
            "Archive": "RemoveLink",
            "Merge": "NoCascade",
            "Reparent": "NoCascade",
            "Share": "NoCascade",
            "Unshare": "NoCascade",
            "RollupView": "NoCascade",
        },
    }


def _many_to_one(definition: TableDefinition) -> list[Json]:
    return [
        _relationship(definition.logical_name, relation.target, relation, relation.pairs[0])
        for relation in definition.relations.values()
        if not relation.collection
    ]


def _one_to_many(definition: TableDefinition) -> list[Json]:
    parent = definition.logical_name
    return [
        _relationship(
            relation.target,
            parent,
            Relation(relation.partner, relation.target, False, (), relation.name),
            (relation.pairs[0][1], relation.pairs[0][0]),
        )
        for relation in definition.relations.values()
        if relation.collection
    ]


_CHILDREN: dict[str, Callable[[TableDefinition], list[Json]]] = {
    "Attributes": _attributes,
    "Keys": _keys,
    "OneToManyRelationships": _one_to_many,
    "ManyToOneRelationships": _many_to_one,
    "ManyToManyRelationships": lambda definition: [],  # noqa: ARG005 - standard tables have none here
}


# -- $select, $expand, $filter over objects -----------------------------------------------------


def _shaped(item: Json, options: Options, always: str) -> Json:
    """What is selected and expanded of an object; callables are its navigation."""
    wanted = _wanted(item, options.select)
    shaped = {
        name: value
        for name, value in item.items()
        if not callable(value)
        and (wanted is None or name in wanted or name in {always, "@odata.type"})
    }
    for expand in options.expand:
        shaped[expand.path[0]] = _expanded(item, expand)
    return shaped


def _wanted(item: Json, select: Iterable[SelectItem]) -> set[str] | None:
    names = set()
    for part in select:
        name = part.path[-1]
        if name == "*":
            return None
        if name not in item and not part.path[0].startswith(NAMESPACE):
            raise UnknownProperty(name, f"{NAMESPACE}MetadataBase", part.position)
        names.add(name)
    return names or None


def _expanded(item: Json, expand: ExpandItem) -> Any:
    value = item.get(expand.path[0])
    if not callable(value):
        raise UnknownProperty(expand.path[0], f"{NAMESPACE}MetadataBase", expand.position)
    inner = value()
    options = expand.options or Options()
    if isinstance(inner, list):
        if options.filter is not None:
            inner = [part for part in inner if evaluate(options.filter, part) is True]
        return [_shaped(part, options, "MetadataId") for part in inner]
    return _shaped(inner, options, "MetadataId") if isinstance(inner, dict) else None


def evaluate(node: Expression, item: Json) -> Any:
    """A filter over an object. Strings compare without case; unknown names raise."""
    match node:
        case Literal(value):
            return value.lower() if isinstance(value, str) else value
        case Property(name, of):
            holder = item if of is None else evaluate_object(of, item)
            if not isinstance(holder, dict) or name not in holder:
                raise UnknownProperty(name, f"{NAMESPACE}EntityMetadata", node.position)
            value = holder[name]
            return value.lower() if isinstance(value, str) else value
        case Binary("and", left, right):
            return evaluate(left, item) is True and evaluate(right, item) is True
        case Binary("or", left, right):
            return evaluate(left, item) is True or evaluate(right, item) is True
        case Binary("eq", left, right):
            return bool(evaluate(left, item) == evaluate(right, item))
        case Binary("ne", left, right):
            return bool(evaluate(left, item) != evaluate(right, item))
        case Binary("in", left, right):
            choices = [evaluate(choice, item) for choice in getattr(right, "items", ())]
            return evaluate(left, item) in choices
        case Unary("not", operand):
            return evaluate(operand, item) is not True
        case Call("contains" | "startswith" | "endswith", (left, right)):
            subject, probe = str(evaluate(left, item)), str(evaluate(right, item))
            test = {"contains": str.__contains__, "startswith": str.startswith}
            return bool(test.get(node.name, str.endswith)(subject, probe))
        case _:
            raise NotSupported(
                f"The query node {type(node).__name__} is not supported on metadata.",
                getattr(node, "position", -1),
            )


def evaluate_object(node: Expression, item: Json) -> Any:
    """The object behind a path such as `CanCreateAttributes/Value`."""
    if isinstance(node, Property) and node.of is None:
        return item.get(node.name)
    raise NotSupported("The path is too deep for metadata.", getattr(node, "position", -1))


# -- $metadata ----------------------------------------------------------------------------------

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
_WHO_AM_I = (
    '<ComplexType Name="WhoAmIResponse"><Property Name="BusinessUnitId" Type="Edm.Guid" '
    'Nullable="false" /><Property Name="UserId" Type="Edm.Guid" Nullable="false" />'
    '<Property Name="OrganizationId" Type="Edm.Guid" Nullable="false" /></ComplexType>'
    '<Function Name="WhoAmI"><ReturnType Type="mscrm.WhoAmIResponse" Nullable="false" /></Function>'
)


def _csdl(definitions: list[TableDefinition]) -> bytes:
    known = {definition.logical_name for definition in definitions}
    parts = [_HEAD]
    parts += [_entity_type(definition, known) for definition in definitions]
    parts.append(_WHO_AM_I)
    parts.append('<EntityContainer Name="System">')
    parts += [_set(definition, definitions, known) for definition in definitions]
    parts.append('<FunctionImport Name="WhoAmI" Function="mscrm.WhoAmI" />')
    parts.append("</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>")
    return "".join(parts).encode()


def _entity_type(definition: TableDefinition, known: set[str]) -> str:
    parts = [
        f'<EntityType Name="{definition.logical_name}" BaseType="mscrm.crmbaseentity"><Key>'
        f'<PropertyRef Name="{definition.primary_id}" /></Key>'
    ]
    for column in definition.columns.values():
        facets = {"Edm.String": ' Unicode="false"', "Edm.Decimal": ' Scale="Variable"'}
        parts.append(
            f'<Property Name="{column.name}" Type="{column.edm}"{facets.get(column.edm, "")} />'
        )
    relations = definition.relations.values()
    parts += [_navigation(relation) for relation in relations if relation.target in known]
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


def _set(definition: TableDefinition, definitions: list[TableDefinition], known: set[str]) -> str:
    sets = {other.logical_name: other.entity_set for other in definitions}
    bindings = "".join(
        f'<NavigationPropertyBinding Path="{relation.name}" Target="{sets[relation.target]}" />'
        for relation in definition.relations.values()
        if relation.target in known
    )
    return (
        f'<EntitySet Name="{definition.entity_set}" '
        f'EntityType="Microsoft.Dynamics.CRM.{definition.logical_name}">{bindings}</EntitySet>'
    )
