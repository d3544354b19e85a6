"""Blob Storage as the web assembly sees it: addresses, versions, operations, bodies of errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl

from windtunnel.simulator.exchange import (
    Absent,
    Exchange,
    Request,
    Response,
    ServiceError,
    header_lines,
)
from windtunnel.simulator.kernel.clock import Clock, iso_seconds
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.settings import BlobSettings
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.tokens import Claims
from windtunnel.simulator.services.blob import errors as e
from windtunnel.simulator.services.blob import routes
from windtunnel.simulator.services.blob.access import BlobAccess
from windtunnel.simulator.services.blob.authorization.authorizer import Authorizer
from windtunnel.simulator.services.blob.authorization.sources import Sources
from windtunnel.simulator.services.blob.documents import error_body
from windtunnel.simulator.services.blob.handlers.wire import ABSENT_HEADERS, Call
from windtunnel.simulator.services.blob.model.whole import BlobModel
from windtunnel.simulator.services.blob.names import HOST_SUFFIX, read_address

OLDEST_VERSION = "2009-09-19"
_VERSION = re.compile(r"20\d\d-[01]\d-[0-3]\d")
_SERVER = "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0"


class BlobService:
    """The accounts of one simulator."""

    name = "blob"

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ids: Ids,
        settings: BlobSettings,
        *,
        folder: Path | None,
        challenge: Callable[[], str],
        is_ours: Callable[[str], bool],
        check: Callable[[bytes], Claims],
    ) -> None:
        """`folder` keeps contents, a temporary one without; see Authorizer and Sources."""
        self.model = BlobModel(store, clock, ids.child("blob"), folder)
        self.accounts = {account.name: account.keys for account in settings.accounts}
        self.authorizer = Authorizer(self.accounts, self.model.shelf, clock, challenge, check)
        self.sources = Sources(self.authorizer, is_ours)
        self._clock, self._ids = clock, ids.child("blob requests")

    # -- life ---------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Create the tables."""
        self.model.shelf.create()

    def keep(self) -> None:
        """The content of the store is remembered: what it refers to stays."""
        self.model.shelf.keep()

    def forget(self) -> None:
        """The store was reset."""
        self.model.shelf.forget()

    def close(self) -> None:
        """Remove what is temporary."""
        self.model.contents.close()

    def access(self, origin: Callable[[], str]) -> BlobAccess:
        """The first account, for other services of the house."""
        account, keys = next(iter(self.accounts.items()))
        return BlobAccess(
            account,
            keys[0],
            self.model.blobs,
            self.model.containers,
            self.sources,
            self._clock,
            origin,
        )

    # -- the way of a request -----------------------------------------------------------------

    def handle(self, exchange: Exchange) -> Response:
        """Answer a request, or raise a ServiceError."""
        return self._handle(exchange, "")

    def _handle(self, exchange: Exchange, version: str) -> Response:
        request = exchange.request
        parameters = _parameters(request.query)
        version = _version(request, parameters, version)
        restype, comp = parameters.get("restype", "").lower(), parameters.get("comp", "").lower()
        address = read_address(
            request.header("host"), request.path, is_container=restype == "container"
        )
        from_url = bool(request.header("x-ms-copy-source"))
        is_typed = bool(request.header("x-ms-blob-type"))
        operation = routes.find(
            request.method, address.level, restype, comp, from_url=from_url, is_typed=is_typed
        )
        if operation is None:
            raise _no_operation(request.method, restype, comp)
        _refuse_absent(request)
        exchange.operation = operation.name
        permit = self.authorizer.authorize(request, address, parameters, version, operation.need)
        exchange.identity = exchange.identity.__class__(permit.who, permit.who)
        endpoint = request.base_url
        if not request.header("host").partition(":")[0].lower().endswith(HOST_SUFFIX):
            endpoint += f"/{address.account}"
        call = Call(
            request,
            address,
            parameters,
            version,
            permit,
            self.model,
            endpoint,
            self.sources,
            self._again,
        )
        response = operation.handler(call)
        self._sign(exchange, response, version)
        return response

    def _again(self, request: Request, version: str) -> Response:
        exchange = Exchange(request, self.name, self._clock.now())
        try:
            return self._handle(exchange, version)
        except ServiceError as error:
            return self.render_error(error, exchange)

    def render_error(self, error: ServiceError, exchange: Exchange) -> Response:
        """Give an error its XML, and the headers that support asks for."""
        request_id = self._request_id(exchange)
        ours = error if isinstance(error, e.BlobError) else _in_our_words(error)
        headers = {"x-ms-error-code": ours.code, **error.headers}
        body = b""
        if exchange.request.method != "HEAD" and error.status != 304:
            headers["Content-Type"] = "application/xml"
            body = error_body(ours, request_id, f"{iso_seconds(self._clock.now())[:-1]}.0000000Z")
        response = Response(error.status, body, header_lines(headers))
        version = exchange.request.header("x-ms-version") or OLDEST_VERSION
        self._sign(exchange, response, version if _VERSION.fullmatch(version) else OLDEST_VERSION)
        return response

    def _request_id(self, exchange: Exchange) -> str:
        if not exchange.request_id:
            exchange.request_id = self._ids.uuid()
        return exchange.request_id

    def _sign(self, exchange: Exchange, response: Response, version: str) -> None:
        headers = {
            "Server": _SERVER,
            "x-ms-request-id": self._request_id(exchange),
            "x-ms-version": version,
        }
        client_id = exchange.request.header("x-ms-client-request-id")
        if client_id and len(client_id) <= 1024:
            headers["x-ms-client-request-id"] = client_id
        response.head += header_lines(headers)


def _parameters(query: str) -> Mapping[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    return {name.lower(): value for name, value in pairs}


def _version(request: Request, parameters: Mapping[str, str], otherwise: str) -> str:
    """The version asked for: the header's, `otherwise`, the SAS's. Raises InvalidHeaderValue."""
    given = request.header("x-ms-version")
    if not given and otherwise:
        return otherwise
    if not given:
        signed = parameters.get("sv", "")
        return signed if _VERSION.fullmatch(signed) else OLDEST_VERSION
    if not _VERSION.fullmatch(given) or given < OLDEST_VERSION:
        raise e.InvalidHeaderValue("x-ms-version", given)
    return given


def _refuse_absent(request: Request) -> None:
    for name, feature in ABSENT_HEADERS.items():
        if name in request.headers:
            raise Absent(feature)


def _no_operation(method: str, restype: str, comp: str) -> ServiceError:
    if comp in routes.ABSENT:
        return Absent(routes.ABSENT[comp])
    if method == "OPTIONS":
        return Absent("CORS preflight requests of Blob Storage")
    if comp and not any(key[3] == comp for key in routes.OPERATIONS):
        return e.InvalidQueryParameterValue("comp", comp)
    if restype and not any(key[2] == restype for key in routes.OPERATIONS):
        return e.InvalidQueryParameterValue("restype", restype)
    return e.UnsupportedHttpVerb()


def _in_our_words(error: ServiceError) -> e.BlobError:
    """A fault's error, or what is absent, in this service's shape."""
    names = {501: "NotImplemented", 503: "ServerBusy"}
    made = e.OtherError(reason=error.message or e.INTERNAL)
    made.code = error.code or names.get(error.status, "InternalError")
    return made
