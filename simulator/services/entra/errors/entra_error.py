"""What all errors of the token service have in common."""

from __future__ import annotations

from windtunnel.simulator.exchange import ServiceError


class EntraError(ServiceError):
    """An answer of the token service: `code` is OAuth's `error`, `number` the AADSTS number."""

    status = 400
    code = "invalid_request"
    number = 0
