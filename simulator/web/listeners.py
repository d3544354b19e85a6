"""Opens the listeners of all origins: ports by default, shifted, or free ones."""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from windtunnel.simulator.exchange import Request, Response, UsageError
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.web.http_server import (
    HttpConnection,
    HttpServer,
    Spooling,
    Turn,
    WebLimits,
)
from windtunnel.simulator.web.origins import ORIGINS, Origin

Connect: TypeAlias = Callable[[HttpServer, asyncio.AbstractEventLoop], HttpConnection]

TRIES = 50


@dataclass(frozen=True, slots=True)
class Manner:
    """What is particular about listening for one service; `port` is taken exactly or not."""

    connect: Connect | None = None
    tls: ssl.SSLContext | None = None
    port: int | None = None
    spooling: Spooling | None = None


_USUAL = Manner()


class Listeners:
    """The open sockets of one simulator."""

    def __init__(
        self,
        applications: Mapping[str, Callable[[Request], Response]],
        turn: Turn,
        timers: Timers,
        limits: WebLimits,
        *,
        host: str,
        tls: ssl.SSLContext | None,
        manners: Mapping[str, Manner] | None = None,
    ) -> None:
        """`manners` are those of the services that are not listened for in the usual way."""
        self._manners = manners or {}
        self._applications, self._turn, self._timers = applications, turn, timers
        self._limits, self._host, self._tls = limits, host, tls
        self._servers: list[HttpServer] = []
        self.urls: dict[str, str] = {}

    async def open(self, port_base: int | None) -> None:
        """Listen on every origin. `port_base` None: the defaults; 0: free ports; N: shifted by N.

        A taken port gives way to the next free one. Raises UsageError when none is free.
        """
        plain = {origin.service for origin in ORIGINS if origin.scheme == "http"}
        for origin in ORIGINS:
            if origin.service not in self._applications:
                continue
            if self._tls is None and origin.scheme == "https":
                if origin.service in plain:
                    continue
                origin = replace(origin, scheme="http")  # noqa: PLW2901 - it has no other listener
            port = await self._open_one(origin, port_base)
            name = "localhost" if self._host in {"127.0.0.1", "::1"} else self._host
            self.urls[origin.name] = f"{origin.scheme}://{name}:{port}"

    async def _open_one(self, origin: Origin, port_base: int | None) -> int:
        manner = self._manners.get(origin.service, _USUAL)
        server = HttpServer(
            self._applications[origin.service],
            self._turn,
            self._timers,
            limits=self._limits,
            scheme=origin.scheme,
            connect=manner.connect,
            spooling=manner.spooling,
        )
        tls = (manner.tls or self._tls) if origin.scheme == "https" else None
        wanted = 0 if port_base == 0 else origin.port + (port_base or 0)
        tries = TRIES if wanted else 1
        if manner.port is not None:
            wanted, tries = manner.port, 1
        for port in range(wanted, wanted + tries):
            try:
                bound = await server.start(self._host, port, tls)
            except OSError as error:
                if error.errno not in {errno.EADDRINUSE, errno.EACCES, 10013, 10048}:
                    raise UsageError(
                        f"cannot listen on {self._host}:{port}: {error.strerror}",
                        remedy="Choose another address with --host.",
                    ) from error
                continue
            self._servers.append(server)
            return bound
        if manner.port is not None:
            raise UsageError(
                f"port {wanted} is taken or not allowed ({origin.title})",
                remedy="Ports below 1024 want a privilege; in a container you have it.",
            )
        raise UsageError(
            f"no free port from {wanted} to {wanted + TRIES - 1} for {origin.title}",
            remedy="Shift all ports with --port-base, or use --port-base 0.",
        )

    async def close(self) -> None:
        """Stop listening; running requests end first."""
        await asyncio.gather(*(server.stop() for server in self._servers))
        self._servers.clear()
