"""`EntityMetadata` and its kin, the JSON of the Web API, to definitions.

What clients send to create tables and columns and what a real environment answers to
`EntityDefinitions?$expand=Attributes,...` are the same shapes. Source: "EntityMetadata EntityType",
"AttributeMetadata EntityType" and the types derived from them.
"""

from __future__ import annotations

from typing import Any

from windtunnel.contracts.entities.dataverse.definitions import ColumnDefinition, Option, OptionSet

Json = dict[str, Any]
NAMESPACE = "Microsoft.Dynamics.CRM."
LOOKUPS = frozenset({"Lookup", "Customer", "Owner"})
CHOICES = frozenset({"Picklist", "State", "Status", "MultiSelectPicklist", "Boolean"})
MANAGED_PROPERTY = "mscrm.BooleanManagedProperty"
"""The complex type of columns that say what a solution lets be done: Value, CanBeChanged, name."""
EDM = {
    "String": "Edm.String",
    "Memo": "Edm.String",
    "EntityName": "Edm.String",
    "Integer": "Edm.Int32",
    "BigInt": "Edm.Int64",
    "Decimal": "Edm.Decimal",
    "Money": "Edm.Decimal",
    "Double": "Edm.Double",
    "Boolean": "Edm.Boolean",
    "DateTime": "Edm.DateTimeOffset",
    "Lookup": "Edm.Guid",
    "Customer": "Edm.Guid",
    "Owner": "Edm.Guid",
    "Picklist": "Edm.Int32",
    "State": "Edm.Int32",
    "Status": "Edm.Int32",
    "MultiSelectPicklist": "Edm.String",
    "Uniqueidentifier": "Edm.Guid",
    "UniqueIdentifier": "Edm.Guid",
    "Image": "Edm.Binary",
    "File": "Edm.Guid",
    "ManagedProperty": MANAGED_PROPERTY,
}
"""AttributeType to the type on the wire; DateOnly columns are `Edm.Date`."""

_FROM_FIELDS = frozenset(
    {
        "Attributes",
        "AttributeType",
        "AttributeTypeName",
        "EntityLogicalName",
        "HasChanged",
        "IsCustomAttribute",
        "IsPrimaryId",
        "IsPrimaryName",
        "LogicalName",
        "MaxLength",
        "MaxValue",
        "MinValue",
        "Options",
        "OptionSet",
        "GlobalOptionSet",
        "Precision",
        "RequiredLevel",
        "SchemaName",
        "Targets",
        "TrueOption",
        "FalseOption",
        "Value",
        "State",
        "Keys",
        "OneToManyRelationships",
        "ManyToOneRelationships",
        "ManyToManyRelationships",
        "Privileges",
        "Lookup",
    }
)
_LEVELS = {
    "None": "none",
    "SystemRequired": "systemrequired",
    "ApplicationRequired": "required",
    "Recommended": "recommended",
}


def label_text(label: Any, language: int = 1033) -> str:
    """The text of a Label in a language, else of the first one it has; `` for none."""
    if not isinstance(label, dict):
        return ""
    listed = listed_in(label, "LocalizedLabels")
    labels = [entry for entry in listed if isinstance(entry, dict) and entry.get("Label")]
    for entry in labels:
        if entry.get("LanguageCode") == language:
            return str(entry["Label"])
    user = label.get("UserLocalizedLabel")
    if not labels and isinstance(user, dict):
        labels = [user]
    return str(labels[0].get("Label") or "") if labels else ""


def listed_in(body: Json, member: str) -> list[Any]:
    """The array that a member holds; an empty one for anything else."""
    value = body.get(member)
    return value if isinstance(value, list) else []


def facts_of(body: Json) -> Json:
    """The members a definition has no field for, without annotations."""
    return {
        name: value
        for name, value in body.items()
        if "@" not in name and name not in _FROM_FIELDS and value is not None
    }


