"""Errors that are answered only when a fault names them."""

from __future__ import annotations

from windtunnel.simulator.services.entra.errors.entra_error import EntraError


class Transient(EntraError):
    """The service is busy; only by a fault with this code."""

    status = 503
    code = "temporarily_unavailable"
    number = 90033
    text = "A transient error has occurred. Please try again."


class RequestLoop(EntraError):
    """A client asks the same thing over and over; only by a fault with this code."""

    code = "invalid_grant"
    number = 50196
    text = (
        "The server terminated an operation because it encountered a client request loop. Please "
        "contact your app vendor."
    )


class TenantThrottled(EntraError):
    """Too many requests of the tenant; only by a fault with this code or of status 429."""

    status = 429
    code = "temporarily_unavailable"
    number = 90055
    text = "Too many requests were sent from this tenant. Please try again later."
