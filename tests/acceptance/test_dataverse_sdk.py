"""Microsoft's own Dataverse SDK for Python, unmodified, against `windtunnel up` over https."""

from __future__ import annotations

import warnings

import pytest
from azure.identity import ClientSecretCredential

pytest.importorskip("PowerPlatform.Dataverse", reason="the vendor's SDK is not installed")

from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def client_for(env, monkeypatch) -> DataverseClient:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", env["WT_CA_FILE"])
    credential = ClientSecretCredential(
        env["WT_TENANT_ID"],
        env["WT_CLIENT_ID"],
        env["WT_CLIENT_SECRET"],
        authority=env["WT_AUTHORITY_URL"],
        disable_instance_discovery=True,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return DataverseClient(env["WT_DATAVERSE_URL"], credential)


@pytest.fixture
def client(env, monkeypatch):
    return client_for(env, monkeypatch)


def test_a_record_is_created_read_updated_and_deleted(client):
    key = client.records.create("account", {"name": "Contoso", "numberofemployees": 7})
    record = client.records.retrieve("account", key, select=["name", "numberofemployees"])
    assert (record["name"], record["numberofemployees"]) == ("Contoso", 7)
    client.records.update("account", key, {"name": "Contoso Ltd"})
    assert client.records.retrieve("account", key)["name"] == "Contoso Ltd"
    client.records.delete("account", key)
    assert client.records.retrieve("account", key) is None


def test_a_missing_record_is_the_sdk_s_http_error(client):
    with pytest.raises(HttpError) as caught:
        client.records.update("account", "00000000-0000-0000-0000-000000000001", {"name": "nobody"})
    assert caught.value.status_code == 404
    assert "Does Not Exist" in str(caught.value)
    assert not caught.value.is_transient


def test_many_records_are_created_listed_updated_and_deleted(client):
    keys = client.records.create("account", [{"name": f"Bulk {n}"} for n in range(12)])
    assert len(set(keys)) == 12
    listed = list(
        client.records.list(
            "account", filter="startswith(name,'Bulk ')", select=["name"], orderby=["name desc"]
        )
    )
    assert len(listed) == 12
    assert listed[0]["name"] == "Bulk 9"
    client.records.update("account", keys, {"description": "changed"})
    assert {client.records.retrieve("account", key)["description"] for key in keys} == {"changed"}
    client.records.delete("account", keys)
    assert not list(client.records.list("account", filter="startswith(name,'Bulk ')"))


def test_pages_follow_one_another(client):
    pages = [len(page) for page in client.records.get("contact", select=["fullname"], page_size=60)]
    assert pages == [60, 60, 60, 20]


def test_labels_of_choices_become_numbers(client):
    key = client.records.create("account", {"name": "L", "accountcategorycode": "Standard"})
    assert client.records.retrieve("account", key)["accountcategorycode"] == 2


def test_lookups_are_expanded(client):
    pages = client.records.get(
        "contact", select=["fullname"], expand=["parentcustomerid_account"], top=3
    )
    for page in pages:
        for record in page:
            assert record["parentcustomerid_account"]["name"]


def test_the_query_builder_finds_what_it_asks_for(client):
    from PowerPlatform.Dataverse.models.filters import col

    query = client.query.builder("account").select("name", "revenue").where(col("revenue") > 0)
    found = list(query.order_by("revenue", descending=True).top(5).execute())
    assert len(found) == 5
    revenues = [record["revenue"] for record in found]
    assert revenues == sorted(revenues, reverse=True)


def test_a_batch_of_operations_is_answered_part_by_part(client):
    batch = client.batch.new()
    batch.records.create("account", {"name": "In a batch"})
    batch.records.create("account", {"name": "In a batch too"})
    result = batch.execute()
    assert not result.has_errors
    assert len(list(client.records.list("account", filter="contains(name,'In a batch')"))) == 2


def test_a_failed_change_set_leaves_no_trace(client):
    batch = client.batch.new()
    with batch.changeset() as changes:
        changes.records.create("account", {"name": "Half a change set"})
        changes.records.update("account", "00000000-0000-0000-0000-000000000009", {"name": "x"})
    result = batch.execute()
    assert result.has_errors
    assert not list(client.records.list("account", filter="name eq 'Half a change set'"))


def test_table_information_is_found(client):
    info = client.tables.get("account")
    assert info["entity_set_name"] == "accounts"
    assert client.tables.get("no_such_table") is None


def test_throttling_is_the_sdk_s_transient_error_with_retry_after(up, tmp_path, monkeypatch):
    limits = tmp_path / "limits.yaml"
    limits.write_text("limits: {dataverse.requests: {allowance: 5, seconds: 60s}}\n")
    client = client_for(up("--limits", str(limits)), monkeypatch)

    def ask_often() -> None:
        for _ in range(8):
            list(client.records.list("account", select=["name"], top=1))

    with pytest.raises(HttpError) as caught:
        ask_often()
    error = caught.value
    assert error.status_code == 429
    assert error.is_transient
    assert "Number of requests exceeded the limit of 5" in str(error)
    assert 1 <= error.details["retry_after"] <= 60
