"""Closed records refuse updates where the service does, and states follow one another as there."""

from __future__ import annotations

from dataclasses import replace

import pytest

CRM = "Microsoft.Dynamics.CRM."


def closed(dataverse, entity_set, state, **values):
    """A record that was brought into a state by an update."""
    path = f"{entity_set}({dataverse.create(entity_set, **values)})"
    done = dataverse.ask("PATCH", path, {"statecode": state})
    assert done.status == 204, done.body
    return path


@pytest.mark.parametrize("state", [1, 2])
@pytest.mark.parametrize("entity_set", ["tasks", "phonecalls", "emails", "appointments"])
def test_a_closed_activity_refuses_updates_until_it_is_opened(dataverse, entity_set, state):
    path = closed(dataverse, entity_set, state, subject="Call back")
    refused = dataverse.ask("PATCH", path, {"subject": "Changed"})
    assert refused.error == (400, "0x80040230")
    assert refused.json["error"]["message"] == "Cannot update Closed or Cancelled Activity"
    assert dataverse.ask("GET", path).json["subject"] == "Call back"
    assert dataverse.ask("PATCH", path, {"statecode": 0, "subject": "Again"}).status == 204
    assert dataverse.ask("PATCH", path, {"subject": "And again"}).status == 204


def test_a_scheduled_appointment_is_open(dataverse):
    path = closed(dataverse, "appointments", 3, subject="Visit")
    assert dataverse.ask("PATCH", path, {"location": "Redmond"}).status == 204


def test_a_closed_activity_refuses_single_properties_and_bulk_updates_too(dataverse):
    path = closed(dataverse, "tasks", 1, subject="Done")
    assert dataverse.ask("PUT", f"{path}/subject", {"value": "x"}).error == (400, "0x80040230")
    assert dataverse.ask("DELETE", f"{path}/description").error == (400, "0x80040230")
    item = {"@odata.type": f"{CRM}task", "activityid": path[6:-1], "subject": "x"}
    bulk = dataverse.ask("POST", f"tasks/{CRM}UpdateMultiple", {"Targets": [item]})
    assert bulk.error == (400, "0x80040230")


def test_a_closed_record_can_be_assigned_and_deleted(dataverse):
    user = dataverse.colleague("Ann", {"prvReadActivity": "Basic"})
    path = closed(dataverse, "tasks", 1, subject="Done")
    owner = {"ownerid@odata.bind": f"/systemusers({user})"}
    assert dataverse.ask("PATCH", path, owner).status == 204
    assert dataverse.ask("GET", path).json["_ownerid_value"] == user
    assert dataverse.ask("DELETE", path).status == 204


def test_an_inactive_customer_can_still_be_changed(dataverse):
    for entity_set, column in (("accounts", "name"), ("contacts", "lastname")):
        path = closed(dataverse, entity_set, 1, **{column: "Before"})
        assert dataverse.ask("PATCH", path, {column: "After"}).status == 204
        assert dataverse.ask("GET", path).json[column] == "After"


def test_a_resolved_case_refuses_updates_and_another_resolution(dataverse):
    key = dataverse.create("incidents", title="Broken")
    body = {
        "IncidentResolution": {"incidentid@odata.bind": f"/incidents({key})", "subject": "Mended"},
        "Status": 5,
    }
    assert dataverse.ask("POST", "CloseIncident", body).status == 204
    refused = dataverse.ask("PATCH", f"incidents({key})", {"title": "Changed"})
    assert refused.error == (400, "0x800404cf")
    assert refused.json["error"]["message"].startswith("This case has already been resolved.")
    assert dataverse.ask("POST", "CloseIncident", body).error == (400, "0x800404cf")
    cancelled = dataverse.ask("PATCH", f"incidents({key})", {"statecode": 2})
    assert cancelled.error == (400, "0x80044411")
    reopened = {"statecode": 0, "statuscode": 1, "title": "Broken again"}
    assert dataverse.ask("PATCH", f"incidents({key})", reopened).status == 204
    assert dataverse.ask("GET", f"incidents({key})").json["title"] == "Broken again"


def test_a_cancelled_case_refuses_updates(dataverse):
    path = closed(dataverse, "incidents", 2, title="Never mind")
    assert dataverse.ask("PATCH", path, {"title": "x"}).error == (400, "0x80044411")


