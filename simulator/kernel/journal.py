"""What came in and what was answered: the last requests, bounded in number and in bytes of body."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from windtunnel.simulator.exchange import Exchange, Response

_HIDDEN = b"(not kept)"


class Entry(NamedTuple):
    """One request and its answer; bodies are cut to the journal's limit."""

    number: int
    exchange: Exchange
    response: Response
    seconds: float

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self.response.status

    def summary(self) -> dict[str, Any]:
        """The members of one line of the control API's journal."""
        exchange = self.exchange
        request = exchange.request
        query = f"?{request.query}" if request.query else ""
        return {
            "number": self.number,
            "at": exchange.received,
            "service": exchange.service,
            "method": request.method,
            "url": f"{request.base_url}{request.path}{query}",
            "status": self.status,
            "identity": exchange.identity.user_id,
            "identity_name": exchange.identity.name,
            "server": exchange.server,
            "operation": exchange.operation,
            "seconds": self.seconds,
            "cost_seconds": exchange.cost_seconds,
            "throttled_by": exchange.throttled_by,
            "fault": exchange.fault,
            "absent": exchange.absent,
            "correlation_id": exchange.correlation_id,
            "request_id": exchange.request_id,
        }

    def detail(self) -> dict[str, Any]:
        """The summary with headers and bodies as text; the token was not kept."""
        request, body = self.exchange.request, self.response.body
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in request.headers.items()
        }
        answered = (
            line.partition(": ")
            for line in self.response.head.decode("latin-1").split("\r\n")
            if line
        )
        return {
            **self.summary(),
            "request_headers": headers,
            "request_body": request.body.decode("utf-8", "replace"),
            "response_headers": [[name, value] for name, _, value in answered],
            "response_body": body.decode("utf-8", "replace") if isinstance(body, bytes) else "",
        }


class Journal:
    """A ring of the last `entries` requests; `body_bytes` of each body are kept."""

    def __init__(self, entries: int = 10_000, body_bytes: int = 16_384) -> None:
        self._ring: deque[tuple[Exchange, Response, float]] = deque(maxlen=entries)
        self._body_bytes = body_bytes
        self._number = 0
        self._listeners: list[Callable[[Entry], None]] = []

    def record(self, exchange: Exchange, response: Response, seconds: float) -> None:
        """Keep one answered request; tokens and the rest of long bodies go.

        Request and answer are kept as they are: nobody may change them afterwards.
        """
        self._number += 1
        request, body = exchange.request, response.body
        if not isinstance(body, bytes):
            response = Response(response.status, b"(streamed)", *response.pieces)
        elif len(body) > self._body_bytes:
            response = Response(response.status, body[: self._body_bytes], *response.pieces)
        if len(request.body) > self._body_bytes:
            request.body = request.body[: self._body_bytes]
        if b"authorization" in request.headers:
            request.headers[b"authorization"] = _HIDDEN
        self._ring.append((exchange, response, seconds))
        if self._listeners:
            entry = Entry(self._number, exchange, response, seconds)
            for listener in self._listeners:
                listener(entry)

    def listen(self, listener: Callable[[Entry], None]) -> Callable[[], None]:
        """Call `listener` for each new entry; the returned function ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def __iter__(self) -> Iterator[Entry]:
        first = self._number - len(self._ring) + 1
        return (Entry(number, *kept) for number, kept in enumerate(self._ring, first))

    def __len__(self) -> int:
        return len(self._ring)

    @property
    def count(self) -> int:
        """How many requests came in since the start or the last `clear`."""
        return self._number

    def clear(self) -> None:
        """Forget everything."""
        self._ring.clear()
        self._number = 0
