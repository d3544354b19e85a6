"""HTTP/1.1 on asyncio and httptools: one protocol object per connection, answers in order, bounded.

Knows sockets and bytes; the application is a function from Request to Response. All answers of one
turn of the loop wait in the `Turn` until the store has committed, so a commit is shared and nothing
is acknowledged that a crash could lose. Why not an ASGI server: docs/adr/0003.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import ssl
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from typing import TypeAlias, cast

import httptools

from windtunnel.simulator.exchange import Request, Response, Spooled
from windtunnel.simulator.kernel.timers import Timers

Application: TypeAlias = Callable[[Request], Response | Awaitable[Response]]

_log = logging.getLogger("windtunnel.web")
_STATUS_LINES = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\n".encode() for s in HTTPStatus}
_NO_BODY = frozenset({204, 304})
_SWEEP_SECONDS = 1.0
_TOO_LARGE_HEADERS = "The headers of the request are too large."
_REPEATED, _REPEATED_BYTES = 64, 8192
"""How many headers of a connection are kept for its next request, and how long they may be."""

_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]*)?")
"""What `Host` may say. Source: RFC 9110, section 7.2; RFC 3986, section 3.2.2."""

DROP_CONNECTION = 0
"""A response of this status closes the connection without an answer."""


@dataclass(frozen=True, slots=True)
class WebLimits:
    """What a connection may take. Sizes in bytes, times in real seconds."""

    header_bytes: int = 131_072
    body_bytes: int = 268_435_456
    idle_seconds: float = 120.0
    receive_seconds: float = 60.0
    pipelined_requests: int = 64
    connections: int = 10_000


@dataclass(frozen=True, slots=True)
class Spooling:
    """Bodies beyond `over_bytes` go to files of `folder`, and may be as large as `largest_bytes`.

    `wanted` says whether they are taken at a `Host` value and a request target.
    """

    folder: Path
    wanted: Callable[[bytes, bytes], bool]
    over_bytes: int = 1_048_576
    largest_bytes: int = 5_300_000_000


class _Spool:
    """A body on its way into a file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / uuid.uuid4().hex
        self._file = self.path.open("xb")
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._md5.update(data)
        self._size += len(data)

    def end(self) -> Spooled:
        self._file.close()
        return Spooled(self.path, self._size, self._md5.digest())

    def discard(self) -> None:
        self._file.close()
        self.path.unlink(missing_ok=True)


