"""One load process: Locust's environment, users and runner made from a plan. Only under gevent."""

from __future__ import annotations

import json
import random
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gevent
from locust.env import Environment

from windtunnel.contracts.documents import PlanFlow
from windtunnel.contracts.results import LimitUse
from windtunnel.load import limit_use
from windtunnel.load.arrivals import arrival_times, stretches
from windtunnel.load.errors import LoadError
from windtunnel.load.identities import credentials_for, identities_of
from windtunnel.load.job import Job
from windtunnel.load.operations import Material, Requests, check_plan
from windtunnel.load.preparation import prepare
from windtunnel.load.summary import Ran
from windtunnel.load.tally import FlowTally
from windtunnel.load.tokens import Bearer, tls_context
from windtunnel.load.users import Feed, Left, PlanShape, PlanUser, user_class

URLS = {"dataverse": "WT_DATAVERSE_URL", "finance_operations": "WT_FO_URL"}
PROGRESS_SECONDS = 0.5


def base_url(service: str, environment: Mapping[str, str]) -> str:
    """The origin of a service; LoadError when the environment names none."""
    url = environment.get(URLS[service], "").rstrip("/")
    if not url:
        raise LoadError(
            f"{URLS[service]} is not set", remedy="name the service's origin in the env file"
        )
    return url


def listen(hook: Any, listener: Callable[..., Any]) -> None:
    """Call `listener` when one of Locust's events fires."""
    hook.add_listener(listener)


