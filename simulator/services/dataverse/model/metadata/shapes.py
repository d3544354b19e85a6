"""The wire forms of tables, columns, choices and keys: every member, in the order of the wire.

Source: "EntityMetadata EntityType" and "AttributeMetadata EntityType"; the order was counted in
answers of a real environment. What a definition states as facts wins over what is derived here.
"""

from __future__ import annotations

from typing import Any

from windtunnel.contracts.entities.dataverse import (
    ColumnDefinition,
    Option,
    OptionSet,
    TableDefinition,
)
from windtunnel.contracts.entities.dataverse.definitions import metadata_id
from windtunnel.contracts.entities.dataverse.roles import BASIC, DEEP, LOCAL, privileges_for
from windtunnel.contracts.entities.dataverse.wire import CHOICES, LOOKUPS
from windtunnel.simulator.services.dataverse.model.managed_properties import managed
from windtunnel.simulator.services.dataverse.model.numbering import format_of

NAMESPACE = "Microsoft.Dynamics.CRM."
SYSTEM_MOMENT = "1900-01-01T00:00:00Z"
Json = dict[str, Any]

LEVELS = {
    "none": "None",
    "systemrequired": "SystemRequired",
    "required": "ApplicationRequired",
    "recommended": "Recommended",
}


def label(text: str, *names: str, is_managed: bool = True) -> Json:
    """A Label with one text of the base language, or without any."""
    if not text:
        return {"LocalizedLabels": [], "UserLocalizedLabel": None}
    entry = {
        "Label": text,
        "LanguageCode": 1033,
        "IsManaged": is_managed,
        "MetadataId": metadata_id("label", *names),
        "HasChanged": None,
    }
    return {"LocalizedLabels": [entry], "UserLocalizedLabel": entry}


AUDITED = frozenset({"account", "contact"})
"""Tables that are audited where nobody said otherwise. Source: "Configure auditing", which shows
account; unconfirmed: contact."""
_WITH_DUPLICATE_RULES = frozenset({"account", "contact", "lead"})
_TABLE_PROPERTIES = (
    ("IsAuditEnabled", "canmodifyauditsettings", False),
    ("IsValidForQueue", "canmodifyqueuesettings", False),
    ("IsConnectionsEnabled", "canmodifyconnectionsettings", False),
    ("IsCustomizable", "iscustomizable", True),
    ("IsRenameable", "isrenameable", True),
    ("IsMappable", "ismappable", True),
    ("IsDuplicateDetectionEnabled", "canmodifyduplicatedetectionsettings", False),
    ("CanCreateAttributes", "cancreateattributes", True),
    ("CanCreateForms", "cancreateforms", True),
    ("CanCreateViews", "cancreateviews", True),
    ("CanCreateCharts", "cancreatecharts", True),
    ("CanBeRelatedEntityInRelationship", "canberelatedentityinrelationship", True),
    ("CanBePrimaryEntityInRelationship", "canbeprimaryentityinrelationship", True),
    ("CanBeInManyToMany", "canbeinmanytomany", True),
    ("CanBeInCustomEntityAssociation", "canbeincustomentityassociation", True),
    ("CanEnableSyncToExternalSearchIndex", "canenablesynctoexternalsearchindex", True),
    ("CanModifyAdditionalSettings", "canmodifyadditionalsettings", True),
    ("CanChangeHierarchicalRelationship", "canchangehierarchicalrelationship", True),
    ("CanChangeTrackingBeEnabled", "canchangetrackingbeenabled", True),
    ("IsMailMergeEnabled", "canmodifymailmergesettings", False),
    ("IsVisibleInMobile", "canmodifymobilevisibility", False),
    ("IsVisibleInMobileClient", "canmodifymobileclientvisibility", False),
    ("IsReadOnlyInMobileClient", "canmodifymobileclientreadonly", False),
    ("IsOfflineInMobileClient", "canmodifymobileclientoffline", True),
)


