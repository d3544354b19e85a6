"""What the steps of one running scenario share: environment, clock, values, and what happened."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from windtunnel.contracts.documents import Marks
from windtunnel.contracts.results import Mismatch, StepResult
from windtunnel.scenarios.answers import Answer
from windtunnel.scenarios.control import ScenarioClock
from windtunnel.scenarios.data import DataMaker
from windtunnel.scenarios.document import Loaded, Scenario
from windtunnel.scenarios.environment import Environment
from windtunnel.scenarios.errors import StepError
from windtunnel.scenarios.expected import check_expected
from windtunnel.scenarios.listening import Listener
from windtunnel.scenarios.processes import Process
from windtunnel.scenarios.templates import render

Progress = Callable[[StepResult], None]


@dataclass(slots=True)
class Run:
    """One run of one scenario; shared by its parallel branches."""

    loaded: Loaded
    environment: Environment
    clock: ScenarioClock
    maker: DataMaker
    seed: int
    started: float
    progress: Progress
    id: str = ""
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    named: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    listeners: dict[str, Listener] = field(default_factory=dict[str, Listener])
    processes: dict[str, Process] = field(default_factory=dict[str, Process])
    cleanups: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    results: list[StepResult] = field(default_factory=list[StepResult])
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def scenario(self) -> Scenario:
        """The document."""
        return self.loaded.scenario

    @property
    def marks(self) -> Marks:
        """Places of the document's values."""
        return self.loaded.marks

    @property
    def folder(self) -> Path:
        """Where the scenario file lies; paths in it are relative to that."""
        return self.loaded.file.resolve().parent

    def record(self, result: StepResult) -> None:
        """Keep one step's result and tell who watches."""
        with self.lock:
            self.results.append(result)
        self.progress(result)

    def now(self) -> datetime:
        """The scenario's clock in whole seconds."""
        return datetime.fromtimestamp(int(self.clock.now()), UTC)

    def today(self) -> date:
        """The day of the scenario's clock, UTC."""
        return self.now().date()


@dataclass(slots=True)
class Frame:
    """One line of execution: the latest answer, the round of a repeat."""

    run: Run
    latest: Answer | None = None
    rounds: Mapping[str, Any] = field(default_factory=dict[str, Any])
    journal_since: float = 0.0

    def branch(self) -> Frame:
        """A line of execution of its own that begins with what is known here."""
        return replace(self)

    def scope(self) -> dict[str, Any]:
        """The roots of template paths."""
        run = self.run
        return {
            "data": run.data,
            "env": run.environment.variables,
            "listen": {
                name: {"url": there.url, "ca_file": there.ca_file}
                for name, there in run.listeners.items()
            },
            "now": run.now,
            "python": sys.executable,
            "repeat": self.rounds,
            "response": lambda: self.latest.view() if self.latest else {},
            "scenario": {"name": run.scenario.name, "id": run.id},
            "seed": run.seed,
            "steps": run.named,
            "today": run.today,
            "uuid": run.maker.uuid,
        }

    def render(self, value: Any) -> Any:
        """A value with its templates replaced."""
        return render(value, self.scope())

    def text(self, value: str) -> str:
        """Text with its templates replaced."""
        rendered = self.render(value)
        return rendered if isinstance(rendered, str) else str(rendered)

    def expected(self, value: Any) -> Any:
        """An expected value with its templates replaced and its matchers checked again."""
        rendered = self.render(value)
        try:
            return check_expected(rendered)
        except ValueError as error:
            raise StepError(f"after its templates were filled in: {error}") from error

    def keep(self, name: str, value: Mapping[str, Any]) -> None:
        """Let later steps reach what a step found as `steps.NAME`."""
        if name:
            self.run.named[name] = dict(value)

    def keep_answer(self, name: str, answer: Answer) -> None:
        """Make an answer the latest, and reachable by name."""
        self.latest = answer
        if name:
            self.run.answers[name] = answer
            self.keep(
                name,
                {
                    "request": {"method": answer.method, "url": answer.url},
                    "response": answer.view(),
                    "record": answer.record,
                },
            )


@dataclass(frozen=True, slots=True)
class Found:
    """What a step found: what does not match, and a line that helps to see why."""

    mismatches: list[Mismatch] = field(default_factory=list[Mismatch])
    message: str = ""
