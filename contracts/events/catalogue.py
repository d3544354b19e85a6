"""Which business events there are, and the members of each beside the framework's own.

Sources: "Business events overview", "Application business events", "Business events developer
documentation"; members are documented or captured unless an event is marked as assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The type of a member, and so its spelling in JSON."""

    STRING = "string"
    ENUM = "enum"
    """The symbol, as text."""
    INTEGER = "integer"
    REAL = "real"
    """A JSON number; a whole one has no `.0`."""
    BOOLEAN = "boolean"
    GUID = "guid"
    """In braces and upper case."""
    DATE = "date"
    """X++ Date and UtcDateTime: `/Date(milliseconds)/`."""
    ISO = "iso"
    """X++ DateTimeIso8601: ISO 8601 with Z."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a contract."""

    name: str
    kind: Kind = Kind.STRING


@dataclass(frozen=True, slots=True)
class BusinessEvent:
    """One row of the catalogue. `id` is the name of the X++ class, or a workflow's built id.

    `origin`: `standard`, `assumed` (standard, with an id or members nobody confirmed), `windtunnel`
    (ours, as a customer would add it), `custom` (added by who uses the simulator).
    """

    id: str
    category: str
    name: str
    members: tuple[Member, ...]
    origin: str = "standard"
    description: str = ""

    def kinds(self) -> Mapping[str, Kind]:
        """Kinds by member name."""
        return {member.name: member.kind for member in self.members}


def _members(texts: str, **others: Kind) -> tuple[Member, ...]:
    """Members by name: text, but for the named kinds."""
    named = {name: Member(name) for name in texts.split()}
    named |= {name: Member(name, kind) for name, kind in others.items()}
    return tuple(named[name] for name in sorted(named))


_INVOICE: Final = _members(
    "InvoiceAccount InvoiceId LegalEntity",
    InvoiceAmountInAccountingCurrency=Kind.REAL,
    InvoiceDate=Kind.DATE,
    InvoiceDueDate=Kind.DATE,
    InvoiceTaxAmount=Kind.REAL,
)
_ALERT: Final = _members(
    "DataAreaId Email FieldLabel FieldName KeyValue1 KeyValue2 Link Message MessageDetails RuleId "
    "Subject TableLabel TableName UserId",
    FieldId=Kind.INTEGER,
    ParentTableId=Kind.INTEGER,
    TableId=Kind.INTEGER,
    TypeTrigger=Kind.ENUM,
)
_BATCH_JOB: Final = _members(
    "AdminEmailId JobDescription JobExecutedByEmailId JobOwnerEmailId JobStatus",
    JobEndUtcDateTime=Kind.DATE,
    JobId=Kind.INTEGER,
)

_EVENTS: Final = (
    BusinessEvent(
        "PurchaseOrderConfirmedBusinessEvent",
        "Purchase",
        "Purchase order confirmed",
        _members(
            "LegalEntity PurchaseJournal PurchaseOrderNumber TransactionCurrencyCode VendorAccount",
            PurchaseOrderDate=Kind.DATE,
            PurchaseType=Kind.ENUM,
            TransactionCurrencyAmount=Kind.REAL,
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
        (*_INVOICE, Member("SalesOrderId")),  # unconfirmed: the spelling of SalesOrderId
        origin="assumed",
    ),
    BusinessEvent(
        "ProductionOrderReleasedBusinessEvent",
        "ProductionControl",
        "Production order released",
        _members("LegalEntity ProductionOrderNumber Resource"),
    ),
    BusinessEvent("BusinessEventsAlertEvent", "Alerts", "Change-based alert", _ALERT),
    BusinessEvent(
        "BusinessEventsDueDateAlertEvent",
        "Alerts",
        "Due date alert",
        _ALERT,  # unconfirmed: the members of due date alerts
        origin="assumed",
    ),
    *(
        # unconfirmed: the class names of batch events
        BusinessEvent(
            f"BatchJob{state.capitalize()}BusinessEvent",
            "Batch",
            f"Batch job {state}",
            _BATCH_JOB,
            origin="assumed",
        )
        for state in ("started", "finished", "failed", "canceled")
    ),
    BusinessEvent(
        "WindtunnelSalesOrderChangedBusinessEvent",
        "SalesOrder",
        "Sales order created, updated or deleted",
        _members(
            "CustomerAccount CustomersOrderReference LegalEntity SalesOrderNumber",
            Operation=Kind.ENUM,
            SalesStatus=Kind.ENUM,
        ),
        origin="windtunnel",
        description="Not an event of Microsoft: what a customer adds who wants each change.",
    ),
)

CATALOGUE: Final[Mapping[str, BusinessEvent]] = {event.id: event for event in _EVENTS}
"""Shipped events by id."""
