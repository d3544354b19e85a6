"""What happened to the requests of a run, small enough to send between processes and to merge."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

_STEP = 1.02
_SCALE = 1 / math.log(_STEP)
"""Steps of 2 % above one microsecond."""
_SMALLEST = 1e-6


@dataclass(slots=True)
class Histogram:
    """Durations in steps of 2 %; percentiles are right within 1 %."""

    counts: dict[int, int] = field(default_factory=dict[int, int])
    longest: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        step = int(math.log(seconds * 1e6) * _SCALE) if seconds > _SMALLEST else 0
        self.counts[step] = self.counts.get(step, 0) + 1
        self.longest = max(self.longest, seconds)

    def merge(self, other: Histogram) -> None:
        """Add another's durations."""
        for step, count in other.counts.items():
            self.counts[step] = self.counts.get(step, 0) + count
        self.longest = max(self.longest, other.longest)

    def percentile(self, share: float) -> float:
        """The duration that `share` of all do not exceed; 0 when there are none."""
        total = sum(self.counts.values())
        rank, seen = math.ceil(total * share), 0
        for step in sorted(self.counts):
            seen += self.counts[step]
            if seen >= rank:
                return min(_SMALLEST * math.pow(_STEP, step + 0.5), self.longest)
        return 0.0


@dataclass(slots=True)
class Bucket:
    """One slice of the run's time."""

    completed: int = 0
    throttled: int = 0
    failed: int = 0
    lost: int = 0
    latency: Histogram = field(default_factory=Histogram)

    def merge(self, other: Bucket) -> None:
        """Add another's counts."""
        self.completed += other.completed
        self.throttled += other.throttled
        self.failed += other.failed
        self.lost += other.lost
        self.latency.merge(other.latency)


@dataclass(slots=True)
class FlowTally:
    """Counts of one flow. `answers` are HTTP answers, so a retried request has several.

    Every request offered is completed, failed (an error nobody retries), lost (given up after
    refusals), or still open. Latency runs from the intended start, service from the last sending.
    """

    bucket_seconds: float = 1.0
    answers: int = 0
    completed: int = 0
    throttled: int = 0
    failed: int = 0
    lost: int = 0
    longest_retry_after: float = 0.0
    latest_start: float = 0.0
    ended_at: float = 0.0
    latency: Histogram = field(default_factory=Histogram)
    service: Histogram = field(default_factory=Histogram)
    buckets: dict[int, Bucket] = field(default_factory=dict[int, Bucket])
    causes: dict[str, int] = field(default_factory=dict[str, int])

    def bucket(self, at: float) -> Bucket:
        """The slice in which the moment `at` (seconds from the start) lies."""
        number = int(at / self.bucket_seconds)
        found = self.buckets.get(number)
        if found is None:
            found = self.buckets[number] = Bucket()
        return found

    def complete(self, at: float, latency: float, service: float) -> None:
        """A request got its answer."""
        self.completed += 1
        self.ended_at = at
        self.latency.add(latency)
        self.service.add(service)
        bucket = self.bucket(at)
        bucket.completed += 1
        bucket.latency.add(latency)

    def throttle(self, at: float, retry_after: float | None) -> None:
        """An answer was 429."""
        self.throttled += 1
        self.bucket(at).throttled += 1
        if retry_after is not None and retry_after > self.longest_retry_after:
            self.longest_retry_after = retry_after

    def fail(self, at: float, cause: str) -> None:
        """A request ended in an error that is not retried."""
        self.failed += 1
        self.ended_at = at
        self.bucket(at).failed += 1
        self._cause(cause)

    def lose(self, at: float, cause: str) -> None:
        """A request was given up after refusals."""
        self.lost += 1
        self.ended_at = at
        self.bucket(at).lost += 1
        self._cause(cause)

    def _cause(self, cause: str) -> None:
        if cause in self.causes or len(self.causes) < 50:
            self.causes[cause] = self.causes.get(cause, 0) + 1

    def merge(self, other: FlowTally) -> None:
        """Add another process's counts of the same flow."""
        self.answers += other.answers
        self.completed += other.completed
        self.throttled += other.throttled
        self.failed += other.failed
        self.lost += other.lost
        self.longest_retry_after = max(self.longest_retry_after, other.longest_retry_after)
        self.latest_start = max(self.latest_start, other.latest_start)
        self.ended_at = max(self.ended_at, other.ended_at)
        self.latency.merge(other.latency)
        self.service.merge(other.service)
        for number, bucket in other.buckets.items():
            self.buckets.setdefault(number, Bucket()).merge(bucket)
        for cause, count in other.causes.items():
            self.causes[cause] = self.causes.get(cause, 0) + count

    def to_message(self) -> dict[str, Any]:
        """Plain values for the wire between Locust's processes."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "latency": _pack(self.latency),
            "service": _pack(self.service),
            "buckets": [
                [number, b.completed, b.throttled, b.failed, b.lost, _pack(b.latency)]
                for number, b in self.buckets.items()
            ],
            "causes": self.causes,
        }

    @classmethod
    def of_message(cls, message: dict[str, Any]) -> FlowTally:
        """The tally that another process packed."""
        tally = cls(**{name: message[name] for name in _PLAIN})
        tally.latency = _unpack(message["latency"])
        tally.service = _unpack(message["service"])
        for number, completed, throttled, failed, lost, latency in message["buckets"]:
            tally.buckets[number] = Bucket(completed, throttled, failed, lost, _unpack(latency))
        tally.causes = dict(message["causes"])
        return tally


_PLAIN = (
    "bucket_seconds",
    "answers",
    "completed",
    "throttled",
    "failed",
    "lost",
    "longest_retry_after",
    "latest_start",
    "ended_at",
)


def _pack(histogram: Histogram) -> list[Any]:
    return [histogram.longest, *(part for pair in histogram.counts.items() for part in pair)]


def _unpack(packed: list[Any]) -> Histogram:
    longest, *rest = packed
    return Histogram(dict(zip(rest[::2], rest[1::2], strict=True)), longest)
