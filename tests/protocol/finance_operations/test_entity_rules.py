"""The rules of single entities: defaults, computed fields, refusals with their Infolog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.protocol.finance_operations.conftest import Rig

GONE = "2154-12-31T12:00:00Z"


def post(rig: Rig, entity_set: str, **sent: Any) -> dict[str, Any]:
    answer = rig.call("POST", f"/data/{entity_set}", sent)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def refused(rig: Rig, method: str, path: str, sent: Any = None) -> str:
    answer = rig.call(method, f"/data/{path}", sent)
    assert answer.status_code == 400, answer.text
    return rig.infolog(answer)


def journal(rig: Rig) -> str:
    number: str = post(rig, "LedgerJournalHeaders", JournalName="GenJrn")["JournalBatchNumber"]
    return number


def journal_line(number: str, **more: Any) -> dict[str, Any]:
    return {
        "JournalBatchNumber": number,
        "LineNumber": 1,
        "AccountType": "Ledger",
        "AccountDisplayValue": "606300-001-023--",
        "DebitAmount": 100,
        **more,
    }


PURCHASE = {"OrderVendorAccountNumber": "US-101"}
INVOICE = {"InvoiceNumber": "V-1", "InvoiceAccount": "US-101"}


# -- relations -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entity_set", "sent", "field", "label", "table"),
    [
        ("VendorsV2", {"VendorGroupId": "no"}, "VendorGroupId", "Vendor group", "Vendor groups"),
        (
            "VendorGroups",
            {"VendorGroupId": "9", "DefaultPaymentTermName": "no"},
            "DefaultPaymentTermName",
            "Terms of payment",
            "Terms of payment",
        ),
        (
            "SalesOrderHeadersV4",
            {"OrderingCustomerAccountNumber": "no"},
            "OrderingCustomerAccountNumber",
            "Customer account",
            "Customers",
        ),
        (
            "PurchaseOrderHeadersV2",
            {"OrderVendorAccountNumber": "no"},
            "OrderVendorAccountNumber",
            "Vendor account",
            "Vendors",
        ),
        (
            "PurchaseOrderLinesV2",
            {"PurchaseOrderNumber": "no", "LineNumber": 1, "ItemNumber": "D0001"},
            "PurchaseOrderNumber",
            "Purchase order",
            "Purchase orders",
        ),
        (
            "ReleasedProductsV2",
            {"ItemNumber": "X1", "ProductNumber": "no"},
            "ProductNumber",
            "Product number",
            "Products",
        ),
        (
            "VendorInvoiceLines",
            {"HeaderReference": "00000001", "InvoiceLineNumber": 9, "ItemNumber": "no"},
            "ItemNumber",
            "Item number",
            "Items",
        ),
        (
            "LedgerJournalLines",
            journal_line("no"),
            "JournalBatchNumber",
            "Journal batch number",
            "Ledger journal table",
        ),
        (
            "ExchangeRates",
            {"RateTypeName": "Default", "FromCurrency": "XXX", "ToCurrency": "USD", "Rate": 1},
            "FromCurrency",
            "From currency",
            "Currencies",
        ),
        (
            "MainAccounts",
            {"ChartOfAccounts": "no", "MainAccountId": "1", "Name": "x"},
            "ChartOfAccounts",
            "Chart of accounts",
            "Chart of accounts",
        ),
    ],
)
def test_what_a_field_names_must_be_there(
    rig: Rig, entity_set: str, sent: dict[str, Any], field: str, label: str, table: str
) -> None:
    entity = rig.service.environment.sets[entity_set].facts.entity
    assert refused(rig, "POST", entity_set, sent) == (
        f"Write failed for table row of type '{entity}'. Infolog: Warning: The value "
        f"'{sent[field]}' in field '{label}' is not found in the related table '{table}'.; "
        f"Warning: validateField failed on field '{entity}.{field}'."
    )


@pytest.mark.parametrize(
    ("entity_set", "sent", "label"),
    [
        ("VendorsV2", {"VendorGroupId": "10"}, "Name"),
        ("VendorsV2", {"VendorOrganizationName": "x"}, "Vendor group"),
        ("LedgerJournalHeaders", {}, "Name"),
        ("VendorInvoiceHeaders", {"InvoiceAccount": "US-101"}, "Number"),
        ("PurchaseOrderLinesV2", {"PurchaseOrderNumber": "00000002"}, "Line number"),
        (
            "PurchaseOrderLinesV2",
            {"PurchaseOrderNumber": "00000002", "LineNumber": 9},
            "Item number",
        ),
        ("ProductsV2", {"ProductSubType": "ProductMaster"}, "Product dimension group"),
        (
            "CustomersV3",
            {
                "CustomerGroupId": "10",
                "SalesCurrencyCode": "USD",
                "OrganizationName": "x",
                "AddressDescription": "Main",
            },
            "Country/region",
        ),
        ("SystemUsers", {"UserID": "x", "UserName": "x"}, "Provider"),
        (
            "ExchangeRates",
            {"RateTypeName": "Default", "FromCurrency": "EUR", "ToCurrency": "GBP"},
            "Exchange rate",
        ),
    ],
)
def test_mandatory_fields_must_be_filled_in(
    rig: Rig, entity_set: str, sent: dict[str, Any], label: str
) -> None:
    text = refused(rig, "POST", entity_set, sent)
    assert f"Infolog: Warning: Field '{label}' must be filled in.; Warning: validateWrite" in text


@pytest.mark.parametrize(
    ("entity_set", "sent", "field"),
    [
        (
            "CustomersV3",
            {"CustomerGroupId": "10", "SalesCurrencyCode": "USD", "OrganizationName": "x"},
            "AddressCountryRegionId",
        ),
        (
            "CustomersV3",
            {"CustomerGroupId": "10", "SalesCurrencyCode": "USD", "OrganizationName": "x"},
            "DeliveryAddressCountryRegionId",
        ),
        (
            "VendorsV2",
            {"VendorGroupId": "10", "VendorOrganizationName": "x"},
            "AddressCountryRegionId",
        ),
        (
            "SalesOrderHeadersV2",
            {"OrderingCustomerAccountNumber": "US-001"},
            "DeliveryAddressCountryRegionId",
        ),
        (
            "Warehouses",
            {"WarehouseId": "W1", "OperationalSiteId": "1"},
            "PrimaryAddressCountryRegionId",
        ),
    ],
)
def test_a_country_has_three_letters_and_is_there(
    rig: Rig, entity_set: str, sent: dict[str, Any], field: str
) -> None:
    text = refused(rig, "POST", entity_set, {**sent, field: "US"})
    entity = rig.service.environment.sets[entity_set].facts.entity
    assert (
        "Infolog: Warning: The value 'US' in field 'Country/region' is not found in the related "
        f"table 'Country/region'.; Warning: validateField failed on field '{entity}.{field}'."
        in text
    )
    assert post(rig, entity_set, **sent, **{field: "usa"})[field] == "usa"


def test_a_country_is_checked_in_a_change_too(rig: Rig) -> None:
    path = "Warehouses(dataAreaId='usmf',WarehouseId='21')"
    text = refused(rig, "PATCH", path, {"PrimaryAddressCountryRegionId": "Germany"})
    assert "The value 'Germany' in field 'Country/region' is not found" in text


def test_the_first_field_sent_that_cannot_be_edited_is_named(rig: Rig) -> None:
    path = "SalesOrderHeadersV2(dataAreaId='usmf',SalesOrderNumber='000005')"
    closed = ("OrderTotalAmount", "SalesOrderStatus", "QuotationNumber", "AreTotalsCalculated")
    values = {"OrderTotalAmount": 3, "SalesOrderStatus": "Invoiced", "QuotationNumber": "q"}
    values |= {"AreTotalsCalculated": "Yes"}
    for first in closed:
        sent = {first: values[first], **values}
        assert f"Update not allowed for field '{first}'." in refused(rig, "PATCH", path, sent)


@pytest.mark.parametrize(
    ("entity_set", "sent", "shown"),
    [
        ("LedgerJournalLines", journal_line("00462", LineNumber=9), "Line number: 9."),
        (
            "ExchangeRates",
            {
                "RateTypeName": "Default",
                "FromCurrency": "EUR",
                "ToCurrency": "USD",
                "StartDate": "2026-02-01",
                "Rate": 110,
            },
            "Start date: 2/1/2026.",
        ),
    ],
)
def test_a_duplicate_is_named_as_people_write_it(
    rig: Rig, entity_set: str, sent: dict[str, Any], shown: str
) -> None:
    rig.call("POST", f"/data/{entity_set}", sent)
    assert f"{shown}\nThe record already exists.." in refused(rig, "POST", entity_set, sent)


def test_an_enumeration_of_another_country_is_null(rig: Rig) -> None:
    made = post(rig, "Warehouses", WarehouseId="W1", OperationalSiteId="1")
    assert (made["IdentificationGroup"], made["PrimaryAddressTimeZone"]) == (None, None)
    assert made["RawMaterialPickingInventoryIssueStatus"] == "Pick"
    row = rig.get("Warehouses(dataAreaId='usmf',WarehouseId='21')").json()
    assert (row["IdentificationGroup"], row["PrimaryAddressTimeZone"]) == (None, None)
    key = "(dataAreaId='usmf',SiteId='1')"
    assert rig.get(f"OperationalSites{key}").json()["PrimaryAddressTimeZone"] is None


# -- amounts of order lines ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Sales", "Purchase"])
def test_an_amount_follows_quantity_price_and_discounts_unless_it_says_not_to(
    rig: Rig, kind: str
) -> None:
    account = {"Sales": "OrderingCustomerAccountNumber", "Purchase": "OrderVendorAccountNumber"}
    number = post(
        rig, f"{kind}OrderHeadersV2", **{account[kind]: "US-001" if kind == "Sales" else "US-101"}
    )[f"{kind}OrderNumber"]
    lines = {"Sales": "SalesOrderLines", "Purchase": "PurchaseOrderLinesV2"}[kind]
    sent = {f"{kind}OrderNumber": number, "ItemNumber": "D0001", f"{kind}Price": 100}
    sent[f"Ordered{kind}Quantity"] = 4
    amounts = [
        ({}, 400),
        ({"LineAmount": 7}, 400),
        ({"LineAmount": 7, "CalculateLineAmount": "No"}, 7),
        ({"LineDiscountAmount": 10, "LineDiscountPercentage": 50}, 180),
        ({"MultilineDiscountAmount": 10, "MultilineDiscountPercentage": 50}, 180),
        ({f"{kind}PriceQuantity": 10}, 40),
    ]
    for place, (more, amount) in enumerate(amounts, 1):
        made = post(rig, lines, **sent, **more, LineNumber=place)
        assert made["LineAmount"] == amount, more
    keys = "PurchaseOrderNumber", "LineNumber"
    key = f"InventoryLotId='{made['InventoryLotId']}'"
    if kind == "Purchase":
        key = f"{keys[0]}='{number}',{keys[1]}={made[keys[1]]}"
    path = f"{lines}(dataAreaId='usmf',{key})"
    for change, amount in (
        ({"LineAmount": 1}, 40),
        ({f"Ordered{kind}Quantity": 8}, 80),
        ({"MultilineDiscountPercentage": 25}, 60),
        ({"CalculateLineAmount": "No", "LineAmount": 5}, 5),
        ({f"Ordered{kind}Quantity": 2}, 5),
        ({"CalculateLineAmount": "Yes"}, 15),
    ):
        assert rig.call("PATCH", f"/data/{path}", change).status_code == 204
        assert rig.get(path).json()["LineAmount"] == amount, change


# -- versions of one entity, sets read from others -----------------------------------------------


def test_versions_of_an_entity_share_their_records(rig: Rig) -> None:
    made = post(rig, "SalesOrderHeadersV4", OrderingCustomerAccountNumber="US-001")
    key = f"(dataAreaId='usmf',SalesOrderNumber='{made['SalesOrderNumber']}')"
    assert rig.get(f"SalesOrderHeadersV2{key}").json()["SalesOrderStatus"] == "Backorder"
    assert rig.call(
        "PATCH", f"/data/SalesOrderHeadersV2{key}", {"SalesOrderName": "New"}
    ).is_success
    assert rig.get(f"SalesOrderHeadersV4{key}").json()["SalesOrderName"] == "New"
    sent = {"SalesOrderNumber": made["SalesOrderNumber"], "ItemNumber": "D0001"}
    line = post(rig, "SalesOrderLinesV3", **sent)
    assert post(rig, "SalesOrderLines", **sent)["LineNumber"] == line["LineNumber"] + 1
    assert rig.call("DELETE", f"/data/SalesOrderHeadersV4{key}").status_code == 204
    assert rig.get(f"SalesOrderHeadersV2{key}").status_code == 404
    lines = f"SalesOrderLines?$filter=SalesOrderNumber eq '{made['SalesOrderNumber']}'"
    assert rig.rows(lines) == []


def test_companies_are_read_from_legal_entities(rig: Rig) -> None:
    path = "LegalEntities(LegalEntityId='usmf')"
    assert rig.get("Companies(DataArea='usmf')").json()["Name"] == rig.get(path).json()["Name"]
    assert rig.call("PATCH", f"/data/{path}", {"Name": "Contoso"}).status_code == 204
    assert rig.get("Companies(DataArea='usmf')").json()["Name"] == "Contoso"


def test_stock_of_a_site_is_that_of_its_warehouses(rig: Rig) -> None:
    wanted = "?$filter=ItemNumber eq 'D0001' and InventorySiteId eq '1'"
    [site] = rig.rows(f"InventorySitesOnHandV2{wanted}")
    warehouses = rig.rows(f"WarehousesOnHandV2{wanted}")
    assert site["OnHandQuantity"] == sum(row["OnHandQuantity"] for row in warehouses) > 0


@pytest.mark.parametrize(
    "entity_set",
    [
        "SalesInvoiceHeadersV2",
        "SalesInvoiceV2Lines",
        "WarehousesOnHandV2",
        "InventorySitesOnHandV2",
        "Companies",
        "GeneralJournalAccountEntryBiEntities",
        "DimensionSets",
    ],
)
def test_entities_that_only_show_are_not_written(rig: Rig, entity_set: str) -> None:
    assert rig.call("POST", f"/data/{entity_set}", {}).status_code == 405
    row = rig.rows(f"{entity_set}?$top=1")[0]
    sets = rig.service.environment.sets
    parts = []
    for name in sets[entity_set].kind.key:
        value = row[name]
        is_text = sets[entity_set].table.columns[name].edm == "Edm.String"
        parts.append(f"{name}='{value}'" if is_text else f"{name}={value}")
    path = f"{entity_set}({','.join(parts)})"
    assert rig.get(path).status_code == 200
    for method, sent in (("PATCH", {}), ("DELETE", None)):
        assert rig.call(method, f"/data/{path}", sent).status_code == 405


# -- vendors and purchase orders -----------------------------------------------------------------


def test_a_vendor_takes_terms_of_its_group_and_the_currency_of_the_company(rig: Rig) -> None:
    made = post(
        rig,
        "VendorsV3",
        dataAreaId="demf",
        VendorGroupId="10",
        VendorOrganizationName="Fabrikam",
        AddressStreet="1 Main Street",
        AddressCity="Kassel",
        AddressCountryRegionId="DEU",
    )
    assert made["VendorAccountNumber"] == "demf-000001"
    assert (made["DefaultPaymentTermsName"], made["CurrencyCode"]) == ("Net30", "EUR")
    assert made["FormattedPrimaryAddress"] == "1 Main Street\nKassel \nDEU"
    number = int(made["VendorPartyNumber"])
    customer = {"CustomerGroupId": "10", "SalesCurrencyCode": "USD", "OrganizationName": "x"}
    assert int(post(rig, "CustomersV3", **customer)["PartyNumber"]) == number + 1


def test_a_purchase_order_takes_what_it_does_not_say_from_vendor_and_item(rig: Rig) -> None:
    order = post(rig, "PurchaseOrderHeadersV2", **PURCHASE)
    assert order["PurchaseOrderNumber"] == "00000007"
    assert order["InvoiceVendorAccountNumber"] == "US-101"
    assert (order["PurchaseOrderStatus"], order["DocumentApprovalStatus"]) == (
        "Backorder",
        "Approved",
    )
    line = post(
        rig,
        "PurchaseOrderLinesV2",
        PurchaseOrderNumber="00000007",
        LineNumber=1,
        ItemNumber="D0001",
        OrderedPurchaseQuantity=3,
    )
    assert (line["PurchasePrice"], line["LineAmount"]) == (108, 324)
    assert (line["PurchaseUnitSymbol"], line["ReceivingSiteId"]) == ("ea", "1")
    path = "PurchaseOrderLinesV2(dataAreaId='usmf',PurchaseOrderNumber='00000007',LineNumber=1)"
    assert rig.call("PATCH", f"/data/{path}", {"LineDiscountPercentage": 50}).is_success
    assert rig.get(path).json()["LineAmount"] == 162


def test_a_vendor_on_hold_gets_no_order(rig: Rig) -> None:
    text = refused(rig, "POST", "PurchaseOrderHeadersV2", {"OrderVendorAccountNumber": "US-112"})
    assert "Vendor US-112 is on hold." in text


def test_closed_purchase_orders_are_closed(rig: Rig) -> None:
    path = "PurchaseOrderHeadersV2(dataAreaId='usmf',PurchaseOrderNumber='00000001')"
    for method, done, sent in (
        ("PATCH", "changed", {"PurchaseOrderName": "x"}),
        ("DELETE", "deleted", None),
    ):
        text = refused(rig, method, path, sent)
        assert f"Purchase order 00000001 cannot be {done} because its status is Invoiced." in text
    sent = {"PurchaseOrderNumber": "00000001", "LineNumber": 7, "ItemNumber": "D0001"}
    assert "cannot be changed" in refused(rig, "POST", "PurchaseOrderLinesV2", sent)


def test_a_stocked_item_is_bought_for_a_site(rig: Rig) -> None:
    vendor = post(rig, "VendorsV2", VendorGroupId="10", VendorOrganizationName="Fabrikam")
    order = post(
        rig, "PurchaseOrderHeadersV2", OrderVendorAccountNumber=vendor["VendorAccountNumber"]
    )
    line = {"PurchaseOrderNumber": order["PurchaseOrderNumber"], "LineNumber": 1}
    text = refused(rig, "POST", "PurchaseOrderLinesV2", {**line, "ItemNumber": "D0001"})
    assert "Inventory dimension Site is mandatory" in text
    post(rig, "PurchaseOrderLinesV2", **line, ItemNumber="S0001")


# -- vendor invoices -----------------------------------------------------------------------------


def test_a_vendor_invoice_waits_with_what_its_vendor_says(rig: Rig) -> None:
    header = post(rig, "VendorInvoiceHeaders", **INVOICE, InvoiceDate="2026-01-10")
    assert header["HeaderReference"] == "00000003"
    assert header["VendorAccount"] == "US-101"
    assert (header["Currency"], header["TermsOfPayment"]) == ("USD", "Net30")
    assert header["DueDate"] == "2026-02-09T12:00:00Z"
    line = post(
        rig,
        "VendorInvoiceLines",
        HeaderReference="00000003",
        InvoiceLineNumber=1,
        LineType="Standard",
        ProcurementCategoryName="Office supplies",
        ReceiveNow=4,
        UnitPrice=2.5,
    )
    assert (line["Amount"], line["NetAmount"], line["Currency"]) == (10, 10, "USD")
    assert line["InvoiceAccount"] == "US-101"


def test_a_stocked_item_is_invoiced_for_an_order_only(rig: Rig) -> None:
    line = {"HeaderReference": "00000001", "InvoiceLineNumber": 5, "ItemNumber": "D0001"}
    assert refused(rig, "POST", "VendorInvoiceLines", line) == (
        "Write validation failed for table row of type 'VendorInvoiceLineEntity'. Infolog: "
        "Warning: The item's inventory model policy must be not stocked.."
    )
    post(rig, "VendorInvoiceLines", **line, PurchaseOrder="00000002")


# -- products ------------------------------------------------------------------------------------


def test_one_create_makes_the_product_and_the_item_of_a_company(rig: Rig) -> None:
    sent = {
        "ItemNumber": "X-1",
        "ProductNumber": "X-1",
        "ProductName": "A new thing",
        "ProductType": "Item",
        "TrackingDimensionGroupName": "None",
        "SalesUnitSymbol": "ea",
    }
    made = post(rig, "ReleasedProductCreationsV2", **sent)
    assert (made["ProductName"], made["ProductSearchName"]) == ("A new thing", "Anewthing")
    assert rig.get("ProductsV2('X-1')").json()["ProductName"] == "A new thing"
    item = rig.get("ReleasedProductsV2(dataAreaId='usmf',ItemNumber='X-1')").json()
    assert item["TrackingDimensionGroupName"] == "None"
    again = refused(rig, "POST", "ReleasedProductCreationsV2", sent)
    assert "Cannot create a record in Released products (InventTable). Item number: X-1" in again
    second = post(rig, "ReleasedProductCreationsV2", **sent, dataAreaId="demf")
    assert second["dataAreaId"] == "demf"
    path = "/data/ReleasedProductCreationsV2(dataAreaId='usmf',ItemNumber='X-1')"
    assert rig.call("PATCH", path, {"SearchName": "x"}).status_code == 405


def test_a_released_product_cannot_set_the_tracking_group_again(rig: Rig) -> None:
    sent = {"ItemNumber": "D0001", "ProductNumber": "D0001", "TrackingDimensionGroupName": "Batch"}
    text = refused(rig, "POST", "ReleasedProductsV2", {**sent, "ItemNumber": "2040663"})
    assert (
        "Info: Cannot create a record in Items - tracking dimension groups "
        "(EcoResTrackingDimensionGroupItem). Item number: 2040663, Batch.\n"
        "The record already exists.." in text
    )


def test_a_site_with_its_primary_address_stays(rig: Rig) -> None:
    post(rig, "OperationalSitesV2", SiteId="9", PrimaryAddressCity="Galvin")
    text = refused(rig, "DELETE", "OperationalSites(dataAreaId='usmf',SiteId='9')")
    assert text == (
        "Delete failed for table row of type 'InventOperationalSiteEntity'. Infolog: Warning: "
        "Primary address cannot be deleted.; Warning: The entity record could not be deleted "
        "because validation failed for the following data source: InventSiteLogisticsLocation "
        "(InventSiteLogisticsLocation)."
    )
    post(rig, "OperationalSites", SiteId="8")
    path = "/data/OperationalSites(dataAreaId='usmf',SiteId='8')"
    assert rig.call("DELETE", path).status_code == 204


# -- journals and dimensions ---------------------------------------------------------------------


def test_a_journal_line_is_completed_and_the_journal_shows_the_sums(rig: Rig) -> None:
    number = journal(rig)
    assert number == "00463"
    line = post(rig, "LedgerJournalLines", **journal_line(number))
    assert (line["Company"], line["OffsetCompany"]) == ("USMF", "USMF")
    assert (line["CurrencyCode"], line["ExchRate"], line["Voucher"]) == ("USD", 100, "GNJL000005")
    post(
        rig,
        "LedgerJournalLines",
        **journal_line(number, LineNumber=2, DebitAmount=0, CreditAmount=40, CurrencyCode="EUR"),
    )
    path = f"LedgerJournalHeaders(dataAreaId='usmf',JournalBatchNumber='{number}')"
    header = rig.get(path).json()
    assert (header["JournalTotalDebit"], header["JournalTotalCredit"]) == (100, 40)
    lines = f"LedgerJournalLines(dataAreaId='usmf',JournalBatchNumber='{number}',LineNumber="
    assert rig.get(f"{lines}2)").json()["ExchRate"] == 116
    assert rig.call("PATCH", f"/data/{lines}1)", {"DebitAmount": 30}).is_success
    assert rig.get(path).json()["JournalTotalDebit"] == 30
    text = refused(rig, "DELETE", path)
    assert "Ledger journal table cannot be deleted while dependent Journal lines exist." in text
    for place in (1, 2):
        assert rig.call("DELETE", f"/data/{lines}{place})").status_code == 204
    assert rig.get(path).json()["JournalTotalDebit"] == 0
    assert rig.call("DELETE", f"/data/{path}").status_code == 204


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (
            {"AccountDisplayValue": "999999-001"},
            "The value '999999' in field 'Main account' is not found in the related table "
            "'Main accounts'.; Warning: validateField failed on field "
            "'LedgerJournalLineEntity.AccountDisplayValue'.",
        ),
        (
            {"AccountDisplayValue": "606300-999"},
            "The value '999' in field 'BusinessUnit' is not found in the related table "
            "'Financial dimension values'.",
        ),
        (
            {"AccountType": "Cust", "AccountDisplayValue": "US-999"},
            "The value 'US-999' in field 'Account' is not found in the related table 'Customers'.",
        ),
        (
            {"OffsetAccountType": "Vend", "OffsetAccountDisplayValue": "US\\-999"},
            "The value 'US-999' in field 'Offset account' is not found in the related table "
            "'Vendors'.",
        ),
        ({"CreditAmount": 5}, "cannot have both a debit amount and a credit amount"),
        ({"AccountDisplayValue": ""}, "Field 'Account' must be filled in."),
        ({"LineNumber": 0}, "Field 'Line number' must be filled in."),
    ],
)
def test_what_a_journal_line_must_not_say(rig: Rig, more: dict[str, Any], text: str) -> None:
    number = journal(rig)
    assert text in refused(rig, "POST", "LedgerJournalLines", journal_line(number, **more))


@pytest.mark.parametrize(
    "more",
    [
        {"AccountType": "Cust", "AccountDisplayValue": "US\\-001"},
        {"AccountType": "Vend", "AccountDisplayValue": "US\\-101"},
        {"AccountType": "Bank", "AccountDisplayValue": "USMF OPER"},
        {"AccountDisplayValue": "401100"},
        {"AccountDisplayValue": "401100-002-022--"},
        {"AccountDisplayValue": "401100----"},
        {"AccountDisplayValue": "401100-002-022---beyond the format"},
    ],
)
def test_accounts_of_every_kind_and_shape_are_taken(rig: Rig, more: dict[str, Any]) -> None:
    post(rig, "LedgerJournalLines", **journal_line(journal(rig), **more))


def test_a_posted_journal_is_closed(rig: Rig) -> None:
    number = "00461"
    text = "Journal 00461 cannot be changed because it is posted."
    sent = journal_line(number, LineNumber=9)
    assert text in refused(rig, "POST", "LedgerJournalLines", sent)
    path = f"dataAreaId='usmf',JournalBatchNumber='{number}'"
    assert text in refused(rig, "PATCH", f"LedgerJournalLines({path},LineNumber=1)", {"Text": "x"})
    assert text in refused(rig, "PATCH", f"LedgerJournalHeaders({path})", {"Description": "x"})
    assert "cannot be deleted because it is posted" in refused(
        rig, "DELETE", f"LedgerJournalLines({path},LineNumber=1)"
    )


def test_a_customer_payment_names_its_customer(rig: Rig) -> None:
    header = post(rig, "CustomerPaymentJournalHeaders", JournalName="CUSTPAY")
    line = post(
        rig,
        "CustomerPaymentJournalLines",
        JournalBatchNumber=header["JournalBatchNumber"],
        LineNumber=1,
        AccountDisplayValue="US\\-001",
        CreditAmount=80,
        OffsetAccountDisplayValue="USMF OPER",
    )
    assert line["CustomerName"] == "Contoso Retail San Diego"
    assert (line["AccountType"], line["OffsetAccountType"]) == ("Cust", "Bank")
    assert (line["ExchangeRate"], line["CurrencyCode"]) == (100, "USD")


def test_default_dimensions_are_checked_and_become_records(rig: Rig) -> None:
    group = {"CustomerGroupId": "77", "DefaultDimensionDisplayValue": "003-025--"}
    post(rig, "CustomerGroups", **group)
    [row] = rig.rows("DimensionSets?$filter=DisplayValue eq '003-025--'")
    assert row["RecordId"] > 0
    found = rig.rows("CustomerGroups?$filter=CustomerGroupId eq '77'&$expand=DimensionSet")
    assert found[0]["DimensionSet"]["DisplayValue"] == "003-025--"
    bad = {"CustomerGroupId": "78", "DefaultDimensionDisplayValue": "003-999"}
    assert "'999' in field 'Department'" in refused(rig, "POST", "CustomerGroups", bad)


def test_the_format_of_dimensions_is_that_of_the_settings(new_rig: type[Rig]) -> None:
    rig = new_rig(dimensions=("CostCenter", "BusinessUnit"), dimension_delimiter="|")
    sent = {"CustomerGroupId": "77", "DefaultDimensionDisplayValue": "007|001"}
    post(rig, "CustomerGroups", **sent)
    text = refused(
        rig, "POST", "CustomerGroups", {**sent, "DefaultDimensionDisplayValue": "001|007"}
    )
    assert "'001' in field 'CostCenter'" in text


# -- shared data ---------------------------------------------------------------------------------


def test_a_currency_is_named_by_its_code(rig: Rig) -> None:
    assert post(rig, "Currencies", CurrencyCode="AFN")["Name"] == "Afghani"


def test_a_rate_has_no_end_until_one_is_given(rig: Rig) -> None:
    made = post(
        rig,
        "ExchangeRates",
        RateTypeName="Default",
        FromCurrency="CHF",
        ToCurrency="EUR",
        StartDate="2026-03-01T00:00:00Z",
        Rate=1.06,
    )
    assert (made["StartDate"], made["EndDate"]) == ("2026-03-01T12:00:00Z", GONE)
    assert made["RateTypeDescription"] == "Default exchange rates"


def test_an_account_shows_its_record_id_and_that_of_its_chart(rig: Rig) -> None:
    made = post(rig, "MainAccounts", ChartOfAccounts="Shared", MainAccountId="700100", Name="New")
    assert made["MainAccountRecId"] > 0
    assert made["ChartOfAccountsRecId"] == 5637144577


def test_an_employee_is_a_worker_too(rig: Rig) -> None:
    made = post(
        rig, "EmployeesV2", EmploymentLegalEntityId="usmf", FirstName="Ann", LastName="Beebe"
    )
    assert (made["PersonnelNumber"], made["Name"]) == ("000021", "Ann Beebe")
    assert made["EmploymentEndDate"] == "2154-12-31T23:59:59Z"
    assert rig.get("Workers('000021')").json()["WorkerStatus"] == "Employed"
    assert len(rig.rows("Employees?$filter=PersonnelNumber eq '000021'")) == 1


def test_text_beyond_the_length_of_a_field_is_cut(rig: Rig) -> None:
    made = post(rig, "CustomerGroups", CustomerGroupId="77", Description="x" * 80)
    assert made["Description"] == "x" * 60


def test_a_number_that_is_a_key_is_drawn(rig: Rig) -> None:
    made = post(rig, "BatchJobs", JobDescription="Nightly")
    assert made["BatchJobRecId"] == 5637144600
    assert made["Status"] == "Hold"


@pytest.mark.parametrize(
    "more",
    [
        {"SalesOrderLines": [{"ItemNumber": "D0001"}]},
        {"SalesOrderLines@odata.bind": ["SalesOrderLines('x')"]},
    ],
)
def test_lines_are_not_written_with_their_header(rig: Rig, more: dict[str, Any]) -> None:
    before = rig.get("SalesOrderHeadersV2/$count").text
    sent = {"OrderingCustomerAccountNumber": "US-001", **more}
    text = refused(rig, "POST", "SalesOrderHeadersV2", sent)
    assert text.startswith("The navigation property 'SalesOrderLines' cannot be written")
    assert rig.get("SalesOrderHeadersV2/$count").text == before
