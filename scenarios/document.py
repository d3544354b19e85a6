"""The scenario file: sections, steps, and the checks that need the whole of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from windtunnel.contracts.documents import DocumentError, Marks, Problem, load_yaml, validate
from windtunnel.contracts.documents.units import Seconds
from windtunnel.scenarios import step_models as kinds
from windtunnel.scenarios.data import check_data
from windtunnel.scenarios.errors import ExpressionError
from windtunnel.scenarios.expressions import paths
from windtunnel.scenarios.templates import expressions_in, parts_of

SUFFIX = ".scenario.yaml"
ROOTS = (
    "data", "env", "listen", "now", "python", "repeat", "response", "scenario", "seed", "steps",
    "today", "uuid",
)  # fmt: skip


class Identity(kinds.Model):
    """An application that calls; without id and secret the one of the env file."""

    client_id: str = ""
    client_secret: str = ""
    tenant_id: str = ""


class Endpoint(kinds.Model):
    """An HTTP endpoint that the runner opens on the loopback interface."""

    tls: bool = False
    replies: list[int] = Field(
        default=[200], min_length=1, description="status of each answer; the last one goes on"
    )
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    body: str = ""
    delay: Seconds = Field(default=0.0, description="of real time, before each answer")

    @field_validator("replies")
    @classmethod
    def _statuses(cls, value: list[int]) -> list[int]:
        for status in value:
            if not 200 <= status <= 599:
                raise ValueError(f"{status} is no final HTTP status; write 200 to 599")
        return value


class Defaults(kinds.Model):
    """What steps take that say nothing else."""

    origin: kinds.Origin | None = None
    within: Seconds = Field(default=10.0, description="of the scenario's clock")
    identity: str = "default"
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    advance: bool = Field(default=True, description="waiting moves a manual clock")


class RepeatStep(kinds.Model):
    """Run steps several times: `times`, or once for each value of `over`."""

    times: int | str | None = None
    over: list[Any] | str | None = None
    steps: list[Step] = Field(min_length=1)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.times is None) == (self.over is None):
            raise ValueError("repeat takes times or over; write one of them")
        if isinstance(self.times, int) and not 0 <= self.times <= 100_000:
            raise ValueError("times is 0 to 100,000")
        return self


class ParallelStep(kinds.Model):
    """Run branches at the same time; each is a list of steps in order."""

    branches: list[list[Step]] = Field(min_length=1, max_length=64)


class Step(kinds.Model):
    """One step: a mapping of exactly one kind."""

    call: kinds.CallStep | None = None
    change_record: kinds.ChangeRecordStep | None = None
    import_package: kinds.ImportPackageStep | None = None
    expect_response: kinds.ExpectResponseStep | None = None
    expect_record: kinds.ExpectRecordStep | None = None
    expect_event: kinds.ExpectEventStep | None = None
    expect_calls: kinds.ExpectCallsStep | None = None
    fault: kinds.FaultStep | None = None
    throttle: kinds.ThrottleStep | None = None
    advance: kinds.AdvanceStep | None = None
    run_integration: kinds.RunIntegrationStep | None = None
    repeat: RepeatStep | None = None
    parallel: ParallelStep | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_kind(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        for name, service in kinds.NOT_YET.items():
            if name in value:
                raise ValueError(
                    f"'{name}' is not in this version, it arrives with {service}; "
                    "take the step out until then"
                )
        if not value:
            raise ValueError("a step has a kind; write for example 'call: {path: /data}'")
        if len(value) > 1 and len(set(value) & set(cls.model_fields)) > 1:
            raise ValueError(f"two kinds in one step: {', '.join(value)}; begin each with '-'")
        if len(value) == 1 and set(value) <= set(cls.model_fields) and not any(value.values()):
            name = next(iter(value))
            if value[name] is None:
                raise ValueError(f"'{name}' says nothing; write '{name}: {{...}}'")
        return value

    @property
    def kind(self) -> str:
        """The kind's name."""
        return next(iter(self.model_fields_set))

    @property
    def content(self) -> Any:
        """The kind's model."""
        return getattr(self, self.kind)


