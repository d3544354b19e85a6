"""POST, PATCH, PUT, DELETE below /data: order of work, defaults, numbers, the Infolog."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.protocol.finance_operations.conftest import Rig

GROUP = "CustomerGroups(dataAreaId='usmf',CustomerGroupId='10')"
ABSENT = "CustomerGroups(dataAreaId='usmf',CustomerGroupId='nope')"
ORDER = {
    "dataAreaId": "usmf",
    "OrderingCustomerAccountNumber": "US-001",
    "InvoiceCustomerAccountNumber": "US-001",
    "CurrencyCode": "USD",
}


def order(rig: Rig, **more: Any) -> dict[str, Any]:
    answer = rig.call("POST", "/data/SalesOrderHeadersV2", {**ORDER, **more})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def line(rig: Rig, number: str, **more: Any) -> dict[str, Any]:
    sent = {"dataAreaId": "usmf", "SalesOrderNumber": number, "ItemNumber": "D0001", **more}
    answer = rig.call("POST", "/data/SalesOrderLines", sent)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def customer(**more: Any) -> dict[str, Any]:
    return {
        "CustomerGroupId": "10",
        "SalesCurrencyCode": "USD",
        "OrganizationName": "Fabrikam",
        **more,
    }


# -- create --------------------------------------------------------------------------------------


def test_a_new_record_is_201_with_the_whole_row_its_address_and_etag(rig: Rig) -> None:
    answer = rig.call("POST", "/data/CustomerGroups", {"CustomerGroupId": "77"})
    assert answer.status_code == 201
    body = answer.json()
    assert body["@odata.context"] == "https://fo.test/data/$metadata#CustomerGroups/$entity"
    assert (body["dataAreaId"], body["Description"]) == ("usmf", "")
    location = "https://fo.test/data/CustomerGroups(dataAreaId='usmf',CustomerGroupId='77')"
    assert answer.headers["location"] == location
    assert answer.headers["etag"] == body["@odata.etag"]
    decoded = base64.b64decode(body["@odata.etag"][3:-1]).decode()
    assert decoded.startswith("'1,687")
    assert rig.call("GET", location.removeprefix("https://fo.test")).json() == body


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("Currencies", {"CurrencyCode": "XTS", "Name": "Test"}),
        ("ExchangeRateTypes", {"Name": "Test", "Description": "x"}),
        ("PaymentTerms", {"Name": "Test", "NumberOfDays": 3}),
        ("CustomerGroups", {"CustomerGroupId": "77"}),
        ("UnitsOfMeasure", {"UnitSymbol": "tst"}),
    ],
)
def test_what_is_answered_to_a_create_is_what_is_read(
    rig: Rig, name: str, body: dict[str, Any]
) -> None:
    made = rig.call("POST", f"/data/{name}", body)
    assert made.status_code == 201, made.text
    read = rig.call("GET", made.headers["location"].removeprefix("https://fo.test"))
    assert made.content == read.content
    assert made.headers["etag"] == read.headers["etag"]


def test_the_company_comes_from_the_body_without_any_query_option(rig: Rig) -> None:
    sent = {"dataAreaId": "DEMF", "CustomerGroupId": "77"}
    assert rig.call("POST", "/data/CustomerGroups", sent).json()["dataAreaId"] == "demf"
    unknown = rig.call("POST", "/data/CustomerGroups", {**sent, "dataAreaId": "zzzz"})
    assert unknown.status_code == 400


def test_a_customer_gets_a_number_a_party_and_the_terms_of_its_group(rig: Rig) -> None:
    body = rig.call("POST", "/data/CustomersV3", customer()).json()
    assert body["CustomerAccount"] == "usmf-000001"
    assert body["PartyNumber"] != ""
    assert (body["PartyType"], body["PaymentTerms"]) == ("Organization", "Net30")
    again = rig.call("POST", "/data/CustomersV3", customer()).json()
    assert again["CustomerAccount"] == "usmf-000002"


def test_a_person_is_named_by_its_parts(rig: Rig) -> None:
    sent = customer(PartyType="Person", PersonFirstName="Ann", PersonLastName="Beebe")
    body = rig.call("POST", "/data/CustomersV3", sent).json()
    assert body["OrganizationName"] == "Ann Beebe"


def test_an_order_defaults_from_its_customer_and_draws_its_number(rig: Rig) -> None:
    body = order(rig, CustomersOrderReference="PO-1")
    assert body["SalesOrderNumber"] == "000011"
    assert body["SalesOrderName"] == "Contoso Retail San Diego"
    assert body["SalesOrderStatus"] == "Backorder"
    assert body["RequestedShippingDate"] == "2026-01-01T12:00:00Z"
    assert body["OrderCreationDateTime"] == "2026-01-01T00:00:00Z"
    assert body["DefaultShippingWarehouseId"] == "21"
    assert body["PaymentTermsName"] != ""
    found = rig.rows("SalesOrderHeadersV2?$filter=CustomersOrderReference eq 'PO-1'")
    assert [row["SalesOrderNumber"] for row in found] == ["000011"]


def test_a_number_may_be_sent_and_the_sequence_goes_around_it(rig: Rig) -> None:
    assert order(rig, SalesOrderNumber="000011")["SalesOrderNumber"] == "000011"
    assert order(rig)["SalesOrderNumber"] == "000012"


def test_a_line_needs_only_order_and_item(rig: Rig) -> None:
    number = order(rig)["SalesOrderNumber"]
    first = line(rig, number, OrderedSalesQuantity=3)
    second = line(rig, number, ItemNumber="A0001", SalesPrice=10, LineDiscountPercentage=10)
    assert (first["LineNumber"], second["LineNumber"]) == (1, 2)
    assert (first["SalesUnitSymbol"], first["LineAmount"]) == ("ea", 540)
    assert second["LineAmount"] == 9
    assert (first["ShippingSiteId"], first["ShippingWarehouseId"]) == ("2", "21")
    assert line(rig, number, ShippingWarehouseId="13")["ShippingSiteId"] == "1"


def test_numbers_may_be_written_as_texts(rig: Rig) -> None:
    sent = {"SalesOrderNumber": "000005", "ItemNumber": "D0001", "OrderedSalesQuantity": "2.5"}
    accept = {"accept": "application/json;IEEE754Compatible=true"}
    made = rig.call("POST", "/data/SalesOrderLines", sent, headers=accept)
    assert (made.status_code, made.json()["OrderedSalesQuantity"]) == (201, 2.5)
    line = {"PurchaseOrderNumber": "00000002", "LineNumber": "77", "ItemNumber": "D0001"}
    assert rig.call("POST", "/data/PurchaseOrderLinesV2", line).json()["LineNumber"] == 77


def test_a_date_is_stored_at_noon(rig: Rig) -> None:
    body = order(rig, RequestedShippingDate="2026-09-10T00:00:00Z")
    assert body["RequestedShippingDate"] == "2026-09-10T12:00:00Z"


# -- refusals ------------------------------------------------------------------------------------

INFOLOG: list[tuple[str, dict[str, Any], str]] = [
    (
        "CustomersV3",
        customer(CustomerGroupId="Local"),
        "Write failed for table row of type 'CustCustomerV3Entity'. Infolog: Warning: The value "
        "'Local' in field 'Customer group' is not found in the related table 'Customer groups'.; "
        "Warning: validateField failed on field 'CustCustomerV3Entity.CustomerGroupId'.",
    ),
    (
        "CustomerGroups",
        {"CustomerGroupId": "10", "Description": "Again"},
        "Write failed for table row of type 'CustCustomerGroupEntity'. Infolog: Info: Cannot "
        "create a record in Customer groups (CustGroup). Customer group: 10, Again.\nThe record "
        "already exists..",
    ),
    (
        "CustomersV3",
        {"OrganizationName": "x", "SalesCurrencyCode": "USD"},
        "Write failed for table row of type 'CustCustomerV3Entity'. Infolog: Warning: Field "
        "'Customer group' must be filled in.; Warning: validateWrite failed on data source "
        "'CustTable (CustTable)'.",
    ),
    (
        "CustomersV3",
        {"CustomerGroupId": "10", "SalesCurrencyCode": "USD"},
        "Field 'Name' must be filled in.",
    ),
    ("SalesOrderHeadersV2", {**ORDER, "OrderingCustomerAccountNumber": ""}, "'Customer account'"),
    ("SalesOrderHeadersV2", {**ORDER, "OrderingCustomerAccountNumber": "US-030"}, "on hold"),
    ("SalesOrderHeadersV2", {**ORDER, "SalesOrderStatus": "Invoiced"}, "Update not allowed"),
    ("SalesOrderLines", {"SalesOrderNumber": "x", "ItemNumber": "D0001"}, "'Sales orders'"),
    ("SalesOrderLines", {"SalesOrderNumber": "000001", "ItemNumber": "D0001"}, "is Invoiced"),
    ("Warehouses", {"WarehouseId": "99"}, "Field 'Site' must be filled in."),
]


@pytest.mark.parametrize(("target", "sent", "text"), INFOLOG)
def test_a_refused_record_says_why_in_the_infolog(
    rig: Rig, target: str, sent: dict[str, Any], text: str
) -> None:
    before = rig.service.entities()
    answer = rig.call("POST", f"/data/{target}", sent)
    assert answer.status_code == 400
    assert text in rig.infolog(answer)
    error = answer.json()["error"]["innererror"]
    assert error["type"].endswith("AxODataWriteException")
    assert "d__3.MoveNext()" in error["stacktrace"]
    assert rig.service.entities() == before


def test_a_stocked_item_without_a_site_is_refused(rig: Rig) -> None:
    account = rig.call("POST", "/data/CustomersV3", customer()).json()["CustomerAccount"]
    number = order(
        rig, OrderingCustomerAccountNumber=account, InvoiceCustomerAccountNumber=account
    )["SalesOrderNumber"]
    sent = {"SalesOrderNumber": number, "ItemNumber": "D0001"}
    answer = rig.call("POST", "/data/SalesOrderLines", sent)
    assert rig.infolog(answer) == (
        "Write failed for table row of type 'SalesOrderLineV2Entity'. Infolog: Warning: Inventory "
        "dimension Site is mandatory and must consequently be specified.; Error: Update has been "
        "canceled.."
    )
    assert line(rig, number, ItemNumber="S0001")["ShippingSiteId"] == ""


BODIES: list[tuple[bytes, str]] = [
    (b"", "empty"),
    (b"{", "JSON"),
    (b"[]", "StartObject"),
    (b'"x"', "StartObject"),
    (b"\xff", "JSON"),
    (b'{"Nope":1}', "The property 'Nope' does not exist on type"),
    (b'{"CustomerGroupId":5}', "Cannot convert the literal '5' to the expected type 'Edm.String'"),
    (b'{"IsSalesTaxIncludedInPrice":true}', "Cannot convert the literal 'true'"),
    (b'{"IsSalesTaxIncludedInPrice":"Maybe"}', "Requested value 'Maybe' was not found."),
]


@pytest.mark.parametrize(("body", "text"), BODIES)
def test_bad_bodies_are_400(rig: Rig, body: bytes, text: str) -> None:
    headers = {"content-type": "application/json"}
    answer = rig.call("POST", "/data/CustomerGroups", content=body, headers=headers)
    assert answer.status_code == 400
    assert text in rig.infolog(answer)


def test_a_body_in_another_format_is_415(rig: Rig) -> None:
    headers = {"content-type": "application/xml"}
    answer = rig.call("POST", "/data/CustomerGroups", content=b"<a/>", headers=headers)
    assert answer.status_code == 415


def test_the_status_of_refusals_can_be_that_of_old_releases(new_rig: type[Rig]) -> None:
    rig = new_rig(write_error_status=500)
    answer = rig.call("POST", "/data/CustomerGroups", {"CustomerGroupId": "10"})
    assert answer.status_code == 500
    assert "already exists.." in rig.infolog(answer)


# -- update and delete ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_change_is_204_and_touches_the_sent_fields_only(rig: Rig, method: str) -> None:
    before = rig.call("GET", f"/data/{GROUP}").json()
    answer = rig.call(method, f"/data/{GROUP}", {"Description": "Changed"})
    assert (answer.status_code, answer.content) == (204, b"")
    after = rig.call("GET", f"/data/{GROUP}").json()
    assert after["@odata.etag"] != before["@odata.etag"]
    assert {**after, "@odata.etag": ""} == {**before, "Description": "Changed", "@odata.etag": ""}


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_changing_what_is_not_there_is_400(rig: Rig, method: str) -> None:
    sent = None if method == "DELETE" else {"Description": "x"}
    other = "CustomerGroups(dataAreaId='demf',CustomerGroupId='10')"
    for path in (ABSENT, other):
        answer = rig.call(method, f"/data/{path}", sent)
        assert answer.status_code == 400
        assert rig.infolog(answer) == "No resources were found when selecting for update."


def test_another_company_is_changed_with_cross_company(rig: Rig) -> None:
    path = "/data/CustomerGroups(dataAreaId='demf',CustomerGroupId='10')?cross-company=true"
    assert rig.call("PATCH", path, {"Description": "Neu"}).status_code == 204
    assert rig.call("GET", path).json()["Description"] == "Neu"


def test_a_whole_set_cannot_be_changed(rig: Rig) -> None:
    for method in ("PATCH", "DELETE"):
        answer = rig.call(method, "/data/CustomerGroups", {"Description": "x"})
        assert answer.status_code == 400
        assert rig.infolog(answer).startswith("More than one resource")


def test_if_match_guards_a_change(rig: Rig) -> None:
    etag = rig.call("GET", f"/data/{GROUP}").json()["@odata.etag"]
    sent = {"Description": "One"}
    path = f"/data/{GROUP}"
    assert rig.call("PATCH", path, sent, headers={"if-match": etag}).status_code == 204
    stale = rig.call("PATCH", path, {"Description": "Two"}, headers={"if-match": etag})
    assert stale.status_code == 412
    assert rig.call("DELETE", path, headers={"if-match": etag}).status_code == 412
    assert rig.call("PATCH", path, sent, headers={"if-match": "*"}).status_code == 204


def test_what_others_need_cannot_be_deleted(rig: Rig) -> None:
    answer = rig.call("DELETE", f"/data/{GROUP}")
    assert answer.status_code == 400
    assert "cannot be deleted while dependent Customers exist." in rig.infolog(answer)


def test_an_order_takes_its_lines_with_it(rig: Rig) -> None:
    number = order(rig)["SalesOrderNumber"]
    line(rig, number)
    path = f"/data/SalesOrderHeadersV2(dataAreaId='usmf',SalesOrderNumber='{number}')"
    assert rig.call("DELETE", path).status_code == 204
    assert rig.rows(f"SalesOrderLines?$filter=SalesOrderNumber eq '{number}'") == []


def test_posted_orders_are_closed(rig: Rig) -> None:
    path = "/data/SalesOrderHeadersV2(dataAreaId='usmf',SalesOrderNumber='000001')"
    for method, sent in (("PATCH", {"CustomerRequisitionNumber": "x"}), ("DELETE", None)):
        answer = rig.call(method, path, sent)
        assert answer.status_code == 400
        assert "its status is Invoiced" in rig.infolog(answer)


def test_a_changed_quantity_changes_the_amount(rig: Rig) -> None:
    made = line(rig, order(rig)["SalesOrderNumber"])
    path = f"/data/SalesOrderLines(dataAreaId='usmf',InventoryLotId='{made['InventoryLotId']}')"
    assert rig.call("PATCH", path, {"OrderedSalesQuantity": 4}).status_code == 204
    assert rig.call("GET", path).json()["LineAmount"] == 720


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("ReleasedProductsV2(dataAreaId='usmf',ItemNumber='D0001')", {"ProductNumber": "x"}),
        ("CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')", {"PartyNumber": "x"}),
        ("CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')", {"CustomerAccount": "x"}),
    ],
)
def test_fields_that_cannot_be_edited_are_refused(
    rig: Rig, path: str, sent: dict[str, Any]
) -> None:
    answer = rig.call("PATCH", f"/data/{path}", sent)
    assert answer.status_code == 400
    assert f"Update not allowed for field '{next(iter(sent))}'." in rig.infolog(answer)


READ = "GET, HEAD"
SALES = "SalesOrderHeadersV2(dataAreaId='usmf',SalesOrderNumber='000001')"
CREATION = "ReleasedProductCreationsV2(dataAreaId='usmf',ItemNumber='D0001')"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/data", READ),
        ("MERGE", "/data/", READ),
        ("DELETE", "/data/$metadata", READ),
        ("GET", "/data/$batch", "POST"),
        ("OPTIONS", "/data/CustomerGroups", f"{READ}, POST"),
        ("TRACE", f"/data/{GROUP}", f"{READ}, PATCH, PUT, DELETE"),
        ("POST", f"/data/{GROUP}", f"{READ}, PATCH, PUT, DELETE"),
        ("PATCH", f"/data/{GROUP}/Description", READ),
        ("PUT", f"/data/{GROUP}/Description/$value", READ),
        ("POST", f"/data/{SALES}/SalesOrderLines", READ),
        ("POST", f"/data/{SALES}/QualityOrderHeaders", READ),
        ("PUT", "/data/CustomerGroups/$count", READ),
        ("POST", "/data/Companies", READ),
        ("PATCH", f"/data/{CREATION}", READ),
        ("PATCH", "/data/ReleasedProductCreationsV2", f"{READ}, POST"),
        (
            "GET",
            "/data/DataManagementEntities/Microsoft.Dynamics.DataEntities.GetApplicationVersion",
            "POST",
        ),
        ("OPTIONS", "/metadata/DataEntities", READ),
        ("PATCH", "/metadata", READ),
    ],
)
def test_verbs_that_a_resource_does_not_have_are_405_and_the_others_are_named(
    rig: Rig, method: str, path: str, allowed: str
) -> None:
    answer = rig.call(method, path, {})
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    text = f"The requested resource does not support http method '{method}'."
    assert answer.json() == {"Message": text}


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "path", [f"{GROUP}/Nope", f"{GROUP}/Description/Nope", f"{SALES}/DimensionSet/x", "Workers/x"]
)
def test_what_cannot_be_read_either_has_no_route(rig: Rig, method: str, path: str) -> None:
    assert rig.call(method, f"/data/{path}", {}).status_code == 404


def test_an_action_nobody_has_is_404(rig: Rig) -> None:
    path = f"/data/{GROUP}/Microsoft.Dynamics.DataEntities.nothing"
    assert rig.call("POST", path, {}).status_code == 404


def test_every_write_is_in_the_change_log(rig: Rig) -> None:
    mark = rig.changes.last
    number = order(rig)["SalesOrderNumber"]
    line(rig, number)
    for kind in ("SalesOrderHeaderV2", "SalesOrderLine"):
        changes = rig.changes.since(f"Microsoft.Dynamics.DataEntities.{kind}", mark)
        assert len(changes) == 1
