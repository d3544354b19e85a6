"""The single figures of our own server: what the guards cost, size, memory, start and reset."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from bench.dataset import lists_asked, records
from bench.driver import BenchFailed
from bench.figures import (
    GUARD_SHARE,
    MEMORY_MIB,
    MILLION_SHARE,
    RESET_SECONDS,
    START_SECONDS,
)
from bench.forecast import forecast_times
from bench.harness import Cores, measure, workload
from bench.large import import_times, page_times
from bench.packages import data_management, gigabyte
from bench.process import exchange
from bench.server import GET, LIST, Server
from bench.windtunnel_server import Windtunnel, create

RECORDS = 10_000
TIMES = 5


def guard_share(folder: Path, cores: Cores, rounds: int, seconds: float) -> dict[str, float]:
    """The share of GET's time that token, throttle, journal and their headers take."""
    rows = list(records(RECORDS))
    servers = {
        guards: Windtunnel(guards=guards).start(rows, folder / str(guards), cores.server)
        for guards in (True, False)
    }
    try:
        paths = {g: workload(folder, f"guards-{g}", s, GET, rows) for g, s in servers.items()}
        for guards, server in servers.items():
            measure(server, GET, paths[guards], 1.0, 0, cores)
        rates: dict[bool, list[float]] = {True: [], False: []}
        for number in range(rounds):
            for guards, server in servers.items():
                found = measure(server, GET, paths[guards], seconds, number, cores)
                rates[guards].append(found.rate)
    finally:
        for server in servers.values():
            server.process.stop()
    return {
        GUARD_SHARE: 1 - median(rates[True]) / median(rates[False]),
        "get_without_guards": median(rates[False]),
    }


def million_share(folder: Path, cores: Cores, rounds: int, seconds: float) -> dict[str, float]:
    """LIST at 1,000,000 records as a share of LIST at 10,000, in turn."""
    counts = (RECORDS, 1_000_000)
    servers = {}
    try:
        for count in counts:
            servers[count] = Windtunnel().start(records(count), folder / str(count), cores.server)
        paths = {n: workload(folder, f"list-{n}", s, LIST, ()) for n, s in servers.items()}
        rates: dict[int, list[float]] = {count: [] for count in counts}
        for count, server in servers.items():
            _let_index(server)
            measure(server, LIST, paths[count], 2.0, 0, cores)
        for number in range(rounds):
            for count, server in servers.items():
                found = measure(server, LIST, paths[count], seconds, number, cores)
                rates[count].append(found.rate)
    finally:
        for server in servers.values():
            server.process.stop()
    large = median(rates[1_000_000])
    return {MILLION_SHARE: large / median(rates[RECORDS]), "list_at_1000000": large}


def _let_index(server: Server) -> None:
    """Ask one LIST: the first of its kind lets the server make the index that the rest use."""
    group, above = lists_asked()[0]
    status, body = exchange("GET", server.url + server.list_path(group, above), server.headers)
    if status != 200:
        raise BenchFailed(f"LIST answered {status}: {body[:500]!r}")


def memory(folder: Path, cores: Cores, rounds: int, seconds: float) -> dict[str, float]:
    """Growth of the process's memory over 100,000 records, kept in memory.

    The change log is included; the journal, which is bounded, is kept short.
    """
    del rounds, seconds
    source = records(101_000)
    server = Windtunnel(database="memory", journal_entries=100).start(
        (next(source) for _ in range(1_000)), folder, cores.server
    )
    try:
        idle = server.process.resident_mib()
        create(server, source)
        return {MEMORY_MIB: server.process.resident_mib() - idle, "idle_mib": idle}
    finally:
        server.process.stop()


def start_and_reset(folder: Path, cores: Cores, rounds: int, seconds: float) -> dict[str, float]:
    """Seconds from the command to every listener answering, and of a reset; medians."""
    del rounds, seconds
    starts, resets = [], []
    for _ in range(TIMES):
        ours = Windtunnel(database="memory")
        began = time.perf_counter()
        process, variables = ours.up(folder, cores.server)
        starts.append(time.perf_counter() - began)
        try:
            resets.append(median(_resets(ours, variables)))
        finally:
            process.stop()
    return {START_SECONDS: median(starts), RESET_SECONDS: median(resets)}


def _resets(ours: Windtunnel, variables: Mapping[str, str]) -> list[float]:
    return [ours.reset_seconds(variables) for _ in range(TIMES)]


EXTRAS = {
    "guards": guard_share,
    "million": million_share,
    "memory": memory,
    "start": start_and_reset,
    "pages": page_times,
    "dmf": data_management,
    "gigabyte": gigabyte,
    "import": import_times,
    "forecast": forecast_times,
}
"""Figures by the name `--extra` takes; each takes (folder, cores, rounds, seconds)."""
