"""Locust users that send a plan's requests. Imported only in the load process, under gevent.

Arrivals are fixed before the run. An idle sender takes the next one and waits for its moment; when
all are busy, arrivals wait for a sender, and latency still counts from the intended start.
"""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import gevent
from gevent.event import Event
from locust import LoadTestShape, task
from locust.contrib.fasthttp import FastHttpUser
from locust.exception import StopUser

from windtunnel.contracts.documents import PlanFlow
from windtunnel.load.causes import cause_of
from windtunnel.load.operations import Call, Requests
from windtunnel.load.patience import next_wait, seconds_of
from windtunnel.load.tally import FlowTally
from windtunnel.load.tokens import Bearer

REQUESTS_LEFT = "x-ms-ratelimit-burst-remaining-xrm-requests"
SECONDS_LEFT = "x-ms-ratelimit-time-remaining-xrm-requests"


@dataclass(slots=True)
class Left:
    """The extremes of what answers said is left of an identity's limits."""

    most_requests: float = -1.0
    least_requests: float = float("inf")
    most_seconds: float = -1.0
    least_seconds: float = float("inf")
    refusals: int = 0

    def see(self, requests: str | None, seconds: str | None) -> None:
        """Read the rate-limit headers of one answer (`1,199.46` has a thousands separator)."""
        if requests and requests.isdigit():
            count = float(requests)
            self.most_requests = max(self.most_requests, count)
            self.least_requests = min(self.least_requests, count)
        if seconds:
            try:
                left = float(seconds.replace(",", ""))
            except ValueError:
                return
            self.most_seconds = max(self.most_seconds, left)
            self.least_seconds = min(self.least_seconds, left)

    def to_message(self) -> list[float]:
        """Plain values for the wire; infinity is no JSON, but msgpack takes it."""
        return [
            self.most_requests,
            self.least_requests,
            self.most_seconds,
            self.least_seconds,
            self.refusals,
        ]

    def merge(self, message: list[float]) -> None:
        """Add what another process saw."""
        most_requests, least_requests, most_seconds, least_seconds, refusals = message
        self.most_requests = max(self.most_requests, most_requests)
        self.least_requests = min(self.least_requests, least_requests)
        self.most_seconds = max(self.most_seconds, most_seconds)
        self.least_seconds = min(self.least_seconds, least_seconds)
        self.refusals += int(refusals)


@dataclass(slots=True)
class Feed:
    """One flow in this process: its arrivals, who sends them, and what became of them."""

    flow: PlanFlow
    due: Sequence[float]
    requests: Requests
    bearers: Sequence[Bearer]
    tally: FlowTally
    chance: random.Random
    clock: Callable[[], float] = time.perf_counter
    started_at: float = 0.0
    mine: Sequence[int] | None = None
    taken: int = 0
    affinity: str = ""
    left: dict[str, Left] | None = None
    until: float = float("inf")
    ready: Event = field(default_factory=Event)

    def now(self) -> float:
        """Seconds since the run's start."""
        return self.clock() - self.started_at

    def take(self) -> int | None:
        """The number of the next arrival of this process, or None when all are taken."""
        place = self.taken
        if self.mine is None:
            if place >= len(self.due):
                return None
            self.taken = place + 1
            return place
        if place >= len(self.mine):
            return None
        self.taken = place + 1
        return self.mine[place]


