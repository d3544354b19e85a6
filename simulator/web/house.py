"""One simulator, assembled: store, clock, journal, faults and the services, from settings."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from ssl import SSLContext
from typing import Any

from windtunnel.contracts.limits import (
    DATAVERSE_COSTS,
    FINANCE_OPERATIONS_COSTS,
    LIMITS,
    CostModel,
    Limits,
    Priority,
)
from windtunnel.simulator.entity_sets.records import Records
from windtunnel.simulator.exchange import Request, Response, Service, UsageError
from windtunnel.simulator.kernel.background import Background
from windtunnel.simulator.kernel.changes import Change, Changes, Operation
from windtunnel.simulator.kernel.clock import DEFAULT_START, SteerableClock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.jobs import Jobs
from windtunnel.simulator.kernel.journal import Journal
from windtunnel.simulator.kernel.settings import ClientSettings, EntraSettings, Settings
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.kernel.tokens import (
    Claims,
    SigningKey,
    TokenCheck,
    loopback_spellings,
)
from windtunnel.simulator.services.blob import BlobService
from windtunnel.simulator.services.business_events import BusinessEvents
from windtunnel.simulator.services.business_events.poster import HttpPoster
from windtunnel.simulator.services.business_events.routes import routes
from windtunnel.simulator.services.data_management import DataManagement, package_actions
from windtunnel.simulator.services.data_management.recurring import (
    RecurringIntegrations,
    recurring_integrations,
)
from windtunnel.simulator.services.data_management.recurring.routes import (
    control_routes as recurring_control_routes,
)
from windtunnel.simulator.services.data_management.recurring.routes import (
    routes as recurring_routes,
)
from windtunnel.simulator.services.dataverse import Dataverse, DataverseUser
from windtunnel.simulator.services.dataverse.imports import read_imports
from windtunnel.simulator.services.electronic_reporting import ElectronicReporting
from windtunnel.simulator.services.electronic_reporting.routes import routes as er_routes
from windtunnel.simulator.services.entra import Client, Entra, EntraService, Tenant, User
from windtunnel.simulator.services.finance_operations.imports import (
    read_imports as read_entity_types,
)
from windtunnel.simulator.services.finance_operations.model.whole_sets import WholeSets
from windtunnel.simulator.services.finance_operations.service import FinanceOperations
from windtunnel.simulator.services.finance_operations.setup_pages import routes as setup_pages
from windtunnel.simulator.services.invoice_capture import InvoiceCapture
from windtunnel.simulator.services.invoice_capture.routes import routes as capture_routes
from windtunnel.simulator.web import pipeline
from windtunnel.simulator.web.callbacks import Callbacks
from windtunnel.simulator.web.control.service import ControlService
from windtunnel.simulator.web.data_management import DataEntities, PackageBlobs
from windtunnel.simulator.web.faults import Faults
from windtunnel.simulator.web.http_server import Spooling, Turn, WebLimits
from windtunnel.simulator.web.invoice_capture import capture_tables, install
from windtunnel.simulator.web.listeners import Manner
from windtunnel.simulator.web.origins import ORIGINS
from windtunnel.simulator.web.proxy.application import application
from windtunnel.simulator.web.proxy.certificates import Contexts
from windtunnel.simulator.web.proxy.connection import connections
from windtunnel.simulator.web.proxy.names import AUTHORITY, CloudNames
from windtunnel.simulator.web.tls import LocalCa, default_folder, names_for

_NAMESPACE = uuid.UUID("6f1d0f3e-57a0-5d0b-9a61-d365d365d366")


class House:
    """Everything of one simulator but its sockets."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        simulator = settings.simulator
        self.clock = _clock(simulator.clock, simulator.clock_start)
        self.timers = Timers(self.clock)
        self.clock.on_steer(self.timers.run_all_due)
        self.store = Store(simulator.database)
        self.ids = Ids(simulator.seed)
        self.changes = Changes(self.store, self.clock)
        self.jobs = Jobs(self.store, self.clock, self.timers, self.ids.child("jobs"))
        self.background = Background(self.timers, self.store.commit)
        self.callbacks = Callbacks(lambda: HttpPoster(lambda: self.ca().path))
        self.journal = Journal(settings.journal.entries, settings.journal.body_bytes)
        self.faults = Faults(self.ids.child("faults"))
        self.turn = Turn(self.store.commit, self.store.rollback)
        self._snapshots: dict[str, bytes] = {}
        self._began = self.clock.now()
        self._folder = simulator.data_folder or default_folder()
        self._ca: LocalCa | None = None
        self._urls: dict[str, str] = {}
        self._limits, self._costs = self._read_limits()
        self.cloud = CloudNames(settings.proxy.hosts)
        self.entra = self._make_entra()
        self.checks = {
            name: TokenCheck(
                self.entra.key, settings.entra.tenant_id, self.clock, static=self._static_tokens()
            )
            for name in ("dataverse", "finance_operations", "blob")
        }
        self.checks["dataverse"].accept_if(partial(self.cloud.is_resource, "dataverse"))
        self.checks["blob"].accept_if(partial(self.cloud.is_resource, "blob"))
        self.checks["blob"].accept(["https://storage.azure.com", "https://storage.azure.com/"])
        self.checks["finance_operations"].accept_if(self._is_exact_environment)
        self.entra.resources.add_if(self.cloud.is_cloud_resource)
        self.blob = self._make_blob()
        self.blob_access = self.blob.access(self._blob_origin)
        self.dataverse = self._make_dataverse()
        self.finance_operations = self._make_finance_operations()
        self.services: dict[str, Service] = {
            "entra": EntraService(self.entra),
            "dataverse": self.dataverse,
            "finance_operations": self.finance_operations,
            "blob": self.blob,
        }
        self.data_management = self._make_data_management()
        self.recurring = self._make_recurring()
        self.business_events = self._make_business_events()
        self.electronic_reporting = self._make_electronic_reporting()
        self.invoice_capture = self._make_invoice_capture()
        more = [
            *routes(self.business_events),
            *setup_pages(self.finance_operations.throttling),
            *er_routes(self.electronic_reporting),
            *recurring_control_routes(self.recurring),
            *capture_routes(self.invoice_capture),
        ]
        self.control = self.services["control"] = ControlService(self, more)
        self.store.commit()
        self.store.mark()
        self.blob.keep()
        self._resume()

    # -- assembling ---------------------------------------------------------------------------

    def _read_limits(self) -> tuple[Limits, Mapping[str, CostModel]]:
        limits, costs = LIMITS, {}
        file = self.settings.simulator.limits_file
        if file is not None:
            from windtunnel.contracts.limits.overrides import load_limits

            allowances = load_limits(file)
            limits, costs = allowances.limits, dict(allowances.costs)
        for name, numbers in self.settings.limits.items():
            try:
                limits = limits.override(name, **numbers.model_dump(exclude_none=True))
            except (KeyError, ValueError) as error:
                raise UsageError(str(error), where=f"[limits.{name}]") from error
        return limits, costs

    def _make_entra(self) -> Entra:
        settings = self.settings.entra
        key = SigningKey.kept_in(self._folder)
        clients = [_client(client) for client in settings.clients]
        users = [
            User(user.object_id or _id_of("user", user.upn), user.upn, user.name, user.password)
            for user in settings.users
        ]
        return Entra(
            Tenant(settings.tenant_id, settings.domain),
            clients,
            users,
            key=key,
            clock=self.clock,
            ids=self.ids.child("entra"),
            token_seconds=settings.token_seconds,
            lenient_resources=settings.lenient_resources,
        )

    def _static_tokens(self) -> dict[str, Claims]:
        entra = self.settings.entra
        objects = {client.app_id: _object_id(client) for client in entra.clients}
        return {
            token: Claims(app_id.lower(), objects.get(app_id, ""), entra.tenant_id)
            for token, app_id in entra.static_tokens.items()
        }

    def _make_blob(self) -> BlobService:
        database = self.settings.simulator.database
        folder = None if database is None else database.with_name(f"{database.name}.blobs")
        made = BlobService(
            self.store,
            self.clock,
            self.ids.child("blob service"),
            self.settings.blob,
            folder=folder,
            challenge=self._blob_challenge,
            is_ours=self._is_blob,
            check=self.checks["blob"].bearer,
        )
        made.prepare()
        return made

    def _blob_origin(self) -> str:
        return self._urls.get("blob", "")

    def _is_blob(self, authority: str) -> bool:
        known = self.cloud.find(authority)
        return known is not None and known.service == "blob"

    def _blob_challenge(self) -> str:
        authority = self._urls.get("entra", AUTHORITY)
        tenant = self.settings.entra.tenant_id
        return (
            f"Bearer authorization_uri={authority}/{tenant}/oauth2/authorize "
            "resource_id=https://storage.azure.com"
        )

    def _make_dataverse(self) -> Dataverse:
        made = Dataverse(
            self.store,
            self.changes,
            self.clock,
            self.timers,
            self.ids.child("dataverse service"),
            self.jobs,
            check=self.checks["dataverse"].bearer,
            settings=self.settings.dataverse,
            limits=self._limits,
            costs=self._costs.get("dataverse", DATAVERSE_COSTS),
            tenant_id=self.settings.entra.tenant_id,
            authority=self._authority,
            call_back=self.callbacks,
        )
        own = read_imports(self.settings.dataverse.schemas, self._folder)
        made.add_tables(own.tables.values(), own.choices)
        if self.settings.invoice_capture.channels:
            made.add_tables(capture_tables())
        made.prepare(self._dataverse_users(), sample_data=self.settings.simulator.sample_data)
        return made

    def _is_exact_environment(self, audience: str) -> bool:
        """Finance and operations takes its URL in lower case, without a slash, nothing else.

        Source: "Troubleshoot service authentication".
        """
        is_exact = audience == audience.lower().rstrip("/")
        return is_exact and self.cloud.is_resource("finance_operations", audience)

    def _authority(self, request: Request) -> str:
        """Where callers of this request's host get tokens."""
        in_cloud = self.cloud.is_cloud(request.header("host"))
        return AUTHORITY if in_cloud else self._urls.get("entra", "")

    def _make_finance_operations(self) -> FinanceOperations:
        clients = self.settings.entra.clients
        made = FinanceOperations(
            self.store,
            self.changes,
            self.clock,
            self.ids.child("finance_operations service"),
            check=self.checks["finance_operations"].bearer,
            settings=self.settings.finance_operations,
            applications={c.app_id.lower(): c.finance_operations_user for c in clients},
            priorities=_priorities(self.settings.entra),
            limits=self._limits,
            costs=self._costs.get("finance_operations", FINANCE_OPERATIONS_COSTS),
            timers=self.timers,
            imports=read_entity_types(self.settings.finance_operations.schemas, self._folder),
        )
        made.seed(sample_data=self.settings.simulator.sample_data)
        return made

    def _make_data_management(self) -> DataManagement:
        environment = self.finance_operations.environment
        made = DataManagement(
            self.store,
            self.clock,
            self.timers,
            self.jobs,
            self.background,
            self.ids.child("data management"),
            entities=DataEntities(environment),
            blobs=PackageBlobs(self.blob_access),
            settings=self.settings.data_management,
            default_company=environment.companies.default,
            working=self.finance_operations.throttling.job_begins,
        )
        made.prepare()
        self.finance_operations.actions.add(*package_actions(made))
        return made

    def _make_recurring(self) -> RecurringIntegrations:
        made = recurring_integrations(
            self.data_management,
            PackageBlobs(self.blob_access),
            self.store,
            self.clock,
            self.timers,
            self.ids.child("recurring integrations"),
            self.finance_operations.environment.companies.default,
        )
        self.finance_operations.serve(recurring_routes(made))
        return made

    def _make_business_events(self) -> BusinessEvents:
        made = BusinessEvents(
            self.store,
            self.changes,
            self.clock,
            self.timers,
            self.ids.child("business events"),
            self.settings.business_events,
            ca_file=lambda: self.ca().path,
        )
        made.prepare()
        orders = self.finance_operations.environment.sets["SalesOrderHeadersV2"].records
        made.watch(
            orders.table.entity_type,
            "WindtunnelSalesOrderChangedBusinessEvent",
            lambda change: _order_event(orders, change),
        )
        return made

    def _make_electronic_reporting(self) -> ElectronicReporting:
        settings = self.settings.electronic_reporting
        made = ElectronicReporting(
            self.store,
            self.clock,
            self.jobs,
            self.ids.child("electronic reporting"),
            settings,
            WholeSets(self.finance_operations.environment, "Admin"),
            settings.folder or Path.cwd() / ".windtunnel" / "electronic-reporting",
        )
        made.prepare()
        return made

    def _make_invoice_capture(self) -> InvoiceCapture:
        made = InvoiceCapture(
            self.store,
            self.clock,
            self.jobs,
            self.ids.child("invoice capture"),
            self.settings.invoice_capture,
            WholeSets(self.finance_operations.environment, "Admin"),
        )
        made.prepare()
        if self.settings.invoice_capture.channels:
            install(self.dataverse, made)
        return made

    def _dataverse_users(self) -> list[DataverseUser]:
        entra = self.settings.entra
        users = [
            DataverseUser(
                _id_of("systemuser", client.app_id),
                client.name or client.app_id,
                client.app_id,
                _object_id(client),
                client.dataverse_roles,
            )
            for client in entra.clients
        ]
        return users + [
            DataverseUser(
                _id_of("systemuser", user.upn),
                user.name or user.upn,
                "",
                user.object_id or _id_of("user", user.upn),
                user.dataverse_roles,
            )
            for user in entra.users
        ]

    # -- running ------------------------------------------------------------------------------

    def applications(self) -> dict[str, Callable[[Request], Response]]:
        """The application of each service, by its name."""
        around = pipeline.Surroundings(self.clock, self.journal, self.faults, self.turn.abort)
        found = {name: pipeline.build(service, around) for name, service in self.services.items()}
        proxy = self.settings.proxy
        if proxy.enabled:
            found["proxy"] = application(self.cloud, found)
        if proxy.https_port is not None:
            found["cloud_names"] = application(self.cloud, found)
        return found

    def web_limits(self) -> WebLimits:
        """What a connection may take."""
        web = self.settings.web
        return WebLimits(
            header_bytes=web.header_bytes,
            body_bytes=web.body_bytes,
            idle_seconds=web.idle_seconds,
            receive_seconds=web.receive_seconds,
            connections=web.connections,
        )

    def ca(self) -> LocalCa:
        """The local certificate authority, made at first use."""
        if self._ca is None:
            self._ca = LocalCa(self._folder)
        return self._ca

    def tls_context(self) -> SSLContext:
        """What https listeners serve with."""
        return self.ca().server_context(names_for([self.settings.simulator.host]))

    def manners(
        self, applications: Mapping[str, Callable[[Request], Response]]
    ) -> dict[str, Manner]:
        """How the names of the cloud are listened for."""
        tls, port = self.settings.simulator.tls, self.settings.proxy.https_port
        contexts = Contexts(self.ca()) if tls else None
        incoming = self.blob.model.contents.incoming
        by_host = Spooling(incoming, lambda host: self._is_blob(host.decode("latin-1")))
        found = {
            "proxy": Manner(connections(self.cloud, applications, contexts), spooling=by_host),
            "blob": Manner(spooling=Spooling(incoming, lambda _: True)),
        }
        if port is not None:
            if contexts is None:
                raise UsageError(
                    "needs TLS, which is off",
                    where="proxy.https_port",
                    remedy="Leave --no-tls out.",
                )
            by_name = contexts.by_server_name(self.cloud, self.tls_context())
            found["cloud_names"] = Manner(tls=by_name, port=port, spooling=by_host)
        return found

    def announce(self, urls: Mapping[str, str]) -> None:
        """The listeners are open: these are resources that tokens may be for."""
        self._urls = dict(urls)
        services = {
            origin.name: origin.service for origin in ORIGINS if origin.service in self.services
        }
        urls = {name: url for name, url in urls.items() if name in services}
        for name, url in urls.items():
            spellings = loopback_spellings(url)
            self.entra.resources.add(spellings)
            self.cloud.add_listeners((spelling, services[name]) for spelling in spellings)
            check = self.checks.get(services[name])
            if check is not None:
                check.accept(spellings)
                if services[name] == "dataverse":
                    check.accept(f"{spelling}/" for spelling in spellings)
        self.checks["dataverse"].accept(["00000007-0000-0000-c000-000000000000"])

    def variables(self, urls: Mapping[str, str]) -> dict[str, str]:
        """The lines of the env file."""
        entra = self.settings.entra
        found = {origin.variable: urls[origin.name] for origin in ORIGINS if origin.name in urls}
        client = entra.clients[0] if entra.clients else None
        found["WT_TENANT_ID"] = entra.tenant_id
        found["WT_ER_FOLDER"] = str(self.electronic_reporting.folder)
        if client is not None:
            found["WT_CLIENT_ID"] = client.app_id
            found["WT_CLIENT_SECRET"] = client.secrets[0] if client.secrets else ""
        for other in entra.clients:
            if other.name and other.secrets:
                label = re.sub(r"\W+", "_", other.name).upper()
                found[f"WT_CLIENT_ID_{label}"] = other.app_id
                found[f"WT_CLIENT_SECRET_{label}"] = other.secrets[0]
        account = self.settings.blob.accounts[0]
        found["WT_BLOB_CONNECTION_STRING"] = _connection_string(
            urls.get("blob", ""), account.name, account.keys[0]
        )
        if self.settings.simulator.tls:
            found["WT_CA_FILE"] = str(self.ca().path)
        else:
            found.setdefault("WT_DATAVERSE_URL", found.get("WT_DATAVERSE_HTTP_URL", ""))
            found.setdefault("WT_FO_URL", found.get("WT_FO_HTTP_URL", ""))
        return found

    async def start(self) -> None:
        """Start what works in the background."""
        self.background.attach(asyncio.get_running_loop())
        await self.business_events.start()

    async def stop(self) -> None:
        """End what works in the background."""
        self.background.detach()
        await self.callbacks.finish()
        await self.business_events.stop()

    def close(self) -> None:
        """Commit and close the store."""
        self.store.close()
        self.blob.close()

    # -- control ------------------------------------------------------------------------------

    def about(self) -> Mapping[str, Any]:
        """Version, services and origins."""
        return {
            "name": "windtunnel",
            "version": version("windtunnel-d365"),
            "services": list(self.services),
            "origins": self._urls,
            "seed": self.settings.simulator.seed,
        }

    def reset(self) -> None:
        """Back to the first content, clock, ids, limits and counters; faults and journal empty."""
        self.store.reset()
        self._after_restore()
        self.faults.clear()
        self.journal.clear()
        if self.clock.kind != "real":
            self.clock.restart(self._began)

    def _after_restore(self) -> None:
        self._use_limits(self._limits)
        self.background.forget()
        self.blob.forget()
        self.dataverse.forget()
        self.finance_operations.forget()
        self.entra.reset()
        self.business_events.forget()
        self.electronic_reporting.forget()
        self._resume()

    def _resume(self) -> None:
        """Go on with what waited or ran in the store that is served now."""
        self.jobs.resume()
        self.data_management.resume()
        self.recurring.forget()

    def _use_limits(self, limits: Limits) -> None:
        self.dataverse.guard.use_limits(limits)
        self.finance_operations.throttling.use_limits(limits)

    def reseed(self, seed: int) -> None:
        """Reset; ids and choices follow from another seed."""
        self.ids.random.seed(seed)
        self.reset()

    def save(self, name: str) -> None:
        """Keep the present data under a name."""
        self._snapshots[name] = self.store.snapshot()
        self.blob.keep()

    def load(self, name: str) -> bool:
        """Go back to data kept under a name; False when there is none."""
        image = self._snapshots.get(name)
        if image is None:
            return False
        self.store.restore(image)
        self._after_restore()
        return True

    def limits(self) -> list[dict[str, Any]]:
        """The limits in force."""
        rows = self._current_limits().values()
        return [
            {
                "id": row.id,
                "allowance": row.allowance,
                "seconds": row.seconds,
                "scope": str(row.scope),
                "source": row.source,
            }
            for row in rows
        ]

    def _current_limits(self) -> Limits:
        return self.dataverse.guard.limits

    def override_limits(self, changes: Mapping[str, Any]) -> None:
        """Change limits. Raises ValueError that says what is wrong."""
        limits = self._current_limits()
        for name, numbers in changes.items():
            if not isinstance(numbers, Mapping) or set(numbers) - {"allowance", "seconds"}:
                raise ValueError(f'{name}: give {{"allowance": n, "seconds": n}}')
            try:
                limits = limits.override(name, **numbers)
            except (KeyError, TypeError) as error:
                raise ValueError(str(error)) from error
        self._use_limits(limits)

    def limit_use(self) -> list[dict[str, Any]]:
        """How far each identity went into each limit."""
        uses = [*self.dataverse.limit_use(), *self.finance_operations.limit_use()]
        return [use.model_dump() for use in uses]

    def entities(self) -> list[dict[str, Any]]:
        """Entity sets and how many records each has."""
        counts = [
            ("dataverse", name, served.records.count())
            for name, served in self.dataverse.tables.by_set.items()
        ]
        counts += [
            ("finance_operations", name, count)
            for name, count in self.finance_operations.entities()
        ]
        return [{"service": s, "entity_set": name, "records": count} for s, name, count in counts]


