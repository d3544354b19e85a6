"""Delivery: after the commit, four tries a second apart, then the error log and resend."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.clock import SteerableClock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.settings import BusinessEventsSettings, EndpointSettings
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.services.business_events import BusinessEvents
from windtunnel.simulator.services.business_events.errors import BadRequest, TooManyEndpoints
from windtunnel.simulator.services.business_events.service import check_url

EVENT = "WindtunnelSalesOrderChangedBusinessEvent"


class Rig:
    """Business events on a standing clock, with an endpoint that answers as it is told."""

    def __init__(self) -> None:
        self.clock = SteerableClock(0.0, 1000.0)
        self.timers = Timers(self.clock)
        self.clock.on_steer(self.timers.run_all_due)
        self.store = Store()
        self.changes = Changes(self.store, self.clock)
        self.posts: list[tuple[float, str, dict[str, Any]]] = []
        self.answers: list[int | Exception] = []
        self.events = BusinessEvents(
            self.store,
            self.changes,
            self.clock,
            self.timers,
            Ids(1),
            BusinessEventsSettings(),
            post=self._post,
        )
        self.events.prepare()
        self.store.commit()

    async def _post(self, url: str, body: bytes, seconds: float) -> int:
        assert seconds == 10.0
        self.posts.append((self.clock.now(), url, json.loads(body)))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer

    def connect(self) -> None:
        self.events.outbox.save_endpoint("shop", "https://shop.example/events")
        self.events.outbox.activate(EVENT, "shop")
        self.store.commit()

    def sent(self) -> list[dict[str, Any]]:
        return [body for _, _, body in self.posts if body["BusinessEventId"] == EVENT]


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def run(main) -> None:
    async def whole() -> None:
        rig = Rig()
        rig.timers.attach(asyncio.get_running_loop())
        await rig.events.start()
        try:
            await main(rig)
        finally:
            await rig.events.stop()
            rig.timers.detach()
            rig.store.close()

    asyncio.run(whole())


def test_saving_and_activating_send_a_test_message_each():
    async def main(rig):
        rig.connect()
        await settle()
        assert [body["BusinessEventId"] for _, _, body in rig.posts] == [
            "BusinessEventsTestEndpointContract"
        ] * 2

    run(main)


def test_an_event_leaves_only_after_the_commit():
    async def main(rig):
        rig.connect()
        rig.events.outbox.raise_event(EVENT, "usmf", {"SalesOrderNumber": "1"})
        await settle()
        assert not rig.sent() or rig.store.in_transaction is False
        rig.store.rollback()
        rig.events.outbox.raise_event(EVENT, "usmf", {"SalesOrderNumber": "2"})
        rig.store.commit()
        await settle()
        assert [body["SalesOrderNumber"] for body in rig.sent()] in (["2"], ["1", "2"])

    run(main)


def test_four_tries_a_second_apart_then_the_error_log():
    async def main(rig):
        rig.connect()
        await settle()
        rig.answers = [500, OSError("refused"), 503, 404]
        rig.events.outbox.raise_event(EVENT, "usmf", {"SalesOrderNumber": "1"})
        rig.store.commit()
        for _ in range(5):
            await settle()
            rig.clock.advance(1.0)
        moments = [at for at, _, body in rig.posts if body["BusinessEventId"] == EVENT]
        assert moments == [1000.0, 1001.0, 1002.0, 1003.0]
        [failed] = rig.events.outbox.deliveries({"state": "failed"})
        assert (failed["attempts"], failed["status"]) == (4, 404)
        before = rig.sent()[0]
        rig.events.outbox.resend(failed["id"])
        rig.store.commit()
        await settle()
        assert rig.sent()[-1] == before
        assert not rig.events.outbox.deliveries({"state": "failed"})

    run(main)


def test_a_company_gets_only_what_is_active_for_it():
    async def main(rig):
        rig.events.outbox.save_endpoint("de", "https://de.example/")
        rig.events.outbox.activate(EVENT, "de", "demf")
        assert rig.events.outbox.raise_event(EVENT, "usmf", {}) == 0
        assert rig.events.outbox.raise_event(EVENT, "DEMF", {}) == 1

    run(main)


def test_ten_endpoints_are_enough():
    async def main(rig):
        for number in range(11):
            rig.events.outbox.save_endpoint(f"e{number}", "https://e.example/")
        for number in range(10):
            rig.events.outbox.activate(EVENT, f"e{number}")
        with pytest.raises(TooManyEndpoints, match="limit of 10"):
            rig.events.outbox.activate(EVENT, "e10")

    run(main)


def test_a_reset_forgets_what_is_on_its_way():
    async def main(rig):
        rig.connect()
        await settle()
        rig.store.mark()
        rig.events.outbox.raise_event(EVENT, "usmf", {})
        rig.store.commit()
        rig.store.reset()
        rig.events.forget()
        await settle()
        assert not [row for row in rig.events.outbox.deliveries({}) if row["event"] == EVENT]

    run(main)


@pytest.mark.parametrize("url", ["ftp://x", "http://example.com/", "nonsense", "https://"])
def test_an_endpoint_must_be_https_or_on_loopback(url):
    with pytest.raises(BadRequest):
        check_url(url)
    check_url("https://example.com/")
    check_url("http://127.0.0.1:5/")


SCRIPT = """
    import asyncio, sys
    from pathlib import Path
    from windtunnel.simulator.kernel.changes import Changes
    from windtunnel.simulator.kernel.clock import SteerableClock
    from windtunnel.simulator.kernel.ids import Ids
    from windtunnel.simulator.kernel.settings import BusinessEventsSettings, EndpointSettings
    from windtunnel.simulator.kernel.store import Store
    from windtunnel.simulator.kernel.timers import Timers
    from windtunnel.simulator.services.business_events import BusinessEvents

    EVENT = "WindtunnelSalesOrderChangedBusinessEvent"

    async def main(file, url, count):
        clock = SteerableClock()
        timers, store = Timers(clock), Store(Path(file))
        endpoint = EndpointSettings(name="shop", url=url, events=(EVENT,))
        events = BusinessEvents(
            store, Changes(store, clock), clock, timers, Ids(), BusinessEventsSettings(
                endpoints=(endpoint,), threads=1, retry_count=50, retry_wait_ms=100
            ),
        )
        events.prepare()
        for number in range(count):
            events.outbox.raise_event(EVENT, "usmf", {"SalesOrderNumber": str(number)})
        store.commit()
        print("committed", flush=True)
        timers.attach(asyncio.get_running_loop())
        await events.start()
        await asyncio.sleep(600)

    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


