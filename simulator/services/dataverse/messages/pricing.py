"""What sales documents come to: their lines, then their totals.

Source: "CalculatePrice Action". How it is done is in `model.prices`.
"""

from __future__ import annotations

from typing import Final

from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.references import reference, reference_in
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.model.prices import LINES
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE, DataverseTable


def _calculate(call: Call, served: DataverseTable, key: str) -> None:
    if served.name not in LINES:
        raise errors.InvalidArgument(
            problem=f"Prices are of opportunities, quotes, orders and invoices, not of "
            f"'{served.name}'."
        )
    call.there.security.check(served, key, "Write")
    call.there.totals.calculate(served, key, call.caller.user_id)


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
