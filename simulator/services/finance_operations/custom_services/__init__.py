"""Custom services of finance and operations, as JSON and as SOAP.

Sources: "Custom services", Microsoft Learn; the service descriptions in Microsoft's integration
samples.
"""

from windtunnel.simulator.services.finance_operations.custom_services.registry import (
    CustomServices,
)

__all__ = ["CustomServices"]
