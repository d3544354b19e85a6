"""How far each identity went into each limit: from the control API, or from what answers said."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from pydantic import ValidationError

from windtunnel.contracts.limits import LIMITS
from windtunnel.contracts.results import LimitUse

PATH = "/_windtunnel/limits/use"
TIMEOUT_SECONDS = 10.0


class Extremes(Protocol):
    """What answers said is left: the most and the least; -1 as most when they said nothing."""

    most_requests: float
    least_requests: float
    most_seconds: float
    least_seconds: float
    refusals: int


def from_control(
    url: str, names: Mapping[str, str]
) -> tuple[tuple[LimitUse, ...], tuple[str, ...]]:
    """Ask the simulators; `names` maps client ids to identities of the plan."""
    try:
        with urllib.request.urlopen(  # noqa: S310 - the control API of the env file
            url.rstrip("/") + PATH, timeout=TIMEOUT_SECONDS
        ) as response:
            rows: Iterable[Any] = json.loads(response.read())["value"]
            uses = [LimitUse.model_validate(row) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        return (), (f"The use of limits could not be read from {url}: {error}",)
    named = [
        use.model_copy(update={"identity": names.get(use.identity.lower(), use.identity)})
        for use in uses
        if use.peak > 0 or use.refusals
    ]
    return tuple(sorted(named, key=lambda use: (-use.share, use.identity, use.limit))), ()


def from_answers(left: Mapping[str, Extremes]) -> tuple[LimitUse, ...]:
    """What the rate-limit headers of Dataverse told; the first answer says the allowance."""
    uses: list[LimitUse] = []
    for identity, seen in left.items():
        if seen.most_requests >= 0:
            allowance = seen.most_requests + 1
            peak = allowance - seen.least_requests
            uses.append(_use("dataverse.requests", identity, peak, allowance, seen.refusals))
        if seen.most_seconds >= 0:
            whole = max(seen.most_seconds, LIMITS["dataverse.execution-time"].allowance)
            used = whole - seen.least_seconds
            uses.append(_use("dataverse.execution-time", identity, used, whole, 0))
    return tuple(uses)


def _use(limit: str, identity: str, peak: float, allowance: float, refusals: int) -> LimitUse:
    return LimitUse(
        limit=limit,
        identity=identity,
        peak=peak,
        allowance=allowance,
        share=peak / allowance if allowance else 0.0,
        refusals=refusals,
    )
