"""Electronic reporting: its folder, and the entities that it reads and writes."""

from __future__ import annotations

from pathlib import Path

from windtunnel.simulator.services.electronic_reporting import ElectronicReporting
from windtunnel.simulator.services.finance_operations.model.whole_sets import WholeSets
from windtunnel.simulator.services.finance_operations.service import FinanceOperations
from windtunnel.simulator.web.wiring.ground import Ground


def wire(ground: Ground, finance_operations: FinanceOperations) -> ElectronicReporting:
    """The formats and sources of the settings."""
    settings = ground.settings.electronic_reporting
    made = ElectronicReporting(
        ground.store,
        ground.clock,
        ground.jobs,
        ground.ids.child("electronic reporting"),
        settings,
        WholeSets(finance_operations.environment, "Admin"),
        settings.folder or Path.cwd() / ".windtunnel" / "electronic-reporting",
    )
    made.prepare()
    return made
