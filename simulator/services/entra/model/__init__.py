"""The behaviour of Entra ID and its data: no HTTP, no JSON, no clock of its own."""

from windtunnel.simulator.services.entra.model.directory import (
    Client,
    FederatedCredential,
    Secret,
    Tenant,
    User,
)
from windtunnel.simulator.services.entra.model.grants import Entra, TokenRequest

__all__ = ["Client", "Entra", "FederatedCredential", "Secret", "Tenant", "TokenRequest", "User"]
