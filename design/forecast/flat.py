"""The engine for numba: the forecast's events and the rules of the meters on flat arrays.

`reference` and `windtunnel.contracts.limits` say what is right; tests hold this equal to them, to
the event. Written in the subset that numba compiles, as one long loop: it is the innermost.
"""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from heapq import heapify, heappop, heapreplace
from math import ceil
from typing import NamedTuple, TypeAlias

from windtunnel.contracts.limits.block import PAUSE
from windtunnel.contracts.limits.sliding_window import ROUNDING
from windtunnel.design.forecast.streams import SHORTEST_WAIT, SPREAD

Floats: TypeAlias = MutableSequence[float]
Ints: TypeAlias = MutableSequence[int]

RETRY_AFTER, FIXED, EXPONENTIAL = 0, 1, 2
PROTECTION, RESOURCE, NO_LIMIT, BOTH = 0, 1, 2, 3


class Draws(NamedTuple):
    """Random numbers drawn once; walks wrap around. mask = length - 1, of a power of two."""

    exponential: Sequence[float]
    uniform: Sequence[float]
    mask: int


class Flows(NamedTuple):
    """Flows; `arrivals` of all flows stand one after another, `first` to `end` of each."""

    arrivals: Sequence[float]
    next: Ints
    end: Sequence[int]
    mean_seconds: Sequence[float]
    wait: Sequence[int]
    first_wait: Sequence[float]
    longest_wait: Sequence[float]
    attempts: Sequence[int]
    max_seconds: Sequence[float]
    jitter: Sequence[float]
    retries: Sequence[int]
    meter_first: Sequence[int]
    meter_count: Sequence[int]
    meters: Sequence[int]


class Workers(NamedTuple):
    """Senders: a flow has as many as its parallelism; each carries one request at a time."""

    flow: Sequence[int]
    request: Ints
    attempt: Ints
    running: Ints
    micros: Ints
    seconds: Floats
    tried: Floats


class Meters(NamedTuple):
    """One per identity and web server: rules, windows as rings, blocks and counters.

    `growth` to `last` describe blocks: first one per meter for its own limits, then as many for the
    load of finance and operations; `load_block` is where a meter's caller has the latter.
    """

    kind: Sequence[int]
    most: Sequence[int]
    most_time: Sequence[int]
    at_once: Sequence[int]
    window: Sequence[float]
    time_window: Sequence[float]
    never: Sequence[int]
    growth: Sequence[float]
    retry_cap: Sequence[int]
    block_cap: Sequence[int]
    load_block: Sequence[int]
    concurrency_retry: Sequence[int]
    count_refused: Sequence[int]
    threshold: Sequence[float]
    ring: Floats
    ring_first: Sequence[int]
    ring_size: Sequence[int]
    head: Ints
    tail: Ints
    spent_at: Floats
    spent_micros: Ints
    spent_first: Sequence[int]
    spent_size: Sequence[int]
    spent_head: Ints
    spent_tail: Ints
    spent: Ints
    in_flight: Ints
    until: Floats
    began: Floats
    changed: Floats
    last: Ints
    blocked_by: Ints
    over: Ints
    peak_requests: Ints
    peak_time: Ints
    peak_in_flight: Ints
    refused: Ints


class Environment(NamedTuple):
    """The shared load of a finance and operations environment."""

    retry_after: int
    smoothing: float
    capacity: float
    background_cpu: float
    background_memory: float
    request_memory: float
    memory: float
    at: Floats
    micros: Ints
    counters: Ints
    peak: Floats


class Tally(NamedTuple):
    """What happened, by flow and minute or hour: index = flow * minutes + minute."""

    completed: Ints
    given_up: Ints
    refused: Ints
    hour_wait: Floats
    longest_wait: Floats
    longest_retry: Ints


