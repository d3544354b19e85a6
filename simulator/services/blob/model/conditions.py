"""Conditional headers: when a read or a write is not done. Pure.

Source: "Specifying conditional headers for Blob service operations".
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from windtunnel.simulator.services.blob.errors import (
    BlobAlreadyExists,
    BlobError,
    ConditionNotMet,
    SourceConditionNotMet,
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a request makes its work depend on; ETags in quotes, moments in seconds."""

    match: tuple[str, ...] = ()
    none_match: tuple[str, ...] = ()
    modified_since: float | None = None
    unmodified_since: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked."""
        return self == FREE


FREE = Conditions()


def check_read(conditions: Conditions, etag: str, modified: float) -> None:
    """Raises ConditionNotMet: 304 where the reader has the content, else 412."""
    if conditions.is_empty:
        return
    _check_holds(conditions, etag, modified, ConditionNotMet())
    stale = _is_new(conditions, etag, modified)
    if not stale:
        raise ConditionNotMet(304, ETag=etag)


def check_write(conditions: Conditions, etag: str | None, modified: float) -> None:
    """Raises ConditionNotMet or BlobAlreadyExists; `etag` is None where nothing is there."""
    if conditions.is_empty:
        return
    if etag is None:
        if conditions.match:
            raise ConditionNotMet
        return
    if "*" in conditions.none_match:
        raise BlobAlreadyExists
    _check_holds(conditions, etag, modified, ConditionNotMet())
    if not _is_new(conditions, etag, modified):
        raise ConditionNotMet


def check_source(conditions: Conditions, etag: str, modified: float) -> None:
    """Raises SourceConditionNotMet."""
    _check_holds(conditions, etag, modified, SourceConditionNotMet())
    if not _is_new(conditions, etag, modified):
        raise SourceConditionNotMet


def _check_holds(conditions: Conditions, etag: str, modified: float, refusal: BlobError) -> None:
    if conditions.match and "*" not in conditions.match and etag not in conditions.match:
        raise refusal
    until = conditions.unmodified_since
    if until is not None and floor(modified) > until:
        raise refusal


def _is_new(conditions: Conditions, etag: str, modified: float) -> bool:
    """With both conditions one is enough, as the service has it."""
    since = conditions.modified_since
    has_none = bool(conditions.none_match)
    other_tag = "*" not in conditions.none_match and etag not in conditions.none_match
    later = since is not None and floor(modified) > since
    if has_none and since is not None:
        return other_tag or later
    if has_none:
        return other_tag
    return since is None or later
