"""Results as a summary for a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from windtunnel.contracts.results import Outcome, Severity
from windtunnel.reports import words
from windtunnel.reports.compare import comparisons
from windtunnel.reports.read import Results

COLOURS = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "red",
    Outcome.ERROR: "red",
    Outcome.SKIPPED: "yellow",
}


def show(results: Results, console: Console) -> None:
    """Print what a person wants to know first."""
    counts = results.outcomes
    said = ", ".join(f"{counts[one]} {one.value}" for one in Outcome if counts[one])
    colour = "green" if results.good else "red"
    console.print(f"[bold {colour}]{'Passed' if results.good else 'Failed'}[/]: {said}")
    for group in comparisons(results):
        table = Table(title=escape(group.group), title_justify="left", box=None, pad_edge=False)
        table.add_column("")
        for member in group.members:
            table.add_column(escape(member.name), justify="right")
        for row in group.rows:
            cells = (
                f"[red]{escape(cell.text)}[/]" if cell.worse else escape(cell.text)
                for cell in row.cells
            )
            table.add_row(escape(row.title), *cells)
        console.print(table)
    for one in results.scenarios:
        console.print(
            f"  [{COLOURS[one.outcome]}]{one.outcome.value:7}[/] {escape(one.name)} "
            f"[dim]{words.duration(one.seconds)}[/]"
        )
        for step in one.steps:
            if step.outcome in {Outcome.FAILED, Outcome.ERROR}:
                console.print(f"          {escape(step.title)}: {escape(step.message)}")
                for wrong in step.mismatches[:5]:
                    console.print(
                        f"          {escape(wrong.path)}: expected {escape(repr(wrong.expected))}, "
                        f"got {escape(repr(wrong.actual))}"
                    )
    for load in results.loads:
        console.print(
            f"  [{COLOURS[load.outcome]}]{load.outcome.value:7}[/] load {escape(load.name)}: "
            f"{words.number(load.achieved_per_second)}/s of "
            f"{words.number(load.offered_per_second)}/s, 429 "
            f"{words.percent(load.throttled_share)}, longest Retry-After "
            f"{words.duration(load.longest_retry_after)}, lost {load.lost:,}"
        )
    for design in results.designs:
        weights = {s: sum(f.severity is s for f in design.findings) for s in Severity}
        text = ", ".join(f"{n} {s.value}s" for s, n in weights.items() if n) or "no findings"
        console.print(
            f"  [{COLOURS[design.outcome]}]{design.outcome.value:7}[/] "
            f"design {escape(design.name)}: {text}"
        )
