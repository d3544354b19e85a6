"""Runs the servers side by side: check, warm, rounds in turn; POST last, as it adds records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from bench.correctness import check
from bench.dataset import Record, keys_asked, lists_asked, patches, posts
from bench.driver import Ask, Measurement, drive, write_workload
from bench.figures import Results
from bench.server import GET, LIST, PATCH, POST, Peer, Server

STRIDE = 15_919
"""Each round begins this many requests further on: a prime, so no round repeats another."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Where the server and the driver run; None leaves it to the system."""

    server: int | None
    driver: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """How long a run is. `warm` scales each peer's own warm-up time."""

    rounds: int
    seconds: float
    warm: float = 1.0


FULL = Plan(rounds=5, seconds=2.0)
QUICK = Plan(rounds=1, seconds=1.0, warm=0.5)


def asks(server: Server, operation: str, rows: Sequence[Record]) -> Iterator[Ask]:
    """The requests of one operation, as this server wants them."""
    if operation == LIST:
        return (Ask("GET", server.list_path(*asked)) for asked in lists_asked())
    if operation == POST:
        bodies = enumerate(posts(server.posts_prepared))
        return (
            Ask("POST", server.collection, orjson.dumps(server.posted(body, number)))
            for number, body in bodies
        )
    keys = keys_asked(rows)
    if operation == GET:
        return (Ask("GET", server.record_path(key)) for key in keys)
    # Twice, with other values: a change to what is there already is none, and costs less.
    keys = keys * 2
    changes = zip(keys, patches(len(keys)), strict=True)
    return (Ask("PATCH", server.record_path(key), orjson.dumps(change)) for key, change in changes)


def workload(
    folder: Path, name: str, server: Server, operation: str, rows: Sequence[Record]
) -> Path:
    """Write the requests of one operation to a file for wrk."""
    path = folder / f"{name}-{operation}.tsv"
    write_workload(path, asks(server, operation, rows))
    return path


def measure(
    server: Server, operation: str, path: Path, seconds: float, number: int, cores: Cores
) -> Measurement:
    """One round. Raises BenchFailed if a request fails, or ServerFailed if the server ended."""
    before = server.process.cpu_seconds()
    found = drive(
        server.url,
        server.headers_of(operation),
        path,
        seconds=seconds,
        offset=number * STRIDE,
        core=cores.driver,
    )
    server.process.check()
    return replace(found, cpu_seconds=server.process.cpu_seconds() - before)


def run(
    peers: Sequence[Peer],
    rows: Sequence[Record],
    plan: Plan,
    folder: Path,
    cores: Cores,
    say: Callable[[str, int, int], None],
) -> Results:
    """Measure the peers in turn; `say` hears what is done now and how far the run is."""
    results = Results()
    versions: dict[str, str] = {}
    total, done = _steps(peers, plan), 0

    def step(text: str) -> None:
        nonlocal done
        say(text, done, total)
        done += 1

    with ExitStack() as running:
        servers: dict[str, Server] = {}
        files: dict[tuple[str, str], Path] = {}
        for peer in peers:
            step(f"start {peer.name}")
            versions |= peer.prepare(folder)
            server = servers[peer.name] = peer.start(rows, folder, cores.server)
            running.callback(server.process.stop)
            results.titles[peer.name] = peer.title
            if LIST in peer.operations:
                check(peer.name, server, rows)
            for operation in peer.operations:
                files[peer.name, operation] = workload(folder, peer.name, server, operation, rows)
        for phase in ((GET, LIST, PATCH), (POST,)):
            asked = [(p, op) for op in phase for p in peers if op in p.operations]
            for peer, operation in asked:
                step(f"warm {peer.name} {operation}")
                file = files[peer.name, operation]
                seconds = peer.warm_seconds * plan.warm
                measure(servers[peer.name], operation, file, seconds, 0, cores)
            for number in range(1, plan.rounds + 1):
                for peer, operation in asked:
                    step(f"round {number} {peer.name} {operation}")
                    file, server = files[peer.name, operation], servers[peer.name]
                    found = measure(server, operation, file, plan.seconds, number, cores)
                    results.add(peer.name, operation, found)
    results.about = {"versions": versions, "records": len(rows), "rounds": plan.rounds}
    return results


def _steps(peers: Sequence[Peer], plan: Plan) -> int:
    return sum(1 + len(peer.operations) * (1 + plan.rounds) for peer in peers)
