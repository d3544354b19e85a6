"""Sample records of four companies: one seed, one set.

US-001, US-101, US-108, D0001, the sites, warehouse 21, group 10, order 000002 and the accounts of
usmf are those of Microsoft's demo data as far as public sources show them; everything else is made
up.
"""

from windtunnel.simulator.services.finance_operations.model.seed.seed import seed_rows

__all__ = ["seed_rows"]
