"""Endpoints of finance and operations: method, path, handler. Nothing else."""

from __future__ import annotations

from windtunnel.simulator.exchange import Route
from windtunnel.simulator.services.finance_operations.handlers.data import absent, data
from windtunnel.simulator.services.finance_operations.handlers.metadata import metadata_api

ROUTES = [
    *(
        Route(method, path, data)
        for method in ("GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS")
        for path in ("/data", "/data/{resource:path}")
    ),
    *(
        Route(method, path, metadata_api)
        for method in ("GET", "POST", "PATCH", "PUT", "DELETE")
        for root in ("/metadata", "/Metadata")
        for path in (root, f"{root}/{{resource:path}}")
    ),
    *(
        Route(method, path, absent)
        for method in ("GET", "POST")
        for path in (
            "/api/services",
            "/api/services/{rest:path}",
            "/soap/services/{rest:path}",
        )
    ),
]
