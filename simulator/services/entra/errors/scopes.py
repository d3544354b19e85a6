"""Errors about resources and scopes."""

from __future__ import annotations

from windtunnel.simulator.services.entra.errors.entra_error import EntraError


class InvalidScope(EntraError):
    """The scope is malformed, or names a resource with a path behind it, such as `/data`."""

    code = "invalid_scope"
    number = 70011
    text = (
        "The provided request must include a 'scope' input parameter. The provided value for the "
        "input parameter 'scope' is not valid. The scope {scope} is not valid."
    )


class NotDefaultScope(EntraError):
    """Client credentials take `RESOURCE/.default` and nothing else."""

    code = "invalid_scope"
    number = 1002012
    text = (
        "The provided value for scope {scope} is not valid. Client credential flows must have a "
        "scope value with /.default suffixed to the resource identifier (application ID URI)."
    )


class SeveralResources(EntraError):
    """The scopes belong to more than one resource."""

    code = "invalid_scope"
    number = 28000
    text = (
        "Provided value for the input parameter scope is not valid because it contains more than "
        "one resource. Scope {scope} is not valid."
    )


class UnknownResource(EntraError):
    """No resource of this name is in the tenant: often the URL of another environment."""

    code = "invalid_resource"
    number = 500011
    text = (
        "The resource principal named {resource} was not found in the tenant named {tenant}. This "
        "can happen if the application has not been installed by the administrator of the tenant "
        "or consented to by any user in the tenant. You might have sent your authentication "
        "request to the wrong tenant."
    )
