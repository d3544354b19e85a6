"""The floor: the smallest answer an ASGI server gives, 80 bytes of JSON and no logic at all."""

from collections.abc import Awaitable, Callable
from typing import Any

BODY = b'{"value":"' + b"x" * 68 + b'"}'
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"80")],
}
END = {"type": "http.response.body", "body": BODY}


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Answer any request."""
    del scope, receive
    await send(START)
    await send(END)
