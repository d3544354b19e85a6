"""Who may call now: by the load of the environment, or by user as until release 10.0.35.

Source: "Priority-based throttling" and "Service protection API limits", Microsoft Learn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from windtunnel.contracts.limits import (
    ADMITTED,
    Limits,
    Priority,
    ProtectionRules,
    Refused,
    ResourceRules,
    ResourceThrottle,
    ServiceProtection,
)
from windtunnel.contracts.limits.accounting import limit_uses, load_use
from windtunnel.contracts.results import LimitUse
from windtunnel.simulator.exchange import Exchange
from windtunnel.simulator.kernel.settings import FinanceOperationsSettings

COOKIE: Final = "ApplicationGatewayAffinity"


class Throttling:
    """Counts requests of one environment; `admit` and `ending` come in pairs."""

    def __init__(
        self,
        settings: FinanceOperationsSettings,
        limits: Limits,
        priorities: Mapping[str, Priority],
    ) -> None:
        self._settings, self._limits, self._priorities = settings, limits, priorities
        self._by_load = settings.throttling == "resource"
        self.forget()

    def use_limits(self, limits: Limits) -> None:
        """Count by other numbers from now on; counters start anew."""
        self._limits = limits
        self.forget()

    def forget(self) -> None:
        """Begin anew: nothing counted, nobody refused."""
        limits, settings = self._limits, self._settings
        if "web_servers" in settings.model_fields_set:
            limits = limits.override("fo.model.servers", allowance=settings.web_servers)
        if "cores" in settings.model_fields_set:
            limits = limits.override("fo.model.cores", allowance=settings.cores)
        self.environment = ResourceThrottle(ResourceRules.of(limits))
        self._rules = ProtectionRules.of(limits, "fo")
        self._users: dict[tuple[str, str], ServiceProtection] = {}
        self._next_server = 0

    def admit(self, exchange: Exchange) -> Refused | None:
        """Choose the web server and count the request; a refusal when it may not run."""
        exchange.server = self._server(exchange)
        if not self._settings.throttle:
            return None
        identity = exchange.identity
        if self._by_load:
            caller = identity.app_id or identity.user_id
            priority = self._priorities.get(caller, Priority.LOW)
            verdict = self.environment.admit(exchange.received, caller, priority)
        else:
            verdict = self._meter(exchange).admit(exchange.received)
        if verdict is ADMITTED or not isinstance(verdict, Refused):
            return None
        exchange.throttled_by = verdict.limit.id
        return verdict

    def ending(self, exchange: Exchange) -> Callable[[float], None]:
        """What to call with the moment when an admitted request ends; its cost is charged then."""
        if not self._settings.throttle:
            return lambda _: None
        meter = self.environment if self._by_load else self._meter(exchange)
        cost = exchange.cost_seconds
        return lambda now: meter.finish(now, cost)

    def uses(self) -> list[LimitUse]:
        """How far identities went into the limits."""
        if self._by_load:
            return [load_use(self.environment)]
        return [
            use
            for (identity, server), meter in self._users.items()
            for use in limit_uses(meter, identity, server)
        ]

    def _meter(self, exchange: Exchange) -> ServiceProtection:
        identity = exchange.identity
        place = (f"{identity.user_id} {identity.app_id}".strip(), exchange.server)
        meter = self._users.get(place)
        if meter is None:
            meter = self._users[place] = ServiceProtection(self._rules)
        return meter

    def _server(self, exchange: Exchange) -> str:
        """The server that the affinity cookie names, else the next in turn."""
        count = self._settings.web_servers
        cookies = exchange.request.headers.get(b"cookie")
        if cookies is not None:
            for pair in cookies.decode("latin-1").split(";"):
                name, _, value = pair.strip().partition("=")
                if name == COOKIE and value.isdecimal() and int(value) < count:
                    return value
        self._next_server = (self._next_server + 1) % count
        return str(self._next_server)
