"""How long a flow waits before it tries again, and when it gives up: the retry policy, pure."""

from __future__ import annotations

import random

from windtunnel.contracts.documents import Retry

NO_HEADER_SECONDS = {"dataverse": None, "finance_operations": 30.0}
"""Wait without Retry-After: 2^n in Dataverse, 30 s in finance and operations.

Sources: "Service protection API limits"; for F&O "Service protection retry operations"."""


def next_wait(
    retry: Retry | None,
    *,
    status: int,
    attempt: int,
    waited: float,
    retry_after: float | None,
    service: str,
    chance: random.Random,
) -> float | None:
    """Seconds to wait before attempt `attempt` + 1, or None to give up.

    `attempt` counts from 1; `waited` is what passed since the first attempt; `status` 0 means that
    no answer came, which every policy treats as 503.
    """
    if retry is None or (status or 503) not in retry.on:
        return None
    if retry.attempts is not None and attempt >= retry.attempts:
        return None
    doubled = retry.first_seconds * 2.0 ** min(attempt - 1, 60)
    if retry.wait == "fixed":
        wait = retry.first_seconds
    elif retry.wait == "exponential":
        wait = min(doubled, retry.longest_seconds)
    elif retry_after is not None:
        wait = retry_after
    else:
        wait = min(NO_HEADER_SECONDS.get(service) or doubled, retry.longest_seconds)
    wait *= 1.0 + retry.jitter * chance.random()
    if retry.max_seconds is not None and waited + wait > retry.max_seconds:
        return None
    return wait


def seconds_of(header: str | None) -> float | None:
    """Retry-After as the services send it (whole seconds); None when absent or not a number."""
    text = (header or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