class Engine:
    """The flows of a job as Locust user classes with their feeds, and what came of them."""

    def __init__(self, job: Job, *, sends: bool = True) -> None:
        self.job = job
        self.flows = check_plan(job.plan)
        self.due = {
            flow.name: arrival_times(
                stretches(flow, job.duration, job.scale),
                f"{job.seed}/{flow.name}/arrivals",
                spacing=job.spacing,
            )
            for flow in self.flows
        }
        self.environment = job.environment
        self.context = tls_context(self.environment)
        self.credentials, shared = credentials_for(identities_of(self.flows), self.environment)
        self.notes: tuple[str, ...] = ()
        if shared:
            self.notes = (
                f"{', '.join(shared)} share the application WT_CLIENT_ID, and so its limits.",
            )
        self.left: dict[str, Left] | None = None
        if not self.environment.get("WT_CONTROL_URL"):
            self.left = {name: Left() for name in self.credentials}
        self.bearers: dict[tuple[str, str], Bearer] = {}
        if sends:
            self._get_tokens()
        self.feeds = [self._feed(flow, sends) for flow in self.flows]
        self.classes: list[type[PlanUser]] = [
            user_class(feed, base_url(feed.flow.service, self.environment), self.context, number)
            for number, feed in enumerate(self.feeds, 1)
        ]
        self.started = 0.0
        self.spawned = False

    def _get_tokens(self) -> None:
        for flow in self.flows:
            resource = base_url(flow.service, self.environment)
            for name in flow.identities:
                if (name, flow.service) not in self.bearers:
                    bearer = Bearer(
                        self.credentials[name],
                        resource,
                        self.environment,
                        self.context,
                        time.monotonic,
                    )
                    bearer.renew()
                    self.bearers[name, flow.service] = bearer

    def _feed(self, flow: PlanFlow, sends: bool) -> Feed:
        material = Material({}, {}, {}, "")
        if sends:
            material = prepare(
                flow,
                self._fetch(flow),
                seed=str(self.job.seed),
                prefix=f"WT{uuid.uuid4().hex[:8]}",
                company=self.job.company,
            )
        return Feed(
            flow=flow,
            due=self.due[flow.name],
            requests=Requests(flow, material) if sends else _NO_REQUESTS,
            bearers=[self.bearers[name, flow.service] for name in flow.identities if sends],
            tally=FlowTally(self.job.bucket_seconds),
            chance=random.Random(f"{self.job.seed}/{flow.name}/jitter"),
            left=self.left if flow.service == "dataverse" else None,
            until=self.job.duration + self.job.drain,
        )

    def _fetch(self, flow: PlanFlow) -> Callable[[str], list[dict[str, Any]]]:
        import urllib.error
        import urllib.request

        base = base_url(flow.service, self.environment)
        bearer = self.bearers[flow.identities[0], flow.service]

        def fetch(path: str) -> list[dict[str, Any]]:
            url = base + path
            headers = {"Authorization": bearer.header, "Accept": "application/json"}
            request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the env file's
            try:
                with urllib.request.urlopen(  # noqa: S310 - as above
                    request, timeout=60, context=self.context
                ) as answer:
                    return list(json.loads(answer.read())["value"])
            except urllib.error.HTTPError as error:
                body = error.read()[:300].decode("utf-8", "replace")
                raise LoadError(
                    f"flow '{flow.name}': GET {path} answered {error.code}: {body}",
                    remedy="check the flow's entity sets and the identity's rights",
                ) from error
            except (OSError, ValueError, KeyError) as error:
                raise LoadError(
                    f"flow '{flow.name}': GET {url} failed: {error}",
                    remedy="is the service running, and is the env file its own?",
                ) from error

        return fetch

    def renew_tokens(self) -> None:
        """Forever: renew each token shortly before it expires; a failure is tried again."""
        while True:
            gevent.sleep(1)
            now = time.monotonic()
            for bearer in self.bearers.values():
                if now >= bearer.renew_at:
                    try:
                        bearer.renew()
                    except LoadError as error:
                        bearer.renew_at = now + 5
                        print(error, file=sys.stderr)  # noqa: T201 - the process's log

    def begin(self, mine: Mapping[str, Sequence[int]] | None = None) -> None:
        """Let the senders go; `mine` are the arrivals that fall to this process."""
        self.started = time.time()
        for feed in self.feeds:
            feed.tally = FlowTally(self.job.bucket_seconds)
            feed.taken = 0
            feed.mine = mine[feed.flow.name] if mine is not None else None
            feed.started_at = time.perf_counter() + 0.05
            feed.ready.set()

    def elapsed(self) -> float:
        """Seconds since the senders were let go."""
        return max(self.feeds[0].now(), 0.0) if self.started else 0.0

    def locust(self, shape: PlanShape) -> Environment:
        """Locust's environment for these users."""
        environment = Environment(user_classes=list(self.classes), shape_class=shape)

        def spawned(**_: Any) -> None:
            self.spawned = True

        listen(environment.events.spawning_complete, spawned)
        return environment

    def limits(self) -> tuple[tuple[LimitUse, ...], tuple[str, ...]]:
        """Use of limits by identity, and notes."""
        if self.left is not None:
            return limit_use.from_answers(self.left), ()
        names = {c.client_id.lower(): c.name for c in self.credentials.values()}
        return limit_use.from_control(self.environment["WT_CONTROL_URL"], names)

    def ran(self, tallies: Mapping[str, FlowTally], elapsed: float, started: float) -> Ran:
        """The run, ended."""
        ended = sum(tally.completed + tally.failed + tally.lost for tally in tallies.values())
        planned = sum(len(times) for times in self.due.values())
        if ended >= planned:
            last = max((tally.ended_at for tally in tallies.values()), default=0.0)
            elapsed = max(last, min(elapsed, self.job.duration))
        limits, notes = self.limits()
        return Ran(
            job=self.job,
            flows=self.flows,
            due=self.due,
            tallies=tallies,
            started=started,
            seconds=min(elapsed, self.job.duration + self.job.drain + 5),
            limits=limits,
            notes=(*self.notes, *notes),
        )

    def own_tallies(self) -> dict[str, FlowTally]:
        """The tallies of this process's flows."""
        return {feed.flow.name: feed.tally for feed in self.feeds}

    def due_by(self, elapsed: float) -> int:
        """How many requests were due by a moment."""
        from bisect import bisect_right

        return sum(bisect_right(times, elapsed) for times in self.due.values())


class _NoRequests(Requests):
    def __init__(self) -> None:
        """For a master, which sends nothing."""


_NO_REQUESTS = _NoRequests()


def report_progress(engine: Engine, tallies: Callable[[], Mapping[str, FlowTally]]) -> None:
    """Forever: one JSON line on standard output for whoever shows it."""
    while True:
        gevent.sleep(PROGRESS_SECONDS)
        if not engine.started:
            continue
        values = tallies().values()
        at = engine.elapsed()
        ended = sum(t.completed + t.failed + t.lost for t in values)
        line = {
            "at": at,
            "of": engine.job.duration,
            "completed": sum(t.completed for t in values),
            "throttled": sum(t.throttled for t in values),
            "lost": sum(t.failed + t.lost for t in values),
            "waiting": max(engine.due_by(at) - ended, 0),
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def stop_on_end_of_input(stop: Callable[[], None]) -> None:
    """Wait until standard input ends, which is how the command says stop; then stop."""
    gevent.get_hub().threadpool.spawn(sys.stdin.buffer.read).get()
    stop()
