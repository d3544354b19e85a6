"""Errors of the managed identity endpoints, which have a shape of their own."""

from __future__ import annotations

from windtunnel.simulator.exchange import ServiceError


class ManagedIdentityError(ServiceError):
    """An answer of the managed identity endpoints, which carry no AADSTS number."""

    status = 400
    code = "invalid_request"


class NoMetadataHeader(ManagedIdentityError):
    """The `Metadata: true` header is absent; it keeps forwarded requests out."""

    text = "Required metadata header not specified"


class NoApiVersion(ManagedIdentityError):
    """api-version is absent or unknown."""

    code = "bad_request_102"
    text = "Required api-version parameter not specified or not supported: '{version}'"


class NoAudience(ManagedIdentityError):
    """The resource is absent."""

    code = "bad_request_102"
    text = "Required audience parameter not specified"


class NoSuchIdentity(ManagedIdentityError):
    """No identity with this client id, object id or resource id is assigned."""

    text = "Identity not found"


class WrongIdentityHeader(ManagedIdentityError):
    """App Service: X-IDENTITY-HEADER is not the secret of this host."""

    status = 401
    code = "unauthorized"
    text = "The X-IDENTITY-HEADER is absent or wrong."


class BadResource(ManagedIdentityError):
    """The resource is not known in the tenant."""

    code = "invalid_resource"
    text = "AADSTS500011: The resource principal named {resource} was not found in the tenant."
