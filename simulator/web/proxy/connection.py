"""A connection to the forward proxy: requests in absolute form, and CONNECT tunnels that end here.

No second connection is opened: a tunnel's requests go to the service in this process, with the
cloud's name in `Host`. Source: RFC 9110, section 9.3.6 (CONNECT); RFC 9112, section 3.2.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping

from windtunnel.simulator.web.http_server import HttpConnection, HttpServer
from windtunnel.simulator.web.proxy.application import Serve, absent, stranger
from windtunnel.simulator.web.proxy.certificates import Contexts
from windtunnel.simulator.web.proxy.names import CloudNames, read_target

_log = logging.getLogger("windtunnel.web")
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


def connections(
    names: CloudNames, applications: Mapping[str, Serve], contexts: Contexts | None
) -> Callable[[HttpServer, asyncio.AbstractEventLoop], HttpConnection]:
    """What a listener makes for each client; without `contexts` TLS in tunnels is refused."""

    def make(server: HttpServer, loop: asyncio.AbstractEventLoop) -> HttpConnection:
        return ProxyConnection(server, loop, names, applications, contexts)

    return make


class ProxyConnection(HttpConnection):
    """Speaks as a proxy until a CONNECT, then as the host that was asked for."""

    __slots__ = ("_applications", "_contexts", "_early", "_names", "_tunnel")

    def __init__(
        self,
        server: HttpServer,
        loop: asyncio.AbstractEventLoop,
        names: CloudNames,
        applications: Mapping[str, Serve],
        contexts: Contexts | None,
    ) -> None:
        super().__init__(server, loop)
        self._names, self._applications, self._contexts = names, applications, contexts
        self._tunnel = ""
        self._early: bytearray | None = None

    def data_received(self, data: bytes) -> None:
        """As a server does; what comes before the handshake has ended here waits."""
        if self._early is None:
            super().data_received(data)
        else:
            self._early += data

    def on_message_complete(self) -> None:
        """A whole request: a tunnel to open, or a request to hand on."""
        if self._parser.get_method() == b"CONNECT":
            target = self._url.decode("latin-1")
            self._receiving = False
            self._clear()
            self._connect(target)
            return
        if self._tunnel:
            self._headers.setdefault(b"host", self._tunnel.encode())
        else:
            self._scheme = "https" if self._url[:8].lower() == b"https://" else "http"
        super().on_message_complete()

    def _connect(self, text: str) -> None:
        target = read_target(text)
        if target is None:
            self._refuse(400, "CONNECT wants host:port.")
            return
        if self._tunnel or self._busy or self._queue:
            self._refuse(400, "CONNECT must be the only request of its connection.")
            return
        known, scheme = self._names.find(target), self._names.scheme(target)
        if known is None:
            self._refuse_tunnel(403, f"windtunnel does not answer for {target}", stranger(target))
        elif known.service not in self._applications:
            self._refuse_tunnel(
                501, f"windtunnel serves no {known.title}", absent(target, known.title)
            )
        elif scheme is None:
            self._refuse_tunnel(
                403,
                f"windtunnel answers for {target} at ports 443 and 80 only",
                f"windtunnel answers for {target.rpartition(':')[0]} at ports 443 and 80 only.",
            )
        elif scheme == "https" and self._contexts is None:
            self._refuse_tunnel(
                403,
                "windtunnel runs without TLS",
                f"windtunnel runs without TLS (simulator.tls), so it cannot be {target}.",
            )
        else:
            self._open(target, scheme)

    def _refuse_tunnel(self, status: int, reason: str, text: str) -> None:
        """Many clients show nothing of a refused CONNECT but its reason phrase: it says why."""
        _log.info("CONNECT refused: %s", text)
        body = text.encode()
        head = (
            f"HTTP/1.1 {status} {reason}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self._closing = True
        self._server.turn.add(self, head.encode() + body, close=True)

    def _open(self, target: str, scheme: str) -> None:
        self._tunnel, self._scheme = target, scheme
        self._server.turn.add(self, _ESTABLISHED, close=False)
        if scheme == "https":
            assert self._contexts is not None
            context = self._contexts.of(target.rpartition(":")[0].strip("[]"))
            self._busy = True
            self._task = self._loop.create_task(self._secure(context))

    async def _secure(self, context: ssl.SSLContext) -> None:
        """Take the server's part of the TLS handshake, then read requests from what it protects."""
        raw = self._transport
        assert raw is not None
        if self._closing or self._queue:  # it spoke on before the tunnel was granted
            raw.close()
            return
        self._early = bytearray()
        seconds = self._server.limits.receive_seconds
        try:
            secured = await self._loop.start_tls(
                raw, self, context, server_side=True, ssl_handshake_timeout=seconds
            )
        except (OSError, RuntimeError) as error:
            # RuntimeError: the client left before the handshake began
            _log.info("no TLS with a client of %s; does it trust the CA? %s", self._tunnel, error)
            raw.abort()
            self.connection_lost(error)
            return
        if secured is None:
            self.connection_lost(None)
            return
        self._transport = secured
        early, self._early = bytes(self._early or b""), None
        self._busy, self._task, self._age = False, None, 0.0
        if early:
            self.data_received(early)
