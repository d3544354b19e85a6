"""Queries over the Web API: options, expansion, paging, counts, annotations, refusals."""

from __future__ import annotations

import pytest


def names(answer) -> list[str]:
    return [row["name"] for row in answer.json["value"]]


@pytest.fixture
def few(dataverse):
    for number, name in enumerate(["Alpha", "beta", "Gamma's", "100%"]):
        dataverse.create(
            "accounts", name=name, accountnumber=f"few{number}", numberofemployees=number * 10
        )
    return dataverse


FILTERS = [
    ("name eq 'ALPHA'", ["Alpha"]),
    ("name eq 'Gamma''s'", ["Gamma's"]),
    ("numberofemployees ge 10 and numberofemployees lt 30", ["beta", "Gamma's"]),
    ("not contains(name,'a') ", ["100%"]),
    ("startswith(name,'al') or endswith(name,'TA')", ["Alpha", "beta"]),
    ("contains(name,'[%25]')", ["100%"]),
    ("name eq null", []),
    ("name ne 'Alpha'", ["beta", "Gamma's", "100%"]),
    ("createdon ge 2020-01-01", ["Alpha", "beta", "Gamma's", "100%"]),
    ("numberofemployees eq @p1&@p1=20", ["Gamma's"]),
    ("name in ('Alpha','beta')", ["Alpha", "beta"]),
]


@pytest.mark.parametrize(("condition", "found"), FILTERS)
def test_filters_find_what_they_say(few, condition, found):
    head, _, alias = condition.partition("&")
    query = f"accounts?$filter=startswith(accountnumber,'few') and ({head})&$orderby=accountnumber"
    answer = few.ask("GET", query + (f"&{alias}" if alias else ""))
    assert names(answer) == found, answer.body


def test_an_id_may_stand_in_quotes_as_microsoft_s_query_builder_writes_it(dataverse):
    account = dataverse.ask("GET", "accounts?$top=1&$select=name").json["value"][0]
    key = account["accountid"]
    for condition in (
        f"accountid eq '{key}'",
        f"'{key.upper()}' eq accountid",
        f"accountid in ('{key}')",
        f"accountid eq @p&@p='{key}'",
        f"primarycontactid/contactid ne '{key}' and accountid eq {key}",
    ):
        answer = dataverse.ask("GET", f"accounts?$select=name&$filter={condition}")
        assert names(answer) == [account["name"]], answer.body


REFUSED = [
    ("$filter=accountid eq 'no id'", "Found operand types 'Edm.Guid' and 'Edm.String'"),
    (
        "$filter=nope eq 1",
        "Could not find a property named 'nope' on type 'Microsoft.Dynamics.CRM.account'.",
    ),
    ("$filter=name eq 5", "A binary operator with incompatible types was detected."),
    ("$filter=name eq 'O'Bryan'", "There is an unterminated literal at position"),
    ("$filter=name", "must evaluate to a single boolean value"),
    ("$select=nope", "Could not find a property named 'nope'"),
    ("$orderby=nope", "Could not find a property named 'nope'"),
    ("$expand=nope", "Could not find a property named 'nope'"),
    ("$skip=1", "The query parameter '$skip' is not supported."),
    ("$search=x", "The query parameter '$search' is not supported."),
    ("$top=x", "requires a non-negative integer value"),
    ("$filter=length(name) gt 1", "Function 'length' is not supported."),
    ("$filter=%zz", "malformed"),
]


@pytest.mark.parametrize(("query", "text"), REFUSED)
def test_a_query_that_cannot_be_answered_is_refused(dataverse, query, text):
    answer = dataverse.ask("GET", f"accounts?{query}")
    assert answer.error == (400, "0x80060888")
    assert text in answer.json["error"]["message"]


def test_selection_keeps_the_key_the_etag_and_the_currency_of_money(dataverse):
    answer = dataverse.ask("GET", "accounts?$select=revenue&$top=1")
    assert answer.json["@odata.context"].endswith("$metadata#accounts(revenue)")
    [row] = answer.json["value"]
    assert set(row) == {"@odata.etag", "revenue", "accountid", "_transactioncurrencyid_value"}


def test_pages_follow_the_next_link_to_the_end_without_gaps(dataverse):
    seen, url, pages = [], "contacts?$select=fullname", 0
    while url:
        answer = dataverse.ask("GET", url, prefer="odata.maxpagesize=70")
        assert answer.headers["preference-applied"] == "odata.maxpagesize=70"
        seen += [row["contactid"] for row in answer.json["value"]]
        link = answer.json.get("@odata.nextLink", "")
        url, pages = link.removeprefix("https://localhost:3"), pages + 1
    assert (len(seen), len(set(seen)), pages) == (200, 200, 3)
    assert (
        "$skiptoken=%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253ccookie%2520page"
        in dataverse.ask("GET", "contacts", prefer="odata.maxpagesize=1").json["@odata.nextLink"]
    )


