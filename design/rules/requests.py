"""How flows use OData and the Web API."""

from __future__ import annotations

from collections.abc import Iterator

from windtunnel.contracts.documents.plan import Pattern
from windtunnel.contracts.results import Finding, Severity
from windtunnel.design.rules.rule import Rule, Subject

MANY_SENDERS = 10
RARE_POLL_SECONDS = 300
DAY = 86_400


class NoCrossCompany(Rule):
    """Checks for OData flows on finance and operations without cross-company.

    ## Why is this bad?
    Reads are silently limited to the default company of the caller: the answer is 200 and empty.
    Updates of another company answer 400. It shows in production, where the caller's company
    differs.

    ## Example
    {pattern: odata}

    ## Use instead
    {pattern: odata, odata: {cross_company: true}} and dataAreaId in keys and filters

    ## References
    - Open Data Protocol (OData) (finance and operations)
    """

    name = "no-cross-company"
    severity = Severity.WARNING
    remedy = "send cross-company=true and name dataAreaId"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow, service in subject.requests():
            odata = flow.pattern in {Pattern.ODATA, Pattern.BATCH}
            if service == "finance_operations" and odata and not flow.odata.cross_company:
                message = "reads and writes only the caller's default company"
                yield self.found(subject, message, "odata", flow=flow)


class PatchWithoutIfMatch(Rule):
    """Checks for updates in Dataverse without If-Match.

    ## Why is this bad?
    PATCH is an upsert: when the record was deleted meanwhile, the update silently creates a new
    and almost empty one. If-Match: * makes it an update only; an etag also protects against lost
    updates.

    ## Example
    operations: {update: 1}

    ## Use instead
    operations: {update: 1}, odata: {if_match: true}

    ## References
    - Perform conditional operations using the Web API
    - Update and delete table rows using the Web API
    """

    name = "patch-without-if-match"
    severity = Severity.WARNING
    remedy = "send If-Match: * or the etag"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow, service in subject.requests():
            updates = flow.volume and any(o.operation == "update" for o in flow.volume.operations)
            if service == "dataverse" and updates and not flow.odata.if_match:
                message = "PATCH without If-Match creates a record when the id is gone"
                yield self.found(subject, message, "odata", flow=flow)


class SkipPaging(Rule):
    """Checks for paging by $skip, or none at all.

    ## Why is this bad?
    Data moves between pages, so $skip loses and repeats records; Dataverse refuses it. A flow
    that reads the first page only stops silently at 5,000 or 10,000 records.

    ## Example
    odata: {paging: skip}

    ## Use instead
    odata: {paging: next-link}

    ## References
    - Query data using the Web API
    - Open Data Protocol (OData) (finance and operations)
    """

    name = "skip-paging"
    severity = Severity.ERROR
    remedy = "follow @odata.nextLink as it is, until there is none"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow, service in subject.requests():
            if flow.odata.paging == "next-link":
                continue
            page = subject.number("dataverse.page" if service == "dataverse" else "fo.page")
            message = "pages by $skip while the data moves"
            if flow.odata.paging == "first-page":
                message = f"takes the first page for all and stops at {page:,.0f} records"
            yield self.found(subject, message, "odata", "paging", flow=flow)


class UrlTooLong(Rule):
    """Checks for request URLs above the length that Dataverse takes.

    ## Why is this bad?
    A GET takes 32,768 characters. Filters with long lists of keys exceed it on the day with many
    records.

    ## Example
    odata: {url_characters: 40000}

    ## Use instead
    send the query inside $batch (65,536 characters) or in parts

    ## References
    - Query data using the Web API
    """

    name = "url-too-long"
    severity = Severity.ERROR
    remedy = "put the query into $batch"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow, service in subject.requests():
            batch = flow.pattern is Pattern.BATCH
            most = subject.number("dataverse.batch-url" if batch else "dataverse.url")
            length = flow.odata.url_characters or 0
            if service == "dataverse" and length > most:
                message = f"URLs of {length:,} characters, the limit is {most:,.0f}"
                yield self.found(subject, message, "odata", "url_characters", flow=flow)


class WholeRecordUpdates(Rule):
    """Checks for updates that send unchanged columns back.

    ## Why is this bad?
    Every column sent counts as changed: audit noise, plug-ins, webhooks and events fire for
    nothing, server defaults are overwritten and other people's changes undone.

    ## Example
    odata: {changed_columns_only: false}

    ## Use instead
    odata: {changed_columns_only: true}

    ## References
    - Update and delete table rows using the Web API
    - Best practices for event filtering attributes
    """

    name = "whole-record-updates"
    severity = Severity.WARNING
    remedy = "send the columns that changed"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow, _ in subject.requests():
            if not flow.odata.changed_columns_only:
                message = "sends unchanged columns back"
                yield self.found(subject, message, "odata", "changed_columns_only", flow=flow)


