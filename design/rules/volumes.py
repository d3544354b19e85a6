"""Volumes against limits."""

from __future__ import annotations

from collections.abc import Iterator

from windtunnel.contracts.documents.design import Flow
from windtunnel.contracts.documents.plan import Pattern
from windtunnel.contracts.results import Finding, Severity
from windtunnel.design.rules.rule import Rule, Subject, peak_hour

SMALL_BATCH = 10
HEADROOM = 0.8


class NoVolume(Rule):
    """Checks for flows without a planned volume.

    ## Why is this bad?
    Pattern, batch size and parallelism follow from volume, frequency and peak. Without them
    nobody can say whether the flow fits its limits.

    ## Example
    - {name: orders-in, pattern: dataverse-webapi}

    ## Use instead
    - {name: orders-in, pattern: dataverse-webapi, volume: {per_day: 50000, profile: office-hours}}

    ## References
    - Integration between finance and operations apps and third-party services
    - Choose a pattern: Dynamics 365 implementation guidance
    """

    name = "no-volume"
    severity = Severity.WARNING
    remedy = "state per_day and profile"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow in subject.design.flows:
            if flow.volume is None:
                yield self.found(subject, "has no planned volume", flow=flow)


class SynchronousBulkOverOData(Rule):
    """Checks for bulk volumes sent record by record to finance and operations.

    ## Why is this bad?
    OData and custom services run one request at a time through the business logic and share the
    load of the environment with its users. Published examples stay within 1,000 to 5,000 records
    an hour; above a few hundred thousand records the batch data API is always the choice.

    ## Example
    {pattern: odata, volume: {per_day: 400000}}

    ## Use instead
    {pattern: dmf, volume: {per_day: 400000, batch_size: 50000}}

    ## References
    - Integration between finance and operations apps and third-party services
    - Data management package REST API
    """

    name = "synchronous-bulk-over-odata"
    severity = Severity.ERROR
    remedy = "use the data management package API or recurring integrations"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        most, hourly = subject.number("fo.odata-records"), subject.number("fo.odata-volume")
        for flow, service in subject.requests():
            if service != "finance_operations" or flow.volume is None:
                continue
            if flow.volume.per_day > most:
                message = (
                    f"{flow.volume.per_day:,} records a day go one by one (gauge: {most:,.0f})"
                )
                yield self.found(subject, message, "volume", "per_day", flow=flow)
            elif peak_hour(flow) > hourly:
                message = (
                    f"{peak_hour(flow):,.0f} records in the busiest hour (gauge: {hourly:,.0f})"
                )
                yield self.found(subject, message, "volume", flow=flow, severity=Severity.WARNING)


class SingleIdentityForAllFlows(Rule):
    """Checks for one identity behind all flows of a service.

    ## Why is this bad?
    Limits count per identity and priorities are given per identity. With one for all, the nightly
    load blocks the web shop, and nobody can see who used what.

    ## Example
    flows a, b and c with identities: [integration]

    ## Use instead
    one application user for each flow or group of flows

    ## References
    - Service protection API limits (Dataverse)
    - Priority-based throttling
    - Maximize API throughput (finance and operations)
    """

    name = "single-identity-for-all-flows"
    severity = Severity.WARNING
    remedy = "give each flow its own application user"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        by_service: dict[str, list[Flow]] = {}
        for flow, service in subject.requests():
            by_service.setdefault(service, []).append(flow)
        for name, flows in by_service.items():
            names = {who for flow in flows for who in flow.identities}
            if len(flows) > 1 and len(names) == 1:
                message = f"all {len(flows)} flows of {name} are '{names.pop()}': all wait together"
                yield self.found(subject, message, "identities", flow=flows[0])


class BatchToDodgeLimits(Rule):
    """Checks for large $batch requests where single or bulk requests serve better.

    ## Why is this bad?
    A batch counts as one request, but its whole execution time counts, and so does every part of
    it for the daily entitlement. Large batches run into the execution-time limit and hold their
    sender for long; they are meant for transactions and long URLs.

    ## Example
    {pattern: batch, volume: {batch_size: 500}}

    ## Use instead
    {pattern: bulk, volume: {batch_size: 100}}

    ## References
    - Service protection API limits (Dataverse)
    - Use bulk operation messages
    - Send parallel requests (Dataverse)
    """

    name = "batch-to-dodge-limits"
    severity = Severity.WARNING
    remedy = "use CreateMultiple and its kin, or parallel single requests; start with 10 in a batch"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow, service in subject.requests():
            volume = flow.volume
            if service != "dataverse" or flow.pattern is not Pattern.BATCH or volume is None:
                continue
            if volume.batch_size > SMALL_BATCH:
                message = f"batches of {volume.batch_size}: their execution time counts in full"
                yield self.found(subject, message, "volume", "batch_size", flow=flow)


