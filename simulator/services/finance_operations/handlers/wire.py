"""What all handlers need of HTTP: bodies, metadata levels, response heads."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import orjson

from windtunnel.simulator.exchange import (
    Absent,
    Exchange,
    Request,
    Response,
    ServiceError,
    header_lines,
)
from windtunnel.simulator.kernel.json_bodies import BadJson, odata_json_of
from windtunnel.simulator.odata import ODataError
from windtunnel.simulator.services.finance_operations.errors import (
    BadBody,
    FinanceOperationsError,
    NotAcceptable,
    UnsupportedMedia,
    absent_body,
    in_our_words,
)
from windtunnel.simulator.services.finance_operations.model.plans import Plan, level_of

VERSION: Final = b"OData-Version: 4.0\r\n"
HEADS: Final = {
    level: f"content-type: application/json; odata.metadata={level}; charset=utf-8\r\n".encode()
    + VERSION
    for level in ("minimal", "full", "none")
}


def root_of(request: Request) -> str:
    """`https://host/data`."""
    return f"{request.base_url}/data"


def level_asked(exchange: Exchange, plan: Plan | None) -> str:
    """The metadata level: `$format` wins over Accept. Raises NotAcceptable."""
    if plan is not None and plan.level:
        return plan.level
    accept = exchange.request.headers.get(b"accept")
    if accept is None:
        return "minimal"
    level = _accepted(accept)
    if not level:
        raise NotAcceptable(media=accept.decode("latin-1"))
    return level


@lru_cache(maxsize=256)
def _accepted(accept: bytes) -> str:
    """The level of the first acceptable media type, or nothing."""
    for part in accept.decode("latin-1").split(","):
        media = part.strip().partition(";")[0].strip().lower()
        if media in {"*/*", "application/*", "application/json", ""}:
            options = part.strip().removeprefix(media)
            try:
                return level_of(f"application/json{options}") if options else "minimal"
            except ODataError:
                continue
    return ""


def json_response(
    status: int, body: Any, level: str = "minimal", headers: dict[str, str] | None = None
) -> Response:
    """An answer with an OData body."""
    head = HEADS[level]
    if headers:
        head += header_lines(headers)
    return Response(status, orjson.dumps(body), head)


def parameters_of(request: Request) -> dict[str, Any]:
    """The JSON object of an action's parameters; no body is an empty one. Raises as body_of."""
    return body_of(request) if request.body.strip() else {}


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises UnsupportedMedia or BadBody."""
    media = request.headers.get(b"content-type")
    if media is not None and not _is_json(media):
        raise UnsupportedMedia(media=media.decode("latin-1"))
    try:
        body = odata_json_of(request)
    except BadJson as error:
        reason = str(error) if request.body.strip() else "The request body is empty."
        raise BadBody(reason=reason) from error
    if not isinstance(body, dict):
        raise BadBody(
            reason="An unexpected node was found when reading from the JSON reader. A "
            "'StartObject' node was expected."
        )
    return body


@lru_cache(maxsize=256)
def _is_json(media: bytes) -> bool:
    kind = media.decode("latin-1").partition(";")[0].strip().lower()
    return kind in {"", "application/json", "text/json"}


def error_response(error: ServiceError) -> Response:
    """An error with its own body and headers; those of faults in this service's words."""
    if isinstance(error, Absent):
        head = HEADS["minimal"] + header_lines(error.headers)
        return Response(error.status, absent_body(error), head)
    ours = error if isinstance(error, FinanceOperationsError) else in_our_words(error)
    body = ours.body()
    head = _head_of(ours.media) if body else b""
    return Response(ours.status, body, head + header_lines(ours.headers))


@lru_cache(maxsize=16)
def _head_of(media: str) -> bytes:
    """The type of an error's body; what OData says carries its version too."""
    line = f"content-type: {media}\r\n".encode()
    return line + VERSION if "odata" in media else line


def page_size(request: Request, largest: int) -> tuple[int, dict[str, str]]:
    """Rows of a page, as `Prefer: odata.maxpagesize=n` asks, and the header that confirms it."""
    prefer = request.headers.get(b"prefer")
    if prefer is None:
        return largest, {}
    for part in prefer.decode("latin-1").replace(";", ",").split(","):
        name, _, value = part.strip().partition("=")
        if name.removeprefix("odata.") == "maxpagesize" and value.isdecimal():
            asked = int(value)
            if 0 < asked <= largest:
                return asked, {"Preference-Applied": f"odata.maxpagesize={asked}"}
    return largest, {}
