"""Business events under the control API: method, path, handler. Nothing else."""

from __future__ import annotations

from windtunnel.simulator.exchange import Route
from windtunnel.simulator.services.business_events.handlers import Handlers
from windtunnel.simulator.services.business_events.service import BusinessEvents

ROOT = "/_windtunnel/events"


def routes(events: BusinessEvents) -> list[Route]:
    """The table, bound to one environment's events."""
    h = Handlers(events)
    return [
        Route("GET", f"{ROOT}/catalog", h.catalog),
        Route("POST", f"{ROOT}/catalog", h.define),
        Route("GET", f"{ROOT}/catalog/{{event}}/schema", h.schema),
        Route("GET", f"{ROOT}/endpoints", h.list_endpoints),
        Route("POST", f"{ROOT}/endpoints", h.save_endpoint),
        Route("DELETE", f"{ROOT}/endpoints/{{name}}", h.delete_endpoint),
        Route("GET", f"{ROOT}/activations", h.list_activations),
        Route("POST", f"{ROOT}/activations", h.activate),
        Route("POST", f"{ROOT}/activations/{{activation}}/deactivate", h.deactivate),
        Route("DELETE", f"{ROOT}/activations/{{activation}}", h.delete_activation),
        Route("POST", f"{ROOT}/raise", h.raise_event),
        Route("GET", f"{ROOT}/deliveries", h.deliveries),
        Route("GET", f"{ROOT}/errors", h.errors),
        Route("POST", f"{ROOT}/errors/resend", h.resend_all),
        Route("POST", f"{ROOT}/errors/{{row}}/resend", h.resend),
    ]
