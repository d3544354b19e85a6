"""Sales orders. Sources: "Sales order headers V2", "Sales order lines V2", captured messages.

Texts on closed orders and stopped customers are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.refusals import Refusal, refuse
from windtunnel.simulator.services.finance_operations.model.rules.entity_rules import (
    SITE_MISSING,
    EntityRules,
    Sent,
    Surroundings,
    address,
    copy,
)

_BACKORDER: Final = 1
_STATUS: Final = {0: "None", 1: "Open order", 2: "Delivered", 3: "Invoiced", 4: "Canceled"}
_STOPPED: Final = frozenset({1, 2})
"""Invoice, all."""

_FROM_CUSTOMER: Final = {
    "SalesOrderName": "OrganizationName",
    "CurrencyCode": "SalesCurrencyCode",
    "PaymentTermsName": "PaymentTerms",
    "CustomerPaymentMethodName": "PaymentMethod",
    "DeliveryModeCode": "DeliveryMode",
    "DeliveryTermsCode": "DeliveryTerms",
    "SalesTaxGroupCode": "SalesTaxGroup",
    "LanguageId": "LanguageId",
    "DefaultShippingSiteId": "SiteId",
    "DefaultShippingWarehouseId": "WarehouseId",
    "DeliveryAddressCountryRegionId": "AddressCountryRegionId",
    "DeliveryAddressCity": "AddressCity",
    "DeliveryAddressZipCode": "AddressZipCode",
    "DeliveryAddressStreet": "AddressStreet",
    "DeliveryAddressStateId": "AddressState",
    "DefaultLedgerDimensionDisplayValue": "DefaultDimensionDisplayValue",
}
_FROM_HEADER: Final = {
    "CurrencyCode": "CurrencyCode",
    "ShippingSiteId": "DefaultShippingSiteId",
    "ShippingWarehouseId": "DefaultShippingWarehouseId",
    "DeliveryModeCode": "DeliveryModeCode",
    "DeliveryTermsId": "DeliveryTermsCode",
    "SalesTaxGroupCode": "SalesTaxGroupCode",
    "RequestedShippingDate": "RequestedShippingDate",
    "RequestedReceiptDate": "RequestedReceiptDate",
    "DeliveryAddressName": "SalesOrderName",
    "DeliveryAddressCountryRegionId": "DeliveryAddressCountryRegionId",
    "DeliveryAddressCity": "DeliveryAddressCity",
    "DeliveryAddressZipCode": "DeliveryAddressZipCode",
    "DeliveryAddressStreet": "DeliveryAddressStreet",
    "DeliveryAddressStateId": "DeliveryAddressStateId",
    "CustomerRequisitionNumber": "CustomerRequisitionNumber",
    "DefaultLedgerDimensionDisplayValue": "DefaultLedgerDimensionDisplayValue",
}
_FROM_ITEM: Final = {
    "LineDescription": "ProductSearchName",
    "SalesUnitSymbol": "SalesUnitSymbol",
    "SalesPrice": "SalesPrice",
    "SalesPriceQuantity": "SalesPriceQuantity",
    "SalesTaxItemGroupCode": "SalesSalesTaxItemGroupCode",
}
_PRICE_FIELDS: Final = frozenset(
    {
        "OrderedSalesQuantity",
        "SalesPrice",
        "SalesPriceQuantity",
        "LineDiscountAmount",
        "LineDiscountPercentage",
    }
)


_CUSTOMER: Final = (
    "CustomerAccount",
    "InvoiceAccount",
    "OnHoldStatus",
    *_FROM_CUSTOMER.values(),
)
_HEADER: Final = ("SalesOrderNumber", "SalesOrderStatus", *_FROM_HEADER.values())
_DELIVERY: Final = (
    "DeliveryAddressStreet",
    "DeliveryAddressCity",
    "DeliveryAddressStateId",
    "DeliveryAddressZipCode",
    "DeliveryAddressCountryRegionId",
)


class SalesRules:
    """Sales orders and their lines."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def rules(self) -> Mapping[str, EntityRules]:
        """By entity set."""
        return {
            "SalesOrderHeadersV2": EntityRules(
                default=self._default,
                modified=self._modified,
                check_new=self._check_new,
                check=self._check_dimensions,
                closed=lambda row: _closed(row, row["SalesOrderStatus"]),
            ),
            "SalesOrderLines": EntityRules(
                default=self._default_line,
                modified=self._modified_line,
                check_new=self._check_new_line,
                check=self._check_line,
                closed=lambda row: _closed(row, row["SalesOrderLineStatus"]),
            ),
        }

    def _default(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        del entity_set
        company, around = values[COMPANY], self._around
        account = values["OrderingCustomerAccountNumber"]
        customer = around.row("CustomersV3", company, account, _CUSTOMER)
        if customer is not None:
            copy(customer, values, sent, _FROM_CUSTOMER)
            if not values["InvoiceCustomerAccountNumber"]:
                account = customer["InvoiceAccount"] or customer["CustomerAccount"]
                values["InvoiceCustomerAccountNumber"] = account
        around.warehouse_implies_site(
            values, sent, "DefaultShippingSiteId", "DefaultShippingWarehouseId"
        )
        values["OrderCreationDateTime"] = around.now()
        for name in ("RequestedShippingDate", "RequestedReceiptDate"):
            if name not in sent:
                values[name] = around.today()
        values["FormattedDelveryAddress"] = address(*[values[name] for name in _DELIVERY])

    def _modified(self, entity_set: EntitySet, values: Values, changed: Sent) -> None:
        del entity_set
        if "DefaultShippingWarehouseId" in changed:
            self._around.warehouse_implies_site(
                values, changed, "DefaultShippingSiteId", "DefaultShippingWarehouseId"
            )
        if not set(_DELIVERY).isdisjoint(changed):
            values["FormattedDelveryAddress"] = address(*[values[name] for name in _DELIVERY])

    def _check_new(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        account = values["OrderingCustomerAccountNumber"]
        customer = self._around.row("CustomersV3", values[COMPANY], account, _CUSTOMER)
        if customer is None or customer["OnHoldStatus"] not in _STOPPED:
            return None
        text = f"Customer {account} is on hold."
        return refuse(entity_set, text, "OrderingCustomerAccountNumber")

    def _check_dimensions(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        name = "DefaultLedgerDimensionDisplayValue"
        return self._around.dimensions.check_set(entity_set, name, values[name], values[COMPANY])

    # -- lines --------------------------------------------------------------------------------

    def _default_line(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        company, around = values[COMPANY], self._around
        header = around.row("SalesOrderHeadersV2", company, values["SalesOrderNumber"], _HEADER)
        names = tuple(_FROM_ITEM.values())
        item = around.row("ReleasedProductsV2", company, values["ItemNumber"], names)
        if header is not None:
            copy(header, values, sent, _FROM_HEADER)
        if item is not None:
            copy(item, values, sent, _FROM_ITEM)
        around.warehouse_implies_site(values, sent, "ShippingSiteId", "ShippingWarehouseId")
        if "OrderedSalesQuantity" not in sent:
            values["OrderedSalesQuantity"] = 1
        values["SalesPriceQuantity"] = values["SalesPriceQuantity"] or 1
        values["FormattedDelveryAddress"] = address(*[values[name] for name in _DELIVERY])
        self._number_line(entity_set, values, sent)
        if "LineAmount" not in sent:
            _calculate(values)

    def _number_line(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        line, sequence = self._around.store.read(
            "SELECT max(LineNumber), max(LineCreationSequenceNumber) "
            f"FROM {quoted(entity_set.table.sql)} WHERE {COMPANY}=? AND SalesOrderNumber=?",
            (values[COMPANY], values["SalesOrderNumber"]),
        ).fetchone()
        if "LineNumber" not in sent:
            values["LineNumber"] = (line or 0) // 1 + 1
        if "LineCreationSequenceNumber" not in sent:
            values["LineCreationSequenceNumber"] = min((sequence or 0) + 1, 2**31 - 1)

    def _modified_line(self, entity_set: EntitySet, values: Values, changed: Sent) -> None:
        del entity_set
        if "ShippingWarehouseId" in changed:
            self._around.warehouse_implies_site(
                values, changed, "ShippingSiteId", "ShippingWarehouseId"
            )
        if not _PRICE_FIELDS.isdisjoint(changed) and "LineAmount" not in changed:
            _calculate(values)
        if not set(_DELIVERY).isdisjoint(changed):
            values["FormattedDelveryAddress"] = address(*[values[name] for name in _DELIVERY])

    def _check_new_line(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        number = values["SalesOrderNumber"]
        header = self._around.row("SalesOrderHeadersV2", values[COMPANY], number, _HEADER)
        text = _closed(header, header["SalesOrderStatus"]) if header is not None else ""
        return refuse(entity_set, text.replace("{done}", "changed")) if text else None

    def _check_line(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        """Stocked items need a site."""
        is_stocked = self._around.is_stocked(values[COMPANY], values["ItemNumber"])
        if is_stocked and not values["ShippingSiteId"]:
            return SITE_MISSING
        return self._check_dimensions(entity_set, values)


def _closed(row: Values, status: int) -> str:
    if status == _BACKORDER:
        return ""
    number, shown = row["SalesOrderNumber"], _STATUS.get(status, status)
    return f"Sales order {number} cannot be {{done}} because its status is {shown}."


def _calculate(values: Values) -> None:
    """The net amount of a line, unless it says not to."""
    if values["CalculateLineAmount"] != 1:
        return
    price = values["SalesPrice"] / (values["SalesPriceQuantity"] or 1)
    gross = values["OrderedSalesQuantity"] * (price - values["LineDiscountAmount"])
    values["LineAmount"] = round(gross * (1 - values["LineDiscountPercentage"] / 100), 2)
