"""Reads forms and queries, writes JSON answers and the text of errors."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import orjson

from windtunnel.simulator.exchange import Exchange, Request, Response
from windtunnel.simulator.kernel.clock import iso_seconds
from windtunnel.simulator.services.entra import errors as e
from windtunnel.simulator.services.entra.model import Entra

FORM_BYTES = 262_144
_FIELDS = 100
_FORM = "application/x-www-form-urlencoded"
_JSON_HEAD = b"content-type: application/json; charset=utf-8\r\n"
NO_STORE = b"cache-control: no-store, no-cache\r\npragma: no-cache\r\n"
KEEP_A_DAY = b"cache-control: max-age=86400, private\r\n"
PAGE_HEAD = b"content-type: text/html; charset=utf-8\r\ncache-control: no-store\r\n"


def reply(value: Any, status: int = 200, head: bytes = NO_STORE) -> Response:
    """A JSON answer."""
    return Response(status, orjson.dumps(value), _JSON_HEAD + head)


def read_fields(text: str) -> dict[str, str]:
    """Names and values of a query or form; raises the errors of the real service."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS, errors="strict")
    except ValueError as error:
        raise e.MalformedRequest() from error
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            raise e.DuplicateParameter(name=name)
        fields[name] = value
    return fields


def read_form(request: Request) -> dict[str, str]:
    """The form of a request; another content type has no fields."""
    if len(request.body) > FORM_BYTES:
        raise e.RequestTooLarge(size=len(request.body), limit=FORM_BYTES)
    kind = request.header("content-type", _FORM).partition(";")[0].strip().lower()
    if kind != _FORM:
        return {}
    try:
        return read_fields(request.body.decode("utf-8").strip())
    except UnicodeDecodeError as error:
        raise e.MalformedRequest() from error


def described(error: e.EntraError, exchange: Exchange, entra: Entra) -> str:
    """An error's text as Entra ID writes it, with the ids that its support asks for."""
    moment = timestamp(entra)
    return (
        f"AADSTS{error.number}: {error.message} Trace ID: {exchange.request_id} "
        f"Correlation ID: {exchange.correlation_id} Timestamp: {moment}"
    )


def timestamp(entra: Entra) -> str:
    """The present moment as errors write it."""
    return iso_seconds(entra.now()).replace("T", " ")
