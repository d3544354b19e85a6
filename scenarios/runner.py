"""Runs one scenario in one environment: opens what it needs, runs its steps, cleans up."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from uuid import uuid4

from windtunnel.contracts.results import JournalLine, Mismatch, Outcome, ScenarioResult, StepResult
from windtunnel.scenarios.control import ScenarioClock, journal_lines
from windtunnel.scenarios.data import DataMaker
from windtunnel.scenarios.document import Loaded, ParallelStep, RepeatStep, Step
from windtunnel.scenarios.environment import Environment
from windtunnel.scenarios.errors import ExpressionError, StepError, Stopped
from windtunnel.scenarios.frame import Found, Frame, Progress, Run
from windtunnel.scenarios.listening import Listener
from windtunnel.scenarios.steps.calls import LOOK_HEADER, call, change_record
from windtunnel.scenarios.steps.expectations import expect_calls, expect_event, expect_record
from windtunnel.scenarios.steps.integration import run_integration
from windtunnel.scenarios.steps.packages import import_package
from windtunnel.scenarios.steps.responses import expect_response
from windtunnel.scenarios.steps.steering import advance, fault, throttle
from windtunnel.scenarios.templates import render
from windtunnel.scenarios.titles import title_of

JOURNAL_LINES = 20
Path = tuple[str | int, ...]
KINDS: dict[str, Callable[[Any, Frame], Found]] = {
    "call": call,
    "change_record": change_record,
    "import_package": import_package,
    "expect_response": expect_response,
    "expect_record": expect_record,
    "expect_event": expect_event,
    "expect_calls": expect_calls,
    "fault": fault,
    "throttle": throttle,
    "advance": advance,
    "run_integration": run_integration,
}


def _unwatched(result: StepResult) -> None:
    del result


def run_scenario(
    document: Loaded,
    environment: Environment,
    *,
    seed: int | None = None,
    reset: bool = False,
    progress: Progress = _unwatched,
) -> ScenarioResult:
    """Run every step until one fails; the rest is skipped. `seed` beats the file's own.

    `reset` brings the simulators back to their first content before.
    `progress` is called after each step. Raises Stopped when the run is stopped from outside.
    """
    timing = environment.timing
    scenario = document.scenario
    used = seed if seed is not None else scenario.seed
    used = zlib.crc32(scenario.name.encode()) if used is None else used
    wall, began = timing.wall(), timing.monotonic()
    try:
        if reset:
            environment.reset()
        clock = ScenarioClock(environment.control, timing)
        run = Run(document, environment, clock, DataMaker(used), used, clock.now(), progress)
        steps = _run(run)
    except (StepError, ExpressionError) as error:
        place = document.marks.place()
        steps = [
            StepResult(kind="start", title="start", outcome=Outcome.ERROR, message=str(error),
                       place=place)
        ]  # fmt: skip
    return ScenarioResult(
        name=_name(document, environment),
        file=str(document.file),
        tags=scenario.tags,
        outcome=_worst(steps),
        started=wall,
        seconds=timing.monotonic() - began,
        seed=used,
        steps=tuple(steps),
    )


def _name(document: Loaded, environment: Environment) -> str:
    """The scenario's name, its templates filled in as far as constants and variables do."""
    constants = {name: v for name, v in document.scenario.data.items() if isinstance(v, str)}
    try:
        return str(
            render(document.scenario.name, {"data": constants, "env": environment.variables})
        )
    except ExpressionError:
        return document.scenario.name


def _worst(steps: list[StepResult]) -> Outcome:
    outcomes = {step.outcome for step in steps}
    for outcome in (Outcome.ERROR, Outcome.FAILED):
        if outcome in outcomes:
            return outcome
    return Outcome.PASSED


def _run(run: Run) -> list[StepResult]:
    run.id = uuid4().hex
    with ExitStack() as stack:
        stack.callback(_clean_up, run)
        for name, endpoint in run.scenario.listen.items():
            listener = Listener(name, endpoint, run.clock.now)
            run.listeners[name] = listener
            stack.callback(listener.close)
        stack.callback(_end_processes, run)
        frame = Frame(run, journal_since=run.started)
        scope = {name: there for name, there in frame.scope().items() if name != "steps"}
        run.data.update(run.maker.make(run.scenario.data, scope))
        _run_steps(run.scenario.steps, frame, ("steps",))
    return run.results


def _end_processes(run: Run) -> None:
    for process in run.processes.values():
        process.close()


