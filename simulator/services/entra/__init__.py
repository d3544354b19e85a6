"""Microsoft Entra ID: discovery, keys, tokens by every grant integrations use, managed identity.

One tenant. Left out: SAML, WS-Federation, Conditional Access, B2C, access tokens of version 2.0,
revocation, `consumers`. Pages: learn.microsoft.com, "Microsoft identity platform and OAuth 2.0
client credentials flow" and its siblings; "Microsoft Entra authentication and authorization error
codes".
"""

from windtunnel.simulator.services.entra.model import (
    Client,
    Entra,
    FederatedCredential,
    Secret,
    Tenant,
    User,
)
from windtunnel.simulator.services.entra.service import EntraService

__all__ = ["Client", "Entra", "EntraService", "FederatedCredential", "Secret", "Tenant", "User"]
