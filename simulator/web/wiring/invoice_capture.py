"""Invoice capture between its neighbours: a solution in Dataverse, invoices in the other."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from windtunnel.contracts.entities.dataverse import TableDefinition
from windtunnel.contracts.entities.dataverse.load import tables_from_csdl
from windtunnel.simulator.services.dataverse import Dataverse
from windtunnel.simulator.services.dataverse.messages.custom import ApiCall, ApiRefused
from windtunnel.simulator.services.finance_operations.model.whole_sets import WholeSets
from windtunnel.simulator.services.finance_operations.service import FinanceOperations
from windtunnel.simulator.services.invoice_capture import API, InvoiceCapture
from windtunnel.simulator.services.invoice_capture.errors import BadDocument
from windtunnel.simulator.web.wiring.ground import Ground


def capture_tables() -> list[TableDefinition]:
    """The tables that the solution brings."""
    document = files("windtunnel.contracts.entities.dataverse") / "invoice_capture.xml"
    return tables_from_csdl(document.read_bytes())


def wire(
    ground: Ground, dataverse: Dataverse, finance_operations: FinanceOperations
) -> InvoiceCapture:
    """The service; Dataverse answers the solution's custom API where there are channels."""
    settings = ground.settings.invoice_capture
    made = InvoiceCapture(
        ground.store,
        ground.clock,
        ground.jobs,
        ground.ids.child("invoice capture"),
        settings,
        WholeSets(finance_operations.environment, "Admin"),
    )
    made.prepare()

    def receive(call: ApiCall) -> Mapping[str, Any]:
        try:
            return made.receive(call)
        except BadDocument as error:
            raise ApiRefused(str(error)) from error

    if settings.channels:
        dataverse.add_custom_api(API, receive)
    return made
