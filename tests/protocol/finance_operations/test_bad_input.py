"""Odd requests get an answer of the service, never a bug of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
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


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
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