def test_a_lead_goes_from_one_closed_state_to_the_other_through_open_only(dataverse):
    path = closed(dataverse, "leads", 1, subject="Interested", lastname="L")
    assert dataverse.ask("PATCH", path, {"statecode": 2}).error == (400, "0x80040519")
    assert dataverse.ask("PATCH", path, {"subject": "Still writable"}).status == 204
    assert dataverse.ask("PATCH", path, {"statecode": 0}).status == 204
    assert dataverse.ask("PATCH", path, {"statecode": 2}).status == 204
    again = {"CreateAccount": False, "CreateContact": False, "CreateOpportunity": False}
    qualify = f"{path}/{CRM}QualifyLead"
    assert dataverse.ask("POST", qualify, {**again, "Status": 3}).error == (400, "0x80040519")


def close_opportunity(dataverse, message, key, status):
    closing = {"opportunityid@odata.bind": f"/opportunities({key})", "actualrevenue": 40}
    return dataverse.ask("POST", message, {"OpportunityClose": closing, "Status": status})


def test_a_closed_opportunity_cannot_be_closed_again_but_changed_and_reopened(dataverse):
    key = dataverse.create("opportunities", name="Deal")
    assert close_opportunity(dataverse, "WinOpportunity", key, -1).status == 204
    refused = close_opportunity(dataverse, "LoseOpportunity", key, -1)
    assert refused.error == (400, "0x80040515")
    assert refused.json["error"]["message"] == "The opportunity is already closed."
    path = f"opportunities({key})"
    assert dataverse.ask("PATCH", path, {"description": "Kept"}).status == 204
    assert dataverse.ask("PATCH", path, {"statecode": 0}).status == 204
    assert close_opportunity(dataverse, "LoseOpportunity", key, -1).status == 204


def test_quotes_are_won_and_closed_by_messages_and_activated_as_drafts_only(dataverse):
    key = dataverse.create("quotes", name="Offer")
    path = f"quotes({key})"
    for state, message in ((2, "WinQuoteRequest"), (3, "CloseQuoteRequest")):
        refused = dataverse.ask("PATCH", path, {"statecode": state})
        assert refused.error == (400, "0x80100005")
        assert message in refused.json["error"]["message"]
    assert dataverse.ask("PATCH", path, {"statecode": 1}).status == 204
    closing = {"QuoteClose": {"quoteid@odata.bind": f"/{path}", "subject": "Won"}, "Status": -1}
    assert dataverse.ask("POST", "WinQuote", closing).status == 204
    assert dataverse.ask("PATCH", path, {"statecode": 1}).error == (400, "0x80100003")
    assert dataverse.ask("PATCH", path, {"statecode": 0}).status == 204


def test_invoices_are_paid_and_cancelled_from_some_states_only(dataverse):
    path = closed(dataverse, "invoices", 3, name="Bill")
    assert dataverse.ask("PATCH", path, {"statecode": 2}).error == (400, "0x80100000")
    paid = closed(dataverse, "invoices", 2, name="Bill")
    assert dataverse.ask("PATCH", paid, {"statecode": 3}).status == 204


SALES = {
    f"prv{right}{table}": "Global"
    for table in ("Quote", "Order", "Invoice")
    for right in ("Create", "Read", "Write", "Delete", "Append", "AppendTo")
}


@pytest.mark.parametrize(
    ("entity_set", "state", "lines", "parent"),
    [
        ("quotes", 1, "quotedetails", "quoteid"),
        ("salesorders", 1, "salesorderdetails", "salesorderid"),
        ("invoices", 2, "invoicedetails", "invoiceid"),
    ],
)
def test_closed_sales_documents_are_read_only_but_for_administrators(
    dataverse, entity_set, state, lines, parent
):
    user = dataverse.colleague("Sam", SALES)
    key = dataverse.create(entity_set, name="Document")
    body = {"productdescription": "Hammer", f"{parent}@odata.bind": f"/{entity_set}({key})"}
    line = dataverse.create(lines, **body)
    path = f"{entity_set}({key})"

    def by_user(method, path, body=None):
        return dataverse.ask(method, path, body, MSCRMCallerID=user)

    assert by_user("PATCH", path, {"description": "Draft"}).status == 204
    assert by_user("PATCH", path, {"statecode": state}).status == 204
    refused = by_user("PATCH", path, {"description": "No more"})
    assert refused.error == (400, "0x8004022e")
    assert by_user("PATCH", f"{lines}({line})", {"quantity": 2}).error == (400, "0x80043b09")
    assert by_user("DELETE", f"{lines}({line})").error == (400, "0x80043b09")
    assert by_user("POST", lines, body).error == (400, "0x80043b09")
    assert dataverse.ask("PATCH", path, {"description": "By an administrator"}).status == 204
    assert by_user("PATCH", path, {"statecode": 0}).status == 204
    assert by_user("PATCH", f"{lines}({line})", {"quantity": 2}).status == 204


