"""Custom APIs by settings, function and rows; background operations; bulk deletion as a job."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.services.dataverse.messages.custom import ApiCall, ApiRefused

CRM = "Microsoft.Dynamics.CRM."


def rename(call: ApiCall) -> dict[str, object]:
    """The function behind `new_Rename`: a bound action that changes its record."""
    if call.arguments["Name"] == "forbidden":
        raise ApiRefused("This name is not allowed.")
    call.update(call.table, call.record_id, {"name": call.arguments["Name"]})
    return {"Old": "?", "Length": len(call.arguments["Name"])}


def fails(call: ApiCall) -> dict[str, object]:
    raise ZeroDivisionError(call.name)


APIS = [
    {
        "name": "new_Rename",
        "bound_to": "account",
        "function": "tests_custom_apis:rename",
        "parameters": [{"name": "Name", "type": "String"}],
        "response": [{"name": "Old", "type": "String"}, {"name": "Length", "type": "Integer"}],
    },
    {
        "name": "new_Rates",
        "kind": "function",
        "parameters": [{"name": "Currency", "type": "String", "optional": True}],
        "response": [{"name": "Rate", "type": "Decimal"}],
        "answer": {"Rate": 1.25},
    },
    {"name": "new_Fails", "function": "tests_custom_apis:fails"},
]


@pytest.fixture
def environment(make_environment, monkeypatch):
    """Makes an environment with these custom APIs and more settings."""
    import sys
    from types import ModuleType

    module = ModuleType("tests_custom_apis")
    module.__dict__.update(rename=rename, fails=fails)
    monkeypatch.setitem(sys.modules, "tests_custom_apis", module)

    def make(**more):
        return make_environment(**{"dataverse.custom_apis": APIS, **more})

    return make


def test_a_bound_action_runs_its_function(environment):
    dataverse = environment()
    account = dataverse.create("accounts", name="A")
    answer = dataverse.ask("POST", f"accounts({account})/{CRM}new_Rename", {"Name": "Beta"})
    assert answer.status == 200, answer.body
    assert answer.json == {
        "@odata.context": answer.json["@odata.context"],
        "Old": "?",
        "Length": 4,
    }
    assert dataverse.ask("GET", f"accounts({account})").json["name"] == "Beta"


def test_a_function_answers_what_the_settings_say(environment):
    assert environment().ask("GET", "new_Rates(Currency='EUR')").json["Rate"] == 1.25
    assert environment().ask("GET", "new_Rates()").json["Rate"] == 1.25


def test_a_refusal_and_a_mistake_of_the_function_are_told(environment):
    dataverse = environment()
    account = dataverse.create("accounts", name="A")
    refused = dataverse.ask("POST", f"accounts({account})/{CRM}new_Rename", {"Name": "forbidden"})
    assert refused.error == (400, "0x80040265")
    assert refused.json["error"]["message"] == "This name is not allowed."
    assert dataverse.ask("POST", "new_Fails", {}).error == (400, "0x80040224")


def test_metadata_shows_custom_apis(environment):
    document = environment().ask("GET", "$metadata").body.decode()
    assert '<Action Name="new_Rename" IsBound="true">' in document
    assert '<FunctionImport Name="new_Rates" Function="mscrm.new_Rates" />' in document


def test_a_function_that_is_not_there_is_a_mistake_of_the_settings(make_environment):
    apis = [{"name": "new_X", "function": "tests_custom_apis_absent:x"}]
    with pytest.raises(UsageError, match="new_X"):
        make_environment(**{"dataverse.custom_apis": apis})


def test_rows_declare_custom_apis_while_they_are_there(dataverse):
    api = dataverse.create("customapis", uniquename="new_Ping", isfunction=False, bindingtype=0)
    dataverse.create(
        "customapirequestparameters",
        **{
            "uniquename": "Text",
            "type": 10,
            "isoptional": False,
            "CustomAPIId@odata.bind": f"/customapis({api})",
        },
    )
    dataverse.create(
        "customapiresponseproperties",
        **{"uniquename": "Count", "type": 7, "CustomAPIId@odata.bind": f"/customapis({api})"},
    )
    assert dataverse.ask("POST", "new_Ping", {"Text": "x"}).json["Count"] is None
    assert dataverse.ask("POST", "new_Ping", {}).error == (400, "0x80040200")
    dataverse.ask("DELETE", f"customapis({api})")
    assert dataverse.ask("POST", "new_Ping", {"Text": "x"}).status == 404


def test_a_background_operation_is_done_later(environment):
    dataverse = environment(**{"dataverse.background_operations": "manual"})
    account = dataverse.create("accounts", name="A")
    answer = dataverse.ask(
        "POST",
        f"accounts({account})/{CRM}new_Rename",
        {"Name": "Later"},
        prefer="respond-async",
    )
    assert answer.status == 202
    assert answer.headers["preference-applied"] == "respond-async"
    key = answer.json["backgroundOperationId"]
    assert dataverse.ask("GET", f"accounts({account})").json["name"] == "A"
    row = dataverse.ask("GET", f"backgroundoperations({key})").json
    assert row["backgroundoperationstatecode"] == 0
    assert dataverse.house.jobs.complete(key)
    row = dataverse.ask("GET", f"backgroundoperations({key})").json
    assert (row["backgroundoperationstatecode"], row["backgroundoperationstatuscode"]) == (3, 30)
    assert json.loads(row["outputparameters"]) == [
        {"Key": "Old", "Value": "?"},
        {"Key": "Length", "Value": 5},
    ]
    assert dataverse.ask("GET", f"accounts({account})").json["name"] == "Later"
    monitor = answer.headers["location"].partition("localhost:3")[2]
    assert monitor == f"/api/backgroundoperation/{key}"
    assert answer.headers["x-ms-dyn-backgroundoperationid"] == key
    told = dataverse.ask("GET", monitor).json
    assert told == {
        "backgroundOperationStateCode": 3,
        "backgroundOperationStatusCode": 30,
        "Old": "?",
        "Length": 5,
    }


def test_a_background_operation_is_cancelled_before_it_begins(environment):
    dataverse = environment(**{"dataverse.background_operations": "manual"})
    account = dataverse.create("accounts", name="A")
    path = f"accounts({account})/{CRM}new_Rename"
    keys = [
        dataverse.ask("POST", path, {"Name": "Never"}, prefer="respond-async").json[
            "backgroundOperationId"
        ]
        for _ in range(2)
    ]
    cancelled = dataverse.ask("DELETE", f"/api/backgroundoperation/{keys[0]}")
    assert (cancelled.status, cancelled.json["backgroundOperationStatusCode"]) == (200, 22)
    canceling = {"backgroundoperationstatecode": 2, "backgroundoperationstatuscode": 22}
    done = dataverse.ask("PATCH", f"backgroundoperations({keys[1]})", canceling, if_match="*")
    assert done.status == 204
    for key in keys:
        assert dataverse.house.jobs.complete(key)
        told = dataverse.ask("GET", f"/api/backgroundoperation/{key}").json
        assert told == {"backgroundOperationStateCode": 3, "backgroundOperationStatusCode": 32}
    assert dataverse.ask("GET", f"accounts({account})").json["name"] == "A"
    for unknown in ("x", "00000000-0000-0000-0000-000000000001"):
        assert dataverse.ask("GET", f"/api/backgroundoperation/{unknown}").status == 404
    assert dataverse.ask("PUT", f"/api/backgroundoperation/{keys[0]}").status == 405


@pytest.fixture
def receiver():
    """A listener that keeps what is posted to it."""
    posted: list[tuple[str, dict]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            posted.append((self.path, json.loads(self.rfile.read(length))))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", posted
        server.shutdown()


@pytest.mark.parametrize(("name", "status"), [("Later", 30), (None, 31)])
def test_a_background_operation_calls_back_when_it_ended(environment, receiver, name, status):
    url, posted = receiver
    dataverse = environment(**{"dataverse.background_operations": "manual"})
    account = dataverse.create("accounts", name="A")
    answer = dataverse.ask(
        "POST",
        f"accounts({account})/{CRM}new_Rename",
        {"Name": name or "forbidden"},
        prefer=f'respond-async, callback; url="{url}/done?id=7"',
    )
    assert (answer.status, answer.headers["preference-applied"]) == (202, "callback")
    key = answer.json["backgroundOperationId"]
    for _ in range(1 if status == 30 else 4):
        assert posted == []
        assert dataverse.house.jobs.complete(key)
    assert not dataverse.house.jobs.complete(key)
    [(path, body)] = posted
    assert path == "/done?id=7"
    assert body["backgroundOperationId"] == key
    assert (body["backgroundOperationStateCode"], body["backgroundOperationStatusCode"]) == (
        3,
        status,
    )
    assert body["location"] == answer.json["location"]
    assert ("backgroundOperationErrorMessage" in body) is (status == 31)


def test_a_failed_background_operation_is_tried_three_times_more(environment):
    dataverse = environment(**{"dataverse.background_operations": "time: 10"})
    clock, account = dataverse.house.clock, dataverse.create("accounts", name="A")
    path = f"accounts({account})/{CRM}new_Rename"
    answer = dataverse.ask("POST", path, {"Name": "forbidden"}, prefer="respond-async")
    key = answer.json["backgroundOperationId"]

    def row():
        found = dataverse.ask("GET", f"backgroundoperations({key})").json
        return found["retrycount"], found["backgroundoperationstatuscode"]

    for tries, seconds in enumerate((10, 20, 40, 80)):
        clock.advance(seconds - 1)
        assert row() == (tries, 0)
        clock.advance(1)
    assert row() == (3, 31)
    told = dataverse.ask("GET", f"/api/backgroundoperation/{key}").json
    assert told["backgroundOperationErrorMessage"]


def test_a_background_operation_may_succeed_when_it_is_tried_again(environment):
    dataverse = environment(**{"dataverse.background_operations": "manual"})
    account = dataverse.create("accounts", name="A")
    path = f"accounts({account})/{CRM}new_Rename"
    answer = dataverse.ask("POST", path, {"Name": "Later"}, prefer="respond-async")
    key = answer.json["backgroundOperationId"]
    row = dataverse.ask("GET", f"accounts({account})").json
    body = {name: row[name] for name in ("accountid", "name")}
    dataverse.ask("DELETE", f"accounts({account})")
    dataverse.house.jobs.complete(key)
    dataverse.ask("POST", "accounts", body)
    dataverse.house.jobs.complete(key)
    shown = dataverse.ask("GET", f"backgroundoperations({key})").json
    assert (shown["retrycount"], shown["backgroundoperationstatuscode"]) == (1, 30)
    assert shown["errormessage"] is None


def test_a_callback_that_nobody_hears_leaves_the_operation_as_it_is(environment, caplog):
    dataverse = environment()
    account = dataverse.create("accounts", name="A")
    path = f"accounts({account})/{CRM}new_Rename"
    prefer = 'respond-async, callback; url="http://127.0.0.1:9/none"'
    answer = dataverse.ask("POST", path, {"Name": "B"}, prefer=prefer)
    assert answer.status == 202
    assert dataverse.ask("GET", f"accounts({account})").json["name"] == "B"
    assert "the callback to http://127.0.0.1:9/none was not sent" in caplog.text
    wrong = dataverse.ask("POST", path, {"Name": "C"}, prefer="respond-async, callback")
    assert wrong.error == (400, "0x80040203")


BULK = {
    "JobName": "Clean",
    "SendEmailNotification": False,
    "ToRecipients": [],
    "CCRecipients": [],
    "RecurrencePattern": "",
    "StartDateTime": "2026-01-01T00:00:00Z",
}


def query(**criteria):
    return {"EntityName": "accounts"[:-1], "Criteria": criteria}


def test_a_bulk_deletion_by_any_query_waits_for_its_moment(make_environment):
    dataverse = make_environment(**{"dataverse.bulk_delete": "time: 60"})
    for name in ("Old one", "Old two", "New"):
        dataverse.create("accounts", name=name)
    wanted = query(
        FilterOperator="And",
        Conditions=[{"AttributeName": "name", "Operator": "BeginsWith", "Values": ["Old"]}],
    )
    job = dataverse.ask("POST", "BulkDelete", {**BULK, "QuerySet": [wanted]}).json["JobId"]
    assert dataverse.ask("GET", f"asyncoperations({job})").json["statecode"] == 0
    dataverse.house.clock.advance(61)
    row = dataverse.ask("GET", f"asyncoperations({job})").json
    assert (row["statecode"], row["statuscode"]) == (3, 30)
    names = dataverse.ask("GET", "accounts?$select=name").json["value"]
    assert "Old one" not in [row["name"] for row in names]
    [progress] = dataverse.ask("GET", "bulkdeleteoperations").json["value"]
    assert (progress["successcount"], progress["failurecount"]) == (2, 0)


@pytest.mark.parametrize(
    ("queries", "code"),
    [
        ([], "0x80040200"),
        ([{"EntityName": "nope"}], "0x80040203"),
        ([query(Conditions=[{"AttributeName": "nope", "Operator": "Equal"}])], "0x80041103"),
        ([query(Conditions="x")], "0x80040203"),
    ],
)
def test_a_bulk_deletion_that_cannot_be_read_is_refused(dataverse, queries, code):
    answer = dataverse.ask("POST", "BulkDelete", {**BULK, "QuerySet": queries})
    assert answer.error == (400, code)
