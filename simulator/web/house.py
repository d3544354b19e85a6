"""One simulator, assembled: the ground, the services on it and their life together."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from ssl import SSLContext
from typing import Any

from windtunnel.contracts.limits import Limits, UnknownLimit
from windtunnel.simulator.exchange import Request, Response, Service, UsageError
from windtunnel.simulator.kernel.ids import States
from windtunnel.simulator.kernel.journal import Journal
from windtunnel.simulator.kernel.settings import Settings
from windtunnel.simulator.kernel.tokens import loopback_spellings
from windtunnel.simulator.services.business_events.routes import routes
from windtunnel.simulator.services.data_management.control import (
    control_routes as execution_routes,
)
from windtunnel.simulator.services.data_management.recurring.routes import (
    control_routes as recurring_routes,
)
from windtunnel.simulator.services.data_management.recurring.routes import (
    is_enqueue,
)
from windtunnel.simulator.services.electronic_reporting.routes import routes as er_routes
from windtunnel.simulator.services.entra import EntraService
from windtunnel.simulator.services.finance_operations.setup_pages import routes as setup_pages
from windtunnel.simulator.services.invoice_capture.routes import routes as capture_routes
from windtunnel.simulator.web import pipeline
from windtunnel.simulator.web.control.service import ControlService
from windtunnel.simulator.web.faults import Faults
from windtunnel.simulator.web.http_server import Spooling, Turn, WebLimits
from windtunnel.simulator.web.listeners import Manner
from windtunnel.simulator.web.origins import ORIGINS
from windtunnel.simulator.web.proxy.application import application
from windtunnel.simulator.web.proxy.certificates import Contexts
from windtunnel.simulator.web.proxy.connection import connections
from windtunnel.simulator.web.tls import names_for
from windtunnel.simulator.web.wiring import (
    blob,
    business_events,
    data_management,
    dataverse,
    electronic_reporting,
    entra,
    finance_operations,
    invoice_capture,
)
from windtunnel.simulator.web.wiring.ground import Ground


class House:
    """Everything of one simulator but its sockets."""

    def __init__(self, settings: Settings) -> None:
        """Raises UsageError for settings or data that cannot be served; nothing stays open."""
        self.settings = settings
        self._ground = ground = Ground(settings)
        try:
            self._build(ground)
        except BaseException:
            ground.store.abandon()
            raise

    def _build(self, ground: Ground) -> None:
        settings = self.settings
        self.clock, self.timers, self.store = ground.clock, ground.timers, ground.store
        self.jobs, self.background = ground.jobs, ground.background
        self.journal = Journal(settings.journal.entries, settings.journal.body_bytes)
        self.faults = Faults(ground.ids.child("faults"))
        self.turn = Turn(self.store.commit, self.store.rollback)
        self._snapshots: dict[str, tuple[bytes, States]] = {}
        self._began, self._seed = self.clock.now(), settings.simulator.seed

        self.entra = entra.wire(ground)
        self.checks = entra.token_checks(ground, self.entra.key)
        self.blob = blob.wire(ground, self.checks["blob"])
        self.blob_access = self.blob.access(partial(ground.url, "blob"))
        self.dataverse = dataverse.wire(ground, self.checks["dataverse"])
        fo = self.finance_operations = finance_operations.wire(
            ground, self.checks["finance_operations"]
        )
        packages = data_management.PackageBlobs(self.blob_access)
        self.data_management = data_management.wire(ground, fo, packages)
        self.recurring = data_management.wire_recurring(ground, self.data_management, fo, packages)
        self.business_events = business_events.wire(ground, fo)
        self.electronic_reporting = electronic_reporting.wire(ground, fo)
        self.invoice_capture = invoice_capture.wire(ground, self.dataverse, fo)
        self.control = ControlService(
            self,
            [
                *routes(self.business_events),
                *setup_pages(fo.throttling),
                *er_routes(self.electronic_reporting),
                *execution_routes(self.data_management),
                *recurring_routes(self.recurring),
                *capture_routes(self.invoice_capture),
            ],
        )
        self.services: dict[str, Service] = {
            "entra": EntraService(self.entra),
            "dataverse": self.dataverse,
            "finance_operations": fo,
            "blob": self.blob,
            "control": self.control,
        }
        self.store.commit()
        if self.store.earlier_runs:
            self._use_seed(self._seed)
        self.store.mark()
        self._first_ids = ground.ids.states()
        self.blob.keep()
        self._resume()

    # -- running ------------------------------------------------------------------------------

    def applications(self) -> dict[str, Callable[[Request], Response]]:
        """The application of each service, by its name."""
        around = pipeline.Surroundings(self.clock, self.journal, self.faults, self.turn.abort)
        found = {name: pipeline.build(service, around) for name, service in self.services.items()}
        proxy = self.settings.proxy
        if proxy.enabled:
            found["proxy"] = application(self._ground.cloud, found)
        if proxy.https_port is not None:
            found["cloud_names"] = application(self._ground.cloud, found)
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

    def tls_context(self) -> SSLContext:
        """What https listeners serve with."""
        return self._ground.ca().server_context(names_for([self.settings.simulator.host]))

    def manners(
        self, applications: Mapping[str, Callable[[Request], Response]]
    ) -> dict[str, Manner]:
        """How the names of the cloud are listened for."""
        cloud, port = self._ground.cloud, self.settings.proxy.https_port
        contexts = Contexts(self._ground.ca()) if self.settings.simulator.tls else None
        incoming = self.blob.model.contents.incoming

        def takes(host: bytes, target: bytes) -> bool:
            name = host.decode("latin-1")
            is_file = is_enqueue(target) and cloud.leads_to("finance_operations", name)
            return is_file or cloud.leads_to("blob", name)

        by_host = Spooling(incoming, takes)
        found = {
            "proxy": Manner(connections(cloud, applications, contexts), spooling=by_host),
            "blob": Manner(spooling=Spooling(incoming, lambda _, __: True)),
            "finance_operations": Manner(
                spooling=Spooling(incoming, lambda _, target: is_enqueue(target))
            ),
        }
        if port is not None:
            if contexts is None:
                raise UsageError(
                    "needs TLS, which is off",
                    where="proxy.https_port",
                    remedy="Leave --no-tls out.",
                )
            by_name = contexts.by_server_name(cloud, self.tls_context())
            found["cloud_names"] = Manner(tls=by_name, port=port, spooling=by_host)
        return found

    def announce(self, urls: Mapping[str, str]) -> None:
        """The listeners are open: these are resources that tokens may be for."""
        self._ground.urls = dict(urls)
        services = {
            origin.name: origin.service for origin in ORIGINS if origin.service in self.services
        }
        urls = {name: url for name, url in urls.items() if name in services}
        for name, url in urls.items():
            spellings = loopback_spellings(url)
            self.entra.resources.add(spellings)
            self._ground.cloud.add_listeners((spelling, services[name]) for spelling in spellings)
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
            found["WT_CA_FILE"] = str(self._ground.ca().path)
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
        await self._ground.callbacks.finish()
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
            "origins": self._ground.urls,
            "seed": self._seed,
        }

    def reset(self) -> None:
        """Back to the first content, clock, ids, limits and counters; faults and journal empty."""
        self.store.reset()
        self._after_restore(self._first_ids)
        self.faults.clear()
        self.journal.clear()
        if self.clock.kind != "real":
            self.clock.restart(self._began)

    def _after_restore(self, ids: States) -> None:
        self._ground.ids.restore(ids)
        self._use_limits(self._ground.limits)
        self.background.forget()
        self._ground.callbacks.forget()
        self.blob.forget()
        self.dataverse.forget()
        self.finance_operations.forget()
        self.entra.reset()
        self.business_events.forget()
        self._resume()

    def _resume(self) -> None:
        """Go on with what waited or ran in the store that is served now."""
        self.jobs.resume()
        self.data_management.resume()
        self.recurring.forget()

    def _use_limits(self, limits: Limits) -> None:
        self.dataverse.guard.use_limits(limits)
        self.finance_operations.throttling.use_limits(limits)
        self.recurring.use_limits(limits)

    def reseed(self, seed: int) -> None:
        """Reset; ids and choices follow from another seed."""
        self._seed = seed
        self._use_seed(seed)
        self._first_ids = self._ground.ids.states()
        self.reset()

    def _use_seed(self, seed: int) -> None:
        """Other ids than those of the first content, and of what earlier processes made."""
        self._ground.ids.reseed(f"{seed}/{self.store.earlier_runs}")

    def save(self, name: str) -> None:
        """Keep the present data under a name."""
        self._snapshots[name] = self.store.snapshot(), self._ground.ids.states()
        self.blob.keep()

    def load(self, name: str) -> bool:
        """Go back to data kept under a name; False when there is none."""
        kept = self._snapshots.get(name)
        if kept is None:
            return False
        image, ids = kept
        self.store.restore(image)
        self._after_restore(ids)
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
            if not isinstance(numbers, Mapping) or not _are_limit_numbers(numbers):
                raise ValueError(f'{name}: give {{"allowance": n, "seconds": n}}')
            try:
                limits = limits.override(name, **numbers)
            except UnknownLimit as error:
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


def _connection_string(url: str, account: str, key: str) -> str:
    """By address, not by name: some SDKs read accounts from the path at addresses only."""
    endpoint = f"{url.replace('//localhost:', '//127.0.0.1:')}/{account}"
    return (
        f"DefaultEndpointsProtocol={url.partition(':')[0]};AccountName={account};"
        f"AccountKey={key};BlobEndpoint={endpoint};"
    )


def _are_limit_numbers(numbers: Mapping[str, Any]) -> bool:
    """Whether it has a limit's numbers and nothing else."""
    known = not set(numbers) - {"allowance", "seconds"}
    return known and all(type(value) in {int, float} for value in numbers.values())
