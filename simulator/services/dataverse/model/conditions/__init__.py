"""Condition operators: one table behind FetchXML, query functions in `$filter`, and SQL."""

from windtunnel.simulator.services.dataverse.model.conditions.operators import (
    BY_FETCH_NAME,
    BY_FUNCTION_NAME,
    Operator,
)
from windtunnel.simulator.services.dataverse.model.conditions.shapes import (
    BadOperand,
    Settings,
    Subject,
)

__all__ = [
    "BY_FETCH_NAME",
    "BY_FUNCTION_NAME",
    "BadOperand",
    "Operator",
    "Settings",
    "Subject",
]
