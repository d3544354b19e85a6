"""Finance and operations as the web assembly sees it: guard, routes, headers, bodies of errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from windtunnel.contracts.entities.finance_operations.definitions import EntityTypes
from windtunnel.contracts.limits import (
    FINANCE_OPERATIONS_COSTS,
    CostModel,
    Limits,
    Priority,
)
from windtunnel.contracts.results import LimitUse
from windtunnel.simulator.exchange import Exchange, Identity, Response, Route, ServiceError
from windtunnel.simulator.kernel.callers import Callers
from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.routing import Matched, MethodNotAllowed, Router
from windtunnel.simulator.kernel.settings import FinanceOperationsSettings
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.kernel.tokens import Claims, InvalidToken
from windtunnel.simulator.services.finance_operations import errors as e
from windtunnel.simulator.services.finance_operations.addresses import Addresses, with_aliases
from windtunnel.simulator.services.finance_operations.custom_services import CustomServices
from windtunnel.simulator.services.finance_operations.custom_services.soap_handlers import (
    is_description,
)
from windtunnel.simulator.services.finance_operations.handlers.data import BELOW, ROOT, data
from windtunnel.simulator.services.finance_operations.handlers.reading import no_route
from windtunnel.simulator.services.finance_operations.handlers.wire import error_response
from windtunnel.simulator.services.finance_operations.model.actions import Actions
from windtunnel.simulator.services.finance_operations.model.environment import Environment
from windtunnel.simulator.services.finance_operations.routes import ROUTES
from windtunnel.simulator.services.finance_operations.throttling import COOKIE, Throttling


class FinanceOperations:
    """Serves one environment; see `GuardedService` in simulator/exchange.py.

    `check` turns a bearer token into claims or raises InvalidToken. `applications` maps client ids
    to the user they work as, `priorities` client ids and users to their throttling priority. With
    `timers` a delayed request is in flight until its answer leaves, else until it is settled.
    """

    name = "finance_operations"

    def __init__(
        self,
        store: Store,
        changes: Changes,
        clock: Clock,
        ids: Ids,
        *,
        check: Callable[[bytes], Claims],
        settings: FinanceOperationsSettings,
        applications: Mapping[str, str],
        priorities: Mapping[str, Priority],
        limits: Limits,
        costs: CostModel = FINANCE_OPERATIONS_COSTS,
        timers: Timers | None = None,
        imports: Sequence[EntityTypes] = (),
    ) -> None:
        self.environment = Environment(store, changes, clock, ids, settings, limits, costs, imports)
        self.throttling = Throttling(settings, limits, priorities, clock.now)
        self._addresses = Addresses(with_aliases(self.environment.sets, settings.set_aliases))
        self._router = Router(ROUTES)
        self._neighbours: list[Route] = []
        self._by_neighbours = Router(())
        self._clock, self._ids = clock, ids.child("finance_operations.activities")
        self._callers, self._applications = Callers(check, self._identity), applications
        self._timers = timers
        self._is_slow = settings.latency == "modelled"
        self.compresses = settings.compression

    @property
    def actions(self) -> Actions:
        """The registry of OData actions; other services and users add theirs to it."""
        return self.environment.actions

    def serve(self, routes: Iterable[Route]) -> None:
        """Answer at this origin what another service handles; its handlers take the exchange."""
        self._neighbours.extend(routes)
        self._by_neighbours = Router(self._neighbours)

    @property
    def custom_services(self) -> CustomServices:
        """The registry of custom services; other services and users add theirs to it."""
        return self.environment.custom_services

    # -- life ---------------------------------------------------------------------------------

    def seed(self, *, sample_data: bool = True) -> None:
        """Create the tables and store the first records, where there are none."""
        self.environment.seed(sample_data=sample_data)

    def forget(self) -> None:
        """Drop what is kept in memory: the store was reset."""
        self.environment.forget()
        self.throttling.forget()
        self._callers.forget()

    def limit_use(self) -> list[LimitUse]:
        """How far identities went into the limits."""
        return self.throttling.uses()

    def entities(self) -> list[tuple[str, int]]:
        """Each public collection with the number of its records."""
        return self.environment.entities()

    # -- the way of a request -----------------------------------------------------------------

    def authenticate(self, exchange: Exchange) -> None:
        """Set the identity of the token's application or user. Raises AuthenticationFailed."""
        header = exchange.request.headers.get(b"authorization", b"")
        try:
            exchange.identity = self._callers.find(header, exchange.received)
        except InvalidToken as error:
            if is_description(exchange.request):
                return
            raise e.AuthenticationFailed from error

    def _identity(self, claims: Claims) -> Identity:
        user = claims.user_name or self._applications.get(claims.app_id, "")
        if not user or not self.environment.users.of(user).enabled:
            raise e.AuthenticationFailed
        return Identity(user, user, claims.app_id, claims.object_id, claims.tenant_id)

    def admit(self, exchange: Exchange) -> None:
        """Count the request, or raise Throttled."""
        refusal = self.throttling.admit(exchange)
        if refusal is not None:
            headers = {"Retry-After": str(refusal.retry_after_seconds)}
            raise e.Throttled(headers=headers, reason=refusal.message)

    def handle(self, exchange: Exchange) -> Response:
        """Answer a request, or raise a ServiceError."""
        request = exchange.request
        if request.path.startswith(BELOW) or request.path == ROOT:
            # Nearly every request: no table of routes knows what an address can do.
            response = data(exchange, self.environment, self._addresses)
            self._sign(exchange, response)
            return response
        path = request.path.rstrip("/")
        match = self._router.match(request.method, path)
        if not isinstance(match, Matched):
            if isinstance(match, MethodNotAllowed):
                raise e.VerbNotSupported(request.method, match.allowed)
            return self._of_neighbour(exchange, path)
        response = match.handler(exchange, self.environment, self._addresses, **match.params)
        self._sign(exchange, response)
        return response

    def _of_neighbour(self, exchange: Exchange, path: str) -> Response:
        request = exchange.request
        match = self._by_neighbours.match(request.method, path)
        if isinstance(match, MethodNotAllowed):
            raise e.VerbNotSupported(request.method, match.allowed)
        if not isinstance(match, Matched):
            raise no_route(exchange)
        response = match.handler(exchange, **match.params)
        self._sign(exchange, response)
        return response

    def settle(self, exchange: Exchange, response: Response) -> None:
        """Charge what the request cost; set the affinity cookie of clients without one."""
        if self._is_slow:
            response.delay_seconds += exchange.cost_seconds
        finish, moment = self.throttling.finish, self._clock.now()
        if response.delay_seconds > 0.0 and self._timers is not None:
            moment += response.delay_seconds
            self._timers.call_later(response.delay_seconds, lambda: finish(exchange, moment))
        else:
            finish(exchange, moment)
        if b"cookie" not in exchange.request.headers:
            response.add(_cookie(exchange.server))

    def render_error(self, error: ServiceError, exchange: Exchange) -> Response:
        """Give an error its body, and the activity id that support asks for."""
        response = error_response(error)
        self._sign(exchange, response)
        return response

    def _sign(self, exchange: Exchange, response: Response) -> None:
        """The headers that support asks for. Source: "Service request tracing"."""
        activity = exchange.correlation_id or self._ids.uuid()
        exchange.correlation_id = exchange.request_id = activity
        seconds = exchange.cost_seconds
        if not seconds:
            seconds = self.environment.costs.seconds(exchange.operation or "other")
            exchange.cost_seconds = seconds
        response.add(f"ms-dyn-aid: {activity}\r\n".encode(), _timing(seconds))


@lru_cache(maxsize=256)
def _cookie(server: str) -> bytes:
    """The affinity cookie, for a client that has none."""
    return f"Set-Cookie: {COOKIE}={server}; Path=/; HttpOnly\r\n".encode("latin-1")


@lru_cache(maxsize=1_024)
def _timing(seconds: float) -> bytes:
    return f"server-timing: dur={seconds * 1000:.0f}\r\n".encode()
