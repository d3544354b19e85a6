"""Errors of requests that cannot be read or that no endpoint takes."""

from __future__ import annotations

from windtunnel.simulator.services.entra.errors.entra_error import EntraError


class MissingParameter(EntraError):
    """A form field is absent or empty; also a body that is not form-urlencoded."""

    number = 900144
    text = "The request body must contain the following parameter: '{name}'."


class DuplicateParameter(EntraError):
    """A form field comes twice."""

    number = 9000411
    text = "The request is not properly formatted. The parameter '{name}' is duplicated."


class MalformedRequest(EntraError):
    """The form cannot be read."""

    number = 9002313
    text = "Invalid request. Request is malformed or invalid."


class RequestTooLarge(EntraError):
    """The body is larger than the token endpoint reads."""

    status = 413
    number = 90015
    text = "The request is too long: {size} bytes, at most {limit} are read."


class OnlyPost(EntraError):
    """A token was asked for with another method."""

    status = 405
    number = 900561
    text = "The endpoint only accepts {allowed} requests. Received a {method} request."


class NoSuchEndpoint(EntraError):
    """The path is none of this service."""

    status = 404
    number = 90043
    text = "There is no endpoint {path} here."


class UnsupportedGrant(EntraError):
    """The grant_type is unknown."""

    code = "unsupported_grant_type"
    number = 70003
    text = "The app requested an unsupported grant type '{grant}'."


class UnsupportedResponseType(EntraError):
    """The authorize endpoint was asked for another response type than `code`."""

    code = "unsupported_response_type"
    number = 700051
    text = "response_type '{response_type}' is not enabled for the application."
