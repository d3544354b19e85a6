"""PyPI d365-client: the sets it knows, listed, read, written, and its errors; by cloud names."""

from __future__ import annotations

import os

from d365_client import D365
from d365_client.client import D365Error
from steps import step

client = D365(
    tenant_id=os.environ["WT_TENANT_ID"],
    client_id=os.environ["WT_CLIENT_ID"],
    client_secret=os.environ["WT_CLIENT_SECRET"],
    resource_url=os.environ["WT_ENVIRONMENT"],
)
KEY = {"dataAreaId": "usmf", "CustomerAccount": f"DC/{os.getpid()}+1"}


@step("lists every set it knows")
def _() -> None:
    for api in (
        client.customers,
        client.financial_dimension_values,
        client.products,
        client.released_products,
        client.sales_order_headers,
        client.purchase_order_headers,
        client.purchase_order_lines,
        client.vendors,
    ):
        page = api.all(queryparams={"$top": 2, "cross-company": "true"})
        assert page["@odata.context"].endswith(f"$metadata#{api.endpoint}"), page
    assert client.customers.all(queryparams={"$top": 2})["value"]


@step("queries")
def _() -> None:
    query = {"$filter": "CustomerGroupId eq '10'", "$select": "CustomerAccount", "$count": "true"}
    found = client.customers.all(queryparams=query)
    assert found["@odata.count"] == len(found["value"]) > 1
    assert set(found["value"][0]) == {"@odata.etag", "CustomerAccount"}


@step("writes a customer whose account has a slash and a plus")
def _() -> None:
    made = client.customers.create(
        {**KEY, "OrganizationName": "Slash", "CustomerGroupId": "10", "SalesCurrencyCode": "USD"}
    )
    assert made["CustomerAccount"] == KEY["CustomerAccount"]
    assert client.customers.exists(KEY)
    client.customers.update(KEY, {"NameAlias": "changed"})
    assert client.customers.get(KEY)["NameAlias"] == "changed"
    assert client.customers.get(KEY, property="NameAlias")["value"] == "changed"
    client.customers.delete(KEY)
    assert not client.customers.exists(KEY)


@step("writes an order with a line")
def _() -> None:
    header = client.sales_order_headers.create(
        {"dataAreaId": "usmf", "OrderingCustomerAccountNumber": "US-001"}
    )
    number = header["SalesOrderNumber"]
    assert number
    line = client.sales_order_lines.create(
        {
            "dataAreaId": "usmf",
            "SalesOrderNumber": number,
            "ItemNumber": "D0001",
            "ShippingSiteId": "1",
            "ShippingWarehouseId": "11",
            "OrderedSalesQuantity": 2,
        }
    )
    assert line["SalesOrderNumber"] == number


@step("reads errors")
def _() -> None:
    said = ""
    try:
        client.customers.create({"dataAreaId": "usmf", "CustomerGroupId": "none"})
    except D365Error as error:
        said = str(error)
    assert "is not found in the related table" in said, said
