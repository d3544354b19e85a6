"""Why a request came to nothing, in a few words: the status, and what the service said."""

from __future__ import annotations

import json
from typing import Any

_REFUSALS = frozenset({429, 502, 503, 504})
_LONGEST = 160


def cause_of(status: int, content: bytes | None, error: object = None) -> str:
    """`HTTP 400: text of the answer`; of a refusal the status; without an answer what broke."""
    if not status:
        return type(error).__name__
    said = "" if status in _REFUSALS else _message(content or b"")
    return f"HTTP {status}: {said}" if said else f"HTTP {status}"


def _message(content: bytes) -> str:
    """The innermost text of an OData error: finance and operations says the reason inside."""
    try:
        found: Any = json.loads(content)["error"]
        text = str(found.get("innererror", found).get("message", ""))
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