def _order_event(orders: Records, change: Change) -> tuple[str, Mapping[str, Any]]:
    """The members of the sales order event, from the order as it is after (or was before)."""
    order = change.before if change.operation is Operation.DELETE else orders.get(change.key)
    order = order or {}
    company, number = change.key
    statuses = orders.columns["SalesOrderStatus"].enum
    names = {} if statuses is None else {v: k for k, v in statuses.members.items()}
    members = {
        "CustomerAccount": order.get("OrderingCustomerAccountNumber", ""),
        "CustomersOrderReference": order.get("CustomersOrderReference", ""),
        "LegalEntity": company,
        "Operation": {0: "Created", 1: "Updated", 2: "Deleted"}[int(change.operation)],
        "SalesOrderNumber": number,
        "SalesStatus": names.get(order.get("SalesOrderStatus", 0), ""),
    }
    return company, members


def _priorities(entra: EntraSettings) -> dict[str, Priority]:
    """The throttling priority mapping of finance and operations."""
    found = {c.app_id.lower(): Priority(c.priority) for c in entra.clients if c.priority}
    return found | {u.upn.lower(): Priority(u.priority) for u in entra.users if u.priority}


def _connection_string(url: str, account: str, key: str) -> str:
    """By address, not by name: some SDKs read accounts from the path at addresses only."""
    endpoint = f"{url.replace('//localhost:', '//127.0.0.1:')}/{account}"
    return (
        f"DefaultEndpointsProtocol={url.partition(':')[0]};AccountName={account};"
        f"AccountKey={key};BlobEndpoint={endpoint};"
    )


