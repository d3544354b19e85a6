"""The rules of a finance and operations environment as one caller of one web server meets them."""

from __future__ import annotations

from windtunnel.contracts.limits.releases import ThrottlingRules
from windtunnel.contracts.limits.resource_throttle import Priority, ResourceThrottle
from windtunnel.contracts.limits.service_protection import ProtectionRules, ServiceProtection
from windtunnel.contracts.limits.verdict import ADMITTED, Verdict


class Caller:
    """A meter per caller and web server: its own requests first, then the load of all.

    A request that the load refuses was counted among the caller's own, without execution time.
    `own` is None where the user-based limits are off.
    """

    __slots__ = ("_by_load", "_load", "_name", "own", "priority")

    def __init__(
        self,
        name: str,
        priority: Priority,
        rules: ThrottlingRules,
        load: ResourceThrottle,
        own_rules: ProtectionRules,
    ) -> None:
        self.priority = priority
        self.own = ServiceProtection(own_rules) if rules.by_user else None
        self._by_load, self._load, self._name = rules.by_load, load, name

    def admit(self, now: float) -> Verdict:
        """Decide one request; an admitted one is in flight until `finish`."""
        own = self.own
        if own is not None:
            verdict = own.admit(now)
            if verdict is not ADMITTED:
                return verdict
        if not self._by_load:
            return ADMITTED
        verdict = self._load.admit(now, self._name, self.priority)
        if own is not None and verdict is not ADMITTED:
            own.finish(now, 0.0)
        return verdict

    def finish(self, now: float, execution_seconds: float) -> None:
        """An admitted request ended and took so long."""
        if self.own is not None:
            self.own.finish(now, execution_seconds)
        if self._by_load:
            self._load.finish(now, execution_seconds)
