"""Order events reach their endpoint although the simulators are killed before they send them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX"),
]
EVENT = "WindtunnelSalesOrderChangedBusinessEvent"
CONFIG = """
[entra.static_tokens]
known = "5c9b2a57-6f0d-4d7e-8a55-3d1f0a9be001"

[business_events]
bundle_size = 1

[[business_events.endpoints]]
name = "shop"
url = "http://127.0.0.1:{port}/"
events = ["WindtunnelSalesOrderChangedBusinessEvent"]
companies = ["usmf"]
"""


class Receiver(ThreadingHTTPServer):
    """Takes the first event, leaves later ones without an answer until `takes_all` is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[dict[str, Any]] = []
        self.taken: list[dict[str, Any]] = []
        self.takes_all = False
        self.changed = threading.Condition()

    def wait_for(self, taken: int, seen: int) -> None:
        with self.changed:
            assert self.changed.wait_for(
                lambda: len(self.taken) >= taken and len(self.seen) >= seen, timeout=120
            ), (self.taken, self.seen)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if body["BusinessEventId"] == EVENT:
            with self.server.changed:
                takes = self.server.takes_all or not self.server.taken
                (self.server.taken if takes else self.server.seen).append(body)
                self.server.changed.notify_all()
            if not takes:
                self.rfile.read(1)  # the sender is killed while it waits
                return
        self.send_response(202)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@contextmanager
def up(folder: Path) -> Iterator[tuple[Mapping[str, str], subprocess.Popen[bytes]]]:
    env_file, log = folder / "env", folder / "up.log"
    env_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "windtunnel.simulator.cli", "up", "--port-base", "0"]
    command += ["--no-tls", "--db", "wt.db", "--config", "wt.toml", "--env-file", str(env_file)]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("WT_", "WINDTUNNEL_"))}
    with (
        log.open("ab") as output,
        subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, cwd=folder, env=clean
        ) as process,
    ):
        try:
            deadline = time.monotonic() + 300
            while not env_file.exists():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.02)
            yield dict(line.split("=", 1) for line in env_file.read_text().splitlines()), process
        finally:
            process.kill()
    assert "Traceback" not in log.read_text(), log.read_text()


def create_order(env: Mapping[str, str], reference: str) -> str:
    answer = httpx.post(
        f"{env['WT_FO_URL']}/data/SalesOrderHeadersV2",
        headers={"authorization": "Bearer known"},
        json={
            "dataAreaId": "usmf",
            "OrderingCustomerAccountNumber": "US-001",
            "CustomersOrderReference": reference,
        },
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["SalesOrderNumber"])


def test_killed_before_delivery_the_unacknowledged_events_come_after_the_restart(
    receiver, tmp_path
):
    (tmp_path / "wt.toml").write_text(CONFIG.format(port=receiver.server_port))
    with up(tmp_path) as (env, process):
        first = create_order(env, "PO-1")
        receiver.wait_for(taken=1, seen=0)
        others = [create_order(env, f"PO-{number}") for number in (2, 3)]
        receiver.wait_for(taken=1, seen=2)
        unanswered = [event["EventId"] for event in receiver.seen]
        os.kill(process.pid, signal.SIGKILL)
        process.wait(120)
    assert [event["SalesOrderNumber"] for event in receiver.taken] == [first]

    receiver.takes_all = True
    with up(tmp_path) as (env, _):
        receiver.wait_for(taken=3, seen=2)
        rows = httpx.get(f"{env['WT_CONTROL_URL']}/_windtunnel/events/deliveries?event={EVENT}")
        new = create_order(env, "PO-4")
        receiver.wait_for(taken=4, seen=2)
    again = receiver.taken[1:3]
    assert sorted(event["SalesOrderNumber"] for event in again) == sorted(others)
    assert {event["EventId"] for event in again} == set(unanswered)
    assert len(rows.json()["value"]) == 3
    last = receiver.taken[3]
    assert last["SalesOrderNumber"] == new
    assert last["ControlNumber"] > max(event["ControlNumber"] for event in receiver.taken[:3])
    assert len({event["EventId"] for event in receiver.taken}) == 4
