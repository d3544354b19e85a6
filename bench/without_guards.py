"""`windtunnel` without what guards and records a request: token, throttle, journal, their headers.

Only for measuring what those stages cost; run as a script with the arguments of `windtunnel`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from windtunnel.simulator.exchange import Exchange, Request, Response, Service, ServiceError
from windtunnel.simulator.web import pipeline


class Unguarded:
    """A service of which the pipeline sees nothing but its answers."""

    def __init__(self, service: Service) -> None:
        self.name, self.handle = service.name, service.handle
        self.compresses = getattr(service, "compresses", False)
        self._service = service

    def render_error(self, error: ServiceError, exchange: Exchange) -> Response:
        """The service's own body."""
        return self._service.render_error(error, exchange)


def build(
    service: Service, around: pipeline.Surroundings, *, whole: Callable[..., object]
) -> Callable[[Request], Response]:
    """The application of a service without its guard and without the journal."""
    return whole(Unguarded(service), replace(around, journal=None))


if __name__ == "__main__":
    from functools import partial

    pipeline.build = partial(build, whole=pipeline.build)
    from windtunnel.simulator.cli import main

    main()
