"""Numbers of a benchmark run: medians, ratios and the targets they are held against. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, TypeAlias

from bench.driver import Measurement
from bench.server import GET, LIST, OPERATIONS, PATCH, POST

OURS = "windtunnel"
FINANCE_OPERATIONS = "finance-operations"
FORMAT = "windtunnel-bench/1"


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with its least and greatest value."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        return cls(median(values), min(values), max(values))


@dataclass(slots=True)
class Results:
    """What a run measured: rounds by (server, operation), and single figures by name."""

    titles: dict[str, str] = field(default_factory=dict)
    rounds: dict[tuple[str, str], list[Measurement]] = field(default_factory=dict)
    extras: dict[str, float] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)

    def add(self, server: str, operation: str, measured: Measurement) -> None:
        """Keep one round."""
        self.rounds.setdefault((server, operation), []).append(measured)

    def rate(self, server: str, operation: str) -> Spread | None:
        """Requests per second over the rounds; None if it was not measured."""
        return self._spread(server, operation, lambda measured: measured.rate)

    def p50_ms(self, server: str, operation: str) -> Spread | None:
        """The median latency of each round."""
        return self._spread(server, operation, lambda measured: measured.p50_ms)

    def p99_ms(self, server: str, operation: str) -> Spread | None:
        """The 99th percentile of each round."""
        return self._spread(server, operation, lambda measured: measured.p99_ms)

    def cpu_us(self, server: str, operation: str) -> Spread | None:
        """Processor time per request, which a busy machine changes less than the rate."""
        return self._spread(server, operation, lambda measured: measured.cpu_us)

    def core_share(self) -> Spread | None:
        """The share of one core that the servers got, over all rounds: 1 on a quiet machine."""
        every = [m.cpu_seconds / m.seconds for rounds in self.rounds.values() for m in rounds]
        return Spread.of(every) if every else None

    def _spread(
        self, server: str, operation: str, read: Callable[[Measurement], float]
    ) -> Spread | None:
        rounds = self.rounds.get((server, operation))
        return Spread.of([read(measured) for measured in rounds]) if rounds else None

    def ratio(self, operation: str, peer: str, of: str = OURS) -> float | None:
        """How many times the peer's rate ours is; by medians."""
        ours, theirs = self.rate(of, operation), self.rate(peer, operation)
        return None if ours is None or theirs is None else ours.median / theirs.median

    def p99_ratio(self, operation: str, peer: str) -> float | None:
        """Our 99th percentile as a share of the peer's."""
        ours, theirs = self.p99_ms(OURS, operation), self.p99_ms(peer, operation)
        return None if ours is None or theirs is None else ours.median / theirs.median


