"""Flows and limits laid out as the flat arrays of the numba engine."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf

from windtunnel.contracts.limits import Limits, ProtectionRules, ResourceRules
from windtunnel.contracts.limits.service_protection import MICROSECONDS
from windtunnel.design.forecast.flat import (
    BOTH,
    EXPONENTIAL,
    FIXED,
    NO_LIMIT,
    PROTECTION,
    RESOURCE,
    RETRY_AFTER,
    Draws,
    Environment,
    Flows,
    Meters,
    Tally,
    Workers,
)
from windtunnel.design.forecast.plans import FlowPlan, MeterKey, meter_keys
from windtunnel.design.forecast.streams import MASK, Streams

DAY_SECONDS = 86_400
MOST_RING = 20_000_000


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything the engine reads and writes."""

    horizon: float
    minutes: int
    draws: Draws
    flows: Flows
    workers: Workers
    meters: Meters
    environment: Environment
    tally: Tally


def lay_out(
    plans: Sequence[FlowPlan], limits: Limits, streams: Streams, keys: Sequence[MeterKey]
) -> Inputs:
    """Lay everything out; each call begins a new day with nothing used."""
    index = {key: number for number, key in enumerate(keys)}
    meter_lists = [[index[key] for key in meter_keys([plan])] for plan in plans]
    minutes = streams.days * 1440
    moments = array("d")
    spans: list[tuple[int, int]] = []
    for part in streams.arrivals:
        spans.append((len(moments), len(moments) + len(part)))
        moments.extend(part)
    callers = any(key.service == "finance_operations" for key in keys)
    return Inputs(
        float(streams.days * DAY_SECONDS),
        minutes,
        Draws(streams.exponential, streams.uniform, MASK),
        _flows(plans, moments, spans, meter_lists),
        _workers(plans),
        _meters(keys, limits, len(moments)),
        _environment(limits, len(moments) + 1 if callers else 1),
        Tally(
            _ints(len(plans) * minutes),
            _ints(len(plans) * minutes),
            _ints(len(plans) * minutes),
            _floats(streams.days * 24),
            _floats(len(plans)),
            _ints(len(plans)),
        ),
    )


def _floats(count: int) -> array[float]:
    return array("d", bytes(8 * count))


def _ints(count: int) -> array[int]:
    return array("q", bytes(8 * count))


def _flows(
    plans: Sequence[FlowPlan],
    moments: array[float],
    spans: Sequence[tuple[int, int]],
    meters: Sequence[list[int]],
) -> Flows:
    waits = {"retry-after": RETRY_AFTER, "fixed": FIXED, "exponential": EXPONENTIAL}
    retries = [plan.retry for plan in plans]
    firsts = [sum(len(part) for part in meters[:number]) for number in range(len(meters))]
    return Flows(
        moments,
        array("q", [first for first, _ in spans]),
        array("q", [end for _, end in spans]),
        array("d", [plan.mean_seconds for plan in plans]),
        array("q", [waits[retry.wait] for retry in retries]),
        array("d", [retry.first_seconds for retry in retries]),
        array("d", [retry.longest_seconds for retry in retries]),
        array("q", [retry.attempts or 0 for retry in retries]),
        array("d", [inf if r.max_seconds is None else r.max_seconds for r in retries]),
        array("d", [retry.jitter for retry in retries]),
        array("q", [429 in retry.on for retry in retries]),
        array("q", firsts),
        array("q", [len(part) for part in meters]),
        array("q", [meter for part in meters for meter in part]),
    )


def _workers(plans: Sequence[FlowPlan]) -> Workers:
    flow = array("q", [n for n, plan in enumerate(plans) for _ in range(plan.parallelism)])
    count = len(flow)
    return Workers(
        flow,
        _ints(count),
        _ints(count),
        array("q", [-2] * count),
        _ints(count),
        _floats(count),
        _floats(count),
    )


