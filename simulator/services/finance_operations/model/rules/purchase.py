"""Purchase orders. Sources: captured requests and messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.refusals import Refusal, must_fill
from windtunnel.simulator.services.finance_operations.model.rules.entity_rules import (
    EntityRules,
    Sent,
    Surroundings,
    address_in,
)
from windtunnel.simulator.services.finance_operations.model.rules.orders import (
    Account,
    Header,
    Line,
    Orders,
)

_VENDOR: Final = Account(
    entity_set="VendorsV2",
    key="VendorAccountNumber",
    called="Vendor",
    column="OrderVendorAccountNumber",
    invoice="InvoiceVendorAccountNumber",
    invoice_at_account="InvoiceVendorAccountNumber",
    stopped=frozenset({2, 6}),  # all, purchase orders
    defaults={
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
    },
)
_HEADER: Final = Header(
    entity_set="PurchaseOrderHeadersV2",
    called="Purchase order",
    number="PurchaseOrderNumber",
    status="PurchaseOrderStatus",
    statuses={0: "None", 1: "Open order", 2: "Received", 3: "Invoiced", 4: "Canceled"},
    place=("DefaultReceivingSiteId", "DefaultReceivingWarehouseId"),
    dates=("AccountingDate", "RequestedDeliveryDate"),
    address=address_in("FormattedDeliveryAddress", "DeliveryAddress", "StateId"),
)
_LINE: Final = Line(
    status="PurchaseOrderLineStatus",
    place=("ReceivingSiteId", "ReceivingWarehouseId"),
    quantity="OrderedPurchaseQuantity",
    price="PurchasePrice",
    price_quantity="PurchasePriceQuantity",
    from_header={
        "ReceivingSiteId": "DefaultReceivingSiteId",
        "ReceivingWarehouseId": "DefaultReceivingWarehouseId",
        "RequestedDeliveryDate": "RequestedDeliveryDate",
        "SalesTaxGroupCode": "SalesTaxGroupCode",
        "DefaultLedgerDimensionDisplayValue": "DefaultLedgerDimensionDisplayValue",
    },
    from_item={
        "LineDescription": "ProductSearchName",
        "PurchaseUnitSymbol": "PurchaseUnitSymbol",
        "PurchasePrice": "PurchasePrice",
        "PurchasePriceQuantity": "PurchasePriceQuantity",
        "SalesTaxItemGroupCode": "PurchaseSalesTaxItemGroupCode",
    },
)


class PurchaseRules:
    """Purchase orders and their lines."""

    def __init__(self, around: Surroundings) -> None:
        self._orders = Orders(around, _VENDOR, _HEADER, _LINE)

    def rules(self) -> Mapping[str, EntityRules]:
        """By entity set."""
        return {
            "PurchaseOrderHeadersV2": self._orders.header_rules(),
            "PurchaseOrderLinesV2": EntityRules(
                default=self._default_line,
                modified=self._orders.modified_line,
                check_new=self._orders.check_new_line,
                check=self._check_line,
                closed=self._orders.closed_line,
            ),
        }

    def _default_line(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        del entity_set
        self._orders.default_line(values, sent)

    def _check_line(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        if not values["ItemNumber"] and not values["ProcurementProductCategoryName"]:
            return must_fill(entity_set, "ItemNumber")
        return self._orders.check_line(entity_set, values)
