"""Columns that say what may be done with a component: a complex value with `Value` inside."""

from __future__ import annotations

import pytest

ROLES = "roles?$filter=name eq 'System Administrator'&$top=1&$select=name,iscustomizable"


def first(dataverse, path):
    answer = dataverse.ask("GET", path)
    assert answer.status == 200, answer.body
    return answer.json["value"][0]


def resource(dataverse, **more):
    body = {
        "name": "new_/a.js",
        "displayname": "a",
        "webresourcetype": 3,
        "content": "YQ==",
        **more,
    }
    answer = dataverse.ask("POST", "webresourceset", body, prefer="return=representation")
    assert answer.status == 201, answer.body
    return answer.json


def test_a_managed_property_is_read_as_a_complex_value(dataverse):
    assert first(dataverse, ROLES)["iscustomizable"] == {
        "Value": True,
        "CanBeChanged": True,
        "ManagedPropertyLogicalName": "iscustomizable",
    }


def test_a_new_component_may_be_customized_and_deleted_and_is_not_hidden(dataverse):
    made = resource(dataverse)
    named = ("iscustomizable", "canbedeleted", "ishidden")
    assert [made[name]["Value"] for name in named] == [True, True, False]


def test_what_is_written_is_read_again_also_after_a_change(dataverse):
    made = resource(dataverse, ishidden={"Value": True})
    path = f"webresourceset({made['webresourceid']})"
    assert dataverse.ask("GET", path).json["ishidden"]["Value"] is True
    hidden = {"ishidden": {"Value": False, "CanBeChanged": True}}
    assert dataverse.ask("PATCH", path, hidden).status == 204
    assert dataverse.ask("GET", path).json["ishidden"]["Value"] is False


@pytest.mark.parametrize("value", [True, None, "yes", {}, {"Value": None}, {"Value": 1}, [True]])
def test_anything_but_a_complex_value_with_a_flag_is_refused(dataverse, value):
    body = {"name": "new_/a.js", "webresourcetype": 3, "ishidden": value}
    answer = dataverse.ask("POST", "webresourceset", body)
    assert answer.status == 400
    assert "ishidden" in answer.body.decode() or "BooleanManagedProperty" in answer.body.decode()


def test_a_path_to_the_value_filters_and_sorts(dataverse):
    resource(dataverse, ishidden={"Value": True})
    resource(dataverse, name="new_/b.js")
    shown = "webresourceset?$select=name&$filter=ishidden/Value eq false"
    assert [row["name"] for row in dataverse.ask("GET", shown).json["value"]] == ["new_/b.js"]
    by_value = "webresourceset?$select=name&$orderby=ishidden/Value desc,name"
    names = [row["name"] for row in dataverse.ask("GET", by_value).json["value"]]
    assert names == ["new_/a.js", "new_/b.js"]


def test_a_path_through_a_lookup_reaches_the_value(dataverse):
    filtered = "roles?$select=name&$top=1&$filter=parentrootroleid/iscustomizable/Value eq true"
    assert first(dataverse, filtered)["name"]


def test_fetchxml_compares_the_value(dataverse):
    resource(dataverse, ishidden={"Value": True})
    fetch = (
        "<fetch><entity name='webresource'><attribute name='ishidden'/><filter>"
        "<condition attribute='ishidden' operator='eq' value='1'/></filter></entity></fetch>"
    )
    [row] = dataverse.ask("GET", f"webresourceset?fetchXml={fetch}").json["value"]
    assert row["ishidden"]["Value"] is True


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("$filter=ishidden eq true", "BooleanManagedProperty"),
        ("$filter=ishidden/Worth eq true", "Worth"),
        ("$filter=name/Value eq 'a'", "name"),
    ],
)
def test_what_is_no_flag_is_refused_in_a_filter(dataverse, query, problem):
    answer = dataverse.ask("GET", f"webresourceset?{query}")
    assert answer.status == 400
    assert problem in answer.body.decode()


def test_the_definition_says_that_it_is_a_managed_property(dataverse):
    path = "EntityDefinitions(LogicalName='webresource')/Attributes(LogicalName='ishidden')"
    found = dataverse.ask("GET", path).json
    assert found["AttributeType"] == "ManagedProperty"
    assert found["@odata.type"].endswith("ManagedPropertyAttributeMetadata")


@pytest.mark.parametrize(
    "entity_set",
    [
        *("customapis", "customapirequestparameters", "customapiresponseproperties"),
        *("environmentvariabledefinitions", "environmentvariablevalues", "connectionreferences"),
    ],
)
def test_components_have_the_columns_of_components(dataverse, entity_set):
    shown = "componentidunique,componentstate,iscustomizable,ismanaged,overwritetime,solutionid"
    assert dataverse.ask("GET", f"{entity_set}?$select={shown}").status == 200


def test_publishing_takes_no_body(dataverse):
    assert dataverse.ask("POST", "PublishAllXml").status == 204
