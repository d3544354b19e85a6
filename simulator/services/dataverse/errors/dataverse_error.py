"""What all errors of the Dataverse Web API have in common."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from windtunnel.simulator.exchange import ServiceError


class DataverseError(ServiceError):
    """An error with the body `{"error": {"code", "message"}}`.

    `details` are further annotations for clients that ask for them.
    """

    details: Mapping[str, str] = MappingProxyType({})
