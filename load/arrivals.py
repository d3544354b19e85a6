"""When requests are meant to start: computed before the run, independent of any answer."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from windtunnel.contracts.documents import PlanFlow

DAY_SECONDS = 86_400.0
MOST_ARRIVALS = 5_000_000

Spacing = Literal["poisson", "uniform"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the run with one rate; moments and lengths in seconds, rate per second."""

    start: float
    seconds: float
    rate: float


def stretches(flow: PlanFlow, duration: float, scale: float) -> tuple[Stretch, ...]:
    """The planned day passed through in `duration` seconds: its hours shrink, its rates stay real.

    An hour in which the plan sends 7,200 requests is a stretch with 2 a second, times `scale`.
    """
    shares = flow.profile.shares()
    length = duration / len(shares)
    hour = DAY_SECONDS / len(shares)
    per_day = flow.requests_per_day * scale
    return tuple(
        Stretch(number * length, length, per_day * share / hour)
        for number, share in enumerate(shares)
    )


def expected(flow: PlanFlow, duration: float, scale: float) -> float:
    """How many requests the plan means for the run."""
    return sum(part.rate * part.seconds for part in stretches(flow, duration, scale))


def arrival_times(
    parts: Sequence[Stretch], seed: str, *, spacing: Spacing = "poisson"
) -> array[float]:
    """Intended starts in seconds from the start of the run, rising; equal for equal arguments."""
    return _poisson(parts, random.Random(seed)) if spacing == "poisson" else _uniform(parts)


def _poisson(parts: Sequence[Stretch], chance: random.Random) -> array[float]:
    """A Poisson process whose rate changes with the stretches (unit-rate process, time-changed)."""
    times: array[float] = array("d")
    spent = 0.0
    due = chance.expovariate(1.0)
    for part in parts:
        mass = part.rate * part.seconds
        while due <= spent + mass and mass:
            times.append(part.start + (due - spent) / part.rate)
            due += chance.expovariate(1.0)
        spent += mass
    return times


def _uniform(parts: Sequence[Stretch]) -> array[float]:
    """Evenly spread: the n-th request starts when n and a half requests are planned."""
    times: array[float] = array("d")
    spent = 0.0
    for part in parts:
        mass = part.rate * part.seconds
        first = max(math.ceil(spent - 0.5), len(times))
        for number in range(first, math.ceil(spent + mass - 0.5)):
            times.append(part.start + (number + 0.5 - spent) / part.rate)
        spent += mass
    return times
