"""Sales orders, posted sales invoices.

Sources: "Sales order headers V2", "Sales order lines V2".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from windtunnel.contracts.entities.finance_operations.catalog.facts import (
    EntityFacts,
    Relation,
    Sequence,
)

_HEADERS = EntityFacts(
    "SalesTable",
    "Sales orders",
    "Sales orders",
    title="SalesOrderName",
    sources=6,
    category="Document",
    labels={
        "SalesOrderNumber": "Sales order",
        "OrderingCustomerAccountNumber": "Customer account",
        "InvoiceCustomerAccountNumber": "Invoice account",
        "CurrencyCode": "Currency",
        "PaymentTermsName": "Terms of payment",
        "DefaultShippingSiteId": "Site",
        "DefaultShippingWarehouseId": "Warehouse",
        "SalesOrderStatus": "Status",
        "SalesOrderProcessingStatus": "Document status",
        "DefaultLedgerDimensionDisplayValue": "Default dimension",
    },
    required=frozenset({"OrderingCustomerAccountNumber"}),
    read_only=frozenset(
        {
            "SalesOrderStatus",
            "SalesOrderProcessingStatus",
            "OrderCreationDateTime",
            "OrderTotalAmount",
            "OrderTotalChargesAmount",
            "OrderTotalDiscountAmount",
            "OrderTotalTaxAmount",
            "AreTotalsCalculated",
            "FormattedDelveryAddress",
            "FormattedInvoiceAddress",
            "QuotationNumber",
        }
    ),
    fixed=frozenset({"OrderingCustomerAccountNumber"}),
    lengths={"SalesOrderNumber": 20, "SalesOrderName": 100, "CustomersOrderReference": 60},
    relations={
        "OrderingCustomerAccountNumber": Relation("CustomersV3"),
        "InvoiceCustomerAccountNumber": Relation("CustomersV3"),
        "CurrencyCode": Relation("Currencies"),
        "PaymentTermsName": Relation("PaymentTerms"),
        "DefaultShippingSiteId": Relation("OperationalSites"),
        "DefaultShippingWarehouseId": Relation("Warehouses"),
        "OrderTakerPersonnelNumber": Relation("Workers"),
        "OrderResponsiblePersonnelNumber": Relation("Workers"),
    },
    sequences={"SalesOrderNumber": Sequence("{number:06d}")},
    defaults={"SalesOrderStatus": "Backorder", "LanguageId": "en-us"},
)

_LINES = EntityFacts(
    "SalesLine",
    "Order lines",
    "Order lines",
    title="ItemNumber",
    sources=5,
    category="Document",
    labels={
        "InventoryLotId": "Lot ID",
        "SalesOrderNumber": "Sales order",
        "ItemNumber": "Item number",
        "ShippingSiteId": "Site",
        "ShippingWarehouseId": "Warehouse",
        "CurrencyCode": "Currency",
        "OrderedSalesQuantity": "Quantity",
        "SalesUnitSymbol": "Unit",
        "DefaultLedgerDimensionDisplayValue": "Default dimension",
    },
    required=frozenset({"SalesOrderNumber", "ItemNumber"}),
    read_only=frozenset({"SalesOrderLineStatus", "FormattedDelveryAddress"}),
    fixed=frozenset({"SalesOrderNumber", "ItemNumber"}),
    relations={
        "SalesOrderNumber": Relation("SalesOrderHeadersV2", owned=True),
        "ItemNumber": Relation("ReleasedProductsV2"),
        "ShippingSiteId": Relation("OperationalSites"),
        "ShippingWarehouseId": Relation("Warehouses"),
        "CurrencyCode": Relation("Currencies"),
        "SalesUnitSymbol": Relation("UnitsOfMeasure"),
    },
    sequences={"InventoryLotId": Sequence("{number:06d}", counter="InventoryLotId")},
    defaults={"SalesOrderLineStatus": "Backorder", "CalculateLineAmount": "Yes"},
)

FACTS: Final[Mapping[str, EntityFacts]] = {
    "SalesOrderHeadersV2": _HEADERS,
    "SalesOrderHeadersV4": replace(_HEADERS, stored_with="SalesOrderHeadersV2"),
    "SalesOrderLines": _LINES,
    "SalesOrderLinesV3": replace(_LINES, stored_with="SalesOrderLines"),
    "SalesInvoiceHeadersV2": EntityFacts(
        "CustInvoiceJour",
        "Customer invoice journal",
        "Invoices",
        sources=3,
        category="Transaction",
        is_read_only=True,
        labels={"InvoiceNumber": "Invoice"},
    ),
    "SalesInvoiceV2Lines": EntityFacts(
        "CustInvoiceTrans",
        "Customer invoice lines",
        "Invoice lines",
        sources=3,
        category="Transaction",
        is_read_only=True,
        labels={"InvoiceNumber": "Invoice"},
    ),
}
