"""Definitions read as the pages on querying table definitions show it, request by request."""

from __future__ import annotations

import pytest

ACCOUNT = "70816501-edb9-4740-a16c-6a5efbc05d84"
CRM = "Microsoft.Dynamics.CRM."


def value(answer):
    assert answer.status == 200, answer.body
    return answer.json["value"]


def test_a_table_is_found_by_its_name_and_by_its_id(dataverse):
    named = dataverse.ask("GET", "EntityDefinitions(LogicalName='account')").json
    assert named["MetadataId"] == ACCOUNT
    assert dataverse.ask("GET", f"EntityDefinitions({ACCOUNT})").json == named
    assert named["@odata.context"].endswith("$metadata#EntityDefinitions/$entity")
    assert "Attributes" not in named
    assert named["CanCreateAttributes"]["ManagedPropertyLogicalName"] == "cancreateattributes"
    assert {p["PrivilegeType"] for p in named["Privileges"]} >= {"Create", "Read", "Assign"}


def test_what_is_selected_comes_with_the_metadata_id_alone(dataverse):
    answer = dataverse.ask(
        "GET",
        "EntityDefinitions?$select=DisplayName,EntitySetName&$filter=LogicalName eq 'account'",
    )
    [only] = value(answer)
    assert set(only) == {"DisplayName", "EntitySetName", "MetadataId"}
    assert answer.json["@odata.context"].endswith("#EntityDefinitions(DisplayName,EntitySetName)")


FILTERS = [
    "SchemaName eq 'Account'",
    "LogicalName eq 'account' and IsCustomEntity eq false",
    f"OwnershipType eq {CRM}OwnershipTypes'UserOwned' and startswith(LogicalName,'accoun')",
    "CanCreateAttributes/Value eq true and LogicalName in ('account')",
    "ObjectTypeCode lt 2",
    f"MetadataId eq {ACCOUNT}",
    "not (LogicalName ne 'account')",
]


@pytest.mark.parametrize("condition", FILTERS)
def test_tables_are_filtered(dataverse, condition):
    answer = dataverse.ask("GET", f"EntityDefinitions?$select=LogicalName&$filter={condition}")
    assert [item["LogicalName"] for item in value(answer)] == ["account"]


REFUSED = [
    ("EntityDefinitions?$top=1", 400, "0x80060888"),
    ("EntityDefinitions?$orderby=LogicalName", 400, "0x80060888"),
    ("EntityDefinitions?$select=Nope", 400, "0x80060888"),
    ("EntityDefinitions?$filter=Nope eq 1", 400, "0x80060888"),
    ("EntityDefinitions?$expand=Nope", 400, "0x80060888"),
    ("EntityDefinitions(LogicalName='nope')", 404, "0x80041102"),
    ("EntityDefinitions(00000000-0000-0000-0000-000000000001)", 404, "0x80040217"),
    ("EntityDefinitions(Nope='x')", 400, "0x80060888"),
    ("EntityDefinitions(LogicalName='account')/Nope", 404, "0x8006088a"),
    ("EntityDefinitions(LogicalName='account')/Attributes(LogicalName='nope')", 404, "0x80040217"),
    ("EntityDefinitions(LogicalName='account')/Attributes?$select=MaxLength", 400, "0x80060888"),
    ("EntityDefinitions(LogicalName='account')/Attributes?$expand=OptionSet", 400, "0x80060888"),
    ("EntityDefinitions(LogicalName='account')/Attributes/No.Such.Type", 404, "0x8006088a"),
    ("GlobalOptionSetDefinitions(Name='nope')", 404, "0x80040217"),
    ("RelationshipDefinitions(SchemaName='nope')", 404, "0x80040217"),
]


@pytest.mark.parametrize(("address", "status", "code"), REFUSED)
def test_what_is_not_there_is_refused(dataverse, address, status, code):
    assert dataverse.ask("GET", address).error == (status, code)


def test_columns_of_one_type_come_by_a_cast_with_their_choices(dataverse):
    address = (
        f"EntityDefinitions(LogicalName='account')/Attributes/{CRM}PicklistAttributeMetadata"
        "?$select=LogicalName&$expand=OptionSet($select=Options),GlobalOptionSet"
    )
    columns = {item["LogicalName"]: item for item in value(dataverse.ask("GET", address))}
    category = columns["accountcategorycode"]
    assert [option["Value"] for option in category["OptionSet"]["Options"]] == [1, 2]
    assert category["OptionSet"]["Options"][0]["Label"]["UserLocalizedLabel"]["Label"]
    assert category["GlobalOptionSet"] is None
    assert set(category["OptionSet"]) == {"Options", "MetadataId"}


