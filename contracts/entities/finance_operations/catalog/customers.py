"""Customers, their groups, terms of payment, payment journals. Source: "Customers V3"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from windtunnel.contracts.entities.finance_operations.catalog.facts import (
    PARTY,
    EntityFacts,
    Relation,
    Sequence,
)
from windtunnel.contracts.entities.finance_operations.catalog.ledger import JOURNALS

FACTS: Final[Mapping[str, EntityFacts]] = {
    "CustomersV3": EntityFacts(
        "CustTable",
        "Customers",
        "Customers",
        title="OrganizationName",
        sources=6,
        labels={
            "CustomerAccount": "Customer account",
            "CustomerGroupId": "Customer group",
            "SalesCurrencyCode": "Currency",
            "PaymentTerms": "Terms of payment",
            "InvoiceAccount": "Invoice account",
            "OrganizationName": "Name",
            "WarehouseId": "Warehouse",
            "SiteId": "Site",
            "PartyNumber": "Party ID",
            "PersonFirstName": "First name",
            "AddressCountryRegionId": "Country/region",
            "DefaultDimensionDisplayValue": "Default dimension",
        },
        required=frozenset({"CustomerGroupId", "SalesCurrencyCode"}),
        read_only=frozenset({"FullPrimaryAddress"}),
        fixed=frozenset({"PartyNumber"}),
        lengths={
            "CustomerAccount": 20,
            "OrganizationName": 100,
            "NameAlias": 20,
            "KnownAs": 100,
            "PersonFirstName": 25,
            "PersonMiddleName": 25,
            "PersonLastName": 25,
            "AddressStreet": 250,
            "AddressCity": 60,
            "AddressZipCode": 10,
        },
        relations={
            "CustomerGroupId": Relation("CustomerGroups"),
            "SalesCurrencyCode": Relation("Currencies"),
            "PaymentTerms": Relation("PaymentTerms"),
            "InvoiceAccount": Relation("CustomersV3"),
            "WarehouseId": Relation("Warehouses"),
            "SiteId": Relation("OperationalSites"),
        },
        sequences={"CustomerAccount": Sequence("{company}-{number:06d}"), "PartyNumber": PARTY},
        defaults={"PartyType": "Organization", "LanguageId": "en-us"},
    ),
    "CustomerGroups": EntityFacts(
        "CustGroup",
        "Customer groups",
        "Customer groups",
        title="Description",
        category="Configuration",
        labels={
            "CustomerGroupId": "Customer group",
            "PaymentTermId": "Terms of payment",
            "ClearingPeriodPaymentTermName": "Settle period",
            "TaxGroupId": "Sales tax group",
        },
        required=frozenset({"CustomerGroupId"}),
        lengths={"CustomerGroupId": 10, "Description": 60},
        relations={
            "PaymentTermId": Relation("PaymentTerms"),
            "ClearingPeriodPaymentTermName": Relation("PaymentTerms"),
        },
    ),
    "PaymentTerms": EntityFacts(
        "PaymTerm",
        "Terms of payment",
        "Terms of payment",
        title="Description",
        category="Configuration",
        labels={"Name": "Terms of payment"},
        required=frozenset({"Name"}),
        lengths={"Name": 10, "Description": 60},
    ),
    "CustomerPaymentJournalHeaders": EntityFacts(
        "LedgerJournalTable",
        "Ledger journal table",
        "Journals",
        title="Description",
        category="Transaction",
        labels={"JournalBatchNumber": "Journal batch number", "JournalName": "Name"},
        required=frozenset({"JournalName"}),
        read_only=frozenset({"IsPosted"}),
        fixed=frozenset({"JournalName"}),
        sequences={"JournalBatchNumber": JOURNALS},
    ),
    "CustomerPaymentJournalLines": EntityFacts(
        "LedgerJournalTrans",
        "Journal lines",
        "Journal lines",
        sources=2,
        category="Transaction",
        labels={
            "JournalBatchNumber": "Journal batch number",
            "LineNumber": "Line number",
            "AccountDisplayValue": "Account",
            "OffsetAccountDisplayValue": "Offset account",
            "CurrencyCode": "Currency",
            "Company": "Company",
            "OffsetCompany": "Offset company",
        },
        required=frozenset({"JournalBatchNumber", "LineNumber", "AccountDisplayValue"}),
        read_only=frozenset({"CustomerName"}),
        relations={
            "JournalBatchNumber": Relation(
                "CustomerPaymentJournalHeaders", label="Ledger journal table"
            ),
            "CurrencyCode": Relation("Currencies"),
            "Company": Relation("LegalEntities"),
            "OffsetCompany": Relation("LegalEntities"),
        },
        sequences={"Voucher": Sequence("ARPM{number:06d}", counter="CustomerPaymentVoucher")},
        defaults={"AccountType": "Cust", "OffsetAccountType": "Bank"},
    ),
}
