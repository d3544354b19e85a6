"""Which business events there are, and the members of each beside the framework's own.

Source: "Business events overview", "Application business events"; members documented or captured.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a contract. `kind`: string, integer, real, date, enum."""

    name: str
    kind: str = "string"


@dataclass(frozen=True, slots=True)
class BusinessEvent:
    """One row of the catalogue; `is_ours` marks an event that Microsoft does not ship."""

    id: str
    category: str
    name: str
    members: tuple[Member, ...]
    is_ours: bool = False


_INVOICE = (
    Member("InvoiceAccount"),
    Member("InvoiceAmountInAccountingCurrency", "real"),
    Member("InvoiceDate", "date"),
    Member("InvoiceDueDate", "date"),
    Member("InvoiceId"),
    Member("InvoiceTaxAmount", "real"),
    Member("LegalEntity"),
)
_EVENTS = (
    BusinessEvent(
        "PurchaseOrderConfirmedBusinessEvent",
        "Purchase",
        "Purchase order confirmed",
        (
            Member("LegalEntity"),
            Member("PurchaseJournal"),
            Member("PurchaseOrderDate", "date"),
            Member("PurchaseOrderNumber"),
            Member("PurchaseType", "enum"),
            Member("TransactionCurrencyAmount", "real"),
            Member("TransactionCurrencyCode"),
            Member("VendorAccount"),
        ),
    ),
    BusinessEvent(
        "CustFreeTextInvoicePostedBusinessEvent",
        "AccountsReceivable",
        "Free text invoice posted",
        _INVOICE,
    ),
    BusinessEvent(
        "SalesInvoicePostedBusinessEvent",
        "AccountsReceivable",
        "Sales order invoice posted",
        (*_INVOICE, Member("SalesOrderId")),
    ),
    BusinessEvent(
        "ProductionOrderReleasedBusinessEvent",
        "ProductionControl",
        "Production order released",
        (Member("LegalEntity"), Member("ProductionOrderNumber"), Member("Resource")),
    ),
    BusinessEvent(
        "WindtunnelSalesOrderChangedBusinessEvent",
        "SalesOrder",
        "Sales order created, updated or deleted (an event of windtunnel, as a customer adds one)",
        (
            Member("CustomerAccount"),
            Member("CustomersOrderReference"),
            Member("LegalEntity"),
            Member("Operation", "enum"),
            Member("SalesOrderNumber"),
            Member("SalesStatus", "enum"),
        ),
        is_ours=True,
    ),
)

CATALOGUE: dict[str, BusinessEvent] = {event.id: event for event in _EVENTS}
"""Events by their id, which is the name of the X++ class."""