def table_shape(definition: TableDefinition) -> Json:
    """EntityMetadata without its navigation properties."""
    name, custom = definition.logical_name, definition.is_custom
    managed_by_vendor = not custom
    activity = definition.primary_id == "activityid"
    shape: Json = {
        "ActivityTypeMask": 1 if activity else 0,
        "AutoRouteToOwnerQueue": False,
        "CanTriggerWorkflow": not definition.is_intersect,
        "EntityHelpUrlEnabled": False,
        "EntityHelpUrl": None,
        "IsDocumentManagementEnabled": False,
        "IsOneNoteIntegrationEnabled": False,
        "IsInteractionCentricEnabled": False,
        "IsKnowledgeManagementEnabled": False,
        "IsSLAEnabled": False,
        "IsBPFEntity": False,
        "IsDocumentRecommendationsEnabled": False,
        "DataProviderId": None,
        "DataSourceId": None,
        "AutoCreateAccessTeams": False,
        "IsActivity": activity,
        "IsActivityParty": False,
        "IsAvailableOffline": True,
        "IsChildEntity": False,
        "IsAIRUpdated": True,
        "IconLargeName": None,
        "IconMediumName": None,
        "IconSmallName": None,
        "IconVectorName": None,
        "IsCustomEntity": custom,
        "IsBusinessProcessEnabled": False,
        "SyncToExternalSearchIndex": False,
        "IsOptimisticConcurrencyEnabled": not definition.is_intersect,
        "ChangeTrackingEnabled": True,
        "IsImportable": not definition.is_intersect,
        "IsIntersect": definition.is_intersect,
        "IsManaged": managed_by_vendor,
        "IsEnabledForCharts": True,
        "IsEnabledForTrace": False,
        "IsValidForAdvancedFind": not definition.is_intersect,
        "DaysSinceRecordLastModified": 0,
        "MobileOfflineFilters": "",
        "IsReadingPaneEnabled": True,
        "IsQuickCreateEnabled": False,
        "LogicalName": name,
        "ObjectTypeCode": definition.object_type_code,
        "OwnershipType": definition.ownership,
        "PrimaryNameAttribute": definition.primary_name or None,
        "PrimaryImageAttribute": "entityimage" if "entityimage" in definition.columns else None,
        "PrimaryIdAttribute": definition.primary_id,
        "RecurrenceBaseEntityLogicalName": None,
        "ReportViewName": f"Filtered{definition.schema_name}",
        "SchemaName": definition.schema_name,
        "IntroducedVersion": "1.0.0.0" if custom else "5.0.0.0",
        "IsStateModelAware": False,
        "EnforceStateTransitions": False,
        "ExternalName": None,
        "EntityColor": None,
        "LogicalCollectionName": definition.entity_set,
        "ExternalCollectionName": None,
        "CollectionSchemaName": _plural(definition),
        "EntitySetName": definition.entity_set,
        "IsEnabledForExternalChannels": False,
        "IsPrivate": False,
        "UsesBusinessDataLabelTable": False,
        "IsLogicalEntity": False,
        "HasNotes": not definition.is_intersect,
        "HasActivities": not custom and not definition.is_intersect,
        "HasFeedback": False,
        "HasEmailAddresses": "emailaddress1" in definition.columns,
        "IsSolutionAware": False,
        "IsArchivalEnabled": False,
        "IsRetentionEnabled": False,
        "IsRetrieveAuditEnabled": False,
        "IsRetrieveMultipleAuditEnabled": False,
        "IsMSTeamsIntegrationEnabled": False,
        "SettingOf": None,
        "CreatedOn": SYSTEM_MOMENT,
        "ModifiedOn": SYSTEM_MOMENT,
        "TableType": "Standard",
        "MetadataId": definition.metadata_id,
        "HasChanged": None,
        "Description": label(""),
        "DisplayCollectionName": label(
            definition.collection_label, name, "collection", is_managed=managed_by_vendor
        ),
        "DisplayName": label(definition.label, name, is_managed=managed_by_vendor),
    }
    for member, logical, value in _TABLE_PROPERTIES:
        shape[member] = managed(logical, value and not definition.is_intersect)
    if name in AUDITED:
        shape["IsAuditEnabled"]["Value"] = True
    if name in _WITH_DUPLICATE_RULES:
        shape["IsDuplicateDetectionEnabled"]["Value"] = True
    shape["Privileges"] = _privileges(definition)
    shape["Settings"] = []
    return {**shape, **definition.facts}


def _plural(definition: TableDefinition) -> str:
    root, plural = definition.logical_name, definition.entity_set
    return definition.schema_name + plural[len(root) :] if plural.startswith(root) else plural


def _privileges(definition: TableDefinition) -> list[Json]:
    return [
        {
            "CanBeBasic": BASIC in privilege.depths,
            "CanBeDeep": DEEP in privilege.depths,
            "CanBeGlobal": True,
            "CanBeLocal": LOCAL in privilege.depths,
            "CanBeEntityReference": False,
            "CanBeParentEntityReference": False,
            "Name": privilege.name,
            "PrivilegeId": privilege.privilege_id,
            "PrivilegeType": privilege.right,
        }
        for privilege in privileges_for(definition)
    ]


# -- columns ------------------------------------------------------------------------------------

