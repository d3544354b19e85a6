"""The first content of an environment: what every organisation has, and sample records."""

from windtunnel.simulator.services.dataverse.seed.seed import seed

__all__ = ["seed"]
