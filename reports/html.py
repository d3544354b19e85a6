"""Results as one self-contained HTML page: styles, script and plots inline, no request out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from windtunnel.contracts.results import (
    DesignResult,
    Finding,
    ForecastResult,
    LimitUse,
    LoadResult,
    Outcome,
    ScenarioResult,
    Severity,
)
from windtunnel.reports import plots, words
from windtunnel.reports.compare import GROUP, PROSE, VARIANT, comparisons
from windtunnel.reports.plots import Series
from windtunnel.reports.read import Results

MOST_JOURNAL = 200


def render_html(results: Results) -> str:
    """The page. Everything that comes from result files is escaped."""
    environment = Environment(
        loader=PackageLoader("windtunnel.reports", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        duration=words.duration,
        number=words.number,
        percent=words.percent,
        moment=words.moment,
        clock=words.clock,
        title_of=words.title,
        value=value_text,
    )
    return environment.get_template("page.html.j2").render(
        results=results,
        style=_inline(environment, "style.css"),
        script=_inline(environment, "page.js"),
        tiles=tiles(results),
        comparisons=comparisons(results),
        load_plots=load_plots,
        forecast_plot=forecast_plot,
        identities=identities,
        own_properties=own_properties,
        prose=prose,
        by_severity=by_severity,
        most_journal=MOST_JOURNAL,
        Outcome=Outcome,
    )


def _inline(environment: Environment, name: str) -> Markup:
    """A file of ours, which may go into the page as it is."""
    loader = environment.loader
    assert loader is not None
    return Markup(loader.get_source(environment, name)[0])  # noqa: S704 - our own file


def value_text(value: Any) -> str:
    """An expected or actual value: text as it is, the rest as JSON."""
    if isinstance(value, str):
        return value or '""'
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)


def tiles(results: Results) -> list[dict[str, str]]:
    """The main numbers, as the head of the page shows them."""
    found: list[dict[str, str]] = []
    if results.scenarios:
        passed = sum(one.outcome is Outcome.PASSED for one in results.scenarios)
        total = len(results.scenarios)
        steps = f"{sum(len(one.steps) for one in results.scenarios):,} steps"
        value = f"{passed} of {total}"
        found.append(_tile("scenarios", value, "scenarios passed", steps, passed < total))
    if results.loads:
        requests = sum(one.requests for one in results.loads)
        throttled = sum(one.throttled for one in results.loads)
        share = words.percent(throttled / requests if requests else 0.0)
        found.append(_tile("load", share, "answered 429", f"of {requests:,} requests", False))
        longest = words.duration(max(one.longest_retry_after for one in results.loads))
        lost = sum(one.lost + one.failed for one in results.loads)
        detail = f"{lost:,} requests lost or failed"
        found.append(_tile("load", longest, "longest Retry-After", detail, lost > 0))
    if results.designs:
        counts = results.severities
        errors, total = counts[Severity.ERROR], sum(counts.values())
        text = f"{errors} errors, {counts[Severity.WARNING]} warnings"
        found.append(_tile("design", str(total), "design findings", text, errors > 0))
    return found


def _tile(anchor: str, value: str, label: str, detail: str, bad: bool) -> dict[str, str]:
    return {
        "anchor": anchor,
        "value": value,
        "label": label,
        "detail": detail,
        "mood": "bad" if bad else "calm",
    }


def load_plots(result: LoadResult) -> list[dict[str, Any]]:
    """The plots of one load run, each with its caption and legend."""
    line = result.timeline
    if not line:
        return []
    rates = [
        Series("offered", "offered", [p.offered for p in line]),
        Series("achieved", "achieved", [p.achieved for p in line], area=True),
        Series("throttled (429)", "throttled", [p.throttled for p in line], area=True),
    ]
    if any(p.failed for p in line):
        rates.append(Series("failed or lost", "failed", [p.failed for p in line]))
    latency = [Series("p95", "latency", [p.p95 for p in line])]
    backlog = [Series("backlog", "backlog", [p.backlog for p in line], area=True)]
    return [
        _plot(
            "Requests per second",
            "What was meant to start, what was completed, what was refused.",
            rates,
            result,
            words.number,
        ),
        _plot(
            "Latency from the intended start",
            "95th percentile of the requests completed in each slice of time.",
            latency,
            result,
            words.duration,
        ),
        _plot(
            "Backlog",
            "Requests that were due and had not ended.",
            backlog,
            result,
            words.number,
        ),
    ]


def _plot(
    title: str,
    caption: str,
    series: Sequence[Series],
    result: LoadResult,
    write: plots.Write,
) -> dict[str, Any]:
    at = [point.at for point in result.timeline]
    label = f"{title} of {result.name} over {words.duration(result.seconds)}"
    return {
        "title": title,
        "caption": caption,
        "svg": plots.time_plot(label, at, series, write=write, bucket=result.bucket_seconds),
        "legend": plots.legend([(one.name, one.css) for one in series]) if len(series) > 1 else "",
    }


def forecast_plot(forecast: ForecastResult) -> dict[str, Any]:
    """The forecast day by hour."""
    hours = sorted(forecast.hours, key=lambda hour: hour.hour)
    backlog = [hour.backlog for hour in hours]
    entries = [("completed", "achieved"), ("refused", "throttled")]
    if any(backlog):
        entries.append(("backlog", "backlog"))
    label = f"Forecast by hour: {words.number(forecast.refused)} refusals in a day"
    svg = plots.hour_plot(
        label, [hour.completed for hour in hours], [hour.refused for hour in hours], backlog
    )
    return {"svg": svg, "legend": plots.legend(entries)}


def own_properties(scenario: ScenarioResult) -> dict[str, str]:
    """What a scenario says about itself in numbers, without what places it beside others."""
    return {k: v for k, v in scenario.properties.items() if k not in {GROUP, VARIANT, *PROSE}}


def prose(scenario: ScenarioResult) -> list[str]:
    """What a scenario says about itself in sentences."""
    return [scenario.properties[key] for key in PROSE if scenario.properties.get(key)]


def identities(uses: Sequence[LimitUse]) -> list[tuple[str, list[LimitUse]]]:
    """Uses of limits by identity, the one nearest to a limit first."""
    ordered = sorted(uses, key=lambda use: use.identity)
    groups = [
        (name, sorted(group, key=lambda use: -use.share))
        for name, group in groupby(ordered, key=lambda use: use.identity)
    ]
    return sorted(groups, key=lambda group: -group[1][0].share)


def by_severity(design: DesignResult) -> list[tuple[Severity, list[Finding]]]:
    """Findings grouped, the gravest first; groups without findings are left out."""
    groups = [
        (severity, [one for one in design.findings if one.severity is severity])
        for severity in (Severity.ERROR, Severity.WARNING, Severity.NOTE)
    ]
    return [group for group in groups if group[1]]
