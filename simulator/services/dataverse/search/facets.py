"""Facets: how many hits fall on each value or range. Source: "Dataverse search query"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isnan
from typing import Any

from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.search.engine import Hit

MOST_TERMS = 10
ENTITY_NAMES = frozenset({"entityname", "@search.entityname"})


@dataclass(frozen=True, slots=True)
class Facet:
    """One item of `facets`: the name as given, and how values are grouped."""

    name: str
    entity: str
    column: str
    count: int = MOST_TERMS
    sort: str = "count"
    values: tuple[str, ...] = ()
    interval: str = ""
    offset: timedelta = timedelta()


def read_facet(text: str) -> Facet:
    """A facet as its definition says. Raises InvalidArgument."""
    name, *parts = (part.strip() for part in text.split(","))
    options: dict[str, str] = {}
    for part in parts:
        key, colon, value = part.partition(":")
        if not colon or key not in {"count", "sort", "values", "interval", "timeoffset"}:
            raise _bad(text)
        options[key] = value
    if {"count", "sort"} & options.keys() and {"values", "interval"} & options.keys():
        raise _bad(text)
    if {"values", "interval"} <= options.keys():
        raise _bad(text)
    if options.get("sort", "count") not in {"count", "-count", "value", "-value"}:
        raise _bad(text)
    if not re.fullmatch(r"\d{1,9}", options.get("count", "1")):
        raise _bad(text)
    entity, _, column = name.rpartition(":") if ":" in name else ("", "", name)
    if not entity and "." in name and not name.startswith("@"):
        entity, _, column = name.partition(".")
    return Facet(
        name,
        entity,
        column,
        int(options.get("count", MOST_TERMS)),
        options.get("sort", "count"),
        tuple(options["values"].split("|")) if "values" in options else (),
        options.get("interval", ""),
        _offset(options.get("timeoffset", ""), text),
    )


def _offset(shown: str, text: str) -> timedelta:
    if not shown:
        return timedelta()
    found = re.fullmatch(r"([+-])(\d\d):?(\d\d)?", shown)
    if found is None:
        raise _bad(text)
    moved = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return -moved if found[1] == "-" else moved


def _bad(text: str) -> errors.InvalidArgument:
    return errors.InvalidArgument(problem=f"The facet '{text}' is not valid.")


def counted(
    facet: Facet,
    hits: Sequence[Hit],
    value_of: Callable[[Hit, str], Any],
    label_of: Callable[[Hit, str], str | None],
) -> list[dict[str, Any]]:
    """The groups of one facet with their counts."""
    if facet.column in ENTITY_NAMES:
        return _terms(facet, [(hit.entity, None) for hit in hits])
    chosen = [hit for hit in hits if not facet.entity or hit.entity == facet.entity]
    found = [(value_of(hit, facet.column), hit) for hit in chosen]
    present = [(value, hit) for value, hit in found if value is not None]
    if facet.values:
        return _ranges(facet, [value for value, _ in present])
    if facet.interval:
        return _intervals(facet, [value for value, _ in present])
    return _terms(facet, [(value, label_of(hit, facet.column)) for value, hit in present])


def _terms(facet: Facet, found: Sequence[tuple[Any, str | None]]) -> list[dict[str, Any]]:
    counts = Counter(value for value, _ in found)
    labels = dict(found)
    rows = sorted(counts.items(), key=lambda row: str(row[0]))
    if facet.sort in {"count", "-count"}:
        rows.sort(key=lambda row: row[1], reverse=facet.sort == "count")
    elif facet.sort == "-value":
        rows.reverse()
    return [
        {
            "Type": "Value",
            "Value": value,
            **({"OptionalValue": labels[value]} if labels[value] is not None else {}),
            "Count": count,
        }
        for value, count in rows[: facet.count]
    ]


def _ranges(facet: Facet, values: Sequence[Any]) -> list[dict[str, Any]]:
    points = [_point(value, facet) for value in facet.values]
    if points != sorted(points):
        raise _bad(facet.name)
    rows = []
    measured = [_measure(value) for value in values]
    for place in range(len(points) + 1):
        low = points[place - 1] if place else None
        high = points[place] if place < len(points) else None
        row: dict[str, Any] = {"Type": "Range"}
        if low is not None:
            row["From"] = facet.values[place - 1]
        if high is not None:
            row["To"] = facet.values[place]
        row["Count"] = sum(
            (low is None or value >= low) and (high is None or value < high) for value in measured
        )
        rows.append(row)
    return rows


def _point(text: str, facet: Facet) -> float:
    measured = _measure(text)
    if isnan(measured):
        raise _bad(facet.name)
    return measured


def _measure(value: Any) -> float:
    """A number, or a moment as seconds since 1970; not a number for what is neither."""
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return float(value)
    except ValueError:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            return float("nan")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


_SPANS = {"minute": 60, "hour": 3600, "day": 86_400}


def _intervals(facet: Facet, values: Sequence[Any]) -> list[dict[str, Any]]:
    if re.fullmatch(r"[1-9]\d{0,17}", facet.interval):
        size = int(facet.interval)
        numbers = [_measure(value) for value in values]
        counts = Counter(int(n // size) * size for n in numbers if not isnan(n))
        return [{"Type": "Value", "Value": v, "Count": c} for v, c in sorted(counts.items())]
    moments = [_measure(value) for value in values]
    starts = Counter(_start(facet, moment) for moment in moments if not isnan(moment))
    return [
        {"Type": "Value", "Value": f"{start:%Y-%m-%dT%H:%M:%SZ}", "Count": count}
        for start, count in sorted(starts.items())
    ]


def _start(facet: Facet, seconds: float) -> datetime:
    moment = datetime.fromtimestamp(seconds, UTC) + facet.offset
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    match facet.interval:
        case "minute" | "hour" | "day":
            span = _SPANS[facet.interval]
            begun = datetime.fromtimestamp(moment.timestamp() // span * span, UTC)
        case "week":
            begun = day - timedelta(days=(day.weekday() + 1) % 7)
        case "month":
            begun = day.replace(day=1)
        case "quarter":
            begun = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            begun = day.replace(month=1, day=1)
        case _:
            raise _bad(facet.name)
    return begun - facet.offset
