"""Seeds of autonumber columns. Source: "Create autonumber columns"."""

from __future__ import annotations

from typing import Final

from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.model import numbering


def _column(call: Call) -> tuple[str, str]:
    """The table and the autonumber column that a call names. Raises InvalidArgument."""
    table, name = call.arguments["EntityName"].lower(), call.arguments["AttributeName"].lower()
    served = call.there.tables.by_name.get(table)
    column = None if served is None else served.definition.columns.get(name)
    if column is None or not numbering.format_of(table, column):
        raise errors.InvalidArgument(
            problem=f"The attribute '{name}' of entity '{table}' is not an autonumber attribute."
        )
    return table, name


def _set_seed(call: Call) -> Answer:
    table, name = _column(call)
    seed = call.arguments["Value"]
    if seed < 0:
        raise errors.InvalidArgument(problem="The seed value must not be negative.")
    call.there.numbers.set_seed(table, name, seed)
    return None


def _seed(call: Call) -> Answer:
    return {"AutoNumberSeedValue": call.there.numbers.seed(*_column(call))}


def _next(call: Call) -> Answer:
    return {"NextAutoNumberValue": call.there.numbers.next(*_column(call))}


HANDLERS: Final[dict[str, Handler]] = {
    "SetAutoNumberSeed": _set_seed,
    "GetAutoNumberSeed": _seed,
    "GetNextAutoNumberValue": _next,
}
