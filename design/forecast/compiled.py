"""The flat engine compiled by numba (an extra); importing it without numba raises ImportError."""

from __future__ import annotations

import types
from array import array
from collections.abc import Callable, Sequence
from typing import Any

import numba
import numpy as np

from windtunnel.contracts.limits import Limits
from windtunnel.contracts.limits.service_protection import MICROSECONDS
from windtunnel.contracts.results import LimitUse
from windtunnel.design.forecast import flat
from windtunnel.design.forecast.flat import BOTH, PROTECTION
from windtunnel.design.forecast.inputs import Inputs, lay_out
from windtunnel.design.forecast.outcome import FlowOutcome, Outcome, by_minute
from windtunnel.design.forecast.plans import FlowPlan, MeterKey, meter_keys
from windtunnel.design.forecast.streams import Streams


def _compile(function: Callable[..., Any], **compiled: Any) -> Any:
    """Compile a function of the flat engine, its helpers replaced by their compiled forms."""
    names = {**vars(flat), **compiled}
    twin = types.FunctionType(function.__code__, names, function.__name__)
    twin.__module__ = __name__
    twin.__qualname__ = function.__qualname__
    return numba.njit(cache=True)(twin)


_lengthen = _compile(flat.lengthen)
_outside = _compile(flat.outside)
_needed = _compile(flat.needed_wait, outside=_outside)
_refuse = _compile(flat.refuse, needed_wait=_needed, lengthen=_lengthen)
_simulate = _compile(flat.simulate, refuse=_refuse, lengthen=_lengthen)


def simulate(
    plans: Sequence[FlowPlan],
    limits: Limits,
    streams: Streams,
    tick: Callable[[float], None],
    *,
    run: Callable[..., float] = _simulate,
) -> Outcome:
    """The same as `reference.simulate`; `tick` is told the end only."""
    keys = meter_keys(plans)
    inputs = lay_out(plans, limits, streams, keys)
    read = (inputs.draws, inputs.flows, inputs.workers)
    written = (inputs.meters, inputs.environment, inputs.tally)
    run(inputs.horizon, inputs.minutes, *(_as_numpy(part) for part in (*read, *written)))
    tick(inputs.horizon)
    minutes, tally = inputs.minutes, inputs.tally

    def part(table: Sequence[int], number: int) -> list[int]:
        return list(table[number * minutes : (number + 1) * minutes])

    return Outcome(
        tuple(
            FlowOutcome(
                by_minute(streams.arrivals[number], minutes),
                part(tally.completed, number),
                part(tally.refused, number),
                part(tally.given_up, number),
                tally.longest_wait[number],
                tally.longest_retry[number],
            )
            for number in range(len(plans))
        ),
        list(tally.hour_wait),
        _uses(inputs, keys, limits),
    )


def _as_numpy(part: Any) -> Any:
    """One tuple of arrays as numpy views on the same memory; lists of draws are copied."""
    return type(part)(*(_view(value) for value in part))


def _view(value: Any) -> Any:
    if isinstance(value, list):
        return np.array(value, dtype=np.float64)
    if isinstance(value, array):
        kind = np.float64 if value.typecode == "d" else np.int64
        return np.frombuffer(value, dtype=kind) if len(value) else np.zeros(0, dtype=kind)
    return value


def _uses(inputs: Inputs, keys: Sequence[MeterKey], limits: Limits) -> tuple[LimitUse, ...]:
    meters = inputs.meters
    uses: list[LimitUse] = []
    for number, key in enumerate(keys):
        refused = meters.refused[number * 3 : number * 3 + 3]
        if meters.kind[number] not in {PROTECTION, BOTH}:
            continue
        peaks = (
            float(meters.peak_requests[number]),
            meters.peak_time[number] / MICROSECONDS,
            float(meters.peak_in_flight[number]),
        )
        prefix = "dataverse" if key.service == "dataverse" else "fo"
        names = [f"{prefix}.{name}" for name in ("requests", "execution-time", "concurrency")]
        for name, peak, refusals in zip(names, peaks, refused, strict=True):
            allowance = limits[name].allowance
            uses.append(_use(name, key.identity, key.server, peak, allowance, refusals))
    if any(key.service == "finance_operations" for key in keys):
        by_load = inputs.environment.counters[4]
        allowance = limits["fo.model.refuse-low"].allowance
        uses.append(
            _use("fo.load", "environment", "", inputs.environment.peak[0], allowance, by_load)
        )
    return tuple(uses)


def _use(
    limit: str, identity: str, server: str, peak: float, allowance: float, refusals: int
) -> LimitUse:
    share = peak / allowance if allowance else float(peak > 0 or refusals > 0)
    return LimitUse(
        limit=limit,
        identity=identity,
        server=server,
        peak=peak,
        allowance=allowance,
        share=share,
        refusals=refusals,
    )
