"""What the routes of business events may refuse."""

from __future__ import annotations

from windtunnel.simulator.exchange import ServiceError


class BadRequest(ServiceError):
    """The body or a parameter does not say what is needed, or asks for what is not possible."""

    status = 400
    code = "bad_request"
    text = "{problem}"


class NotThere(ServiceError):
    """A named thing is not there."""

    status = 404
    code = "not_found"
    text = "There is no {kind} {name!r}."


class AlreadyThere(ServiceError):
    """A thing of this name is there and cannot be replaced."""

    status = 409
    code = "conflict"
    text = "There is a {kind} {name!r} already."


class TooManyEndpoints(ServiceError):
    """The event has all the endpoints it may have for a company."""

    status = 409
    code = "too_many_endpoints"
    text = (
        "Unable to configure the business event because it has reached the limit of {limit} "
        "configured endpoints"
    )
