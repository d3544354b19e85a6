"""The control API of business events, and the order event through finance and operations."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from windtunnel.simulator.kernel.settings import load
from windtunnel.simulator.web.asgi import AsgiApplication
from windtunnel.simulator.web.house import House

EVENT = "WindtunnelSalesOrderChangedBusinessEvent"
ROOT = "/_windtunnel/events"


class World:
    """A whole simulator without sockets; what it posts is kept, not sent."""

    def __init__(self, folder) -> None:
        self.house = House(
            load(
                environment={},
                overrides={
                    "simulator.clock": "manual",
                    "simulator.tls": False,
                    "simulator.data_folder": folder,
                    "entra.static_tokens": {"t": "5c9b2a57-6f0d-4d7e-8a55-3d1f0a9be001"},
                },
            )
        )
        commit = self.house.store.commit
        self._applications = {
            name: AsgiApplication(application, commit)
            for name, application in self.house.applications().items()
        }

    def call(self, method: str, path: str, json: Any = None, *, service: str = "control", **more):
        return asyncio.run(self._call(service, method, path, json, more))

    async def _call(self, service, method, path, json, more):
        transport = httpx.ASGITransport(app=self._applications[service])
        headers = {"authorization": "Bearer t"}
        async with httpx.AsyncClient(transport=transport, base_url="http://wt.test") as client:
            return await client.request(method, path, json=json, headers=headers, **more)

    def order(self, method: str, key: str = "", json: Any = None):
        path = f"/data/SalesOrderHeadersV2{key}"
        answer = self.call(method, path, json, service="finance_operations")
        assert answer.status_code in {201, 204}, answer.text
        return answer

    def log(self, query: str = "") -> list[dict[str, Any]]:
        answer = self.call("GET", f"{ROOT}/deliveries?event={EVENT}{query}")
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["value"]
        return rows


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("ca"))
    yield world
    world.house.close()


@pytest.fixture
def world(made):
    made.house.reset()
    return made


@pytest.fixture
def connected(world):
    assert world.call("POST", f"{ROOT}/endpoints", {"name": "a", "url": "http://127.0.0.1:9/"})
    answer = world.call("POST", f"{ROOT}/activations", {"event": EVENT, "endpoint": "a"})
    assert answer.status_code == 201, answer.text
    return world


NEW_ORDER = {
    "dataAreaId": "usmf",
    "OrderingCustomerAccountNumber": "US-001",
    "CustomersOrderReference": "PO-1",
}


def test_each_change_of_an_order_raises_an_event(connected):
    number = connected.order("POST", json=NEW_ORDER).json()["SalesOrderNumber"]
    key = f"(dataAreaId='usmf',SalesOrderNumber='{number}')"
    connected.order("PATCH", key, {"CustomersOrderReference": "PO-2"})
    connected.order("DELETE", key)
    rows = connected.log()
    own = [
        "Operation", "SalesOrderNumber", "CustomersOrderReference", "CustomerAccount",
        "LegalEntity", "SalesStatus",
    ]  # fmt: skip
    assert [[row["payload"][name] for name in own] for row in rows] == [
        ["Created", number, "PO-1", "US-001", "usmf", "Backorder"],
        ["Updated", number, "PO-2", "US-001", "usmf", "Backorder"],
        ["Deleted", number, "PO-2", "US-001", "usmf", "Backorder"],
    ]
    assert {row["state"] for row in rows} == {"waiting"}
    assert all(list(row["payload"]) == sorted(row["payload"]) for row in rows)


def test_what_is_not_stored_raises_nothing(connected):
    refused = connected.call(
        "POST",
        "/data/SalesOrderHeadersV2",
        NEW_ORDER | {"OrderingCustomerAccountNumber": "nobody"},
        service="finance_operations",
    )
    assert refused.status_code == 400
    assert connected.log() == []


def test_without_activation_nothing_is_kept(world):
    world.order("POST", json=NEW_ORDER)
    assert world.log() == []


def test_an_activation_before_a_reset_is_gone_after_it(connected):
    connected.house.reset()
    connected.order("POST", json=NEW_ORDER)
    assert connected.log() == []
    assert connected.call("GET", f"{ROOT}/activations").json() == {"value": []}


def test_a_run_on_a_manual_clock_repeats_to_the_byte(connected):
    def run() -> bytes:
        connected.house.reset()
        connected.call("POST", f"{ROOT}/endpoints", {"name": "a", "url": "https://a.example/"})
        connected.call("POST", f"{ROOT}/activations", {"event": EVENT, "endpoint": "a"})
        connected.order("POST", json=NEW_ORDER)
        return connected.call("GET", f"{ROOT}/deliveries").content

    assert run() == run()


def test_the_log_is_cut_by_its_parameters(connected):
    connected.order("POST", json=NEW_ORDER)
    connected.house.clock.advance(10.0)
    connected.order("POST", json=NEW_ORDER)
    now = connected.house.clock.now()
    assert len(connected.log()) == 2
    assert len(connected.log(f"&since={now - 5}")) == 1
    assert len(connected.log("&limit=1")) == 1
    assert len(connected.log("&company=USMF&endpoint=a&state=waiting")) == 2
    assert connected.log("&endpoint=b") == []


def test_an_event_is_raised_by_hand_with_the_kinds_of_its_contract(connected):
    event = "PurchaseOrderConfirmedBusinessEvent"
    connected.call("POST", f"{ROOT}/activations", {"event": event, "endpoint": "a"})
    raised = connected.call(
        "POST",
        f"{ROOT}/raise",
        {
            "event": event,
            "company": "usmf",
            "payload": {"PurchaseOrderDate": "2021-11-18", "TransactionCurrencyAmount": 10.0},
            "extra": {"OwnReference": "X"},
        },
    )
    assert (raised.status_code, raised.json()) == (202, {"deliveries": 1})
    [row] = connected.call("GET", f"{ROOT}/deliveries?event={event}").json()["value"]
    body = row["payload"]
    assert body["PurchaseOrderDate"] == "/Date(1637193600000)/"
    assert json.dumps(body["TransactionCurrencyAmount"]) == "10"
    assert (body["OwnReference"], body["VendorAccount"]) == ("X", "")


def test_a_customers_own_event_joins_the_catalogue(connected):
    body = {"id": "ContosoShippedBusinessEvent", "members": {"Parcels": "integer"}}
    assert connected.call("POST", f"{ROOT}/catalog", body).status_code == 201
    rows = connected.call("GET", f"{ROOT}/catalog").json()["value"]
    assert rows[-1]["Fields"] == [{"name": "Parcels", "type": "integer"}]
    schema = connected.call("GET", f"{ROOT}/catalog/{body['id']}/schema").json()
    assert (schema["Parcels"], schema["ParentContextRecordSubjects"]) == (0, None)


def test_the_downloaded_schema_is_the_captured_one(world):
    schema = world.call("GET", f"{ROOT}/catalog/BatchJobStartedBusinessEvent/schema")
    assert schema.content.decode() == (
        '{"AdminEmailId":"","BusinessEventId":"","BusinessEventLegalEntity":"",'
        '"ContextRecordSubject":"","ControlNumber":0,"EventId":"",'
        '"EventTime":"/Date(-2208988800000)/","EventTimeIso8601":"1900-01-01T00:00:00Z",'
        '"InitiatingUserAADObjectId":"{00000000-0000-0000-0000-000000000000}",'
        '"JobDescription":"","JobEndUtcDateTime":"/Date(-2208988800000)/",'
        '"JobExecutedByEmailId":"","JobId":0,"JobOwnerEmailId":"","JobStatus":"",'
        '"MajorVersion":0,"MinorVersion":0,"ParentContextRecordSubjects":null}'
    )


def test_activations_end_with_or_without_their_errors(connected):
    [activation] = connected.call("GET", f"{ROOT}/activations").json()["value"]
    path = f"{ROOT}/activations/{activation['id']}"
    assert connected.call("POST", f"{path}/deactivate").status_code == 204
    [activation] = connected.call("GET", f"{ROOT}/activations").json()["value"]
    assert activation["active"] is False
    assert connected.call("DELETE", path).status_code == 204
    assert connected.call("DELETE", path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "text"),
    [
        ("POST", "endpoints", {"name": "b"}, 400, "url: Field required"),
        ("POST", "endpoints", {"name": "", "url": "https://b.example"}, 400, "name"),
        ("POST", "endpoints", {"name": "b", "url": "http://b.example"}, 400, "https address"),
        ("POST", "endpoints", {"name": "b", "url": "https://b:99999/"}, 400, "not an address"),
        ("POST", "endpoints", {"name": "b", "url": "https://[::1/"}, 400, "not an address"),
        ("POST", "endpoints", {"name": "b", "url": "https://b/ c"}, 400, "https address"),
        ("POST", "endpoints", {"name": "b", "url": 1, "x": 2}, 400, ""),
        ("POST", "endpoints", [], 400, "should be an object"),
        ("DELETE", "endpoints/nope", None, 404, "endpoint 'nope'"),
        ("POST", "activations", {"event": "Nope", "endpoint": "a"}, 404, "business event 'Nope'"),
        ("POST", "activations", {"event": EVENT, "endpoint": "b"}, 404, "endpoint 'b'"),
        ("DELETE", "activations/x", None, 404, "activation 'x'"),
        ("DELETE", f"activations/{'9' * 30}", None, 404, "activation"),
        ("POST", "raise", {"event": EVENT}, 400, "company"),
        ("POST", "raise", {"event": EVENT, "company": "usmf", "payload": {"X": 1}}, 400, "'X'"),
        (
            "POST",
            "raise",
            {"event": EVENT, "company": "usmf", "payload": {"SalesOrderNumber": 1}},
            400,
            "SalesOrderNumber: 1 is not of kind string",
        ),
        ("POST", "catalog", {"id": "no good"}, 400, "id"),
        ("POST", "catalog", {"id": EVENT}, 409, "already"),
        ("POST", "catalog", {"id": "Own", "members": {"a": "blob"}}, 400, "members.a"),
        ("GET", "catalog/Nope/schema", None, 404, "business event 'Nope'"),
        ("GET", "deliveries?since=x", None, 400, "numbers"),
        ("GET", "deliveries?limit=1.5", None, 400, "numbers"),
        ("GET", f"deliveries?limit={'9' * 40}", None, 200, ""),
        ("GET", "deliveries?colour=red", None, 400, "no parameter 'colour'; there are company"),
        ("GET", "errors?state=waiting", None, 200, ""),
        ("POST", "errors/1/resend", None, 404, "failed event '1'"),
        ("POST", "errors/-1/resend", None, 404, "failed event"),
        ("POST", "errors/resend", None, 202, '"resent":0'),
        ("PUT", "endpoints", {}, 405, ""),
    ],
)
def test_a_mistake_is_answered_with_its_name(connected, method, path, body, status, text):
    answer = connected.call(method, f"{ROOT}/{path}", body)
    assert (answer.status_code, text in answer.text) == (status, True), answer.text


def test_malformed_json_is_a_bad_request(world):
    for body in (b"{", b"\xff\xfe", b'{"name": "a", "name"'):
        answer = asyncio.run(_post(world, body))
        assert answer.status_code == 400, answer.text


async def _post(world: World, body: bytes) -> httpx.Response:
    transport = httpx.ASGITransport(app=world._applications["control"])
    async with httpx.AsyncClient(transport=transport, base_url="http://wt.test") as client:
        return await client.post(f"{ROOT}/raise", content=body)


@pytest.mark.parametrize(
    ("endpoint", "text"),
    [
        ({"name": "a", "url": "http://a.example/"}, "https address"),
        ({"name": "a", "url": "https://a.example/", "events": ["Nope"]}, "'Nope'"),
    ],
)
def test_a_wrong_endpoint_in_the_settings_is_a_usage_error(endpoint, text):
    settings = load(environment={}, overrides={"business_events.endpoints": [endpoint]})
    with pytest.raises(Exception, match=text) as caught:
        House(settings)
    assert caught.value.is_usage_error
