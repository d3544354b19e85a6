"""What all errors of Blob Storage have in common, and the answers of faults."""

from __future__ import annotations

from windtunnel.simulator.exchange import ServiceError


class BlobError(ServiceError):
    """An answer in the XML shape of Azure Storage; `details` are elements beside the message."""

    status = 400
    details: tuple[tuple[str, str], ...] = ()


INTERNAL = "Server encountered an internal error. Please try again after some time."


class OtherError(BlobError):
    """What a fault injects, or what is not simulated: with the status and code of that."""

    status = 500
    code = "InternalError"
    text = "{reason}"
