"""Endpoints of finance and operations: method, path, handler. Nothing else.

What is below `/data` is not here: an address says itself what can be done with it.
"""

from __future__ import annotations

from windtunnel.simulator.exchange import Route
from windtunnel.simulator.services.finance_operations.custom_services import (
    json_handlers,
    soap_handlers,
)
from windtunnel.simulator.services.finance_operations.handlers.metadata import metadata_api

_OPERATION = "/api/services/{group}/{service}/{operation}"

ROUTES = [
    *(
        Route("GET", path, metadata_api)
        for root in ("/metadata", "/Metadata")
        for path in (root, f"{root}/{{resource:path}}")
    ),
    Route("GET", "/api/services", json_handlers.list_groups),
    Route("GET", "/api/services/{group}", json_handlers.list_services),
    Route("GET", "/api/services/{group}/{service}", json_handlers.list_operations),
    Route("GET", f"{_OPERATION}", json_handlers.describe_operation),
    Route("POST", f"{_OPERATION}", json_handlers.call_operation),
    Route("GET", "/soap/services/{group}", soap_handlers.describe),
    Route("POST", "/soap/services/{group}", soap_handlers.call),
]
