"""Check a design: load it with its plan, run the rules, leave out what it allows with a reason."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from windtunnel.contracts.documents.design import Allow, Design
from windtunnel.contracts.documents.errors import DocumentError, Problem
from windtunnel.contracts.documents.load import load_document
from windtunnel.contracts.documents.marks import Marks
from windtunnel.contracts.documents.plan import Plan, PlanFlow
from windtunnel.contracts.limits import Limits
from windtunnel.contracts.limits.overrides import DEFAULT_ALLOWANCES, Allowances
from windtunnel.contracts.results import DesignResult, Finding, ForecastResult, Outcome, Severity
from windtunnel.design.forecast import forecast
from windtunnel.design.forecast.run import EngineName, Tick, silent
from windtunnel.design.rules import RULES, Rule, Subject

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
_FAILS = {
    "error": frozenset({Severity.ERROR}),
    "warning": frozenset({Severity.ERROR, Severity.WARNING}),
    "never": frozenset[Severity](),
}


def load_design(path: str | Path) -> tuple[Design, Marks]:
    """Read a design and the plan it names; DocumentError lists what does not fit together."""
    design, marks = load_document(path, Design)
    problems = list(_broken_references(design, marks))
    if design.plan:
        plan, plan_marks = load_document(Path(path).parent / design.plan, Plan)
        problems += _strangers(design, plan, plan_marks)
        design = _with_plan(design, plan)
    if problems:
        raise DocumentError(problems)
    return design, marks


def check(
    design: Design,
    marks: Marks,
    limits: Limits = DEFAULT_ALLOWANCES.limits,
    result: ForecastResult | None = None,
    rules: Sequence[type[Rule]] = RULES,
) -> tuple[Finding, ...]:
    """What the rules object to, errors first, then in the order of the file."""
    subject = Subject(design, marks, limits, result)
    allowed = {("", allow.rule) for allow in design.allow}
    allowed |= {(flow.name, allow.rule) for flow in design.flows for allow in flow.allow}
    findings = [
        finding
        for rule in rules
        for finding in rule().check(subject)
        if ("", finding.rule) not in allowed and (finding.flow, finding.rule) not in allowed
    ]
    findings.sort(key=lambda found: (_ORDER[found.severity], found.place.line, found.place.column))
    return tuple(findings)


def check_file(
    path: str | Path,
    allowances: Allowances = DEFAULT_ALLOWANCES,
    *,
    days: int = 1,
    seed: int = 0,
    engine: EngineName = "auto",
    fail_on: str = "error",
    tick: Tick = silent,
) -> DesignResult:
    """Check a design file and forecast its volumes; `fail_on` is error, warning or never."""
    started = time.time()
    design, marks = load_design(path)
    result = None
    if any(flow.volume for flow in design.flows):
        result = forecast(design, allowances, days=days, seed=seed, engine=engine, tick=tick)
    findings = check(design, marks, allowances.limits, result)
    failed = any(finding.severity in _FAILS[fail_on] for finding in findings)
    return DesignResult(
        name=design.name,
        file=str(path),
        started=started,
        findings=findings,
        forecast=result,
        rules_checked=tuple(rule.name for rule in RULES),
        outcome=Outcome.FAILED if failed else Outcome.PASSED,
    )


def _with_plan(design: Design, plan: Plan) -> Design:
    by_name = {flow.name: flow for flow in plan.flows}
    flows = []
    for flow in design.flows:
        planned: PlanFlow | None = by_name.get(flow.name)
        if planned is not None and flow.volume is None:
            update = {"volume": planned, "retry": flow.retry or planned.retry}
            flow = flow.model_copy(update=update)  # noqa: PLW2901 - the same flow, planned
        flows.append(flow)
    return design.model_copy(update={"flows": tuple(flows)})


def _strangers(design: Design, plan: Plan, marks: Marks) -> list[Problem]:
    names = [flow.name for flow in design.flows]
    return [
        Problem(
            marks.place("flows", number, "name"),
            f"the design has no flow '{flow.name}'",
            remedy=_suggestion(flow.name, names),
        )
        for number, flow in enumerate(plan.flows)
        if flow.name not in names
    ]


def _broken_references(design: Design, marks: Marks) -> Iterator[Problem]:
    systems = [system.name for system in design.systems]
    identities = [identity.name for identity in design.identities]
    yield from _unknown_rules(design.allow, marks, ())
    for number, flow in enumerate(design.flows):
        path: tuple[str | int, ...] = ("flows", number)
        for end in ("source", "target"):
            name = getattr(flow, end)
            if name not in systems:
                message = f"no system is named '{name}'"
                yield Problem(marks.place(*path, end), message, remedy=_suggestion(name, systems))
        for index, name in enumerate(flow.identities):
            if name not in identities:
                place = marks.place(*path, "identities", index)
                remedy = _suggestion(name, identities)
                yield Problem(place, f"no identity is named '{name}'", remedy=remedy)
        yield from _unknown_rules(flow.allow, marks, path)


def _unknown_rules(
    allows: Sequence[Allow], marks: Marks, path: tuple[str | int, ...]
) -> Iterator[Problem]:
    names = [rule.name for rule in RULES]
    for number, allow in enumerate(allows):
        if allow.rule not in names:
            place = marks.place(*path, "allow", number, "rule")
            remedy = _suggestion(allow.rule, names)
            yield Problem(place, f"no rule is named '{allow.rule}'", remedy=remedy)


def _suggestion(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known[:12]) or 'none'}"