def _kind(key: MeterKey) -> int:
    if key.service == "dataverse":
        return PROTECTION
    rules = key.throttling
    if key.service is None or not (rules.by_load or rules.by_user):
        return NO_LIMIT
    if rules.by_user:
        return BOTH if rules.by_load else PROTECTION
    return RESOURCE


def _meters(keys: Sequence[MeterKey], limits: Limits, requests: int) -> Meters:
    resource = ResourceRules.of(limits)
    of_service = {
        "dataverse": ProtectionRules.of(limits),
        "finance_operations": ProtectionRules.of(limits, "fo"),
    }
    rules = [of_service[key.service or "dataverse"] for key in keys]
    kind = [_kind(key) for key in keys]
    count = len(keys)
    thresholds = {
        "low": resource.refuse_low,
        "medium": resource.refuse_medium,
        "high": resource.refuse_high,
        "exempt": inf,
    }
    first: dict[str, int] = {}
    for number, key in enumerate(keys):
        first.setdefault(key.caller, number)
    rings = [_ring(own, k, requests) for own, k in zip(rules, kind, strict=True)]
    spents = [_spent(own, k, requests) for own, k in zip(rules, kind, strict=True)]
    return Meters(
        array("q", kind),
        array("q", [int(own.requests.allowance) for own in rules]),
        array("q", [round(own.execution.allowance * MICROSECONDS) for own in rules]),
        array("q", [int(own.concurrency.allowance) for own in rules]),
        array("d", [own.requests.seconds for own in rules]),
        array("d", [own.execution.seconds for own in rules]),
        array("q", [max(1, round(own.requests.seconds)) for own in rules]),
        array("d", [own.growth for own in rules] + [resource.growth] * count),
        array("q", [own.retry_cap for own in rules] + [resource.retry_cap] * count),
        array("q", [own.block_cap for own in rules] + [resource.block_cap] * count),
        array("q", [count + first[key.caller] for key in keys]),
        array("q", [own.concurrency_retry for own in rules]),
        array("q", [own.count_refused for own in rules]),
        array("d", [thresholds[key.priority] for key in keys]),
        _floats(sum(rings)),
        array("q", [sum(rings[:n]) for n in range(count)]),
        array("q", rings),
        _ints(count),
        _ints(count),
        _floats(sum(spents)),
        _ints(sum(spents)),
        array("q", [sum(spents[:n]) for n in range(count)]),
        array("q", spents),
        _ints(count),
        _ints(count),
        _ints(count),
        _ints(count),
        array("d", [-inf] * (2 * count)),
        _floats(2 * count),
        _floats(2 * count),
        _ints(2 * count),
        _ints(count),
        _ints(count),
        _ints(count),
        _ints(count),
        _ints(count),
        _ints(count * 3),
    )


def _ring(own: ProtectionRules, kind: int, requests: int) -> int:
    """Room for the moments of requests in a window."""
    if kind not in {PROTECTION, BOTH}:
        return 0
    most = int(own.requests.allowance)
    return max(1, min(most, MOST_RING if own.count_refused else requests + 1))


def _spent(own: ProtectionRules, kind: int, requests: int) -> int:
    """Room for the requests whose execution time is in a window."""
    if kind not in {PROTECTION, BOTH}:
        return 0
    windows = ceil(own.execution.seconds / own.requests.seconds) + 1
    most = int(own.requests.allowance) * windows + int(own.concurrency.allowance)
    return min(most, requests) + 1


def _environment(limits: Limits, room: int) -> Environment:
    rules = ResourceRules.of(limits)
    return Environment(
        rules.retry_after,
        rules.smoothing_seconds,
        rules.smoothing_seconds * rules.cores * MICROSECONDS,
        rules.background_cpu,
        rules.background_memory,
        rules.request_memory,
        rules.memory,
        _floats(room),
        _ints(room),
        _ints(5),
        _floats(1),
    )
