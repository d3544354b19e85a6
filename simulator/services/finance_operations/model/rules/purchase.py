"""Purchase orders. Sources: captured requests and messages.

Texts on closed orders and stopped vendors are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.refusals import (
    Refusal,
    must_fill,
    refuse,
)
from windtunnel.simulator.services.finance_operations.model.rules.entity_rules import (
    SITE_MISSING,
    EntityRules,
    Sent,
    Surroundings,
    address,
    copy,
)

_BACKORDER: Final = 1
_STATUS: Final = {0: "None", 1: "Open order", 2: "Received", 3: "Invoiced", 4: "Canceled"}
_STOPPED: Final = frozenset({2, 6})
"""All, purchase orders."""

_FROM_VENDOR: Final = {
    "PurchaseOrderName": "VendorOrganizationName",
    "CurrencyCode": "CurrencyCode",
    "PaymentTermsName": "DefaultPaymentTermsName",
    "VendorPaymentMethodName": "DefaultVendorPaymentMethodName",
    "DeliveryModeId": "DefaultDeliveryModeId",
    "DeliveryTermsId": "DefaultDeliveryTermsCode",
    "SalesTaxGroupCode": "SalesTaxGroupCode",
    "LanguageId": "LanguageId",
    "BuyerGroupId": "BuyerGroupId",
    "DefaultReceivingSiteId": "DefaultPurchaseSiteId",
    "DefaultReceivingWarehouseId": "DefaultProcumentWarehouseId",
    "DefaultLedgerDimensionDisplayValue": "DefaultLedgerDimensionDisplayValue",
}
_VENDOR: Final = (
    "VendorAccountNumber",
    "InvoiceVendorAccountNumber",
    "OnHoldStatus",
    *_FROM_VENDOR.values(),
)
_FROM_HEADER: Final = {
    "ReceivingSiteId": "DefaultReceivingSiteId",
    "ReceivingWarehouseId": "DefaultReceivingWarehouseId",
    "RequestedDeliveryDate": "RequestedDeliveryDate",
    "SalesTaxGroupCode": "SalesTaxGroupCode",
    "DefaultLedgerDimensionDisplayValue": "DefaultLedgerDimensionDisplayValue",
}
_HEADER: Final = ("PurchaseOrderNumber", "PurchaseOrderStatus", *_FROM_HEADER.values())
_FROM_ITEM: Final = {
    "LineDescription": "ProductSearchName",
    "PurchaseUnitSymbol": "PurchaseUnitSymbol",
    "PurchasePrice": "PurchasePrice",
    "PurchasePriceQuantity": "PurchasePriceQuantity",
    "SalesTaxItemGroupCode": "PurchaseSalesTaxItemGroupCode",
}
_PRICE_FIELDS: Final = frozenset(
    {
        "OrderedPurchaseQuantity",
        "PurchasePrice",
        "PurchasePriceQuantity",
        "LineDiscountAmount",
        "LineDiscountPercentage",
    }
)
_DELIVERY: Final = (
    "DeliveryAddressStreet",
    "DeliveryAddressCity",
    "DeliveryAddressStateId",
    "DeliveryAddressZipCode",
    "DeliveryAddressCountryRegionId",
)


class PurchaseRules:
    """Purchase orders and their lines."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def rules(self) -> Mapping[str, EntityRules]:
        """By entity set."""
        return {
            "PurchaseOrderHeadersV2": EntityRules(
                default=self._default,
                modified=self._modified,
                check_new=self._check_new,
                check=self._check_dimensions,
                closed=lambda row: _closed(row, row["PurchaseOrderStatus"]),
            ),
            "PurchaseOrderLinesV2": EntityRules(
                default=self._default_line,
                modified=self._modified_line,
                check_new=self._check_new_line,
                check=self._check_line,
                closed=lambda row: _closed(row, row["PurchaseOrderLineStatus"]),
            ),
        }

    def _default(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        del entity_set
        company = values[COMPANY]
        vendor = self._around.row("VendorsV2", company, values["OrderVendorAccountNumber"], _VENDOR)
        if vendor is not None:
            copy(vendor, values, sent, _FROM_VENDOR)
            if not values["InvoiceVendorAccountNumber"]:
                account = vendor["InvoiceVendorAccountNumber"] or vendor["VendorAccountNumber"]
                values["InvoiceVendorAccountNumber"] = account
        values["CurrencyCode"] = values["CurrencyCode"] or self._around.currency(company)
        self._around.warehouse_implies_site(
            values, sent, "DefaultReceivingSiteId", "DefaultReceivingWarehouseId"
        )
        for name in ("AccountingDate", "RequestedDeliveryDate"):
            if name not in sent:
                values[name] = self._around.today()
        values["FormattedDeliveryAddress"] = address(*[values[name] for name in _DELIVERY])

    def _modified(self, entity_set: EntitySet, values: Values, changed: Sent) -> None:
        del entity_set
        if "DefaultReceivingWarehouseId" in changed:
            self._around.warehouse_implies_site(
                values, changed, "DefaultReceivingSiteId", "DefaultReceivingWarehouseId"
            )
        if not set(_DELIVERY).isdisjoint(changed):
            values["FormattedDeliveryAddress"] = address(*[values[name] for name in _DELIVERY])

    def _check_new(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        account = values["OrderVendorAccountNumber"]
        vendor = self._around.row("VendorsV2", values[COMPANY], account, _VENDOR)
        if vendor is None or vendor["OnHoldStatus"] not in _STOPPED:
            return None
        return refuse(entity_set, f"Vendor {account} is on hold.", "OrderVendorAccountNumber")

    def _check_dimensions(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        name = "DefaultLedgerDimensionDisplayValue"
        return self._around.dimensions.check_set(entity_set, name, values[name], values[COMPANY])

    # -- lines --------------------------------------------------------------------------------

    def _default_line(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        del entity_set
        company, around = values[COMPANY], self._around
        number = values["PurchaseOrderNumber"]
        header = around.row("PurchaseOrderHeadersV2", company, number, _HEADER)
        if header is not None:
            copy(header, values, sent, _FROM_HEADER)
        names = tuple(_FROM_ITEM.values())
        item = around.row("ReleasedProductsV2", company, values["ItemNumber"], names)
        if item is not None:
            copy(item, values, sent, _FROM_ITEM)
        around.warehouse_implies_site(values, sent, "ReceivingSiteId", "ReceivingWarehouseId")
        if "OrderedPurchaseQuantity" not in sent:
            values["OrderedPurchaseQuantity"] = 1
        values["PurchasePriceQuantity"] = values["PurchasePriceQuantity"] or 1
        if "LineAmount" not in sent:
            _calculate(values)

    def _modified_line(self, entity_set: EntitySet, values: Values, changed: Sent) -> None:
        del entity_set
        if "ReceivingWarehouseId" in changed:
            self._around.warehouse_implies_site(
                values, changed, "ReceivingSiteId", "ReceivingWarehouseId"
            )
        if not _PRICE_FIELDS.isdisjoint(changed) and "LineAmount" not in changed:
            _calculate(values)

    def _check_new_line(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        number = values["PurchaseOrderNumber"]
        header = self._around.row("PurchaseOrderHeadersV2", values[COMPANY], number, _HEADER)
        text = _closed(header, header["PurchaseOrderStatus"]) if header is not None else ""
        return refuse(entity_set, text.replace("{done}", "changed")) if text else None

    def _check_line(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        item = values["ItemNumber"]
        if not item and not values["ProcurementProductCategoryName"]:
            return must_fill(entity_set, "ItemNumber")
        if not values["ReceivingSiteId"] and self._around.is_stocked(values[COMPANY], item):
            return SITE_MISSING
        return self._check_dimensions(entity_set, values)


def _closed(row: Values, status: int) -> str:
    if status == _BACKORDER:
        return ""
    number, shown = row["PurchaseOrderNumber"], _STATUS.get(status, status)
    return f"Purchase order {number} cannot be {{done}} because its status is {shown}."


def _calculate(values: Values) -> None:
    """The net amount of a line, unless it says not to."""
    if values["CalculateLineAmount"] != 1:
        return
    price = values["PurchasePrice"] / (values["PurchasePriceQuantity"] or 1)
    gross = values["OrderedPurchaseQuantity"] * (price - values["LineDiscountAmount"])
    values["LineAmount"] = round(gross * (1 - values["LineDiscountPercentage"] / 100), 2)
