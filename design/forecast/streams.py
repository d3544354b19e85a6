"""The random part of a forecast, drawn once: both engines run on the same streams."""

from __future__ import annotations

import random
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from windtunnel.design.forecast.plans import FlowPlan

DRAWS: Final = 65_536
MASK: Final = DRAWS - 1
SPREAD: Final = 40_503
"""Odd, so that execution times walk the table of draws in another order than arrivals."""
PHASE: Final = 7919
HOUR_SECONDS: Final = 3600
SHORTEST_WAIT: Final = 0.1
"""Seconds: a refused request comes back after a round trip at the earliest."""


@dataclass(frozen=True, slots=True)
class Streams:
    """Arrivals of each flow in seconds, and tables of unit exponentials (mean 1) and uniforms."""

    days: int
    arrivals: tuple[array[float], ...]
    exponential: list[float]
    uniform: list[float]


def draw_streams(plans: Sequence[FlowPlan], *, days: int, seed: int) -> Streams:
    """Draw everything from one seed; walks through the tables wrap around."""
    source = random.Random(seed)
    raw = [source.expovariate(1.0) for _ in range(DRAWS)]
    uniform = [source.random() for _ in range(DRAWS)]
    scale = DRAWS / sum(raw)
    exponential = [value * scale for value in raw]
    sums = list(accumulate(exponential))
    arrivals = tuple(
        draw_arrivals(
            [share * plan.requests_per_day / HOUR_SECONDS for share in plan.shares] * days,
            sums,
            (number + 1) * PHASE % DRAWS,
        )
        for number, plan in enumerate(plans)
    )
    return Streams(days, arrivals, exponential, uniform)


def draw_arrivals(rates: Sequence[float], sums: Sequence[float], start: int) -> array[float]:
    """A Poisson process whose rate (a second) changes each hour.

    The points of a process of rate 1, `sums` over and over, are stretched by the rate.
    """
    total = sums[-1]
    unit = sums[start]
    moments = array("d")
    for hour, rate in enumerate(rates):
        if rate <= 0:
            continue
        end = unit + rate * HOUR_SECONDS
        stretch = 1.0 / rate
        base = unit // total * total
        while base < end:
            first, last = bisect_right(sums, unit - base), bisect_right(sums, end - base)
            began = hour * HOUR_SECONDS + (base - unit) * stretch
            moments.fromlist([began + point * stretch for point in sums[first:last]])
            base += total
        unit = end
    return moments