_ANNOTATED = {
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
    "Customer": "Lookup",
    "Owner": "Lookup",
    "Picklist": "Picklist",
    "State": "State",
    "Status": "Status",
    "MultiSelectPicklist": "MultiSelectPicklist",
    "Image": "Image",
    "File": "File",
    "EntityName": "EntityName",
    "ManagedProperty": "ManagedProperty",
}
"""Kinds with a type of their own; keys and helpers are of the plain AttributeMetadata."""
_SHOWN_AS_VIRTUAL = frozenset({"MultiSelectPicklist", "Image", "File"})
_COLUMN_PROPERTIES = (
    ("IsAuditEnabled", "canmodifyauditsettings", True),
    ("IsGlobalFilterEnabled", "canmodifyglobalfiltersettings", False),
    ("IsSortableEnabled", "canmodifyissortablesettings", False),
    ("IsCustomizable", "iscustomizable", True),
    ("IsRenameable", "isrenameable", True),
    ("IsValidForAdvancedFind", "canmodifysearchsettings", True),
)
_MONEY_RANGE = 922_337_203_685_477.0
_READ_ONLY = frozenset(
    {
        "createdon",
        "modifiedon",
        "createdby",
        "modifiedby",
        "createdonbehalfby",
        "modifiedonbehalfby",
        "owninguser",
        "owningteam",
        "owningbusinessunit",
        "versionnumber",
        "organizationid",
    }
)


def type_of(column: ColumnDefinition) -> str:
    """The qualified metadata type of a column, without `#`."""
    return f"{NAMESPACE}{_ANNOTATED.get(column.type, '')}AttributeMetadata"


def column_id(table: str, column: ColumnDefinition) -> str:
    """The MetadataId of a column."""
    return str(column.facts.get("MetadataId") or metadata_id(table, column.logical_name))


def column_shape(definition: TableDefinition, column: ColumnDefinition, number: int) -> Json:
    """AttributeMetadata of a column, with the members of its type and its choices as callables."""
    shape = _specific(definition, column)
    shape.update(_common(definition, column, number))
    for name, value in column.facts.items():
        if name != "OptionSet":
            shape[name] = value
    if column.type in CHOICES or column.type == "EntityName":
        shape["OptionSet"] = lambda: (
            None if column.option_set else column_choice(definition, column)
        )
        shape["GlobalOptionSet"] = lambda: (
            column_choice(definition, column) if column.option_set else None
        )
    return shape


def _common(definition: TableDefinition, column: ColumnDefinition, number: int) -> Json:
    table, name, custom = definition.logical_name, column.logical_name, column.is_custom
    is_key = column.name == definition.primary_id
    is_name = name == definition.primary_name
    read_only = name in _READ_ONLY
    shown = "Virtual" if column.type in _SHOWN_AS_VIRTUAL else column.type
    secured = custom and not is_name and not is_key
    common: Json = {
        "AttributeOf": None,
        "AttributeType": shown,
        "ColumnNumber": number,
        "DeprecatedVersion": None,
        "IntroducedVersion": "1.0.0.0" if custom else "5.0.0.0",
        "EntityLogicalName": table,
        "IsCustomAttribute": custom,
        "IsPrimaryId": is_key,
        "IsPrimaryName": is_name,
        "IsValidForCreate": not read_only,
        "IsValidForRead": True,
        "IsValidForUpdate": not is_key and not read_only,
        "CanBeSecuredForRead": secured,
        "CanBeSecuredForCreate": secured,
        "CanBeSecuredForUpdate": secured,
        "IsSecured": False,
        "IsRetrievable": True,
        "IsFilterable": False,
        "IsSearchable": is_name,
        "IsManaged": not custom,
        "LinkedAttributeId": None,
        "LogicalName": name,
        "IsValidForForm": not is_key,
        "IsRequiredForForm": is_name,
        "IsValidForGrid": not is_key,
        "SchemaName": column.schema_name or _schema_name(name),
        "ExternalName": None,
        "IsLogical": False,
        "IsDataSourceSecret": False,
        "InheritsFrom": None,
        "CreatedOn": SYSTEM_MOMENT,
        "ModifiedOn": SYSTEM_MOMENT,
        "SourceType": 0 if column.type in {"Integer", "Decimal", "Money", "Boolean"} else None,
        "AutoNumberFormat": format_of(table, column) if column.type == "String" else None,
        "MetadataId": column_id(table, column),
        "HasChanged": None,
        "AttributeTypeName": {"Value": f"{column.type}Type"},
        "Description": label(""),
        "DisplayName": label(column.label, table, name, is_managed=not custom),
    }
    for member, logical, value in _COLUMN_PROPERTIES:
        common[member] = managed(logical, value and not read_only)
    common["RequiredLevel"] = {
        "Value": LEVELS.get(column.required, "None"),
        "CanBeChanged": column.required != "systemrequired",
        "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings",
    }
    common["CanModifyAdditionalSettings"] = managed("canmodifyadditionalsettings")
    common["Settings"] = []
    return common


