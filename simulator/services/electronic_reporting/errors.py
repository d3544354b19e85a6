"""What the routes of electronic reporting may refuse."""

from __future__ import annotations

from windtunnel.simulator.exchange import ServiceError


class BadRequest(ServiceError):
    """The body does not say what is needed."""

    status = 400
    code = "bad_request"
    text = "{problem}"


class NotThere(ServiceError):
    """A named thing is not there."""

    status = 404
    code = "not_found"
    text = "There is no {kind} {name!r}."
