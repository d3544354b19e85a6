"""How long one operation runs on the server: the model behind the execution-time limit.

Microsoft publishes no such figures. Ours are round numbers for a mid-size environment; change them
to what you measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from windtunnel.contracts.limits.table import UnknownLimit


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of execution: `base` a request and `row` for each row that it reads or writes."""

    base: float
    row: float = 0.0

    def seconds(self, rows: int = 1) -> float:
        """Execution time of one request."""
        return self.base + self.row * rows


@dataclass(frozen=True, slots=True)
class CostModel:
    """Costs of one service by operation; an operation without its own line costs as `other`."""

    service: str
    costs: Mapping[str, Cost]

    def seconds(self, operation: str, rows: int = 1) -> float:
        """Execution time in seconds of one request of an operation that touches so many rows."""
        cost = self.costs.get(operation)
        if cost is None:
            cost = self.costs["other"]
        return cost.base + cost.row * rows

    def batch_seconds(self, parts: Iterable[float]) -> float:
        """Execution time of a batch: its own overhead and the sum of its parts."""
        return self.costs["batch"].base + sum(parts)

    def override(
        self, operation: str, *, base: float | None = None, row: float | None = None
    ) -> CostModel:
        """The same model with other numbers for one operation; UnknownLimit or ValueError."""
        cost = self.costs.get(operation)
        if cost is None:
            raise UnknownLimit(operation, self.costs)
        if (base is not None and base < 0) or (row is not None and row < 0):
            raise ValueError(f"the cost of {operation} must be 0 or more")
        changed = replace(
            cost,
            base=cost.base if base is None else base,
            row=cost.row if row is None else row,
        )
        return replace(self, costs=MappingProxyType({**self.costs, operation: changed}))


DATAVERSE_COSTS: Final = CostModel(
    "dataverse",
    MappingProxyType(
        {
            "retrieve": Cost(0.015),
            "list": Cost(0.030, 0.0002),
            "count": Cost(0.030),
            "create": Cost(0.060),
            "update": Cost(0.060),
            "upsert": Cost(0.070),
            "delete": Cost(0.050),
            "associate": Cost(0.050),
            "batch": Cost(0.010),
            "create_multiple": Cost(0.040, 0.010),
            "update_multiple": Cost(0.040, 0.012),
            "upsert_multiple": Cost(0.040, 0.015),
            "delete_multiple": Cost(0.040, 0.008),
            "fetchxml": Cost(0.040, 0.0002),
            "track_changes": Cost(0.040, 0.0002),
            "search": Cost(0.080),
            "function": Cost(0.030),
            "action": Cost(0.100),
            "metadata": Cost(0.200),
            "other": Cost(0.050),
        }
    ),
)

FINANCE_OPERATIONS_COSTS: Final = CostModel(
    "finance_operations",
    MappingProxyType(
        {
            "retrieve": Cost(0.040),
            "list": Cost(0.080, 0.0005),
            "count": Cost(0.080),
            "create": Cost(0.250),
            "update": Cost(0.200),
            "upsert": Cost(0.250),
            "delete": Cost(0.150),
            "batch": Cost(0.050),
            "action": Cost(0.300),
            "custom_service": Cost(0.200),
            "import_package": Cost(5.0),
            "metadata": Cost(1.5),
            "other": Cost(0.200),
        }
    ),
)

COSTS: Final[Mapping[str, CostModel]] = MappingProxyType(
    {model.service: model for model in (DATAVERSE_COSTS, FINANCE_OPERATIONS_COSTS)}
)
