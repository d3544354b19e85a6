"""What sales and purchase orders share, headers and lines; what differs are names.

Texts on closed orders and accounts on hold are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.refusals import Refusal, refuse
from windtunnel.simulator.services.finance_operations.model.rules.entity_rules import (
    SITE_MISSING,
    AddressColumns,
    EntityRules,
    Sent,
    Surroundings,
    copy,
)

BACKORDER: Final = 1
_DIMENSIONS: Final = "DefaultLedgerDimensionDisplayValue"
_DISCOUNTS: Final = ("LineDiscountPercentage", "MultilineDiscountPercentage")
_AMOUNT_OF: Final = frozenset(
    {
        *_DISCOUNTS,
        "LineDiscountAmount",
        "MultilineDiscountAmount",
        "LineAmount",
        "CalculateLineAmount",
    }
)

Place: TypeAlias = tuple[str, str]
"""Columns of a site and a warehouse."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who an order is for: `column` names a record of `entity_set`, `invoice` who pays.

    An account with an `OnHoldStatus` among `stopped` gets no order.
    """

    entity_set: str
    key: str
    called: str
    column: str
    invoice: str
    invoice_at_account: str
    stopped: frozenset[int]
    defaults: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a header; `dates` are today where none was sent."""

    entity_set: str
    called: str
    number: str
    status: str
    statuses: Mapping[int, str]
    place: Place
    dates: tuple[str, ...]
    address: AddressColumns


@dataclass(frozen=True, slots=True)
class Line:
    """The columns of a line and what they take from the header and the item."""

    status: str
    place: Place
    quantity: str
    price: str
    price_quantity: str
    from_header: Mapping[str, str]
    from_item: Mapping[str, str]


class Orders:
    """The rules of one kind of order."""

    def __init__(self, around: Surroundings, account: Account, header: Header, line: Line) -> None:
        self._around = around
        self._account, self._header, self._line = account, header, line
        self._of_account = (
            account.key,
            account.invoice_at_account,
            "OnHoldStatus",
            *account.defaults.values(),
        )
        self._of_header = (header.number, header.status, *line.from_header.values())
        self._of_item = tuple(line.from_item.values())
        self._amount_of = {*_AMOUNT_OF, line.quantity, line.price, line.price_quantity}

    # -- headers ------------------------------------------------------------------------------

    def header_rules(self) -> EntityRules:
        """The rules of headers."""
        status = self._header.status
        return EntityRules(
            default=self.default,
            modified=self._modified,
            check_new=self._check_new,
            check=self._check_dimensions,
            closed=lambda row: self._closed(row, row[status]),
        )

    def default(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        """What a header takes from its account."""
        del entity_set
        around, account, header = self._around, self._account, self._header
        company = values[COMPANY]
        found = around.row(account.entity_set, company, values[account.column], self._of_account)
        if found is not None:
            copy(found, values, sent, account.defaults)
            if not values[account.invoice]:
                values[account.invoice] = found[account.invoice_at_account] or found[account.key]
        values["CurrencyCode"] = values["CurrencyCode"] or around.currency(company)
        around.warehouse_implies_site(values, sent, *header.place)
        for name in header.dates:
            if name not in sent:
                values[name] = around.today()
        header.address.show(values)

    def _modified(self, entity_set: EntitySet, values: Values, changed: Sent) -> None:
        self._follow_warehouse(values, changed, self._header.place)
        self._header.address.follow(entity_set, values, changed)

    def _follow_warehouse(self, values: Values, changed: Sent, place: Place) -> None:
        if place[1] in changed:
            self._around.warehouse_implies_site(values, changed, *place)

    def _check_new(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        account = self._account
        number = values[account.column]
        found = self._around.row(account.entity_set, values[COMPANY], number, self._of_account)
        if found is None or found["OnHoldStatus"] not in account.stopped:
            return None
        return refuse(entity_set, f"{account.called} {number} is on hold.", account.column)

    def _check_dimensions(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        return self._around.check_dimensions(entity_set, values, _DIMENSIONS)

    def _closed(self, row: Values, status: int) -> str:
        if status == BACKORDER:
            return ""
        header = self._header
        shown = header.statuses.get(status, status)
        number = row[header.number]
        return f"{header.called} {number} cannot be {{done}} because its status is {shown}."

    # -- lines --------------------------------------------------------------------------------

    def default_line(self, values: Values, sent: Sent) -> None:
        """What a line takes from header and item, and its amount."""
        around, header, line = self._around, self._header, self._line
        company, number = values[COMPANY], values[header.number]
        order = around.row(header.entity_set, company, number, self._of_header)
        if order is not None:
            copy(order, values, sent, line.from_header)
        item = around.row("ReleasedProductsV2", company, values["ItemNumber"], self._of_item)
        if item is not None:
            copy(item, values, sent, line.from_item)
        around.warehouse_implies_site(values, sent, *line.place)
        if line.quantity not in sent:
            values[line.quantity] = 1
        values[line.price_quantity] = values[line.price_quantity] or 1
        self._calculate(values)

    def modified_line(self, entity_set: EntitySet, values: Values, changed: Sent) -> None:
        """The site of another warehouse, the amount of another quantity or price."""
        del entity_set
        self._follow_warehouse(values, changed, self._line.place)
        if not self._amount_of.isdisjoint(changed):
            self._calculate(values)

    def check_new_line(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        """Against a line of an order that is closed."""
        header = self._header
        number = values[header.number]
        order = self._around.row(header.entity_set, values[COMPANY], number, self._of_header)
        text = self._closed(order, order[header.status]) if order is not None else ""
        return refuse(entity_set, text.replace("{done}", "changed")) if text else None

    def check_line(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        """Stocked items need a site."""
        has_site = values[self._line.place[0]]
        if not has_site and self._around.is_stocked(values[COMPANY], values["ItemNumber"]):
            return SITE_MISSING
        return self._check_dimensions(entity_set, values)

    def closed_line(self, row: Values) -> str:
        """The text against changing a line that is not open."""
        return self._closed(row, row[self._line.status])

    def _calculate(self, values: Values) -> None:
        """The net amount of a line, unless it says not to. The formula is reasoned."""
        if values["CalculateLineAmount"] != 1:
            return
        line = self._line
        price = values[line.price] / (values[line.price_quantity] or 1)
        price -= values["LineDiscountAmount"] + values["MultilineDiscountAmount"]
        net = values[line.quantity] * price
        for name in _DISCOUNTS:
            net *= 1 - values[name] / 100
        values["LineAmount"] = round(net, 2)
