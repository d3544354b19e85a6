"""Finance and operations: `/data`, `/metadata` and custom services of one environment.

Source: "Open Data Protocol (OData)", "Custom services", Microsoft Learn, data entities.
"""

from windtunnel.simulator.services.finance_operations.service import FinanceOperations

__all__ = ["FinanceOperations"]
