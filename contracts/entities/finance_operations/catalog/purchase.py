"""Purchase orders. Sources: metadata, Common Data Model schemas, captured requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from windtunnel.contracts.entities.finance_operations.catalog.facts import (
    EntityFacts,
    Relation,
    Sequence,
)

FACTS: Final[Mapping[str, EntityFacts]] = {
    "PurchaseOrderHeadersV2": EntityFacts(
        "PurchTable",
        "Purchase orders",
        "Purchase orders",
        title="PurchaseOrderName",
        sources=5,
        category="Document",
        labels={
            "PurchaseOrderNumber": "Purchase order",
            "OrderVendorAccountNumber": "Vendor account",
            "InvoiceVendorAccountNumber": "Invoice account",
            "CurrencyCode": "Currency",
            "PaymentTermsName": "Terms of payment",
            "DefaultReceivingSiteId": "Site",
            "DefaultReceivingWarehouseId": "Warehouse",
            "DefaultLedgerDimensionDisplayValue": "Default dimension",
        },
        required=frozenset({"OrderVendorAccountNumber"}),
        read_only=frozenset(
            {"PurchaseOrderStatus", "DocumentApprovalStatus", "FormattedDeliveryAddress"}
        ),
        fixed=frozenset({"OrderVendorAccountNumber"}),
        lengths={"PurchaseOrderNumber": 20, "PurchaseOrderName": 100},
        relations={
            "OrderVendorAccountNumber": Relation("VendorsV2"),
            "InvoiceVendorAccountNumber": Relation("VendorsV2"),
            "CurrencyCode": Relation("Currencies"),
            "PaymentTermsName": Relation("PaymentTerms"),
            "DefaultReceivingSiteId": Relation("OperationalSites"),
            "DefaultReceivingWarehouseId": Relation("Warehouses"),
            "RequesterPersonnelNumber": Relation("Workers"),
            "OrdererPersonnelNumber": Relation("Workers"),
        },
        sequences={"PurchaseOrderNumber": Sequence("{number:08d}")},
        defaults={
            "PurchaseOrderStatus": "Backorder",
            "DocumentApprovalStatus": "Approved",
            "LanguageId": "en-us",
        },
    ),
    "PurchaseOrderLinesV2": EntityFacts(
        "PurchLine",
        "Purchase order lines",
        "Order lines",
        title="ItemNumber",
        sources=5,
        category="Document",
        labels={
            "PurchaseOrderNumber": "Purchase order",
            "LineNumber": "Line number",
            "ItemNumber": "Item number",
            "ProcurementProductCategoryName": "Procurement category",
            "ReceivingSiteId": "Site",
            "ReceivingWarehouseId": "Warehouse",
            "PurchaseUnitSymbol": "Unit",
            "DefaultLedgerDimensionDisplayValue": "Default dimension",
        },
        required=frozenset({"PurchaseOrderNumber", "LineNumber"}),
        read_only=frozenset({"PurchaseOrderLineStatus", "WorkflowState"}),
        fixed=frozenset({"ItemNumber"}),
        relations={
            "PurchaseOrderNumber": Relation("PurchaseOrderHeadersV2", owned=True),
            "ItemNumber": Relation("ReleasedProductsV2"),
            "ReceivingSiteId": Relation("OperationalSites"),
            "ReceivingWarehouseId": Relation("Warehouses"),
            "PurchaseUnitSymbol": Relation("UnitsOfMeasure"),
        },
        sequences={"InventoryLotId": Sequence("{number:06d}", counter="InventoryLotId")},
        defaults={"PurchaseOrderLineStatus": "Backorder", "CalculateLineAmount": "Yes"},
    ),
}
