"""Resource principals, and the resource that scopes ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from windtunnel.simulator.services.entra.errors import (
    InvalidScope,
    NotDefaultScope,
    SeveralResources,
    UnknownResource,
)
from windtunnel.simulator.services.entra.model.directory import Client, Tenant

GRAPH = "https://graph.microsoft.com"
FINANCE_OPERATIONS = "00000015-0000-0000-c000-000000000000"
DATAVERSE = "00000007-0000-0000-c000-000000000000"
IDENTITY_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
STANDARD_RESOURCES = (
    FINANCE_OPERATIONS,
    DATAVERSE,
    "00000003-0000-0000-c000-000000000000",
    "api://AzureADTokenExchange",
    "https://database.windows.net",
    "https://eventgrid.azure.net",
    "https://eventhubs.azure.net",
    GRAPH,
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://monitor.azure.com",
    "https://servicebus.azure.net",
    "https://storage.azure.com",
    "https://vault.azure.net",
)
_WELL_FORMED = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?!/*$)[^\s\"'<>\\]+|[0-9a-fA-F-]{36}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for: the resource as it was spelled, its permissions, OIDC's scopes."""

    resource: str
    permissions: tuple[str, ...]
    identity: frozenset[str]


class Resources:
    """The resources tokens can be asked for, compared without case and trailing slashes."""

    def __init__(self, tenant: Tenant, clients: Iterable[Client], *, lenient: bool = False) -> None:
        self._tenant, self._lenient = tenant, lenient
        self._known: set[str] = set()
        self._is_known: Callable[[str], bool] = lambda _: False
        self.add(STANDARD_RESOURCES)
        for client in clients:
            self.add((client.app_id, f"api://{client.app_id}"))

    def add(self, names: Iterable[str]) -> None:
        """Make more resources known, such as the origins of this simulator."""
        self._known.update(_plain(name) for name in names)

    def add_if(self, is_known: Callable[[str], bool]) -> None:
        """Make those resources known too that `is_known` says yes to."""
        self._is_known = is_known

    def check(self, resource: str) -> None:
        """Raise UnknownResource unless the tenant has this resource."""
        if _plain(resource) in self._known or self._is_known(resource):
            return
        if not self._lenient or not _WELL_FORMED.fullmatch(resource):
            raise UnknownResource(resource=resource, tenant=self._tenant.domain)

    def for_application(self, scope: str) -> Asked:
        """Read the scope of a client credentials request: one `RESOURCE/.default`."""
        asked = self._asked(scope)
        parts = [part for part in scope.split() if part not in IDENTITY_SCOPES]
        if not parts or not all(part.endswith("/.default") for part in parts):
            raise NotDefaultScope(scope=scope)
        self._check_scope(asked.resource, scope)
        return asked

    def for_user(self, scope: str) -> Asked:
        """Read the scope of a delegated request; without a resource it means Microsoft Graph."""
        asked = self._asked(scope)
        self._check_scope(asked.resource, scope)
        return asked

    def _check_scope(self, resource: str, scope: str) -> None:
        plain = _plain(resource)
        if plain not in self._known and any(plain.startswith(f"{k}/") for k in self._known):
            raise InvalidScope(scope=scope)
        self.check(resource)

    def _asked(self, scope: str) -> Asked:
        found: dict[str, list[str]] = {}
        identity: set[str] = set()
        for part in scope.split():
            if part in IDENTITY_SCOPES:
                identity.add(part)
                continue
            resource, slash, permission = part.rpartition("/")
            if not slash:
                resource = GRAPH
            if not permission or not _WELL_FORMED.fullmatch(resource):
                raise InvalidScope(scope=scope)
            found.setdefault(resource, []).append(permission)
        if len({_plain(resource) for resource in found}) > 1:
            raise SeveralResources(scope=scope)
        resource = next(iter(found), GRAPH)
        permissions = tuple(p for names in found.values() for p in names)
        return Asked(resource, permissions, frozenset(identity))


def _plain(resource: str) -> str:
    return resource.lower().rstrip("/")