def test_counts_come_with_the_page_or_alone_behind_a_byte_order_mark(dataverse):
    answer = dataverse.ask("GET", "accounts?$count=true&$top=3&$select=name")
    assert (answer.json["@odata.count"], len(answer.json["value"])) == (100, 3)
    alone = dataverse.ask("GET", "accounts/$count")
    assert alone.body == b"\xef\xbb\xbf100"
    assert alone.headers["content-type"] == "text/plain"
    filtered = dataverse.ask("GET", "accounts/$count?$filter=accountnumber eq 'AC00001'")
    assert filtered.body.endswith(b"1")


def test_expansion_nests_and_filters(dataverse):
    answer = dataverse.ask(
        "GET",
        "accounts?$select=name&$top=50&$expand=contact_customer_accounts($select=fullname;"
        "$filter=startswith(fullname,'A');$expand=parentcustomerid_account($select=name))",
    )
    rows = answer.json["value"]
    assert any(row["contact_customer_accounts"] for row in rows)
    for row in rows:
        assert row["contact_customer_accounts@odata.nextLink"].startswith("https://localhost:3/")
        for contact in row["contact_customer_accounts"]:
            assert contact["fullname"].startswith("A")
            assert contact["parentcustomerid_account"]["name"] == row["name"]


def test_lambda_and_navigation_paths_filter(dataverse):
    contact = dataverse.ask("GET", "contacts?$top=1&$expand=parentcustomerid_account").json[
        "value"
    ][0]
    account = contact["parentcustomerid_account"]
    name = contact["fullname"].replace("'", "''")
    by_child = dataverse.ask(
        "GET", f"accounts?$filter=contact_customer_accounts/any(c:c/fullname eq '{name}')"
    )
    assert account["accountid"] in [row["accountid"] for row in by_child.json["value"]]
    parent = account["name"].replace("'", "''")
    by_parent = dataverse.ask(
        "GET", f"contacts?$filter=parentcustomerid_account/name eq '{parent}'"
    )
    assert contact["contactid"] in [row["contactid"] for row in by_parent.json["value"]]


def test_annotations_stand_before_what_they_are_about(dataverse):
    answer = dataverse.ask(
        "GET",
        "contacts?$select=_parentcustomerid_value,statecode,createdon&$top=1",
        prefer='odata.include-annotations="*"',
    )
    [row] = answer.json["value"]
    keys = list(row)
    label = "_parentcustomerid_value@OData.Community.Display.V1.FormattedValue"
    assert keys.index(label) < keys.index("_parentcustomerid_value")
    assert row["_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "account"
    assert row["statecode@OData.Community.Display.V1.FormattedValue"] == "Active"
    assert row["createdon@OData.Community.Display.V1.FormattedValue"] == "1/1/2026 12:00 AM"
    assert answer.json["@Microsoft.Dynamics.CRM.totalrecordcount"] == -1


def test_aggregates_group_and_sum(dataverse):
    total = dataverse.ask("GET", "accounts?$apply=aggregate(revenue with sum as total,$count as n)")
    [row] = total.json["value"]
    assert row["n"] == 100
    groups = dataverse.ask(
        "GET", "accounts?$apply=groupby((accountcategorycode),aggregate(revenue with sum as total))"
    ).json["value"]
    assert sum(group["total"] for group in groups) == pytest.approx(row["total"])


def test_functions_at_the_root(dataverse):
    who = dataverse.ask("GET", "WhoAmI()").json
    assert who["@odata.context"].endswith("#Microsoft.Dynamics.CRM.WhoAmIResponse")
    assert dataverse.ask("GET", f"systemusers({who['UserId']})").status == 200
    counts = dataverse.ask(
        "GET", 'RetrieveTotalRecordCount(EntityNames=@p)?@p=["account","contact"]'
    ).json["EntityRecordCountCollection"]
    assert (counts["Keys"], counts["Values"]) == (["account", "contact"], [100, 200])
    assert dataverse.ask("GET", "RetrieveVersion()").json["Version"].startswith("9.2.")


def test_the_service_document_and_the_metadata_agree(dataverse):
    sets = {row["name"] for row in dataverse.ask("GET", "").json["value"]}
    metadata = dataverse.ask("GET", "$metadata")
    assert metadata.headers["content-type"] == "application/xml"
    for name in sets:
        assert f'EntitySet Name="{name}"'.encode() in metadata.body
    assert b"Windtunnel" not in metadata.body


def test_definitions_are_filtered_selected_and_expanded(dataverse):
    answer = dataverse.ask(
        "GET",
        "EntityDefinitions?$select=LogicalName,EntitySetName&$filter=LogicalName eq 'account'",
    ).json["value"]
    assert answer == [
        {
            "EntitySetName": "accounts",
            "LogicalName": "account",
            "MetadataId": "70816501-edb9-4740-a16c-6a5efbc05d84",
        }
    ]
    choices = dataverse.ask(
        "GET",
        "EntityDefinitions(LogicalName='account')/Attributes/"
        "Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName"
        "&$expand=OptionSet($select=Options)",
    ).json["value"]
    category = next(row for row in choices if row["LogicalName"] == "accountcategorycode")
    assert [option["Value"] for option in category["OptionSet"]["Options"]] == [1, 2]
    assert dataverse.ask("GET", "EntityDefinitions(LogicalName='nope')").status == 404
    assert dataverse.ask("GET", "EntityDefinitions?$top=1").status == 400