class AffinityCookieInThroughputJob(Rule):
    """Checks for throughput jobs that stay on one web server.

    ## Why is this bad?
    Limits count per web server. A client that returns the affinity cookie stays on one and has
    one server's limits, however many the environment has.

    ## Example
    odata: {affinity_cookie: true}, volume: {parallelism: 40}

    ## Use instead
    odata: {affinity_cookie: false}, volume: {parallelism: 40}

    ## References
    - Send parallel requests (Dataverse)
    - Maximize API throughput (finance and operations)
    """

    name = "affinity-cookie-in-throughput-job"
    severity = Severity.WARNING
    remedy = "drop cookies in throughput jobs"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow, _ in subject.requests():
            parallel = flow.volume is not None and flow.volume.parallelism > MANY_SENDERS
            if flow.odata.affinity_cookie and parallel:
                message = "keeps the affinity cookie and so one web server's limits"
                yield self.found(subject, message, "odata", "affinity_cookie", flow=flow)


class PollingInsteadOfEvents(Rule):
    """Checks for frequent polling where changes announce themselves.

    ## Why is this bad?
    Most polls find nothing and still spend requests and load. Business events, webhooks and
    change tracking tell of changes; polling remains for reconciliation.

    ## Example
    trigger: {kind: poll, every: 10s}

    ## Use instead
    trigger: {kind: change-tracking, every: 5m}

    ## References
    - Choose a pattern: Dynamics 365 implementation guidance
    - Business events overview
    - Use change tracking to synchronize data with external systems
    """

    name = "polling-instead-of-events"
    severity = Severity.WARNING
    remedy = "use events or change tracking; poll for reconciliation only"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow, _ in subject.requests():
            trigger = flow.trigger
            if trigger.kind == "poll" and (trigger.every or 0) < RARE_POLL_SECONDS:
                every = (
                    "without a stated interval"
                    if trigger.every is None
                    else f"every {trigger.every:g} s"
                )
                yield self.found(subject, f"polls {every}", "trigger", flow=flow)


class DeltaLinkTooOld(Rule):
    """Checks for delta links that may expire before they are used.

    ## Why is this bad?
    Dataverse keeps change tracking for 7 days. A flow that pauses longer gets an error and,
    without a full synchronization, never catches up.

    ## Example
    trigger: {kind: change-tracking, longest_pause: 10d}

    ## Use instead
    trigger: {kind: change-tracking, longest_pause: 3d, full_resync: true}

    ## References
    - Use change tracking to synchronize data with external systems
    """

    name = "delta-link-too-old"
    severity = Severity.ERROR
    remedy = "run more often, and plan a full synchronization"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        life = subject.number("dataverse.delta-token")
        for flow in subject.design.flows:
            trigger = flow.trigger
            if trigger.kind != "change-tracking":
                continue
            pause = max(trigger.every or 0, trigger.longest_pause or 0)
            if pause >= life:
                message = f"may pause {pause / DAY:g} days, delta links live {life / DAY:g}"
                yield self.found(subject, message, "trigger", flow=flow)
            elif not trigger.full_resync:
                message = "has no full synchronization for the day its delta link is gone"
                yield self.found(subject, message, "trigger", flow=flow, severity=Severity.WARNING)


class UserLimitAssumptions(Rule):
    """Checks for finance and operations flows planned on user-based limits.

    ## Why is this bad?
    6,000 requests in 5 minutes for each user were withdrawn in 2023 and are gone since 10.0.36.
    Today the load of the whole environment decides, low priority first: a plan built on the old
    numbers may be refused far below them.

    ## Example
    throttling_model: user-based

    ## Use instead
    throttling_model: resource-based, and a priority for each identity

    ## References
    - Service protection API limits (finance and operations)
    - Priority-based throttling
    """

    name = "user-limit-assumptions"
    severity = Severity.WARNING
    remedy = "plan for resource-based throttling with priorities"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow, service in subject.requests():
            counted = subject.limits["fo.requests"]
            if (
                service == "finance_operations"
                and flow.throttling_model == "user-based"
                and not counted.holds_in(subject.release(flow))
            ):
                message = f"counts on user-based limits, which ended with {counted.until}"
                yield self.found(subject, message, "throttling_model", flow=flow)


class NoThrottlingPriority(Rule):
    """Checks for callers of finance and operations without a throttling priority.

    ## Why is this bad?
    Low priority is refused first, and callers without a mapping count as low. When the
    environment is busy the web shop then waits behind nothing but luck.

    ## Example
    identities: [{name: web-shop}]

    ## Use instead
    identities: [{name: web-shop, priority: high}]

    ## References
    - Priority-based throttling
    """

    name = "no-throttling-priority"
    severity = Severity.NOTE
    remedy = "map each application in Throttling priority mapping"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        seen: set[str] = set()
        for flow, service in subject.requests():
            by_load = subject.limits["fo.load"].is_on_in(subject.release(flow))
            for name in flow.identities if service == "finance_operations" and by_load else ():
                identity = subject.design.identity(name)
                if identity and identity.priority == "none" and name not in seen:
                    seen.add(name)
                    message = f"'{name}' has no throttling priority and is refused first"
                    yield self.found(subject, message, "identities", flow=flow)