Reading: TypeAlias = Callable[[Results], float | None]


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should be: at least, or at most, a bound."""

    text: str
    bound: float
    at_least: bool
    read: Reading

    def met(self, results: Results) -> bool | None:
        """Whether it is reached; None if it was not measured."""
        value = self.read(results)
        if value is None:
            return None
        return value >= self.bound if self.at_least else value <= self.bound


def _times(operation: str, peer: str, bound: float) -> Target:
    return Target(
        f"{operation}, times {peer}", bound, True, lambda results: results.ratio(operation, peer)
    )


def _tail(operation: str, peer: str, bound: float) -> Target:
    return Target(
        f"p99 of {operation}, share of {peer}'s",
        bound,
        False,
        lambda results: results.p99_ratio(operation, peer),
    )


def _beside(operation: str) -> Target:
    return Target(
        f"{operation} of finance and operations, share of Dataverse's",
        0.8,
        True,
        lambda results: results.ratio(operation, OURS, of=FINANCE_OPERATIONS),
    )


def _extra(name: str, text: str, bound: float, *, at_least: bool = False) -> Target:
    return Target(text, bound, at_least, lambda results: results.extras.get(name))


GUARD_SHARE = "guard_share"
MILLION_SHARE = "million_share"
MEMORY_MIB = "mib_per_100000"
ODATA_PAGE_TIMES = "odata_page_times"
FETCHXML_PAGE_TIMES = "fetchxml_page_times"
NEXT_PAGE_TIMES = "next_page_times"
IMPORT_SECONDS = "import_seconds"
CACHED_IMPORT_SECONDS = "cached_import_seconds"
SERVED_IMPORT_SECONDS = "served_import_seconds"
PACKAGE_IN_SECONDS = "package_in_seconds"
PACKAGE_OUT_SECONDS = "package_out_seconds"
PACKAGE_MIB = "package_mib"
PACKAGE_WAIT_MS = "package_wait_ms"
LARGE_IN_SECONDS = "large_in_seconds"
LARGE_OUT_SECONDS = "large_out_seconds"
LARGE_MIB = "large_mib"
LARGE_WAIT_MS = "large_wait_ms"
FORECAST_SECONDS = "forecast_seconds"
NUMBA_SECONDS = "numba_forecast_seconds"
START_SECONDS = "start_seconds"
RESET_SECONDS = "reset_seconds"

TARGETS = (
    _times(GET, "floor", 0.5),
    _times(GET, "cap", 40),
    _times(LIST, "cap", 12),
    _times(PATCH, "cap", 40),
    _times(POST, "cap", 30),
    *(_tail(operation, "cap", 0.05) for operation in OPERATIONS),
    *(_beside(operation) for operation in OPERATIONS),
    _extra(GUARD_SHARE, "token, throttle, journal and headers, share of GET", 0.20),
    _extra(MILLION_SHARE, "LIST at 1,000,000 records, share of 10,000", 0.5, at_least=True),
    _extra(ODATA_PAGE_TIMES, "OData page of 50 at 1,000,000 records, times its cost at 10,000", 5),
    _extra(FETCHXML_PAGE_TIMES, "FetchXML page of 50, the same", 5),
    _extra(NEXT_PAGE_TIMES, "the page behind a next link, the same", 5),
    _extra(IMPORT_SECONDS, "import of 10 MB of $metadata, seconds of a core", 2),
    _extra(CACHED_IMPORT_SECONDS, "the same from its kept form", 0.3),
    _extra(SERVED_IMPORT_SECONDS, "all simulators made, with these tables served", 2),
    _extra(MEMORY_MIB, "MiB per 100,000 records", 80),
    _extra(PACKAGE_IN_SECONDS, "import of a package of 100,000 customers, seconds", 20),
    _extra(PACKAGE_OUT_SECONDS, "export of the same, seconds", 10),
    _extra(PACKAGE_MIB, "MiB of the process at most, meanwhile", 300),
    _extra(PACKAGE_WAIT_MS, "p99 of another small request meanwhile, ms", 100),
    _extra(LARGE_MIB, "a package of 1 GiB in and out, growth of own memory, MiB", 150),
    _extra(LARGE_WAIT_MS, "p99 of another small request meanwhile, ms", 100),
    _extra(FORECAST_SECONDS, "forecast of 5,000,000 requests, seconds", 15),
    _extra(NUMBA_SECONDS, "the same with numba, compiled before, to the event the same", 3),
    _extra(START_SECONDS, "`windtunnel up` until every listener answers, seconds", 1.5),
    _extra(RESET_SECONDS, "reset, seconds", 0.05),
)


def to_json(results: Results) -> dict[str, Any]:
    """The whole run as JSON data."""
    return {
        "format": FORMAT,
        **results.about,
        "servers": {
            server: {"title": title, "operations": _operations(results, server)}
            for server, title in results.titles.items()
        },
        "extras": results.extras,
        "targets": [
            {
                "text": target.text,
                "bound": target.bound,
                "at_least": target.at_least,
                "measured": target.read(results),
                "met": target.met(results),
            }
            for target in TARGETS
        ],
    }


def from_json(data: Mapping[str, Any]) -> Results:
    """Read back what `to_json` wrote."""
    kept = ("format", "servers", "extras", "targets")
    results = Results(
        extras=dict(data["extras"]), about={n: v for n, v in data.items() if n not in kept}
    )
    for server, found in data["servers"].items():
        results.titles[server] = found["title"]
        for operation, rounds in found["operations"].items():
            for measured in rounds["rounds"]:
                results.add(server, operation, Measurement(**measured))
    return results


def _operations(results: Results, server: str) -> dict[str, Any]:
    found = {}
    for operation in OPERATIONS:
        rate = results.rate(server, operation)
        if rate is None:
            continue
        rounds = results.rounds[server, operation]
        found[operation] = {
            "rate": {"median": rate.median, "low": rate.low, "high": rate.high},
            "rounds": [
                {
                    "requests": measured.requests,
                    "seconds": measured.seconds,
                    "p50_ms": measured.p50_ms,
                    "p99_ms": measured.p99_ms,
                    "max_ms": measured.max_ms,
                    "cpu_seconds": measured.cpu_seconds,
                }
                for measured in rounds
            ],
        }
    return found
