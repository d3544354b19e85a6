"""What lines of opportunities, quotes, orders and invoices cost, and what the documents come to.

Sources: the columns of these tables (baseamount, extendedamount, totallineitemamount, ...), those
of price list items (pricing method, rounding), `skippricecalculation`, and the organization's
`oobpricecalculationenabled`. Discount lists and taxes by rule are not there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from windtunnel.simulator.services.dataverse.model.tables import DataverseTable, Tables

LINES: Final = {
    "opportunity": ("opportunityproduct", "_opportunityid_value"),
    "quote": ("quotedetail", "_quoteid_value"),
    "salesorder": ("salesorderdetail", "_salesorderid_value"),
    "invoice": ("invoicedetail", "_invoiceid_value"),
}
"""Document to the table of its lines and their lookup."""
DOCUMENTS: Final = {line: (head, lookup) for head, (line, lookup) in LINES.items()}
LINE_SOURCES: Final = frozenset(
    {
        *("quantity", "priceperunit", "volumediscountamount", "manualdiscountamount", "tax"),
        *("_productid_value", "_uomid_value", "ispriceoverridden", "isproductoverridden"),
    }
)
"""Columns of a line that its amounts follow from."""
HEAD_SOURCES: Final = frozenset(
    {"discountamount", "discountpercentage", "freightamount", "isrevenuesystemcalculated"}
)
"""Columns of a document that its totals follow from, beside its lines."""
PRICE_LIST: Final = "_pricelevelid_value"
MOST_LINES: Final = 10_000
_SKIPS: Final = {"create": frozenset({1, 3}), "update": frozenset({2, 3})}
_NO_ERROR, _NO_PRICE_LIST, _NOT_IN_LIST = 0, 2, 11


def number(row: Mapping[str, Any], name: str) -> float:
    """An amount; nothing is 0."""
    return float(row.get(name) or 0)


def line_amounts(row: Mapping[str, Any]) -> dict[str, float]:
    """Amounts of one line from its price, discounts and tax."""
    price = number(row, "priceperunit") - number(row, "volumediscountamount")
    base = number(row, "quantity") * price
    extended = base - number(row, "manualdiscountamount") + number(row, "tax")
    return {"baseamount": round(base, 10), "extendedamount": round(extended, 10)}


def totals(head: Mapping[str, Any], lines: list[dict[str, Any]]) -> dict[str, float]:
    """Totals of a document over its lines."""
    tax = sum(number(line, "tax") for line in lines)
    items = sum(number(line, "extendedamount") for line in lines) - tax
    discount = number(head, "discountamount") + items * number(head, "discountpercentage") / 100
    less_freight = items - discount
    total = less_freight + number(head, "freightamount") + tax
    found = {
        "totallineitemamount": items,
        "totallineitemdiscountamount": sum(number(line, "manualdiscountamount") for line in lines),
        "totaldiscountamount": discount,
        "totalamountlessfreight": less_freight,
        "totaltax": tax,
        "totalamount": total,
    }
    if head.get("isrevenuesystemcalculated"):
        found["estimatedvalue"] = total
    return {name: round(value, 10) for name, value in found.items()}


def list_price(item: Mapping[str, Any], product: Mapping[str, Any]) -> float | None:
    """The price of a product by an item of a price list; None where something is missing."""
    method, share = item.get("pricingmethodcode") or 1, number(item, "percentage") / 100
    if method == 1:
        amount = item.get("amount")
        return None if amount is None else float(amount)
    basis = {2: "price", 3: "currentcost", 4: "currentcost", 5: "standardcost", 6: "standardcost"}
    cost = product.get(basis.get(method, ""))
    if cost is None:
        return None
    if method == 2:
        price = float(cost) * share
    elif method in {3, 5}:
        price = float(cost) * (1 + share)
    else:
        if share >= 1:
            return None
        price = float(cost) / (1 - share)
    return _rounded(price, item)


def _rounded(price: float, item: Mapping[str, Any]) -> float:
    """A price by the policy of the item: so that it ends in an amount, or is a multiple of it."""
    policy, amount = item.get("roundingpolicycode") or 1, number(item, "roundingoptionamount")
    if policy == 1 or amount <= 0:
        return round(price, 10)
    step, end = amount, 0.0
    if item.get("roundingoptioncode") == 1:
        step, end = 10.0 ** math.ceil(math.log10(amount) + 1e-9), amount
        step = max(step, 1.0)
    steps = round((price - end) / step, 9)
    whole = {2: math.ceil(steps), 3: math.floor(steps), 4: math.floor(steps + 0.5)}
    return round(whole.get(policy, steps) * step + end, 10)


class Prices:
    """Completes the amounts of lines from what the store has."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def is_on(self) -> bool:
        """Whether the organization leaves the calculation to the service."""
        found = self._tables.by_name["organization"].records.find({}, 1)
        return bool(found and found[0].get("oobpricecalculationenabled"))

    def complete_line(
        self, served: DataverseTable, values: dict[str, Any], current: Mapping[str, Any]
    ) -> None:
        """Set the price and the amounts of a line that is written."""
        whole = {**current, **values}
        moment = "update" if current else "create"
        if whole.get("skippricecalculation") in _SKIPS[moment] or not self.is_on():
            return
        head = self.head_of(served, whole)
        if not (head and head.get("ispricelocked")):
            self._set_price(served, values, whole, head or {})
        values.update(line_amounts({**whole, **values}))

    def head_of(self, served: DataverseTable, line: Mapping[str, Any]) -> dict[str, Any] | None:
        """The document of a line."""
        table, lookup = DOCUMENTS[served.name]
        return self._tables.by_name[table].records.get((line.get(lookup),))

    def _set_price(
        self,
        served: DataverseTable,
        values: dict[str, Any],
        whole: Mapping[str, Any],
        head: Mapping[str, Any],
    ) -> None:
        """The price of a product comes from the price list where nobody sets it."""
        product = whole.get("_productid_value")
        if whole.get("ispriceoverridden") or whole.get("isproductoverridden") or product is None:
            return
        listed = head.get(PRICE_LIST)
        item = self._item(listed, product, whole.get("_uomid_value")) if listed else None
        row = self._tables.by_name["product"].records.get((product,)) or {}
        price = list_price(item, row) if item else None
        error = _NO_ERROR
        if price is not None:
            values["priceperunit"] = price
        elif not listed:
            error = _NO_PRICE_LIST
        else:
            error = _NOT_IN_LIST
        if served.has("pricingerrorcode"):
            values["pricingerrorcode"] = error

    def _item(self, listed: str, product: str, unit: str | None) -> dict[str, Any] | None:
        wanted = {"_pricelevelid_value": listed, "_productid_value": product}
        if unit is not None:
            wanted["_uomid_value"] = unit
        found = self._tables.by_name["productpricelevel"].records.find(wanted, 1)
        return found[0] if found else None
