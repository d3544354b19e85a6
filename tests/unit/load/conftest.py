"""A service on loopback that answers like Entra ID and Dataverse, just enough for a load."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

TENANT = "8f3c1d52-0c1a-4f5e-9a43-0e6f7c2b9d10"


@dataclass
class FakeService:
    """Refuses every `refuse_every`-th write with 429 and Retry-After: 1; remembers what it saw."""

    refuse_every: int = 0
    url: str = ""
    created: list[dict[str, Any]] = field(default_factory=list)
    refused: int = 0
    writes: int = 0
    tokens: int = 0
    authorizations: set[str] = field(default_factory=set)
    paths: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "WT_AUTHORITY_URL": self.url,
            "WT_TENANT_ID": TENANT,
            "WT_DATAVERSE_URL": self.url,
            "WT_FO_URL": self.url,
            "WT_CLIENT_ID": "app",
            "WT_CLIENT_SECRET": "good",
            **more,
        }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    fake: FakeService

    def log_message(self, format, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.fake.paths.append(self.path)
        if self.path.startswith("/_windtunnel/limits/use"):
            row = {
                "limit": "dataverse.requests",
                "identity": "app",
                "peak": 30,
                "allowance": 60,
                "share": 0.5,
            }
            self.answer(200, json.dumps({"value": [row]}).encode())
            return
        rows = [{"accountid": f"00000000-0000-0000-0000-{n:012d}"} for n in range(5)]
        self.answer(200, json.dumps({"value": rows}).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fake = self.fake
        if self.path.endswith("/oauth2/v2.0/token"):
            fake.tokens += 1
            if b"good" not in body:
                said = {"error": "invalid_client", "error_description": "AADSTS7000215: wrong"}
                self.answer(401, json.dumps(said).encode())
                return
            token = {"access_token": f"token{fake.tokens}", "expires_in": 3599}
            self.answer(200, json.dumps(token).encode())
            return
        with fake.lock:
            fake.writes += 1
            number = fake.writes
            fake.authorizations.add(self.headers["Authorization"])
            refuse = fake.refuse_every and number % fake.refuse_every == 0
            if refuse:
                fake.refused += 1
            else:
                fake.created.append(json.loads(body))
        if refuse:
            self.answer(429, b'{"error":{"code":"0x80072322"}}', Retry_After="1")
            return
        self.answer(
            204,
            OData_EntityId=f"{fake.url}/api/data/v9.2/accounts(1)",
            x_ms_ratelimit_burst_remaining_xrm_requests=str(5999 - number),
            x_ms_ratelimit_time_remaining_xrm_requests="1,199.50",
        )


@pytest.fixture
def service():
    """The fake, on a free port of loopback."""
    fake = FakeService()
    handler = type("Bound", (Handler,), {"fake": fake})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def env_file(service, tmp_path):
    """The env file that leads to the fake."""
    file = tmp_path / "env"
    file.write_text("".join(f"{k}={v}\n" for k, v in service.environment().items()), "utf-8")
    return file
