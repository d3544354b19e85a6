"""What a run found, as files: scenario, load and design results. Reports only read them.

Each is one JSON file in a results directory: `scenario-*.json`, `load-*.json`, `design-*.json`.
Moments are seconds since 1970 UTC, durations are seconds, sizes are bytes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Model(BaseModel):
    """Base of all results: unknown members are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(Model):
    """Where in a file somebody wrote; line and column count from 1, 0 means unknown."""

    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""


class Mismatch(Model):
    """Expected against got, at a path such as `body.value[0].name`."""

    path: str
    expected: Any
    actual: Any
    message: str = ""


class JournalLine(Model):
    """One request as the simulator's journal recorded it."""

    at: float
    service: str
    method: str
    url: str
    status: int
    identity: str = ""
    server: str = ""
    seconds: float = 0.0
    throttled_by: str = ""
    correlation_id: str = ""


class StepResult(Model):
    """One step of a scenario."""

    kind: str
    title: str
    outcome: Outcome
    seconds: float = 0.0
    message: str = ""
    place: Place = Place()
    mismatches: tuple[Mismatch, ...] = ()
    journal: tuple[JournalLine, ...] = ()


class ScenarioResult(Model):
    """One scenario."""

    kind: Literal["scenario"] = "scenario"
    name: str
    file: str
    tags: tuple[str, ...] = ()
    outcome: Outcome
    started: float
    seconds: float
    seed: int = 0
    steps: tuple[StepResult, ...] = ()
    properties: dict[str, str] = Field(default_factory=dict)


class LatencySummary(Model):
    """Latency from the intended start, in seconds."""

    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    longest: float = 0.0


class LoadPoint(Model):
    """One second (or bucket) of a load run; `at` is seconds from its start."""

    at: float
    offered: float
    achieved: float
    throttled: float
    failed: float
    backlog: float
    p95: float = 0.0


class LimitUse(Model):
    """How far one identity went into one limit; `share` is peak / allowance."""

    limit: str
    identity: str
    server: str = ""
    peak: float
    allowance: float
    share: float
    refusals: int = 0


class FlowLoad(Model):
    """One flow of a volume plan under load.

    Latency runs from the intended start, service from the last sending. `causes` counts why
    requests failed or were lost.
    """

    flow: str
    planned_per_second: float
    offered: int
    completed: int
    throttled: int
    failed: int
    lost: int = 0
    open: int = 0
    latency: LatencySummary = LatencySummary()
    service: LatencySummary = LatencySummary()
    longest_retry_after: float = 0.0
    identities: tuple[str, ...] = ()
    causes: dict[str, int] = Field(default_factory=dict)


class LoadResult(Model):
    """One load run."""

    kind: Literal["load"] = "load"
    name: str
    file: str
    started: float
    seconds: float
    offered_per_second: float
    achieved_per_second: float
    requests: int
    throttled: int
    throttled_share: float
    failed: int
    longest_retry_after: float
    backlog_at_end: int = 0
    latency: LatencySummary = LatencySummary()
    flows: tuple[FlowLoad, ...] = ()
    limits: tuple[LimitUse, ...] = ()
    timeline: tuple[LoadPoint, ...] = ()
    outcome: Outcome = Outcome.PASSED
    notes: tuple[str, ...] = ()
    lost: int = 0
    seed: int = 0
    bucket_seconds: float = 1.0
    service: LatencySummary = LatencySummary()
    properties: dict[str, str] = Field(default_factory=dict)


class Source(Model):
    """Where a rule or number comes from: the title of the page, and its address where known."""

    title: str
    url: str = ""


class Finding(Model):
    """One objection of a design rule."""

    rule: str
    severity: Severity
    message: str
    place: Place = Place()
    flow: str = ""
    remedy: str = ""
    sources: tuple[Source, ...] = ()


class ForecastHour(Model):
    """One hour of a forecast day."""

    hour: int
    arrivals: int
    completed: int
    refused: int
    backlog: int
    longest_wait: float = 0.0


class FlowForecast(Model):
    """One flow on virtual time."""

    flow: str
    arrivals: int
    completed: int
    refused: int
    given_up: int
    longest_retry_after: float
    longest_wait: float
    worst_backlog: int


class ForecastResult(Model):
    """A planned day on virtual time against the limits."""

    requests: int
    refused: int
    given_up: int
    virtual_seconds: float
    engine: str
    seconds: float
    flows: tuple[FlowForecast, ...] = ()
    hours: tuple[ForecastHour, ...] = ()
    limits: tuple[LimitUse, ...] = ()


class DesignResult(Model):
    """A checked design."""

    kind: Literal["design"] = "design"
    name: str
    file: str
    started: float
    findings: tuple[Finding, ...] = ()
    forecast: ForecastResult | None = None
    rules_checked: tuple[str, ...] = ()
    outcome: Outcome


Result = Annotated[ScenarioResult | LoadResult | DesignResult, Field(discriminator="kind")]
