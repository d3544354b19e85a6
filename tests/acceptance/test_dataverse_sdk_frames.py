"""Data frames, bulk deletion, batches, telemetry and error classes of Microsoft's own SDK."""

from __future__ import annotations

import httpx
import pandas as pd
import pytest

pytest.importorskip("PowerPlatform.Dataverse", reason="the vendor's SDK is not installed")

from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.config import DataverseConfig, OperationContext
from PowerPlatform.Dataverse.core.errors import HttpError, MetadataError, ValidationError
from PowerPlatform.Dataverse.core.log_config import LogConfig
from PowerPlatform.Dataverse.models.filters import col
from PowerPlatform.Dataverse.models.upsert import UpsertItem

from tests.acceptance.test_dataverse_sdk import client, client_for, pytestmark

__all__ = ["client", "client_for", "pytestmark"]

NOBODY = "00000000-0000-0000-0000-000000000001"


def test_a_data_frame_is_created_read_updated_and_deleted(client):
    frame = pd.DataFrame(
        {
            "name": ["Frame 1", "Frame 2", "Frame 3"],
            "fax": ["1", None, "3"],
            "lastonholdtime": [pd.Timestamp("2026-03-01T10:30:00Z"), pd.NaT, pd.NaT],
            "numberofemployees": [5, 6, 7],
        }
    )
    frame["accountid"] = client.dataframe.create("account", frame)
    columns = ["name", "fax", "lastonholdtime", "numberofemployees"]
    query = client.query.builder("account").select(*columns).where(col("name").like("Frame%"))
    read = query.order_by("name").page_size(2).execute().to_dataframe()
    assert list(read["fax"].fillna("-")) == ["1", "-", "3"]
    assert list(read["numberofemployees"]) == [5, 6, 7]
    assert read["lastonholdtime"][0] == "2026-03-01T10:30:00Z"
    frame["fax"] = [None, "2", "3"]
    changes = frame[["accountid", "fax"]]
    client.dataframe.update("account", changes, id_column="accountid", clear_nulls=True)
    read = client.dataframe.sql("SELECT fax FROM account WHERE name LIKE 'Frame%' ORDER BY name")
    assert list(read["fax"].fillna("-")) == ["-", "2", "3"]
    one = (
        client.query.builder("account")
        .select("name")
        .where(col("accountid") == frame["accountid"][0])
    )
    assert list(one.execute().to_dataframe()["name"]) == ["Frame 1"]
    assert client.dataframe.delete("account", frame["accountid"])
    assert query.execute().to_dataframe().empty


def test_a_bulk_delete_is_a_job_of_the_environment(client):
    keys = client.records.create("account", [{"name": f"Job {n}"} for n in range(4)])
    job = client.records.delete("account", keys, use_bulk_delete=True)
    found = client.records.retrieve(
        "asyncoperation", job, select=["statecode", "statuscode", "operationtype"]
    )
    assert (found["statecode"], found["statuscode"], found["operationtype"]) == (3, 30, 13)
    assert not list(client.records.list("account", filter="startswith(name,'Job ')"))


def test_a_batch_mixes_tables_queries_records_and_frames(client):
    frame = pd.DataFrame({"name": ["In a frame 1", "In a frame 2"]})
    batch = client.batch.new()
    batch.tables.create("new_Batched", {"new_Code": "string"})
    batch.tables.get("account")
    batch.query.sql("SELECT TOP 2 name FROM account ORDER BY name")
    batch.dataframe.create("account", frame)
    batch.records.create("account", [{"name": "In a list 1"}, {"name": "In a list 2"}])
    batch.records.list("account", filter="startswith(name,'In a')", select=["name"], count=True)
    result = batch.execute()
    assert not result.has_errors, result.failed
    assert len(result.responses[2].data["value"]) == 2
    assert len(result.responses[3].data["Ids"]) == 2
    assert result.responses[-1].data["@odata.count"] == 4
    more = client.batch.new()
    more.tables.add_columns("new_Batched", {"new_Hours": "int"})
    more.tables.delete("new_Batched")
    assert not more.execute().has_errors
    assert client.tables.get("new_Batched") is None


def test_a_change_set_refers_to_what_it_makes(client):
    batch = client.batch.new()
    with batch.changeset() as changes:
        account = changes.records.create("account", {"name": "By content id"})
        changes.records.create(
            "contact", {"lastname": "Id", "parentcustomerid_account@odata.bind": account}
        )
        changes.records.update(
            "account", account, {"telephone1": "555", "description": "changed by its reference"}
        )
    result = batch.execute()
    assert not result.has_errors, result.failed
    [row] = client.records.list("account", filter="name eq 'By content id'")
    assert row["telephone1"] == "555"
    [person] = client.records.list(
        "contact", filter=f"_parentcustomerid_value eq {row['accountid']}", select=["lastname"]
    )
    assert person["lastname"] == "Id"


def test_requests_carry_the_sdk_s_telemetry_and_answers_ids_to_ask_support_with(
    env, monkeypatch, tmp_path
):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", env["WT_CA_FILE"])
    plain = client_for(env, monkeypatch)
    config = DataverseConfig(
        operation_context=OperationContext("app=windtunnel/1.0;agent=unknown"),
        log_config=LogConfig(log_folder=str(tmp_path)),
    )
    told = DataverseClient(env["WT_DATAVERSE_URL"], plain.auth.credential, config)
    with pytest.raises(HttpError) as caught:
        told.records.update("account", NOBODY, {"fax": "1"})
    details = caught.value.details
    journal = httpx.get(f"{env['WT_CONTROL_URL']}/_windtunnel/journal").json()["value"]
    [line] = [
        line
        for line in journal
        if line["request_headers"].get("x-ms-client-request-id") == details["client_request_id"]
    ]
    agent = line["request_headers"]["user-agent"]
    assert agent.startswith("DataverseSvcPythonClient:")
    assert agent.endswith("(app=windtunnel/1.0;agent=unknown)")
    assert line["request_headers"]["x-ms-correlation-id"] == details["correlation_id"]
    assert line["correlation_id"] == details["client_request_id"]
    assert line["request_id"] in details["service_request_id"]
    [log] = tmp_path.glob("*.log")
    assert "Bearer" not in log.read_text()


def test_each_kind_of_mistake_is_the_sdk_s_own_class(client):
    with pytest.raises(MetadataError):
        client.records.create("no_such_table", {"name": "x"})
    with pytest.raises(ValidationError):
        client.query.sql("DELETE FROM account")
    with pytest.raises(HttpError) as caught:
        client.records.create("account", {"nothing": "x"})
    assert (caught.value.status_code, caught.value.details["service_error_code"]) == (
        400,
        "0x80048d19",
    )
    with pytest.raises(HttpError) as caught:
        client.records.upsert(
            "account", [UpsertItem(alternate_key={"fax": "1"}, record={"name": "x"})]
        )
    assert caught.value.status_code == 400
    with pytest.raises(HttpError) as caught:
        client.records.create("account", {"name": "x" * 161})
    assert caught.value.details["service_error_code"] == "0x80044331"
    assert caught.value.subcode == "http_400"
    with pytest.raises(HttpError) as caught:
        list(client.records.list("account", filter="nothing eq 1"))
    assert caught.value.details["service_error_code"] == "0x80060888"
    assert not caught.value.is_transient
