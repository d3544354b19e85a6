"""What a forecast found, before it becomes a result: the same from every engine."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from windtunnel.contracts.results import LimitUse


@dataclass(frozen=True, slots=True)
class FlowOutcome:
    """One flow; counts are by minute, `arrived` to `given_up` each as long as the forecast."""

    arrived: list[int]
    completed: list[int]
    refused: list[int]
    given_up: list[int]
    longest_wait: float
    longest_retry_after: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """All flows in their order, the longest wait that ended in each hour, and the use of limits."""

    flows: tuple[FlowOutcome, ...]
    hour_waits: list[float]
    uses: tuple[LimitUse, ...]


def by_minute(moments: array[float], minutes: int) -> list[int]:
    """How many of the sorted moments fall into each minute."""
    edges = [bisect_left(moments, minute * 60.0) for minute in range(1, minutes)]
    edges = [0, *edges, len(moments)]
    return [edges[minute + 1] - edges[minute] for minute in range(minutes)]


def by_hour(counts: Sequence[int]) -> list[int]:
    """Minutes summed to hours."""
    return [sum(counts[first : first + 60]) for first in range(0, len(counts), 60)]
