"""The service: finds the operation of a request and calls its handler."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from windtunnel.contracts.entities.dataverse import (
    OptionSet,
    TableDefinition,
    standard_choices,
    standard_tables,
)
from windtunnel.contracts.limits import DATAVERSE_COSTS, CostModel, Limits
from windtunnel.contracts.results import LimitUse
from windtunnel.simulator.exchange import Exchange, Request, Response, ServiceError
from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.jobs import Jobs
from windtunnel.simulator.kernel.settings import CustomApiSettings, DataverseSettings
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.kernel.tokens import Claims
from windtunnel.simulator.odata import ODataError
from windtunnel.simulator.services.dataverse import errors, file_columns, protocol
from windtunnel.simulator.services.dataverse.guard import DataverseUser, Guard
from windtunnel.simulator.services.dataverse.handlers import Handlers
from windtunnel.simulator.services.dataverse.messages import background
from windtunnel.simulator.services.dataverse.messages.custom import ApiFunction, declare_one
from windtunnel.simulator.services.dataverse.messages.registry import Registry
from windtunnel.simulator.services.dataverse.model.activities import Activities
from windtunnel.simulator.services.dataverse.model.metadata.customizations import Customizations
from windtunnel.simulator.services.dataverse.model.metadata.saved import SavedDefinitions
from windtunnel.simulator.services.dataverse.model.tables import Tables
from windtunnel.simulator.services.dataverse.replies import ROOT, Replies
from windtunnel.simulator.services.dataverse.security import Security
from windtunnel.simulator.services.dataverse.security.standard import Standard
from windtunnel.simulator.services.dataverse.security.units import Units
from windtunnel.simulator.services.dataverse.seed import seed

_RECORD = re.compile(
    r"/api/data/v9\.[0-2]/([A-Za-z_]\w*)"
    r"\(([0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12})\)"
)
_SLASHES = re.compile(r"(/api/data/v9[.\d]*)?//+")
_BUILD = re.compile(r"(/api/data/v9\.[0-2])(?:\.\d+){1,2}(?=/|\Z)")


class Dataverse:
    """One environment of Dataverse."""

    name = "dataverse"

    def __init__(
        self,
        store: Store,
        changes: Changes,
        clock: Clock,
        timers: Timers,
        ids: Ids,
        jobs: Jobs,
        *,
        check: Callable[[bytes], Claims],
        settings: DataverseSettings,
        limits: Limits,
        costs: CostModel = DATAVERSE_COSTS,
        tenant_id: str = "",
        authority: Callable[[Request], str] = lambda _: "",
        call_back: background.CallBack = lambda _url, _body: None,
    ) -> None:
        self.tables = Tables(store, changes)
        self.add_tables(standard_tables(), standard_choices())
        self._changes, self._clock, self._ids, self._settings = changes, clock, ids, settings

        def challenge(request: Request) -> str:
            where = f"{authority(request)}/{tenant_id}/oauth2/authorize"
            return f"Bearer authorization_uri={where}, resource_id={request.base_url}/"

        self.security = Security(store, changes, self.tables)
        Units(changes, ids.child("dataverse business units"), self.tables)
        self._activities = Activities(changes, self.tables, ids.child("dataverse activity parties"))
        self._standard = Standard(
            store, changes, clock, ids.child("dataverse security"), self.tables
        )
        self.compresses = settings.compression
        self.guard = Guard(clock, timers, ids, check, settings, limits, costs, challenge)
        self.guard.find_user = self.security.user_of
        self.authenticate, self.admit = self.guard.authenticate, self.guard.admit
        self.settle = self.guard.settle
        self._replies = Replies(ids)
        self.customizations = Customizations(
            store, clock, timers, ids, self.tables, SavedDefinitions(store, changes)
        )
        self._handlers = Handlers(
            store,
            clock,
            ids,
            self.tables,
            changes,
            self.guard,
            self._replies,
            settings,
            tenant_id,
            self.customizations,
            jobs,
            self.security,
            call_back,
        )

    @property
    def messages(self) -> Registry:
        """The functions and actions of the environment."""
        return self._handlers.messages

    def add_tables(
        self,
        definitions: Iterable[TableDefinition],
        choices: Mapping[str, OptionSet] = MappingProxyType({}),
    ) -> None:
        """Serve more tables and global choices; before `prepare`."""
        self.tables.add(definitions)
        self.tables.choices.update(choices)

    def add_custom_api(self, api: CustomApiSettings, function: ApiFunction) -> None:
        """Answer a custom API that comes with a solution."""
        declare_one(self.messages, api, function)

    def prepare(self, users: Iterable[DataverseUser], *, sample_data: bool) -> None:
        """Create the tables, and on an empty database the first content."""
        known = list(users)
        self.customizations.prepare()
        self.tables.create()
        self._handlers.files.create()
        self._handlers.numbers.create()
        self._handlers.totals.prepare()
        self._handlers.lists.prepare()
        if not self.tables.by_name["organization"].records.count():
            seed(
                self.tables,
                self._changes,
                self._ids,
                self._clock,
                self._settings,
                known,
                sample_data,
                self._handlers.writes.derived,
            )
        self._activities.follow()
        self._standard.prepare(known, self.security.privileges)
        self.security.prepare()
        self._handlers.auditing.prepare()
        self.customizations.on_change(self._complete_privileges)
        self.customizations.on_change(self._activities.follow)
        self.customizations.on_change(self._handlers.auditing.follow)
        self.guard.register(known)

    def _complete_privileges(self) -> None:
        self._standard.complete(self.security.privileges)
        self.security.forget()

    def forget(self) -> None:
        """After a reset: counters, plans and kept answers are gone."""
        self.guard.forget()
        self.customizations.load()
        self._handlers.forget()

    def limit_use(self) -> list[LimitUse]:
        """How far each user went into each limit."""
        return self.guard.limit_use()

    def handle(self, exchange: Exchange) -> Response:
        """Answer one request."""
        plain = protocol.is_plain(exchange.request)
        if not plain:
            protocol.check(exchange.request)
        if self.security.is_needed or not plain:
            return self.security.run(exchange, self._handle)
        return self._handle(exchange)

    def _handle(self, exchange: Exchange) -> Response:
        accept = exchange.request.headers.get(b"accept")
        if accept is not None and b"odata.metadata" in accept and b"minimal" not in accept:
            return protocol.levelled(self.tables, exchange, self._answer(exchange))
        return self._answer(exchange)

    def _answer(self, exchange: Exchange) -> Response:
        request = exchange.request
        found = _RECORD.fullmatch(request.path)
        try:
            if found is not None:
                return self._handlers.record(exchange, found[1], found[2].lower())
            root = ROOT.match(request.path)
            if _SLASHES.match(request.path):  # the web server before the service takes them for one
                request.path = _SLASHES.sub(r"\1/", request.path, count=1)
                return self._handle(exchange)
            if root is None and request.path.startswith("/api/search/"):
                return self._handlers.search.address(exchange)
            if root is None and request.path.startswith(background.MONITOR):
                return background.monitor(self._handlers, exchange)
            if root is None and request.path.lower() == "/image/download.aspx":
                return file_columns.download_image(self._handlers, exchange)
            if root is None:
                build = _BUILD.match(request.path)
                if build is not None:  # the whole version number of an organization is served too
                    request.path = build[1] + request.path[build.end() :]
                    return self._handle(exchange)
                raise errors.NoRoute(uri=request.base_url + request.path)
            return self._handlers.dispatch(exchange, request.path[root.end() :])
        except ODataError as problem:
            raise errors.QueryError(problem=problem.message) from problem
        except sqlite3.OperationalError as problem:
            if "parser stack" in str(problem) or "too" in str(problem):
                raise errors.QueryError(problem="The query is too complex.") from problem
            raise

    def render_error(self, error: ServiceError, exchange: Exchange) -> Response:
        """The Web API's error body; a refused sender is told its web server too."""
        answer = self._replies.error(error, exchange)
        if exchange.throttled_by:
            answer.add(exchange.extra_head)
            exchange.extra_head = b""
        return answer
