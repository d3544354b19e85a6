"""TLS contexts for cloud names: made when a name is first asked for, the latest ones kept."""

from __future__ import annotations

import ssl
from collections import OrderedDict

from windtunnel.simulator.web.proxy.names import CloudNames
from windtunnel.simulator.web.tls import LocalCa


class Contexts:
    """A server context per host name, signed by the local CA. At most `capacity` are kept."""

    def __init__(self, ca: LocalCa, capacity: int = 256) -> None:
        self._ca, self._capacity = ca, capacity
        self._made: OrderedDict[str, ssl.SSLContext] = OrderedDict()

    def of(self, host: str) -> ssl.SSLContext:
        """The context of one host: a name, or an address without brackets."""
        context = self._made.get(host)
        if context is None:
            context = self._made[host] = self._ca.passing_context(host)
            if len(self._made) > self._capacity:
                self._made.popitem(last=False)
        else:
            self._made.move_to_end(host)
        return context

    def by_server_name(self, names: CloudNames, otherwise: ssl.SSLContext) -> ssl.SSLContext:
        """`otherwise`, made to change to the context of the cloud name a client asks for."""

        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            if name and names.is_cloud(name):
                connection.context = self.of(name.lower().rstrip("."))

        otherwise.sni_callback = choose
        return otherwise
