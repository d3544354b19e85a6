"""One environment behind the whole pipeline, called request by request over ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from windtunnel.contracts.entities.finance_operations.definitions import EntityTypes
from windtunnel.contracts.limits import LIMITS, Limits, Priority
from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.clock import ManualClock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.journal import Journal
from windtunnel.simulator.kernel.settings import FinanceOperationsSettings
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.kernel.tokens import Claims, InvalidToken
from windtunnel.simulator.services.finance_operations import FinanceOperations
from windtunnel.simulator.web.asgi import AsgiApplication
from windtunnel.simulator.web.faults import Faults
from windtunnel.simulator.web.pipeline import Surroundings, build

TENANT = "8f3c1d52-0c1a-4f5e-9a43-0e6f7c2b9d10"
APPS = {"sync": "Admin", "billing": "Admin"}


def check(header: bytes) -> Claims:
    """Tokens are names of applications here, or of people when there is an @ in them."""
    scheme, _, token = header.decode().partition(" ")
    if scheme != "Bearer":
        raise InvalidToken("missing", "There is no bearer token.")
    if token == "expired":
        raise InvalidToken("expired", "The token expired.")
    user_name = token if "@" in token else ""
    return Claims(token, f"object-of-{token}", TENANT, user_name=user_name)


class Rig:
    """The service with what a test needs to look behind it."""

    def __init__(
        self, limits: Limits = LIMITS, imports: Sequence[EntityTypes] = (), **settings: Any
    ) -> None:
        self.clock = ManualClock()
        self.timers = Timers(self.clock)
        self.store = Store()
        self.changes = Changes(self.store, self.clock)
        self.journal = Journal()
        self.service = FinanceOperations(
            self.store,
            self.changes,
            self.clock,
            Ids(),
            check=check,
            settings=FinanceOperationsSettings(**settings),
            applications=APPS,
            priorities={"billing": Priority.HIGH},
            limits=limits,
            timers=self.timers,
            imports=imports,
        )
        self.service.seed()
        self.store.mark()
        self.faults = Faults(Ids())
        around = Surroundings(self.clock, self.journal, self.faults, self.store.rollback)
        self._application = AsgiApplication(build(self.service, around), self.store.commit)

    def call(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        token: str = "sync",  # noqa: S107 - names an application
        **options: Any,
    ) -> httpx.Response:
        """Send one request; `path` begins behind the host."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        headers |= options.pop("headers", {})
        if json is not None:
            options["json"] = json
        return asyncio.run(self._send(method, path, headers, options))

    async def _send(
        self, method: str, path: str, headers: dict[str, str], options: dict[str, Any]
    ) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._application)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="https://fo.test") as client:
            return await client.request(method, path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET below `/data/`."""
        return self.call("GET", f"/data/{path}", **options)

    def rows(self, path: str) -> list[dict[str, Any]]:
        """The records of a list."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["value"]
        return rows

    def infolog(self, answer: httpx.Response) -> str:
        """The text that explains a refused write."""
        body = answer.json()
        assert body["error"]["code"] == ""
        assert body["error"]["message"] == "An error has occurred."
        text: str = body["error"]["innererror"]["message"]
        return text


@pytest.fixture(scope="module")
def shared() -> Rig:
    """An environment for tests that only read, or write records of their own."""
    return Rig()


@pytest.fixture
def rig(shared: Rig) -> Rig:
    """The shared environment, as it was seeded."""
    shared.store.reset()
    shared.service.forget()
    return shared


@pytest.fixture(scope="session")
def new_rig() -> type[Rig]:
    """For tests that need an environment with other settings."""
    return Rig
