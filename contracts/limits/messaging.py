"""Limits of events and of the Azure and Power Platform services that integrations stand on."""

from __future__ import annotations

from windtunnel.contracts.limits.table import Confidence, Limit

HOME = "Business events overview"
DATA_EVENTS = "Data events"
BUS = "Service Bus quotas"
GRID = "Azure Event Grid quotas and limits"
GRID_RETRY = "Event Grid message delivery and retry"
HUBS = "Azure Event Hubs quotas and limits"
LOGIC = "Limits and configuration reference for Azure Logic Apps"
FLOW = "Limits of automated, scheduled, and instant flows"
FUNCTIONS = "Azure Functions scale and hosting"
FO_CONNECTOR = "Fin & Ops Apps (Dynamics 365) connector"
DATAVERSE_CONNECTOR = "Microsoft Dataverse connector"

ROWS: tuple[Limit, ...] = (
    Limit(
        "business-events.retries",
        "business_events",
        "retries",
        3,
        "retries",
        0,
        "event and endpoint",
        source=HOME,
        note="Then the event waits in the error log for a person.",
    ),
    Limit(
        "business-events.retry-wait",
        "business_events",
        "wait between tries",
        1,
        "seconds",
        source=HOME,
    ),
    Limit(
        "business-events.threads",
        "business_events",
        "processing threads",
        4,
        "threads",
        0,
        "server",
        source=HOME,
    ),
    Limit(
        "business-events.endpoints",
        "business_events",
        "endpoints",
        10,
        "endpoints",
        0,
        "event and legal entity",
        source=HOME,
        text="Unable to configure the business event because it has reached the limit of {n:.0f} "
        "configured endpoints",
    ),
    Limit(
        "business-events.answer-seconds",
        "business_events",
        "HTTPS answer",
        10,
        "seconds",
        source=HOME,
        confidence=Confidence.OBSERVED,
    ),
    Limit(
        "data-events.burst",
        "data_events",
        "events",
        5000,
        "events",
        300,
        "environment",
        source=DATA_EVENTS,
        note="Soft: beyond it events are still sent and the environment slows.",
    ),
    Limit(
        "data-events.hour",
        "data_events",
        "events",
        50_000,
        "events",
        3600,
        "environment",
        source=DATA_EVENTS,
        note="Soft.",
    ),
    Limit(
        "service-bus.message",
        "service_bus",
        "message",
        262_144,
        "bytes",
        0,
        "Basic and Standard",
        source=BUS,
    ),
    Limit(
        "service-bus.premium-message",
        "service_bus",
        "message",
        1_048_576,
        "bytes",
        0,
        "Premium",
        source=BUS,
        note="Default; up to 100 MB over AMQP.",
    ),
    Limit(
        "service-bus.deliveries",
        "service_bus",
        "deliveries before the dead-letter queue",
        10,
        "deliveries",
        source=BUS,
    ),
    Limit(
        "service-bus.lock",
        "service_bus",
        "message lock",
        300,
        "seconds",
        source=BUS,
        confidence=Confidence.UNCONFIRMED,
    ),
    Limit(
        "service-bus.connections",
        "service_bus",
        "AMQP connections",
        5000,
        "connections",
        0,
        "namespace",
        source=BUS,
    ),
    Limit(
        "service-bus.transaction",
        "service_bus",
        "messages of a transaction",
        100,
        "messages",
        source=BUS,
    ),
    Limit("event-grid.event", "event_grid", "event", 1_048_576, "bytes", source=GRID),
    Limit(
        "event-grid.publish",
        "event_grid",
        "published events",
        5000,
        "events",
        1,
        "topic",
        source=GRID,
    ),
    Limit(
        "event-grid.answer-seconds",
        "event_grid",
        "webhook answer",
        30,
        "seconds",
        source=GRID_RETRY,
    ),
    Limit(
        "event-grid.attempts", "event_grid", "delivery attempts", 30, "attempts", source=GRID_RETRY
    ),
    Limit(
        "event-grid.life", "event_grid", "life of an event", 86_400, "seconds", source=GRID_RETRY
    ),
    Limit(
        "event-hubs.event", "event_hubs", "event", 1_048_576, "bytes", 0, "Standard", source=HUBS
    ),
    Limit(
        "event-hubs.ingress",
        "event_hubs",
        "events in",
        1000,
        "events",
        1,
        "throughput unit",
        source=HUBS,
    ),
    Limit(
        "event-hubs.egress",
        "event_hubs",
        "events out",
        4096,
        "events",
        1,
        "throughput unit",
        source=HUBS,
    ),
    Limit("logic-apps.http-seconds", "logic_apps", "HTTP call", 120, "seconds", source=LOGIC),
    Limit(
        "logic-apps.actions",
        "logic_apps",
        "actions",
        100_000,
        "actions",
        300,
        "workflow",
        source=LOGIC,
    ),
    Limit("logic-apps.message", "logic_apps", "message", 104_857_600, "bytes", source=LOGIC),
    Limit(
        "power-automate.actions",
        "power_automate",
        "actions",
        100_000,
        "actions",
        86_400,
        "flow, medium profile",
        source=FLOW,
        note="Retries and paging count.",
    ),
    Limit(
        "power-automate.http-seconds", "power_automate", "HTTP call", 120, "seconds", source=FLOW
    ),
    Limit("functions.http-seconds", "functions", "HTTP answer", 230, "seconds", source=FUNCTIONS),
    Limit(
        "connector.fo",
        "connectors",
        "calls",
        200,
        "calls",
        60,
        "connection",
        429,
        source=FO_CONNECTOR,
    ),
    Limit(
        "connector.dataverse",
        "connectors",
        "calls",
        6000,
        "calls",
        300,
        "connection",
        429,
        source=DATAVERSE_CONNECTOR,
        confidence=Confidence.UNCONFIRMED,
    ),
)
