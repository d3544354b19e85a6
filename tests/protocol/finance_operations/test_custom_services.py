"""Custom services as JSON. Source: "Custom services"; captured calls and errors."""

from __future__ import annotations

import re

import pytest

from tests.protocol.finance_operations.conftest import Rig
from tests.protocol.finance_operations.custom_service_settings import HERE, SETTINGS
from windtunnel.simulator.entity_sets.custom_services import CustomService, Operation
from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.settings import FinanceOperationsSettings

SERVICE = "/api/services/ContosoServices/ContosoCustomerService"
GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture(scope="module")
def shared() -> Rig:
    return Rig(**SETTINGS)


def names(answer, member):
    assert answer.status_code == 200, answer.text
    return [entry["Name"] for entry in answer.json()[member]]


def test_services_are_found_level_by_level(rig):
    groups = names(rig.call("GET", "/api/services"), "ServiceGroups")
    assert {"ContosoServices", "UserSessionService", "DMFServiceGroup"} <= set(groups)
    services = rig.call("GET", "/api/services/ContosoServices")
    assert names(services, "Services") == ["ContosoCustomerService", "ContosoOtherService"]
    operations = names(rig.call("GET", SERVICE), "Operations")
    assert operations[:2] == ["createCustomer", "ping"]
    assert rig.call("GET", f"{SERVICE}/createCustomer").json() == {
        "Parameters": [{"Name": "_request", "Type": "ContosoRequest"}],
        "Return": {"Name": "return", "Type": "ContosoResponse"},
    }


@pytest.mark.parametrize(
    "path",
    [
        "/api/services/Nobody",
        "/api/services/ContosoServices/Nobody",
        f"{SERVICE}/nothingOfTheKind",
        f"{SERVICE}/ping/more",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_there_is_not_found(rig, method, path):
    answer = rig.call(method, path)
    if method == "POST" and path.count("/") < 5:
        assert answer.status_code == 405
    else:
        assert answer.status_code == 404
        assert answer.json()["Message"].startswith("No HTTP resource was found that matches")


def test_another_method_is_refused(rig):
    answer = rig.call("PUT", f"{SERVICE}/ping")
    assert answer.status_code == 405
    assert answer.json() == {
        "Message": "The requested resource does not support http method 'PUT'."
    }


def test_a_call_without_a_token_is_refused(rig):
    assert rig.call("POST", f"{SERVICE}/ping", token="").status_code == 401


def test_a_contract_goes_in_and_one_comes_out_numbered(rig):
    request = {
        "account": "C-1",
        "Blocked": 0,
        "Wanted": "2026-02-03",
        "Lines": [{"Number": "21", "Text": 5}, {"Number": 1}],
    }
    answer = rig.call("POST", f"{SERVICE}/createCustomer", {"_request": request, "extra": 1})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "$id": "1",
        "Account": "C-1",
        "Company": "usmf",
        "Created": "2026-02-03T00:00:00",
        "Lines": [
            {"$id": "2", "Number": 42, "Text": "5"},
            {"$id": "3", "Number": 2, "Text": ""},
        ],
    }
    customer = rig.get("CustomersV3(dataAreaId='usmf',CustomerAccount='C-1')").json()
    assert customer["CustomerGroupId"] == "10"


def test_the_call_context_chooses_the_company(rig):
    body = {"_request": {"Account": "C-2"}, "CallContext": {"Company": "DEMF"}}
    answer = rig.call("POST", f"{SERVICE}/createCustomer", body)
    assert answer.json()["Company"] == "demf"
    assert rig.get("CustomersV3(dataAreaId='demf',CustomerAccount='C-2')").status_code in {200, 404}
    found = rig.rows("CustomersV3?cross-company=true&$filter=CustomerAccount eq 'C-2'")
    assert [row["dataAreaId"] for row in found] == ["demf"]
    body["CallContext"] = {"Company": "none"}
    assert failure(rig.call("POST", f"{SERVICE}/createCustomer", body))[0].endswith(
        "The company none does not exist."
    )


def failure(answer) -> tuple[str, str]:
    assert answer.status_code == 500, answer.text
    body = answer.json()
    assert list(body) == ["Message", "ExceptionType", "ActivityId"]
    assert re.fullmatch(GUID, body["ActivityId"])
    assert answer.headers["ms-dyn-aid"] == body["ActivityId"]
    assert body["Message"].startswith("An exception occured when invoking the operation - ")
    return body["Message"], body["ExceptionType"]


def test_a_refusal_undoes_what_was_written(rig):
    body = {"_request": {"Account": "C-3", "Blocked": "Yes"}}
    assert failure(rig.call("POST", f"{SERVICE}/createCustomer", body)) == (
        "An exception occured when invoking the operation - Blocked customers cannot be created.",
        "BlockedException",
    )
    assert rig.rows("CustomersV3?$filter=CustomerAccount eq 'C-3'") == []


def test_a_duplicate_is_told_in_the_words_of_the_infolog(rig):
    body = {"_request": {"Account": "C-4"}}
    assert rig.call("POST", f"{SERVICE}/createCustomer", body).status_code == 200
    message, kind = failure(rig.call("POST", f"{SERVICE}/createCustomer", body))
    assert kind == "DuplicateKeyException"
    assert "already exists" in message
    assert "Infolog" not in message


def test_mistakes_of_functions_are_told_and_no_bug_of_ours(rig):
    message, kind = failure(rig.call("POST", f"{SERVICE}/broken"))
    assert kind == "TargetInvocationException"
    assert "ZeroDivisionError" in message
    message, kind = failure(rig.call("POST", f"{SERVICE}/wrong"))
    assert kind == "InvalidCastException"
    assert "ContosoLine has no nonsense" in message


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (None, "Parameter '_request' is not found within the request content body."),
        ({}, "Parameter '_request' is not found within the request content body."),
        ({"request": {}}, "Parameter '_request' is not found within the request content body."),
        ({"_request": 5}, 'Error converting value "5" to type'),
        ({"_request": {"Lines": {}}}, "Path '_request.Lines'"),
        ({"_request": {"Lines": [{"Number": "x"}]}}, "Path '_request.Lines[0].Number'"),
        ({"_request": {"Blocked": "Maybe"}}, "Path '_request.Blocked'"),
        ({"_request": {"Wanted": "soon"}}, "Path '_request.Wanted'"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_with_their_place(rig, body, text):
    answer = rig.call("POST", f"{SERVICE}/createCustomer", body)
    assert answer.status_code == 400
    assert text in answer.json()["Message"]


@pytest.mark.parametrize("content", [b"{", b"[]", b"1", b"\xff", b'{"a":' + b"[" * 2000])
def test_a_body_that_is_no_object_is_refused(rig, content):
    headers = {"content-type": "application/json"}
    answer = rig.call("POST", f"{SERVICE}/createCustomer", content=content, headers=headers)
    assert answer.status_code == 400
    assert "x-windtunnel-bug" not in answer.headers


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("utcdatetime", "0001-01-01T00:00:00+14:00"),
        ("utcdatetime", "9999-12-31T23:59:59-14:00"),
        ("date", "2026-13-01"),
        ("int", "\u0663"),
        ("int64", 2**63),
        ("real", "1e400"),
    ],
)
def test_a_value_beyond_its_type_is_refused(new_rig, kind, value):
    operation = {"name": "o", "parameters": [{"name": "p", "type": kind}]}
    rig = new_rig(**one_operation(operation))
    answer = rig.call("POST", "/api/services/G/S/o", {"p": value})
    assert answer.status_code == 400
    assert answer.json()["Message"].startswith(f'Error converting value "{value}" to type')