class BatchOverLimit(Rule):
    """Checks for batches above the number of operations that a service takes.

    ## Why is this bad?
    Dataverse refuses more than 1,000 requests in a batch, finance and operations more than 5,000.

    ## Example
    {pattern: batch, volume: {batch_size: 6000}}

    ## Use instead
    {pattern: batch, volume: {batch_size: 100}}

    ## References
    - Execute batch operations using the Web API
    - Open Data Protocol (OData) (finance and operations)
    """

    name = "batch-over-limit"
    severity = Severity.ERROR
    remedy = "make the batches smaller"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow, service in subject.requests():
            limit = subject.limits["dataverse.batch" if service == "dataverse" else "fo.batch"]
            size = flow.volume.batch_size if flow.volume else 1
            if flow.pattern is Pattern.BATCH and size > limit.allowance:
                message = f"batches of {size:,}, the limit is {limit.allowance:,.0f}"
                yield self.found(subject, message, "volume", "batch_size", flow=flow)


class ParallelismAbove52(Rule):
    """Checks for more requests at once than one identity may have on a web server.

    ## Why is this bad?
    The fifty-third request at once is refused at once. The service recommends a degree of
    parallelism in the header x-ms-dop-hint; more threads only produce more refusals.

    ## Example
    {pattern: dataverse-webapi, volume: {parallelism: 100}}

    ## Use instead
    {pattern: dataverse-webapi, volume: {parallelism: 40}}

    ## References
    - Service protection API limits (Dataverse)
    - Send parallel requests (Dataverse)
    """

    name = "parallelism-above-52"
    severity = Severity.ERROR
    remedy = "stay at x-ms-dop-hint, or spread the flow over identities"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        most = subject.number("dataverse.concurrency")
        for flow, service in subject.requests():
            if service != "dataverse" or flow.volume is None:
                continue
            meters = max(1, len(flow.identities)) * flow.volume.servers
            at_once = flow.volume.parallelism / meters
            if at_once > most:
                message = (
                    f"{at_once:,.0f} requests at once for one identity, the limit is {most:,.0f}"
                )
                yield self.found(subject, message, "volume", "parallelism", flow=flow)


class LimitsExceededByForecast(Rule):
    """Checks the forecast for refused, lost and left-over requests.

    ## Why is this bad?
    The planned day, run through the limits with the planned retries, does not fit: requests are
    refused, given up or still waiting at midnight. The live service will do the same.

    ## Example
    {per_day: 3000000, identities: [one], parallelism: 4}

    ## Use instead
    {per_day: 3000000, identities: [one, two, three], parallelism: 12}

    ## References
    - Service protection API limits (Dataverse)
    - Priority-based throttling
    """

    name = "limits-exceeded-by-forecast"
    severity = Severity.ERROR
    remedy = (
        "spread over time, identities or larger messages; `windtunnel forecast` shows the hours"
    )

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        if subject.forecast is None:
            return
        for result in subject.forecast.flows:
            flow = next(flow for flow in subject.design.flows if flow.name == result.flow)
            left = result.arrivals - result.completed - result.given_up
            if result.given_up:
                message = f"{result.given_up:,} of {result.arrivals:,} requests are given up"
                yield self.found(subject, message, "volume", flow=flow)
            if left > max(100, result.arrivals / 100):
                message = f"{left:,} of {result.arrivals:,} requests are not done when the day ends"
                yield self.found(subject, message, "volume", flow=flow)
            if result.refused and not result.given_up:
                longest = result.longest_retry_after
                message = (
                    f"{result.refused:,} requests are refused, Retry-After up to {longest:g} s"
                )
                yield self.found(subject, message, "volume", flow=flow, severity=Severity.WARNING)


