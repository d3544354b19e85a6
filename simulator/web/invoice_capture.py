"""Invoice capture between its neighbours: a solution in Dataverse, invoices in the other."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from windtunnel.contracts.entities.dataverse import TableDefinition
from windtunnel.contracts.entities.dataverse.load import tables_from_csdl
from windtunnel.simulator.services.dataverse import Dataverse
from windtunnel.simulator.services.dataverse.messages.custom import ApiCall, ApiRefused
from windtunnel.simulator.services.invoice_capture import API, InvoiceCapture
from windtunnel.simulator.services.invoice_capture.errors import BadDocument


def capture_tables() -> list[TableDefinition]:
    """The tables that the solution brings."""
    document = files("windtunnel.contracts.entities.dataverse") / "invoice_capture.xml"
    return tables_from_csdl(document.read_bytes())


def install(dataverse: Dataverse, capture: InvoiceCapture) -> None:
    """Answer the solution's custom API."""

    def receive(call: ApiCall) -> Mapping[str, Any]:
        try:
            return capture.receive(call)
        except BadDocument as error:
            raise ApiRefused(str(error)) from error

    dataverse.add_custom_api(API, receive)
