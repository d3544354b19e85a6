"""All of `windtunnel.toml`."""

from __future__ import annotations

from pydantic import Field

from windtunnel.simulator.kernel.settings.blob import BlobSettings
from windtunnel.simulator.kernel.settings.business_events import BusinessEventsSettings
from windtunnel.simulator.kernel.settings.data_management import DataManagementSettings
from windtunnel.simulator.kernel.settings.dataverse import DataverseSettings
from windtunnel.simulator.kernel.settings.electronic_reporting import ElectronicReportingSettings
from windtunnel.simulator.kernel.settings.entra import EntraSettings
from windtunnel.simulator.kernel.settings.finance_operations import FinanceOperationsSettings
from windtunnel.simulator.kernel.settings.invoice_capture import InvoiceCaptureSettings
from windtunnel.simulator.kernel.settings.limits import LimitId, LimitSettings
from windtunnel.simulator.kernel.settings.process import (
    JournalSettings,
    ProxySettings,
    SimulatorSettings,
    WebSettings,
)
from windtunnel.simulator.kernel.settings.section import Section


class Settings(Section):
    """All of `windtunnel.toml`."""

    simulator: SimulatorSettings = SimulatorSettings()
    web: WebSettings = WebSettings()
    journal: JournalSettings = JournalSettings()
    entra: EntraSettings = EntraSettings()
    dataverse: DataverseSettings = DataverseSettings()
    finance_operations: FinanceOperationsSettings = FinanceOperationsSettings()
    business_events: BusinessEventsSettings = BusinessEventsSettings()
    blob: BlobSettings = BlobSettings()

    electronic_reporting: ElectronicReportingSettings = ElectronicReportingSettings()
    invoice_capture: InvoiceCaptureSettings = InvoiceCaptureSettings()
    data_management: DataManagementSettings = DataManagementSettings()
    proxy: ProxySettings = ProxySettings()
    limits: dict[LimitId, LimitSettings] = Field(default_factory=dict)
