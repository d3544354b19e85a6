"""Every error of the control API."""

from __future__ import annotations

from windtunnel.simulator.exchange import ServiceError


class NoSuchRoute(ServiceError):
    """The path is not one of the control API."""

    status = 404
    code = "not_found"
    text = "There is no {path} here. GET /_windtunnel/openapi.json lists what there is."


class WrongMethod(ServiceError):
    """The path is there, the method is not."""

    status = 405
    code = "method_not_allowed"
    text = "{path} takes {allowed}, not {method}."


class BadBody(ServiceError):
    """The body is not the JSON that the operation takes."""

    status = 400
    code = "bad_body"
    text = "{problem}"


class BadParameter(ServiceError):
    """A query parameter has a wrong value."""

    status = 400
    code = "bad_parameter"
    text = "{name}={value}: {problem}"


class NotFound(ServiceError):
    """A named thing is not there."""

    status = 404
    code = "not_found"
    text = "There is no {kind} {name!r}."
