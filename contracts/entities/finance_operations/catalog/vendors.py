"""Vendors, their groups, pending vendor invoices. Source: "Import data for vendor invoices"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from windtunnel.contracts.entities.finance_operations.catalog.facts import (
    PARTY,
    EntityFacts,
    Relation,
    Sequence,
)

_VENDORS = EntityFacts(
    "VendTable",
    "Vendors",
    "Vendors",
    title="VendorOrganizationName",
    sources=6,
    labels={
        "VendorAccountNumber": "Vendor account",
        "VendorGroupId": "Vendor group",
        "VendorOrganizationName": "Name",
        "CurrencyCode": "Currency",
        "DefaultPaymentTermsName": "Terms of payment",
        "InvoiceVendorAccountNumber": "Invoice account",
        "DefaultPurchaseSiteId": "Site",
        "DefaultProcumentWarehouseId": "Warehouse",
        "VendorPartyNumber": "Party ID",
        "PersonFirstName": "First name",
        "DefaultLedgerDimensionDisplayValue": "Default dimension",
    },
    required=frozenset({"VendorGroupId"}),
    read_only=frozenset({"FormattedPrimaryAddress"}),
    fixed=frozenset({"VendorPartyNumber"}),
    lengths={
        "VendorAccountNumber": 20,
        "VendorOrganizationName": 100,
        "VendorSearchName": 20,
        "VendorKnownAsName": 100,
    },
    relations={
        "VendorGroupId": Relation("VendorGroups"),
        "CurrencyCode": Relation("Currencies"),
        "DefaultPaymentTermsName": Relation("PaymentTerms"),
        "InvoiceVendorAccountNumber": Relation("VendorsV2"),
        "DefaultPurchaseSiteId": Relation("OperationalSites"),
        "DefaultProcumentWarehouseId": Relation("Warehouses"),
    },
    sequences={
        "VendorAccountNumber": Sequence("{company}-{number:06d}"),
        "VendorPartyNumber": PARTY,
    },
    defaults={"VendorPartyType": "Organization", "LanguageId": "en-us"},
)

FACTS: Final[Mapping[str, EntityFacts]] = {
    "VendorsV2": _VENDORS,
    "VendorsV3": replace(_VENDORS, stored_with="VendorsV2"),
    "VendorGroups": EntityFacts(
        "VendGroup",
        "Vendor groups",
        "Vendor groups",
        title="Description",
        category="Configuration",
        labels={
            "VendorGroupId": "Vendor group",
            "DefaultPaymentTermName": "Terms of payment",
            "ClearingPeriodPaymentTermName": "Settle period",
        },
        required=frozenset({"VendorGroupId"}),
        lengths={"VendorGroupId": 10, "Description": 60},
        relations={
            "DefaultPaymentTermName": Relation("PaymentTerms"),
            "ClearingPeriodPaymentTermName": Relation("PaymentTerms"),
        },
    ),
    "VendorInvoiceHeaders": EntityFacts(
        "VendInvoiceInfoTable",
        "Vendor invoice headers",
        "Vendor invoices",
        title="InvoiceNumber",
        sources=3,
        category="Transaction",
        labels={
            "HeaderReference": "Header reference",
            "InvoiceNumber": "Number",
            "InvoiceAccount": "Invoice account",
            "VendorAccount": "Vendor account",
            "Currency": "Currency",
            "TermsOfPayment": "Terms of payment",
            "PurchaseOrderNumber": "Purchase order",
            "Site": "Site",
            "Warehouse": "Warehouse",
        },
        required=frozenset({"InvoiceNumber", "InvoiceAccount"}),
        read_only=frozenset({"VendorName", "VendorInvoiceReviewStatus"}),
        lengths={"InvoiceNumber": 20},
        relations={
            "InvoiceAccount": Relation("VendorsV2"),
            "VendorAccount": Relation("VendorsV2"),
            "Currency": Relation("Currencies"),
            "TermsOfPayment": Relation("PaymentTerms"),
            "PurchaseOrderNumber": Relation("PurchaseOrderHeadersV2"),
            "Site": Relation("OperationalSites"),
            "Warehouse": Relation("Warehouses"),
        },
        sequences={"HeaderReference": Sequence("{number:08d}")},
    ),
    "VendorInvoiceLines": EntityFacts(
        "VendInvoiceInfoLine",
        "Vendor invoice lines",
        "Vendor invoice lines",
        title="ItemNumber",
        sources=3,
        category="Transaction",
        labels={
            "HeaderReference": "Header reference",
            "InvoiceLineNumber": "Line number",
            "ItemNumber": "Item number",
            "Unit": "Unit",
            "Currency": "Currency",
            "PurchaseOrder": "Purchase order",
            "InventorySiteId": "Site",
            "InventoryWarehouseId": "Warehouse",
        },
        required=frozenset({"HeaderReference", "InvoiceLineNumber"}),
        read_only=frozenset({"VendorInvoiceLineReviewStatus", "NetAmount"}),
        relations={
            "HeaderReference": Relation("VendorInvoiceHeaders", owned=True),
            "ItemNumber": Relation("ReleasedProductsV2", label="Items"),
            "Unit": Relation("UnitsOfMeasure"),
            "Currency": Relation("Currencies"),
            "PurchaseOrder": Relation("PurchaseOrderHeadersV2"),
            "InventorySiteId": Relation("OperationalSites"),
            "InventoryWarehouseId": Relation("Warehouses"),
        },
    ),
}
