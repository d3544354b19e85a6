"""The installed command as its own process, for real clients."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest


@contextmanager
def windtunnel_up(folder: Path, *options: str) -> Iterator[Mapping[str, str]]:
    """`windtunnel up` on free ports until the context ends; the value is its env file."""
    folder.mkdir(parents=True, exist_ok=True)
    env_file, log = folder / "env", folder / "up.log"
    env_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "windtunnel.simulator.cli", "up", "--port-base", "0"]
    command += ["--env-file", str(env_file), *options]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("WT_", "WINDTUNNEL_"))}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, cwd=folder, env=clean
        )
    try:
        deadline = time.monotonic() + 300
        while not env_file.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        yield dict(line.split("=", 1) for line in env_file.read_text().splitlines())
    finally:
        process.terminate()
        process.wait(120)
    assert "Traceback" not in log.read_text(), log.read_text()
    assert process.returncode == 0


@pytest.fixture(scope="module")
def up(tmp_path_factory) -> Iterator[Callable[..., Mapping[str, str]]]:
    """Start simulators with options; they end with the module."""
    with ExitStack() as stack:

        def start(*options: str) -> Mapping[str, str]:
            folder = tmp_path_factory.mktemp("up")
            return stack.enter_context(windtunnel_up(folder, *options))

        yield start


@pytest.fixture(scope="module")
def env(up) -> Mapping[str, str]:
    """Simulators with the demo set."""
    return up()
