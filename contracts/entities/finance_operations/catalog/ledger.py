"""Journals, accounts, financial dimensions, currencies. Sources: metadata, captured requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from windtunnel.contracts.entities.finance_operations.catalog.facts import (
    EntityFacts,
    Relation,
    Sequence,
)

JOURNALS: Final = Sequence("{number:05d}", 461, counter="JournalBatchNumber")
"""Journals of all kinds are numbered together."""

FACTS: Final[Mapping[str, EntityFacts]] = {
    "LedgerJournalHeaders": EntityFacts(
        "LedgerJournalTable",
        "Ledger journal table",
        "Journals",
        title="Description",
        category="Transaction",
        labels={"JournalBatchNumber": "Journal batch number", "JournalName": "Name"},
        required=frozenset({"JournalName"}),
        read_only=frozenset({"IsPosted", "JournalTotalDebit", "JournalTotalCredit"}),
        fixed=frozenset({"JournalName"}),
        lengths={"JournalBatchNumber": 10, "JournalName": 10, "Description": 60},
        sequences={"JournalBatchNumber": JOURNALS},
    ),
    "LedgerJournalLines": EntityFacts(
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
            "DefaultDimensionDisplayValue": "Default dimension",
            "OffsetDefaultDimensionDisplayValue": "Offset default dimension",
        },
        required=frozenset({"JournalBatchNumber", "LineNumber", "AccountDisplayValue"}),
        lengths={"Text": 60, "Voucher": 20, "Invoice": 20, "Document": 20},
        relations={
            "JournalBatchNumber": Relation("LedgerJournalHeaders"),
            "CurrencyCode": Relation("Currencies"),
            "Company": Relation("LegalEntities"),
            "OffsetCompany": Relation("LegalEntities"),
        },
        sequences={"Voucher": Sequence("GNJL{number:06d}", counter="JournalVoucher")},
    ),
    "GeneralJournalAccountEntryBiEntities": EntityFacts(
        "GeneralJournalAccountEntry",
        "General journal account entry",
        "General journal account entries",
        category="Transaction",
        is_read_only=True,
        entity="GeneralJournalAccountEntryBiEntity",
    ),
    "MainAccounts": EntityFacts(
        "MainAccount",
        "Main accounts",
        "Main accounts",
        title="Name",
        sources=2,
        labels={"MainAccountId": "Main account", "ChartOfAccounts": "Chart of accounts"},
        required=frozenset({"ChartOfAccounts", "MainAccountId", "Name"}),
        read_only=frozenset({"MainAccountRecId", "ChartOfAccountsRecId"}),
        relations={
            "ChartOfAccounts": Relation("ChartOfAccounts"),
            "DefaultCurrency": Relation("Currencies"),
            "ExchangeAdjustmentRateType": Relation("ExchangeRateTypes"),
        },
    ),
    "ChartOfAccounts": EntityFacts(
        "LedgerChartOfAccounts",
        "Chart of accounts",
        "Charts of accounts",
        title="Description",
        category="Configuration",
        labels={"ChartOfAccounts": "Chart of accounts"},
        required=frozenset({"ChartOfAccounts"}),
        read_only=frozenset({"ChartOfAccountsRecId"}),
    ),
    "FinancialDimensionValues": EntityFacts(
        "DimensionFinancialTag",
        "Financial dimension values",
        "Financial dimension values",
        title="Description",
        labels={"FinancialDimension": "Financial dimension", "DimensionValue": "Dimension value"},
        required=frozenset({"FinancialDimension", "DimensionValue"}),
        relations={"FinancialDimension": Relation("DimensionAttributes")},
    ),
    "DimensionAttributes": EntityFacts(
        "DimensionAttribute",
        "Financial dimensions",
        "Financial dimensions",
        category="Configuration",
        labels={"DimensionName": "Dimension name", "UseValuesFrom": "Use values from"},
        required=frozenset({"DimensionName", "UseValuesFrom"}),
    ),
    "DimensionCombinations": EntityFacts(
        "DimensionAttributeValueCombination",
        "Dimension code combination",
        "Dimension code combinations",
        category="Reference",
        is_read_only=True,
    ),
    "DimensionSets": EntityFacts(
        "DimensionAttributeValueSet",
        "Dimension code set",
        "Dimension code sets",
        category="Reference",
        is_read_only=True,
    ),
    "Currencies": EntityFacts(
        "Currency",
        "Currencies",
        "Currencies",
        title="Name",
        category="Reference",
        labels={"CurrencyCode": "Currency"},
        required=frozenset({"CurrencyCode"}),
        lengths={"CurrencyCode": 3, "Symbol": 5},
    ),
    "ExchangeRates": EntityFacts(
        "ExchangeRate",
        "Exchange rates",
        "Exchange rates",
        sources=3,
        category="Reference",
        labels={
            "RateTypeName": "Exchange rate type",
            "FromCurrency": "From currency",
            "ToCurrency": "To currency",
            "StartDate": "Start date",
            "Rate": "Exchange rate",
        },
        required=frozenset({"RateTypeName", "FromCurrency", "ToCurrency", "Rate"}),
        read_only=frozenset({"RateTypeDescription"}),
        relations={
            "RateTypeName": Relation("ExchangeRateTypes"),
            "FromCurrency": Relation("Currencies"),
            "ToCurrency": Relation("Currencies"),
        },
    ),
    "ExchangeRateTypes": EntityFacts(
        "ExchangeRateType",
        "Exchange rate types",
        "Exchange rate types",
        title="Description",
        category="Reference",
        labels={"Name": "Exchange rate type"},
        required=frozenset({"Name"}),
    ),
}
