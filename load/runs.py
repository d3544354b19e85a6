"""The four ways a load process runs: alone, with Locust's page, as master, as worker."""

from __future__ import annotations

import time
from typing import Any

import gevent
from gevent.event import Event
from locust.env import Environment

from windtunnel.load.engine import Engine, listen, report_progress, stop_on_end_of_input
from windtunnel.load.errors import LoadError
from windtunnel.load.job import Job
from windtunnel.load.summary import Ran
from windtunnel.load.tally import FlowTally
from windtunnel.load.users import PlanShape

JOIN_SECONDS = 120.0


def run_local(job: Job) -> Ran:
    """All senders in this process, without a page."""
    engine = Engine(job)
    shape = PlanShape(
        engine.flows,
        job.duration + job.drain + 1,
        lambda: engine.spawned and not (environment.runner and environment.runner.user_count),
    )
    environment = engine.locust(shape)
    runner = environment.create_local_runner()
    stopped = Event()
    ended_at = [0.0]

    def note_end(**_: Any) -> None:
        ended_at[0] = engine.elapsed()

    def note_stop(**_: Any) -> None:
        stopped.set()

    listen(environment.events.test_start, lambda **_: engine.begin())
    listen(environment.events.test_stopping, note_end)
    listen(environment.events.test_stop, note_stop)
    gevent.spawn(engine.renew_tokens)
    gevent.spawn(report_progress, engine, engine.own_tallies)
    gevent.spawn(stop_on_end_of_input, runner.stop)
    runner.start_shape()
    stopped.wait()
    return engine.ran(engine.own_tallies(), ended_at[0], engine.started)


def run_web(job: Job) -> Ran:
    """Locust's own page starts and stops runs; the last one is the result."""
    engine = Engine(job)
    shape = PlanShape(
        engine.flows,
        job.duration + job.drain + 1,
        lambda: engine.spawned and not (environment.runner and environment.runner.user_count),
    )
    environment = engine.locust(shape)
    runner = environment.create_local_runner()
    finished = Event()
    last: list[Ran] = []

    def begin(**_: Any) -> None:
        engine.spawned = False
        engine.begin()

    def keep(**_: Any) -> None:
        last[:] = [engine.ran(engine.own_tallies(), engine.elapsed(), engine.started)]

    listen(environment.events.test_start, begin)
    listen(environment.events.test_stop, keep)
    gevent.spawn(engine.renew_tokens)
    page = environment.create_web_ui("127.0.0.1", job.web_port)
    gevent.spawn(report_progress, engine, engine.own_tallies)
    gevent.spawn(stop_on_end_of_input, finished.set)
    finished.wait()
    runner.stop()
    stop_page: Any = page.stop
    stop_page()
    if not last:
        raise LoadError("no run was started on the page", remedy="press Start before Ctrl-C")
    return last[0]


def run_worker(job: Job) -> None:
    """Send the part that the master assigns; its counts travel in Locust's own messages."""
    engine = Engine(job)
    environment = engine.locust(PlanShape(engine.flows, job.duration))
    runner = environment.create_worker_runner(job.master_host, job.master_port)
    pairs = zip(engine.classes, engine.feeds, strict=True)
    names = {kind.__name__: feed.flow.name for kind, feed in pairs}

    def tell_senders(**_: Any) -> None:
        have = {names[name]: n for name, n in runner.user_classes_count.items()}
        runner.send_message("wt-senders", have)

    def go(msg: Any, **_: Any) -> None:
        me, slots = msg.data["me"], msg.data["slots"]
        mine: dict[str, list[int]] = {}
        for name, due in engine.due.items():
            owners = slots[name]
            mine[name] = [n for n in range(len(due)) if owners and owners[n % len(owners)] == me]
        engine.begin(mine)

    def tell(kind: str) -> None:
        left = {name: seen.to_message() for name, seen in (engine.left or {}).items()}
        tallies = {name: tally.to_message() for name, tally in engine.own_tallies().items()}
        runner.send_message(kind, {"tallies": tallies, "left": left})

    def report() -> None:
        over = False
        while True:
            gevent.sleep(1)
            if engine.started and not over:
                over = runner.user_count == 0
                tell("wt-over" if over else "wt-tally")

    listen(environment.events.spawning_complete, tell_senders)
    listen(environment.events.test_stop, lambda **_: tell("wt-tally"))
    runner.register_message("wt-go", go)
    gevent.spawn(engine.renew_tokens)
    gevent.spawn(report)
    gevent.spawn(stop_on_end_of_input, runner.quit)
    runner.greenlet.join()


