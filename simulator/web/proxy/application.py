"""The application behind cloud names: hands each request to the service its `Host` names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from windtunnel.simulator.exchange import Request, Response
from windtunnel.simulator.web.proxy.names import CloudNames

Serve: TypeAlias = Callable[[Request], Response]

_TEXT = b"content-type: text/plain; charset=utf-8\r\n"


def application(names: CloudNames, applications: Mapping[str, Serve]) -> Serve:
    """One application over those of the services, which are looked up at each request."""

    def serve(request: Request) -> Response:
        host = request.header("host")
        known = names.find(host)
        if known is None:
            status = 421 if request.scheme == "https" else 403
            return Response(status, stranger(host).encode(), _TEXT)
        to = applications.get(known.service)
        if to is None:
            head = f"x-windtunnel-absent: {known.title}\r\n".encode()
            return Response(501, absent(host, known.title).encode(), _TEXT + head)
        return to(request)

    return serve


def stranger(host: str) -> str:
    """What a client reads that asks for a host nobody here answers for."""
    return (
        "windtunnel answers for names of Dynamics 365 and Azure only, "
        f"not for {host or 'a request without a host'}. "
        "Add the name to the setting proxy.hosts, or leave it out of the proxy by NO_PROXY."
    )


def absent(host: str, title: str) -> str:
    """What a client reads that asks for a service this simulator does not have."""
    return f"windtunnel does not serve {title} in this run, so nobody answers for {host}."
