"""`$batch`: requests in order, change sets all or nothing, Content-ID references."""

from __future__ import annotations

from typing import TYPE_CHECKING

from windtunnel.simulator.exchange import Absent, Exchange, Response

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers


def run(there: Handlers, exchange: Exchange) -> Response:
    """Answer a batch."""
    del there, exchange
    raise Absent("$batch")
