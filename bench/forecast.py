"""Forecast 5 million requests of a day, with throttling and retries, on each engine."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

from bench.driver import BenchFailed
from bench.figures import FORECAST_SECONDS, NUMBA_SECONDS
from bench.harness import Cores
from windtunnel.contracts.documents import Retry
from windtunnel.contracts.documents.plan import SHAPES
from windtunnel.contracts.results import ForecastResult
from windtunnel.design.forecast import FlowPlan
from windtunnel.design.forecast.run import NoNumba, run_flows

REQUESTS = 5_000_000


def plan_of(requests: int) -> list[FlowPlan]:
    """Identities whose peak hour is above 6,000 requests in 300 seconds."""
    shape = SHAPES["office-hours"]
    shares = tuple(share / sum(shape) for share in shape)
    identities = tuple(f"app-{n + 1}" for n in range(max(1, round(requests / 730_000))))
    retry = Retry(attempts=20, jitter=0.1)
    mean, senders = 0.06, 20 * len(identities)
    values = ("orders", "dataverse", requests, shares, mean, senders, identities, 1, "low", retry)
    return [FlowPlan(*values)]


def forecast_times(
    folder: Path, cores: Cores, rounds: int, seconds: float, *, requests: int = REQUESTS
) -> dict[str, float]:
    """Seconds of each engine, numba's without its compiling, where it is installed.

    Raises BenchFailed where the engines do not agree to the event.
    """
    del folder, cores, rounds, seconds
    plans = plan_of(requests)
    pure, taken = _timed(plans, "python")
    found = {FORECAST_SECONDS: taken}
    try:
        run_flows(plan_of(1_000), engine="numba")  # compiles, or loads what was compiled
    except NoNumba:
        return found
    compiled, found[NUMBA_SECONDS] = _timed(plans, "numba")
    if (pure.flows, pure.hours, pure.limits) != (compiled.flows, compiled.hours, compiled.limits):
        raise BenchFailed("the two engines of the forecast do not agree")
    return found


def _timed(
    plans: list[FlowPlan], engine: Literal["python", "numba"]
) -> tuple[ForecastResult, float]:
    began = time.perf_counter()
    result = run_flows(plans, engine=engine)
    return result, time.perf_counter() - began
