"""Run a forecast: choose the engine, draw the streams, sum the outcome up."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Literal, TypeAlias

from windtunnel.contracts.documents.design import Design
from windtunnel.contracts.documents.plan import Plan
from windtunnel.contracts.limits import Limits
from windtunnel.contracts.limits.overrides import DEFAULT_ALLOWANCES, Allowances
from windtunnel.contracts.results import FlowForecast, ForecastHour, ForecastResult
from windtunnel.design.forecast import reference
from windtunnel.design.forecast.outcome import FlowOutcome, Outcome, by_hour
from windtunnel.design.forecast.plans import FlowPlan, plan_flows
from windtunnel.design.forecast.streams import Streams, draw_streams

EngineName = Literal["auto", "python", "numba"]
Tick: TypeAlias = Callable[[float], None]
Engine: TypeAlias = Callable[[Sequence[FlowPlan], Limits, Streams, Tick], Outcome]
AUTO_NUMBA_ABOVE = 1_000_000


def silent(moment: float) -> None:
    """Tell nobody."""


class NoNumba(RuntimeError):
    """The numba engine was asked for and numba is not installed."""


def forecast(
    document: Plan | Design,
    allowances: Allowances = DEFAULT_ALLOWANCES,
    *,
    days: int = 1,
    seed: int = 0,
    engine: EngineName = "auto",
    tick: Tick = silent,
) -> ForecastResult:
    """Whole planned days against the limits. The same seed gives the same result, on any engine.

    `tick` is told the virtual moment (seconds from the start) now and then.
    """
    plans = plan_flows(document, allowances.costs)
    return run_flows(plans, allowances, days=days, seed=seed, engine=engine, tick=tick)


def run_flows(
    plans: Sequence[FlowPlan],
    allowances: Allowances = DEFAULT_ALLOWANCES,
    *,
    days: int = 1,
    seed: int = 0,
    engine: EngineName = "auto",
    tick: Tick = silent,
) -> ForecastResult:
    """The same for flows that are already laid out."""
    began = time.perf_counter()
    requests = sum(plan.requests_per_day for plan in plans) * days
    name, simulate = choose_engine(engine, requests)
    streams = draw_streams(plans, days=days, seed=seed)
    outcome = simulate(plans, allowances.limits, streams, tick)
    return summed_up(plans, outcome, name, time.perf_counter() - began)


def choose_engine(name: EngineName, requests: int) -> tuple[str, Engine]:
    """An engine by name; `auto` takes numba for large forecasts where it is installed."""
    if name == "numba" or (name == "auto" and requests > AUTO_NUMBA_ABOVE):
        try:
            from windtunnel.design.forecast import compiled
        except ImportError as error:
            if name == "numba":
                remedy = "pip install 'windtunnel-d365[numba]'"
                raise NoNumba(f"numba is not installed: {remedy}") from error
        else:
            return "numba", compiled.simulate
    return "python", reference.simulate


def summed_up(
    plans: Sequence[FlowPlan], outcome: Outcome, engine: str, seconds: float
) -> ForecastResult:
    """An outcome as the result that reports read."""
    flows = tuple(
        FlowForecast(
            flow=plan.name,
            arrivals=sum(flow.arrived),
            completed=sum(flow.completed),
            refused=sum(flow.refused),
            given_up=sum(flow.given_up),
            longest_retry_after=flow.longest_retry_after,
            longest_wait=flow.longest_wait,
            worst_backlog=max(_backlog(flow), default=0),
        )
        for plan, flow in zip(plans, outcome.flows, strict=True)
    )
    return ForecastResult(
        requests=sum(flow.arrivals for flow in flows),
        refused=sum(flow.refused for flow in flows),
        given_up=sum(flow.given_up for flow in flows),
        virtual_seconds=float(len(outcome.hour_waits) * 3600),
        engine=engine,
        seconds=seconds,
        flows=flows,
        hours=_hours(outcome),
        limits=outcome.uses,
    )


def _backlog(flow: FlowOutcome) -> list[int]:
    """Requests that have arrived and are not yet done, at the end of each minute."""
    moves = zip(flow.arrived, flow.completed, flow.given_up, strict=True)
    return list(accumulate(arrived - done - lost for arrived, done, lost in moves))


def _hours(outcome: Outcome) -> tuple[ForecastHour, ...]:
    hours = range(len(outcome.hour_waits))

    def total(tables: list[list[int]]) -> list[int]:
        return [sum(table[hour] for table in tables) for hour in hours]

    arrived = total([by_hour(flow.arrived) for flow in outcome.flows])
    completed = total([by_hour(flow.completed) for flow in outcome.flows])
    refused = total([by_hour(flow.refused) for flow in outcome.flows])
    backlog = total([_backlog(flow)[59::60] for flow in outcome.flows])
    return tuple(
        ForecastHour(
            hour=hour,
            arrivals=arrived[hour],
            completed=completed[hour],
            refused=refused[hour],
            backlog=backlog[hour],
            longest_wait=outcome.hour_waits[hour],
        )
        for hour in hours
    )
