"""A load result as people read it in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from windtunnel.contracts.results import LoadResult, Outcome


def duration_text(seconds: float) -> str:
    """A duration in the unit that reads best."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 600 else f"{seconds / 60:.0f} min"


def show(result: LoadResult, console: Console) -> None:
    """Print the summary."""
    passed = result.outcome is Outcome.PASSED
    verdict = "[green]every request was completed[/]" if passed else "[red]not every request[/]"
    console.print(f"[bold]{escape(result.name)}[/]: {verdict}")
    console.print(
        f"offered {result.offered_per_second:.2f}/s, achieved {result.achieved_per_second:.2f}/s, "
        f"429 {result.throttled_share:.1%} of {result.requests:,} answers, "
        f"longest Retry-After {result.longest_retry_after:g} s, "
        f"p95 {duration_text(result.latency.p95)} from the intended start"
    )
    table = Table(box=None, pad_edge=False)
    for column in ("flow", "plan/s", "offered", "done", "429", "failed", "lost", "open"):
        table.add_column(column, justify="left" if column == "flow" else "right")
    table.add_column("p50", justify="right")
    table.add_column("p99", justify="right")
    for flow in result.flows:
        table.add_row(
            escape(flow.flow),
            f"{flow.planned_per_second:.2f}",
            *(f"{n:,}" for n in (flow.offered, flow.completed, flow.throttled, flow.failed)),
            *(f"{n:,}" for n in (flow.lost, flow.open)),
            duration_text(flow.latency.p50),
            duration_text(flow.latency.p99),
        )
    console.print(table)
    for use in result.limits[:8]:
        colour = "red" if use.refusals else "yellow" if use.share > 0.8 else "default"
        server = f" on {use.server}" if use.server else ""
        console.print(
            f"  [{colour}]{use.share:6.1%}[/] of {escape(use.limit)} by "
            f"{escape(use.identity + server)} ({use.refusals:,} refusals)"
        )
    for note in result.notes:
        console.print(f"  {escape(note)}")
