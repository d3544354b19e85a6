"""The same application as a raw ASGI callable: for httpx.ASGITransport and any ASGI server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from windtunnel.simulator.exchange import Request, Response
from windtunnel.simulator.web.http_server import DROP_CONNECTION, Application

_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]


class DroppedConnection(ConnectionResetError):
    """A fault closed the connection without an answer."""


class AsgiApplication:
    """Wraps an application; `commit` runs before each answer is sent."""

    def __init__(self, application: Application, commit: Callable[[], None]) -> None:
        self._application, self._commit = application, commit

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Serve one HTTP request; lifespan messages are acknowledged."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"windtunnel serves HTTP, not {scope['type']}")
        response = self._application(await _request(scope, receive))
        if not isinstance(response, Response):
            response = await response
        self._commit()
        if response.status == DROP_CONNECTION:
            raise DroppedConnection("a fault closed the connection")
        body = await _whole(response)
        headers = _pairs(response.head)
        if response.status not in {204, 304}:
            length = len(body) if response.length is None else response.length
            headers.append((b"content-length", str(length).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        is_head = scope["method"] == "HEAD"
        await send({"type": "http.response.body", "body": b"" if is_head else body})


async def _whole(response: Response) -> bytes:
    body = response.body
    if isinstance(body, bytes):
        return body
    if isinstance(body, AsyncIterator):
        return b"".join([chunk async for chunk in body])
    return b"".join(body)


async def _lifespan(receive: _Receive, send: _Send) -> None:
    while (message := await receive())["type"] != "lifespan.shutdown":
        await send({"type": f"{message['type']}.complete"})
    await send({"type": "lifespan.shutdown.complete"})


async def _request(scope: _Message, receive: _Receive) -> Request:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        key = name.lower()
        headers[key] = headers[key] + b", " + value if key in headers else value
    raw = scope.get("raw_path") or scope["path"].encode()
    client = scope.get("client")
    return Request(
        scope["method"],
        raw.partition(b"?")[0].decode("utf-8", "replace"),
        scope["query_string"].decode("utf-8", "replace"),
        headers,
        body,
        scope.get("scheme", "http"),
        client[0] if client else "",
    )


def _pairs(head: bytes) -> list[tuple[bytes, bytes]]:
    lines = (line.partition(b": ") for line in head.split(b"\r\n") if line)
    return [(name.lower(), value) for name, _, value in lines]
