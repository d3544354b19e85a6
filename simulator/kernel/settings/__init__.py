"""Settings of a simulator: `windtunnel.toml`, then `WINDTUNNEL_...` variables, then flags.

Unknown keys are refused with the line they stand in. Everything has a default: with no file at all
the demo set runs (tenant contoso, companies usmf, usrt, demf, gbsi, one registered client).
"""

from windtunnel.simulator.kernel.settings.blob import (
    DEMO_ACCOUNT,
    DEMO_ACCOUNT_KEY,
    BlobAccountSettings,
    BlobSettings,
)
from windtunnel.simulator.kernel.settings.business_events import (
    BusinessEventsSettings,
    EndpointSettings,
)
from windtunnel.simulator.kernel.settings.data_management import (
    CompositeLineSettings,
    CompositeSettings,
    DataManagementSettings,
    EntityPaceSettings,
    ExportFilterSettings,
    RecurringEntitySettings,
    RecurringJobSettings,
    SourceFormatSettings,
)
from windtunnel.simulator.kernel.settings.dataverse import (
    ApiParameterSettings,
    CustomApiSettings,
    DataverseSettings,
)
from windtunnel.simulator.kernel.settings.electronic_reporting import (
    ElectronicReportingSettings,
    ErDestinationSettings,
    ErFormatSettings,
    ErSourceSettings,
)
from windtunnel.simulator.kernel.settings.entra import (
    DEMO_CLIENT,
    DEMO_SECRET,
    DEMO_TENANT,
    ClientSettings,
    EntraSettings,
    UserSettings,
)
from windtunnel.simulator.kernel.settings.finance_operations import (
    ActionParameterSettings,
    ActionSettings,
    CustomServiceSettings,
    DataContractSettings,
    FinanceOperationsSettings,
    FinanceOperationsUserSettings,
    ServiceMemberSettings,
    ServiceOperationSettings,
)
from windtunnel.simulator.kernel.settings.invoice_capture import (
    CaptureChannelSettings,
    InvoiceCaptureSettings,
)
from windtunnel.simulator.kernel.settings.limits import LimitSettings
from windtunnel.simulator.kernel.settings.process import (
    JournalSettings,
    ProxySettings,
    SimulatorSettings,
    WebSettings,
)
from windtunnel.simulator.kernel.settings.reading import load
from windtunnel.simulator.kernel.settings.section import Guid, ThrottlingPriority, Work
from windtunnel.simulator.kernel.settings.whole import Settings

__all__ = [
    "DEMO_ACCOUNT",
    "DEMO_ACCOUNT_KEY",
    "DEMO_CLIENT",
    "DEMO_SECRET",
    "DEMO_TENANT",
    "ActionParameterSettings",
    "ActionSettings",
    "ApiParameterSettings",
    "BlobAccountSettings",
    "BlobSettings",
    "BusinessEventsSettings",
    "CaptureChannelSettings",
    "ClientSettings",
    "CompositeLineSettings",
    "CompositeSettings",
    "CustomApiSettings",
    "CustomServiceSettings",
    "DataContractSettings",
    "DataManagementSettings",
    "DataverseSettings",
    "ElectronicReportingSettings",
    "EndpointSettings",
    "EntityPaceSettings",
    "EntraSettings",
    "ErDestinationSettings",
    "ErFormatSettings",
    "ErSourceSettings",
    "ExportFilterSettings",
    "FinanceOperationsSettings",
    "FinanceOperationsUserSettings",
    "Guid",
    "InvoiceCaptureSettings",
    "JournalSettings",
    "LimitSettings",
    "ProxySettings",
    "RecurringEntitySettings",
    "RecurringJobSettings",
    "ServiceMemberSettings",
    "ServiceOperationSettings",
    "Settings",
    "SimulatorSettings",
    "SourceFormatSettings",
    "ThrottlingPriority",
    "UserSettings",
    "WebSettings",
    "Work",
    "load",
]
