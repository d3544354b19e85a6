"""A whole simulator in process: requests go through its pipeline, no socket in between."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from windtunnel.simulator.exchange import Request, Response
from windtunnel.simulator.kernel.settings import load
from windtunnel.simulator.web.house import House

URLS = {
    "control": "http://localhost:1",
    "entra": "https://localhost:2",
    "dataverse": "https://localhost:3",
    "fo": "https://localhost:4",
}


@dataclass
class Answer:
    """What came back, for people who write tests."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str]:
        return self.status, self.json["error"]["code"]


class Environment:
    """One simulator and a caller with a token."""

    def __init__(self, house: House) -> None:
        self.house = house
        house.announce(URLS)
        self.applications = house.applications()
        self.token = self._token()

    def _token(self) -> str:
        entra = self.house.settings.entra
        client = entra.clients[0]
        form = (
            f"grant_type=client_credentials&client_id={client.app_id}"
            f"&client_secret={client.secrets[0]}&scope={URLS['dataverse']}/.default"
        )
        headers = {b"content-type": b"application/x-www-form-urlencoded", b"host": b"localhost:2"}
        path = f"/{entra.tenant_id}/oauth2/v2.0/token"
        answer = self.applications["entra"](
            Request("POST", path, "", headers, form.encode(), "https")
        )
        assert isinstance(answer, Response)
        return str(json.loads(answer.body)["access_token"])

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request below `/api/data/v9.2/`; a leading slash means from the root."""
        target = path if path.startswith("/") else f"/api/data/v9.2/{path}"
        where, _, query = target.partition("?")
        lines = {
            b"host": b"localhost:3",
            b"authorization": f"Bearer {self.token}".encode(),
            **{name.replace("_", "-").lower().encode(): v.encode() for name, v in headers.items()},
        }
        data = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        answer = self.applications["dataverse"](Request(method, where, query, lines, data, "https"))
        self.house.store.commit()
        assert isinstance(answer.body, bytes)
        shown = (line.split(": ", 1) for line in answer.head.decode().split("\r\n") if line)
        return Answer(answer.status, {name.lower(): v for name, v in shown}, answer.body)

    def create(self, entity_set: str, **values: Any) -> str:
        """A new record's id."""
        answer = self.ask("POST", entity_set, values)
        assert answer.status == 204, answer.body
        return answer.headers["odata-entityid"].split("(")[1][:-1]

    def colleague(self, name: str, depths: dict[str, str]) -> str:
        """A new user whose only role has these privileges; to be named in `MSCRMCallerID`."""
        unit = self.ask("GET", "WhoAmI").json["BusinessUnitId"]
        there = {"businessunitid@odata.bind": f"/businessunits({unit})"}
        user = self.create("systemusers", firstname=name, lastname="Colleague", **there)
        role = self.create("roles", name=f"Role of {name}", **there)
        known = self.ask("GET", "privileges?$select=name,privilegeid").json["value"]
        ids = {row["name"]: row["privilegeid"] for row in known}
        wanted = [
            {"PrivilegeId": ids[privilege], "Depth": depth, "BusinessUnitId": unit}
            for privilege, depth in depths.items()
        ]
        action = f"roles({role})/Microsoft.Dynamics.CRM.AddPrivilegesRole"
        assert self.ask("POST", action, {"Privileges": wanted}).status == 204
        link = {"@odata.id": f"{URLS['dataverse']}/api/data/v9.2/roles({role})"}
        roles = f"systemusers({user})/systemuserroles_association/$ref"
        assert self.ask("POST", roles, link).status == 204
        return user


@pytest.fixture(scope="module")
def module_environment(tmp_path_factory) -> Environment:
    overrides = {
        "simulator.data_folder": tmp_path_factory.mktemp("data"),
        "simulator.clock": "manual",
        "simulator.tls": False,
    }
    return Environment(House(load(overrides=overrides, environment={})))


@pytest.fixture
def dataverse(module_environment) -> Environment:
    """Dataverse with its first content."""
    module_environment.house.reset()
    return module_environment


@pytest.fixture(scope="session")
def new_environment() -> type[Environment]:
    """For tests that need a house of their own."""
    return Environment


@pytest.fixture
def make_environment(tmp_path):
    """Makes an environment of its own: `make_environment(**{"dataverse.throttle": False})`."""

    def make(**overrides: Any) -> Environment:
        basis = {
            "simulator.data_folder": tmp_path,
            "simulator.clock": "manual",
            "simulator.tls": False,
        }
        return Environment(House(load(overrides={**basis, **overrides}, environment={})))

    return make
