"""Odd and bad requests get an answer of the service, never a bug of ours.

Other modules hold what is not repeated here: queries and paths (test_reading.py), bodies
(test_writing.py), batches (test_batch.py), tokens (test_guard.py), arguments of actions and of
services (test_actions.py, test_custom_services.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.protocol.finance_operations.conftest import Rig

CUSTOMER = "/data/CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')"
LINE = b'{"SalesOrderNumber":"000005","ItemNumber":"D0001"'
JSON = {"content-type": "application/json"}

FILTERS = [
    " or ".join(["CustomerAccount eq 'x'"] * 900),
    "(" * 90 + "1 eq 1" + ")" * 90,
    "not " * 90 + "(1 eq 1)",
    "CreditLimit eq 99999999999999999999999999",
    "CreditLimit eq 1e400",
    "CreditLimit div 0 eq 1",
    "CreditLimit mod 0 eq 1",
    "null eq null",
    "true",
    "CustomerAccount",
    "Warehouses/WarehouseId eq '1'",
    "OrganizationName eq '**%_\\'",
    "AddressValidTo gt 9999-12-31T23:59:59-14:00",
    "AddressValidTo gt 0001-01-01T00:00:00+14:00",
    "OnHoldStatus eq null",
    "CustomerAccount eq '\x00'",
    "CustomerAccount eq @p",
]
QUERIES = [
    "$top=9223372036854775807",
    "$skip=9223372036854775807",
    "$skip=99999999999999999999999",
    "$select=*",
    "$select=CustomerAccount/x",
    "$expand=*",
    "$expand=Warehouses/$ref",
    "$expand=Warehouses($top=9223372036854775807;$skip=9223372036854775807;$count=true)",
    "$format=application/json;odata.metadata=zzz",
    "&&&",
    "=",
    "$top=5&$top=6",
    "cross-company=%ff",
]
PATHS = [
    "/",
    "/data//",
    "/data/%ff",
    "/data/%00",
    "/data/CustomersV3(%00)",
    "/data/CustomersV3(dataAreaId='usmf',CustomerAccount='%0d%0a')",
    "/DATA",
    "/data/$metadata/x",
    "/data/Microsoft.Dynamics.DataEntities.x%0d%0ay: z",
    "/data/Microsoft.Dynamics.DataEntities.caf%C3%A9",
    "/api/services/a%0d%0ab",
    "/data/" + "(" * 3000,
    "/data/CustomersV3(" + "'" * 3000 + ")",
    f"{CUSTOMER}/Warehouses/$ref",
    f"{CUSTOMER}/$value",
    "/data/Currencies(null)",
    "/data/Currencies(-5)",
    "/data/Currencies(1 eq 1)",
]
BODIES = [
    b'{"CreditLimit":1e308}',
    b'{"CreditLimit":123456789012345678901234567890}',
    b'{"CreditLimit":null}',
    b'{"OnHoldStatus":null}',
    b'{"AddressValidTo":"9999-12-31T23:59:59-14:00"}',
    b'{"AddressRecordId":99}',
    b'{"OrganizationName":"\\u0000"}',
    b'{"OrganizationName":"\\ud800"}',
    b'{"PartyType":"Alien"}',
    b"{}",
    b"[" * 100_000,
    b'{"a":' * 5_000,
]
LINES = [
    LINE + b',"LineNumber":7e28}',
    LINE + b"}",
    LINE + b',"LineCreationSequenceNumber":2147483647}',
    LINE + b"}",
    LINE + b',"OrderedSalesQuantity":1e28,"SalesPrice":1e28}',
    LINE + b',"OrderedSalesQuantity":1e300}',
]


def check(rig: Rig, method: str, path: str, body: bytes | None = None) -> None:
    answer = rig.call(method, path, content=body, headers=JSON if body is not None else {})
    assert answer.status_code in {200, 201, 204, 400, 404, 501}, answer.text
    assert "x-windtunnel-bug" not in answer.headers


@pytest.mark.parametrize("text", FILTERS)
def test_odd_filters(rig: Rig, text: str) -> None:
    check(rig, "GET", f"/data/CustomersV3?$filter={quote(text, safe='')}")


@pytest.mark.parametrize("query", QUERIES)
def test_odd_queries(rig: Rig, query: str) -> None:
    check(rig, "GET", f"/data/CustomersV3?{query}")


@pytest.mark.parametrize("path", PATHS)
def test_odd_paths(rig: Rig, path: str) -> None:
    check(rig, "GET", path)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_odd_changes(rig: Rig, method: str, body: bytes) -> None:
    check(rig, method, CUSTOMER, body)


def test_odd_lines_one_after_another(rig: Rig) -> None:
    for body in LINES:
        check(rig, "POST", "/data/SalesOrderLines", body)


WORDS = st.one_of(
    st.sampled_from(["CustomerAccount", "CreditLimit", "OnHoldStatus", "Warehouses", "$it"]),
    st.sampled_from(["eq", "ne", "gt", "and", "or", "not", "add", "any", "desc", "$count"]),
    st.sampled_from(["(", ")", ",", "/", "*", "'x'", "5", "1.5", "null", "2026-01-01T00:00:00Z"]),
    st.just("Microsoft.Dynamics.DataEntities.NoYes'Yes'"),
)


@settings(max_examples=150)
@given(
    option=st.sampled_from(["$filter", "$orderby", "$select", "$expand"]),
    words=st.lists(WORDS, max_size=9),
)
def test_any_words_in_an_option(shared: Rig, option: str, words: list[str]) -> None:
    shared.clock.advance(60)
    check(shared, "GET", f"/data/CustomersV3?{option}={quote(' '.join(words), safe='')}")


def test_representations_nobody_offers_are_406(rig: Rig) -> None:
    accept = {"accept": "application/atom+xml"}
    assert rig.get("CustomerGroups", headers=accept).status_code == 406
    browser = {"accept": "text/html,application/xml;q=0.9,*/*;q=0.8"}
    assert rig.get("CustomerGroups", headers=browser).status_code == 200


def test_head_answers_without_a_body(rig: Rig) -> None:
    answer = rig.call("HEAD", "/data/CustomerGroups")
    assert (answer.status_code, answer.content) == (200, b"")


NO_ROUTE = "No HTTP resource was found that matches the request URI"
SERVICES = "/api/services/UserSessionService/AifUserSessionService"
ADDRESSES = [
    ("GET", "/data/CustomerGroups(%zz)", 404, NO_ROUTE),
    ("GET", "/data/CustomerGroups%00", 404, NO_ROUTE),
    ("GET", "/data/cust%ff", 404, NO_ROUTE),
    ("GET", "/data/CustomersV3)", 404, NO_ROUTE),
    ("GET", "/data/CustomersV3(dataAreaId=,CustomerAccount='US-001')", 404, NO_ROUTE),
    (
        "GET",
        "/data/CustomersV3(dataAreaId='usmf',CustomerAccount='a',CustomerAccount='b')",
        404,
        "",
    ),
    ("GET", "/data/Currencies(USD)", 404, NO_ROUTE),
    ("GET", "/data/$nothing", 404, NO_ROUTE),
    ("GET", "/nothing", 404, NO_ROUTE),
    ("GET", "/api/services/UserSessionService/Nothing", 404, NO_ROUTE),
    ("POST", f"{SERVICES}/Nothing", 404, NO_ROUTE),
    ("POST", "/api/services/%ff/x/y", 404, NO_ROUTE),
    ("PUT", f"{SERVICES}/GetUserSessionInfo", 405, "does not support http method 'PUT'."),
    ("TRACE", "/data/CustomerGroups", 405, "does not support http method 'TRACE'."),
    ("NONSENSE", "/data/CustomerGroups", 405, "does not support http method 'NONSENSE'."),
    ("POST", CUSTOMER, 405, "does not support http method 'POST'."),
]


@pytest.mark.parametrize(("method", "path", "status", "text"), ADDRESSES)
def test_an_address_or_method_that_is_not_there_has_the_shape_of_web_api(
    rig: Rig, method: str, path: str, status: int, text: str
) -> None:
    answer = rig.call(method, path)
    assert (answer.status_code, list(answer.json())) == (status, ["Message"])
    assert text in answer.json()["Message"]


UNREADABLE = [
    (b'{"CustomerGroupId":"x"', "Invalid JSON. Unexpected end of input was found"),
    (b'{"CustomerGroupId":"x"} {}', "Invalid JSON. More than one value was found at the root"),
    (b'{"CustomerGroupId":NaN}', "Invalid JSON. A token was not recognized"),
    (b'{"CustomerGroupId":"\\ud800"}', "Invalid JSON."),
    (b'{"CustomerGroupId":"\xe9"}', "Invalid JSON."),
    (b'{"CustomerGroupId":"a","CustomerGroupId":"b"}', "the name 'CustomerGroupId' were detected"),
    (b'{"customergroupid":"x"}', "The property 'customergroupid' does not exist on type"),
    (
        b'{"CustomerGroupId":[]}',
        "Cannot convert the literal '[]' to the expected type 'Edm.String'",
    ),
    (
        b'{"CustomerGroupId":{}}',
        "Cannot convert the literal '{}' to the expected type 'Edm.String'",
    ),
    (b'{"dataAreaId":5}', "Cannot convert the literal '5' to the expected type 'Edm.String'"),
    (b'{"dataAreaId":"none","CustomerGroupId":"x"}', "Company none does not exist."),
    (b" ", "The request body is empty."),
    (b"null", "A 'StartObject' node was expected."),
]


@pytest.mark.parametrize(("body", "text"), UNREADABLE)
def test_a_body_that_cannot_be_read_says_why(rig: Rig, body: bytes, text: str) -> None:
    answer = rig.call("POST", "/data/CustomerGroups", content=body, headers=JSON)
    assert answer.status_code == 400
    assert text in rig.infolog(answer)


VALUES = [
    ("CreditLimit", ["x", True, 1e300, []], "'Edm.Decimal'"),
    ("CreditLimit", [{"a": None}], """'{"a": null}' to the expected type 'Edm.Decimal'"""),
    ("CreditLimit", ["x" * 5_000], f"'{'x' * 200}' to the expected type"),
    ("OnHoldStatus", [0, True], "'Microsoft.Dynamics.DataEntities.CustVendorBlocked'"),
    ("OnHoldStatus", ["Foo"], "Requested value 'Foo' was not found."),
    ("IsOneTimeCustomer", [True, 1], "'Microsoft.Dynamics.DataEntities.NoYes'"),
    ("AddressValidTo", ["x", "2024-02-30T00:00:00Z", 5], "'Edm.DateTimeOffset'"),
    ("AddressRecordId", ["x", 1.5], "'Edm.Int64'"),
    ("OrganizationName", [5, True, []], "'Edm.String'"),
]
EACH_VALUE = [(name, value, text) for name, values, text in VALUES for value in values]


@pytest.mark.parametrize(("name", "value", "text"), EACH_VALUE)
def test_a_value_of_another_type_is_refused(rig: Rig, name: str, value: object, text: str) -> None:
    answer = rig.call("PATCH", CUSTOMER, {name: value})
    assert answer.status_code == 400
    assert text in rig.infolog(answer)


CHARACTER_SETS = [
    (b'\xef\xbb\xbf{"CustomerGroupId":"c\xc3\xa9"}', "application/json", 201),
    ('{"CustomerGroupId":"cé"}'.encode("utf-16"), "application/json", 201),
    (b'{"CustomerGroupId":"c\xe9"}', "application/json; charset=iso-8859-1", 201),
    (b'{"CustomerGroupId":"ce"}', "application/json; charset=nonsense", 400),
    (b'{"CustomerGroupId":"ce"}', "text/plain", 415),
    (b'{"CustomerGroupId":"ce"}', "application/xml", 415),
    (b'{"CustomerGroupId":"ce"}', "multipart/form-data; boundary=x", 415),
]


@pytest.mark.parametrize(("body", "media", "status"), CHARACTER_SETS)
def test_a_body_in_another_format_or_character_set(
    rig: Rig, body: bytes, media: str, status: int
) -> None:
    answer = rig.call("POST", "/data/CustomerGroups", content=body, headers={"content-type": media})
    assert answer.status_code == status
    if status == 201:
        assert answer.json()["CustomerGroupId"] == "cé"


@pytest.mark.parametrize(
    "headers",
    [
        {"accept": ";;"},
        {"prefer": "odata.maxpagesize=x"},
        {"prefer": ";,="},
        {"if-none-match": "x"},
    ],
)
def test_a_header_that_says_nothing_is_passed_over(rig: Rig, headers: dict[str, str]) -> None:
    assert rig.get("CustomerGroups?$top=1", headers=headers).status_code == 200


@pytest.mark.parametrize("match", ["x", 'W/"x"', '"'])
def test_a_wrong_version_holds_a_change_back(rig: Rig, match: str) -> None:
    answer = rig.call("PATCH", CUSTOMER, {"NameAlias": "q"}, headers={"if-match": match})
    assert answer.status_code == 412


CALLS = [
    ("ApplyTimeZone", b"{", 400, "The request content body is not JSON."),
    ("ApplyTimeZone", b"[]", 400, "The request content body is not a JSON object."),
    ("ApplyTimeZone", b"{}", 400, "Parameter 'dateTime' is not found within the request content"),
    ("ApplyTimeZone", b'{"dateTime":"x","timeZoneOffset":1}', 400, "Error converting value"),
]


@pytest.mark.parametrize(("operation", "body", "status", "text"), CALLS)
def test_a_service_call_that_cannot_be_read(
    rig: Rig, operation: str, body: bytes, status: int, text: str
) -> None:
    answer = rig.call("POST", f"{SERVICES}/{operation}", content=body, headers=JSON)
    assert answer.status_code == status
    assert text in answer.json()["Message"]
