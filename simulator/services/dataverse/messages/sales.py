"""Sales: opportunities, quotes, orders and invoices change state and become one another.

Source: the Web API reference of WinOpportunity, LoseOpportunity, WinQuote, CloseQuote, ReviseQuote,
ConvertQuoteToSalesOrder, ConvertSalesOrderToInvoice, FulfillSalesOrder, CancelSalesOrder,
GenerateQuoteFromOpportunity and GetQuoteProductsFromOpportunity with their kin, QualifyLead,
CalculateActualValueOpportunity.
"""

from __future__ import annotations

from typing import Any, Final

from windtunnel.simulator.kernel.clock import iso_seconds
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.copying import copy_lines, make_from
from windtunnel.simulator.services.dataverse.messages.references import (
    link_of,
    reference,
    shown,
)
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.model.states import already_closed
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable

_LINES: Final = {
    "opportunity": ("opportunityproduct", "_opportunityid_value"),
    "quote": ("quotedetail", "_quoteid_value"),
    "salesorder": ("salesorderdetail", "_salesorderid_value"),
    "invoice": ("invoicedetail", "_invoiceid_value"),
}


def _header(call: Call, table: str, key: str) -> tuple[DataverseTable, dict[str, Any]]:
    served = call.there.tables.by_name[table]
    row = served.records.get((key,))
    if row is None:
        raise errors.RecordNotFound(table=table, id=key)
    return served, row


def _status_of(served: DataverseTable, state: int, status: int) -> int:
    """The status reason; -1 stands for the default of the state."""
    return served.definition.default_status.get(state, status) if status == -1 else status


def set_state(call: Call, served: DataverseTable, key: str, state: int, status: int) -> None:
    """Change state and status reason; a pair that does not fit is refused."""
    reason = _status_of(served, state, status)
    row = served.records.get((key,)) or {}
    if not call.there.writes.states.is_valid(served, row, state, reason):
        raise errors.BadStatus(value=reason, table=served.name, id=key)
    values = {"statecode": state, "statuscode": reason}
    call.there.writes.change(served, key, values, call.caller)


def refusal(served: DataverseTable, key: str) -> errors.DataverseError:
    """What is answered where a record is not in a state that can be closed."""
    stated = already_closed(served.name)
    if stated is not None:
        return stated()
    return errors.ClosedAlready(table=served.definition.label, id=key)


def close(call: Call, parameter: str, table: str, state: int, allowed: tuple[int, ...]) -> str:
    """Store a closing activity and close what it is about; returns the id of that."""
    activity = call.arguments[parameter]
    kind = str(activity.get("@odata.type", "")).rpartition(".")[2]
    closing = call.there.tables.by_name[kind or parameter.lower()]
    lookup = f"{table}id"
    key = link_of(call, closing, activity, lookup)
    if not key:
        raise errors.InvalidArgument(problem=f"'{parameter}' does not name its '{lookup}'.")
    served, row = _header(call, table, key)
    if row["statecode"] not in allowed:
        raise refusal(served, key)
    skipped = {lookup, f"{lookup}@odata.bind", "@odata.type"}
    body = {name: value for name, value in activity.items() if name not in skipped}
    values, _ = call.there.writes.bodies.values_of(closing, body)
    values |= {f"_{lookup}_value": key, "_regardingobjectid_value": key, "statecode": 1}
    known = {name: value for name, value in values.items() if closing.has(name)}
    call.there.writes.insert(closing, known, call.caller)
    set_state(call, served, key, state, call.arguments["Status"])
    return key


def _close_opportunity(state: int) -> Handler:
    def answer(call: Call) -> Answer:
        key = close(call, "OpportunityClose", "opportunity", state, (0,))
        served, row = _header(call, "opportunity", key)
        activity = call.arguments["OpportunityClose"]
        now = iso_seconds(call.there.clock.now())
        values = {
            "actualclosedate": str(activity.get("actualend") or now)[:10],
            "actualvalue": activity.get("actualrevenue", row.get("estimatedvalue")),
        }
        known = {name: value for name, value in values.items() if served.has(name)}
        call.there.writes.change(served, key, known, call.caller)
        return None

    return answer


def _win_quote(call: Call) -> Answer:
    close(call, "QuoteClose", "quote", 2, (1,))
    return None


def _close_quote(call: Call) -> Answer:
    close(call, "QuoteClose", "quote", 3, (1,))
    return None


def _cancel_order(call: Call) -> Answer:
    close(call, "OrderClose", "salesorder", 2, (0, 1))
    return None


def _fulfill_order(call: Call) -> Answer:
    key = close(call, "OrderClose", "salesorder", 3, (0, 1))
    served, _ = _header(call, "salesorder", key)
    today = iso_seconds(call.there.clock.now())[:10]
    call.there.writes.change(served, key, {"datefulfilled": today}, call.caller)
    return None


def _revise_quote(call: Call) -> Answer:
    served, row = _header(call, "quote", call.arguments["QuoteId"])
    if row["statecode"] not in {1, 3}:
        raise errors.ClosedAlready(table=served.definition.label, id=row["quoteid"])
    set_state(call, served, row["quoteid"], 3, 7)
    more = {"revisionnumber": (row.get("revisionnumber") or 0) + 1}
    key = make_from(call, served, row, served, {**more, "quotenumber": row.get("quotenumber")})
    _copy(call, "quote", row["quoteid"], "quote", key)
    return shown(call, served, key)


