"""Results as tables: Markdown for the docs, rich for the terminal; both from the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from bench.driver import BenchFailed
from bench.figures import OURS, TARGETS, Results, Spread
from bench.server import OPERATIONS

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
Rows = Sequence[Sequence[str]]


def rates(results: Results) -> Rows:
    """Requests per second: a header, then a row per server."""
    header = ["requests/s", *OPERATIONS]
    return [
        header,
        *(
            [title, *(_rate(results.rate(server, operation)) for operation in OPERATIONS)]
            for server, title in results.titles.items()
        ),
    ]


def latencies(results: Results) -> Rows:
    """Latency in milliseconds, p50 / p99, medians of the rounds."""
    rows = [["ms, p50 / p99", *OPERATIONS]]
    for server, title in results.titles.items():
        cells = []
        for operation in OPERATIONS:
            half, tail = results.p50_ms(server, operation), results.p99_ms(server, operation)
            cells.append("" if half is None or tail is None else f"{_short(half)} / {_short(tail)}")
        rows.append([title, *cells])
    return rows


def cpu(results: Results) -> Rows:
    """Processor time per request, medians of the rounds."""
    rows = [["µs of the server's core per request", *OPERATIONS]]
    for server, title in results.titles.items():
        found = (results.cpu_us(server, operation) for operation in OPERATIONS)
        rows.append([title, *("" if f is None else f"{f.median:,.0f}" for f in found)])
    return rows


def ratios(results: Results) -> Rows:
    """How many times each peer's rate ours is; without our server only the header."""
    rows = [["windtunnel is times", *OPERATIONS]]
    if OURS not in results.titles:
        return rows
    for server, title in results.titles.items():
        if server != OURS:
            cells = [results.ratio(operation, server) for operation in OPERATIONS]
            rows.append([title, *("" if c is None else f"{c:.3g}" for c in cells)])
    return rows


def targets(results: Results) -> Rows:
    """Each target beside what was measured."""
    words = {True: "met", False: "not met", None: "not measured"}
    rows = [["target", "bound", "measured", ""]]
    for target in TARGETS:
        value = target.read(results)
        sign = "≥" if target.at_least else "≤"
        measured = "" if value is None else f"{value:.3g}"
        bound = f"{sign} {target.bound:g}"
        rows.append([target.text, bound, measured, words[target.met(results)]])
    return rows


def markdown(results: Results) -> str:
    """All tables as Markdown."""
    tables = [_pipes(rows) for rows in _all(results) if len(rows) > 1]
    return "\n\n".join([_about(results), *tables]) + "\n"


def show(results: Results, console: Console) -> None:
    """Print all tables."""
    for rows in _all(results):
        if len(rows) > 1:
            table = Table(*rows[0], box=SIMPLE)
            for row in rows[1:]:
                table.add_row(*row)
            console.print(table)


def put_between_marks(page: Path, results: Results) -> None:
    """Replace what stands between the marks of a page. Raises BenchFailed if they are missing."""
    text = page.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BenchFailed(f"{page}: the marks {BEGIN} and {END} are missing")
    page.write_text(f"{before}{BEGIN}\n\n{markdown(results)}\n{END}{after}", "utf-8")


def _all(results: Results) -> Sequence[Rows]:
    every = (rates, latencies, cpu, ratios, targets)
    return [table(results) for table in every]


def _about(results: Results) -> str:
    about = results.about
    versions = ", ".join(f"{name} {value}" for name, value in about.get("versions", {}).items())
    return (
        f"{about.get('date', '')}; {about.get('machine', '')}; "
        f"{about.get('records', 0):,} records, "
        f"{about.get('rounds', 0)} rounds of {about.get('seconds', 0)} s{_busy(results)}. "
        f"{versions}."
    )


def _busy(results: Results) -> str:
    share = results.core_share()
    if share is None:
        return ""
    return f"; the measured server had {share.median:.0%} of its core ({share.low:.0%} at least)"


def _rate(spread: Spread | None) -> str:
    if spread is None:
        return ""
    if spread.low == spread.high:
        return f"{spread.median:,.0f}"
    return f"{spread.median:,.0f} ({spread.low:,.0f}..{spread.high:,.0f})"


def _short(spread: Spread) -> str:
    return f"{spread.median:.2f}" if spread.median < 10 else f"{spread.median:.0f}"


def _pipes(rows: Rows) -> str:
    rule = "|".join(["---", *("---:" for _ in rows[0][1:])])
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])
