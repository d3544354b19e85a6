"""Table definitions as the Web API answers and changes them."""

from windtunnel.simulator.services.dataverse.model.metadata.addresses import SETS, Metadata

__all__ = ["SETS", "Metadata"]
