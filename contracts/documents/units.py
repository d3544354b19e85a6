"""Times and sizes as people write them: `250ms`, `90s`, `5m`, `2h`, `7d`; `256 KB`, `1 MB`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {
    "b": 1,
    "kb": 1024,
    "kib": 1024,
    "mb": 1024**2,
    "mib": 1024**2,
    "gb": 1024**3,
    "gib": 1024**3,
}
_AMOUNT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)\s*\Z")


def is_duration(value: Any) -> bool:
    """Whether text looks like a duration."""
    match = _AMOUNT.match(value) if isinstance(value, str) else None
    return match is not None and match[2].lower() in _SECONDS


def _amount(value: Any, units: dict[str, Any], example: str) -> Any:
    if not isinstance(value, str):
        return value
    match = _AMOUNT.match(value)
    factor = units.get(match[2].lower()) if match else None
    if match is None or factor is None:
        raise ValueError(f"not an amount with a unit; write it like {example}")
    return float(match[1]) * factor


def _seconds(value: Any) -> Any:
    return _amount(value, _SECONDS, "30s, 5m or 2h")


def _bytes(value: Any) -> Any:
    amount = _amount(value, _BYTES, "4 KB or 1 MB")
    return round(amount) if isinstance(amount, float) and amount < 2**53 else amount


Seconds = Annotated[float, BeforeValidator(_seconds, str | float), Field(ge=0, allow_inf_nan=False)]
Bytes = Annotated[int, BeforeValidator(_bytes, str | int), Field(ge=0)]