class Scenario(kinds.Model):
    """A `*.scenario.yaml` file."""

    name: str = Field(min_length=1, max_length=200)
    description: str = ""
    tags: tuple[str, ...] = ()
    seed: int | None = None
    data: dict[str, Any] = Field(default_factory=dict[str, Any])
    identities: dict[str, Identity] = Field(default_factory=dict[str, Identity])
    listen: dict[str, Endpoint] = Field(default_factory=dict[str, Endpoint])
    defaults: Defaults = Defaults()
    steps: list[Step] = Field(min_length=1)

    @field_validator("tags")
    @classmethod
    def _tags(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for tag in value:
            if not re.fullmatch(r"[A-Za-z_][\w-]*", tag):
                raise ValueError(f"the tag {tag!r} is not a word; use letters, digits, - and _")
        return value


@dataclass(frozen=True, slots=True)
class Loaded:
    """A scenario with the places of its values in the file."""

    scenario: Scenario
    marks: Marks
    file: Path


def scenario_schema() -> dict[str, Any]:
    """The JSON Schema of scenario files, for editors."""
    schema = Scenario.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def load_scenario(path: str | Path) -> Loaded:
    """Read and check a scenario file; DocumentError lists every mistake with line and column."""
    tree, marks = load_yaml(path)
    scenario = validate(tree, marks, Scenario)
    problems = [*_template_problems(scenario, tree, marks), *_name_problems(scenario, tree, marks)]
    problems += [
        Problem(marks.place("data", *where), message, remedy=remedy)
        for where, message, remedy in check_data(scenario.data)
    ]
    if problems:
        raise DocumentError(sorted(problems, key=lambda p: (p.place.line, p.place.column)))
    return Loaded(scenario, marks, Path(path))


def step_names(steps: list[Step]) -> Iterator[str]:
    """Names of steps, those inside repeat and parallel included."""
    for step in steps:
        content = step.content
        if getattr(content, "name", ""):
            yield content.name
        for inner in inner_steps(content):
            yield from step_names(inner)


def inner_steps(content: Any) -> list[list[Step]]:
    """The lists of steps inside a step."""
    if isinstance(content, RepeatStep):
        return [content.steps]
    return content.branches if isinstance(content, ParallelStep) else []


def _template_problems(scenario: Scenario, tree: Any, marks: Marks) -> Iterator[Problem]:
    known = {
        "data": set(scenario.data),
        "listen": set(scenario.listen),
        "steps": set(step_names(scenario.steps)),
    }
    for where, text in expressions_in(tree):
        try:
            parts = parts_of(text)
        except ExpressionError as error:
            yield Problem(marks.place(*where), str(error), remedy="see the template language")
            continue
        for part in parts:
            if isinstance(part, str):
                continue
            for path in paths(part):
                first = path.parts[0] if path.parts else None
                if path.root not in ROOTS:
                    yield _unknown(marks, where, path.root, ROOTS, "name")
                elif isinstance(first, str) and first not in known.get(path.root, {first}):
                    yield _unknown(marks, where, first, known[path.root], path.root)


def _name_problems(scenario: Scenario, tree: Any, marks: Marks) -> Iterator[Problem]:
    identities = {"default", "none", *scenario.identities}
    names = set(step_names(scenario.steps))
    for where, step in _walk(tree):
        for kind, content in step.items():
            if not isinstance(content, Mapping):
                continue
            for key, known, what in (
                ("identity", identities, "identity"),
                ("at", set(scenario.listen), "endpoint of listen"),
                ("of", names, "step"),
                ("stop", names, "step"),
            ):
                named = content.get(key)
                if key == "identity" and kind in {"fault", "expect_calls"}:
                    continue
                if isinstance(named, str) and named and "${" not in named and named not in known:
                    yield _unknown(marks, (*where, kind, key), named, known, what)


def _walk(tree: Any) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    pending: list[tuple[tuple[str | int, ...], Any]] = [(("steps",), tree["steps"])]
    defaults = tree.get("defaults")
    if isinstance(defaults, Mapping):
        yield (), {"defaults": defaults}
    while pending:
        where, steps = pending.pop()
        for number, step in enumerate(steps):
            path = (*where, number)
            yield path, step
            if "repeat" in step:
                pending.append(((*path, "repeat", "steps"), step["repeat"]["steps"]))
            if "parallel" in step:
                branches = step["parallel"]["branches"]
                pending += [
                    ((*path, "parallel", "branches", n), inner) for n, inner in enumerate(branches)
                ]


def _unknown(
    marks: Marks, where: tuple[str | int, ...], word: str, known: Any, what: str
) -> Problem:
    near = get_close_matches(word, list(known), n=1)
    remedy = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(sorted(known))}"
    shown = {"data": "data value", "listen": "endpoint", "steps": "step"}.get(what, what)
    if not known:
        remedy = f"the scenario has no {shown}"
    return Problem(marks.place(*where), f"there is no {shown} '{word}'", remedy=remedy)