def test_a_slash_at_the_end_changes_nothing(rig):
    for path in ("/api/services", "/api/services/ContosoServices"):
        assert rig.call("GET", f"{path}/").json() == rig.call("GET", path).json()
    assert rig.call("GET", "/metadata/").json() == rig.call("GET", "/metadata").json()
    assert rig.call(
        "POST", "/api/services/ContosoServices/ContosoCustomerService/ping/"
    ).json() == ("pong")


def test_errors_below_odata_do_not_look_like_its_own(rig):
    for path in ("/api/services/Nope", "/data/Nope", "/nowhere"):
        answer = rig.call("GET", path)
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert "odata-version" not in answer.headers


def test_another_format_is_refused(rig):
    headers = {"content-type": "text/plain"}
    answer = rig.call("POST", f"{SERVICE}/createCustomer", content=b"x", headers=headers)
    assert answer.status_code == 415


def test_without_parameters_no_body_is_needed_and_scalars_come_bare(rig):
    answer = rig.call("POST", f"{SERVICE}/ping")
    assert (answer.status_code, answer.json()) == (200, "pong")
    answer = rig.call("POST", f"{SERVICE}/nothing")
    assert (answer.status_code, answer.content) == (200, b"")
    other = rig.call("POST", "/api/services/contososervices/CONTOSOOTHERSERVICE/Ping", {})
    assert other.json() == [1, 2]


