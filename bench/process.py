"""Server processes of the benchmark: started on one core, waited for, ended by their own id."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import psutil

READY_SECONDS = 120.0


def cores() -> tuple[int | None, int | None]:
    """The core for servers and the core for the driver; None where nothing can be pinned."""
    if not sys.platform.startswith("linux") or shutil.which("taskset") is None:
        return None, None
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


def pinned(command: Sequence[str], core: int | None) -> list[str]:
    """The command, held to a core where that is possible."""
    if core is None or shutil.which("taskset") is None:
        return list(command)
    return ["taskset", "-c", str(core), *command]


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServerFailed(Exception):
    """A server did not start or ended early; the text holds the end of its log."""


class ServerProcess:
    """One server that runs until `stop`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        core: int | None = None,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        self.started = time.perf_counter()
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                pinned(command, core),
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        """The server's own process id."""
        return self._process.pid

    def check(self) -> None:
        """Raise ServerFailed if the server ended."""
        if self._process.poll() is not None:
            raise ServerFailed(f"ended with {self._process.returncode}:\n{self._tail()}")

    def wait_until_answers(self, url: str, headers: Mapping[str, str] | None = None) -> float:
        """Wait until it answers 200; returns the seconds since the start.

        Raises ServerFailed, and the process is ended, for any other answer or none in time.
        """
        while time.perf_counter() - self.started < READY_SECONDS:
            self.check()
            try:
                status, _ = exchange("GET", url, headers or {})
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
                continue
            if status == HTTPStatus.OK:
                return time.perf_counter() - self.started
            break
        self.stop()
        raise ServerFailed(f"no good answer from {url}:\n{self._tail()}")

    def resident_mib(self) -> float:
        """Memory the process holds, in MiB."""
        return float(psutil.Process(self.pid).memory_info().rss) / 2**20

    def cpu_seconds(self) -> float:
        """Processor time the process took since it started."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)

    def stop(self) -> None:
        """Ask it to end; kill it if it does not."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _tail(self) -> str:
        return self._log.read_text("utf-8", "replace")[-2_000:]


def exchange(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
) -> tuple[int, bytes]:
    """One request on a connection of its own: status and body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