def test_a_column_is_read_whole_and_by_its_members(dataverse):
    column = "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='name')"
    whole = dataverse.ask("GET", f"{column}/{CRM}StringAttributeMetadata").json
    assert (whole["MaxLength"], whole["FormatName"]) == (160, {"Value": "Text"})
    assert whole["IsPrimaryName"] is True
    assert whole["RequiredLevel"]["Value"] == "ApplicationRequired"
    shown = dataverse.ask("GET", f"{column}?$select=SchemaName").json
    assert shown["@odata.type"] == f"#{CRM}StringAttributeMetadata"
    assert dataverse.ask("GET", f"{column}/LogicalName").json["value"] == "name"
    assert dataverse.ask("GET", f"{column}/DisplayName").json["UserLocalizedLabel"]
    by_id = f"EntityDefinitions({ACCOUNT})/Attributes({whole['MetadataId']})"
    assert dataverse.ask("GET", by_id).json["LogicalName"] == "name"
    wrong = dataverse.ask("GET", f"{column}/{CRM}MemoAttributeMetadata")
    assert wrong.status == 404


def test_a_choice_is_reached_below_its_column(dataverse):
    column = "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='statuscode')"
    address = f"{column}/{CRM}StatusAttributeMetadata/OptionSet?$select=Options"
    options = dataverse.ask("GET", address).json["Options"]
    assert {(option["Value"], option["State"]) for option in options} == {(1, 0), (2, 1)}
    assert options[0]["@odata.type"] == f"#{CRM}StatusOptionMetadata"


def test_lookups_name_their_targets(dataverse):
    address = (
        f"EntityDefinitions(LogicalName='contact')/Attributes/{CRM}LookupAttributeMetadata"
        "?$select=LogicalName,Targets&$filter=Targets/any(t:t eq 'account')"
    )
    found = {item["LogicalName"]: item["Targets"] for item in value(dataverse.ask("GET", address))}
    assert found["parentcustomerid"] == ["account", "contact"]


def test_tables_are_expanded_with_filtered_columns(dataverse):
    address = (
        "EntityDefinitions(LogicalName='account')?$select=LogicalName"
        "&$expand=Attributes($select=LogicalName;$filter=IsPrimaryName eq true),Keys"
    )
    answer = dataverse.ask("GET", address).json
    assert [item["LogicalName"] for item in answer["Attributes"]] == ["name"]
    assert answer["Attributes@odata.context"].endswith(f"EntityDefinitions({ACCOUNT})/Attributes")


def test_relationships_are_the_same_from_all_sides(dataverse):
    name = "account_primary_contact"
    [found] = value(dataverse.ask("GET", f"RelationshipDefinitions?$filter=SchemaName eq '{name}'"))
    assert found["ReferencingEntity"] == "account"
    assert found["ReferencingAttribute"] == "primarycontactid"
    by_id = dataverse.ask("GET", f"RelationshipDefinitions({found['MetadataId']})").json
    assert by_id["SchemaName"] == name
    by_name = dataverse.ask("GET", f"RelationshipDefinitions(SchemaName='{name}')").json
    assert by_name["MetadataId"] == found["MetadataId"]
    cast = f"RelationshipDefinitions/{CRM}OneToManyRelationshipMetadata"
    query = "$select=SchemaName&$filter=ReferencedEntity eq 'contact'"
    assert name in [i["SchemaName"] for i in value(dataverse.ask("GET", f"{cast}?{query}"))]
    for table, side in (("account", "ManyToOne"), ("contact", "OneToMany")):
        address = f"EntityDefinitions(LogicalName='{table}')/{side}Relationships?$select=SchemaName"
        assert name in [i["SchemaName"] for i in value(dataverse.ask("GET", address))]


def test_counts_are_there_where_asked_for(dataverse):
    answer = dataverse.ask("GET", "EntityDefinitions?$select=LogicalName&$count=true").json
    assert answer["@odata.count"] == len(answer["value"])
    plain = dataverse.ask("GET", "EntityDefinitions/$count")
    assert plain.body.decode("utf-8-sig") == str(len(answer["value"]))


def test_an_etag_saves_the_second_answer(dataverse):
    first = dataverse.ask("GET", "EntityDefinitions(LogicalName='account')")
    etag = first.headers["etag"]
    again = dataverse.ask("GET", "EntityDefinitions(LogicalName='account')", If_None_Match=etag)
    assert (again.status, again.body) == (304, b"")
    other = dataverse.ask("GET", "EntityDefinitions(LogicalName='account')", If_None_Match='W/"x"')
    assert other.status == 200


def test_every_definition_can_be_read_whole(dataverse):
    tables = value(dataverse.ask("GET", "EntityDefinitions?$expand=Attributes,Keys"))
    document = dataverse.ask("GET", "$metadata").body.decode()
    for table in tables:
        assert f'<EntityType Name="{table["LogicalName"]}"' in document
        assert len({a["MetadataId"] for a in table["Attributes"]}) == len(table["Attributes"])
