"""Forecast 5 million requests of a day, with throttling and retries, on each engine.

Run: python bench/forecast.py [requests]
"""

from __future__ import annotations

import sys
import time

from windtunnel.contracts.documents import Retry
from windtunnel.contracts.documents.plan import SHAPES
from windtunnel.design.forecast import FlowPlan
from windtunnel.design.forecast.run import run_flows

REQUESTS = 5_000_000


def plan_of(requests: int) -> list[FlowPlan]:
    """Identities whose peak hour is above 6,000 requests in 300 seconds."""
    shape = SHAPES["office-hours"]
    shares = tuple(share / sum(shape) for share in shape)
    identities = tuple(f"app-{n + 1}" for n in range(max(1, round(requests / 730_000))))
    retry = Retry(attempts=20, jitter=0.1)
    mean, senders = 0.06, 20 * len(identities)
    values = ("orders", "dataverse", requests, shares, mean, senders, identities, 1, "low", retry)
    return [FlowPlan(*values)]


def main() -> None:
    """Print seconds and counts; the first numba run includes compiling or loading its cache."""
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS
    plans = plan_of(requests)
    for label, engine in (("numba, first", "numba"), ("numba", "numba"), ("python", "python")):
        began = time.perf_counter()
        result = run_flows(plans, engine=engine)  # type: ignore[arg-type]
        print(
            f"{label:13} {time.perf_counter() - began:7.2f} s  {result.requests:,} requests  "
            f"{result.refused:,} refused  {result.given_up:,} given up  "
            f"worst backlog {max(flow.worst_backlog for flow in result.flows):,}"
        )


if __name__ == "__main__":
    main()
