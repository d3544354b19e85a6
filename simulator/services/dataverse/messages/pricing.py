"""What sales documents come to: their lines, then their totals.

Source: "CalculatePrice Action" and the columns of opportunity, quote, order and invoice. Prices are
those of the lines; discount lists and taxes by rule are not there.
"""

from __future__ import annotations

from typing import Any, Final

from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.references import reference, reference_in
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE, DataverseTable

LINES: Final = {
    "opportunity": ("opportunityproduct", "_opportunityid_value"),
    "quote": ("quotedetail", "_quoteid_value"),
    "salesorder": ("salesorderdetail", "_salesorderid_value"),
    "invoice": ("invoicedetail", "_invoiceid_value"),
}
_MOST_LINES: Final = 10_000


def _number(row: dict[str, Any], name: str) -> float:
    return float(row.get(name) or 0)


def _line(row: dict[str, Any]) -> dict[str, Any]:
    """Amounts of one line."""
    quantity = _number(row, "quantity")
    base = round(quantity * _number(row, "priceperunit"), 10)
    volume = quantity * _number(row, "volumediscountamount")
    less = _number(row, "manualdiscountamount") + volume
    extended = round(base - less + _number(row, "tax"), 10)
    return {"baseamount": base, "extendedamount": extended}


def _totals(row: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Totals of a document over its lines."""
    items = sum(line["extendedamount"] - _number(line, "tax") for line in lines)
    on_lines = sum(
        _number(line, "manualdiscountamount")
        + _number(line, "quantity") * _number(line, "volumediscountamount")
        for line in lines
    )
    discount = _number(row, "discountamount") + items * _number(row, "discountpercentage") / 100
    tax = sum(_number(line, "tax") for line in lines)
    less_freight = items - discount
    total = less_freight + _number(row, "freightamount") + tax
    found = {
        "totallineitemamount": items,
        "totallineitemdiscountamount": on_lines,
        "totaldiscountamount": discount + on_lines,
        "totalamountlessfreight": less_freight,
        "totaltax": tax,
        "totalamount": total,
    }
    if row.get("isrevenuesystemcalculated"):
        found["estimatedvalue"] = total
    return {name: round(value, 10) for name, value in found.items()}


def _calculate(call: Call, served: DataverseTable, key: str) -> None:
    if served.name not in LINES:
        raise errors.InvalidArgument(
            problem=f"Prices are of opportunities, quotes, orders and invoices, not of "
            f"'{served.name}'."
        )
    table, column = LINES[served.name]
    details = call.there.tables.by_name[table]
    rows = details.records.find({column: key}, _MOST_LINES)
    lines = []
    for row in rows:
        amounts = _line(row)
        changed = {name: value for name, value in amounts.items() if row.get(name) != value}
        if changed:
            call.there.writes.change(details, str(row[details.primary_id]), changed, call.caller)
        lines.append({**row, **amounts})
    head = served.records.get((key,)) or {}
    totals = {n: v for n, v in _totals(head, lines).items() if served.has(n) and head.get(n) != v}
    if totals:
        call.there.writes.change(served, key, totals, call.caller)


def _calculate_price(call: Call) -> Answer:
    _calculate(call, *reference(call, "Target"))
    return None


def _recalculate_price(call: Call) -> Answer:
    name, key = call.arguments["entityLogicalName"], str(call.arguments["entityId"])
    served = call.there.tables.by_name.get(name)
    if served is None:
        raise errors.TableNotFound(name=name)
    value = {"@odata.type": f"{NAMESPACE}{name}", served.primary_id: key}
    _calculate(call, *reference_in(call, "entityId", value))
    return None


def _quantity_decimal(call: Call) -> Answer:
    product, key = reference(call, "Product")
    reference(call, "UoM")
    row = product.records.get((key,)) or {}
    return {"Quantity": int(row.get("quantitydecimal") or 0)}


HANDLERS: Final[dict[str, Handler]] = {
    "CalculatePrice": _calculate_price,
    "RecalculatePrice": _recalculate_price,
    "GetQuantityDecimal": _quantity_decimal,
}
