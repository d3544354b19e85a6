"""Dependencies of columns, relationships, keys and choices."""

from __future__ import annotations

import pytest

KIND = "Microsoft.Dynamics.CRM."
ENTITY, ATTRIBUTE, OPTION_SET, RELATIONSHIP, KEY = 1, 2, 9, 10, 14


def label(text):
    return {"LocalizedLabels": [{"Label": text, "LanguageCode": 1033}]}


def ask(dataverse, name, kind, key):
    answer = dataverse.ask("GET", f"{name}(ObjectId={key},ComponentType={kind})")
    assert answer.status == 200, answer.body
    return answer.json["value"]


def dependents(rows):
    return {(row["dependentcomponenttype"], row["dependentcomponentobjectid"]) for row in rows}


def required(rows):
    return {(row["requiredcomponenttype"], row["requiredcomponentobjectid"]) for row in rows}


def table_id(dataverse, name):
    path = f"EntityDefinitions(LogicalName='{name}')?$select=MetadataId"
    return dataverse.ask("GET", path).json["MetadataId"]


def column_id(dataverse, table, name):
    path = f"EntityDefinitions(LogicalName='{table}')/Attributes(LogicalName='{name}')"
    return dataverse.ask("GET", f"{path}?$select=MetadataId").json["MetadataId"]


def test_a_choice_is_needed_by_the_columns_that_use_it(dataverse):
    option = {"Value": 1, "Label": label("A")}
    choice = {
        "@odata.type": f"{KIND}OptionSetMetadata",
        "Name": "new_colours",
        "OptionSetType": "Picklist",
        "Options": [option],
        "DisplayName": label("Colours"),
    }
    made = dataverse.ask("POST", "GlobalOptionSetDefinitions", choice)
    assert made.status == 204, made.body
    key = made.headers["odata-entityid"].partition("(")[2].rstrip(")")
    body = {
        "@odata.type": f"{KIND}PicklistAttributeMetadata",
        "SchemaName": "new_colour",
        "DisplayName": label("Colour"),
        "GlobalOptionSet@odata.bind": f"/GlobalOptionSetDefinitions({key})",
    }
    path = "EntityDefinitions(LogicalName='account')/Attributes"
    assert dataverse.ask("POST", path, body).status == 204
    column = column_id(dataverse, "account", "new_colour")
    [row] = ask(dataverse, "RetrieveDependenciesForDelete", OPTION_SET, key)
    assert dependents([row]) == {(ATTRIBUTE, column)}
    assert row["dependentcomponentparentid"] == table_id(dataverse, "account")
    assert required([row]) == {(OPTION_SET, key)}
    needed = ask(dataverse, "RetrieveRequiredComponents", ATTRIBUTE, column)
    assert required(needed) == {(OPTION_SET, key)}
    refused = dataverse.ask("DELETE", f"GlobalOptionSetDefinitions({key})")
    assert refused.error == (400, "0x8004f01f")
    assert dataverse.ask("DELETE", f"{path}(LogicalName='new_colour')").status == 204
    assert ask(dataverse, "RetrieveDependenciesForDelete", OPTION_SET, key) == []
    assert dataverse.ask("DELETE", f"GlobalOptionSetDefinitions({key})").status == 204


def test_a_column_is_needed_by_its_key_and_a_lookup_by_its_relationship(dataverse):
    path = "EntityDefinitions(LogicalName='account')"
    key = {
        "SchemaName": "new_number",
        "KeyAttributes": ["accountnumber"],
        "DisplayName": label("Number"),
    }
    assert dataverse.ask("POST", f"{path}/Keys", key).status == 204
    [made] = dataverse.ask("GET", f"{path}/Keys?$select=MetadataId").json["value"]
    column = column_id(dataverse, "account", "accountnumber")
    rows = ask(dataverse, "RetrieveDependenciesForDelete", ATTRIBUTE, column)
    assert dependents(rows) == {(KEY, made["MetadataId"])}
    lookup = column_id(dataverse, "account", "primarycontactid")
    link = "RelationshipDefinitions(SchemaName='account_primary_contact')?$select=MetadataId"
    relationship = dataverse.ask("GET", link).json["MetadataId"]
    rows = ask(dataverse, "RetrieveDependentComponents", ATTRIBUTE, lookup)
    assert dependents(rows) == {(RELATIONSHIP, relationship)}
    needed = ask(dataverse, "RetrieveRequiredComponents", RELATIONSHIP, relationship)
    contact = table_id(dataverse, "contact")
    assert required(needed) == {(ATTRIBUTE, lookup), (ENTITY, contact)}
    rows = ask(dataverse, "RetrieveDependentComponents", ENTITY, contact)
    assert {(RELATIONSHIP, relationship), (ATTRIBUTE, lookup)} <= dependents(rows)
    ids = [row["dependencyid"] for row in rows]
    assert len(set(ids)) == len(ids)
    # With a table go the relationships that lead to it.
    assert ask(dataverse, "RetrieveDependenciesForDelete", ENTITY, contact) == []


@pytest.mark.parametrize("kind", [ENTITY, ATTRIBUTE, OPTION_SET, RELATIONSHIP, KEY, 77])
def test_a_component_that_is_not_there_is_refused(dataverse, kind):
    nobody = "00000000-0000-0000-0000-00000000dead"
    path = f"RetrieveDependentComponents(ObjectId={nobody},ComponentType={kind})"
    assert dataverse.ask("GET", path).error == (404, "0x8004f021")
