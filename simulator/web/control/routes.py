"""The control API: method, path, handler. Nothing else."""

from __future__ import annotations

from windtunnel.simulator.exchange import Route
from windtunnel.simulator.web.control import handlers as h

ROOT = "/_windtunnel"

ROUTES = [
    Route("GET", f"{ROOT}/health", h.health),
    Route("POST", f"{ROOT}/reset", h.reset),
    Route("POST", f"{ROOT}/seed", h.reseed),
    Route("PUT", f"{ROOT}/snapshots/{{name}}", h.save_snapshot),
    Route("POST", f"{ROOT}/snapshots/{{name}}/restore", h.load_snapshot),
    Route("GET", f"{ROOT}/clock", h.show_clock),
    Route("POST", f"{ROOT}/clock/freeze", h.freeze_clock),
    Route("POST", f"{ROOT}/clock/advance", h.advance_clock),
    Route("POST", f"{ROOT}/clock/scale", h.pace_clock),
    Route("GET", f"{ROOT}/limits", h.show_limits),
    Route("PUT", f"{ROOT}/limits", h.change_limits),
    Route("GET", f"{ROOT}/limits/use", h.show_limit_use),
    Route("GET", f"{ROOT}/faults", h.list_faults),
    Route("POST", f"{ROOT}/faults", h.add_fault),
    Route("DELETE", f"{ROOT}/faults", h.clear_faults),
    Route("DELETE", f"{ROOT}/faults/{{name}}", h.remove_fault),
    Route("GET", f"{ROOT}/jobs", h.list_jobs),
    Route("POST", f"{ROOT}/jobs/{{job}}/complete", h.complete_job),
    Route("GET", f"{ROOT}/journal", h.query_journal),
    Route("DELETE", f"{ROOT}/journal", h.clear_journal),
    Route("GET", f"{ROOT}/journal/har", h.export_har),
    Route("GET", f"{ROOT}/journal/stream", h.stream_journal),
    Route("GET", f"{ROOT}/entities", h.list_entities),
]
