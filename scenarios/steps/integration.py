"""`run_integration`: start the system under test, wait for its end or readiness, or stop it."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import httpx

from windtunnel.contracts.results import Mismatch
from windtunnel.scenarios import matchers
from windtunnel.scenarios.errors import StepError
from windtunnel.scenarios.frame import Found, Frame
from windtunnel.scenarios.processes import Process, last_lines
from windtunnel.scenarios.step_models import Ready, RunIntegrationStep

_PAUSE = 0.02


def run_integration(step: RunIntegrationStep, frame: Frame) -> Found:
    """Deadlines of this step are real time: a process does not live on the simulators' clock."""
    if step.stop:
        return _stop(step, frame)
    process = _start(step, frame)
    try:
        if step.ready is not None:
            return _until_ready(step, step.ready, process, frame)
        return _until_ended(step, process, frame)
    finally:
        view: dict[str, Any] = {"exit_code": process.exit_code, "output": process.output()}
        frame.keep(step.name, view)


def _start(step: RunIntegrationStep, frame: Frame) -> Process:
    run = frame.run
    command = frame.render(step.command)
    words = [str(w) for w in command] if isinstance(command, list) else _words(str(command))
    if not words:
        raise StepError("the command is empty")
    env = dict(run.environment.variables)
    env |= {f"WT_LISTEN_{name.upper()}": there.url for name, there in run.listeners.items()}
    env |= {name: frame.text(value) for name, value in step.env.items()}
    folder: Path = run.folder / frame.text(step.cwd)
    if not folder.is_dir():
        raise StepError(f"there is no folder {folder}")
    before = run.processes.get(step.name)
    if step.name and before is not None and before.exit_code is None:
        raise StepError(f"'{step.name}' is running already; stop it first")
    process = Process(words, env, folder)
    with run.lock:
        key = step.name or f"#{len(run.processes)}"
        run.processes[key] = process
        if before is not None:
            before.close()
    return process


def _words(command: str) -> list[str]:
    """As a shell splits it; on Windows a backslash is a part of paths."""
    if sys.platform == "win32":
        return [word.strip('"') for word in shlex.split(command, posix=False)]
    return shlex.split(command)


def _until_ended(step: RunIntegrationStep, process: Process, frame: Frame) -> Found:
    timing = frame.run.environment.timing
    end = timing.monotonic() + step.within
    while process.exit_code is None:
        if timing.monotonic() >= end:
            process.stop()
            message = f"did not end within {step.within:g} s"
            wrong = Mismatch(
                path="exit_code", expected=step.exit_code, actual=None, message=message
            )
            return Found([wrong], _shown(process))
        timing.pause(_PAUSE)
    found = matchers.compare(frame.expected(step.exit_code), process.exit_code, "exit_code")
    if "output" in step.model_fields_set:
        found += matchers.compare(frame.expected(step.output), process.output(), "output")
    return Found(found, _shown(process))


def _until_ready(step: RunIntegrationStep, ready: Ready, process: Process, frame: Frame) -> Found:
    timing = frame.run.environment.timing
    end = timing.monotonic() + step.within
    url, pattern = frame.text(ready.url), frame.text(ready.output)
    wanted = f"an answer of {url}" if url else f"output like {pattern}"
    while not _is_ready(frame, process, url, pattern):
        if process.exit_code is not None:
            message = f"ended with exit code {process.exit_code} before it was ready"
            return Found([_unready(wanted, message)], _shown(process))
        if timing.monotonic() >= end:
            message = f"was not ready within {step.within:g} s"
            return Found([_unready(wanted, message)], _shown(process))
        timing.pause(_PAUSE)
    return Found()


def _unready(wanted: str, message: str) -> Mismatch:
    return Mismatch(path="ready", expected=wanted, actual=None, message=message)


def _is_ready(frame: Frame, process: Process, url: str, pattern: str) -> bool:
    if pattern:
        try:
            return re.search(pattern, process.output(), re.MULTILINE) is not None
        except re.error as error:
            raise StepError(f"ready.output {pattern!r} cannot be read: {error}") from error
    try:
        return frame.run.environment.http.get(url, timeout=2.0).status_code < 500
    except httpx.TransportError:
        return False
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise StepError(f"ready.url {url}: {error}") from error


def _stop(step: RunIntegrationStep, frame: Frame) -> Found:
    process = frame.run.processes.get(step.stop)
    if process is None:
        raise StepError(f"'{step.stop}' was not started")
    if step.kill:
        process.kill()
    else:
        process.stop()
    frame.keep(step.stop, {"exit_code": process.exit_code, "output": process.output()})
    found: list[Mismatch] = []
    if "exit_code" in step.model_fields_set:
        found += matchers.compare(frame.expected(step.exit_code), process.exit_code, "exit_code")
    if "output" in step.model_fields_set:
        found += matchers.compare(frame.expected(step.output), process.output(), "output")
    return Found(found, _shown(process))


def _shown(process: Process) -> str:
    output = last_lines(process.output())
    return f"{shlex.join(process.command)}\n{output}" if output else shlex.join(process.command)
