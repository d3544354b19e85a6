"""What the routes of business events may refuse."""

from __future__ import annotations

from windtunnel.simulator.exchange import ServiceError


class BadRequest(ServiceError):
    """The body does not say what is needed, or asks for what is not possible."""

    status = 400
    code = "bad_request"
    text = "{problem}"


class NotThere(ServiceError):
    """A named thing is not there."""

    status = 404
    code = "not_found"
    text = "There is no {kind} {name!r}."


class TooManyEndpoints(ServiceError):
    """The event has all the endpoints it may have for a company."""

    status = 409
    code = "too_many_endpoints"
    text = (
        "The business event {event} has reached the limit of {limit} configured endpoints for "
        "legal entity '{company}'."
    )