def _schema_name(name: str) -> str:
    return name if "_" in name else name.capitalize()


def _specific(definition: TableDefinition, column: ColumnDefinition) -> Json:
    kind = column.type
    shape: Json = {}
    if kind in _ANNOTATED:
        shape["@odata.type"] = f"#{type_of(column)}"
    match kind:
        case "String" | "Memo":
            text = "Text" if kind == "String" else "TextArea"
            shape |= {"Format": text, "ImeMode": "Auto", "MaxLength": column.max_length}
            shape |= {"IsLocalizable": False}
            if kind == "String":
                shape |= {"YomiOf": None, "FormulaDefinition": "", "SourceTypeMask": 0}
                shape |= {"DatabaseLength": (column.max_length or 0) * 2}
            shape["FormatName"] = {"Value": text}
        case "Integer":
            shape |= {"Format": "None", "FormulaDefinition": "", "SourceTypeMask": 0}
            shape |= _bounds(column, -(2**31), 2**31 - 1)
        case "BigInt":
            shape |= _bounds(column, -(2**63), 2**63 - 1)
        case "Decimal" | "Double":
            shape |= {"ImeMode": "Auto", "Precision": _precision(column, 2)}
            shape |= _bounds(column, -100_000_000_000.0, 100_000_000_000.0)
            if kind == "Decimal":
                shape |= {"FormulaDefinition": "", "SourceTypeMask": 0}
        case "Money":
            shape |= {"ImeMode": "Auto", "Precision": _precision(column, 4)}
            shape |= {"PrecisionSource": 2, "CalculationOf": None, "IsBaseCurrency": False}
            shape |= _bounds(column, -_MONEY_RANGE, _MONEY_RANGE)
            shape |= {"FormulaDefinition": "", "SourceTypeMask": 0}
        case "Boolean":
            shape |= {"DefaultValue": False, "FormulaDefinition": "", "SourceTypeMask": 0}
        case "DateTime":
            only = column.edm == "Edm.Date"
            shape |= {
                "MinSupportedValue": "1753-01-01T00:00:00Z",
                "MaxSupportedValue": "9999-12-30T23:59:59Z",
                "Format": "DateOnly" if only else "DateAndTime",
                "ImeMode": "Inactive",
                "SourceTypeMask": 0,
                "FormulaDefinition": "",
                "DateTimeBehavior": {"Value": "DateOnly" if only else "UserLocal"},
                "CanChangeDateTimeBehavior": managed("canchangedatetimebehavior", not only),
            }
        case "Lookup" | "Customer" | "Owner":
            shape |= {"Targets": targets(definition, column), "Format": "None"}
        case "Picklist" | "MultiSelectPicklist" | "State" | "Status":
            shape |= {"DefaultFormValue": None if kind != "State" else 0}
            if kind in {"Picklist", "MultiSelectPicklist"}:
                shape |= {"FormulaDefinition": "", "SourceTypeMask": 0}
                shape |= {"ParentPicklistLogicalName": None, "ChildPicklistLogicalNames": []}
        case "EntityName":
            shape |= {"DefaultFormValue": None, "IsEntityReferenceStored": False}
        case "Image":
            shape |= {"IsPrimaryImage": column.name == "entityimage", "MaxHeight": 144}
            shape |= {"MaxWidth": 144, "MaxSizeInKB": 10_240, "CanStoreFullImage": False}
        case "File":
            shape |= {"MaxSizeInKB": 32_768}
        case _:
            pass
    return shape


def targets(definition: TableDefinition, column: ColumnDefinition) -> list[str]:
    """The tables a lookup may point at."""
    found = {
        relation.target
        for relation in definition.relations.values()
        if not relation.collection and relation.pairs[0][0] == column.name
    }
    if column.logical_name == "ownerid":
        found |= {"systemuser", "team"}
    return sorted(found)


def _bounds(column: ColumnDefinition, low: float, high: float) -> Json:
    return {
        "MaxValue": high if column.maximum is None else column.maximum,
        "MinValue": low if column.minimum is None else column.minimum,
    }


def _precision(column: ColumnDefinition, usual: int) -> int:
    return usual if column.precision is None else column.precision


# -- choices and keys ---------------------------------------------------------------------------