def _clock(kind: str, start: str | None) -> SteerableClock:
    moment = None
    if start is not None:
        try:
            moment = datetime.fromisoformat(start).timestamp()
        except ValueError as error:
            raise UsageError(
                f"{start!r} is not a moment",
                where="simulator.clock_start",
                remedy="Write it as 2026-01-31T08:00:00Z.",
            ) from error
    if kind == "real":
        return SteerableClock(1.0, moment)
    if kind == "manual":
        return SteerableClock(0.0, DEFAULT_START if moment is None else moment)
    found = re.fullmatch(r"(\d+(?:\.\d+)?)x", kind)
    if found is None:
        raise UsageError(
            f"{kind!r} is not a clock",
            where="simulator.clock",
            remedy="Use real, manual, or a factor such as 60x.",
        )
    return SteerableClock(float(found[1]), moment)


def _id_of(kind: str, name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{kind}/{name.lower()}"))


def _object_id(client: ClientSettings) -> str:
    return client.object_id or _id_of("service principal", client.app_id)


def _client(settings: ClientSettings) -> Client:
    endless = float("inf")
    secrets = [(secret, endless) for secret in settings.secrets]
    secrets += [(secret, 0.0) for secret in settings.expired_secrets]
    return Client(
        app_id=settings.app_id.lower(),
        object_id=_object_id(settings),
        secrets=tuple(secrets),
        certificates=tuple(_pem(path) for path in settings.certificates),
        name=settings.name,
        redirect_uris=settings.redirect_uris,
    )


def _pem(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "is not a readable PEM file",
            where=str(path),
            remedy="Check entra.clients.certificates.",
        ) from error
