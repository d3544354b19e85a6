"""Requests, responses, routes and the errors a simulated service answers; no server, no store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias


@dataclass(slots=True)
class Spooled:
    """A request body too large to hold, in a file. A handler that keeps it moves the file away."""

    path: Path
    size: int
    md5: bytes

    def discard(self) -> None:
        """Delete the file, if it is still where it was written."""
        self.path.unlink(missing_ok=True)


@dataclass(slots=True)
class Request:
    """One HTTP request as it came in: header names in lower case, the path percent-encoded.

    Where a listener spools, a large body is in `spooled` and not in `body`, and `written_names`
    has the header names as they came, by lower case.
    """

    method: str
    path: str
    query: str = ""
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    scheme: str = "http"
    client: str = ""
    spooled: Spooled | None = None
    written_names: Mapping[bytes, bytes] | None = None

    def header(self, name: str, default: str = "") -> str:
        """Return a header by its lower-case name; lines of one name were joined by a comma."""
        value = self.headers.get(name.encode("ascii"))
        return default if value is None else value.decode("latin-1")

    @property
    def base_url(self) -> str:
        """Scheme and authority the client used, without a slash at the end."""
        return f"{self.scheme}://{self.header('host', 'localhost')}"


class Response:
    """One answer; the server adds date and length.

    `body` is bytes, or an iterator of bytes for answers too large to hold: chunked, or as long as
    `length` says. `delay_seconds` is waited on the simulator's clock before the answer is written.
    `pieces` make up the head, each of finished header lines that end with CRLF: they are joined
    once, when they are sent, and what answers have in common is the same bytes in all of them.
    """

    __slots__ = ("body", "delay_seconds", "length", "pieces", "status")

    def __init__(
        self,
        status: int,
        body: bytes | Iterator[bytes] | AsyncIterator[bytes] = b"",
        *pieces: bytes,
        delay_seconds: float = 0.0,
        length: int | None = None,
    ) -> None:
        self.status, self.body, self.pieces = status, body, pieces
        self.delay_seconds, self.length = delay_seconds, length

    @property
    def head(self) -> bytes:
        """All header lines."""
        return b"".join(self.pieces)

    @head.setter
    def head(self, lines: bytes) -> None:
        self.pieces = (lines,)

    def add(self, *pieces: bytes) -> None:
        """More header lines."""
        self.pieces += pieces


def header_lines(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> bytes:
    """Render header lines; ValueError for a line break or NUL in a name or value."""
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    text = "".join([f"{name}: {value}\r\n" for name, value in pairs])
    if text.count("\n") != len(pairs) or text.count("\r") != len(pairs) or "\0" in text:
        raise ValueError("a header holds a line break or NUL")
    return text.encode("latin-1", "replace")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls: the user a token maps to. Ids are lower-case GUID text, or empty."""

    user_id: str
    name: str = ""
    app_id: str = ""
    object_id: str = ""
    tenant_id: str = ""


ANONYMOUS = Identity("")


class Exchange:
    """One request on its way through the pipeline, with what each stage learned of it.

    What nobody has set is what the class says: an exchange costs little to make.
    """

    identity: Identity = ANONYMOUS
    server: str = ""
    operation: str = ""
    cost_seconds: float = 0.0
    units: int = 0
    """How many operations it stands for where it is not one: a batch, a bulk message."""
    correlation_id: str = ""
    request_id: str = ""
    throttled_by: str = ""
    fault: str = ""
    absent: str = ""
    extra_head: bytes = b""
    meter: Any = None
    """What the guard that admitted it counts by when it settles; None where it does not count."""

    def __init__(
        self, request: Request, service: str, received: float, identity: Identity = ANONYMOUS
    ) -> None:
        self.request, self.service, self.received = request, service, received
        self.identity = identity


class ServiceError(Exception):
    """An answer that a simulated service gives instead of success; it renders its own body.

    `status`, `code` and `text` are set per subclass; `text` is a template for `values`. `headers`
    are added to the answer. One class per error of the real service, in that service's `errors`.
    """

    status: int = 500
    code: str = ""
    text: str = ""

    def __init__(self, *, headers: Mapping[str, str] | None = None, **values: Any) -> None:
        self.values = values
        self.headers: dict[str, str] = dict(headers or {})
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The text with its values filled in."""
        return self.text.format_map(_Lenient(self.values))


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


class Absent(ServiceError):
    """A feature of the real service that is not simulated: 501 and a header that names it."""

    status = 501
    text = "windtunnel does not simulate {feature}: see the fidelity page of this service."

    def __init__(self, feature: str) -> None:
        super().__init__(headers={"x-windtunnel-absent": feature}, feature=feature)


class UsageError(Exception):
    """A mistake of the person who uses windtunnel: what, where, and what to do; exit code 2."""

    is_usage_error = True

    def __init__(self, message: str, *, where: str = "", remedy: str = "") -> None:
        self.where, self.remedy = where, remedy
        text = f"{where}: {message}" if where else message
        super().__init__(f"{text}\n  {remedy}" if remedy else text)


Handler: TypeAlias = Callable[[Exchange], Response]
"""Takes the exchange, answers or raises a ServiceError."""


@dataclass(frozen=True, slots=True)
class Route:
    """One line of a route table: `{name}` matches one segment, `{name:path}` the rest."""

    method: str
    path: str
    handler: Callable[..., Response]


class Service(Protocol):
    """What the web assembly needs of a simulated service."""

    name: str

    def handle(self, exchange: Exchange) -> Response:
        """Answer a request that was authenticated and admitted."""
        ...

    def render_error(self, error: ServiceError, exchange: Exchange) -> Response:
        """Give an error the service's own body and headers."""
        ...


class GuardedService(Service, Protocol):
    """A service that asks for a token and throttles; the pipeline calls these around `handle`."""

    def authenticate(self, exchange: Exchange) -> None:
        """Find out who calls and set `exchange.identity`, or raise a ServiceError."""
        ...

    def admit(self, exchange: Exchange) -> None:
        """Choose `exchange.server` and count the request against the limits, or raise the 429.

        A refusal sets `exchange.throttled_by` to the id of the limit.
        """
        ...

    def settle(self, exchange: Exchange, response: Response) -> None:
        """Account what the request cost (`exchange.cost_seconds`) and add the headers that say so.

        Called after every admitted request, also one that ended in an error; then
        `response.delay_seconds` may be set to the modelled execution time.
        """
        ...
