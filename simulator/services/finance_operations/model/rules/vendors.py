"""Vendors and pending vendor invoices. Source: "Import data for vendor invoices"."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.kernel.clock import iso_text
from windtunnel.simulator.services.finance_operations.model.entity_set import (
    EMPTY_DATE,
    EntitySet,
)
from windtunnel.simulator.services.finance_operations.model.refusals import (
    Refusal,
)
from windtunnel.simulator.services.finance_operations.model.rules.entity_rules import (
    EntityRules,
    Sent,
    Surroundings,
    address_in,
    copy,
)
from windtunnel.simulator.services.finance_operations.model.rules.parties import (
    Parties,
    PartyColumns,
)

_VENDOR: Final = PartyColumns(
    kind="VendorPartyType",
    name="VendorOrganizationName",
    search_name="VendorSearchName",
    known_as="VendorKnownAsName",
    terms="DefaultPaymentTermsName",
    group="VendorGroupId",
    groups="VendorGroups",
    group_terms="DefaultPaymentTermName",
    dimensions="DefaultLedgerDimensionDisplayValue",
    address=address_in("FormattedPrimaryAddress", "Address", "StateId"),
)
_FROM_VENDOR: Final = {
    "VendorName": "VendorOrganizationName",
    "Currency": "CurrencyCode",
    "TermsOfPayment": "DefaultPaymentTermsName",
    "MethodOfPayment": "DefaultVendorPaymentMethodName",
    "SalesTaxGroup": "SalesTaxGroupCode",
}
_FROM_HEADER: Final = {
    "InvoiceAccount": "InvoiceAccount",
    "VendorAccount": "VendorAccount",
    "Currency": "Currency",
    "SalesTaxGroup": "SalesTaxGroup",
    "PurchaseOrder": "PurchaseOrderNumber",
}
_FROM_ITEM: Final = {"ItemName": "ProductSearchName", "Unit": "PurchaseUnitSymbol"}
_STOCKED: Final = Refusal(
    ("Warning: The item's inventory model policy must be not stocked.",),
    "ItemNumber",
    is_validation=True,
)


class VendorRules:
    """Vendors, their groups, invoices that wait for approval and posting."""

    def __init__(self, around: Surroundings) -> None:
        self._around, self._parties = around, Parties(around, _VENDOR)

    def rules(self) -> Mapping[str, EntityRules]:
        """By entity set."""
        return {
            "VendorsV2": EntityRules(
                default=self._default,
                modified=_VENDOR.address.follow,
                check=self._parties.check,
            ),
            "VendorInvoiceHeaders": EntityRules(
                default=self._default_invoice, check=self._check_invoice
            ),
            "VendorInvoiceLines": EntityRules(
                default=self._default_line, modified=_modified_line, check=self._check_line
            ),
        }

    def _default(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        self._parties.default(entity_set, values, sent)
        values["CurrencyCode"] = values["CurrencyCode"] or self._around.currency(values[COMPANY])

    # -- invoices -----------------------------------------------------------------------------

    def _default_invoice(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        del entity_set
        company = values[COMPANY]
        values["VendorAccount"] = values["VendorAccount"] or values["InvoiceAccount"]
        names = tuple(_FROM_VENDOR.values())
        vendor = self._around.row("VendorsV2", company, values["InvoiceAccount"], names)
        if vendor is not None:
            copy(vendor, values, sent, _FROM_VENDOR)
        for name in ("InvoiceDate", "Date"):
            if name not in sent:
                values[name] = self._around.today()
        if "DueDate" not in sent:
            terms = self._around.row(
                "PaymentTerms", company, values["TermsOfPayment"], ("NumberOfDays",)
            )
            values["DueDate"] = later(values["InvoiceDate"], terms["NumberOfDays"] if terms else 0)

    def _check_invoice(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        return self._around.check_dimensions(entity_set, values, "DimensionDisplayValue")

    def _default_line(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        del entity_set
        company = values[COMPANY]
        names = tuple(_FROM_HEADER.values())
        header = self._around.row("VendorInvoiceHeaders", company, values["HeaderReference"], names)
        if header is not None:
            copy(header, values, sent, _FROM_HEADER)
        names = tuple(_FROM_ITEM.values())
        item = self._around.row("ReleasedProductsV2", company, values["ItemNumber"], names)
        if item is not None:
            copy(item, values, sent, _FROM_ITEM)
        values["LineNumber"] = values["LineNumber"] or values["InvoiceLineNumber"]
        values["PriceUnit"] = values["PriceUnit"] or 1
        _calculate(values, sent)

    def _check_line(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        company, item = values[COMPANY], values["ItemNumber"]
        if item and not values["PurchaseOrder"] and self._around.is_stocked(company, item):
            return _STOCKED
        refusal = self._check_invoice(entity_set, values)
        name = "MainAccountDisplayValue"
        if refusal is None and values[name]:
            account, dimensions = values[name], self._around.dimensions
            refusal = dimensions.check_account(entity_set, name, account, company)
        return refusal


def _modified_line(entity_set: EntitySet, values: Values, changed: Sent) -> None:
    del entity_set
    if not {"ReceiveNow", "UnitPrice", "PriceUnit", "Discount", "DiscountPercent"}.isdisjoint(
        changed
    ):
        _calculate(values, changed)


def _calculate(values: Values, sent: Sent) -> None:
    price = values["UnitPrice"] / (values["PriceUnit"] or 1) - values["Discount"]
    net = values["ReceiveNow"] * price * (1 - values["DiscountPercent"] / 100)
    values["NetAmount"] = round(net, 2)
    if "Amount" not in sent:
        values["Amount"] = values["NetAmount"]


def later(date: str, days: int) -> str:
    """A stored date some days on; the empty date and the end of time stay."""
    if date == EMPTY_DATE:
        return date
    try:
        moment = datetime.fromisoformat(date) + timedelta(days=days)
    except OverflowError:
        return date
    return iso_text(moment.replace(hour=12, minute=0, second=0, microsecond=0))
