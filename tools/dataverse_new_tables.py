"""The standard tables of Dataverse that are younger than the documents, as CSDL."""

from __future__ import annotations

from dataverse_annotations import cascade, note

from windtunnel.contracts.entities.dataverse.wire import MANAGED_PROPERTY

# Tables that the documents do not have: name -> (set, label, plural, code, key, primary, ownership, columns).
# A column is "name type [length]"; `x -> table` is a lookup.
NEW_TABLES = {
    "customapi": ("customapis", "Custom API", "Custom APIs", 10027, "customapiid", "uniquename", "OrganizationOwned", "uniquename String 128|name String 100|displayname String 100|description String 300|allowedcustomprocessingsteptype Picklist 0=None;1=Async Only;2=Sync and Async|bindingtype Picklist 0=Global;1=Entity;2=EntityCollection|boundentitylogicalname String 100|executeprivilegename String 100|isfunction Boolean|isprivate Boolean|workflowsdkstepenabled Boolean|plugintypeid -> plugintype|sdkmessageid -> sdkmessage"),
    "customapirequestparameter": ("customapirequestparameters", "Custom API Request Parameter", "Custom API Request Parameters", 10028, "customapirequestparameterid", "uniquename", "OrganizationOwned", "uniquename String 128|name String 100|displayname String 100|description String 300|type Picklist 0=Boolean;1=DateTime;2=Decimal;3=Entity;4=EntityCollection;5=EntityReference;6=Float;7=Integer;8=Money;9=Picklist;10=String;11=StringArray;12=Guid|isoptional Boolean|logicalentityname String 100|customapiid -> customapi"),
    "customapiresponseproperty": ("customapiresponseproperties", "Custom API Response Property", "Custom API Response Properties", 10029, "customapiresponsepropertyid", "uniquename", "OrganizationOwned", "uniquename String 128|name String 100|displayname String 100|description String 300|type Picklist 0=Boolean;1=DateTime;2=Decimal;3=Entity;4=EntityCollection;5=EntityReference;6=Float;7=Integer;8=Money;9=Picklist;10=String;11=StringArray;12=Guid|logicalentityname String 100|customapiid -> customapi"),
    "environmentvariabledefinition": ("environmentvariabledefinitions", "Environment Variable Definition", "Environment Variable Definitions", 380, "environmentvariabledefinitionid", "schemaname", "UserOwned", "schemaname String 100|displayname String 100|description Memo 2000|type Picklist 100000000=String;100000001=Number;100000002=Boolean;100000003=JSON;100000004=Data Source;100000005=Secret|defaultvalue Memo 2000|isrequired Boolean|valueschema String 2048|hint String 2048|apiid String 100|secretstore Picklist 0=Azure Key Vault;1=Microsoft Dataverse"),
    "environmentvariablevalue": ("environmentvariablevalues", "Environment Variable Value", "Environment Variable Values", 381, "environmentvariablevalueid", "schemaname", "UserOwned", "schemaname String 100|value Memo 2000|environmentvariabledefinitionid -> environmentvariabledefinition"),
    "cdm_company": ("cdm_companies", "Company", "Companies", 10311, "cdm_companyid", "cdm_companycode", "OrganizationOwned", "cdm_companycode String 4|cdm_name String 160|cdm_isenabledfordualwrite Boolean"),
    "connectionreference": ("connectionreferences", "Connection Reference", "Connection References", 10037, "connectionreferenceid", "connectionreferencedisplayname", "UserOwned", "connectionreferencedisplayname String 100|connectionreferencelogicalname String 100|connectionid String 100|connectorid String 100|description Memo 2000|promptingbehavior Picklist 0=Prompt;1=Skip"),
    "backgroundoperation": ("backgroundoperations", "Background Operation", "Background Operations", 10239, "backgroundoperationid", "name", "UserOwned", "name String 100|displayname String 100|inputparameters Memo 1048576|outputparameters Memo 1048576|backgroundoperationstatecode Picklist 0=Ready;2=Locked;3=Completed|backgroundoperationstatuscode Picklist 0=Waiting For Resources;20=In Progress;22=Canceling;30=Succeeded;31=Failed;32=Canceled|errorcode Integer|errormessage Memo 4000|starttime DateTime|endtime DateTime|runasuser String 100|retrycount Integer|ttlinseconds Integer"),
}  # fmt: skip
# Which of them are components of solutions, and what every such component has.
COMPONENTS = NEW_TABLES.keys() - {"cdm_company", "backgroundoperation"}
COMPONENT_COLUMNS = "|componentidunique Uniqueidentifier|componentstate Picklist 0=Published;1=Unpublished;2=Deleted;3=Deleted Unpublished|iscustomizable ManagedProperty|ismanaged Boolean|overwritetime DateTime|solutionid Uniqueidentifier"
# Lookups of these tables on the wire, as pages on custom APIs and environment variables write them:
# (table, lookup) -> navigation property, and the collection of the other side.
NAVIGATIONS = {
    ("customapi", "plugintypeid"): ("PluginTypeId", "plugintype_customapi"),
    ("customapi", "sdkmessageid"): ("SdkMessageId", "sdkmessage_customapi"),
    ("customapirequestparameter", "customapiid"): ("CustomAPIId", "CustomAPIRequestParameters"),
    ("customapiresponseproperty", "customapiid"): ("CustomAPIId", "CustomAPIResponseProperties"),
    ("environmentvariablevalue", "environmentvariabledefinitionid"): ("EnvironmentVariableDefinitionId", "environmentvariabledefinition_environmentvariablevalue"),
}  # fmt: skip
NEW_KEYS = {"cdm_company": {"cdm_company_cdm_companycode": ("cdm_companycode",)}}


