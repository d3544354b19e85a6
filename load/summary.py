"""Tallies to the result file's model. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from windtunnel.contracts.documents import PlanFlow
from windtunnel.contracts.results import (
    FlowLoad,
    LatencySummary,
    LimitUse,
    LoadPoint,
    LoadResult,
    Outcome,
)
from windtunnel.load.arrivals import expected
from windtunnel.load.job import Job
from windtunnel.load.tally import Bucket, FlowTally, Histogram

LATE_SECONDS = 0.25
"""An idle sender that starts this late means that the generator itself was too slow."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that ended: its flows with what was due and what became of it."""

    job: Job
    flows: Sequence[PlanFlow]
    due: Mapping[str, Sequence[float]]
    tallies: Mapping[str, FlowTally]
    started: float
    seconds: float
    limits: tuple[LimitUse, ...] = ()
    notes: tuple[str, ...] = ()


def latency_of(histogram: Histogram) -> LatencySummary:
    """Percentiles of a histogram."""
    return LatencySummary(
        p50=histogram.percentile(0.50),
        p95=histogram.percentile(0.95),
        p99=histogram.percentile(0.99),
        longest=histogram.longest,
    )


def load_result(ran: Ran) -> LoadResult:
    """The result; it passed when every request that was due was completed."""
    flows = tuple(_flow(ran, flow) for flow in ran.flows)
    total = FlowTally(ran.job.bucket_seconds)
    for tally in ran.tallies.values():
        total.merge(tally)
    offered = sum(flow.offered for flow in flows)
    open_ = sum(flow.open for flow in flows)
    seconds = max(ran.seconds, 1e-9)
    # Offered is a rate over the time in which requests were due; draining is not part of it.
    offering = max(min(seconds, ran.job.duration), 1e-9)
    good = not (total.failed or total.lost or open_)
    return LoadResult(
        name=ran.job.plan.name,
        file=ran.job.file,
        started=ran.started,
        seconds=ran.seconds,
        offered_per_second=offered / offering,
        achieved_per_second=total.completed / seconds,
        requests=total.answers,
        throttled=total.throttled,
        throttled_share=total.throttled / total.answers if total.answers else 0.0,
        failed=total.failed,
        lost=total.lost,
        longest_retry_after=total.longest_retry_after,
        backlog_at_end=open_,
        latency=latency_of(total.latency),
        service=latency_of(total.service),
        flows=flows,
        limits=ran.limits,
        timeline=_timeline(ran, total),
        outcome=Outcome.PASSED if good and offered else Outcome.FAILED,
        notes=(*ran.job.notes, *ran.notes, *_notes(flows, total)),
        seed=ran.job.seed,
        bucket_seconds=ran.job.bucket_seconds,
        properties=ran.job.properties,
    )


def _flow(ran: Ran, flow: PlanFlow) -> FlowLoad:
    tally = ran.tallies.get(flow.name, FlowTally())
    offered = bisect_right(ran.due.get(flow.name, ()), ran.seconds)
    return FlowLoad(
        flow=flow.name,
        planned_per_second=expected(flow, ran.job.duration, ran.job.scale) / ran.job.duration,
        offered=offered,
        completed=tally.completed,
        throttled=tally.throttled,
        failed=tally.failed,
        lost=tally.lost,
        open=max(offered - tally.completed - tally.failed - tally.lost, 0),
        latency=latency_of(tally.latency),
        service=latency_of(tally.service),
        longest_retry_after=tally.longest_retry_after,
        identities=flow.identities,
        causes=tally.causes,
    )


def _timeline(ran: Ran, total: FlowTally) -> tuple[LoadPoint, ...]:
    """Rates per second by slice; the backlog is what is due and not yet ended at its end."""
    length = ran.job.bucket_seconds
    last = int(ran.seconds / length)
    points: list[LoadPoint] = []
    due_before = ended = 0
    for number in range(last + 1):
        due = sum(
            bisect_right(times, min((number + 1) * length, ran.seconds))
            for times in ran.due.values()
        )
        bucket = total.buckets.get(number, Bucket())
        ended += bucket.completed + bucket.failed + bucket.lost
        span = min(length, ran.seconds - number * length)
        if span < length / 20 and number:
            break
        points.append(
            LoadPoint(
                at=number * length,
                offered=(due - due_before) / span,
                achieved=bucket.completed / span,
                throttled=bucket.throttled / span,
                failed=(bucket.failed + bucket.lost) / span,
                backlog=max(due - ended, 0),
                p95=bucket.latency.percentile(0.95),
            )
        )
        due_before = due
    return tuple(points)


def _notes(flows: Sequence[FlowLoad], total: FlowTally) -> tuple[str, ...]:
    notes: list[str] = []
    if total.latest_start > LATE_SECONDS:
        notes.append(
            f"The generator itself was up to {total.latest_start:.1f} s late although a sender "
            "was idle: use more --workers, or a lower --scale."
        )
    for flow in flows:
        cause = max(flow.causes, key=lambda name: flow.causes[name], default="")
        if flow.lost:
            said = f", mostly after {cause}" if cause else ""
            notes.append(f"{flow.flow}: {flow.lost:,} requests were given up{said}.")
        if flow.failed:
            said = f", mostly {cause}" if cause else ""
            notes.append(f"{flow.flow}: {flow.failed:,} requests ended in an error{said}.")
        if flow.open:
            notes.append(f"{flow.flow}: {flow.open:,} requests were still waiting at the end.")
    return tuple(notes)