class LittleHeadroom(Rule):
    """Checks the forecast for limits that are used above four fifths.

    ## Why is this bad?
    A plan that just fits does not fit on the day after a holiday. Environments differ, retries
    add requests, and growth is not in the plan.

    ## Example
    peak hour at 95 % of the request limit

    ## Use instead
    peak hour below 80 %

    ## References
    - Service protection API limits (Dataverse)
    """

    name = "little-headroom"
    severity = Severity.WARNING
    remedy = "leave a fifth of each limit free"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        if subject.forecast is None:
            return
        for use in subject.forecast.limits:
            if use.share >= HEADROOM and not use.refusals:
                message = f"{use.identity} uses {use.share:.0%} of {use.limit} at its peak"
                yield self.found(subject, message, "flows")


class EntitlementExceeded(Rule):
    """Checks the daily requests of application users against the tenant's entitlement.

    ## Why is this bad?
    Every record of a batch or bulk message counts, and all application users of a tenant share
    one pool. Overuse is reported and may be billed or limited.

    ## Example
    {per_day: 800000} with no capacity add-on

    ## Use instead
    {per_day: 400000}, or add-ons of 50,000 requests a day

    ## References
    - Requests limits and allocations (Power Platform)
    """

    name = "entitlement-exceeded"
    severity = Severity.WARNING
    remedy = "send changes only, or plan capacity add-ons"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        pool = subject.number("dataverse.entitlement.application")
        flows = [flow for flow, service in subject.requests() if service == "dataverse"]
        total = sum(
            flow.volume.per_day * flow.volume.profile.volume_factor for flow in flows if flow.volume
        )
        if total > pool:
            message = f"{total:,.0f} records a day; application users share {pool:,.0f} (base pool)"
            yield self.found(subject, message, "flows")


class DataEventsOverRate(Rule):
    """Checks data events against their published rates.

    ## Why is this bad?
    5,000 events in 5 minutes and 50,000 in an hour hold for all entities of the environment
    together. Beyond them events are still sent, and the environment slows for everybody. Imports
    with active data events are the classic accident.

    ## Example
    {pattern: data-events, volume: {per_day: 900000, profile: nightly}}

    ## Use instead
    switch data events off for imports; use Synapse Link for bulk

    ## References
    - Data events
    """

    name = "data-events-over-rate"
    severity = Severity.WARNING
    remedy = "thin the events out or choose another pattern"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        burst, hourly = subject.number("data-events.burst"), subject.number("data-events.hour")
        flows = [flow for flow in subject.design.flows if flow.pattern is Pattern.DATA_EVENTS]
        hours = [0.0] * 24
        for volume in [flow.volume for flow in flows if flow.volume]:
            for hour, share in enumerate(volume.profile.shares()):
                hours[hour] += volume.per_day * volume.profile.volume_factor * share
        if max(hours) > hourly or max(hours) / 12 > burst:
            message = (
                f"{max(hours):,.0f} data events in the busiest hour, guidance is {hourly:,.0f}"
            )
            yield self.found(subject, message, "volume", flow=flows[0])


class DualWriteForBulk(Rule):
    """Checks for bulk loads through dual-write.

    ## Why is this bad?
    Dual-write runs each record synchronously through both products: at most 1,000 records and 2
    minutes a transaction. Imports with running maps take hours and end in 429 and locks.

    ## Example
    {pattern: dual-write, volume: {per_day: 200000, batch_size: 5000}}

    ## Use instead
    pause the maps, load both sides in bulk, run the initial sync

    ## References
    - Guidance for initial synchronization in dual-write
    - Dual-write limits for live synchronization
    """

    name = "dual-write-for-bulk"
    severity = Severity.ERROR
    remedy = "load in bulk with the maps paused"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        records, hourly = subject.number("dual-write.records"), subject.number("fo.odata-volume")
        for flow in subject.design.flows:
            if flow.pattern is not Pattern.DUAL_WRITE or flow.volume is None:
                continue
            if flow.volume.batch_size > records:
                size = flow.volume.batch_size
                message = f"{size:,} records in a transaction, the limit is {records:,.0f}"
                yield self.found(subject, message, "volume", "batch_size", flow=flow)
            elif peak_hour(flow) > hourly:
                message = f"{peak_hour(flow):,.0f} records in the busiest hour through dual-write"
                yield self.found(subject, message, "volume", flow=flow)
