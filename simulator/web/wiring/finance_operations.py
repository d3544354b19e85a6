"""Finance and operations: its imported entities, and the throttling priorities of its callers."""

from __future__ import annotations

from windtunnel.contracts.limits import FINANCE_OPERATIONS_COSTS, Priority
from windtunnel.simulator.kernel.settings import EntraSettings
from windtunnel.simulator.kernel.tokens import TokenCheck
from windtunnel.simulator.services.finance_operations.imports import read_imports
from windtunnel.simulator.services.finance_operations.service import FinanceOperations
from windtunnel.simulator.web.wiring.ground import Ground


def wire(ground: Ground, check: TokenCheck) -> FinanceOperations:
    """The environment, seeded."""
    settings = ground.settings
    clients = settings.entra.clients
    made = FinanceOperations(
        ground.store,
        ground.changes,
        ground.clock,
        ground.ids.child("finance_operations service"),
        check=check.bearer,
        settings=settings.finance_operations,
        applications={c.app_id.lower(): c.finance_operations_user for c in clients},
        priorities=_priorities(settings.entra),
        limits=ground.limits,
        costs=ground.costs.get("finance_operations", FINANCE_OPERATIONS_COSTS),
        timers=ground.timers,
        imports=read_imports(settings.finance_operations.schemas, ground.folder),
    )
    made.seed(sample_data=settings.simulator.sample_data)
    return made


def _priorities(entra: EntraSettings) -> dict[str, Priority]:
    """The throttling priority mapping."""
    found = {c.app_id.lower(): Priority(c.priority) for c in entra.clients if c.priority}
    return found | {u.upn.lower(): Priority(u.priority) for u in entra.users if u.priority}