def attribute_kind(body: Json) -> str:
    """The column's kind: `String`, `Picklist`, `MultiSelectPicklist`, `Customer`, ...; `` unknown.

    The type annotation is general (a customer column is a lookup), `AttributeType` hides files and
    multi-select choices behind `Virtual`: the names are read together.
    """
    annotated = str(body.get("@odata.type") or "").lstrip("#").removeprefix(NAMESPACE)
    annotated = annotated.removesuffix("AttributeMetadata").removeprefix("Complex")
    named = body.get("AttributeTypeName")
    type_name = str(named.get("Value") or "") if isinstance(named, dict) else ""
    plain = str(body.get("AttributeType") or "")
    if annotated in {"", "Lookup"}:
        for candidate in (type_name.removesuffix("Type"), plain):
            if candidate and candidate != "Virtual":
                return "Uniqueidentifier" if candidate == "UniqueIdentifier" else candidate
    return "Uniqueidentifier" if annotated == "UniqueIdentifier" else annotated or plain


def options_of(option_set: Any) -> tuple[Option, ...]:
    """The options of an OptionSetMetadata or BooleanOptionSetMetadata, in order."""
    if not isinstance(option_set, dict):
        return ()
    pair = [option_set.get("FalseOption"), option_set.get("TrueOption")]
    listed = listed_in(option_set, "Options") or [option for option in pair if option is not None]
    return tuple(option_of(option) for option in listed if isinstance(option, dict))


def option_of(body: Json) -> Option:
    """One OptionMetadata; an option without a value gets 0 (whoever creates it assigns one).

    Raises ValueError for a value that is no integer.
    """
    state, value = body.get("State"), body.get("Value")
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise ValueError(f"The option value '{value}' is not an integer.")
    return Option(
        value or 0,
        label_text(body.get("Label")),
        state if isinstance(state, int) else None,
        facts_of(body),
    )


def column_of(body: Json, *, is_custom: bool | None = None) -> ColumnDefinition:
    """The column of an AttributeMetadata. Raises ValueError for a kind that is no column type."""
    kind = attribute_kind(body)
    if kind not in EDM:
        name = str(body.get("@odata.type") or kind).lstrip("#")
        raise ValueError(f"The attribute type '{name}' is not supported.")
    schema_name = str(body.get("SchemaName") or body.get("LogicalName") or "")
    logical = str(body.get("LogicalName") or schema_name).lower()
    behavior = body.get("DateTimeBehavior")
    edm = EDM[kind]
    if kind == "DateTime" and isinstance(behavior, dict) and behavior.get("Value") == "DateOnly":
        edm = "Edm.Date"
    facts = facts_of(body)
    chosen = body.get("OptionSet")
    shared = body.get("GlobalOptionSet")
    source = shared if isinstance(shared, dict) else chosen
    if isinstance(source, dict):
        facts["OptionSet"] = facts_of(source)
    level = body.get("RequiredLevel")
    wanted = level.get("Value") if isinstance(level, dict) else level
    return ColumnDefinition(
        name=f"_{logical}_value" if kind in LOOKUPS else logical,
        type=kind,
        edm=edm,
        label=label_text(body.get("DisplayName")),
        max_length=_whole(body.get("MaxLength")),
        options=options_of(source),
        required=_LEVELS.get(str(wanted), "none"),
        minimum=_number(body.get("MinValue")),
        maximum=_number(body.get("MaxValue")),
        is_custom=bool(body.get("IsCustomAttribute")) if is_custom is None else is_custom,
        schema_name=schema_name,
        precision=_whole(body.get("Precision")),
        option_set=_global_name(source),
        facts=facts,
    )


def _global_name(source: Any) -> str:
    if isinstance(source, dict) and source.get("IsGlobal"):
        return str(source.get("Name") or "")
    return ""


def option_set_of(body: Json, *, is_custom: bool) -> OptionSet:
    """A global choice."""
    return OptionSet(
        name=str(body.get("Name") or "").lower(),
        options=options_of(body),
        label=label_text(body.get("DisplayName")),
        kind=str(body.get("OptionSetType") or "Picklist"),
        is_custom=is_custom,
        metadata_id=str(body.get("MetadataId") or "").lower(),
        facts={k: v for k, v in facts_of(body).items() if k not in {"Name", "OptionSetType"}},
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return None
