"""Tokens for machines: the instance metadata service and App Service."""

from __future__ import annotations

import re
from collections.abc import Mapping

from windtunnel.simulator.exchange import Exchange, Request, Response
from windtunnel.simulator.services.entra import errors as e
from windtunnel.simulator.services.entra.handlers.wire import (
    read_fields,
    reply,
)
from windtunnel.simulator.services.entra.model import Entra
from windtunnel.simulator.services.entra.model.issuing import Issued

_IMDS_VERSIONS = re.compile(r"20(1[89]|[2-9]\d)-\d\d-\d\d(-preview)?")


def metadata_token(exchange: Exchange, entra: Entra) -> Response:
    """A token from the instance metadata service of a virtual machine: its numbers are strings."""
    request = exchange.request
    fields = _query(request)
    if request.header("metadata").lower() != "true":
        raise e.NoMetadataHeader()
    version = fields.get("api-version", "")
    if not _IMDS_VERSIONS.fullmatch(version):
        raise e.NoApiVersion(version=version)
    issued = entra.managed_identity_token(fields.get("resource", ""), _identity(fields))
    return reply(
        {
            **_managed(issued),
            "expires_in": str(issued.expires_in),
            "ext_expires_in": str(issued.expires_in),
            "not_before": str(issued.not_before),
        }
    )


def app_service_token(exchange: Exchange, entra: Entra) -> Response:
    """A token from the identity endpoint of App Service and Functions (IDENTITY_ENDPOINT)."""
    request = exchange.request
    fields = _query(request)
    expected = entra.identity_header
    if not expected or request.header("x-identity-header") != expected:
        raise e.WrongIdentityHeader()
    version = fields.get("api-version", "")
    if version != "2019-08-01":
        raise e.NoApiVersion(version=version)
    return reply(
        _managed(entra.managed_identity_token(fields.get("resource", ""), _identity(fields)))
    )


def _managed(issued: Issued) -> dict[str, str]:
    return {
        "access_token": issued.access_token,
        "client_id": issued.client_id,
        "expires_on": str(issued.expires_on),
        "resource": issued.resource,
        "token_type": "Bearer",
    }


def _query(request: Request) -> dict[str, str]:
    try:
        return read_fields(request.query)
    except e.EntraError as error:
        problem = e.ManagedIdentityError()
        problem.text = error.message
        raise problem from error


def _identity(fields: Mapping[str, str]) -> str:
    names = ("client_id", "object_id", "principal_id", "mi_res_id", "msi_res_id")
    found = next((fields[name] for name in names if fields.get(name)), "")
    return found.rpartition("/")[2]
