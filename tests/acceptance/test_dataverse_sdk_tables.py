"""Table, column, relationship and key operations of Microsoft's own SDK, unmodified, over https."""

from __future__ import annotations

import time
from enum import IntEnum

import pytest
from azure.identity import ClientSecretCredential

pytest.importorskip("PowerPlatform.Dataverse", reason="the vendor's SDK is not installed")

from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import MetadataError
from PowerPlatform.Dataverse.models.labels import Label, LocalizedLabel
from PowerPlatform.Dataverse.models.relationship import (
    CascadeConfiguration,
    LookupAttributeMetadata,
    ManyToManyRelationshipMetadata,
    OneToManyRelationshipMetadata,
)

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Priority(IntEnum):
    LOW = 1
    HIGH = 2


@pytest.fixture
def client(env, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", env["WT_CA_FILE"])
    credential = ClientSecretCredential(
        env["WT_TENANT_ID"],
        env["WT_CLIENT_ID"],
        env["WT_CLIENT_SECRET"],
        authority=env["WT_AUTHORITY_URL"],
        disable_instance_discovery=True,
    )
    return DataverseClient(env["WT_DATAVERSE_URL"], credential)


@pytest.fixture
def project(client):
    """A table with a column of each type that the SDK makes; deleted afterwards."""
    info = client.tables.create(
        "new_Project",
        {
            "new_Code": "string",
            "new_Notes": "memo",
            "new_Hours": "int",
            "new_Rate": "decimal",
            "new_Share": "float",
            "new_Due": "datetime",
            "new_Open": "bool",
            "new_Priority": Priority,
            "new_Plan": "file",
        },
    )
    yield info
    client.tables.delete("new_Project")
    assert client.tables.get("new_Project") is None


def test_a_table_is_made_found_listed_and_filled(client, project):
    assert project["entity_set_name"] == "new_projects"
    found = client.tables.get("new_project")
    assert found["metadata_id"] == project["metadata_id"]
    assert "new_project" in {table["LogicalName"] for table in client.tables.list()}
    key = client.records.create(
        "new_Project",
        {
            "new_code": "P1",
            "new_hours": 8,
            "new_rate": 99.5,
            "new_open": True,
            "new_priority": "HIGH",
            "new_due": "2026-02-03T00:00:00Z",
        },
    )
    record = client.records.retrieve("new_Project", key)
    assert (record["new_hours"], record["new_rate"], record["new_priority"]) == (8, 99.5, 2)


def test_a_table_is_not_made_twice(client, project):
    with pytest.raises(MetadataError):
        client.tables.create("new_Project", {})


def test_columns_are_added_changed_described_and_removed(client, project):
    client.tables.add_columns("new_Project", {"new_Stage": "string", "new_Score": "int"})
    client.tables.update_column("new_Project", "new_Stage", {"max_length": 12})
    stage = client.tables.get_column("new_Project", "new_Stage", typed=True)
    assert stage["MaxLength"] == 12
    columns = {c["LogicalName"]: c for c in client.tables.list_columns("new_Project")}
    assert columns["new_priority"]["AttributeType"] == "Picklist"
    assert columns["new_plan"]["AttributeType"] == "Virtual"
    only = client.tables.list_columns(
        "new_Project", select=["LogicalName"], filter="AttributeType eq 'Integer'"
    )
    assert "new_score" in {column["LogicalName"] for column in only}
    client.tables.remove_columns("new_Project", ["new_Stage", "new_Score"])
    assert client.tables.get_column("new_Project", "new_Stage") is None


def test_relationships_of_both_kinds_are_made_and_deleted(client, project):
    label = Label(localized_labels=[LocalizedLabel(label="Account", language_code=1033)])
    one = client.tables.create_one_to_many_relationship(
        LookupAttributeMetadata(schema_name="new_AccountId", display_name=label),
        OneToManyRelationshipMetadata(
            schema_name="new_account_projects",
            referenced_entity="account",
            referencing_entity="new_project",
            referenced_attribute="accountid",
            cascade_configuration=CascadeConfiguration(delete="RemoveLink"),
        ),
    )
    many = client.tables.create_many_to_many_relationship(
        ManyToManyRelationshipMetadata(
            schema_name="new_contacts_projects",
            entity1_logical_name="contact",
            entity2_logical_name="new_project",
        )
    )
    found = client.tables.get_relationship("new_account_projects")
    assert found.relationship_id == one.relationship_id
    names = {r["SchemaName"] for r in client.tables.list_table_relationships("new_Project")}
    assert {"new_account_projects", "new_contacts_projects"} <= names
    account = client.records.create("account", {"name": "A"})
    key = client.records.create(
        "new_Project", {"new_code": "x", "new_AccountId@odata.bind": f"/accounts({account})"}
    )
    assert client.records.retrieve("new_Project", key)["_new_accountid_value"] == account
    for relationship in (one, many):
        client.tables.delete_relationship(relationship.relationship_id)
    assert client.tables.get_relationship("new_account_projects") is None


def test_a_lookup_field_is_made_in_one_call(client, project):
    made = client.tables.create_lookup_field(
        referencing_table="new_project",
        lookup_field_name="new_ManagerId",
        referenced_table="contact",
        display_name="Manager",
    )
    column = client.tables.get_column("new_Project", "new_ManagerId")
    assert column["LogicalName"] == "new_managerid"
    client.tables.delete_relationship(made.relationship_id)


def test_an_alternate_key_is_made_becomes_active_and_serves_upserts(client, project):
    key = client.tables.create_alternate_key("new_Project", "new_CodeKey", ["new_code"])
    deadline = time.monotonic() + 30
    while client.tables.get_alternate_keys("new_Project")[0].status != "Active":
        assert time.monotonic() < deadline
    from PowerPlatform.Dataverse.models.upsert import UpsertItem

    for hours in (1, 2):
        client.records.upsert(
            "new_Project",
            [UpsertItem(alternate_key={"new_code": "K"}, record={"new_hours": hours})],
        )
    found = list(client.records.list("new_Project", filter="new_code eq 'K'"))
    assert [record["new_hours"] for record in found] == [2]
    client.tables.delete_alternate_key("new_Project", key.metadata_id)
    assert client.tables.get_alternate_keys("new_Project") == []