def test_every_type_comes_back_as_it_went_in(rig):
    values = {
        "p_string": "ä <&>",
        "p_int": -5,
        "p_int64": 2**40,
        "p_real": 1.25,
        "p_boolean": True,
        "p_date": "2026-02-03T00:00:00",
        "p_utcdatetime": "2026-02-03T04:05:06Z",
        "p_guid": "12345678-1234-1234-1234-123456789abc",
        "p_NoYes": 1,
        "names": ["a", ""],
    }
    answer = rig.call("POST", f"{SERVICE}/echo", values).json()
    assert answer.pop("$id") == "1"
    assert answer == values
    nothing = rig.call("POST", f"{SERVICE}/echo", dict.fromkeys(values)).json()
    assert nothing["p_int"] == 0
    assert nothing["p_utcdatetime"] == "1900-01-01T00:00:00Z"
    assert nothing["names"] == []
    converted = {**values, "p_utcdatetime": "2026-02-03T05:05:06+01:00", "p_int": "7"}
    answer = rig.call("POST", f"{SERVICE}/echo", converted).json()
    assert (answer["p_utcdatetime"], answer["p_int"]) == ("2026-02-03T04:05:06Z", 7)
    for name, wrong in (("p_int", 2**31), ("p_int", 1.5), ("p_guid", "x"), ("p_boolean", 2)):
        assert rig.call("POST", f"{SERVICE}/echo", {**values, name: wrong}).status_code == 400


SESSION = "/api/services/UserSessionService/AifUserSessionService"


def test_the_usual_probe_tells_user_company_and_currency(rig):
    info = rig.call("POST", f"{SESSION}/GetUserSessionInfo").json()
    assert info["UserId"] == "Admin"
    assert (info["Company"], info["IsSysAdmin"], info["AXLanguage"]) == ("usmf", True, "en-us")
    assert info["CurrencyInfo"]["CurrencyCode"] == "USD"
    assert list(info) == sorted(info, key=lambda name: (name != "$id", name))
    assert rig.call("POST", f"{SESSION}/IsSinglePartitionSystem").json() is True
    assert rig.call("POST", f"{SESSION}/GetPartitionKeysForUser").json() == ["initial"]
    moved = {"dateTime": "2026-01-01T12:00:00", "timeZoneOffset": 90}
    assert rig.call("POST", f"{SESSION}/ApplyTimeZone", moved).json() == "2026-01-01T13:30:00Z"
    assert rig.call("POST", f"{SESSION}/RemoveTimeZone", moved).json() == "2026-01-01T10:30:00Z"
    keys = {"_keys": [{"ItemName": "CustTable", "ItemType": "Table"}]}
    assert rig.call("POST", f"{SESSION}/GetAccessRights", keys).json() == [5]


def test_what_nothing_stands_behind_answers_501(rig):
    path = "/api/services/ERConfigurationServices/ERConfigurationListService/getSolutions"
    answer = rig.call("POST", path)
    assert answer.status_code == 501
    assert "getSolutions" in answer.headers["x-windtunnel-absent"]


def one_operation(*operations):
    return {"services": [{"group": "G", "name": "S", "operations": list(operations)}]}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {
                "services": [
                    {"group": "G", "name": "S", "operations": [{"name": "o", "returns": "strin"}]}
                ]
            },
            "Did you mean string?",
        ),
        (
            {"services": [{"group": "G", "name": "S", "operations": [{"name": "o", "answer": 1}]}]},
            "returns nothing",
        ),
        (
            {
                "services": [
                    {
                        "group": "G",
                        "name": "S",
                        "operations": [{"name": "o", "function": "no.module:f"}],
                    }
                ]
            },
            "cannot be imported",
        ),
        (
            {"services": [{"group": "G", "name": "S"}, {"group": "g", "name": "s"}]},
            "is there already",
        ),
        ({"contracts": [{"name": "string"}]}, "already a type"),
        ({"contracts": [{"name": "NoYes"}]}, "already a type"),
        (
            {"contracts": [{"name": "C", "members": [{"name": "A"}, {"name": "a"}]}]},
            "two members a",
        ),
        (one_operation({"name": "o"}, {"name": "O"}), "two operations O"),
        (
            one_operation({"name": "o", "parameters": [{"name": "p"}, {"name": "p"}]}),
            "two parameters p",
        ),
        (
            one_operation({"name": "o", "returns": "int", "answer": "x"}),
            "Error converting value \"x\" to type 'System.Int32'. Path 'answer'.",
        ),
        (
            one_operation(
                {"name": "o", "returns": "string", "answer": "x", "function": f"{HERE}:broken"}
            ),
            "has an answer and a function",
        ),
    ],
)
def test_a_wrong_declaration_is_told_at_the_start(new_rig, change, text):
    with pytest.raises(UsageError, match=re.escape(text)):
        new_rig(**change)
    assert FinanceOperationsSettings(**change)


def test_services_may_be_added_in_python(new_rig):
    rig = new_rig()
    operation = Operation("greet", lambda call: f"Hello {call.user_id}", returns="string")
    rig.service.custom_services.add(CustomService("Mine", "MyService", (operation,)))
    assert rig.call("POST", "/api/services/Mine/MyService/greet").json() == "Hello Admin"
