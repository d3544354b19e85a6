"""Walk-throughs of the documentation and of captured sessions, request by request."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from windtunnel.simulator.entity_sets.actions import Action, ActionCall, ActionRefused

if TYPE_CHECKING:
    from tests.protocol.finance_operations.conftest import Rig

NS = "Microsoft.Dynamics.DataEntities"
ROOT = "https://fo.test/data"


def decoded(etag: str) -> str:
    """The readable text inside an etag."""
    found = re.fullmatch(r'W/"([A-Za-z0-9+/=]+)"', etag)
    assert found is not None
    return base64.b64decode(found[1]).decode()


def test_a_tutorial_s_session_on_customer_groups(rig: Rig) -> None:
    counted = rig.get("CustomerGroups?$count=true").json()
    assert list(counted) == ["@odata.context", "@odata.count", "value"]
    assert counted["@odata.context"] == f"{ROOT}/$metadata#CustomerGroups"
    assert list(counted["value"][0])[:3] == ["@odata.etag", "dataAreaId", "CustomerGroupId"]
    assert rig.get("CustomerGroups/$count").text == str(counted["@odata.count"])

    chosen = rig.get("CustomerGroups?$select=dataAreaId,CustomerGroupId").json()
    place = f"{ROOT}/$metadata#CustomerGroups(dataAreaId,CustomerGroupId)"
    assert chosen["@odata.context"] == place
    assert list(chosen["value"][0]) == ["@odata.etag", "dataAreaId", "CustomerGroupId"]

    made = rig.call(
        "POST",
        "/data/CustomerGroups",
        {"dataAreaId": "USMF", "CustomerGroupId": "Batch2", "Description": "Batch 2 Test group T1"},
    )
    assert made.status_code == 201
    assert made.json()["@odata.context"] == f"{ROOT}/$metadata#CustomerGroups/$entity"
    assert made.json()["dataAreaId"] == "usmf"
    assert decoded(made.headers["etag"]).startswith("'1,")
    key = "CustomerGroups(dataAreaId='usmf',CustomerGroupId='Batch2')"
    assert made.headers["location"] == f"{ROOT}/{key}"

    twice = {"CustomerGroupId": "Batch2", "Description": "Batch 2 Test group T1"}
    again = rig.call("POST", "/data/CustomerGroups", twice)
    assert again.json()["error"]["code"] == ""
    assert rig.infolog(again) == (
        "Write failed for table row of type 'CustCustomerGroupEntity'. Infolog: Info: Cannot create"
        " a record in Customer groups (CustGroup). Customer group: Batch2, Batch 2 Test group T1.\n"
        "The record already exists.."
    )
    inner = again.json()["error"]["innererror"]
    assert inner["type"].endswith(".AxODataWriteException")
    assert "UpdateProcessor.CreateEntity_Save" in inner["stacktrace"]

    changed = rig.call("PATCH", f"/data/{key}", {"Description": "Changed"})
    assert (changed.status_code, changed.content) == (204, b"")
    version = int(decoded(rig.get(key).headers["etag"]).strip("'").partition(",")[0])
    assert version > 1

    assert rig.call("DELETE", f"/data/{key}").status_code == 204
    assert rig.get(key).status_code == 404
    gone = rig.call("DELETE", f"/data/{key}")
    assert rig.infolog(gone) == "No resources were found when selecting for update."


def test_an_order_with_its_lines_read_at_once(rig: Rig) -> None:
    query = (
        "$select=SalesOrderNumber&$top=1&$expand=SalesOrderLines($select=InventoryLotId,ItemNumber)"
    )
    found = rig.get(f"SalesOrderHeadersV2?{query}").json()
    assert found["@odata.context"] == (
        f"{ROOT}/$metadata#SalesOrderHeadersV2(SalesOrderNumber,SalesOrderLines,"
        "SalesOrderLines(InventoryLotId,ItemNumber))"
    )
    line = found["value"][0]["SalesOrderLines"][0]
    assert list(line) == ["@odata.etag", "InventoryLotId", "ItemNumber"]


def test_a_captured_batch_without_its_last_boundary_ran(rig: Rig) -> None:
    part = (
        "--changeset_a\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
        f"Content-ID: 1\r\n\r\nPOST {ROOT}/CustomerGroups?cross-company=true HTTP/1.1\r\n"
        'Content-Type: application/json; type=entry\r\n\r\n{"dataAreaId":"USMF",'
        '"CustomerGroupId":"Batch1","Description":"One"}\r\n'
    )
    body = (
        "--batch_x\r\nContent-Type: multipart/mixed; boundary=changeset_a\r\n\r\n"
        f"{part}--batch_x--\r\n"
    )
    media = {"content-type": "multipart/mixed; boundary=batch_x"}
    answer = rig.call("POST", "/data/$batch", content=body, headers=media)
    assert answer.status_code == 200
    assert "HTTP/1.1 201 Created" in answer.text
    failed = rig.call("POST", "/data/$batch", content=body, headers=media)
    assert failed.status_code == 200
    for line in (
        "boundary=changesetresponse_",
        "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: 1\r\n",
        "HTTP/1.1 400 Bad Request",
        '"message":"An error has occurred."',
    ):
        assert line in failed.text


def submit(call: ActionCall) -> None:
    """The action of the walk-through; refuses what was submitted already."""
    record = call.records.retrieve("SalesOrderHeadersV2", call.key)
    assert record is not None
    if record["CustomerRequisitionNumber"]:
        raise ActionRefused("The request was already submitted.")
    call.records.update("SalesOrderHeadersV2", call.key, {"CustomerRequisitionNumber": "sent"})


def test_a_record_s_action_is_submitted_once(new_rig: type[Rig]) -> None:
    rig = new_rig()
    rig.service.actions.add(Action("submit", submit, "SalesOrderHeadersV2"))
    made = rig.call(
        "POST", "/data/SalesOrderHeadersV2", {"OrderingCustomerAccountNumber": "US-001"}
    )
    number = made.json()["SalesOrderNumber"]
    key = f"SalesOrderHeadersV2(SalesOrderNumber='{number}', dataAreaId='USMF')"
    path = f"/data/{key}/{NS}.submit?cross-company=true"
    first = rig.call("POST", path)
    assert (first.status_code, first.content) == (204, b"")
    second = rig.call("POST", path)
    inner = second.json()["error"]["innererror"]
    assert second.status_code == 500
    assert inner["type"] == "System.InvalidOperationException"
    assert inner["message"] == (
        "Exception occurred while executing action submit on Entity SalesOrderHeaderV2: "
        "The request was already submitted."
    )


KEYS = [
    ("GET", "CustomersV3(CustomerAccount='US-001',dataAreaId='usmf')", 200),
    ("GET", "CustomersV3(dataAreaId='usmf', CustomerAccount='US-001')", 200),
    ("GET", "CustomersV3(dataAreaId='USMF',CustomerAccount='us-001')", 200),
    ("GET", "CustomersV3(CustomerAccount='US-001')", 404),
    ("GET", "CustomersV3('US-001')", 404),
    ("GET", "Currencies('USD')", 200),
    ("GET", "Currencies(CurrencyCode='USD')", 200),
    ("GET", "Currencies('USD')/Name", 200),
    ("GET", "Currencies('USD')/Name/$value", 200),
    ("GET", "Currencies('USD')/Nothing", 404),
    ("GET", "currencies", 404),
    ("GET", "CustomerTransactions", 404),
    ("OPTIONS", "Currencies", 405),
    ("POST", "Currencies('USD')", 405),
    ("PATCH", "Currencies", 400),
    ("DELETE", "Currencies", 400),
]


@pytest.mark.parametrize(("method", "path", "status"), KEYS)
def test_addresses_as_clients_write_them(rig: Rig, method: str, path: str, status: int) -> None:
    answer = rig.call(method, f"/data/{path}", {} if method in {"PATCH", "POST"} else None)
    assert answer.status_code == status


REFUSED = [
    ("$search=x", "The query parameter '$search' is not supported."),
    ("$apply=groupby((CustomerGroupId))", "The query parameter '$apply' is not supported."),
    ("$compute=1 as a", "The query parameter '$compute' is not supported."),
    ("$filter=CustomerGroupId eq 'x", "There is an unterminated literal at position"),
    ("$filter=Nothing eq 1", f"Could not find a property named 'Nothing' on type '{NS}.Customer"),
    ("$select=Nothing", "Could not find a property named 'Nothing'"),
    ("$orderby=Nothing", "Could not find a property named 'Nothing'"),
    ("$expand=Nothing", "Could not find a property named 'Nothing'"),
    ("$filter=CustomerGroupId in ('10')", "in"),
    ("$filter=CustomerGroupId has 1", "has"),
    ("$top=-1", "top"),
]


@pytest.mark.parametrize(("query", "text"), REFUSED)
def test_queries_that_are_refused_say_so_twice(rig: Rig, query: str, text: str) -> None:
    answer = rig.get(f"CustomerGroups?{query}")
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["message"] == (
        f"The query specified in the URI is not valid. {error['innererror']['message']}"
    )
    assert text in error["innererror"]["message"]


def test_what_connection_tests_ask(rig: Rig) -> None:
    document: dict[str, Any] = orjson.loads(rig.call("GET", "/data").content)
    assert document["@odata.context"] == f"{ROOT}/$metadata"
    assert {"name": "CustomersV3", "kind": "EntitySet", "url": "CustomersV3"} in document["value"]
    assert rig.call("GET", "/data/").json() == document
    assert "dataAreaId" not in rig.rows("LegalEntities?$top=1")[0]
    asked = {"x-ms-client-request-id": "6f1d0f3e-57a0-4d0b-9a61-d365d365d366"}
    assert rig.call("HEAD", "/data/Currencies('USD')", headers=asked).status_code == 200
