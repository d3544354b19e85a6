"""Endpoints of Entra ID and of managed identities: method, path, handler. Nothing else."""

from __future__ import annotations

from windtunnel.simulator.exchange import Route
from windtunnel.simulator.services.entra.handlers import (
    discovery,
    managed_identity,
    sign_in,
    tokens,
)

ROUTES = [
    Route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", discovery.openid_configuration),
    Route("GET", "/{tenant}/.well-known/openid-configuration", discovery.openid_configuration_v1),
    Route("GET", "/{tenant}/discovery/v2.0/keys", discovery.signing_keys),
    Route("GET", "/{tenant}/discovery/keys", discovery.signing_keys),
    Route("GET", "/common/discovery/instance", discovery.instance_discovery),
    Route("GET", "/common/userrealm/{name}", discovery.user_realm),
    Route("POST", "/{tenant}/oauth2/v2.0/token", tokens.issue_token),
    Route("POST", "/{tenant}/oauth2/token", tokens.issue_token_v1),
    Route("POST", "/{tenant}/oauth2/v2.0/devicecode", sign_in.device_code),
    Route("POST", "/{tenant}/oauth2/devicecode", sign_in.device_code_v1),
    Route("GET", "/devicelogin", sign_in.device_page),
    Route("POST", "/devicelogin", sign_in.device_sign_in),
    Route("GET", "/{tenant}/oauth2/v2.0/authorize", sign_in.authorize),
    Route("POST", "/{tenant}/oauth2/v2.0/authorize", sign_in.authorize),
    Route("GET", "/{tenant}/oauth2/authorize", sign_in.authorize_v1),
    Route("POST", "/{tenant}/oauth2/authorize", sign_in.authorize_v1),
    Route("GET", "/{tenant}/oauth2/v2.0/logout", sign_in.sign_out),
    Route("GET", "/{tenant}/oauth2/logout", sign_in.sign_out),
    Route("GET", "/metadata/identity/oauth2/token", managed_identity.metadata_token),
    Route("GET", "/msi/token", managed_identity.app_service_token),
    Route("GET", "/error", discovery.error_page),
]
