"""Events, webhooks and messages."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from windtunnel.contracts.documents.design import Flow
from windtunnel.contracts.documents.plan import Pattern
from windtunnel.contracts.limits import Limit
from windtunnel.contracts.results import Finding, Severity
from windtunnel.design.rules.rule import EVENT_PATTERNS, Rule, Subject, peak_hour

HTTP_EVENTS = frozenset({Pattern.WEBHOOK, Pattern.BUSINESS_EVENTS, Pattern.EVENT_GRID})
PORTS = frozenset({None, 443})


class BusinessEventsAsDataExport(Rule):
    """Checks for business events that carry data in bulk.

    ## Why is this bad?
    A business event is a notification: small, at least once, unordered, with four tries a second
    apart. As a data export it loses records when the receiver is away and floods the error log.

    ## Example
    {pattern: business-events, content: export}

    ## Use instead
    {pattern: business-events, content: notification} and read the record back

    ## References
    - Business events overview
    - Microsoft Dataverse business events
    """

    name = "business-events-as-data-export"
    severity = Severity.ERROR
    remedy = "notify and let the receiver read, or use Synapse Link or data management"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        many = subject.number("data-events.hour")
        for flow in subject.design.flows:
            if flow.pattern is not Pattern.BUSINESS_EVENTS:
                continue
            if flow.content == "export":
                yield self.found(subject, "exports data as events", "content", flow=flow)
            elif peak_hour(flow) > many:
                message = f"{peak_hour(flow):,.0f} events in the busiest hour are a data stream"
                yield self.found(subject, message, "volume", flow=flow)


class SlowWebhookReceiver(Rule):
    """Checks for receivers that answer later than the sender waits.

    ## Why is this bad?
    The sender gives up and counts a failure while the receiver still works: the event is sent
    again and processed twice, or lost. Accept, store, answer, then work.

    ## Example
    receiver: {answer_seconds: 90}

    ## Use instead
    receiver: {answer_seconds: 2} and a queue behind it

    ## References
    - Use webhooks to create external handlers for server events
    - Business events overview
    - Event Grid message delivery and retry
    """

    name = "slow-webhook-receiver"
    severity = Severity.ERROR
    remedy = "store the message, answer at once, work later"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        waits = {
            Pattern.WEBHOOK: "dataverse.webhook-seconds",
            Pattern.BUSINESS_EVENTS: "business-events.answer-seconds",
            Pattern.EVENT_GRID: "event-grid.answer-seconds",
        }
        for flow in subject.design.flows:
            limit_id = waits.get(flow.pattern)
            if limit_id and flow.receiver:
                needs, most = flow.receiver.answer_seconds, subject.number(limit_id)
                if needs > most:
                    message = f"answers after {needs:g} s, the sender waits {most:g} s"
                    yield self.found(subject, message, "receiver", flow=flow)


class Non443Webhook(Rule):
    """Checks for webhook addresses that the sender does not reach or that are not encrypted.

    ## Why is this bad?
    Dataverse posts webhooks to ports 80 and 443 only, and everything worth sending deserves
    https.

    ## Example
    receiver: {url: 'https://hooks.example.com:8443/in'}

    ## Use instead
    receiver: {url: 'https://hooks.example.com/in'}

    ## References
    - Register a webhook
    - Use webhooks to create external handlers for server events
    """

    name = "non-443-webhook"
    severity = Severity.ERROR
    remedy = "listen on https, port 443"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow in subject.design.flows:
            if flow.pattern not in HTTP_EVENTS or flow.receiver is None or not flow.receiver.url:
                continue
            problem = address_problem(flow.receiver.url)
            if problem:
                yield self.found(subject, problem, "receiver", "url", flow=flow)


class PayloadOverLimit(Rule):
    """Checks message sizes against what the transport carries.

    ## Why is this bad?
    Dataverse strips the images and parameters from larger bodies (256 KB to webhooks, 192 KB to
    Service Bus); Service Bus, Event Grid and Event Hubs refuse larger messages. It shows with the
    first large order.

    ## Example
    {pattern: service-bus, message_bytes: 300 KB}

    ## Use instead
    {pattern: service-bus, message_bytes: 2 KB} and a link to the record or blob

    ## References
    - Use webhooks to create external handlers for server events
    - Azure integration (Dataverse)
    - Service Bus quotas
    - Azure Event Grid quotas and limits
    """

    name = "payload-over-limit"
    severity = Severity.ERROR
    remedy = "send a reference and let the receiver fetch the rest"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow in subject.design.flows:
            limit = size_limit(subject, flow)
            size = flow.message_bytes or (flow.volume.payload_bytes if flow.volume else 0)
            if limit and size > limit.allowance:
                message = f"messages of {size:,} bytes, {limit.id} is {limit.allowance:,.0f}"
                path = "message_bytes" if flow.message_bytes else "volume"
                yield self.found(subject, message, path, flow=flow)


class OrderOnUnorderedTransport(Rule):
    """Checks for flows that need order on transports that keep none.

    ## Why is this bad?
    Events leave on parallel threads, retries and resends come late, and topics deliver to
    competing consumers. Order per key needs sessions; else the receiver must compare
    ControlNumber or version.

    ## Example
    {pattern: business-events, ordering: per-key}

    ## Use instead
    {pattern: service-bus, ordering: per-key, sessions: true}

    ## References
    - Business events overview
    - Message sessions (Service Bus)
    - Event Grid message delivery and retry
    """

    name = "order-on-unordered-transport"
    severity = Severity.ERROR
    remedy = "use sessions, or make the receiver drop what is older than it has"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow in subject.design.flows:
            keeps = flow.pattern is Pattern.SERVICE_BUS and flow.sessions
            if flow.pattern in EVENT_PATTERNS and flow.ordering != "none" and not keeps:
                message = f"needs {flow.ordering} order, {flow.pattern.value} keeps none"
                yield self.found(subject, message, "ordering", flow=flow)


class SynchronousWebhook(Rule):
    """Checks for webhooks inside the user's transaction.

    ## Why is this bad?
    The user waits for the receiver, and when it fails the whole save is rolled back. An outage of
    the receiver becomes an outage of Dynamics.

    ## Example
    receiver: {synchronous: true}

    ## Use instead
    receiver: {synchronous: false}

    ## References
    - Use webhooks to create external handlers for server events
    """

    name = "synchronous-webhook"
    severity = Severity.WARNING
    remedy = "register the step as asynchronous"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow in subject.design.flows:
            if flow.pattern is Pattern.WEBHOOK and flow.receiver and flow.receiver.synchronous:
                message = "runs in the user's transaction and rolls it back when the receiver fails"
                yield self.found(subject, message, "receiver", "synchronous", flow=flow)


class SynchronousSynapseLink(Rule):
    """Checks for synchronous use of Synapse Link.

    ## Why is this bad?
    Synapse Link is minutes behind and publishes no bound on it. A flow that waits for its data
    answers with old ones.

    ## Example
    {pattern: synapse-link, synchronous: true}

    ## Use instead
    read the record over the Web API

    ## References
    - Azure Synapse Link for Dataverse: incremental updates
    """

    name = "synchronous-synapse-link"
    severity = Severity.ERROR
    remedy = "read operational data over the Web API or OData"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow in subject.design.flows:
            if flow.pattern is Pattern.SYNAPSE_LINK and flow.synchronous:
                message = "waits for data that arrive minutes later"
                yield self.found(subject, message, "synchronous", flow=flow)


def address_problem(url: str) -> str:
    """What is wrong with the address of a receiver; empty when nothing is."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return f"the address {url!r} cannot be read"
    if parts.scheme != "https" or not parts.hostname:
        return f"the address {url!r} is not https"
    return "" if port in PORTS else f"the address uses port {port}, which Dataverse does not reach"


def size_limit(subject: Subject, flow: Flow) -> Limit | None:
    """The size that a flow's transport carries."""
    source = subject.design.system(flow.source)
    from_dataverse = source is not None and source.kind == "dataverse"
    ids = {
        Pattern.WEBHOOK: "dataverse.webhook-payload",
        Pattern.SERVICE_BUS: "dataverse.service-bus-payload"
        if from_dataverse
        else "service-bus.message",
        Pattern.BUSINESS_EVENTS: "service-bus.message",
        Pattern.EVENT_GRID: "event-grid.event",
        Pattern.EVENT_HUBS: "event-hubs.event",
    }
    limit_id = ids.get(flow.pattern)
    return subject.limits[limit_id] if limit_id else None
