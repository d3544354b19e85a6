"""The functions of template expressions, and how their values become JSON and text."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote


def _moment(value: Any) -> datetime:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        found = datetime.fromisoformat(value)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    if isinstance(value, datetime):
        return value
    raise ValueError("not a moment")


def _number(value: Any) -> int | float:
    number = value.total_seconds() if isinstance(value, timedelta) else float(value)
    return int(number) if number.is_integer() else number


def _date(value: Any) -> date:
    return value if type(value) is date else _moment(value).date()


def text_of(value: Any) -> str:
    """A value inside text: text as it is, anything else as JSON without quotes around moments."""
    value = plain(value)
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def plain(value: Any) -> Any:
    """A value as JSON knows it; moments as `2026-01-01T00:00:00Z`, durations as seconds."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _number(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "base64": lambda value: base64.b64encode(text_of(value).encode()).decode(),
    "date": _date,
    "epoch": lambda value: _moment(value).timestamp(),
    "json": lambda value: json.dumps(plain(value), ensure_ascii=False),
    "length": len,
    "lower": lambda value: text_of(value).lower(),
    "moment": _moment,
    "number": _number,
    "seconds": lambda value: timedelta(seconds=_number(value)),
    "text": text_of,
    "upper": lambda value: text_of(value).upper(),
    "url": lambda value: quote(text_of(value), safe=""),
}
"""Functions of one value."""