def back_link(name: str, child: str, listed: str) -> list[str]:
    """The collection of a table that a lookup of a new table makes, if one leads to it."""
    lookup = next((p for p in listed.split("|") if p.endswith(f" -> {name}")), "").partition(" ")[0]
    if not lookup:
        return []
    wire, back = NAVIGATIONS.get((child, lookup), (lookup, f"{name}_{child}"))
    return [
        f'<NavigationProperty Name="{back}" Type="Collection(mscrm.{child})" Partner="{wire}"/>'
    ]


def new_table(name: str) -> list[str]:
    entity_set, label, plural, code, key, primary, ownership, listed = NEW_TABLES[name]
    del entity_set
    lines = [
        f'<EntityType Name="{name}" BaseType="mscrm.crmbaseentity"><Key><PropertyRef Name="{key}"/></Key>'
    ]
    for term, value in (
        ("Label", label),
        ("CollectionLabel", plural),
        ("ObjectTypeCode", str(code)),
        ("PrimaryName", primary),
        ("Ownership", ownership),
        ("DefaultStatus", "0=1;1=2"),
    ):
        lines.append(note(term, value))
    for key_name, columns in NEW_KEYS.get(name, {}).items():
        references = "".join(
            f'<Record><PropertyValue Property="Name" PropertyPath="{c}"/></Record>' for c in columns
        )
        lines.append(
            '<Annotation Term="OData.Community.Keys.V1.AlternateKeys"><Collection><Record>'
            f'<PropertyValue Property="Name" String="{key_name}"/><PropertyValue Property="Key">'
            f"<Collection>{references}</Collection></PropertyValue></Record></Collection></Annotation>"
        )
    edm = {"String": "Edm.String", "Memo": "Edm.String", "Boolean": "Edm.Boolean", "Integer": "Edm.Int32", "Picklist": "Edm.Int32", "DateTime": "Edm.DateTimeOffset", "Uniqueidentifier": "Edm.Guid", "ManagedProperty": MANAGED_PROPERTY}  # fmt: skip
    links = []
    lines.append(
        f'<Property Name="{key}" Type="Edm.Guid">{note("Type", "Uniqueidentifier")}</Property>'
    )
    common = "createdon DateTime|modifiedon DateTime|createdby -> systemuser|modifiedby -> systemuser|statecode State 0=Active;1=Inactive|statuscode Status 1@0=Active;2@1=Inactive|importsequencenumber Integer"
    if ownership == "UserOwned":
        common += (
            "|ownerid -> systemuser|owninguser -> systemuser|owningbusinessunit -> businessunit"
        )
    else:
        common += "|organizationid -> organization"
    if name in COMPONENTS:
        common += COMPONENT_COLUMNS
    for row in f"{listed}|{common}".split("|"):
        wire, _, rest = row.partition(" ")
        if rest.startswith("-> "):
            target = rest[3:]
            far = {"systemuser": "systemuserid"}.get(target, f"{target}id")
            lines.append(
                f'<Property Name="_{wire}_value" Type="Edm.Guid">{note("Type", "Lookup")}</Property>'
            )
            behaviour = cascade(name, f"_{wire}_value", target)
            shown, back = NAVIGATIONS.get((name, wire), (wire, f"{target}_{name}"))
            links.append(
                f'<NavigationProperty Name="{shown}" Type="mscrm.{target}" Nullable="false" Partner="{back}">'
                f'<ReferentialConstraint Property="_{wire}_value" ReferencedProperty="{far}"/>'
                f"{note('Cascade', behaviour) if behaviour else ''}</NavigationProperty>"
            )
            continue
        kind, _, more = rest.partition(" ")
        notes = [note("Type", kind)]
        if kind in {"Picklist", "State", "Status"}:
            notes.append(note("Options", more))
        elif more:
            notes.append(note("MaxLength", more))
        edm_type = edm.get(kind, "Edm.Int32")
        lines.append(f'<Property Name="{wire}" Type="{edm_type}">{"".join(notes)}</Property>')
    lines.append(
        f'<Property Name="versionnumber" Type="Edm.Int64">{note("Type", "BigInt")}</Property>'
    )
    for child, row in NEW_TABLES.items():
        links += back_link(name, child, row[7])
    return [*lines, *links, "</EntityType>"]
