"""Finance and operations: the OData service `/data` of one environment with several companies.

Source: "Open Data Protocol (OData)", Microsoft Learn, data entities. Left out so far: actions,
`/metadata`, custom services.
"""

from windtunnel.simulator.services.finance_operations.service import FinanceOperations

__all__ = ["FinanceOperations"]