def valid(dataverse, path, state, status):
    call = "IsValidStateTransition(Entity=@e,NewState=@s,NewStatus=@n)"
    query = f"?@e={{'@odata.id':'{path}'}}&@s='{state}'&@n={status}"
    return dataverse.ask("GET", call + query).json["IsValid"]


def test_whether_a_transition_is_valid_is_told_from_where_the_record_is(dataverse):
    path = f"incidents({dataverse.create('incidents', title='Broken')})"
    assert valid(dataverse, path, "Resolved", 5)
    assert valid(dataverse, path, "Canceled", 6)
    assert not valid(dataverse, path, "Resolved", 6)
    dataverse.ask("PATCH", path, {"statecode": 2})
    assert not valid(dataverse, path, "Resolved", 5)
    assert valid(dataverse, path, "Active", 1)


def transition(source, *targets):
    listed = "".join(
        f'<allowedtransition sourcestatusid="{source}" targetstatusid="{target}" />'
        for target in targets
    )
    space = "http://schemas.microsoft.com/crm/2009/WebServices"
    return f'<allowedtransitions xmlns="{space}">{listed}</allowedtransitions>'


@pytest.fixture
def ruled(dataverse):
    """Accounts whose status reasons follow one another by rules: 1 to 2, 2 to nothing."""
    tables = dataverse.house.dataverse.tables
    before = tables.definitions["account"]
    column = before.columns["statuscode"]
    options = [
        replace(option, facts={"TransitionData": transition(option.value, *targets)})
        for option, targets in zip(column.options, ((2,), ()), strict=True)
    ]
    ruled = replace(
        before,
        columns={**before.columns, "statuscode": replace(column, options=tuple(options))},
        facts={**before.facts, "EnforceStateTransitions": True},
    )
    tables.add([ruled])
    yield dataverse
    tables.add([before])


def test_status_reasons_follow_the_transitions_that_a_table_enforces(ruled):
    path = f"accounts({ruled.create('accounts', name='A')})"
    assert valid(ruled, path, "Inactive", 2)
    assert ruled.ask("PATCH", path, {"name": "B", "statuscode": 1}).status == 204
    assert ruled.ask("PATCH", path, {"statecode": 1}).status == 204
    assert not valid(ruled, path, "Active", 1)
    assert ruled.ask("PATCH", path, {"statecode": 0}).error == (400, "0x80048408")
    back = ruled.ask("PATCH", path, {"statecode": 0, "statuscode": 1})
    assert back.error == (400, "0x80048408")


def test_the_value_of_a_won_opportunity_is_that_of_its_orders(dataverse):
    key = dataverse.create("opportunities", name="Deal")
    action = f"opportunities({key})/{CRM}CalculateActualValueOpportunity"
    assert dataverse.ask("POST", action).error == (400, "0x80040203")
    link = {"opportunityid@odata.bind": f"/opportunities({key})"}
    assert close_opportunity(dataverse, "WinOpportunity", key, -1).status == 204
    assert dataverse.ask("POST", action).json["Value"] == 40
    for amount in (100, 25):
        dataverse.create("salesorders", name="Order", totalamount=amount, **link)
    assert dataverse.ask("POST", action).json["Value"] == 125
    assert dataverse.ask("GET", f"opportunities({key})").json["actualvalue"] == 125


@pytest.mark.parametrize(
    ("entity_set", "message", "lines", "lookup"),
    [
        ("quotes", "GetQuoteProductsFromOpportunity", "quotedetails", "_quoteid_value"),
        (
            "salesorders",
            "GetSalesOrderProductsFromOpportunity",
            "salesorderdetails",
            "_salesorderid_value",
        ),
        ("invoices", "GetInvoiceProductsFromOpportunity", "invoicedetails", "_invoiceid_value"),
    ],
)
def test_products_of_an_opportunity_are_fetched(dataverse, entity_set, message, lines, lookup):
    deal = dataverse.create("opportunities", name="Deal")
    dataverse.create(
        "opportunityproducts",
        productdescription="Hammer",
        quantity=3,
        **{"opportunityid@odata.bind": f"/opportunities({deal})"},
    )
    key = dataverse.create(entity_set, name="Document")
    body = {"Opportunity": {"opportunityid": deal}}
    assert dataverse.ask("POST", f"{entity_set}({key})/{CRM}{message}", body).status == 204
    query = f"{lines}?$select=productdescription,quantity&$filter={lookup} eq {key}"
    [line] = dataverse.ask("GET", query).json["value"]
    assert (line["productdescription"], line["quantity"]) == ("Hammer", 3)
