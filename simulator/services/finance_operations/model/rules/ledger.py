"""Journals, accounts, currencies, rates. Sources: captured requests and messages.

Texts on posted journals and on debit with credit are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.contracts.entities.finance_operations.currencies import currency_name
from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.services.finance_operations.model.entity_set import (
    EMPTY_DATE,
    EntitySet,
)
from windtunnel.simulator.services.finance_operations.model.refusals import (
    Refusal,
    not_found,
    refuse,
)
from windtunnel.simulator.services.finance_operations.model.rules.entity_rules import (
    EntityRules,
    Sent,
    Surroundings,
)

OPEN_END: Final = "2154-12-31T12:00:00Z"
"""The last date, of what has no end."""

_LEDGER, _CUSTOMER, _VENDOR = 0, 1, 2
_YES: Final = 1
_TOTALS: Final = {"JournalTotalDebit": "DebitAmount", "JournalTotalCredit": "CreditAmount"}


@dataclass(frozen=True, slots=True)
class _Lines:
    """What the columns of one kind of journal line are called."""

    headers: str
    date: str
    rate: str
    dimension: str
    offset_dimension: str


_GENERAL: Final = _Lines(
    "LedgerJournalHeaders",
    "TransDate",
    "ExchRate",
    "DefaultDimensionDisplayValue",
    "OffsetDefaultDimensionDisplayValue",
)
_PAYMENT: Final = _Lines(
    "CustomerPaymentJournalHeaders",
    "TransactionDate",
    "ExchangeRate",
    "DefaultDimensionsForAccountDisplayValue",
    "DefaultDimensionsForOffsetAccountDisplayValue",
)


class LedgerRules:
    """Journals and what their lines name."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def rules(self) -> Mapping[str, EntityRules]:
        """By entity set."""
        return {
            "LedgerJournalHeaders": EntityRules(default=self._default_header, closed=_closed),
            "CustomerPaymentJournalHeaders": EntityRules(closed=_closed),
            "LedgerJournalLines": self._lines(_GENERAL, totals=True),
            "CustomerPaymentJournalLines": self._lines(_PAYMENT, totals=False),
            "MainAccounts": EntityRules(default=self._default_account),
            "Currencies": EntityRules(default=_default_currency),
            "ExchangeRates": EntityRules(default=self._default_rate),
        }

    def _lines(self, names: _Lines, *, totals: bool) -> EntityRules:
        rules = EntityRules(
            default=lambda kind, values, sent: self._default_line(names, kind, values, sent),
            check=lambda kind, values: self._check_line(names, kind, values),
            closed=lambda row: self._closed_line(names, row),
            check_new=lambda kind, values: self._check_new_line(names, kind, values),
        )
        return replace(rules, stored=self._total) if totals else rules

    def _default_header(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        del entity_set, sent
        currency = values["AccountingCurrency"] or self._around.currency(values[COMPANY])
        values["AccountingCurrency"] = currency

    # -- lines --------------------------------------------------------------------------------

    def _default_line(
        self, names: _Lines, entity_set: EntitySet, values: Values, sent: Sent
    ) -> None:
        del entity_set
        company, around = values[COMPANY], self._around
        if names.date not in sent:
            values[names.date] = around.today()
        for name in ("Company", "OffsetCompany"):
            values[name] = values[name] or company.upper()
        own = around.currency(company)
        values["CurrencyCode"] = values["CurrencyCode"] or own
        if names.rate not in sent:
            values[names.rate] = self._rate(values["CurrencyCode"], own)
        if names is _PAYMENT and values["AccountType"] == _CUSTOMER:
            account = around.dimensions.plain(values["AccountDisplayValue"])
            customer = around.row("CustomersV3", company, account, ("OrganizationName",))
            values["CustomerName"] = customer["OrganizationName"] if customer else ""

    def _rate(self, currency: str, own: str) -> float:
        """Per hundred: what a hundred units are in the company's currency."""
        if currency == own:
            return 100
        row = self._around.store.read(
            "SELECT Rate, ConversionFactor FROM fo_ExchangeRates "
            "WHERE RateTypeName=? AND FromCurrency=? AND ToCurrency=? AND StartDate<=? "
            "ORDER BY StartDate DESC LIMIT 1",
            ("Default", currency, own, self._around.today()),
        ).fetchone()
        return 0 if row is None else round(row[0] * 10 ** (3 - row[1]), 6)

    def _check_line(self, names: _Lines, entity_set: EntitySet, values: Values) -> Refusal | None:
        if values["DebitAmount"] and values["CreditAmount"]:
            text = "A journal line cannot have both a debit amount and a credit amount."
            return refuse(entity_set, text, "CreditAmount")
        company, dimensions = values[COMPANY], self._around.dimensions
        return (
            self._check_account(entity_set, "AccountDisplayValue", values["AccountType"], values)
            or self._check_account(
                entity_set, "OffsetAccountDisplayValue", values["OffsetAccountType"], values
            )
            or dimensions.check_set(entity_set, names.dimension, values[names.dimension], company)
            or dimensions.check_set(
                entity_set, names.offset_dimension, values[names.offset_dimension], company
            )
        )

    def _check_account(
        self, entity_set: EntitySet, field: str, kind: int, values: Values
    ) -> Refusal | None:
        text = values[field]
        if not text:
            return None
        dimensions, label = self._around.dimensions, entity_set.label(field)
        company = values["OffsetCompany" if field.startswith("Offset") else "Company"].lower()
        if kind == _LEDGER:
            return dimensions.check_account(entity_set, field, text, company)
        account = dimensions.plain(text)
        target = {_CUSTOMER: "CustomersV3", _VENDOR: "VendorsV2"}.get(kind)
        if target is None:
            return None
        found = self._around.sets[target]
        if self._around.lookups.exists(found, (company, account)):
            return None
        return not_found(entity_set, field, account, label, found.facts.table_label)

    def _check_new_line(
        self, names: _Lines, entity_set: EntitySet, values: Values
    ) -> Refusal | None:
        text = self._closed_line(names, values)
        return refuse(entity_set, text.replace("{done}", "changed")) if text else None

    def _closed_line(self, names: _Lines, row: Values) -> str:
        number = row["JournalBatchNumber"]
        columns = ("JournalBatchNumber", "IsPosted")
        header = self._around.row(names.headers, row[COMPANY], number, columns)
        return _closed(header) if header is not None else ""

    def _total(
        self, entity_set: EntitySet, before: Values | None, after: Values | None, user: str
    ) -> None:
        """The journal shows the sums of its lines."""
        del entity_set
        line = after or before or {}
        key = (line[COMPANY], line["JournalBatchNumber"])
        header = self._around.lookups.row("LedgerJournalHeaders", key, tuple(_TOTALS))
        if header is None:
            return
        totals = {
            total: round(header[total] + _amount(after, name) - _amount(before, name), 6)
            for total, name in _TOTALS.items()
        }
        if totals != header:
            self._around.sets["LedgerJournalHeaders"].records.update(key, totals, user=user)

    # -- accounts, currencies, rates ----------------------------------------------------------

    def _default_account(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        del entity_set, sent
        name = ("ChartOfAccountsRecId",)
        chart = self._around.shared_row("ChartOfAccounts", values["ChartOfAccounts"], name)
        if chart is not None:
            values["ChartOfAccountsRecId"] = chart["ChartOfAccountsRecId"]

    def _default_rate(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        del entity_set
        if "StartDate" not in sent or values["StartDate"] == EMPTY_DATE:
            values["StartDate"] = self._around.today()
        if "EndDate" not in sent:
            values["EndDate"] = OPEN_END
        kind = self._around.shared_row(
            "ExchangeRateTypes", values["RateTypeName"], ("Description",)
        )
        values["RateTypeDescription"] = kind["Description"] if kind else ""


def _amount(line: Values | None, name: str) -> float:
    return 0 if line is None else float(line[name])


def _closed(row: Values) -> str:
    if row["IsPosted"] != _YES:
        return ""
    return f"Journal {row['JournalBatchNumber']} cannot be {{done}} because it is posted."


def _default_currency(entity_set: EntitySet, values: Values, sent: Sent) -> None:
    del entity_set, sent
    values["CurrencyCode"] = values["CurrencyCode"].upper()
    values["Name"] = values["Name"] or currency_name(values["CurrencyCode"])