def _copy(call: Call, source: str, source_key: str, target: str, key: str) -> None:
    lines, to = _LINES[source], _LINES[target]
    copy_lines(call, (*lines, source_key), (*to, key))


def _becomes(source: str, target: str, parameter: str, state: int | None) -> Handler:
    """A header and its lines become those of another table; the source goes into `state`."""

    def answer(call: Call) -> Answer:
        served, row = _header(call, source, call.arguments[parameter])
        key = str(row[served.primary_id])
        made = call.there.tables.by_name[target]
        new = make_from(call, served, row, made, {f"_{source}id_value": key})
        _copy(call, source, key, target, new)
        if state is not None:
            asked = call.arguments.get("QuoteCloseStatus", -1)
            set_state(call, served, key, state, asked)
        return shown(call, made, new)

    return answer


def _pricing(table: str, parameter: str, *, locked: bool) -> Handler:
    """Some of these are bound to the record, others name it in a parameter."""

    def answer(call: Call) -> Answer:
        key = call.key or call.arguments[parameter]
        served, _ = _header(call, table, key)
        call.there.writes.change(served, key, {"ispricelocked": int(locked)}, call.caller)
        return None

    return answer


def _qualify_lead(call: Call) -> Answer:
    leads, given = call.bound, call.arguments
    row = leads.records.get((call.key,)) or {}
    if row["statecode"] != 0:
        raise refusal(leads, call.key)
    made: list[dict[str, Any]] = []
    keys: dict[str, str] = {}
    about = {"_originatingleadid_value": call.key}

    def create(table: str, more: dict[str, Any]) -> None:
        served = call.there.tables.by_name[table]
        key = keys[table] = make_from(call, leads, row, served, {**about, **more})
        item = {"@odata.type": f"#Microsoft.Dynamics.CRM.{table}", served.primary_id: key}
        made.append(item)

    if given["CreateAccount"]:
        create("account", {"name": row.get("companyname") or row.get("fullname")})
    if given["CreateContact"]:
        create("contact", {"_parentcustomerid_value": keys.get("account")})
    if given["CreateOpportunity"]:
        customer = given.get("OpportunityCustomerId") or {}
        known = (customer.get("accountid"), customer.get("contactid"))
        linked = next((key for key in known if key), None)
        linked = linked or keys.get("account") or keys.get("contact")
        create("opportunity", {"name": row.get("subject"), "_customerid_value": linked})
    values: dict[str, Any] = {
        "_parentaccountid_value": keys.get("account"),
        "_parentcontactid_value": keys.get("contact"),
        "_qualifyingopportunityid_value": keys.get("opportunity"),
    }
    linked_values = {n: v for n, v in values.items() if v is not None and leads.has(n)}
    call.there.writes.change(leads, call.key, linked_values, call.caller)
    set_state(call, leads, call.key, 1, given["Status"])
    return {"value": made}


def _actual_value(call: Call) -> Answer:
    """What a won opportunity brought: its orders, or what it was closed with."""
    row = call.bound.records.get((call.key,)) or {}
    if row["statecode"] != 1:
        raise errors.InvalidArgument(problem="The opportunity is not in the Won state.")
    orders = call.there.tables.by_name["salesorder"]
    linked = orders.records.find({"_opportunityid_value": call.key}, 100_000)
    amounts = [order.get("totalamount") or 0 for order in linked if order["statecode"] != 2]
    value = sum(amounts) if amounts else row.get("actualvalue") or row.get("totalamount") or 0
    call.there.writes.change(call.bound, call.key, {"actualvalue": value}, call.caller)
    return {"Value": value}


def _products_of_opportunity(call: Call) -> Answer:
    _, key = reference(call, "Opportunity")
    _copy(call, "opportunity", key, call.bound.name, call.key)
    return None


HANDLERS: Final[dict[str, Handler]] = {
    "WinOpportunity": _close_opportunity(1),
    "LoseOpportunity": _close_opportunity(2),
    "WinQuote": _win_quote,
    "CloseQuote": _close_quote,
    "ReviseQuote": _revise_quote,
    "ConvertQuoteToSalesOrder": _becomes("quote", "salesorder", "QuoteId", 2),
    "ConvertSalesOrderToInvoice": _becomes("salesorder", "invoice", "SalesOrderId", None),
    "GenerateQuoteFromOpportunity": _becomes("opportunity", "quote", "OpportunityId", None),
    "GenerateSalesOrderFromOpportunity": _becomes(
        "opportunity", "salesorder", "OpportunityId", None
    ),
    "GenerateInvoiceFromOpportunity": _becomes("opportunity", "invoice", "OpportunityId", None),
    "CancelSalesOrder": _cancel_order,
    "FulfillSalesOrder": _fulfill_order,
    "LockSalesOrderPricing": _pricing("salesorder", "SalesOrderId", locked=True),
    "UnlockSalesOrderPricing": _pricing("salesorder", "SalesOrderId", locked=False),
    "LockInvoicePricing": _pricing("invoice", "InvoiceId", locked=True),
    "UnlockInvoicePricing": _pricing("invoice", "InvoiceId", locked=False),
    "QualifyLead": _qualify_lead,
    "CalculateActualValueOpportunity": _actual_value,
    "GetQuoteProductsFromOpportunity": _products_of_opportunity,
    "GetSalesOrderProductsFromOpportunity": _products_of_opportunity,
    "GetInvoiceProductsFromOpportunity": _products_of_opportunity,
}
