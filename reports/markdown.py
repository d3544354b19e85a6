"""Results as Markdown for a pull request comment or a job summary: short, the worst first."""

from __future__ import annotations

import re

from windtunnel.contracts.results import LoadResult, Outcome, Severity
from windtunnel.reports import words
from windtunnel.reports.compare import Comparison, comparisons
from windtunnel.reports.read import Results

MOST_FINDINGS = 50
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@$:-])")


def render_markdown(results: Results) -> str:
    """The summary; text from result files cannot become markup, links or mentions."""
    parts = [f"## windtunnel: {'passed' if results.good else 'failed'}"]
    counts = results.outcomes
    parts.append(", ".join(f"{counts[one]} {one.value}" for one in Outcome if counts[one]))
    parts += [_comparison(one) for one in comparisons(results)]
    if results.scenarios:
        parts.append(_scenarios(results))
    parts += [_load(one) for one in results.loads]
    if results.designs:
        parts.append(_designs(results))
    return "\n\n".join(parts) + "\n"


def plain(text: str) -> str:
    """Text that shows as itself in Markdown, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split())).replace("\\@", "@\u200b")


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _comparison(one: Comparison) -> str:
    head = ["", *(plain(member.name) for member in one.members)]
    rows = [
        [
            plain(row.title),
            *(f"**{plain(c.text)}**" if c.worse else plain(c.text) for c in row.cells),
        ]
        for row in one.rows
    ]
    return f"### {plain(one.group)}\n\n{_table(head, rows)}"


def _scenarios(results: Results) -> str:
    rows: list[list[str]] = []
    order = {Outcome.ERROR: 0, Outcome.FAILED: 1, Outcome.SKIPPED: 2, Outcome.PASSED: 3}
    for one in sorted(results.scenarios, key=lambda scenario: order[scenario.outcome]):
        wrong = [step for step in one.steps if step.outcome in {Outcome.FAILED, Outcome.ERROR}]
        said = ""
        if wrong:
            first = wrong[0]
            said = plain(f"{first.title}: {first.message}".rstrip(": "))
            if first.mismatches:
                paths = ", ".join(mismatch.path for mismatch in first.mismatches[:3])
                said += f" ({plain(paths)})"
        rows.append([one.outcome.value, plain(one.name), words.duration(one.seconds), said])
    return "### Scenarios\n\n" + _table(["", "scenario", "took", "what did not match"], rows)


def _load(one: LoadResult) -> str:
    facts = [
        f"offered {words.number(one.offered_per_second)}/s",
        f"achieved {words.number(one.achieved_per_second)}/s",
        f"429 {words.percent(one.throttled_share)} of {one.requests:,}",
        f"longest Retry-After {words.duration(one.longest_retry_after)}",
        f"p99 {words.duration(one.latency.p99)}",
        f"lost {one.lost:,}, failed {one.failed:,}, open {one.backlog_at_end:,}",
    ]
    text = f"### Load: {plain(one.name)} ({one.outcome.value})\n\n{', '.join(facts)}."
    worst = sorted(one.limits, key=lambda use: -use.share)[:5]
    if worst:
        rows = [
            [plain(use.limit), plain(use.identity), words.percent(use.share), f"{use.refusals:,}"]
            for use in worst
        ]
        text += "\n\n" + _table(["limit", "identity", "used", "refusals"], rows)
    return text + "".join(f"\n\n> {plain(note)}" for note in one.notes)


def _designs(results: Results) -> str:
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
    findings = sorted(
        (finding for design in results.designs for finding in design.findings),
        key=lambda finding: order[finding.severity],
    )
    if not findings:
        return "### Design\n\nNo rule objects."
    rows = [
        [
            one.severity.value,
            plain(one.rule),
            plain(f"{one.place.file}:{one.place.line}") if one.place.file else "",
            plain(one.message),
            plain(one.remedy),
        ]
        for one in findings[:MOST_FINDINGS]
    ]
    more = len(findings) - len(rows)
    tail = f"\n\n{more:,} more findings are in the report." if more else ""
    return "### Design\n\n" + _table(["", "rule", "place", "finding", "instead"], rows) + tail