def column_choice(definition: TableDefinition, column: ColumnDefinition) -> Json:
    """The OptionSetMetadata or BooleanOptionSetMetadata behind a column."""
    table, name = definition.logical_name, column.logical_name
    facts = dict(column.facts.get("OptionSet") or {})
    kind = column.type if column.type != "MultiSelectPicklist" else "Picklist"
    options = column.options
    if kind == "Boolean" and not options:
        options = (Option(0, "No"), Option(1, "Yes"))
    choice = OptionSet(
        name=column.option_set or str(facts.pop("Name", "") or f"{table}_{name}"),
        options=options,
        label=column.label,
        kind=kind,
        is_custom=column.is_custom,
        metadata_id=str(facts.pop("MetadataId", "") or metadata_id(table, name, "optionset")),
        facts=facts,
    )
    return choice_shape(choice, is_global=bool(column.option_set), column_kind=column.type)


def choice_shape(choice: OptionSet, *, is_global: bool, column_kind: str = "") -> Json:
    """OptionSetMetadata; of two-valued choices BooleanOptionSetMetadata."""
    boolean = choice.kind == "Boolean"
    shape: Json = {}
    if is_global and not column_kind:
        shape["@odata.type"] = f"#{NAMESPACE}{'Boolean' if boolean else ''}OptionSetMetadata"
    shape |= {
        "IsCustomOptionSet": choice.is_custom,
        "IsGlobal": is_global,
        "IsManaged": not choice.is_custom,
        "Name": choice.name,
        "ExternalTypeName": None,
        "OptionSetType": choice.kind,
        "IntroducedVersion": "1.0.0.0" if choice.is_custom else "5.0.0.0",
        "MetadataId": choice.metadata_id or metadata_id("optionset", choice.name),
        "HasChanged": None,
    }
    options = [_option(choice, option, column_kind) for option in choice.options]
    if boolean:
        shape["TrueOption"] = next((o for o in options if o["Value"] == 1), None)
        shape["FalseOption"] = next((o for o in options if o["Value"] == 0), None)
    else:
        shape["ParentOptionSetName"] = None
        shape["Options"] = options
    shape["Description"] = label("")
    shape["DisplayName"] = label(choice.label, choice.name, is_managed=not choice.is_custom)
    shape["IsCustomizable"] = managed("iscustomizable")
    skipped = {"IsGlobal", "OptionSetType", "IsCustomOptionSet"}
    return {**shape, **{k: v for k, v in choice.facts.items() if k not in skipped}}


def _option(choice: OptionSet, option: Option, column_kind: str) -> Json:
    shape: Json = {}
    if column_kind in {"State", "Status"}:
        shape["@odata.type"] = f"#{NAMESPACE}{column_kind}OptionMetadata"
    shape["Value"] = option.value
    if column_kind == "Status":
        shape |= {"State": option.state, "TransitionData": None}
    if column_kind == "State":
        shape |= {"DefaultStatus": None, "InvariantName": option.label.replace(" ", "")}
    named = (choice.name, str(option.value))
    shape |= {
        "Color": None,
        "IsManaged": not choice.is_custom,
        "ExternalValue": "",
        "ParentValues": [],
        "Tag": None,
        "IsHidden": False,
        "MetadataId": None,
        "HasChanged": None,
        "Label": label(option.label, *named, is_managed=not choice.is_custom),
        "Description": label(""),
    }
    return {**shape, **option.facts}


def key_shapes(definition: TableDefinition) -> list[Json]:
    """EntityKeyMetadata of a table's alternate keys, those under construction included."""
    names = dict.fromkeys([*definition.keys, *definition.key_facts])
    return [_key(definition, name) for name in names]


def _key(definition: TableDefinition, name: str) -> Json:
    facts = definition.key_facts.get(name, {})
    columns = [
        definition.columns[c].logical_name if c in definition.columns else c
        for c in definition.keys.get(name, ())
    ]
    shape = {
        "LogicalName": name.lower(),
        "SchemaName": name,
        "EntityLogicalName": definition.logical_name,
        "KeyAttributes": columns,
        "IsManaged": not definition.is_custom and not facts,
        "IntroducedVersion": "1.0.0.0" if facts else "5.0.0.0",
        "IsSecondaryKey": False,
        "IsExportKey": False,
        "EntityKeyIndexStatus": "Active",
        "MetadataId": metadata_id(definition.logical_name, "key", name),
        "HasChanged": None,
        "DisplayName": label(name, definition.logical_name, "key", name),
        "IsCustomizable": managed("iscustomizable"),
        "AsyncJob": None,
    }
    return {**shape, **facts}


__all__ = ["LOOKUPS", "choice_shape", "column_shape", "key_shapes", "label", "table_shape"]
