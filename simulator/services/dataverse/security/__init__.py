"""Who may do what: roles, business units, teams, shares, secured columns, impersonation."""

from windtunnel.simulator.services.dataverse.security.access import Access, Reach
from windtunnel.simulator.services.dataverse.security.security import Security

__all__ = ["Access", "Reach", "Security"]
