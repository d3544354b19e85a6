"""Results that belong side by side: those whose properties name the same `compare` group. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from windtunnel.contracts.results import LoadResult, Outcome, ScenarioResult
from windtunnel.reports import words
from windtunnel.reports.read import Results

GROUP = "compare"
VARIANT = "variant"
PROSE = ("why", "reason", "note", "explanation")
_LESS_IS_BETTER = re.compile(
    r"lost|los[et]|duplicate|throttl|refus|retry(?!_after)|failed|failure|error|missing|late(?!n)|stale|backlog|429",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*")


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of one member; `worse` when another member did better at something that hurts."""

    text: str
    worse: bool = False
    best: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One fact of all members."""

    title: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """One column of a comparison."""

    name: str
    kind: str
    outcome: Outcome
    why: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A group of results side by side."""

    group: str
    members: tuple[Member, ...]
    rows: tuple[Row, ...]


def comparisons(results: Results) -> tuple[Comparison, ...]:
    """All groups with at least two members, in the order they were run."""
    groups: dict[str, list[ScenarioResult | LoadResult]] = {}
    candidates: tuple[ScenarioResult | LoadResult, ...] = (*results.scenarios, *results.loads)
    for one in candidates:
        group = one.properties.get(GROUP)
        if group:
            groups.setdefault(group, []).append(one)
    return tuple(_compare(name, members) for name, members in groups.items() if len(members) > 1)


def _compare(group: str, results: list[ScenarioResult | LoadResult]) -> Comparison:
    facts = [_facts(one) for one in results]
    keys = dict.fromkeys(key for fact in facts for key in fact)
    members = tuple(
        Member(
            one.properties.get(VARIANT, one.name),
            one.kind,
            one.outcome,
            " ".join(one.properties[key] for key in PROSE if one.properties.get(key)),
        )
        for one in results
    )
    rows = tuple(
        Row(words.title(key), _cells(key, [fact.get(key, "") for fact in facts])) for key in keys
    )
    return Comparison(group, members, rows)


def _facts(one: ScenarioResult | LoadResult) -> dict[str, str]:
    own = {k: v for k, v in one.properties.items() if k not in {GROUP, VARIANT, *PROSE}}
    if isinstance(one, ScenarioResult):
        wrong = sum(step.outcome in {Outcome.FAILED, Outcome.ERROR} for step in one.steps)
        return own | {"steps_failed": str(wrong), "took": words.duration(one.seconds)}
    return {
        "offered": f"{words.number(one.offered_per_second)}/s",
        "achieved": f"{words.number(one.achieved_per_second)}/s",
        "throttled_share": words.percent(one.throttled_share),
        "longest_retry_after": words.duration(one.longest_retry_after),
        "lost": words.number(one.lost),
        "failed": words.number(one.failed),
        "p99_latency": words.duration(one.latency.p99),
    } | own


def _cells(key: str, values: list[str]) -> tuple[Cell, ...]:
    """Mark the worst where less is better and the values are numbers of one unit."""
    amounts = [_amount(value) for value in values]
    known = [amount for amount in amounts if amount is not None]
    if not _LESS_IS_BETTER.search(key) or len(known) < 2 or min(known) == max(known):
        return tuple(Cell(value) for value in values)
    return tuple(
        Cell(value, worse=amount == max(known), best=amount == min(known))
        for value, amount in zip(values, amounts, strict=True)
    )


def _amount(text: str) -> float | None:
    match = _NUMBER.match(text.strip())
    if match is None:
        return None
    factor = {"µs": 1e-6, "ms": 1e-3, "min": 60.0, "h": 3600.0}.get(
        text.strip()[match.end() :].strip().split(" ")[0], 1.0
    )
    return float(match[0].replace(",", "")) * factor
