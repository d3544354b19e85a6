"""Who may call and how often: tokens to users, service protection per user and web server."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from windtunnel.contracts.limits import (
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
from windtunnel.simulator.kernel.callers import Callers
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


def _hint(limits: Limits) -> str:
    """The headers from the recommended degree of parallelism to the time that is left."""
    hint = limits["dataverse.model.dop-hint"].allowance
    return f"\r\nx-ms-dop-hint: {hint:.0f}\r\n{_TIME_LEFT}"


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
        self._clock, self._timers, self._ids = clock, timers, ids
        self._callers = Callers(check, self._caller)
        self._limits = limits
        self.cost = costs.seconds
        """What an operation is charged, in seconds."""
        self._throttles, self._enforces = settings.throttle, settings.entitlement == "enforce"
        self._is_slow = settings.latency == "modelled"
        self._challenge = challenge
        self.find_user: Callable[[Claims], Identity | None] = lambda _: None
        """Looks for the user of a token who was not known from the start."""
        self._by_app: dict[str, Identity] = {}
        self._by_object: dict[str, Identity] = {}
        self._servers = {
            server: f"Set-Cookie: {AFFINITY}={server}; path=/; HttpOnly\r\n".encode("latin-1")
            for server in (f"{n:04x}dv" for n in range(1, settings.web_servers + 1))
        }
        self._any_server = self._balancer()
        self._rules = ProtectionRules.of(limits)
        self._meters: dict[tuple[str, str], ServiceProtection] = {}
        self._entitlement = Entitlement(limits)
        self._hint = _hint(limits)

    def register(self, users: Iterable[DataverseUser]) -> None:
        """Map tokens of these users."""
        self._callers.forget()
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
        self._hint = _hint(limits)
        self._meters.clear()
        self._entitlement = Entitlement(limits)

    @property
    def limits(self) -> Limits:
        """The limits in force."""
        return self._limits

    def forget(self) -> None:
        """Drop all counters, and who called."""
        self._callers.forget()
        self._meters.clear()
        self._entitlement = Entitlement(self._limits)

    def authenticate(self, exchange: Exchange) -> None:
        """Set the identity of the token's user. Raises NotAuthenticated or NotMember."""
        request = exchange.request
        header = request.headers.get(b"authorization", b"")
        try:
            identity, claims = self._callers.find(header, exchange.received)
        except InvalidToken as error:
            if is_preflight(request):
                return
            raise self._unauthenticated(str(error), request) from error
        if identity is None:
            identity = self.find_user(claims)
            if identity is None:
                raise errors.NotMember
        exchange.identity = identity

    def _caller(self, claims: Claims) -> tuple[Identity | None, Claims]:
        """The user of a token if it was known from the start; others may come and go."""
        identity = self._by_app.get(claims.app_id) if not claims.user_name else None
        return identity or self._by_object.get(claims.object_id), claims

    def _unauthenticated(self, problem: str, request: Request) -> errors.NotAuthenticated:
        return errors.NotAuthenticated(
            headers={"WWW-Authenticate": self._challenge(request)}, problem=problem
        )

    def admit(self, exchange: Exchange) -> None:
        """Choose the web server by cookie or at random, and count. Raises TooManyRequests."""
        request = exchange.request
        server = self._asked(request.headers[b"cookie"]) if b"cookie" in request.headers else ""
        if not server:
            server, exchange.extra_head = self._any_server()
        exchange.server = server
        if self._enforces:
            self._refuse_beyond_entitlement(exchange)
        if not self._throttles or request.path.startswith(SEARCH):
            return
        place = (exchange.identity.user_id, server)
        meter = self._meters.get(place)
        if meter is None:
            meter = self._meters[place] = ServiceProtection(self._rules)
        verdict = meter.admit(exchange.received)
        if isinstance(verdict, Refused):
            exchange.throttled_by = verdict.limit.id
            raise errors.TooManyRequests(
                verdict.limit.code.lower(), verdict.message, int(verdict.retry_after_seconds)
            )
        exchange.meter = meter

    def _asked(self, cookies: bytes) -> str:
        """The web server that the affinity cookie names, or ``."""
        for part in cookies.decode("latin-1").split(";"):
            name, _, value = part.strip().partition("=")
            if name == AFFINITY and value in self._servers:
                return value
        return ""

    def _balancer(self) -> Callable[[], tuple[str, bytes]]:
        """Chooses a web server, with the cookie that leads back to it."""
        servers = list(self._servers.items())
        [first, *others] = servers
        return partial(self._ids.random.choice, servers) if others else lambda: first

    def _refuse_beyond_entitlement(self, exchange: Exchange) -> None:
        left = self._entitlement.seconds_refused(_payer(exchange.identity), exchange.received)
        if left:
            pooled = "application" if exchange.identity.app_id else "user"
            exchange.throttled_by = f"dataverse.entitlement.{pooled}"
            raise errors.TooManyRequests("0x8005f103", "Too many requests.", math.ceil(left))

    def units(self, exchange: Exchange) -> int:
        """How many requests of the entitlement an answered exchange stands for."""
        return exchange.units or int(exchange.operation not in _NOT_COUNTED)

    def settle(self, exchange: Exchange, response: Response) -> None:
        """Charge the modelled execution time and show what is left."""
        now, cost, meter = self._clock.now(), exchange.cost_seconds, exchange.meter
        if exchange.operation not in _NOT_COUNTED or exchange.units:
            self._entitlement.days_of(_payer(exchange.identity)).count(exchange.units or 1, now)
        if self._is_slow:
            response.delay_seconds += cost
        if meter is None:
            response.add(exchange.extra_head)
            return
        if response.delay_seconds:
            delay = response.delay_seconds
            self._timers.call_later(delay, lambda: meter.finish(self._clock.now(), cost))
            requests, time = meter.left(now)
        else:
            requests, time = meter.finish_and_tell(now, cost)
        cents = str(time // 10_000)
        if 5 < len(cents) < 9:
            seconds = f"{cents[:-5]},{cents[-5:-2]}.{cents[-2:]}"  # a float takes longer
        else:
            seconds = f"{time / 1_000_000:,.2f}"
        lines = f"{_REQUESTS_LEFT}{requests}{self._hint}{seconds}\r\n"
        response.add(lines.encode(), exchange.extra_head)

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
        cost = self.cost(operation, rows)
        if cost > self._limits["dataverse.message-seconds"].allowance:
            raise errors.SqlTimeout
        return cost


_NOT_COUNTED = frozenset({"", "metadata", "batch"})
_REQUESTS_LEFT = "x-ms-ratelimit-burst-remaining-xrm-requests: "
_TIME_LEFT = "x-ms-ratelimit-time-remaining-xrm-requests: "


def _payer(identity: Identity) -> str:
    """Whose allowance a request takes: applications share one."""
    return POOL if identity.app_id else identity.user_id
