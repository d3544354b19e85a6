"""Business events: their endpoints, and the event of sales orders that changed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from windtunnel.simulator.entity_sets.records import Records
from windtunnel.simulator.kernel.changes import Change, Operation
from windtunnel.simulator.services.business_events import BusinessEvents
from windtunnel.simulator.services.finance_operations.service import FinanceOperations
from windtunnel.simulator.web.wiring.ground import Ground


def wire(ground: Ground, finance_operations: FinanceOperations) -> BusinessEvents:
    """The service, watching the sales orders of finance and operations."""
    made = BusinessEvents(
        ground.store,
        ground.changes,
        ground.clock,
        ground.timers,
        ground.ids.child("business events"),
        ground.settings.business_events,
        ca_file=lambda: ground.ca().path,
    )
    made.prepare()
    orders = finance_operations.environment.sets["SalesOrderHeadersV2"].records
    made.watch(
        orders.table.entity_type,
        "WindtunnelSalesOrderChangedBusinessEvent",
        partial(_order_event, orders),
    )
    return made


def _order_event(orders: Records, change: Change) -> tuple[str, Mapping[str, Any]]:
    """The members of the sales order event, from the order as it is after (or was before)."""
    order = change.before if change.operation is Operation.DELETE else orders.get(change.key)
    order = order or {}
    company, number = change.key
    statuses = orders.columns["SalesOrderStatus"].enum
    names = {} if statuses is None else {v: k for k, v in statuses.members.items()}
    members = {
        "CustomerAccount": order.get("OrderingCustomerAccountNumber", ""),
        "CustomersOrderReference": order.get("CustomersOrderReference", ""),
        "LegalEntity": company,
        "Operation": {0: "Created", 1: "Updated", 2: "Deleted"}[int(change.operation)],
        "SalesOrderNumber": number,
        "SalesStatus": names.get(order.get("SalesOrderStatus", 0), ""),
    }
    return company, members
