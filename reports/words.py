"""Numbers and moments as every report writes them. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime


def duration(seconds: float) -> str:
    """A duration in the unit that reads best: `850 µs`, `12.4 ms`, `3.2 s`, `5 min 20 s`."""
    if not math.isfinite(seconds):
        return "unknown"
    if seconds < 0.0005:
        return f"{seconds * 1e6:.0f} µs" if seconds else "0 s"
    if seconds < 0.9995:
        return f"{_short(seconds * 1e3)} ms"
    if seconds < 120:
        return f"{_short(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def number(value: float) -> str:
    """A count or rate with at most three significant decimals and thousands separated."""
    if not math.isfinite(value):
        return "unknown"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else _short(value)


def compact(value: float) -> str:
    """A number short enough for an axis: `1,500`, `20 k`, `1.5 M`."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            scaled = value / (1e3 if unit == "k" else size)
            return f"{_short(scaled)} {unit}"
    return number(value)


def percent(share: float) -> str:
    """A share as a percentage; small ones keep a decimal."""
    value = share * 100
    return f"{value:.0f} %" if value >= 10 or value == int(value) else f"{value:.1f} %"


def moment(seconds: float) -> str:
    """A moment in UTC to the second."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, OSError, ValueError):
        return "unknown"


def clock(seconds: float) -> str:
    """The time of day of a moment in UTC to the millisecond, for journal lines."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S.%f")[:-3]
    except (OverflowError, OSError, ValueError):
        return "unknown"


def title(key: str) -> str:
    """A property's key as words: `orders_lost` reads `Orders lost`."""
    text = key.replace("_", " ").replace("-", " ").strip()
    return text[:1].upper() + text[1:]


def _short(value: float) -> str:
    text = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return text if "e" not in text else f"{value:.0f}"