def _clean_up(run: Run) -> None:
    """Undo what steps changed in the simulators; a failure of that is a result, too."""
    for cleanup in reversed(run.cleanups):
        try:
            cleanup()
        except StepError as error:
            outcome = Outcome.ERROR
            run.record(StepResult(kind="end", title="end", outcome=outcome, message=str(error)))


def _run_steps(steps: list[Step], frame: Frame, path: Path) -> bool:
    """Whether all passed; after one that did not, the others are recorded as skipped."""
    for number, step in enumerate(steps):
        if not _run_step(step, frame, (*path, number)):
            for later, skipped in enumerate(steps[number + 1 :], number + 1):
                frame.run.record(_result(skipped, frame, (*path, later), Outcome.SKIPPED))
            return False
    return True


def _run_step(step: Step, frame: Frame, path: Path) -> bool:
    run = frame.run
    timing = run.environment.timing
    if timing.stopped is not None and timing.stopped.is_set():
        raise Stopped
    began, since = timing.monotonic(), frame.journal_since
    if not step.kind.startswith("expect_"):
        since = frame.journal_since = run.clock.now()
    found, outcome = Found(), Outcome.PASSED
    inner_failed = False
    try:
        if isinstance(step.content, RepeatStep):
            inner_failed = not _repeat(step.content, frame, path)
        elif isinstance(step.content, ParallelStep):
            inner_failed = not _parallel(step.content, frame, path)
        else:
            found = KINDS[step.kind](step.content, frame)
    except (StepError, ExpressionError) as error:
        found, outcome = Found(message=str(error)), Outcome.ERROR
    if found.mismatches or inner_failed:
        outcome = Outcome.FAILED
    because = getattr(step.content, "because", "")
    if because and outcome is not Outcome.PASSED:
        reason = f"because: {because}"
        found = replace(found, message=f"{reason}\n{found.message}" if found.message else reason)
    passed = outcome is Outcome.PASSED
    run.record(
        _result(
            step,
            frame,
            path,
            outcome,
            seconds=timing.monotonic() - began,
            mismatches=found.mismatches,
            message="" if passed else "a step inside failed" if inner_failed else found.message,
            journal=() if passed or inner_failed else _journal(run, since),
        )
    )
    return passed


def _result(
    step: Step,
    frame: Frame,
    path: Path,
    outcome: Outcome,
    *,
    seconds: float = 0.0,
    mismatches: list[Mismatch] | None = None,
    message: str = "",
    journal: tuple[JournalLine, ...] = (),
) -> StepResult:
    return StepResult(
        kind=step.kind,
        title=title_of(step, frame.run.scenario),
        outcome=outcome,
        seconds=seconds,
        message=message,
        place=frame.run.marks.key_place(*path, step.kind),
        mismatches=tuple(mismatches or ()),
        journal=journal,
    )


def _journal(run: Run, since: float) -> tuple[JournalLine, ...]:
    """The last requests since the step before, without our own looking around.

    None where no journal can be had.
    """
    control = run.environment.control
    if control is None:
        return ()
    try:
        entries = control.journal(since=since, limit=10 * JOURNAL_LINES)
    except StepError:
        return ()  # the step's own failure is what the person must see
    told = [entry for entry in entries if not _is_ours(entry)]
    return journal_lines(told[-JOURNAL_LINES:])


def _is_ours(entry: Mapping[str, Any]) -> bool:
    """Whether a request is how the runner looks and steers, not what the integration does."""
    return entry["service"] == "control" or LOOK_HEADER in (entry.get("request_headers") or {})


def _repeat(step: RepeatStep, frame: Frame, path: Path) -> bool:
    items = frame.render(step.over) if step.over is not None else None
    if items is None:
        times = frame.render(step.times)
        if isinstance(times, bool) or not isinstance(times, int) or times < 0:
            raise StepError(f"repeat.times is {times!r}, not a number of rounds")
        items = range(times)
    elif not isinstance(items, list):
        raise StepError(f"repeat.over is {items!r}, not a list")
    outer = frame.rounds
    try:
        for index, item in enumerate(items):
            frame.rounds = {"index": index, "number": index + 1, "item": item, "outer": outer}
            if not _run_steps(step.steps, frame, (*path, "repeat", "steps")):
                return False
        return True
    finally:
        frame.rounds = outer


def _parallel(step: ParallelStep, frame: Frame, path: Path) -> bool:
    branches = [(path, number, steps) for number, steps in enumerate(step.branches)]
    with ThreadPoolExecutor(len(branches), thread_name_prefix="branch") as pool:
        futures = [
            pool.submit(_run_steps, steps, frame.branch(), (*path, "parallel", "branches", number))
            for path, number, steps in branches
        ]
        passed = [future.result() for future in futures]
        return all(passed)
