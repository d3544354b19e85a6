"""Entra ID: the tenant's clients and users, and the checks of the tokens it issues."""

from __future__ import annotations

import uuid
from functools import partial
from pathlib import Path

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.settings import ClientSettings, EntraSettings, UserSettings
from windtunnel.simulator.kernel.tokens import Claims, SigningKey, TokenCheck
from windtunnel.simulator.services.entra import Client, Entra, Tenant, User
from windtunnel.simulator.web.proxy.names import CloudNames
from windtunnel.simulator.web.wiring.ground import Ground

_NAMESPACE = uuid.UUID("6f1d0f3e-57a0-5d0b-9a61-d365d365d366")


def wire(ground: Ground) -> Entra:
    """The tenant of the settings."""
    settings = ground.settings.entra
    made = Entra(
        Tenant(settings.tenant_id, settings.domain),
        [_client(client) for client in settings.clients],
        [User(user_object_id(user), user.upn, user.name, user.password) for user in settings.users],
        key=SigningKey.kept_in(ground.folder),
        clock=ground.clock,
        ids=ground.ids.child("entra"),
        token_seconds=settings.token_seconds,
        lenient_resources=settings.lenient_resources,
    )
    made.resources.add_if(ground.cloud.is_cloud_resource)
    return made


def token_checks(ground: Ground, key: SigningKey) -> dict[str, TokenCheck]:
    """What each service that takes tokens asks of them."""
    entra, cloud = ground.settings.entra, ground.cloud
    static = _static_tokens(entra)
    checks = {
        name: TokenCheck(key, entra.tenant_id, ground.clock, static=static)
        for name in ("dataverse", "finance_operations", "blob")
    }
    checks["dataverse"].accept_if(partial(cloud.is_resource, "dataverse"))
    checks["blob"].accept_if(partial(cloud.is_resource, "blob"))
    checks["blob"].accept(["https://storage.azure.com", "https://storage.azure.com/"])
    checks["finance_operations"].accept_if(partial(_is_exact_environment, cloud))
    return checks


def _is_exact_environment(cloud: CloudNames, audience: str) -> bool:
    """Finance and operations takes its URL in lower case, without a slash, nothing else.

    Source: "Troubleshoot service authentication".
    """
    is_exact = audience == audience.lower().rstrip("/")
    return is_exact and cloud.is_resource("finance_operations", audience)


def _static_tokens(entra: EntraSettings) -> dict[str, Claims]:
    objects = {client.app_id: client_object_id(client) for client in entra.clients}
    return {
        token: Claims(app_id.lower(), objects.get(app_id, ""), entra.tenant_id)
        for token, app_id in entra.static_tokens.items()
    }


def id_of(kind: str, name: str) -> str:
    """The same id for the same name in every simulator."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}/{name.lower()}"))


def client_object_id(client: ClientSettings) -> str:
    """The object id of an application's service principal."""
    return client.object_id or id_of("service principal", client.app_id)


def user_object_id(user: UserSettings) -> str:
    """The object id of a person."""
    return user.object_id or id_of("user", user.upn)


def _client(settings: ClientSettings) -> Client:
    endless = float("inf")
    secrets = [(secret, endless) for secret in settings.secrets]
    secrets += [(secret, 0.0) for secret in settings.expired_secrets]
    return Client(
        app_id=settings.app_id.lower(),
        object_id=client_object_id(settings),
        secrets=tuple(secrets),
        certificates=tuple(_pem(path) for path in settings.certificates),
        name=settings.name,
        redirect_uris=settings.redirect_uris,
        multi_tenant=settings.multi_tenant,
    )


def _pem(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "is not a readable PEM file",
            where=str(path),
            remedy="Check entra.clients.certificates.",
        ) from error
