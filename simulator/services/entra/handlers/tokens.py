"""The token endpoints of versions 1.0 and 2.0."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import unquote_plus

from windtunnel.simulator.exchange import Exchange, Request, Response
from windtunnel.simulator.services.entra import errors as e
from windtunnel.simulator.services.entra.handlers.wire import (
    read_form,
    reply,
)
from windtunnel.simulator.services.entra.model import Entra, TokenRequest


def issue_token(exchange: Exchange, entra: Entra, tenant: str) -> Response:
    """The token endpoint of version 2.0."""
    issued = entra.token(_token_request(exchange.request, tenant, 2))
    body: dict[str, Any] = {
        "token_type": "Bearer",
        "scope": issued.scope,
        "expires_in": issued.expires_in,
        "ext_expires_in": issued.expires_in,
        "access_token": issued.access_token,
        "refresh_token": issued.refresh_token,
        "id_token": issued.id_token,
        "client_info": issued.client_info,
    }
    return reply({name: value for name, value in body.items() if value != ""})


def issue_token_v1(exchange: Exchange, entra: Entra, tenant: str) -> Response:
    """The token endpoint of version 1.0: its numbers are strings."""
    issued = entra.token(_token_request(exchange.request, tenant, 1))
    body = {
        "token_type": "Bearer",
        "scope": issued.scope,
        "expires_in": str(issued.expires_in),
        "ext_expires_in": str(issued.expires_in),
        "expires_on": str(issued.expires_on),
        "not_before": str(issued.not_before),
        "resource": issued.resource,
        "access_token": issued.access_token,
        "refresh_token": issued.refresh_token,
        "id_token": issued.id_token,
        "client_info": issued.client_info,
    }
    return reply({name: value for name, value in body.items() if value})


def _token_request(request: Request, tenant: str, version: int) -> TokenRequest:
    form = read_form(request)
    scheme, _, value = request.header("authorization").partition(" ")
    if scheme.lower() == "basic" and "client_secret" not in form:
        form |= _basic(value)
    return TokenRequest(tenant, version, form, request.base_url)


def _basic(value: str) -> dict[str, str]:
    """Client id and secret from a Basic header. Source: RFC 6749, section 2.3.1."""
    try:
        name, colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise e.MalformedRequest() from error
    if not colon:
        raise e.MalformedRequest()
    return {"client_id": unquote_plus(name), "client_secret": unquote_plus(secret)}