def simulate(
    horizon: float,
    minutes: int,
    draws: Draws,
    flows: Flows,
    workers: Workers,
    meters: Meters,
    environment: Environment,
    tally: Tally,
) -> float:
    """Run all events before `horizon`; count into `meters` and `tally`; return the last moment."""
    exponential, uniform, mask = draws.exponential, draws.uniform, draws.mask
    arrivals, next_arrival, arrival_end = flows.arrivals, flows.next, flows.end
    mean_seconds, meter_first, meter_count = (
        flows.mean_seconds,
        flows.meter_first,
        flows.meter_count,
    )
    flow_meters = flows.meters
    w_flow, w_request, w_attempt = workers.flow, workers.request, workers.attempt
    w_running, w_micros, w_seconds, w_tried = (
        workers.running,
        workers.micros,
        workers.seconds,
        workers.tried,
    )
    kind, most, most_time, at_once = meters.kind, meters.most, meters.most_time, meters.at_once
    window, time_window = meters.window, meters.time_window
    ring, ring_first, ring_size = meters.ring, meters.ring_first, meters.ring_size
    heads, tails = meters.head, meters.tail
    spent_at, spent_micros = meters.spent_at, meters.spent_micros
    spent_first, spent_size = meters.spent_first, meters.spent_size
    spent_heads, spent_tails, spent = meters.spent_head, meters.spent_tail, meters.spent
    in_flight, until, over = meters.in_flight, meters.until, meters.over
    peak_requests, peak_time, peak_in_flight = (
        meters.peak_requests,
        meters.peak_time,
        meters.peak_in_flight,
    )
    completed, hour_wait, flow_wait = tally.completed, tally.hour_wait, tally.longest_wait
    env_at, env_micros, env = environment.at, environment.micros, environment.counters
    env_size = len(env_at)

    events = [(0.0, worker) for worker in range(len(w_flow))]
    heapify(events)
    now = 0.0
    while len(events) > 0:
        moment, worker = events[0]
        if moment >= horizon:
            break
        now = moment
        flow = w_flow[worker]
        meter = w_running[worker]
        if meter >= 0:
            # the request that this worker carried has ended
            in_flight[meter] -= 1
            micros = w_micros[worker]
            if kind[meter] == PROTECTION or kind[meter] == BOTH:
                limit = now - time_window[meter]
                head, tail, size = spent_heads[meter], spent_tails[meter], spent_size[meter]
                base = spent_first[meter]
                total = spent[meter] + micros
                while head < tail and spent_at[base + head % size] <= limit:
                    total -= spent_micros[base + head % size]
                    head += 1
                slot = base + tail % size
                spent_at[slot] = now
                spent_micros[slot] = micros
                spent_heads[meter] = head
                spent_tails[meter] = tail + 1
                spent[meter] = total
                peak_time[meter] = max(peak_time[meter], total)
            if kind[meter] == RESOURCE or kind[meter] == BOTH:
                slot = env[1] % env_size
                env_at[slot] = now
                env_micros[slot] = micros
                env[1] += 1
                env[2] += micros
                env[3] -= 1
            completed[flow * minutes + int(now // 60)] += 1
        take = meter != -1
        while True:
            if take:
                request = next_arrival[flow]
                if request >= arrival_end[flow]:
                    heappop(events)
                    break
                next_arrival[flow] = request + 1
                w_request[worker] = request
                w_attempt[worker] = 0
                w_running[worker] = -1
                seconds = mean_seconds[flow] * exponential[(request * SPREAD) & mask]
                w_seconds[worker] = seconds
                w_micros[worker] = int(seconds * 1_000_000 + 0.5)
                if arrivals[request] > now:
                    heapreplace(events, (arrivals[request], worker))
                    break
            request = w_request[worker]
            attempt = w_attempt[worker]
            meter = flow_meters[meter_first[flow] + request % meter_count[flow]]
            if attempt == 0:
                w_tried[worker] = now
            retry_after = 0
            if kind[meter] == PROTECTION or kind[meter] == BOTH:
                head, tail, size = heads[meter], tails[meter], ring_size[meter]
                base = ring_first[meter]
                limit = now - window[meter]
                while head < tail and ring[base + head % size] <= limit:
                    head += 1
                heads[meter] = head
                refused_by = -1
                if now < until[meter]:
                    refused_by = 3
                elif in_flight[meter] >= at_once[meter]:
                    refused_by = 2
                elif tail - head >= most[meter]:
                    refused_by = 0
                elif spent[meter] > most_time[meter]:
                    limit = now - time_window[meter]
                    spent_head, spent_tail = spent_heads[meter], spent_tails[meter]
                    spent_base, spent_ring = spent_first[meter], spent_size[meter]
                    while (
                        spent_head < spent_tail
                        and spent_at[spent_base + spent_head % spent_ring] <= limit
                    ):
                        spent[meter] -= spent_micros[spent_base + spent_head % spent_ring]
                        spent_head += 1
                    spent_heads[meter] = spent_head
                    if spent[meter] > most_time[meter]:
                        refused_by = 1
                if refused_by == -1:
                    ring[base + tail % size] = now
                    tails[meter] = tail + 1
                    peak_requests[meter] = max(peak_requests[meter], tail + 1 - head)
                    peak_in_flight[meter] = max(peak_in_flight[meter], in_flight[meter] + 1)
                    over[meter] = 0
                else:
                    retry_after = refuse(now, meter, refused_by, meters)
            if retry_after == 0 and (kind[meter] == RESOURCE or kind[meter] == BOTH):
                block = meters.load_block[meter]
                if now < until[block] and meters.threshold[meter] < 1e300:
                    retry_after = lengthen(now, block, meters, 0)
                else:
                    limit = now - environment.smoothing
                    while env[0] < env[1] and env_at[env[0] % env_size] <= limit:
                        env[2] -= env_micros[env[0] % env_size]
                        env[0] += 1
                    load = max(
                        environment.background_cpu + env[2] / environment.capacity,
                        environment.background_memory
                        + env[3] * environment.request_memory / environment.memory,
                    )
                    environment.peak[0] = max(environment.peak[0], load)
                    if load >= meters.threshold[meter]:
                        retry_after = environment.retry_after
                        meters.began[block] = now
                        meters.changed[block] = now
                        meters.last[block] = retry_after
                        until[block] = now + retry_after
                    else:
                        env[3] += 1
                if retry_after > 0:
                    env[4] += 1
            if retry_after == 0:
                in_flight[meter] += 1
                w_running[worker] = meter
                waited = now - arrivals[request]
                flow_wait[flow] = max(flow_wait[flow], waited)
                hour = int(now // 3600)
                hour_wait[hour] = max(hour_wait[hour], waited)
                heapreplace(events, (now + w_seconds[worker], worker))
                break
            tally.refused[flow * minutes + int(now // 60)] += 1
            tally.longest_retry[flow] = max(tally.longest_retry[flow], retry_after)
            attempt += 1
            w_attempt[worker] = attempt
            wait = float(retry_after)
            if flows.wait[flow] == FIXED:
                wait = flows.first_wait[flow]
            elif flows.wait[flow] == EXPONENTIAL:
                wait = flows.first_wait[flow] * 2.0 ** min(attempt - 1, 60)
                wait = min(wait, flows.longest_wait[flow])
            wait *= 1.0 + flows.jitter[flow] * uniform[(request * SPREAD + attempt) & mask]
            spends = now + wait - w_tried[worker]
            ends = flows.attempts[flow]
            if flows.retries[flow] and attempt != ends and spends <= flows.max_seconds[flow]:
                heapreplace(events, (now + max(wait, SHORTEST_WAIT), worker))
                break
            tally.given_up[flow * minutes + int(now // 60)] += 1
            take = True
    return now


def lengthen(now: float, block: int, meters: Meters, needed: int) -> int:
    """`Block.lengthen`."""
    until = max(meters.until[block], now + needed)
    if now - meters.changed[block] >= PAUSE:
        meters.changed[block] = now
        last = meters.last[block]
        cap = meters.retry_cap[block]
        if last < cap:
            last = min(last + max(1, int(last * meters.growth[block] + 0.5)), cap)
            meters.last[block] = last
        end = min(now + last, meters.began[block] + meters.block_cap[block])
        until = max(until, end)
    meters.until[block] = until
    seconds = max(1, ceil(until - now - ROUNDING))
    return seconds if now + seconds >= until else seconds + 1


def outside(now: float, moment: float, window: float) -> int:
    """`seconds_until_outside`."""
    seconds = max(1, ceil(moment + window - now - ROUNDING))
    return seconds if moment <= now + seconds - window else seconds + 1


def needed_wait(now: float, meter: int, meters: Meters) -> int:
    """`ServiceProtection._wait`: whole seconds until both windows have room."""
    wait = 1
    size, base = meters.ring_size[meter], meters.ring_first[meter]
    head, tail = meters.head[meter], meters.tail[meter]
    while head < tail and meters.ring[base + head % size] <= now - meters.window[meter]:
        head += 1
    meters.head[meter] = head
    most = meters.most[meter]
    if most < 1:
        wait = meters.never[meter]
    elif tail - head >= most:
        moment = meters.ring[base + (tail - most) % size]
        wait = outside(now, moment, meters.window[meter])
    size, base = meters.spent_size[meter], meters.spent_first[meter]
    head, tail = meters.spent_head[meter], meters.spent_tail[meter]
    while head < tail and meters.spent_at[base + head % size] <= now - meters.time_window[meter]:
        meters.spent[meter] -= meters.spent_micros[base + head % size]
        head += 1
    meters.spent_head[meter] = head
    overspent = meters.spent[meter] - meters.most_time[meter]
    if overspent > 0:
        while overspent > 0:
            overspent -= meters.spent_micros[base + head % size]
            head += 1
        moment = meters.spent_at[base + (head - 1) % size]
        wait = max(wait, outside(now, moment, meters.time_window[meter]))
    return wait


def refuse(now: float, meter: int, refused_by: int, meters: Meters) -> int:
    """The refusals of `ServiceProtection`: by count 0, time 1, concurrency 2, block 3."""
    if meters.count_refused[meter]:
        size = meters.ring_size[meter]
        tail = meters.tail[meter]
        meters.ring[meters.ring_first[meter] + tail % size] = now
        meters.tail[meter] = tail + 1
        if tail + 1 - meters.head[meter] > size:
            meters.head[meter] = tail + 1 - size
    if refused_by == 2:
        meters.refused[meter * 3 + 2] += 1
        longest = meters.concurrency_retry[meter]
        retry = 1 + meters.over[meter] * longest // max(1, meters.at_once[meter])
        meters.over[meter] += 1
        return min(longest, retry)
    if refused_by == 3:
        meters.refused[meter * 3 + meters.blocked_by[meter]] += 1
        needed = 0
        if meters.count_refused[meter]:
            needed = needed_wait(now, meter, meters)
        return lengthen(now, meter, meters, needed)
    meters.refused[meter * 3 + refused_by] += 1
    meters.blocked_by[meter] = refused_by
    retry = needed_wait(now, meter, meters)
    meters.began[meter] = now
    meters.changed[meter] = now
    meters.last[meter] = retry
    meters.until[meter] = now + retry
    return retry
