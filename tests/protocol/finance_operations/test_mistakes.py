"""Twenty mistakes that integrations make, each with the symptom it has on the real service.

Numbered as in the collection they were taken from; a careless client is played request by request.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from windtunnel.simulator.web.faults import FaultRule

if TYPE_CHECKING:
    import httpx

    from tests.protocol.finance_operations.conftest import Rig

GROUP = "/data/CustomerGroups(dataAreaId='{}',CustomerGroupId='10')"
CUSTOMER = "/data/CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')"
NOT_SELECTED = "No resources were found when selecting for update."


def test_1_reading_without_cross_company_finds_nothing_and_says_nothing(rig: Rig) -> None:
    assert rig.rows("CustomersV3?$filter=dataAreaId eq 'usrt'") == []
    assert rig.rows("CustomersV3?$filter=dataAreaId eq 'usrt'&cross-company=true")


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_2_changing_without_cross_company_selects_nothing(rig: Rig, method: str) -> None:
    body = {"Description": "x"} if method == "PATCH" else None
    answer = rig.call(method, GROUP.format("usrt"), body)
    assert (answer.status_code, rig.infolog(answer)) == (400, NOT_SELECTED)


def test_3_a_key_without_company_looks_like_an_absent_record_and_ends_in_a_duplicate(
    rig: Rig,
) -> None:
    asked = rig.get("CustomerGroups('10')")
    assert asked.status_code == 404
    assert asked.json()["Message"].startswith("No HTTP resource was found that matches")
    created = rig.call("POST", "/data/CustomerGroups", {"CustomerGroupId": "10"})
    assert created.status_code == 400
    assert "The record already exists" in rig.infolog(created)


def test_4_the_outer_message_is_the_same_for_every_reason(rig: Rig) -> None:
    bodies = (
        {"CustomerGroupId": "10"},
        {"CustomerGroupId": "99", "PaymentTermId": "None"},
        {"CustomerGroupId": ""},
        {"Nothing": 1},
    )
    answers = [rig.call("POST", "/data/CustomerGroups", body) for body in bodies]
    assert {answer.json()["error"]["message"] for answer in answers} == {"An error has occurred."}
    assert len({rig.infolog(answer) for answer in answers}) == len(bodies)


def test_5_a_business_error_is_no_other_the_next_time_and_offers_no_wait(rig: Rig) -> None:
    answers = [rig.call("POST", "/data/CustomerGroups", {"CustomerGroupId": "10"}) for _ in "123"]
    assert {answer.status_code for answer in answers} == {400}
    assert len({rig.infolog(answer) for answer in answers}) == 1
    assert not any("retry-after" in answer.headers for answer in answers)


def test_6_bodies_of_errors_are_odata_web_api_empty_or_a_page(rig: Rig) -> None:
    assert set(rig.get("Nothing").json()) == {"Message"}
    assert rig.get("CustomerGroups(dataAreaId='usmf',CustomerGroupId='0')").content == b""
    assert set(rig.get("CustomerGroups?$top=x").json()) == {"error"}
    rig.faults.add(FaultRule(service="finance_operations", action="error", status=503))
    try:
        page = rig.get("CustomerGroups")
    finally:
        rig.faults.clear()
    assert page.headers["content-type"].startswith("text/html")
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(page.content)


def test_7_hammering_during_the_wait_makes_it_longer(new_rig: type[Rig]) -> None:
    rig = new_rig()
    throttle = rig.service.throttling.environment
    throttle.background_cpu = throttle.rules.refuse_low
    waits = []
    for _ in range(5):
        answer = rig.get("CustomerGroups")
        assert answer.status_code == 429
        waits.append(int(answer.headers["retry-after"]))
        rig.clock.advance(1)
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]


def test_8_one_identity_for_all_integrations_is_refused_for_all(new_rig: type[Rig]) -> None:
    rig = new_rig()
    throttle = rig.service.throttling.environment
    throttle.background_cpu = throttle.rules.refuse_low
    shared = [rig.get(path, token="sync").status_code for path in ("CustomerGroups", "Currencies")]
    assert shared == [429, 429]
    assert rig.get("Currencies", token="billing").status_code == 200


def test_9_the_first_page_is_not_all(new_rig: type[Rig]) -> None:
    rig = new_rig(page_size=10)
    first = rig.get("CustomersV3?cross-company=true&$count=true").json()
    assert (len(first["value"]), first["@odata.count"]) == (10, 120)
    assert "$skip=10" in first["@odata.nextLink"]


def test_10_paging_by_skip_over_moving_data_reads_twice(rig: Rig) -> None:
    page = "CustomerGroups?$orderby=CustomerGroupId&$select=CustomerGroupId&$top=3&$skip={}"
    first = rig.rows(page.format(0))
    rig.call("POST", "/data/CustomerGroups", {"CustomerGroupId": "0"})
    second = rig.rows(page.format(3))
    assert first[-1]["CustomerGroupId"] == second[0]["CustomerGroupId"]


@pytest.mark.parametrize(
    "query",
    [
        "$expand=SalesOrderLines($expand=SalesOrderHeaderV2)",
        "$filter=contains(SalesOrderNumber,'0')",
        "$filter=startswith(SalesOrderNumber,'0')",
        "$filter=SalesOrderNumber in ('000001','000002')",
    ],
)
def test_11_habits_from_dataverse_are_refused(rig: Rig, query: str) -> None:
    answer = rig.get(f"SalesOrderHeadersV2?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("The query specified in the URI is not")


def test_12_enumerations_as_numbers_bare_texts_or_booleans_are_refused(rig: Rig) -> None:
    for value in ("1", "'All'", "true"):
        assert rig.get(f"CustomersV3?$filter=OnHoldStatus eq {value}").status_code == 400
    kind = "Microsoft.Dynamics.DataEntities.CustVendorBlocked"
    assert rig.get(f"CustomersV3?$filter=OnHoldStatus eq {kind}'No'").status_code == 200
    answer = rig.call("PATCH", CUSTOMER, {"IsOneTimeCustomer": True})
    assert answer.status_code == 400


def test_13_quoted_dates_are_refused_and_local_midnights_move_to_another_day(rig: Rig) -> None:
    answer = rig.get("SalesOrderHeadersV2?$filter=OrderCreationDateTime gt '2020-01-01T00:00:00Z'")
    assert answer.status_code == 400
    assert "incompatible types" in answer.json()["error"]["message"]
    order = {"OrderingCustomerAccountNumber": "US-001"}
    meant = datetime.fromisoformat("2026-09-10T00:00:00+02:00")
    body = {**order, "RequestedShippingDate": meant.isoformat()}
    stored = rig.call("POST", "/data/SalesOrderHeadersV2", body).json()["RequestedShippingDate"]
    assert stored == "2026-09-09T12:00:00Z"


def test_14_empty_dates_and_texts_are_values_to_who_does_not_know(rig: Rig) -> None:
    made = rig.call("POST", "/data/CustomerGroups", {"CustomerGroupId": "77"}).json()
    assert made["Description"] == ""
    body = {"OrderingCustomerAccountNumber": "US-001"}
    order = rig.call("POST", "/data/SalesOrderHeadersV2", body).json()
    empty = [name for name, value in order.items() if value == "1900-01-01T12:00:00Z"]
    assert empty
    due = datetime.fromisoformat(order[empty[0]])
    assert due + timedelta(days=30) < datetime.fromisoformat("1901-01-01T00:00:00+00:00")
    assert None not in {order[name] for name in ("CustomerRequisitionNumber", "ContactPersonId")}


def test_15_a_sent_empty_value_is_no_default(rig: Rig) -> None:
    needed = {"OrganizationName": "A", "CustomerGroupId": "10", "SalesCurrencyCode": "USD"}
    left_out = rig.call("POST", "/data/CustomersV3", needed).json()
    blanked = rig.call("POST", "/data/CustomersV3", {**needed, "LanguageId": ""}).json()
    assert left_out["LanguageId"] == "en-us"
    assert blanked["LanguageId"] == ""
    order = {"OrderingCustomerAccountNumber": "US-001"}
    kept = rig.call("POST", "/data/SalesOrderHeadersV2", order).json()
    lost = rig.call("POST", "/data/SalesOrderHeadersV2", {**order, "SalesOrderName": ""}).json()
    assert kept["SalesOrderName"] != ""
    assert lost["SalesOrderName"] == ""


def order_and_line(rig: Rig, number: str, *, in_change_set: bool) -> httpx.Response:
    """A header and a line that is refused, one by one or in one change set."""
    header = {"SalesOrderNumber": number, "OrderingCustomerAccountNumber": "US-001"}
    line = {"SalesOrderNumber": number, "ItemNumber": "nothing"}
    if not in_change_set:
        assert rig.call("POST", "/data/SalesOrderHeadersV2", header).status_code == 201
        return rig.call("POST", "/data/SalesOrderLines", line)
    parts = "".join(
        "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
        f"Content-ID: {place}\r\n\r\nPOST https://fo.test/data/{name} HTTP/1.1\r\n"
        f"Content-Type: application/json\r\n\r\n{orjson.dumps(body).decode()}\r\n"
        for place, (name, body) in enumerate(
            (("SalesOrderHeadersV2", header), ("SalesOrderLines", line)), 1
        )
    )
    body = f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{parts}--c--\r\n--b--\r\n"
    media = {"content-type": "multipart/mixed; boundary=b"}
    return rig.call("POST", "/data/$batch", content=body, headers=media)


def test_16_header_and_lines_one_by_one_leave_partial_orders(rig: Rig) -> None:
    path = "SalesOrderHeadersV2(dataAreaId='usmf',SalesOrderNumber='{}')"
    assert order_and_line(rig, "P-1", in_change_set=False).status_code == 400
    assert rig.get(path.format("P-1")).status_code == 200
    order_and_line(rig, "P-2", in_change_set=True)
    assert rig.get(path.format("P-2")).status_code == 404


def test_17_two_writers_of_one_record_meet_in_a_conflict(rig: Rig) -> None:
    etag = rig.call("GET", CUSTOMER).headers["etag"]
    first = rig.call("PATCH", CUSTOMER, {"NameAlias": "A"}, headers={"if-match": etag})
    second = rig.call("PATCH", CUSTOMER, {"NameAlias": "B"}, headers={"if-match": etag})
    assert (first.status_code, second.status_code) == (204, 412)
    text = (
        "Cannot edit a record in Ledger journal table (LedgerJournalTable). An update conflict "
        "occurred due to another user process deleting the record or changing one or more fields "
        "in the record."
    )
    rig.faults.add(
        FaultRule(service="finance_operations", action="error", status=400, message=text)
    )
    try:
        refused = rig.call("PATCH", CUSTOMER, {"NameAlias": "C"})
    finally:
        rig.faults.clear()
    assert (refused.status_code, rig.infolog(refused)) == (400, text)


def test_18_a_batch_is_200_whatever_became_of_its_change_set(rig: Rig) -> None:
    answer = order_and_line(rig, "P-3", in_change_set=True)
    assert answer.status_code == 200
    assert "HTTP/1.1 400 Bad Request" in answer.text
    assert "HTTP/1.1 201" not in answer.text


def test_20_another_default_company_is_another_company_s_data(new_rig: type[Rig]) -> None:
    seen: dict[str, list[dict[str, Any]]] = {}
    for company in ("usmf", "demf"):
        rig = new_rig(users=[{"id": "Admin", "company": company}])
        seen[company] = rig.rows("CustomersV3?$select=dataAreaId,CustomerAccount")
    assert {row["dataAreaId"] for row in seen["usmf"]} == {"usmf"}
    assert {row["dataAreaId"] for row in seen["demf"]} == {"demf"}


def test_19_a_dimension_text_that_does_not_fit_the_format_is_refused(rig: Rig) -> None:
    answer = rig.call(
        "PATCH", CUSTOMER, {"DefaultDimensionDisplayValue": "nothing-like-this-x-y-z"}
    )
    assert answer.status_code == 400
    assert "imension" in rig.infolog(answer)
