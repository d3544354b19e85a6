"""Findings and forecasts as people read them in a terminal."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from windtunnel.contracts.results import DesignResult, ForecastHour, ForecastResult, Severity

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_BARS = " ▁▂▃▄▅▆▇█"
_ROWS = 6


def show_findings(result: DesignResult, console: Console | None = None) -> None:
    """Each finding with its line and remedy, and how many there are."""
    console = console or Console()
    for finding in result.findings:
        style, place = _STYLES[finding.severity], finding.place
        where = escape(f"{place.file}:{place.line}:{place.column}")
        flow = f"{finding.flow}: " if finding.flow else ""
        console.print(
            f"{where}: [{style}]{finding.severity.value}[/] [bold]{finding.rule}[/] "
            f"{escape(flow + finding.message)}",
            soft_wrap=True,
            highlight=False,
        )
        console.print(f"    {escape(finding.remedy)}", style="dim", soft_wrap=True)
    counts = Counter(finding.severity for finding in result.findings)
    said = ", ".join(f"{counts[s]} {s.value}{'s' * (counts[s] != 1)}" for s in Severity)
    console.print(f"{escape(result.name)}: {said}; {len(result.rules_checked)} rules checked")


def show_forecast(result: ForecastResult, console: Console | None = None) -> None:
    """Flows, limits and the hours of a forecast."""
    console = console or Console()
    days = result.virtual_seconds / 86_400
    console.print(
        f"\nForecast of {days:g} day{'s' * (days != 1)}: {result.requests:,} requests, "
        f"{result.refused:,} refused, {result.given_up:,} given up "
        f"({result.engine}, {result.seconds:.1f} s)",
        highlight=False,
    )
    console.print(_flows(result))
    if result.limits:
        console.print(_limits(result))
    hours = result.hours[-24:]
    _plot(console, "requests an hour", [hour.arrivals for hour in hours], hours)
    if any(hour.backlog for hour in hours):
        _plot(console, "waiting at the end of the hour", [hour.backlog for hour in hours], hours)


def _flows(result: ForecastResult) -> Table:
    table = Table("flow", title="Flows", title_justify="left")
    for name in ("arrive", "done", "refused", "given up", "Retry-After", "wait", "backlog"):
        table.add_column(name, justify="right")
    for flow in result.flows:
        table.add_row(
            escape(flow.flow),
            f"{flow.arrivals:,}",
            f"{flow.completed:,}",
            f"{flow.refused:,}",
            f"{flow.given_up:,}",
            f"{flow.longest_retry_after:g} s",
            duration(flow.longest_wait),
            f"{flow.worst_backlog:,}",
        )
    return table


def _limits(result: ForecastResult) -> Table:
    table = Table("limit", "identity", "server", title="Limits at their peak", title_justify="left")
    for name in ("peak", "allowed", "share", "refused"):
        table.add_column(name, justify="right")
    for use in sorted(result.limits, key=lambda use: -use.share)[:12]:
        style = "red" if use.refusals else "yellow" if use.share >= 0.8 else ""
        table.add_row(
            use.limit,
            escape(use.identity),
            use.server,
            f"{use.peak:,.4g}" if use.peak < 1000 else f"{use.peak:,.0f}",
            f"{use.allowance:,g}" if use.allowance < 1000 else f"{use.allowance:,.0f}",
            f"{use.share:.0%}",
            f"{use.refusals:,}",
            style=style,
        )
    return table


def _plot(console: Console, title: str, values: list[int], hours: tuple[ForecastHour, ...]) -> None:
    """Columns of blocks, two wide, with the hours of the day below."""
    top = max(values, default=0) or 1
    console.print(f"\n{title} (highest {top:,})", highlight=False)
    for row in range(_ROWS - 1, -1, -1):
        line = "".join(_block(value / top * _ROWS - row) * 2 + " " for value in values)
        console.print("  " + line.rstrip(), highlight=False)
    console.print("  " + "".join(f"{hour.hour % 24:02d} " for hour in hours), highlight=False)


def _block(level: float) -> str:
    return _BARS[max(0, min(8, round(level * 8)))]


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
