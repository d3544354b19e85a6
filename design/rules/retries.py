"""How flows behave when they are refused."""

from __future__ import annotations

from collections.abc import Iterator

from windtunnel.contracts.results import Finding, Severity
from windtunnel.design.rules.rule import EVENT_PATTERNS, Rule, Subject, writes

HTTP_TOO_MANY = 429
RETRYABLE_4XX = frozenset({408, 412, HTTP_TOO_MANY})


class UnboundedRetry(Rule):
    """Checks for a retry policy without a maximum.

    ## Why is this bad?
    Under throttling every caller retries forever, each retry lengthens the block, and new work
    piles up behind the old. Nobody is told that a record never arrived.

    ## Example
    retry: {on: [429], wait: retry-after}

    ## Use instead
    retry: {on: [429], wait: retry-after, attempts: 5, max_seconds: 10m}

    ## References
    - Service protection API limits (Dataverse)
    - Service protection: retry operations (finance and operations)
    """

    name = "unbounded-retry"
    severity = Severity.ERROR
    remedy = "set attempts or max_seconds, and say what becomes of the rest"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow in subject.design.flows:
            retry = flow.retry
            if retry and retry.attempts is None and retry.max_seconds is None:
                yield self.found(subject, "retries have no end", "retry", flow=flow)


class NoRetryOnThrottling(Rule):
    """Checks for requests that give up at the first 429.

    ## Why is this bad?
    Throttling is normal operation: every identity meets it when others are busy or a peak comes.
    A flow that treats 429 as failure loses records on such a day.

    ## Example
    retry: {on: [503], attempts: 3}

    ## Use instead
    retry: {on: [429, 503], wait: retry-after, attempts: 5}

    ## References
    - Service protection API limits (Dataverse)
    - Priority-based throttling
    """

    name = "no-retry-on-throttling"
    severity = Severity.ERROR
    remedy = "retry 429 after Retry-After"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow, service in subject.requests():
            if flow.retry is None or HTTP_TOO_MANY not in flow.retry.on:
                message = f"{service} answers 429 under load and this flow does not try again"
                path = ("retry", "on") if flow.retry else ()
                yield self.found(subject, message, *path, flow=flow)


class FixedSleepOn429(Rule):
    """Checks for a fixed wait after 429.

    ## Why is this bad?
    The service says in Retry-After how long it will refuse. A caller that comes earlier is
    refused again and its block is lengthened; one that comes later wastes the window.

    ## Example
    retry: {on: [429], wait: 1s, attempts: 10}

    ## Use instead
    retry: {on: [429], wait: retry-after, attempts: 5}

    ## References
    - Service protection API limits (Dataverse)
    - Service protection: retry operations (finance and operations)
    """

    name = "fixed-sleep-on-429"
    severity = Severity.ERROR
    remedy = "wait: retry-after"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow, _ in subject.requests():
            retry = flow.retry
            if retry and HTTP_TOO_MANY in retry.on and retry.wait == "fixed":
                message = f"waits {retry.first_seconds:g} s after 429, whatever the service says"
                yield self.found(subject, message, "retry", "wait", flow=flow)


class IgnoresRetryAfter(Rule):
    """Checks for waits after 429 that are computed and not read from Retry-After.

    ## Why is this bad?
    Exponential waits begin far below the usual Retry-After of the services, so the first tries
    are all refused and lengthen the block. They are right only where the header is missing.

    ## Example
    retry: {on: [429], wait: exponential, attempts: 8}

    ## Use instead
    retry: {on: [429], wait: retry-after, attempts: 5}

    ## References
    - Service protection API limits (Dataverse)
    - Service protection: retry operations (finance and operations)
    """

    name = "ignores-retry-after"
    severity = Severity.WARNING
    remedy = "wait: retry-after; exponential only where the header is missing"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow, _ in subject.requests():
            retry = flow.retry
            if retry and HTTP_TOO_MANY in retry.on and retry.wait == "exponential":
                message = "waits exponentially after 429 instead of as long as Retry-After says"
                yield self.found(subject, message, "retry", "wait", flow=flow)


class RetriesBusinessErrors(Rule):
    """Checks for retries of errors that the same request can only repeat.

    ## Why is this bad?
    A refused value stays refused. Retrying 400, 403 or 404 spends the limits, hides the real
    message and delays the records behind it. 408, 412 (after reading again) and 429 are the
    exceptions.

    ## Example
    retry: {on: [400, 429], attempts: 5}

    ## Use instead
    retry: {on: [429, 502, 503, 504], attempts: 5}

    ## References
    - Service protection: retry operations (finance and operations)
    - Handle errors in the Dataverse Web API
    """

    name = "retries-business-errors"
    severity = Severity.WARNING
    remedy = "retry 408, 429 and 5xx; set the others aside"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow in subject.design.flows:
            wrong = [s for s in flow.retry.on if 400 <= s < 500] if flow.retry else []
            wrong = [s for s in wrong if s not in RETRYABLE_4XX]
            if wrong:
                message = (
                    f"retries {', '.join(map(str, wrong))}, which the same request only repeats"
                )
                yield self.found(subject, message, "retry", "on", flow=flow)


class NoIdempotencyKey(Rule):
    """Checks for flows that may run twice and have nothing to tell it by.

    ## Why is this bad?
    A time-out does not say whether the record was written, and events are delivered at least
    once. Without a key (alternate key, message id, EventId, ControlNumber) a retry becomes a
    second order.

    ## Example
    - {name: orders-in, direction: inbound, retry: {attempts: 5}}

    ## Use instead
    - {name: orders-in, direction: inbound, idempotency_key: alternate key ordernumber}

    ## References
    - Choose a pattern: Dynamics 365 implementation guidance
    - Business events overview
    - Use an alternate key to reference a record
    """

    name = "no-idempotency-key"
    severity = Severity.ERROR
    remedy = "name the key by which a repetition is recognised"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow in subject.design.flows:
            repeats = flow.pattern in EVENT_PATTERNS or (flow.retry is not None and writes(flow))
            deduplicates = flow.receiver is not None and flow.receiver.deduplicates
            if repeats and not flow.idempotency_key and not deduplicates:
                message = "may deliver twice and names no key to recognise a repetition"
                yield self.found(subject, message, flow=flow)


class NoDeadLetterHandling(Rule):
    """Checks for asynchronous flows without a place for what cannot be delivered.

    ## Why is this bad?
    Business events end in an error log after four tries, Service Bus moves messages aside after
    ten deliveries, and neither comes back by itself. What has no place and no owner is lost.

    ## Example
    - {name: events-out, pattern: business-events}

    ## Use instead
    - {name: events-out, errors: {dead_letter: orders-dead, owner: team A, resend: manual}}

    ## References
    - Choose a pattern: Dynamics 365 implementation guidance
    - Business events overview
    - Service Bus dead-letter queues
    """

    name = "no-dead-letter-handling"
    severity = Severity.ERROR
    remedy = "name the dead-letter place, its owner and how records are sent again"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow in subject.design.flows:
            if flow.synchronous:
                continue
            if flow.errors is None or not flow.errors.dead_letter:
                message = "says nothing of records that cannot be delivered"
                yield self.found(subject, message, "errors", flow=flow)
            elif flow.errors.resend == "none" or not flow.errors.owner:
                message = "sets failed records aside, but nobody sends them again"
                yield self.found(subject, message, "errors", flow=flow, severity=Severity.WARNING)
