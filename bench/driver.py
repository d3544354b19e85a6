"""Runs wrk against a server and reads its numbers; any error in a run makes the run fail."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.process import pinned

SCRIPT = Path(__file__).with_name("drive.lua")
CONNECTIONS = 32
FAILURES = ("connect", "read", "write", "status", "timeout")


class BenchFailed(Exception):
    """The benchmark cannot go on: what went wrong, in words for the person who runs it."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one run of wrk saw; latencies in milliseconds, from sending to the whole answer.

    `cpu_seconds` is the processor time the server took meanwhile.
    """

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    cpu_seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of the server's processor time per request."""
        return 1e6 * self.cpu_seconds / self.requests


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of a workload."""

    method: str
    path: str
    body: bytes = b""


def write_workload(path: Path, asks: Iterable[Ask]) -> None:
    """Write the requests as `drive.lua` reads them."""
    with path.open("wb") as file:
        for ask in asks:
            file.write(b"\t".join((ask.method.encode(), ask.path.encode(), ask.body)) + b"\n")


def wrk() -> str:
    """Where wrk is. Raises BenchFailed that says how to get it."""
    found = shutil.which("wrk")
    if found is None:
        raise BenchFailed("wrk is not installed: apt-get install wrk, or brew install wrk")
    return found


def drive(
    url: str,
    headers: Mapping[str, str],
    workload: Path,
    *,
    seconds: float,
    offset: int = 0,
    connections: int = CONNECTIONS,
    core: int | None = None,
) -> Measurement:
    """Send the workload over and over from one thread; the sending starts at line `offset`.

    Raises BenchFailed for anything but answers below 400 on healthy connections.
    """
    # wrk takes whole seconds.
    command = [wrk(), "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout=30s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    command += ["-s", str(SCRIPT), url, "--", str(workload), str(offset)]
    ended = subprocess.run(
        pinned(command, core), capture_output=True, text=True, check=False, timeout=seconds + 90
    )
    if ended.returncode:
        raise BenchFailed(f"wrk ended with {ended.returncode}: {ended.stderr.strip()}")
    return read_measurement(ended.stdout)


def read_measurement(output: str) -> Measurement:
    """Read what `drive.lua` printed. Raises BenchFailed if any request failed."""
    line = next((line for line in output.splitlines() if line.startswith("{")), None)
    if line is None:
        raise BenchFailed(f"wrk printed no result:\n{output}")
    found = json.loads(line)
    failures = {kind: found[kind] for kind in FAILURES if found[kind]}
    if failures:
        counts = ", ".join(f"{kind} {count}" for kind, count in failures.items())
        raise BenchFailed(f"of {found['requests']} requests some failed: {counts}")
    if not found["requests"]:
        raise BenchFailed("no request was answered in time")
    return Measurement(
        found["requests"], found["seconds"], found["p50_ms"], found["p99_ms"], found["max_ms"]
    )