class Turn:
    """Answers that wait for the commit at the end of this turn of the event loop."""

    def __init__(self, commit: Callable[[], None], rollback: Callable[[], None]) -> None:
        self._commit, self._rollback = commit, rollback
        self._waiting: list[tuple[HttpConnection, bytes, bool]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Use this loop to end turns."""
        self._loop = loop

    def add(self, connection: HttpConnection, data: bytes, close: bool) -> None:
        """Send `data` after the commit; then close the connection if asked."""
        if not self._waiting:
            assert self._loop is not None
            self._loop.call_soon(self.end)
        self._waiting.append((connection, data, close))

    def end(self) -> None:
        """Commit, then let the answers go. A failed commit answers 500 to all of them."""
        waiting, self._waiting = self._waiting, []
        try:
            self._commit()
        except Exception:
            _log.exception("the commit failed; %d answers become 500", len(waiting))
            self._rollback()
            waiting = [(connection, _COMMIT_FAILED, True) for connection, _, _ in waiting]
        for connection, data, close in waiting:
            connection.send(data, close)

    def abort(self) -> None:
        """Undo what this turn wrote; answers that wait become 500, for they may have seen it."""
        self._rollback()
        self._waiting = [(connection, _COMMIT_FAILED, True) for connection, _, _ in self._waiting]


_COMMIT_FAILED = (
    b"HTTP/1.1 500 Internal Server Error\r\nx-windtunnel-bug: 1\r\n"
    b"content-type: text/plain\r\ncontent-length: 54\r\nconnection: close\r\n\r\n"
    b"windtunnel could not commit this request; see its log."
)


class HttpServer:
    """One listener: a host, a port, perhaps TLS, and the application behind it."""

    def __init__(
        self,
        application: Application,
        turn: Turn,
        timers: Timers,
        *,
        limits: WebLimits | None = None,
        scheme: str = "http",
        connect: Callable[[HttpServer, asyncio.AbstractEventLoop], HttpConnection] | None = None,
        spooling: Spooling | None = None,
    ) -> None:
        """`connect` makes the connection of each client; HttpConnection without."""
        self.application, self.turn, self.timers = application, turn, timers
        self.limits = limits or WebLimits()
        self.spooling = spooling
        self.memory_bytes = self.limits.body_bytes
        if spooling is not None:
            self.memory_bytes = min(self.memory_bytes, spooling.over_bytes)
        self.scheme = scheme
        self._connect = connect or HttpConnection
        self.connections: set[HttpConnection] = set()
        self.stopping = False
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self.port = 0

    async def start(
        self, host: str, port: int, tls: ssl.SSLContext | None = None, *, reuse_port: bool = False
    ) -> int:
        """Listen; returns the port bound (useful for port 0). Raises OSError when it is taken."""
        loop = asyncio.get_running_loop()
        self.turn.attach(loop)
        self._server = await loop.create_server(
            lambda: self._connect(self, loop),
            host,
            port,
            ssl=tls,
            backlog=2048,
            reuse_port=reuse_port or None,
        )
        self.port = int(self._server.sockets[0].getsockname()[1])
        self._sweeper = loop.call_later(_SWEEP_SECONDS, self._sweep, loop)
        return self.port

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        for connection in list(self.connections):
            connection.grow_older(_SWEEP_SECONDS)
        self._sweeper = loop.call_later(_SWEEP_SECONDS, self._sweep, loop)

    async def stop(self, grace_seconds: float = 2.0) -> None:
        """Take no more connections, let running requests end, then close what is left."""
        self.stopping = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.close_when_idle()
        deadline = asyncio.get_running_loop().time() + grace_seconds
        while self.connections and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)
        for connection in list(self.connections):
            connection.abort()


class HttpConnection(asyncio.Protocol):
    """One connection: parses, calls the application, answers in the order of the requests."""

    __slots__ = (
        "_age",
        "_body",
        "_body_bytes",
        "_busy",
        "_client",
        "_closing",
        "_header_age",
        "_header_bytes",
        "_headers",
        "_in_headers",
        "_loop",
        "_most_header_bytes",
        "_most_memory_bytes",
        "_parser",
        "_queue",
        "_receiving",
        "_repeated",
        "_scheme",
        "_server",
        "_spool",
        "_task",
        "_transport",
        "_url",
        "_writable",
        "_written_names",
    )

    def __init__(self, server: HttpServer, loop: asyncio.AbstractEventLoop) -> None:
        self._server, self._loop, self._scheme = server, loop, server.scheme
        self._most_header_bytes = server.limits.header_bytes
        self._most_memory_bytes = server.memory_bytes
        self._spool: _Spool | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._queue: deque[tuple[Request, bool]] = deque()
        self._busy = self._closing = self._receiving = False
        self._writable: asyncio.Event | None = None
        self._task: asyncio.Task[None] | None = None
        self._age = self._header_age = 0.0
        self._in_headers = False
        self._client = ""
        self._repeated: dict[bytes, tuple[bytes, bytes, int]] = {}
        self._clear()

    def _clear(self) -> None:
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._header_bytes = self._body_bytes = 0
        self._body: list[bytes] = []
        self._written_names: dict[bytes, bytes] | None = (
            None if self._server.spooling is None else {}
        )

    # -- asyncio.Protocol ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the server's connections, unless there are too many."""
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._client = peer[0] if isinstance(peer, tuple) else ""
        connections = self._server.connections
        if len(connections) >= self._server.limits.connections or self._server.stopping:
            self._transport.close()
            self._closing = True
            return
        connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Leave; what still runs for this connection is ended."""
        self._server.connections.discard(self)
        self._closing = True
        if self._spool is not None:
            self._spool.discard()
            self._spool = None
        for request, _ in self._queue:
            if request.spooled is not None:
                request.spooled.discard()
        self._queue.clear()
        if self._writable is not None:
            self._writable.set()
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Feed the parser; its callbacks below do the rest."""
        if self._closing:
            return
        self._age = 0.0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            # An offered upgrade (h2c, websocket) is declined by answering as if it was not made.
            # Source: RFC 9110, section 7.8. The parser ends at an offer, so a new one goes on.
            self._parser = httptools.HttpRequestParser(self)
            rest = data[int(offer.args[0]) :]
            if rest:
                self.data_received(rest)
        except httptools.HttpParserError as error:
            cause = error.__context__ or error.__cause__
            if isinstance(cause, _Refused):
                self._refuse(cause.status, cause.text)
            else:
                self._refuse(400, "The request is not well-formed HTTP/1.1.")

    def pause_writing(self) -> None:
        """The peer reads slowly: stop taking its requests and stop streaming."""
        if self._writable is None:
            self._writable = asyncio.Event()
        self._writable.clear()
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The peer caught up."""
        if self._writable is not None:
            self._writable.set()
        if self._transport is not None and not self._closing:
            self._transport.resume_reading()

    # -- parser callbacks ---------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request line starts."""
        self._receiving = self._in_headers = True
        self._header_age = 0.0

    def on_url(self, url: bytes) -> None:
        """A part of the request target."""
        self._url += url
        self._header_bytes += len(url)
        if self._header_bytes > self._most_header_bytes:
            raise _Refused(431, _TOO_LARGE_HEADERS)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header line; lines of the same name are joined.

        A client repeats most of its headers: the same bytes are then one object, so that nobody
        hashes a long token again, and what keeps headers keeps them once.
        """
        headers, known = self._headers, self._repeated.get(name)
        if self._written_names is not None:
            self._written_names[name.lower()] = name
        if known is not None and known[1] == value and known[0] not in headers:
            headers[known[0]] = known[1]
            self._header_bytes += known[2]
            return
        size = len(name) + len(value) + 4
        self._header_bytes += size
        if self._header_bytes > self._most_header_bytes:
            raise _Refused(431, _TOO_LARGE_HEADERS)
        folded = name.lower()
        if folded == b"host" and (folded in headers or not _HOST.fullmatch(value)):
            raise _Refused(400, "The request names more than one host, or none that can be.")
        if folded in headers:
            value = headers[folded] + (b"; " if folded == b"cookie" else b", ") + value
        elif size <= _REPEATED_BYTES and (known is not None or len(self._repeated) < _REPEATED):
            self._repeated[name] = folded, value, size
        headers[folded] = value

    def on_headers_complete(self) -> None:
        """Refuse what is announced too large; tell a waiting client to go on."""
        headers = self._headers
        self._in_headers = False
        if self._header_bytes > self._most_header_bytes:
            raise _Refused(431, _TOO_LARGE_HEADERS)
        if b"host" not in headers:
            self._check_hostless()
        length = headers.get(b"content-length")
        if length is not None and int(length) > self._most_memory_bytes:
            self._check_size(int(length))
        if headers.get(b"expect", b"").lower() == b"100-continue" and not self._busy:
            assert self._transport is not None
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _check_hostless(self) -> None:
        """HTTP/1.1 wants a Host. A CONNECT names it in its line, and old proxy clients there only.

        Source: RFC 9112, section 3.2.
        """
        parser = self._parser
        if parser.get_http_version() != "1.0" and parser.get_method() != b"CONNECT":
            raise _Refused(400, "The request does not name its host: it has no Host header.")

    def on_body(self, body: bytes) -> None:
        """A piece of the body, transfer coding taken off."""
        self._body_bytes += len(body)
        if self._body_bytes > self._most_memory_bytes:
            self._keep_large(body)
        else:
            self._body.append(body)

    def _check_size(self, size: int) -> Spooling | None:
        """How a body of this size is kept: spooled, or in memory. Raises _Refused."""
        spooling = self._server.spooling
        if spooling is not None:
            host = self._headers.get(b"host", b"")
            spooling = spooling if spooling.wanted(host, self._url) else None
        limits = self._server.limits
        largest = limits.body_bytes if spooling is None else spooling.largest_bytes
        if size > largest:
            setting = " (windtunnel setting web.body_bytes)" if spooling is None else ""
            raise _Refused(413, f"The request body is larger than {largest} bytes{setting}.")
        return spooling

    def _keep_large(self, body: bytes) -> None:
        spooling = self._check_size(self._body_bytes)
        if spooling is None:
            self._body.append(body)
            return
        try:
            if self._spool is None:
                self._spool = _Spool(spooling.folder)
                for piece in self._body:
                    self._spool.write(piece)
                self._body = []
            self._spool.write(body)
        except OSError as error:
            _log.error("a request body cannot be kept: %s", error)
            raise _Refused(507, f"The request body cannot be kept: {error.strerror}.") from error

    def on_message_complete(self) -> None:
        """A whole request is here: serve it, or queue it behind one that still runs."""
        self._receiving = False
        target = self._url
        if target[:1] != b"/":
            target = self._origin_form(target)
        path, _, query = target.partition(b"?")
        body = self._body
        request = Request(
            self._parser.get_method().decode("latin-1"),
            path.decode("utf-8", "replace"),
            query.decode("utf-8", "replace") if query else "",
            self._headers,
            (body[0] if len(body) == 1 else b"".join(body)) if body else b"",
            self._scheme,
            self._client,
        )
        if self._spool is not None:
            request.spooled, self._spool = self._spool.end(), None
        request.written_names = self._written_names
        keep_alive = self._parser.should_keep_alive() and not self._server.stopping
        self._clear()
        if self._busy or self._queue:
            self._queue.append((request, keep_alive))
            if len(self._queue) >= self._server.limits.pipelined_requests:
                assert self._transport is not None
                self._transport.pause_reading()
        else:
            self._serve(request, keep_alive)

    def _origin_form(self, target: bytes) -> bytes:
        """The path of an absolute-form target, whose host wins over `Host`; others as they are.

        Source: RFC 9112, section 3.2.2.
        """
        scheme, found, rest = target.partition(b"://")
        if not found or scheme.lower() not in {b"http", b"https"}:
            return target
        end = next((at for at, byte in enumerate(rest) if byte in b"/?#"), len(rest))
        self._headers[b"host"] = rest[:end].rpartition(b"@")[2]
        path = rest[end:]
        return path if path[:1] == b"/" else b"/" + path

    # -- answering ----------------------------------------------------------------------------

    def _serve(self, request: Request, keep_alive: bool) -> None:
        response = self._server.application(request)
        if request.spooled is not None:
            request.spooled.discard()
        if (
            isinstance(response, Response)
            and not response.delay_seconds
            and isinstance(response.body, bytes)
        ):
            data = wire(response, request.method == "HEAD", keep_alive)
            self._server.turn.add(self, data, not keep_alive or not data)
            return
        self._busy = True
        self._task = self._loop.create_task(self._answer_later(response, request, keep_alive))

    async def _answer_later(
        self, response: Response | Awaitable[Response], request: Request, keep_alive: bool
    ) -> None:
        if not isinstance(response, Response):
            response = await response
        self._server.turn.add(self, b"", close=False)  # what it wrote commits now, not later
        await asyncio.sleep(0)
        if response.delay_seconds > 0.0:
            await self._server.timers.sleep(response.delay_seconds)
        if isinstance(response.body, bytes):
            data = wire(response, request.method == "HEAD", keep_alive)
            self._server.turn.add(self, data, not keep_alive or not data)
        else:
            try:
                await self._stream(response, response.body, request.method == "HEAD", keep_alive)
            except Exception:
                # The head is out: a broken connection is the only way left to say so.
                _log.exception("a streamed answer broke off: %s %s", request.method, request.path)
                self.abort()
                return
        self._busy, self._task = False, None
        self._serve_queued()

    async def _stream(
        self,
        response: Response,
        chunks: Iterator[bytes] | AsyncIterator[bytes],
        is_head: bool,
        keep_alive: bool,
    ) -> None:
        assert self._transport is not None
        line = _STATUS_LINES.get(response.status) or _status_line(response.status)
        is_chunked = response.length is None
        framing = b"transfer-encoding: chunked\r\n\r\n"
        if not is_chunked:
            framing = b"content-length: %d\r\n\r\n" % (response.length or 0)
        self._transport.write(line + _DATE.now() + response.head + framing)
        if not is_head:
            async for chunk in _each(chunks):
                if self._closing:
                    return
                if chunk:
                    if is_chunked:
                        chunk = b"%x\r\n%b\r\n" % (len(chunk), chunk)  # noqa: PLW2901 - framed
                    self._transport.write(chunk)
                if self._writable is not None:
                    await self._writable.wait()
            if is_chunked:
                self._transport.write(b"0\r\n\r\n")
        if not keep_alive:
            self._close()

    def _serve_queued(self) -> None:
        while self._queue and not self._busy and not self._closing:
            request, keep_alive = self._queue.popleft()
            self._serve(request, keep_alive)
        if not self._queue and self._transport is not None and not self._closing:
            self._transport.resume_reading()

    def send(self, data: bytes, close: bool) -> None:
        """Write an answer whose turn has ended."""
        if self._transport is None or self._transport.is_closing():
            return
        if data:
            self._transport.write(data)
        if close:
            self._close()

    def _refuse(self, status: int, text: str) -> None:
        body = text.encode()
        response = Response(status, body, b"content-type: text/plain; charset=utf-8\r\n")
        self._closing = True
        self._server.turn.add(self, wire(response, is_head=False, keep_alive=False), close=True)

    # -- life ---------------------------------------------------------------------------------

    def grow_older(self, seconds: float) -> None:
        """Count silence; too much of it ends the connection.

        What came since the last count is younger than `seconds`: it is not counted against it.
        """
        silent, in_headers = self._age, self._header_age
        self._age += seconds
        self._header_age += seconds
        limits = self._server.limits
        if self._busy or self._queue:
            return
        waited = max(silent, in_headers if self._in_headers else 0.0)
        if self._receiving and waited >= limits.receive_seconds:
            self._refuse(408, "The rest of the request did not come in time.")
        elif not self._receiving and silent >= limits.idle_seconds:
            self._close()

    def close_when_idle(self) -> None:
        """Close now, or after the request that runs."""
        if not self._busy and not self._queue:
            self._loop.call_soon(self._close)

    def _close(self) -> None:
        self._closing = True
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()


async def _each(chunks: Iterator[bytes] | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(chunks, AsyncIterator):
        async for chunk in chunks:
            yield chunk
        return
    for chunk in chunks:
        yield chunk
        await asyncio.sleep(0)


class _Refused(Exception):
    """Raised in a parser callback; httptools hands it on as the context of its own error."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class _Date:
    """The Date header line, rendered once a second."""

    def __init__(self) -> None:
        self._line, self._until = b"", 0.0

    def now(self) -> bytes:
        moment = time.time()
        if moment >= self._until:
            self._line = f"date: {formatdate(moment, usegmt=True)}\r\n".encode()
            self._until = float(int(moment) + 1)
        return self._line


_DATE = _Date()


def wire(response: Response, is_head: bool, keep_alive: bool) -> bytes:
    """The bytes of an answer; empty for a dropped connection."""
    status = response.status
    if status == DROP_CONNECTION:
        return b""
    body = response.body
    assert isinstance(body, bytes)
    line = _STATUS_LINES.get(status) or _status_line(status)
    end = b"\r\n" if keep_alive else b"connection: close\r\n\r\n"
    if status in _NO_BODY:
        return b"".join((line, _DATE.now(), *response.pieces, end))
    length = b"content-length: %d\r\n" % len(body)
    shown = b"" if is_head else body
    return b"".join((line, _DATE.now(), *response.pieces, length, end, shown))


def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} Status\r\n".encode()
