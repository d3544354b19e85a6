"""Columns that repeat others: listed in definitions, named in FetchXML, unknown to OData."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

ATTRIBUTES = "EntityDefinitions(LogicalName='{}')/Attributes"


def attributes(dataverse, table):
    found = dataverse.ask("GET", ATTRIBUTES.format(table)).json["value"]
    return {item["LogicalName"]: item for item in found}


@pytest.mark.parametrize(
    ("name", "of", "kind", "schema_name"),
    [
        ("createdbyname", "createdby", "String", "CreatedbyName"),
        ("createdbyyominame", "createdby", "String", "CreatedbyYomiName"),
        ("owneridname", "ownerid", "String", "OwneridName"),
        ("owneridtype", "ownerid", "EntityName", "OwneridType"),
        ("owneridyominame", "ownerid", "String", "OwneridYomiName"),
        ("parentcustomeridtype", "parentcustomerid", "EntityName", None),
        ("transactioncurrencyidname", "transactioncurrencyid", "String", None),
        ("statecodename", "statecode", "Virtual", None),
        ("gendercodename", "gendercode", "Virtual", None),
        ("donotemailname", "donotemail", "Virtual", None),
    ],
)
def test_companions_are_listed_beside_the_columns_they_repeat(
    dataverse, name, of, kind, schema_name
):
    item = attributes(dataverse, "contact")[name]
    assert (item["AttributeOf"], item["AttributeType"]) == (of, kind)
    assert item["IsLogical"] is (kind != "EntityName")
    assert item["IsValidForCreate"] is item["IsValidForUpdate"] is (kind == "EntityName")
    if schema_name is not None:
        assert item["SchemaName"].lower() == schema_name.lower()


def test_some_lookups_have_no_companions(dataverse):
    found = attributes(dataverse, "contact")
    assert not {"owningusername", "owningteamname", "transactioncurrencyidyominame"} & found.keys()
    numbers = [item["ColumnNumber"] for item in found.values()]
    assert len(set(numbers)) == len(numbers)


def test_a_new_lookup_has_companions_at_once(dataverse):
    body = {
        "@odata.type": "Microsoft.Dynamics.CRM.PicklistAttributeMetadata",
        "SchemaName": "new_kind",
        "DisplayName": {"LocalizedLabels": [{"Label": "Kind", "LanguageCode": 1033}]},
        "OptionSet": {
            "IsGlobal": False,
            "OptionSetType": "Picklist",
            "Options": [
                {"Value": 1, "Label": {"LocalizedLabels": [{"Label": "A", "LanguageCode": 1033}]}}
            ],
        },
    }
    made = dataverse.ask("POST", ATTRIBUTES.format("contact"), body)
    assert made.status == 204, made.body
    item = attributes(dataverse, "contact")["new_kindname"]
    assert (item["AttributeOf"], item["IsCustomAttribute"]) == ("new_kind", True)


@pytest.mark.parametrize("name", ["createdbyname", "owneridtype", "statecodename"])
def test_odata_does_not_know_companions(dataverse, name):
    assert dataverse.ask("GET", f"contacts?$select={name}").error == (400, "0x80060888")
    assert dataverse.ask("GET", f"contacts?$filter={name} eq 'x'").error == (400, "0x80060888")
    refused = dataverse.ask("POST", "contacts", {"lastname": "x", name: "y"})
    assert refused.status == 400


def fetch(dataverse, xml):
    answer = dataverse.ask("GET", f"contacts?fetchXml={quote(xml)}")
    assert answer.status == 200, answer.body
    return answer.json["value"]


@pytest.fixture
def contact(dataverse):
    """A contact of an account, not to be mailed."""
    account = dataverse.create("accounts", name="Litware")
    bind = {"parentcustomerid_account@odata.bind": f"/accounts({account})"}
    return dataverse.create("contacts", lastname="Child", donotemail=True, gendercode=2, **bind)


@pytest.mark.parametrize(
    "condition",
    [
        "attribute='parentcustomeridname' operator='eq' value='litware'",
        "attribute='parentcustomeridtype' operator='eq' value='1'",
        "attribute='gendercodename' operator='like' value='Fem%'",
        "attribute='statecodename' operator='eq' value='Active'",
    ],
)
def test_fetchxml_has_conditions_on_companions(dataverse, contact, condition):
    xml = (
        "<fetch><entity name='contact'><attribute name='lastname'/><filter>"
        f"<condition {condition}/>"
        f"<condition attribute='contactid' operator='eq' value='{contact}'/></filter>"
        "</entity></fetch>"
    )
    assert [row["lastname"] for row in fetch(dataverse, xml)] == ["Child"]


def test_fetchxml_shows_companions_under_an_alias(dataverse, contact):
    names = ("createdbyname", "parentcustomeridname", "donotemailname", "statecodename")
    listed = "".join(f"<attribute name='{name}' alias='{name[:6]}'/>" for name in names)
    xml = (
        f"<fetch><entity name='contact'><attribute name='owneridtype' alias='kind'/>{listed}"
        "<attribute name='gendercodename'/><filter>"
        f"<condition attribute='contactid' operator='eq' value='{contact}'/></filter>"
        "</entity></fetch>"
    )
    [row] = fetch(dataverse, xml)
    assert (row["parent"], row["donote"], row["statec"]) == ("Litware", "Yes", "Active")
    assert row["create"]
    assert row["kind"] == 8
    assert "gendercodename" not in row


def test_users_and_teams_have_the_key_of_owners(dataverse):
    user = dataverse.ask("GET", "WhoAmI").json["UserId"]
    row = dataverse.ask("GET", f"systemusers({user})?$select=fullname").json
    assert set(row) == {"@odata.context", "@odata.etag", "fullname", "systemuserid", "ownerid"}
    assert row["ownerid"] == row["systemuserid"] == user
    [found] = dataverse.ask("GET", f"systemusers?$filter=ownerid eq {user}").json["value"]
    assert found["systemuserid"] == user
    assert dataverse.ask("GET", f"systemusers(ownerid={user})").status == 200
    for team in dataverse.ask("GET", "teams?$select=name").json["value"]:
        assert team["ownerid"] == team["teamid"]
    made = dataverse.create("teams", name="New", ownerid="00000000-0000-0000-0000-000000000001")
    assert dataverse.ask("GET", f"teams({made})").json["ownerid"] == made
    unit = dataverse.ask("GET", "WhoAmI").json["BusinessUnitId"]
    bind = {"parentbusinessunitid@odata.bind": f"/businessunits({unit})"}
    made = dataverse.create("businessunits", name="Below", **bind)
    [team] = dataverse.ask("GET", f"teams?$filter=_businessunitid_value eq {made}").json["value"]
    assert team["ownerid"] == team["teamid"]


def test_an_expanded_user_has_both_keys(dataverse):
    key = dataverse.create("accounts", name="A")
    path = f"accounts({key})?$select=name&$expand=createdby($select=fullname)"
    assert set(dataverse.ask("GET", path).json["createdby"]) >= {"systemuserid", "ownerid"}


def test_the_csdl_has_users_and_teams_below_principal(dataverse):
    document = dataverse.ask("GET", "$metadata").body.decode()
    for name in ("systemuser", "team"):
        found = re.search(rf'<EntityType Name="{name}"(.*?)</EntityType>', document, re.DOTALL)
        assert found is not None
        text = found[1]
        assert text.startswith(' BaseType="mscrm.principal"><Key><PropertyRef Name="ownerid" />')
        assert '<Property Name="ownerid"' not in text
        assert f'<Property Name="{name}id" Type="Edm.Guid" />' in text
