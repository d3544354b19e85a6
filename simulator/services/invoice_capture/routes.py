"""Invoice capture under the control API: routes and their handlers."""

from __future__ import annotations

from typing import Final

import orjson

from windtunnel.simulator.exchange import Exchange, Response, Route
from windtunnel.simulator.services.invoice_capture.service import InvoiceCapture

ROOT: Final = "/_windtunnel/invoice-capture/files"
_JSON: Final = b"content-type: application/json\r\ncache-control: no-store\r\n"


class Handlers:
    """The handlers of one environment."""

    def __init__(self, capture: InvoiceCapture) -> None:
        self._capture = capture

    def files(self, exchange: Exchange) -> Response:
        """The files that invoice capture received, with the invoice each became."""
        del exchange
        return Response(200, orjson.dumps({"value": self._capture.files()}), _JSON)

    def retry(self, exchange: Exchange, file: str) -> Response:
        """Process a file that failed once more."""
        del exchange
        self._capture.retry(file)
        return Response(204)


def routes(capture: InvoiceCapture) -> list[Route]:
    """The table, bound to one environment."""
    h = Handlers(capture)
    return [Route("GET", ROOT, h.files), Route("POST", f"{ROOT}/{{file}}/retry", h.retry)]
