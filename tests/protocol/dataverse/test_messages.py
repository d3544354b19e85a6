"""Functions and actions: the walk-through of the documentation, and what they refuse.

Source: "Use Web API functions", "Use Web API actions", "Web API Functions and Actions Sample".
"""

from __future__ import annotations

from urllib.parse import quote

import pytest

NOBODY = "00000000-0000-0000-0000-00000000dead"
CRM = "Microsoft.Dynamics.CRM."


def call(dataverse, name, **parameters):
    """A function with its parameters by alias."""
    listed = ",".join(f"{key}=@p{n}" for n, key in enumerate(parameters, 1))
    query = "&".join(f"@p{n}={quote(value)}" for n, value in enumerate(parameters.values(), 1))
    return dataverse.ask("GET", f"{name}({listed})" + (f"?{query}" if query else ""))


def bind(entity_set, key):
    return f"/{entity_set}({key})"


@pytest.fixture
def account(dataverse):
    return dataverse.create("accounts", name="Fourth Coffee", telephone1="1", address1_city="Bern")


def test_functions_with_and_without_parentheses(dataverse):
    plain, called = dataverse.ask("GET", "WhoAmI"), dataverse.ask("GET", "WhoAmI()")
    assert plain.json == called.json
    assert plain.json["@odata.context"].endswith(f"#{CRM}WhoAmIResponse")
    assert set(plain.json) == {"@odata.context", "BusinessUnitId", "UserId", "OrganizationId"}


def test_a_function_formats_an_address(dataverse):
    answer = call(
        dataverse,
        "FormatAddress",
        Line1="'123 Maple St.'",
        City="'Seattle'",
        StateOrProvince="'WA'",
        PostalCode="'98007'",
        Country="'USA'",
    )
    assert answer.json["Address"] == "123 Maple St.\r\nSeattle, WA 98007\r\nUSA"


def test_times_and_zones(dataverse):
    code = call(
        dataverse,
        "GetTimeZoneCodeByLocalizedName",
        LocalizedStandardName="'Pacific Standard Time'",
        LocaleId="1033",
    ).json["TimeZoneCode"]
    assert code == 4
    local = call(
        dataverse, "LocalTimeFromUtcTime", TimeZoneCode="4", UtcTime="2026-07-01T12:00:00Z"
    )
    assert local.json["LocalTime"] == "2026-07-01T05:00:00Z"
    utc = call(
        dataverse, "UtcTimeFromLocalTime", TimeZoneCode="4", LocalTime="2026-07-01T05:00:00Z"
    )
    assert utc.json["UtcTime"] == "2026-07-01T12:00:00Z"


def test_a_record_is_prepared_from_another(dataverse, account):
    answer = call(
        dataverse,
        "InitializeFrom",
        EntityMoniker=f"{{'@odata.id':'accounts({account})'}}",
        TargetEntityName="'account'",
        TargetFieldType=f"{CRM}TargetFieldType'ValidForCreate'",
    )
    assert answer.status == 200, answer.body
    assert answer.json["@odata.type"] == f"#{CRM}account"
    assert answer.json["parentaccountid@odata.bind"] == f"accounts({account})"
    body = {k: v for k, v in answer.json.items() if k not in {"@odata.context", "@odata.type"}}
    made = dataverse.create("accounts", **{**body, "name": "Branch"})
    row = dataverse.ask("GET", f"accounts({made})").json
    assert (row["_parentaccountid_value"], row["address1_city"]) == (account, "Bern")


def test_a_case_is_closed_and_its_time_is_told(dataverse, account):
    case = dataverse.create(
        "incidents",
        **{"title": "Leak", "customerid_account@odata.bind": bind("accounts", account)},
    )
    for minutes in (30, 45):
        task = dataverse.create(
            "tasks",
            **{
                "subject": "T",
                "actualdurationminutes": minutes,
                "regardingobjectid_incident_task@odata.bind": bind("incidents", case),
            },
        )
        dataverse.ask("PATCH", f"tasks({task})", {"statecode": 1, "statuscode": 5})
    timed = dataverse.ask("GET", f"incidents({case})/{CRM}CalculateTotalTimeIncident()")
    assert timed.json["TotalTime"] == 75
    body = {
        "IncidentResolution": {
            "subject": "Put in a new seal",
            "incidentid@odata.bind": bind("incidents", case),
        },
        "Status": 5,
    }
    assert dataverse.ask("POST", "CloseIncident", body).status == 204
    row = dataverse.ask("GET", f"incidents({case})").json
    assert (row["statecode"], row["statuscode"]) == (1, 5)
    assert dataverse.ask("POST", "CloseIncident", body).status == 400


