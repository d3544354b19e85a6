"""Documents that tell a client where it is: discovery, keys, user realm, error pages."""

from __future__ import annotations

from typing import Any

from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.kernel.tokens import issuer_of
from windtunnel.simulator.services.entra import errors as e
from windtunnel.simulator.services.entra import pages
from windtunnel.simulator.services.entra.handlers.wire import (
    KEEP_A_DAY,
    PAGE_HEAD,
    read_fields,
    reply,
)
from windtunnel.simulator.services.entra.model import Entra
from windtunnel.simulator.services.entra.model.directory import MANY_TENANTS
from windtunnel.simulator.services.entra.model.grants import GRANTS

_CLOUD = (
    "login.microsoftonline.com",
    "login.windows.net",
    "login.microsoft.com",
    "sts.windows.net",
)
"""The names of the public cloud's authority: that of the network, that of caches, the others."""


def openid_configuration(exchange: Exchange, entra: Entra, tenant: str) -> Response:
    """The discovery document of version 2.0."""
    return reply(_discovery(exchange, entra, tenant, 2), head=KEEP_A_DAY)


def openid_configuration_v1(exchange: Exchange, entra: Entra, tenant: str) -> Response:
    """The discovery document of version 1.0."""
    return reply(_discovery(exchange, entra, tenant, 1), head=KEEP_A_DAY)


def _discovery(exchange: Exchange, entra: Entra, tenant: str, version: int) -> dict[str, Any]:
    try:
        entra.directory.check_tenant(tenant)
    except e.UnknownTenant as error:
        raise e.UnknownTenantInDiscovery(tenant=tenant) from error
    base = exchange.request.base_url
    many = tenant.lower() in MANY_TENANTS
    issued_for = "{tenantid}" if many else entra.tenant.id
    root = f"{base}/{tenant.lower() if many else entra.tenant.id}"
    path, keys = ("/v2.0", "/discovery/v2.0/keys") if version == 2 else ("", "/discovery/keys")
    oauth = f"{root}/oauth2{path}"
    issuer = f"{base}/{issued_for}/v2.0" if version == 2 else issuer_of(issued_for)
    return {
        "token_endpoint": f"{oauth}/token",
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "private_key_jwt",
            "client_secret_basic",
        ],
        "jwks_uri": root + keys,
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "grant_types_supported": sorted(GRANTS.keys() - {"device_code"}),
        "issuer": issuer,
        "request_uri_parameter_supported": False,
        "authorization_endpoint": f"{oauth}/authorize",
        "device_authorization_endpoint": f"{oauth}/devicecode",
        "code_challenge_methods_supported": ["plain", "S256"],
        "http_logout_supported": True,
        "end_session_endpoint": f"{oauth}/logout",
        "claims_supported": [
            *("sub", "iss", "aud", "exp", "iat", "acr", "nonce", "preferred_username"),
            *("name", "tid", "ver", "upn", "oid"),
        ],
        "tenant_region_scope": None if many else "NA",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
    }


def signing_keys(exchange: Exchange, entra: Entra, tenant: str) -> Response:
    """The public keys that validate tokens."""
    del exchange
    try:
        entra.directory.check_tenant(tenant)
    except e.UnknownTenant as error:
        raise e.UnknownTenantInDiscovery(tenant=tenant) from error
    return reply(entra.key.jwks(), head=KEEP_A_DAY)


def instance_discovery(exchange: Exchange, entra: Entra) -> Response:
    """Tells a client that this authority is a real one, and where its tenant is described."""
    del entra
    request = exchange.request
    asked = read_fields(request.query).get("authorization_endpoint", "")
    if not asked:
        raise e.MissingParameter(name="authorization_endpoint")
    tenant = asked.partition("://")[2].split("/")[1:2] or ["common"]
    host = request.header("host", "localhost")
    network, cache = _CLOUD[:2] if host.lower() in _CLOUD else (host, host)
    return reply(
        {
            "tenant_discovery_endpoint": f"{request.base_url}/{tenant[0] or 'common'}"
            "/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [
                {
                    "preferred_network": network,
                    "preferred_cache": cache,
                    "aliases": sorted({*_CLOUD, host.lower()}),
                }
            ],
        },
        head=KEEP_A_DAY,
    )


def user_realm(exchange: Exchange, entra: Entra, name: str) -> Response:
    """Where a user signs in: always here, never at a federated server."""
    del exchange
    return reply(
        {
            "ver": "1.0",
            "account_type": "Managed",
            "domain_name": name.partition("@")[2] or entra.tenant.domain,
            "cloud_instance_name": "microsoftonline.com",
            "cloud_audience_urn": "urn:federation:MicrosoftOnline",
        }
    )


def error_page(exchange: Exchange, entra: Entra) -> Response:
    """What an AADSTS number means: the page that `error_uri` names."""
    del entra
    code = read_fields(exchange.request.query).get("code", "")
    for known in BY_NUMBER.values():
        if str(known.number) == code:
            meaning = (known.__doc__ or "").partition("\n")[0]
            body = pages.message(f"AADSTS{code}", f"{meaning} {known.text}")
            return Response(200, body, PAGE_HEAD)
    return Response(404, pages.message("Unknown code", "There is no such error here."), PAGE_HEAD)


def _tree(root: type[e.EntraError]) -> dict[int, type[e.EntraError]]:
    found: dict[int, type[e.EntraError]] = {}
    for child in root.__subclasses__():
        found.setdefault(child.number, child)
    return found


BY_NUMBER = _tree(e.EntraError)
"""Errors by AADSTS number."""
