"""What the services allow: a row per limit, and meters that count against it. No clock, no I/O."""

from __future__ import annotations

from typing import Final

from windtunnel.contracts.limits import (
    data_management,
    dataverse,
    finance_operations,
    messaging,
)
from windtunnel.contracts.limits.block import Block
from windtunnel.contracts.limits.callers import Caller
from windtunnel.contracts.limits.costs import (
    COSTS,
    DATAVERSE_COSTS,
    FINANCE_OPERATIONS_COSTS,
    Cost,
    CostModel,
)
from windtunnel.contracts.limits.rate_limit import RateLimit
from windtunnel.contracts.limits.releases import (
    ThrottlingRules,
    throttling_rules,
    with_user_limits,
)
from windtunnel.contracts.limits.resource_throttle import (
    Priority,
    ResourceRules,
    ResourceThrottle,
    WorkBeside,
)
from windtunnel.contracts.limits.service_protection import ProtectionRules, ServiceProtection
from windtunnel.contracts.limits.sliding_window import CountWindow, SumWindow
from windtunnel.contracts.limits.table import Confidence, Limit, Limits, UnknownLimit
from windtunnel.contracts.limits.verdict import ADMITTED, Admitted, Refused, Verdict

LIMITS: Final = Limits(
    (*dataverse.ROWS, *finance_operations.ROWS, *data_management.ROWS, *messaging.ROWS)
)

__all__ = [
    "ADMITTED",
    "COSTS",
    "DATAVERSE_COSTS",
    "FINANCE_OPERATIONS_COSTS",
    "LIMITS",
    "Admitted",
    "Block",
    "Caller",
    "Confidence",
    "Cost",
    "CostModel",
    "CountWindow",
    "Limit",
    "Limits",
    "Priority",
    "ProtectionRules",
    "RateLimit",
    "Refused",
    "ResourceRules",
    "ResourceThrottle",
    "ServiceProtection",
    "SumWindow",
    "ThrottlingRules",
    "UnknownLimit",
    "Verdict",
    "WorkBeside",
    "throttling_rules",
    "with_user_limits",
]
