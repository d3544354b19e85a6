"""Every error Entra ID can answer here, one class each, in a module a subject.

EntraError
├── requests: MissingParameter, DuplicateParameter, MalformedRequest, UnsupportedGrant, ...
├── clients: UnknownTenant, UnknownClient, SingleTenantClient, WrongSecret, WrongRedirect, ...
├── assertions: UnknownCertificate, AssertionOutOfTime, ReplayedAssertion, ...
├── scopes: InvalidScope, NotDefaultScope, UnknownResource, SeveralResources
├── grants: UnknownUser, WrongPassword, ConsentRequired, RedeemedCode, AuthorizationPending, ...
└── transient: Transient, RequestLoop, TenantThrottled
ManagedIdentityError
└── managed_identity: NoMetadataHeader, NoApiVersion, NoSuchIdentity, ...

Sources: learn.microsoft.com, "Microsoft Entra authentication and authorization error codes",
"Managed identities: use an access token on a virtual machine". Status and `error` of most are
unconfirmed: seen in public samples or inferred from OAuth 2.0 (RFC 6749, section 5.2).
"""

from windtunnel.simulator.services.entra.errors.assertions import *
from windtunnel.simulator.services.entra.errors.clients import *
from windtunnel.simulator.services.entra.errors.entra_error import *
from windtunnel.simulator.services.entra.errors.grants import *
from windtunnel.simulator.services.entra.errors.managed_identity import *
from windtunnel.simulator.services.entra.errors.requests import *
from windtunnel.simulator.services.entra.errors.scopes import *
from windtunnel.simulator.services.entra.errors.transient import *