def test_an_opportunity_is_won(dataverse, account):
    deal = dataverse.create(
        "opportunities", **{"name": "D", "customerid_account@odata.bind": bind("accounts", account)}
    )
    close = {
        "subject": "Won!",
        "actualrevenue": 120.5,
        "opportunityid@odata.bind": bind("opportunities", deal),
    }
    answer = dataverse.ask("POST", "WinOpportunity", {"Status": 3, "OpportunityClose": close})
    assert answer.status == 204, answer.body
    row = dataverse.ask("GET", f"opportunities({deal})").json
    assert (row["statecode"], row["statuscode"], row["actualvalue"]) == (1, 3, 120.5)
    closes = dataverse.ask("GET", "opportunitycloses?$select=subject,statecode").json["value"]
    assert [(c["subject"], c["statecode"]) for c in closes] == [("Won!", 1)]


def test_a_quote_becomes_an_order_and_an_invoice_with_its_lines(dataverse, account):
    quote = dataverse.create(
        "quotes", **{"name": "Q", "customerid_account@odata.bind": bind("accounts", account)}
    )
    dataverse.create(
        "quotedetails",
        **{
            "productdescription": "Chair",
            "quantity": 2,
            "priceperunit": 10,
            "isproductoverridden": True,
            "quoteid@odata.bind": bind("quotes", quote),
        },
    )
    dataverse.ask("PATCH", f"quotes({quote})", {"statecode": 1, "statuscode": 2})
    asked = {"QuoteId": quote, "ColumnSet": {"AllColumns": True}}
    order = dataverse.ask("POST", "ConvertQuoteToSalesOrder", asked).json
    assert order["@odata.context"].endswith("$metadata#salesorders/$entity")
    assert (order["name"], order["_quoteid_value"], order["_customerid_value"]) == (
        "Q",
        quote,
        account,
    )
    assert dataverse.ask("GET", f"quotes({quote})").json["statecode"] == 2
    lines = dataverse.ask(
        "GET", f"salesorderdetails?$filter=_salesorderid_value eq {order['salesorderid']}"
    ).json["value"]
    assert [(row["productdescription"], row["quantity"]) for row in lines] == [("Chair", 2)]
    asked = {"SalesOrderId": order["salesorderid"], "ColumnSet": {"AllColumns": True}}
    invoice = dataverse.ask("POST", "ConvertSalesOrderToInvoice", asked).json
    assert invoice["_salesorderid_value"] == order["salesorderid"]


def test_an_activity_goes_into_a_queue_and_to_a_person(dataverse):
    queue = dataverse.create("queues", name="Support")
    letter = dataverse.create("letters", subject="Hello")
    target = {"activityid": letter, "@odata.type": f"{CRM}letter"}
    answer = dataverse.ask("POST", f"queues({queue})/{CRM}AddToQueue", {"Target": target})
    item = answer.json["QueueItemId"]
    me = dataverse.ask("GET", "WhoAmI").json["UserId"]
    body = {"SystemUser": {"systemuserid": me}, "RemoveQueueItem": False}
    assert dataverse.ask("POST", f"queueitems({item})/{CRM}PickFromQueue", body).status == 204
    row = dataverse.ask("GET", f"queueitems({item})").json
    assert (row["_objectid_value"], row["_workerid_value"]) == (letter, me)
    assert dataverse.ask("POST", f"queueitems({item})/{CRM}ReleaseToQueue", {}).status == 204
    assert dataverse.ask("GET", f"queueitems({item})").json["_workerid_value"] is None


