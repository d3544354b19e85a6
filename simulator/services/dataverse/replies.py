"""Answers of the Web API: fixed header lines, ids that count up, contexts, errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from windtunnel.simulator.exchange import Exchange, Response, ServiceError, header_lines
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.services.dataverse import errors, protocol
from windtunnel.simulator.services.dataverse.model.annotations import asks_for

ROOT = re.compile(r"/api/data/(v9\.[0-2])(?:/|\Z)")
_ROOT_LENGTH = len("/api/data/v9.2")

_COMMON = (
    b"Cache-Control: no-cache\r\nAllow: OPTIONS,GET,HEAD,POST\r\nExpires: -1\r\n"
    b"Vary: Accept-Encoding\r\nCRM.ServiceId: framework\r\nOData-Version: 4.0\r\n"
    b"Public: OPTIONS,GET,HEAD,POST\r\n"
    b"Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n"
)
_JSON = b"Content-Type: application/json; odata.metadata=minimal\r\n" + _COMMON
_XML = b"Content-Type: application/xml\r\n" + _COMMON
_BINARY = b"Content-Type: application/octet-stream\r\n" + _COMMON
_TEXT = b"Content-Type: text/plain\r\n" + _COMMON
DETAILS = "Microsoft.PowerApps.CDS."
_HELP = (
    "http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a{code}"
    "&client=platform"
)
_FIRST = 0x1000_0000_0000
"""The number in the first id: all have twelve digits, so that none needs filling up."""


class Replies:
    """Makes answers; request ids are unique and follow from the seed."""

    def __init__(self, ids: Ids) -> None:
        self._prefix = ids.uuid()[:24]
        self._number = _FIRST

    def new_id(self) -> str:
        """A GUID that was not given out before."""
        self._number += 1
        return f"{self._prefix}{self._number:x}"

    def _ids_head(self, exchange: Exchange) -> bytes:
        number = self._number = self._number + 2
        first, second = f"{self._prefix}{number - 1:x}", f"{self._prefix}{number:x}"
        exchange.request_id = second
        headers = exchange.request.headers
        correlation = headers.get(b"x-ms-client-request-id")
        if correlation is not None:
            exchange.correlation_id = correlation.decode("latin-1")
        head = (
            f"x-ms-service-request-id: {first}\r\nx-ms-service-request-id: {second}\r\n"
            f"REQ_ID: {second}\r\nAuthActivityId: {first}\r\n"
        ).encode()
        if b"origin" in headers:
            return head + protocol.cors_head(exchange.request)
        return head

    def json(
        self, exchange: Exchange, body: bytes, status: int = 200, more: bytes = b""
    ) -> Response:
        """A JSON answer of finished bytes; `more` are further header lines."""
        return Response(status, body, _JSON, self._ids_head(exchange), more)

    def object(
        self, exchange: Exchange, value: dict[str, Any], status: int = 200, more: bytes = b""
    ) -> Response:
        """A JSON answer."""
        return self.json(exchange, orjson.dumps(value), status, more)

    def xml(self, exchange: Exchange, body: bytes, more: bytes = b"") -> Response:
        """An XML answer."""
        return Response(200, body, _XML, self._ids_head(exchange), more)

    def binary(
        self,
        exchange: Exchange,
        body: bytes | Iterator[bytes],
        more: bytes = b"",
        status: int = 200,
    ) -> Response:
        """The bytes of a file."""
        return Response(status, body, _BINARY, self._ids_head(exchange), more)

    def picture(self, exchange: Exchange, body: bytes, mime: str) -> Response:
        """An image outside the Web API."""
        return Response(
            200, body, f"Content-Type: {mime}\r\n".encode(), _COMMON, self._ids_head(exchange)
        )

    def text(self, exchange: Exchange, body: bytes) -> Response:
        """Plain text behind a byte order mark, as `/$count` answers."""
        return Response(200, b"\xef\xbb\xbf" + body, _TEXT, self._ids_head(exchange))

    def empty(self, exchange: Exchange, more: bytes = b"", status: int = 204) -> Response:
        """No content."""
        return Response(status, b"", _COMMON, self._ids_head(exchange), more)

    def error(self, error: ServiceError, exchange: Exchange) -> Response:
        """`{"error": {"code", "message"}}`, with details where the client asked for them."""
        head = header_lines(error.headers) if error.headers else b""
        if error.status == 401:
            return Response(401, b"", _COMMON, self._ids_head(exchange), head)
        inner: dict[str, Any] = {"code": error.code, "message": error.message}
        wanted = preference(exchange, "odata.include-annotations")
        if wanted:
            known = {
                f"{DETAILS}ErrorDetails.OperationStatus": "0",
                f"{DETAILS}ErrorDetails.SubErrorCode": "0",
                f"{DETAILS}HelpLink": _HELP.format(code=error.code.removeprefix("0x")),
                f"{DETAILS}InnerError.Message": error.message,
                **(error.details if isinstance(error, errors.DataverseError) else {}),
            }
            inner |= {f"@{name}": text for name, text in known.items() if asks_for(wanted, name)}
        return self.object(exchange, {"error": inner}, error.status, head)


def base_of(exchange: Exchange) -> str:
    """`https://host/api/data/v9.2/` as the client addressed it."""
    request = exchange.request
    return f"{request.base_url}{request.path[:_ROOT_LENGTH]}/"


def preference(exchange: Exchange, name: str) -> str:
    """The value of one preference of the Prefer header, without quotes; `` when absent."""
    if b"prefer" not in exchange.request.headers:
        return ""
    text = exchange.request.header("prefer")
    if name not in text:
        return ""
    found = re.search(rf"{re.escape(name)}\s*=\s*(?:\"([^\"]*)\"|([^,;\s]+))", text)
    if found is None:
        return "true" if re.search(rf"(?:^|,)\s*{re.escape(name)}\s*(?:,|$)", text) else ""
    return found[1] if found[1] is not None else found[2]


def page_size(exchange: Exchange) -> int:
    """The preferred page size, 0 when none is given. Raises QueryError for what is no number."""
    size = preference(exchange, "odata.maxpagesize")
    if not size:
        return 0
    if not (size.isascii() and size.isdigit()) or len(size) > 9:
        raise errors.QueryError(problem=f"The odata.maxpagesize '{size}' is not a number.")
    return int(size)
