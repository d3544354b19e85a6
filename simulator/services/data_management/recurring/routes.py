"""Recurring integrations: method, path, handler. Nothing else."""

from __future__ import annotations

import re

from windtunnel.simulator.exchange import Route
from windtunnel.simulator.services.data_management.recurring.handlers import Handlers
from windtunnel.simulator.services.data_management.recurring.service import RecurringIntegrations

CONTROL = "/_windtunnel/data-management/recurring-jobs"
_ENQUEUE = re.compile(rb"(https?://[^/]*)?(/en)?/api/connector/enqueue/", re.IGNORECASE)


def is_enqueue(target: bytes) -> bool:
    """Whether a request target, whole or a path, is that of enqueue: its body may be large."""
    return _ENQUEUE.match(target) is not None


def routes(recurring: RecurringIntegrations) -> list[Route]:
    """The endpoints at the origin of finance and operations; `/en` is tolerated before them."""
    h = Handlers(recurring)
    return [
        Route(method, f"{prefix}/api/connector/{name}/{{activity}}", handler)
        for prefix in ("", "/en")
        for method, name, handler in (
            ("POST", "enqueue", h.enqueue),
            ("GET", "dequeue", h.dequeue),
            ("GET", "download", h.download),
            ("POST", "ack", h.acknowledge),
            ("GET", "jobstatus", h.job_status),
        )
    ]


def control_routes(recurring: RecurringIntegrations) -> list[Route]:
    """What the control API shows of them."""
    h = Handlers(recurring)
    return [
        Route("GET", CONTROL, h.data_jobs),
        Route("GET", f"{CONTROL}/{{activity}}/messages", h.messages),
        Route("POST", f"{CONTROL}/{{activity}}/process", h.process),
    ]