class PlanUser(FastHttpUser):
    """One sender of a flow: at most one request of it is under way."""

    abstract = True
    feed: Feed
    connection_timeout = 30.0
    network_timeout = 240.0

    def on_start(self) -> None:
        """Wait for the start; keep no cookies but the affinity cookie, which the flow keeps."""
        self.client.client.cookiejar = None
        self.feed.ready.wait()

    @task
    def send(self) -> None:
        """Take the next arrival, wait for its moment, send it until it ends."""
        feed = self.feed
        number = feed.take()
        if number is None:
            raise StopUser
        due = feed.due[number]
        ahead = due - feed.now()
        if ahead > 0:
            gevent.sleep(ahead)
            late = feed.now() - due
            feed.tally.latest_start = max(feed.tally.latest_start, late)
        self._send(feed, feed.requests.call(number), due, number)

    def _send(self, feed: Feed, call: Call, due: float, number: int) -> None:
        tally, bearer = feed.tally, feed.bearers[number % len(feed.bearers)]
        attempt, first = 0, feed.now()
        while True:
            attempt += 1
            response, sent = self._answer(feed, call, bearer)
            now, status = feed.now(), response.status_code
            tally.answers += 1
            if 200 <= status < 400:
                tally.complete(now, now - due, now - sent)
                if call.method == "POST" and response.headers is not None:
                    feed.requests.remember(call, response.headers.get("location"))
                return
            headers: Any = response.headers
            retry_after = seconds_of(headers.get("retry-after")) if headers is not None else None
            if status == 429:
                tally.throttle(now, retry_after)
                if feed.left is not None:
                    feed.left[bearer.name].refusals += 1
            wait = next_wait(
                feed.flow.retry,
                status=status,
                attempt=attempt,
                waited=now - first,
                retry_after=retry_after,
                service=feed.flow.service,
                chance=feed.chance,
            )
            if wait is None:
                refused = status in {0, 429, 502, 503, 504}
                cause = cause_of(status, response.content, getattr(response, "error", None))
                (tally.lose if refused else tally.fail)(now, cause)
                return
            if now + wait > feed.until:
                raise StopUser
            gevent.sleep(wait)

    def _answer(self, feed: Feed, call: Call, bearer: Bearer) -> tuple[Any, float]:
        headers = {**call.headers, "Authorization": bearer.header}
        if feed.affinity:
            headers["Cookie"] = feed.affinity
        sent = feed.now()
        body: Any = call.body  # Locust's hint says text; it sends bytes as they are
        response = self.client.request(
            call.method, call.path, name=call.name, data=body, headers=headers
        )
        answered: Any = response.headers
        if answered is not None:
            if not feed.affinity and feed.flow.servers == 1:
                feed.affinity = _affinity(answered.get("set-cookie"))
            if feed.left is not None:
                feed.left[bearer.name].see(answered.get(REQUESTS_LEFT), answered.get(SECONDS_LEFT))
        return response, sent


def _affinity(cookies: Any) -> str:
    """The `ARRAffinity` cookie of an answer, as a Cookie header; empty when there is none."""
    for cookie in [cookies] if isinstance(cookies, str) else cookies or ():
        pair = str(cookie).partition(";")[0].strip()
        if pair.startswith("ARRAffinity="):
            return pair
    return ""


def user_class(feed: Feed, host: str, context: ssl.SSLContext, number: int) -> type[PlanUser]:
    """The Locust user class of a flow; `parallelism` of them run."""
    word = "".join(part.capitalize() for part in feed.flow.name.split() if part.isalnum()) or "Flow"
    return type(
        f"{word}{number}",
        (PlanUser,),
        {
            "abstract": False,
            "feed": feed,
            "host": host.rstrip("/"),
            "insecure": False,
            "ssl_context_factory": staticmethod(lambda: context),
            "fixed_count": feed.flow.parallelism,
            "__doc__": f"Sender of the flow {feed.flow.name}.",
        },
    )


class PlanShape(LoadTestShape):
    """All senders of the plan from the start, until every arrival has ended or time is over."""

    abstract = False

    def __init__(
        self, flows: Sequence[PlanFlow], seconds: float, over: Callable[[], bool] = lambda: False
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Locust has no hint here
        self._senders = sum(flow.parallelism for flow in flows)
        self._seconds, self._over = seconds, over

    def tick(self) -> tuple[int, float] | None:
        """Locust's question once a second: how many users, or None to stop."""
        run_time: float = self.get_run_time()  # type: ignore[no-untyped-call] # as above
        if self._over() or run_time > self._seconds:
            return None
        return self._senders, float(self._senders)
