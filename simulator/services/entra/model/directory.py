"""What is registered in a tenant: applications and people; and how they are found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from windtunnel.simulator.services.entra.errors import UnknownClient, UnknownTenant, UnknownUser

MANY_TENANTS = frozenset({"common", "organizations"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Tenant:
    """A directory: its GUID and its first domain name."""

    id: str
    domain: str


class Secret(NamedTuple):
    """A client secret and the moment (seconds since 1970) from which it is expired."""

    value: str
    expires: float = float("inf")


@dataclass(frozen=True, slots=True)
class FederatedCredential:
    """Whose assertions stand for the client: workload identity federation."""

    issuer: str
    subject: str
    audience: str = "api://AzureADTokenExchange"


@dataclass(frozen=True, slots=True)
class Client:
    """An app registration with its service principal (`object_id`).

    `certificates` are PEM texts. An application without any credential is public; one with
    credentials takes part in flows without them only with `allow_public_flows`.
    `assigned_users` (names or object ids) None: everybody.
    """

    app_id: str
    object_id: str
    secrets: tuple[tuple[str, float], ...] = ()
    certificates: tuple[str, ...] = ()
    name: str = ""
    redirect_uris: tuple[str, ...] = ()
    federated: tuple[FederatedCredential, ...] = ()
    multi_tenant: bool = False
    allow_public_flows: bool = False
    needs_consent: bool = False
    assigned_users: tuple[str, ...] | None = None

    @property
    def is_public(self) -> bool:
        """Whether it may act without a credential."""
        return self.allow_public_flows or not (self.secrets or self.certificates or self.federated)

    def takes_redirect(self, uri: str) -> bool:
        """Whether answers may go there; the port of a loopback address does not count.

        Source: "Redirect URI (reply URL) outline and restrictions", localhost exceptions.
        """
        return any(uri == known or _same_loopback(uri, known) for known in self.redirect_uris)

    def admits(self, user: User) -> bool:
        """Whether the user is assigned."""
        names = self.assigned_users
        return names is None or user.upn in names or user.object_id in names


@dataclass(frozen=True, slots=True)
class User:
    """A person. Without a password every password is right."""

    object_id: str
    upn: str
    name: str = ""
    password: str | None = None


FIRST_PARTY = tuple(
    Client(
        app_id,
        app_id,
        name=name,
        redirect_uris=("http://localhost", "http://127.0.0.1", "app://" + app_id),
        multi_tenant=True,
    )
    for app_id, name in (
        ("04b07795-8ddb-461a-bbee-02f9e1bf7b46", "Microsoft Azure CLI"),
        ("1950a258-227b-4e31-a9cf-717495945fc2", "Microsoft Azure PowerShell"),
        ("2ad88395-b77d-4561-9441-d0e40824f9bc", "Dynamics 365 PowerShell"),
        ("51f81489-12ee-4a9e-aaae-a2591f45987d", "Dynamics 365 Example Client Application"),
    )
)
"""Public clients that are in every tenant.

Source: "Control client app access to environments" (Power Platform) names those of Dynamics 365.
"""


class Directory:
    """Finds tenants, clients and users by what requests call them."""

    def __init__(self, tenant: Tenant, clients: Iterable[Client], users: Iterable[User]) -> None:
        """Ids and names are compared without regard to case."""
        self.tenant = tenant
        self.clients = tuple(clients)
        self.users = tuple(users)
        self._clients = {c.app_id.lower(): c for c in (*FIRST_PARTY, *self.clients)}
        self._users = {u.upn.lower(): u for u in self.users}
        self._users |= {u.object_id.lower(): u for u in self.users}

    def check_tenant(self, segment: str) -> None:
        """Raise UnknownTenant unless a path segment names this tenant, or any tenant."""
        name = segment.lower()
        if name not in MANY_TENANTS and name not in {
            self.tenant.id.lower(),
            self.tenant.domain.lower(),
        }:
            raise UnknownTenant(tenant=segment)

    def client(self, app_id: str) -> Client:
        """The application, or UnknownClient."""
        found = self._clients.get(app_id.lower())
        if found is None:
            raise UnknownClient(client_id=app_id, tenant=self.tenant.domain)
        return found

    def user(self, name: str) -> User:
        """The person by user principal name or object id, or UnknownUser."""
        found = self._users.get(name.lower())
        if found is None:
            raise UnknownUser(user=name, tenant=self.tenant.domain)
        return found


def _same_loopback(uri: str, known: str) -> bool:
    try:
        here, there = urlsplit(uri), urlsplit(known)
    except ValueError:
        return False
    return (
        here.scheme == there.scheme == "http"
        and here.hostname == there.hostname
        and here.hostname in _LOOPBACK
        and here.path.rstrip("/") == there.path.rstrip("/")
    )