class Receiver(ThreadingHTTPServer):
    """Acknowledges the first so many events, then hangs up, until told to take all."""

    daemon_threads = True

    def __init__(self, takes: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.takes = takes
        self.acknowledged: list[str] = []
        self.enough = threading.Event()
        self.all = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if body["BusinessEventId"] == EVENT:
            if len(self.server.acknowledged) >= self.server.takes:
                self.server.enough.set()
                self.close_connection = True
                return
            self.server.acknowledged.append(body["SalesOrderNumber"])
            if len(self.server.acknowledged) == 10:
                self.server.all.set()
        self.send_response(202)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
def test_events_survive_kill_9_and_only_the_unacknowledged_come_again(tmp_path):
    receiver = Receiver(takes=4)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{receiver.server_port}/"
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(tmp_path / "wt.db"), url]
    try:
        with subprocess.Popen([*command, "10"], stdout=subprocess.PIPE) as first:
            assert first.stdout is not None
            assert first.stdout.readline() == b"committed\n"
            assert receiver.enough.wait(120)
            os.kill(first.pid, signal.SIGKILL)
        receiver.takes = 100
        with subprocess.Popen([*command, "0"], stdout=subprocess.PIPE) as second:
            try:
                assert receiver.all.wait(120)
            finally:
                second.kill()
    finally:
        receiver.shutdown()
        receiver.server_close()
    assert sorted(receiver.acknowledged) == [str(number) for number in range(10)]


def test_endpoints_of_the_settings_are_registered_once(tmp_path):
    settings = BusinessEventsSettings(
        endpoints=(EndpointSettings(name="a", url="https://a.example/", events=(EVENT,)),)
    )
    for _ in range(2):
        clock = SteerableClock(0.0)
        store = Store(tmp_path / "wt.db")
        events = BusinessEvents(store, Changes(store, clock), clock, Timers(clock), Ids(), settings)
        events.prepare()
        assert len(events.outbox.activations()) == 1
        store.close()
