"""Who may call and how often: tokens to users, service protection per user and web server."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from windtunnel.contracts.limits import (
    LIMITS,
    CostModel,
    Limits,
    ProtectionRules,
    Refused,
    ServiceProtection,
)
from windtunnel.contracts.limits.accounting import limit_uses
from windtunnel.contracts.limits.entitlement import POOL, Entitlement
from windtunnel.contracts.results import LimitUse
from windtunnel.simulator.exchange import Exchange, Identity, Request, Response
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.settings import DataverseSettings
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.kernel.tokens import Claims, InvalidToken
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.protocol import is_preflight

AFFINITY = "ARRAffinity"
SEARCH = "/api/search/"
"""Addresses outside the service protection limits: search has its own."""


@dataclass(frozen=True, slots=True)
class DataverseUser:
    """A row of systemuser that a token maps to, by application id or by Entra object id."""

    user_id: str
    name: str
    app_id: str = ""
    object_id: str = ""
    roles: tuple[str, ...] = ("System Administrator",)


class Guard:
    """Authenticates, admits and settles; holds the counters of every user on every web server."""

    def __init__(
        self,
        clock: Clock,
        timers: Timers,
        ids: Ids,
        check: Callable[[bytes], Claims],
        settings: DataverseSettings,
        limits: Limits,
        costs: CostModel,
        challenge: Callable[[Request], str],
    ) -> None:
        self._clock, self._timers, self._ids, self._check = clock, timers, ids, check
        self._settings, self._limits, self._costs = settings, limits, costs
        self._challenge = challenge
        self.find_user: Callable[[Claims], Identity | None] = lambda _: None
        """Looks for the user of a token who was not known from the start."""
        self._by_app: dict[str, Identity] = {}
        self._by_object: dict[str, Identity] = {}
        self._servers = tuple(f"{n:04x}dv" for n in range(1, settings.web_servers + 1))
        self._cookies = {
            server: f"Set-Cookie: {AFFINITY}={server}; path=/; HttpOnly\r\n".encode("latin-1")
            for server in self._servers
        }
        self._rules = ProtectionRules.of(limits)
        self._meters: dict[tuple[str, str], ServiceProtection] = {}
        self._entitlement = Entitlement(limits)
        hint = LIMITS["dataverse.model.dop-hint"].allowance
        self._left = (
            "x-ms-ratelimit-burst-remaining-xrm-requests: %d\r\n"
            f"x-ms-dop-hint: {hint:.0f}\r\n"
            "x-ms-ratelimit-time-remaining-xrm-requests: "
        )

    def register(self, users: Iterable[DataverseUser]) -> None:
        """Map tokens of these users."""
        for user in users:
            identity = Identity(user.user_id, user.name, user.app_id, user.object_id)
            if user.app_id:
                self._by_app[user.app_id.lower()] = identity
            if user.object_id:
                self._by_object[user.object_id.lower()] = identity

    def use_limits(self, limits: Limits) -> None:
        """Count by other numbers from now on; counters start anew."""
        self._limits = limits
        self._rules = ProtectionRules.of(limits)
        self._meters.clear()
        self._entitlement = Entitlement(limits)

    @property
    def limits(self) -> Limits:
        """The limits in force."""
        return self._limits

    def forget(self) -> None:
        """Drop all counters."""
        self._meters.clear()
        self._entitlement = Entitlement(self._limits)

    def authenticate(self, exchange: Exchange) -> None:
        """Set the identity of the token's user. Raises NotAuthenticated or NotMember."""
        try:
            claims = self._check(exchange.request.headers.get(b"authorization", b""))
        except InvalidToken as error:
            if is_preflight(exchange.request):
                return
            raise self._unauthenticated(str(error), exchange.request) from error
        identity = self._by_app.get(claims.app_id) if not claims.user_name else None
        identity = identity or self._by_object.get(claims.object_id) or self.find_user(claims)
        if identity is None:
            raise errors.NotMember
        exchange.identity = identity

    def _unauthenticated(self, problem: str, request: Request) -> errors.NotAuthenticated:
        return errors.NotAuthenticated(
            headers={"WWW-Authenticate": self._challenge(request)}, problem=problem
        )

    def admit(self, exchange: Exchange) -> None:
        """Choose the web server by cookie or at random, and count. Raises TooManyRequests."""
        exchange.server = self._server(exchange)
        if self._settings.entitlement == "enforce":
            self._refuse_beyond_entitlement(exchange)
        if not self._settings.throttle or exchange.request.path.startswith(SEARCH):
            return
        verdict = self._meter(exchange).admit(exchange.received)
        if isinstance(verdict, Refused):
            exchange.throttled_by = verdict.limit.id
            raise errors.TooManyRequests(
                verdict.limit.code.lower(), verdict.message, int(verdict.retry_after_seconds)
            )

    def _refuse_beyond_entitlement(self, exchange: Exchange) -> None:
        left = self._entitlement.seconds_refused(_payer(exchange.identity), exchange.received)
        if left:
            pooled = "application" if exchange.identity.app_id else "user"
            exchange.throttled_by = f"dataverse.entitlement.{pooled}"
            raise errors.TooManyRequests("0x8005f103", "Too many requests.", math.ceil(left))

    def units(self, exchange: Exchange) -> int:
        """How many requests of the entitlement an answered exchange stands for."""
        return exchange.units or int(exchange.operation not in _NOT_COUNTED)

    def _server(self, exchange: Exchange) -> str:
        servers = self._servers
        cookie = exchange.request.headers.get(b"cookie")
        if cookie is not None:
            for part in cookie.decode("latin-1").split(";"):
                name, _, value = part.strip().partition("=")
                if name == AFFINITY and value in servers:
                    return value
        server = servers[0] if len(servers) == 1 else self._ids.random.choice(servers)
        exchange.extra_head = self._cookies[server]
        return server

    def _meter(self, exchange: Exchange) -> ServiceProtection:
        key = (exchange.identity.user_id, exchange.server)
        meter = self._meters.get(key)
        if meter is None:
            meter = self._meters[key] = ServiceProtection(self._rules)
        return meter

    def settle(self, exchange: Exchange, response: Response) -> None:
        """Charge the modelled execution time and show what is left."""
        now = self._clock.now()
        cost = exchange.cost_seconds
        if exchange.operation not in _NOT_COUNTED or exchange.units:
            self._entitlement.count(_payer(exchange.identity), exchange.units or 1, now)
        if self._settings.latency == "modelled":
            response.delay_seconds += cost
        if self._settings.throttle and not exchange.request.path.startswith(SEARCH):
            meter = self._meter(exchange)
            if response.delay_seconds > 0.0:
                delay = response.delay_seconds
                self._timers.call_later(delay, lambda: meter.finish(self._clock.now(), cost))
            else:
                meter.finish(now, cost)
            requests, seconds = meter.left(now)
            left = f"{self._left % requests}{seconds:,.2f}\r\n".encode("latin-1")
            response.head = response.head + left + exchange.extra_head
        else:
            response.head += exchange.extra_head

    def cost(self, operation: str, rows: int = 0) -> float:
        """What an operation is charged, in seconds."""
        return self._costs.seconds(operation, rows=rows)

    def limit_use(self) -> list[LimitUse]:
        """How far each user went into each limit on each server; applications by client id."""
        apps = {identity.user_id: app for app, identity in self._by_app.items()}
        return [
            use
            for (user, server), meter in self._meters.items()
            for use in limit_uses(meter, apps.get(user, user), server)
        ] + self._entitlement.uses()

    def check_time(self, operation: str, rows: int) -> float:
        """What a message is charged. Raises SqlTimeout where it would run longer than it may."""
        cost = self._costs.seconds(operation, rows=rows)
        if cost > self._limits["dataverse.message-seconds"].allowance:
            raise errors.SqlTimeout
        return cost


_NOT_COUNTED = frozenset({"", "metadata", "batch"})


def _payer(identity: Identity) -> str:
    """Whose allowance a request takes: applications share one."""
    return POOL if identity.app_id else identity.user_id
