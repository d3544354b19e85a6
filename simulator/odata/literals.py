"""Literals in the form the store keeps: UTC moments, lower-case GUIDs, numbers."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from windtunnel.simulator.kernel.clock import iso_text
from windtunnel.simulator.odata.errors import ODataError
from windtunnel.simulator.odata.pieces import Piece
from windtunnel.simulator.odata.tree import Literal


def stored(node: Literal) -> Piece:
    """A parameter for a literal. Raises ODataError for a date that does not exist."""
    value = node.value
    if value is None:
        return Piece("NULL", (), "null")
    if isinstance(value, bool):
        return Piece("?", (int(value),), "Edm.Boolean")
    if node.edm == "Edm.DateTimeOffset":
        return Piece("?", (moment(str(value), node.position),), node.edm)
    if node.edm == "Edm.Date":
        moment(f"{value}T00:00:00Z", node.position)
    if node.edm == "Edm.TimeOfDay" and str(value).count(":") == 1:
        value = f"{value}:00"
    if node.edm == "Edm.Binary":
        padded = str(value) + "=" * (-len(str(value)) % 4)
        return Piece("?", (base64.urlsafe_b64decode(padded),), node.edm)
    return Piece("?", (value,), node.edm)


def moment(text: str, position: int) -> str:
    """A DateTimeOffset as the store keeps it: UTC, fraction only if it is not zero."""
    try:
        parsed = datetime.fromisoformat(text)
        utc = parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ODataError(
            f"Unrecognized 'Edm.DateTimeOffset' literal '{text}' at '{position}' in '{text}'.",
            position,
        ) from None
    return iso_text(utc)
