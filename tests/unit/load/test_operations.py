from __future__ import annotations

import json

import pytest

from windtunnel.contracts.documents import Plan, PlanFlow
from windtunnel.load.errors import LoadError
from windtunnel.load.identities import credentials_for, invented, variables_of
from windtunnel.load.operations import Keys, Requests, check_plan, singular
from windtunnel.load.preparation import prepare

KEY = "00000000-0000-0000-0000-000000000001"


def make_requests(rows=None, **flow):
    made = PlanFlow.model_validate({"name": "orders", "per_day": 100, **flow})
    check_plan(Plan(name="p", flows=(made,)))
    fetched = []

    def fetch(path):
        fetched.append(path)
        return rows or []

    material = prepare(made, fetch, seed="1", prefix="WT", company="usmf")
    return Requests(made, material), fetched


def test_a_create_has_the_planned_size_and_a_name_of_its_own():
    requests, _ = make_requests(payload_bytes=2048)
    first, second = requests.call(0), requests.call(1)
    assert (first.method, first.path) == ("POST", "/api/data/v9.2/accounts")
    assert 1900 <= len(first.body) <= 2148
    assert json.loads(first.body)["accountnumber"] != json.loads(second.body)["accountnumber"]


def test_equal_seeds_give_equal_requests():
    one, two = (make_requests(operations={"create": 0.5, "count": 0.5})[0] for _ in range(2))
    assert [one.call(n) for n in range(20)] == [two.call(n) for n in range(20)]


@pytest.mark.parametrize(
    ("operation", "method", "path"),
    [
        ("retrieve", "GET", f"/api/data/v9.2/accounts({KEY})"),
        ("update", "PATCH", f"/api/data/v9.2/accounts({KEY})"),
        ("list", "GET", "/api/data/v9.2/accounts?$top=1"),
        ("count", "GET", "/api/data/v9.2/accounts/$count"),
        ("metadata", "GET", "/api/data/v9.2/$metadata"),
        ("function", "GET", "/api/data/v9.2/WhoAmI"),
        ("track_changes", "GET", "/api/data/v9.2/accounts"),
    ],
)
def test_operations_of_dataverse(operation, method, path):
    requests, _ = make_requests([{"accountid": KEY}], operations={operation: 1})
    call = requests.call(0)
    assert (call.method, call.path) == (method, path)


def test_an_upsert_names_a_new_key_each_time():
    requests, _ = make_requests(operations={"upsert": 1})
    assert requests.call(1).path != requests.call(2).path
    assert requests.call(1).method == "PATCH"


def test_finance_and_operations_keys_carry_the_company_and_escape_quotes():
    requests, fetched = make_requests(
        [{"CustomerAccount": "O'Hara"}], service="finance_operations", operations={"retrieve": 1}
    )
    path = requests.call(0).path
    assert path == "/data/CustomersV3(dataAreaId='usmf',CustomerAccount='O%27%27Hara')"
    assert "dataAreaId%20eq%20'usmf'" in fetched[0]


def test_new_orders_refer_to_customers_that_exist():
    requests, _ = make_requests(
        [{"CustomerAccount": "US-001"}],
        service="finance_operations",
        operations=[{"operation": "create", "entity_set": "SalesOrderHeadersV2"}],
    )
    body = json.loads(requests.call(0).body)
    assert body["OrderingCustomerAccountNumber"] == "US-001"
    assert body["dataAreaId"] == "usmf"


def test_a_delete_takes_only_what_the_run_made():
    requests, _ = make_requests([{"accountid": KEY}], operations={"delete": 1})
    created = requests.call(0)
    assert created.method == "POST"
    requests.remember(created, f"https://x/api/data/v9.2/accounts({KEY})")
    deleted = requests.call(1)
    assert (deleted.method, deleted.path) == ("DELETE", f"/api/data/v9.2/accounts({KEY})")


def test_a_batch_holds_each_write_in_a_change_set_of_its_own():
    requests, _ = make_requests(batch_size=3, pattern="batch")
    call = requests.call(0)
    assert call.path == "/api/data/v9.2/$batch"
    boundary = call.headers["Content-Type"].partition("boundary=")[2]
    assert call.body.endswith(f"--{boundary}--\r\n".encode())
    assert call.body.count(b"POST /api/data/v9.2/accounts HTTP/1.1") == 3
    assert call.body.count(b"multipart/mixed;boundary=changeset_") == 3


@pytest.mark.parametrize(
    ("operation", "message"),
    [("create", "CreateMultiple"), ("update", "UpdateMultiple"), ("upsert", "UpsertMultiple")],
)
def test_bulk_sends_one_message_of_many_records(operation, message):
    requests, _ = make_requests(
        [{"accountid": KEY}], batch_size=4, pattern="bulk", operations={operation: 1}
    )
    call = requests.call(0)
    assert call.path == f"/api/data/v9.2/accounts/Microsoft.Dynamics.CRM.{message}"
    targets = json.loads(call.body)["Targets"]
    assert len(targets) == 4
    assert targets[0]["@odata.type"] == "Microsoft.Dynamics.CRM.account"


@pytest.mark.parametrize(
    ("flow", "said"),
    [
        ({"operations": {"import_package": 1}}, "packages"),
        ({"operations": {"action": 1}}, "nothing about what to call"),
        ({"operations": [{"operation": "create", "entity_set": "widgets"}]}, "cannot be made up"),
        ({"service": "finance_operations", "operations": {"upsert": 1}}, "no such request"),
        ({"pattern": "dmf"}, "no flow of the plan"),
        ({"pattern": "bulk", "operations": {"list": 1}}, "bulk messages"),
    ],
)
def test_what_cannot_be_sent_is_named(flow, said):
    made = PlanFlow.model_validate({"name": "orders", "per_day": 100, **flow})
    with pytest.raises(LoadError, match=said):
        check_plan(Plan(name="p", flows=(made,)))


@pytest.mark.parametrize(
    ("entity_set", "table"),
    [("accounts", "account"), ("opportunities", "opportunity"), ("cr1_boxes", "cr1_box")],
)
def test_tables_are_singular(entity_set, table):
    assert singular(entity_set) == table


def test_keys_forget_nothing_they_were_given():
    keys = Keys(["a"])
    keys.add("https://x/accounts(b)")
    keys.add("https://x/accounts")
    assert {keys.any(n) for n in range(4)} == {"a", "b"}


def test_identities_without_their_own_credentials_share_and_it_is_said():
    own = dict(zip(variables_of("order-sync"), ("id", "secret"), strict=True))
    shared = {"WT_CLIENT_ID": "app", "WT_CLIENT_SECRET": "s"}
    found, said = credentials_for(("order-sync", "a", "b"), {**own, **shared})
    assert found["order-sync"].client_id == "id"
    assert said == ("a", "b")


def test_missing_credentials_name_the_variables():
    with pytest.raises(LoadError, match="WT_CLIENT_ID_ORDER_SYNC"):
        credentials_for(("order-sync",), {})


def test_own_simulators_get_an_application_for_each_identity():
    import tomllib

    flow = PlanFlow(name="f", per_day=1, identities=('a "quoted"\nname', "b"), priority="high")
    settings, variables = invented((flow,), 1)
    clients = tomllib.loads(settings)["entra"]["clients"]
    assert len({client["app_id"] for client in clients}) == 2
    assert {c["app_id"] for c in clients} <= set(variables.values())
