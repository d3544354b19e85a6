"""What sales documents come to: their lines, then their totals.

Sources: "CalculatePrice Action", "GetDefaultPriceLevel Function". How prices are worked out is in
`model.prices`.
"""

from __future__ import annotations

from itertools import permutations
from typing import Final

from windtunnel.simulator.odata.tree import Query
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.references import reference, reference_in
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.model.prices import LINES
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE, DataverseTable
from windtunnel.simulator.services.dataverse.replies import base_of


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


def _default_price_level(call: Call) -> Answer:
    """The price lists of the caller's territory, connected with it; none without a territory."""
    if call.arguments["EntityName"] not in LINES:
        raise errors.InvalidArgument(
            problem=f"'{call.arguments['EntityName']}' has no default price list."
        )
    there, lists = call.there, call.bound
    users = there.tables.by_name["systemuser"].records
    territory = (users.get((call.caller.user_id,)) or {}).get("_territoryid_value")
    connections = there.tables.by_name["connection"].records
    keys: dict[str, None] = {}
    ends = ("_record1id_value", "_record2id_value") if territory else ()
    for one, two in permutations(ends, 2):
        for row in connections.find({one: territory, "statecode": 0}, 1000):
            keys[str(row[two])] = None
    active = [key for key in keys if (lists.records.get((key,)) or {}).get("statecode") == 0]
    records = [there.reads.record(lists, key, Query()) for key in active]
    return {
        "@odata.context": f"{base_of(call.exchange)}$metadata#{lists.entity_set}",
        "value": [found[1] for found in records if found is not None],
    }


HANDLERS: Final[dict[str, Handler]] = {
    "CalculatePrice": _calculate_price,
    "RecalculatePrice": _recalculate_price,
    "GetQuantityDecimal": _quantity_decimal,
    "GetDefaultPriceLevel": _default_price_level,
}
