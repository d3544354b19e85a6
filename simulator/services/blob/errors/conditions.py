"""Conditional headers that are not met: 304, 412."""

from __future__ import annotations

from typing import Any

from windtunnel.simulator.services.blob.errors.blob_error import BlobError


class ConditionNotMet(BlobError):
    """A conditional header holds a write back: 412; a read: 304 or 412."""

    status = 412
    code = "ConditionNotMet"
    text = "The condition specified using HTTP conditional header(s) is not met."

    def __init__(self, status: int = 412, **headers: Any) -> None:
        super().__init__(headers=headers)
        self.status = status


class SourceConditionNotMet(BlobError):
    """A condition on the source of a copy."""

    status = 412
    code = "SourceConditionNotMet"
    text = "The source condition specified using HTTP conditional header(s) is not met."


class AppendPositionConditionNotMet(BlobError):
    """`x-ms-blob-condition-appendpos` names another position."""

    status = 412
    code = "AppendPositionConditionNotMet"
    text = "The append position condition specified was not met."


class MaxBlobSizeConditionNotMet(BlobError):
    """`x-ms-blob-condition-maxsize` would be exceeded."""

    status = 412
    code = "MaxBlobSizeConditionNotMet"
    text = "The max blob size condition specified was not met."


class SequenceNumberConditionNotMet(BlobError):
    """A condition on the sequence number of a page blob."""

    status = 412
    code = "SequenceNumberConditionNotMet"
    text = "The sequence number condition specified was not met."
