"""Callbacks are kept until they are taken: tried again, and by the next process too."""

from __future__ import annotations

import asyncio
import json

import pytest

from windtunnel.simulator.kernel.clock import ManualClock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.jobs import Jobs
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.web.callbacks import RETRIES, Callbacks

URL = "http://receiver/done"


class Receiver:
    """Answers posts from a list of statuses, 0 for nobody there; the last one stays."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.heard: list[dict] = []

    async def __call__(self, url: str, body: bytes, seconds: float) -> int:
        assert (url, seconds) == (URL, 60.0)
        self.heard.append(json.loads(body))
        status = self.statuses[0]
        if len(self.statuses) > 1:
            self.statuses.pop(0)
        if not status:
            raise OSError("nobody")
        return status

    async def close(self) -> None:
        """Nothing was opened."""


class Process:
    """One process on a store and a clock that stay."""

    def __init__(self, store: Store, clock: ManualClock, receiver: Receiver) -> None:
        self.clock, self.timers = clock, Timers(clock)
        self.jobs = Jobs(store, clock, self.timers, Ids(1))
        self.callbacks = Callbacks(lambda: receiver, self.jobs, store.commit)

    def pass_by(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.timers.run_due()


@pytest.fixture
def store():
    opened = Store()
    yield opened
    opened.close()


@pytest.fixture
def make_process(store):
    clock = ManualClock()
    return lambda receiver: Process(store, clock, receiver)


def test_a_callback_that_is_taken_is_sent_once(make_process):
    receiver = Receiver(204)
    process = make_process(receiver)
    process.callbacks(URL, b'{"n":1}')
    process.pass_by(1000)
    assert receiver.heard == [{"n": 1}]
    assert process.jobs.waiting() == []


@pytest.mark.parametrize("status", [0, 404, 503])
def test_a_callback_that_is_not_taken_is_sent_again_after_longer_and_longer_waits(
    make_process, status, caplog
):
    receiver = Receiver(status, status, 200)
    process = make_process(receiver)
    process.callbacks(URL, b"{}")
    assert len(receiver.heard) == 1
    process.pass_by(4)
    assert len(receiver.heard) == 1
    process.pass_by(1)
    assert len(receiver.heard) == 2
    process.pass_by(9)
    assert len(receiver.heard) == 2
    process.pass_by(1)
    assert len(receiver.heard) == 3
    assert process.jobs.waiting() == []
    assert caplog.text.count("the callback to http://receiver/done was") == 2


def test_a_callback_is_given_up_after_its_retries(make_process):
    receiver = Receiver(500)
    process = make_process(receiver)
    process.callbacks(URL, b"{}")
    for _ in range(10):
        process.pass_by(100)
    assert len(receiver.heard) == 1 + RETRIES
    assert process.jobs.waiting() == []


def test_what_a_killed_process_had_under_way_is_sent_by_the_next(make_process, store):
    class Killed(Exception):
        pass

    class Gone(Receiver):
        async def __call__(self, url: str, body: bytes, seconds: float) -> int:
            raise Killed

    process = make_process(Gone())

    async def run() -> None:
        process.callbacks(URL, b'{"n":2}')
        await asyncio.sleep(0)
        await process.callbacks.finish()

    asyncio.run(run())
    store.commit()
    receiver = Receiver(200)
    again = make_process(receiver)
    again.jobs.resume()
    again.pass_by(65)
    assert receiver.heard == [{"n": 2}]
    assert again.jobs.waiting() == []


def test_a_callback_of_work_that_was_undone_is_not_sent(make_process, store):
    receiver = Receiver(200)
    process = make_process(receiver)

    def fail() -> None:
        with store.atomic():
            process.callbacks(URL, b"{}")
            raise LookupError

    async def run() -> None:
        with pytest.raises(LookupError):
            fail()
        await asyncio.sleep(0)
        await process.callbacks.finish()

    asyncio.run(run())
    assert receiver.heard == []


def test_on_a_running_loop_a_callback_is_sent_though_the_clock_stands(make_process):
    receiver = Receiver(200)
    process = make_process(receiver)

    async def run() -> None:
        process.callbacks(URL, b"{}")
        assert receiver.heard == []
        await asyncio.sleep(0)
        await process.callbacks.finish()

    asyncio.run(run())
    assert receiver.heard == [{}]
    assert process.jobs.waiting() == []


def test_what_was_under_way_at_a_reset_is_nobodys(make_process):
    receiver = Receiver(500)
    process = make_process(receiver)

    async def run() -> None:
        process.callbacks(URL, b"{}")
        await asyncio.sleep(0)
        for job in process.jobs.waiting():
            process.jobs.cancel(job.id)
        process.callbacks.forget()
        await process.callbacks.finish()

    asyncio.run(run())
    assert process.jobs.waiting() == []
