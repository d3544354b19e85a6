"""How a body leaves: an HTTPS POST by httpx, with the error texts of the real sender."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import httpx

_NOT_SENT = "An error occurred while sending the request."
_NOT_TRUSTED = "Could not establish trust relationship for the SSL/TLS secure channel."
_TOO_LATE = "The operation has timed out."  # unconfirmed: the text of a slow endpoint
ANSWER_BYTES = 65_536
"""Read of an answer, so that its connection can be used again."""
_HEADERS = {"content-type": "application/json; charset=utf-8"}


Poster: TypeAlias = Callable[[str, bytes, float], Awaitable[int]]
"""Posts JSON to a URL within seconds of real time; the status, or OSError when there is none."""


class HttpPoster:
    """Trusts the local certificate authority beside the public ones; TLS 1.2 or later."""

    def __init__(self, ca_file: Callable[[], Path | None] = lambda: None) -> None:
        self._ca_file = ca_file
        self._client: httpx.AsyncClient | None = None

    async def __call__(self, url: str, body: bytes, seconds: float) -> int:
        """Post and return the status. Raises OSError.

        The answer must be complete in time; a long one is not read to its end.
        """
        import httpx

        try:
            async with (
                asyncio.timeout(seconds),
                self._opened().stream("POST", url, content=body, headers=_HEADERS) as answer,
            ):
                read = 0
                async for chunk in answer.aiter_raw():
                    read += len(chunk)
                    if read > ANSWER_BYTES:
                        break
                return answer.status_code
        except (TimeoutError, httpx.TimeoutException) as error:
            raise OSError(f"{_TOO_LATE} ({seconds:g} s)") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            reason = str(error) or type(error).__name__
            is_tls = isinstance(_root(error), ssl.SSLError)
            raise OSError(f"{_NOT_TRUSTED if is_tls else _NOT_SENT} ({reason})") from error

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            import httpx

            self._client = httpx.AsyncClient(verify=self._context(), trust_env=False, timeout=None)  # noqa: S113 - asyncio.timeout holds the whole call
        return self._client

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        file = self._ca_file()
        if file is not None:
            context.load_verify_locations(file)
        return context

    async def close(self) -> None:
        """Let connections go."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


def _root(error: BaseException) -> BaseException:
    while True:
        deeper = error.__cause__ or error.__context__
        if deeper is None or isinstance(error, ssl.SSLError):
            return error
        error = deeper
