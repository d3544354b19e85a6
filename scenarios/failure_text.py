"""A failed step as plain text: where, expected against got by path, the journal around it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from windtunnel.contracts.results import JournalLine, Mismatch, Outcome, ScenarioResult, StepResult

_LONGEST_VALUE = 400


def scenario_text(result: ScenarioResult) -> str:
    """Every step that did not pass, and how to run the same again."""
    parts = [
        step_text(step)
        for step in result.steps
        if step.outcome in {Outcome.FAILED, Outcome.ERROR} and not _only_inside(step)
    ]
    skipped = sum(step.outcome is Outcome.SKIPPED for step in result.steps)
    if skipped:
        parts.append(f"{skipped} later step{'s' if skipped > 1 else ''} skipped")
    parts.append(f"seed {result.seed}")
    return "\n".join(parts)


def _only_inside(step: StepResult) -> bool:
    return step.kind in {"repeat", "parallel"} and step.outcome is Outcome.FAILED


def step_text(step: StepResult) -> str:
    """One step: title, place, message, mismatches, journal."""
    place = step.place
    where = f"{place.file}:{place.line}: " if place.file and place.line else ""
    lines = [f"{where}{step.title}: {step.outcome.value}"]
    lines += [f"  {line}" for line in step.message.splitlines()]
    for mismatch in step.mismatches:
        lines += [f"  {line}" for line in _mismatch(mismatch)]
    if step.journal:
        lines.append("  journal:")
        lines += [f"    {journal_text(line)}" for line in step.journal]
    return "\n".join(lines)


def _mismatch(mismatch: Mismatch) -> Iterator[str]:
    yield f"{mismatch.path}: {mismatch.message}" if mismatch.message else mismatch.path
    yield f"  expected {value_text(mismatch.expected)}"
    missing = mismatch.actual is None and mismatch.message
    yield f"  got      {'nothing' if missing else value_text(mismatch.actual)}"


def value_text(value: Any) -> str:
    """A value as JSON on one line, cut when it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}... ({len(text):,})"


def journal_text(line: JournalLine) -> str:
    """One request on one line."""
    moment = datetime.fromtimestamp(line.at, UTC).strftime("%H:%M:%S.%f")[:-3]
    who = f" {line.identity}" if line.identity else ""
    throttled = f" throttled by {line.throttled_by}" if line.throttled_by else ""
    return f"{moment} {line.service}{who} {line.method} {line.url} -> {line.status}{throttled}"
