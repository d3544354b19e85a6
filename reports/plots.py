"""Plots as inline SVG: pure functions; colours by CSS class, values by `<title>` on hover."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from windtunnel.reports import words

WIDTH: Final = 420
HEIGHT: Final = 190
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 10, 30
MOST_COLUMNS: Final = 240
SMALLEST: Final = 1e-9
"""Below this a plot is flat."""

Write = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a plot; `css` names its colour, `area` fills it down to zero."""

    name: str
    css: str
    values: Sequence[float]
    area: bool = False


def ticks(top: float, count: int = 4) -> list[float]:
    """Round numbers from 0 to at least `top`."""
    if not math.isfinite(top) or top < SMALLEST:
        return [0.0, 1.0]
    rough = top / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    return [number * step for number in range(math.ceil(top / step - 1e-9) + 1)]


def time_plot(
    label: str, at: Sequence[float], series: Sequence[Series], *, write: Write, bucket: float
) -> Markup:
    """Lines over the seconds of a run; each moment's values show under the pointer."""
    top = max((v for one in series for v in one.values if math.isfinite(v)), default=0.0)
    marks = ticks(top)
    end = max(at, default=0.0) + bucket
    scale_x, scale_y = _scales(end, marks[-1])
    parts = [
        _frame(label),
        _grid(marks, scale_y, words.compact if write is words.number else write),
    ]
    parts += [_time_axis(end, scale_x)]
    middles = [scale_x(moment + bucket / 2) for moment in at]
    for one in series:
        points = [(x, scale_y(value)) for x, value in zip(middles, one.values, strict=True)]
        if one.area and points:
            shape = f"M{points[0][0]:.1f},{scale_y(0):.1f}" + "".join(
                f"L{x:.1f},{y:.1f}" for x, y in points
            )
            parts.append(
                Markup('<path class="area {}" d="{}L{:.1f},{:.1f}Z"/>').format(
                    one.css, shape, points[-1][0], scale_y(0)
                )
            )
        path = "".join(
            f"{'M' if n == 0 else 'L'}{x:.1f},{y:.1f}" for n, (x, y) in enumerate(points)
        )
        parts.append(Markup('<path class="line {}" d="{}"/>').format(one.css, path))
        if len(points) == 1:
            parts.append(
                Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="3"/>').format(
                    one.css, *points[0]
                )
            )
    parts.append(_columns(at, series, scale_x, write, bucket))
    return _close(parts)


def hour_plot(
    label: str, completed: Sequence[int], refused: Sequence[int], backlog: Sequence[int]
) -> Markup:
    """Bars by hour: requests completed and, above them, refused; the backlog as a line."""
    totals = [a + b for a, b in zip(completed, refused, strict=True)]
    marks = ticks(max([*totals, *backlog], default=0))
    scale_x, scale_y = _scales(max(len(totals), 1), marks[-1])
    parts = [_frame(label), _grid(marks, scale_y, words.compact)]
    wide = scale_x(1) - scale_x(0)
    for hour, (done, not_done) in enumerate(zip(completed, refused, strict=True)):
        x, width = scale_x(hour) + wide * 0.12, wide * 0.76
        said = (
            f"{hour:02d}:00 to {hour + 1:02d}:00\ncompleted {words.number(done)}\n"
            f"refused {words.number(not_done)}\nbacklog {words.number(backlog[hour])}"
        )
        parts.append(Markup("<g class='column'><title>{}</title>").format(said))
        parts.append(_bar("hit", scale_x(hour), TOP, wide, scale_y(0) - TOP))
        base = scale_y(done)
        parts.append(_bar("bar achieved", x, base, width, scale_y(0) - base))
        high = scale_y(done + not_done)
        parts.append(_bar("bar throttled", x, high, width, base - high))
        parts.append(Markup("</g>"))
    if any(backlog):
        path = "M" + "L".join(
            f"{scale_x(n + 0.5):.1f},{scale_y(value):.1f}" for n, value in enumerate(backlog)
        )
        parts.append(Markup('<path class="line backlog" d="{}"/>').format(path))
    parts += [
        _x_text(scale_x(hour), f"{hour:02d}:00", hour, len(totals))
        for hour in range(0, len(totals) + 1, 6)
    ]
    return _close(parts)


def thinned(count: int) -> int:
    """How many points one hover column stands for."""
    return max(1, math.ceil(count / MOST_COLUMNS))


def _scales(end: float, top: float) -> tuple[Callable[[float], float], Callable[[float], float]]:
    inner_x, inner_y = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def across(value: float) -> float:
        return LEFT + inner_x * (value / end if end else 0.0)

    def up(value: float) -> float:
        share = value / top if top and math.isfinite(value) else 0.0
        return TOP + inner_y * (1 - max(0.0, min(share, 1.0)))

    return across, up


def _frame(label: str) -> Markup:
    return Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        WIDTH, HEIGHT, label
    )


def _close(parts: Sequence[Markup]) -> Markup:
    return Markup("").join(parts) + Markup("</svg>")


def _grid(marks: Sequence[float], scale_y: Callable[[float], float], write: Write) -> Markup:
    row = Markup(
        '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
        '<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>'
    )
    return Markup("").join(
        row.format(LEFT, WIDTH - RIGHT, scale_y(m), scale_y(m), LEFT - 8, scale_y(m) + 4, write(m))
        for m in marks
    )


def _time_axis(end: float, scale_x: Callable[[float], float]) -> Markup:
    marks = [mark for mark in ticks(end, 5) if mark <= end * 1.001]
    return Markup("").join(
        _x_text(scale_x(mark), words.duration(mark), mark, marks[-1]) for mark in marks
    )


def _x_text(x: float, text: str, value: float, last: float) -> Markup:
    anchor = "start" if value == 0 else "end" if x > WIDTH - 34 and value == last else "middle"
    return Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
        x, HEIGHT - 10, anchor, text
    )


def _bar(css: str, x: float, y: float, width: float, height: float) -> Markup:
    return Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
        css, x, y, width, max(height, 0.0)
    )


def _columns(
    at: Sequence[float],
    series: Sequence[Series],
    scale_x: Callable[[float], float],
    write: Write,
    bucket: float,
) -> Markup:
    """Invisible columns that carry the values; the thinnest plots share one among neighbours."""
    step = thinned(len(at))
    out: list[Markup] = []
    for first in range(0, len(at), step):
        lines = [words.duration(at[first])] + [
            f"{one.name} {write(max(one.values[first : first + step]))}" for one in series
        ]
        left, right = scale_x(at[first]), scale_x(at[min(first + step, len(at)) - 1] + bucket)
        out.append(
            Markup("<g class='column'><title>{}</title>{}</g>").format(
                "\n".join(lines), _bar("hit", left, TOP, right - left, HEIGHT - TOP - BOTTOM)
            )
        )
    return Markup("").join(out)


def legend(entries: Sequence[tuple[str, str]]) -> Markup:
    """Names of the series with their colours."""
    row = Markup('<li><span class="key {}"></span>{}</li>')
    return Markup('<ul class="legend">{}</ul>').format(
        Markup("").join(row.format(css, escape(name)) for name, css in entries)
    )