def test_a_lead_is_qualified(dataverse):
    lead = dataverse.create("leads", subject="Chairs", lastname="Noor", companyname="Noor AG")
    body = {
        "CreateAccount": True,
        "CreateContact": True,
        "CreateOpportunity": True,
        "Status": 3,
    }
    made = dataverse.ask("POST", f"leads({lead})/{CRM}QualifyLead", body).json["value"]
    kinds = [item["@odata.type"].rpartition(".")[2] for item in made]
    assert kinds == ["account", "contact", "opportunity"]
    contact = dataverse.ask("GET", f"contacts({made[1]['contactid']})").json
    assert (contact["lastname"], contact["_parentcustomerid_value"]) == (
        "Noor",
        made[0]["accountid"],
    )
    assert dataverse.ask("GET", f"leads({lead})").json["statecode"] == 1


def test_two_records_become_one(dataverse, account):
    other = dataverse.create("accounts", name="Fourth Coffee (copy)")
    contact = dataverse.create(
        "contacts",
        **{"lastname": "C", "parentcustomerid_account@odata.bind": bind("accounts", other)},
    )
    body = {
        "Target": {"accountid": account, "@odata.type": f"{CRM}account"},
        "Subordinate": {"accountid": other, "@odata.type": f"{CRM}account"},
        "UpdateContent": {"accountid": NOBODY, "@odata.type": f"{CRM}account", "telephone1": "2"},
        "PerformParentingChecks": False,
    }
    assert dataverse.ask("POST", "Merge", body).status == 204
    row = dataverse.ask("GET", f"accounts({other})").json
    assert (row["statecode"], row["merged"], row["_masterid_value"]) == (1, True, account)
    moved = dataverse.ask("GET", f"contacts({contact})").json
    assert moved["_parentcustomerid_value"] == account
    assert dataverse.ask("GET", f"accounts({account})").json["telephone1"] == "2"


def test_users_join_and_leave_a_team(dataverse):
    me = dataverse.ask("GET", "WhoAmI").json
    unit = bind("businessunits", me["BusinessUnitId"])
    team = dataverse.create("teams", **{"name": "T", "businessunitid@odata.bind": unit})
    body = {"Members": [{"systemuserid": me["UserId"]}]}
    for name, count in (("AddMembersTeam", 1), ("AddMembersTeam", 1), ("RemoveMembersTeam", 0)):
        assert dataverse.ask("POST", f"teams({team})/{CRM}{name}", body).status == 204
        members = dataverse.ask("GET", f"teams({team})/teammembership_association").json["value"]
        assert len(members) == count, name


REFUSED = [
    ("GET", "NoSuchThing()", None, 404, "0x8006088a"),
    ("POST", "WhoAmI", {}, 404, ""),
    ("GET", "WinOpportunity", None, 404, ""),
    ("GET", "FormatAddress(Line1='x')", None, 404, "0x8006088a"),
    ("GET", "WhoAmI(Extra=1)", None, 404, "0x8006088a"),
    ("POST", "WinOpportunity", {"Status": 3}, 400, "0x80040200"),
    ("POST", "WinOpportunity", {"Status": "x", "OpportunityClose": {}}, 400, "0x80048d19"),
    ("POST", "WinOpportunity", {"Nope": 1}, 400, "0x80048d19"),
    ("POST", "WinOpportunity", [], 400, "0x80048d19"),
    ("POST", f"queues({NOBODY})/{CRM}AddToQueue", {}, 404, "0x80040217"),
    ("POST", f"accounts({NOBODY})/{CRM}AddToQueue", {}, 404, "0x8006088a"),
    ("POST", "ExportSolution", {}, 501, ""),
    ("GET", "LocalTimeFromUtcTime(TimeZoneCode=true,UtcTime=1)", None, 400, "0x80060888"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), REFUSED)
def test_wrong_calls_are_refused(dataverse, method, path, body, status, code):
    answer = dataverse.ask(method, path, body)
    assert (answer.status, answer.json["error"]["code"]) == (status, code), answer.body


def test_metadata_shows_operations_with_their_types(dataverse):
    document = dataverse.ask("GET", "$metadata").body.decode()
    assert '<ActionImport Name="WinOpportunity" Action="mscrm.WinOpportunity" />' in document
    assert '<ComplexType Name="AddToQueueResponse">' in document
    assert '<EnumType Name="AccessRights" IsFlags="true">' in document
