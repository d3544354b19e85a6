"""Who may call now: by the load of the environment, and by user in the releases that did.

Source: "Priority-based throttling", "Service protection API limits" (Microsoft Learn) and the FAQ
on throttling, for who is exempt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from windtunnel.contracts.limits import (
    ADMITTED,
    Caller,
    Limits,
    Priority,
    ProtectionRules,
    Refused,
    ResourceRules,
    ResourceThrottle,
    ThrottlingRules,
    WorkBeside,
    throttling_rules,
)
from windtunnel.contracts.limits.accounting import limit_uses, load_use
from windtunnel.contracts.results import LimitUse
from windtunnel.simulator.exchange import Exchange
from windtunnel.simulator.kernel.settings import FinanceOperationsSettings

COOKIE: Final = "ApplicationGatewayAffinity"
EXEMPT: Final[Mapping[str, str]] = {
    "33976c19-1db5-4c02-810e-c243db79efde": "dual-write",
    "2e49aa60-1bd3-43b6-8ab6-03ada3d9f08b": "Data Integrator",
}
"""Applications of Microsoft that are never refused, as far as their client ids are known. Others
of the documented list (Document Routing Agent, Warehouse Management mobile app, Retail Server,
Office integration, virtual tables) get priority `exempt` in the settings."""
PACKAGE_API: Final = "/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities."
RECURRING: Final = ("/api/connector/", "/en/api/connector/")
"""Throttling is for OData and custom services; this is neither."""


class Throttling:
    """Counts requests of one environment; `admit` and `finish` come in pairs.

    `mapping` is the throttling priority mapping: client ids and user ids, in lower case.
    """

    def __init__(
        self,
        settings: FinanceOperationsSettings,
        limits: Limits,
        mapping: Mapping[str, Priority],
        now: Callable[[], float],
    ) -> None:
        self._settings, self._now = settings, now
        self._first_mapping = {**mapping, **dict.fromkeys(EXEMPT, Priority.EXEMPT)}
        self._otherwise = Priority(settings.unmapped_priority)
        self._spares_packages = settings.package_api == "exempt"
        self._beside = WorkBeside()
        self._limits = limits
        self.forget()

    # -- life ---------------------------------------------------------------------------------

    def use_limits(self, limits: Limits) -> None:
        """Count by other numbers from now on; counters start anew, work beside goes on."""
        self._limits = limits
        self._begin()

    def forget(self) -> None:
        """Begin anew: nothing counted, nobody refused, priorities as in the settings."""
        self._beside.forget()
        self.mapping = dict(self._first_mapping)
        self._begin()

    def _begin(self) -> None:
        limits, settings = self._limits, self._settings
        for row, value in (
            ("fo.model.servers", settings.web_servers),
            ("fo.model.cores", settings.cores),
            ("fo.model.memory", settings.memory_mb),
        ):
            if value is not None:
                limits = limits.override(row, allowance=value)
        self._servers = max(1, int(limits["fo.model.servers"].allowance))
        self.rules = _rules(settings, limits)
        self.environment = ResourceThrottle(ResourceRules.of(limits), self._beside)
        self._own_rules = ProtectionRules.of(limits, "fo")
        self._callers: dict[tuple[str, str, str], Caller] = {}
        self._sizes = {row: limits[f"fo.model.{row}"].allowance for row in ("cores", "memory")}
        self._job = (limits["dmf.model.cores"].allowance, limits["dmf.model.memory"].allowance)
        self._next_server = 0

    # -- requests -----------------------------------------------------------------------------

    def admit(self, exchange: Exchange) -> Refused | None:
        """Choose the web server and count the request; a refusal when it may not run."""
        exchange.server = self._server(exchange)
        if not self._counts(exchange):
            return None
        caller = exchange.meter = self._caller(exchange)
        verdict = caller.admit(exchange.received)
        if verdict is ADMITTED or not isinstance(verdict, Refused):
            return None
        exchange.throttled_by = verdict.limit.id
        return verdict

    def finish(self, exchange: Exchange, now: float) -> None:
        """An admitted request ends now: its cost is charged."""
        if exchange.meter is not None:
            exchange.meter.finish(now, exchange.cost_seconds)

    def _counts(self, exchange: Exchange) -> bool:
        path = exchange.request.path
        return (
            self._settings.throttle
            and not path.startswith(RECURRING)
            and not (self._spares_packages and path.startswith(PACKAGE_API))
        )

    def _caller(self, exchange: Exchange) -> Caller:
        identity = exchange.identity
        server = exchange.server if self.rules.by_user else ""
        key = (identity.user_id, identity.app_id, server)
        caller = self._callers.get(key)
        if caller is None:
            caller = self._callers[key] = Caller(
                identity.app_id or identity.user_id,
                self._priority(identity.user_id, identity.app_id),
                self.rules,
                self.environment,
                self._own_rules,
            )
        return caller

    def _server(self, exchange: Exchange) -> str:
        """The server that the affinity cookie names, else the next in turn."""
        count = self._servers
        cookies = exchange.request.headers.get(b"cookie")
        if cookies is not None:
            for pair in cookies.decode("latin-1").split(";"):
                name, _, value = pair.strip().partition("=")
                if name == COOKIE and value.isdecimal() and int(value) < count:
                    return value
        self._next_server = (self._next_server + 1) % count
        return str(self._next_server)

    # -- priorities ---------------------------------------------------------------------------

    def map_priority(self, caller: str, priority: Priority | None) -> None:
        """Give a client id or a user id a priority; None takes it from the mapping."""
        name = caller.lower()
        if priority is None:
            self.mapping.pop(name, None)
        else:
            self.mapping[name] = priority
        for (user, application, _), known in self._callers.items():
            known.priority = self._priority(user, application)

    def _priority(self, user: str, application: str) -> Priority:
        found = self.mapping.get(application) or self.mapping.get(user.lower())
        return found or self._otherwise

    # -- work beside the requests -------------------------------------------------------------

    def working(self, cores: float, memory_mb: float = 0.0) -> Callable[[], None]:
        """A batch job begins that keeps so much busy; call what is returned when it ends."""
        return self._beside.working(cores, memory_mb)

    def job_begins(self) -> Callable[[], None]:
        """An entity's part of a data management job begins; call what is returned at its end."""
        return self.working(*self._job)

    def worked(self, core_seconds: float) -> None:
        """A batch job has used so much processor time by now."""
        self.environment.spend(self._now(), core_seconds)

    # -- what can be read ---------------------------------------------------------------------

    def uses(self) -> list[LimitUse]:
        """How far identities went into the limits."""
        found = [load_use(self.environment)] if self.rules.by_load else []
        for (user, application, server), caller in self._callers.items():
            if caller.own is not None:
                who = f"{user} {application}".strip()
                found.extend(limit_uses(caller.own, who, server))
        return found

    def readable(self) -> dict[str, Any]:
        """Sizes, load, thresholds and callers."""
        now, environment = self._now(), self.environment
        rules = environment.rules
        callers = {
            application or user: self._priority(user, application)
            for user, application, _ in self._callers
        }
        return {
            "release": self._settings.release,
            "throttling": self.rules.name if self._settings.throttle else "none",
            "web_servers": self._servers,
            "cores_per_server": self._sizes["cores"],
            "memory_mb_per_server": self._sizes["memory"],
            "processor": environment.cpu(now),
            "memory": environment.memory(),
            "requests_in_flight": environment.in_flight,
            "work_beside": {
                "jobs": len(self._beside),
                "cores": self._beside.cores,
                "memory_mb": self._beside.memory,
            },
            "highest_load": environment.peak_load,
            "refused_from": {
                "low": rules.refuse_low,
                "medium": rules.refuse_medium,
                "high": rules.refuse_high,
            },
            "callers": [
                {
                    "caller": name,
                    "priority": priority.value,
                    "refused": environment.refused.get(name, 0),
                    "refused_for_seconds": max(
                        0.0, (environment.blocked_until(now, name) or now) - now
                    ),
                }
                for name, priority in callers.items()
            ],
        }


def _rules(settings: FinanceOperationsSettings, limits: Limits) -> ThrottlingRules:
    """What the settings ask for, else what the release has."""
    if settings.throttling is None:
        return throttling_rules(settings.release, limits)
    return ThrottlingRules(by_load=True, by_user=settings.throttling == "user")