class _Gathered:
    """What the workers of a master told it."""

    def __init__(self, engine: Engine, environment: Environment) -> None:
        self.engine, self.environment = engine, environment
        self.senders: dict[str, dict[str, int]] = {}
        self.tallies: dict[str, dict[str, FlowTally]] = {}
        self.left: dict[str, dict[str, list[float]]] = {}
        self.over: set[str] = set()

    def all_over(self) -> bool:
        """Whether every worker's senders have ended."""
        return bool(self.senders) and self.over >= set(self.senders)

    def take_senders(self, msg: Any, **_: Any) -> None:
        """Once every worker said how many senders it has, share out the arrivals."""
        self.senders[msg.node_id] = msg.data
        runner: Any = self.environment.runner
        if len(self.senders) < self.engine.job.workers or self.engine.started:
            return
        workers = sorted(self.senders)
        slots = {
            flow.name: [
                number
                for number, worker in enumerate(workers)
                for _ in range(self.senders[worker].get(flow.name, 0))
            ]
            for flow in self.engine.flows
        }
        for number, worker in enumerate(workers):
            runner.send_message("wt-go", {"me": number, "slots": slots}, client_id=worker)
        self.engine.begin()

    def take_tally(self, msg: Any, **_: Any) -> None:
        """Keep a worker's newest counts."""
        if msg.type == "wt-over":
            self.over.add(msg.node_id)
        packed = msg.data["tallies"]
        self.tallies[msg.node_id] = {n: FlowTally.of_message(t) for n, t in packed.items()}
        self.left[msg.node_id] = msg.data["left"]

    def merge_left(self) -> None:
        """All workers' views of the limits, into the engine's."""
        for views in self.left.values():
            for name, view in views.items():
                if self.engine.left is not None:
                    self.engine.left[name].merge(view)

    def merged(self) -> dict[str, FlowTally]:
        """All workers' counts by flow."""
        merged = {
            flow.name: FlowTally(self.engine.job.bucket_seconds) for flow in self.engine.flows
        }
        for tallies in self.tallies.values():
            for name, tally in tallies.items():
                merged[name].merge(tally)
        return merged


def run_master(job: Job) -> Ran:
    """Wait for the workers, share the arrivals out, gather the counts."""
    engine = Engine(job, sends=False)

    def gathered_all_over() -> bool:
        return gathered.all_over()

    shape = PlanShape(engine.flows, job.duration + job.drain + 5, gathered_all_over)
    environment = engine.locust(shape)
    gathered = _Gathered(engine, environment)
    runner = environment.create_master_runner(job.master_host, job.master_port)
    for kind, listener in (
        ("wt-senders", gathered.take_senders),
        ("wt-tally", gathered.take_tally),
        ("wt-over", gathered.take_tally),
    ):
        runner.register_message(kind, listener)
    stopped = Event()
    listen(environment.events.test_stop, lambda **_: stopped.set())
    asked = Event()

    def stop() -> None:
        asked.set()
        runner.stop()
        stopped.set()

    gevent.spawn(stop_on_end_of_input, stop)
    gevent.spawn(report_progress, engine, gathered.merged)
    deadline = time.monotonic() + JOIN_SECONDS
    while len(runner.clients.ready) < job.workers and not asked.is_set():
        if time.monotonic() > deadline:
            runner.quit()
            raise LoadError(
                f"{len(runner.clients.ready)} of {job.workers} workers came within "
                f"{JOIN_SECONDS:g} s",
                remedy="start the others with --worker and this machine as --master-host",
            )
        gevent.sleep(0.05)
    if not asked.is_set():
        runner.start_shape()
    stopped.wait()
    elapsed = engine.elapsed()
    gevent.sleep(0.2)
    runner.quit()
    gathered.merge_left()
    return engine.ran(gathered.merged(), elapsed, engine.started or time.time())
