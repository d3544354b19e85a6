"""A small world for scenarios: control API, tokens, one OData service, all in memory."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest

from windtunnel.scenarios.control import Timing
from windtunnel.scenarios.document import load_scenario
from windtunnel.scenarios.environment import Environment

VARIABLES = {
    "WT_CONTROL_URL": "http://control.test",
    "WT_AUTHORITY_URL": "https://login.test",
    "WT_TENANT_ID": "contoso",
    "WT_CLIENT_ID": "app",
    "WT_CLIENT_SECRET": "secret",
    "WT_DATAVERSE_URL": "https://crm.test",
    "WT_FO_URL": "https://fo.test",
}


class RealTime:
    """Real time that passes only when somebody waits."""

    def __init__(self):
        self.moment = 1000.0

    def monotonic(self):
        return self.moment

    def sleep(self, seconds):
        self.moment += max(seconds, 1e-4)


class World:
    """What the fake services hold; `handle` is an httpx transport's function."""

    def __init__(self, time):
        self.time = time
        self.factor = 0.0
        self.start = 1_767_225_600.0 - 1000.0 * self.factor
        self.skew = 0.0
        self.records = {}
        self.journal = []
        self.deliveries = []
        self.faults = {}
        self.limits = {"dataverse.requests": {"allowance": 6000, "seconds": 300}}
        self.resets = 0
        self.tokens = []
        self.appears_at = {}

    def now(self):
        return 1_767_225_600.0 + self.skew + (self.time.moment - 1000.0) * self.factor

    def handle(self, request):
        host = request.url.host
        if host == "login.test":
            return self.login(request)
        if host == "gone.test":
            raise httpx.ConnectError("refused", request=request)
        if host == "control.test":
            return self.control(request)
        response = self.odata(request)
        self.journal.append(
            {
                "at": self.now(),
                "service": "dataverse" if host == "crm.test" else "finance_operations",
                "method": request.method,
                "url": str(request.url),
                "status": response.status_code,
                "identity": "u-1",
                "identity_name": "app",
                "server": "web1",
                "seconds": 0.001,
                "throttled_by": "",
                "correlation_id": "",
                "request_headers": dict(request.headers),
                "number": len(self.journal),
            }
        )
        return response

    def login(self, request):
        form = dict(part.split("=", 1) for part in request.content.decode().split("&"))
        if form["client_secret"] == "wrong":
            return httpx.Response(401, json={"error": "invalid_client"})
        self.tokens.append(unquote(form["scope"]))
        return httpx.Response(
            200, json={"access_token": f"t-{len(self.tokens)}", "expires_in": 3600}
        )

    def clock(self):
        kind = {0.0: "manual", 1.0: "real"}.get(self.factor, "scaled")
        return httpx.Response(
            200, json={"kind": kind, "now": self.now(), "iso": "", "factor": self.factor}
        )

    def control(self, request):
        path = request.url.path.removeprefix("/_windtunnel")
        body = json.loads(request.content) if request.content else None
        match request.method, path:
            case "POST", "/reset":
                self.resets += 1
                return httpx.Response(204)
            case "GET", "/clock":
                return self.clock()
            case "POST", "/clock/advance":
                self.skew += body["seconds"]
                return self.clock()
            case "GET", "/journal":
                since = float(request.url.params["since"])
                lines = [line for line in self.journal if line["at"] >= since]
                status = request.url.params.get("status")
                lines = [x for x in lines if not status or x["status"] == int(status)]
                if request.url.params["limit"] != "10000":  # not asked by expect_calls
                    looking = {"service": "control", "method": "GET", "url": str(request.url)}
                    lines.append({"at": self.now(), "status": 200, **looking})
                return httpx.Response(
                    200, json={"value": lines[-int(request.url.params["limit"]) :]}
                )
            case "GET", "/events/deliveries":
                due = [d for d in self.deliveries if d["at"] <= self.now()]
                return httpx.Response(200, json={"value": due})
            case "POST", "/faults":
                name = f"fault-{len(self.faults)}"
                self.faults[name] = body
                return httpx.Response(201, json={**body, "id": name})
            case "GET", "/faults":
                return httpx.Response(
                    200, json={"value": [{**b, "id": n} for n, b in self.faults.items()]}
                )
            case "DELETE", "/faults":
                self.faults.clear()
                return httpx.Response(204)
            case "DELETE", _:
                del self.faults[path.rpartition("/")[2]]
                return httpx.Response(204)
            case "GET", "/limits":
                return httpx.Response(
                    200, json={"value": [{"id": n, **v} for n, v in self.limits.items()]}
                )
            case "PUT", "/limits":
                for name, numbers in body.items():
                    self.limits[name] = {**self.limits[name], **numbers}
                return httpx.Response(200, json={"value": []})
        return httpx.Response(404, text="no such route")

    def odata(self, request):
        if not request.headers.get("authorization", "").startswith("Bearer t-"):
            return httpx.Response(401, json={"error": {"message": "no token"}})
        path = unquote(request.url.path)
        if request.method == "GET" and path in self.records:
            if self.appears_at.get(path, 0.0) > self.now():
                return httpx.Response(404, json={"error": {"message": "not found"}})
            return httpx.Response(200, json=self.records[path])
        if request.method == "GET" and "(" not in path:
            rows = [row for name, row in self.records.items() if name.startswith(f"{path}(")]
            return httpx.Response(200, json={"value": rows})
        if request.method == "POST":
            row = json.loads(request.content)
            key = "00000000-0000-0000-0000-000000000001"
            self.records[f"{path}({key})"] = row
            location = f"https://{request.url.host}{path}({key})"
            return httpx.Response(201, json=row, headers={"OData-EntityId": location})
        if request.method == "PATCH" and path in self.records:
            self.records[path] |= json.loads(request.content)
            return httpx.Response(204)
        if request.method == "DELETE" and self.records.pop(path, None) is not None:
            return httpx.Response(204)
        return httpx.Response(404, json={"error": {"code": "0x1", "message": "not found"}})


@pytest.fixture
def real_time():
    return RealTime()


@pytest.fixture
def world(real_time):
    return World(real_time)


@pytest.fixture
def environment(world, real_time):
    timing = Timing(
        monotonic=real_time.monotonic, wall=lambda: 1_767_225_600.0, sleep=real_time.sleep
    )
    transport = httpx.MockTransport(world.handle)
    with Environment(VARIABLES, transport=transport, timing=timing) as made:
        yield made


@pytest.fixture
def make_scenario(tmp_path: Path):
    def make(text, name="a.scenario.yaml"):
        path = tmp_path / name
        path.write_text(text if "name:" in text.split("\n")[0] else f"name: a\n{text}", "utf-8")
        return load_scenario(path)

    return make
