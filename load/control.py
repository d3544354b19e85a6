"""Runs the load processes, shows how far they are, reads the result. Knows no Locust."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from windtunnel.contracts.documents import Plan, PlanFlow, load_document
from windtunnel.contracts.ports import reserved_port
from windtunnel.contracts.results import LoadResult, Outcome
from windtunnel.load.errors import LoadError
from windtunnel.load.job import MESSAGE_MARK, Job, check_size
from windtunnel.load.operations import check_plan
from windtunnel.load.terminal import show

STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Choice:
    """What the person who runs the load chose; durations in seconds."""

    plan: Path
    duration: float
    drain: float
    scale: float
    seed: int
    spacing: Any
    report: Path
    role: Any
    workers: int
    web_port: int
    master_host: str
    master_port: int
    compare: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a load ended."""

    failed: bool
    interrupted: bool


def prepare_job(choice: Choice) -> tuple[Plan, tuple[PlanFlow, ...]]:
    """The plan and the flows that send requests; DocumentError or LoadError when it cannot run."""
    plan, _ = load_document(choice.plan, Plan)
    flows = check_plan(plan)
    check_size(flows, choice.duration, choice.scale)
    return plan, flows


def supervise(choice: Choice, plan: Plan, environment: Mapping[str, str]) -> Ended:
    """Run the processes of a load; Ctrl-C stops them and the result is still written."""
    console = Console(stderr=True)
    with (
        tempfile.TemporaryDirectory(prefix="windtunnel-load-") as folder,
        reserved_port() as port,
    ):
        job = _job(choice, plan, environment, Path(folder) / "result.json")
        jobs = _processes(job, port)
        processes = [
            _start(one, Path(folder) / f"job{number}.json") for number, one in enumerate(jobs)
        ]
        interrupted = _watch(processes[0], job, console)
        for process in processes[1:]:
            _end(process)
        code, errors = processes[0].process.returncode, processes[0].errors()
        if code == 2:
            raise LoadError(errors.rpartition(MESSAGE_MARK)[2].strip() or "no reason given")
        if code != 0:
            raise RuntimeError(f"the load process ended with {code}:\n{errors}")
        if job.role == "worker":
            return Ended(failed=False, interrupted=interrupted)
        result = LoadResult.model_validate_json(Path(job.result).read_bytes())
    file = write_result(choice.report, result)
    show(result, Console())
    console.print(f"Result: {file}", highlight=False, markup=False)
    return Ended(result.outcome is not Outcome.PASSED, interrupted)


def write_result(folder: Path, result: LoadResult) -> Path:
    """Write load-NAME.json; LoadError when the folder cannot be written."""
    word = re.sub(r"[^A-Za-z0-9._-]+", "-", result.name).strip("-.") or "plan"
    file = folder / f"load-{word}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(result.model_dump_json(indent=1), "utf-8")
    except OSError as error:
        raise LoadError(
            f"the result cannot be written to {file}: {error.strerror}",
            remedy="name another folder with --report",
        ) from error
    return file


def _job(choice: Choice, plan: Plan, environment: Mapping[str, str], result: Path) -> Job:
    skipped = [flow.name for flow in plan.flows if flow not in check_plan(plan)]
    notes = tuple(f"{name} sends no requests of its own and was left out." for name in skipped)
    return Job(
        plan=plan,
        file=str(choice.plan),
        environment=dict(environment),
        result=str(result),
        duration=choice.duration,
        drain=choice.drain,
        scale=choice.scale,
        seed=choice.seed,
        spacing=choice.spacing,
        role=choice.role,
        workers=choice.workers,
        master_host=choice.master_host,
        master_port=choice.master_port,
        web_port=choice.web_port,
        company=environment.get("WT_COMPANY", "usmf"),
        notes=notes,
        properties={"compare": choice.compare} if choice.compare else {},
    )


def _processes(job: Job, port: int) -> list[Job]:
    """One process, or a master with its workers on this machine."""
    if job.role != "local" or job.workers == 1:
        return [job]
    here = job.model_copy(update={"master_host": "127.0.0.1", "master_port": port})
    workers = [here.model_copy(update={"role": "worker"}) for _ in range(job.workers)]
    return [here.model_copy(update={"role": "master"}), *workers]


class _Process:
    """A load process: its pipe in means go on, its pipe out is progress."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process, self._log = process, log

    def stop(self) -> None:
        """Ask it to stop, by the end of its input."""
        if self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.close()

    def errors(self) -> str:
        """What it said on standard error."""
        return self._log.read_text("utf-8", "replace")


def _start(job: Job, file: Path) -> _Process:
    job.write(file)
    log = file.with_suffix(".log")
    with log.open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "windtunnel.load.locust_process", str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    return _Process(process, log)


def _watch(running: _Process, job: Job, console: Console) -> bool:
    """Show progress until the process ends; True when Ctrl-C stopped it."""
    state: dict[str, Any] = {}
    reader = threading.Thread(target=_read_progress, args=(running.process, state), daemon=True)
    reader.start()
    if job.role == "web":
        console.print(f"Locust's page: http://127.0.0.1:{job.web_port} (Ctrl-C ends)")
    interrupted = False
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[said]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("load", total=job.duration + job.drain, said="starting")
        while running.process.poll() is None:
            try:
                reader.join(0.2)
                if state:
                    progress.update(task, completed=state["at"], said=_said(state))
                if not reader.is_alive():
                    running.process.wait(STOP_SECONDS)
            except KeyboardInterrupt:
                if interrupted:
                    running.process.kill()
                    raise
                interrupted = True
                progress.update(task, said="stopping; Ctrl-C again throws the result away")
                running.stop()
            except subprocess.TimeoutExpired:
                running.process.kill()
    _end(running)
    return interrupted


def _said(state: Mapping[str, Any]) -> str:
    return (
        f"{state['completed']:,} done  {state['throttled']:,} throttled  "
        f"{state['lost']:,} lost  {state['waiting']:,} waiting"
    )


def _read_progress(process: subprocess.Popen[bytes], state: dict[str, Any]) -> None:
    if process.stdout is None:
        return
    for line in process.stdout:
        with suppress(ValueError):
            state.update(json.loads(line))


def _end(running: _Process) -> None:
    running.stop()
    try:
        running.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        running.process.kill()
        running.process.wait()
    if running.process.stdout is not None:
        running.process.stdout.close()
