"""Requests and answers of Microsoft's pages on queries, page by page.

Sources: the pages below "Use OData to query data", "Compose HTTP requests and handle errors",
"Retrieve a table row using the Web API" and "Perform conditional operations using the Web API".
"""

from __future__ import annotations

import pytest

from windtunnel.simulator.services.dataverse.model import list_plans

ALL = 'odata.include-annotations="*"'
CRM = "Microsoft.Dynamics.CRM."
CDS = "@Microsoft.PowerApps.CDS."
FORMATTED = "@OData.Community.Display.V1.FormattedValue"
NOBODY = "accounts(00000000-0000-0000-0000-000000000001)"
BEFORE = "createdon lt 2000-01-01T00:00:00Z"


@pytest.fixture
def account(dataverse):
    """An account in Washington with a primary contact."""
    contact = {"firstname": "Susanna", "lastname": "Stubberod"}
    return dataverse.create(
        "accounts",
        name="Litware",
        revenue=20000,
        address1_stateorprovince="WA",
        primarycontactid=contact,
    )


# -- filter rows ----------------------------------------------------------------------------------

NEGATED = f"not {CRM}Last7Days(PropertyName='createdon')"


@pytest.mark.parametrize(
    "query",
    [
        f"$filter={NEGATED}",
        f"$filter=name ne null and ({NEGATED})",
        f"$filter=Account_Tasks/any(t:{NEGATED})",
        f"$expand=Account_Tasks($select=subject;$filter={NEGATED})",
        f"$apply=filter({NEGATED})/aggregate($count as n)",
    ],
)
@pytest.mark.parametrize("path", ["accounts", "accounts({})"])
def test_a_query_function_takes_no_not(dataverse, account, path, query):
    if path.endswith(")") and "$expand" not in query:
        path = "accounts"
    answer = dataverse.ask("GET", f"{path.format(account)}?{query}")
    assert answer.error == (400, "0x80060888")
    text = "Not operator along with the Custom Named Condition operators is not allowed"
    assert answer.json["error"]["message"] == text


def test_plain_functions_take_not(dataverse, account):
    found = dataverse.ask("GET", f"accounts?$filter=not contains(name,'zz') and {BEFORE}")
    assert (found.status, found.json["value"]) == (200, [])


@pytest.mark.parametrize(
    "query",
    [
        "$filter={}",
        "$expand=Account_Tasks($select=subject;$filter={})",
        "$apply=filter({})/aggregate($count as n)",
    ],
)
@pytest.mark.parametrize(("number", "status"), [(500, 200), (501, 400)])
def test_a_query_has_500_conditions_at_most(dataverse, query, number, status):
    conditions = " or ".join(["statecode eq 7"] * number)
    answer = dataverse.ask("GET", f"accounts?{query.format(conditions)}")
    assert answer.status == status
    if status == 400:
        error = answer.json["error"]
        text = "Number of conditions in query exceeded maximum limit."
        assert (error["code"], error["message"]) == ("0x8004430c", text)


def test_conditions_of_all_filters_of_a_query_count(dataverse):
    some = " or ".join(["statecode eq 7"] * 251)
    query = f"$filter={some}&$expand=Account_Tasks($select=subject;$filter={some})"
    assert dataverse.ask("GET", f"accounts?{query}").error == (400, "0x8004430c")


def test_a_collection_behind_a_lookup_cannot_be_filtered_on(dataverse, account):
    way = "primarycontactid/account_primary_contact/any(a:a/accountid ne null)"
    answer = dataverse.ask("GET", f"accounts?$select=name&$filter={way}")
    assert answer.error == (400, "0x80060888")
    nested = "contact_customer_accounts/any(c:c/Contact_Tasks/any(t:t/subject eq 'x'))"
    assert dataverse.ask("GET", f"accounts?$select=name&$filter={nested}").status == 200


# -- aggregate data -------------------------------------------------------------------------------


def test_groups_over_a_lookup_are_named_by_table_and_column(dataverse, account):
    steps = (
        "filter(address1_stateorprovince eq 'WA')/"
        "groupby((primarycontactid/fullname),aggregate(revenue with sum as total))"
    )
    answer = dataverse.ask("GET", f"accounts?$apply={steps}", prefer=ALL)
    assert answer.json["value"] == [
        {"contact_fullname": "Susanna Stubberod", f"total{FORMATTED}": "$20,000.00", "total": 20000}
    ]


def test_two_groups_of_one_name_are_told_apart(dataverse, account):
    groups = "createdby/fullname,modifiedby/fullname"
    steps = f"filter(accountid eq {account})/groupby(({groups}))"
    [row] = dataverse.ask("GET", f"accounts?$apply={steps}").json["value"]
    assert set(row) == {"systemuser_fullname", "modifiedby_fullname"}


# -- count rows -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("most", "count", "exceeded"), [(5000, 101, False), (101, 101, False), (100, 100, True)]
)
def test_a_count_says_whether_there_are_more(make_environment, monkeypatch, most, count, exceeded):
    monkeypatch.setattr(list_plans, "COUNT_CAP", most)
    monkeypatch.setattr("windtunnel.simulator.services.dataverse.handlers.COUNT_CAP", most)
    monkeypatch.setattr("windtunnel.simulator.services.dataverse.model.reads.COUNT_CAP", most)
    there = make_environment()
    there.create("accounts", name="One more")
    asked = "accounts?$select=name&$top=1&$count=true"
    root = there.ask("GET", asked, prefer=f'odata.include-annotations="{CRM}*"').json
    assert root["@odata.count"] == root[f"@{CRM}totalrecordcount"] == count
    assert root[f"@{CRM}totalrecordcountlimitexceeded"] is exceeded
    assert there.ask("GET", "accounts/$count").body.decode("utf-8-sig") == str(count)


@pytest.mark.parametrize(
    "query", ["$select=name&$top=1", "fetchXml=<fetch top='1'><entity name='account'/></fetch>"]
)
def test_annotations_of_a_list_are_those_asked_for(dataverse, query):
    def root(wanted):
        prefer = f'odata.include-annotations="{wanted}"'
        found = dataverse.ask("GET", f"accounts?{query}", prefer=prefer).json
        return {name: value for name, value in found.items() if name.startswith(f"@{CRM}")}

    assert root(f"{CRM}totalrecordcount") == {f"@{CRM}totalrecordcount": -1}
    exceeded = f"{CRM}totalrecordcountlimitexceeded"
    assert root(exceeded) == {f"@{exceeded}": False}
    every = root("*")
    assert every[f"@{CRM}totalrecordcount"] == -1
    version = f"{CRM}globalmetadataversion"
    assert root(version) == {f"@{version}": every[f"@{version}"]}


def test_the_version_of_definitions_changes_with_a_definition(dataverse):
    prefer = f'odata.include-annotations="{CRM}globalmetadataversion"'

    def version():
        answer = dataverse.ask("GET", "accounts?$select=name&$top=1", prefer=prefer)
        return answer.json[f"@{CRM}globalmetadataversion"]

    before = version()
    assert version() == before
    label = {"LocalizedLabels": [{"Label": "Shoe size", "LanguageCode": 1033}]}
    column = {
        "@odata.type": f"{CRM}StringAttributeMetadata",
        "SchemaName": "new_Shoe",
        "MaxLength": 10,
        "DisplayName": label,
    }
    made = dataverse.ask("POST", "EntityDefinitions(LogicalName='contact')/Attributes", column)
    assert made.status == 204, made.body
    assert version() != before


# -- retrieve a row -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["accounts({})?", "accounts?$filter=accountid eq {}&"])
def test_a_part_of_an_address_brings_the_whole(dataverse, account, path):
    select = "$select=name,address1_stateorprovince,address2_city"
    answer = dataverse.ask("GET", f"{path.format(account)}{select}").json
    [row] = answer.get("value", [answer])
    assert (row["address1_composite"], row["address2_composite"]) == ("WA", None)
    assert "composite" not in answer["@odata.context"]


# -- conditional retrievals -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "headers", "status"),
    [
        ("", {}, 304),
        ("", {"prefer": "odata.maxpagesize=5"}, 304),
        ("", {"prefer": ALL}, 200),
        ("&$expand=primarycontactid($select=fullname)", {}, 200),
    ],
)
def test_only_plain_records_are_not_modified(dataverse, account, more, headers, status):
    address = f"accounts({account})?$select=name{more}"
    etag = dataverse.ask("GET", address).json["@odata.etag"]
    for _ in range(2):
        assert dataverse.ask("GET", address, if_none_match=etag, **headers).status == status


# -- predefined queries ---------------------------------------------------------------------------


def test_views_that_are_everywhere_have_their_documented_ids(dataverse, account):
    named = dataverse.ask(
        "GET", "savedqueries?$select=savedqueryid&$filter=name eq 'Active Accounts'"
    )
    [view] = named.json["value"]
    assert view["savedqueryid"] == "00000000-0000-0000-00aa-000010001002"
    found = dataverse.ask("GET", f"accounts?savedQuery={view['savedqueryid']}").json["value"]
    assert account in {row["accountid"] for row in found}
    mine = {"customerid_account@odata.bind": f"accounts({account})"}
    theirs = dataverse.create("accounts", name="Theirs")
    won = dataverse.create("opportunities", name="Mine", **mine)
    mine = {"customerid_account@odata.bind": f"accounts({theirs})"}
    dataverse.create("opportunities", name="Theirs", **mine)
    path = f"accounts({account})/opportunity_customer_accounts/"
    answer = dataverse.ask("GET", f"{path}?savedQuery=00000000-0000-0000-00aa-000010003001")
    assert [row["opportunityid"] for row in answer.json["value"]] == [won]


# -- errors ---------------------------------------------------------------------------------------

HELP = (
    "http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a80040217"
    "&client=platform"
)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("OData.Community.Display.V1.FormattedValue", set()),
        ("Microsoft.PowerApps.CDS.HelpLink", {"HelpLink"}),
        (
            "OData.Community.Display.V1.FormattedValue,Microsoft.PowerApps.CDS.ErrorDetails*",
            {"ErrorDetails.OperationStatus", "ErrorDetails.SubErrorCode"},
        ),
        (
            "*",
            {
                *("ErrorDetails.OperationStatus", "ErrorDetails.SubErrorCode"),
                *("HelpLink", "InnerError.Message"),
            },
        ),
    ],
)
def test_details_of_an_error_are_those_asked_for(dataverse, wanted, names):
    prefer = f'odata.include-annotations="{wanted}"'
    error = dataverse.ask("GET", NOBODY, prefer=prefer).json["error"]
    assert {name.removeprefix(CDS) for name in error if name.startswith("@")} == names
    if "HelpLink" in names:
        assert error[f"{CDS}HelpLink"] == HELP
    assert "@" not in "".join(dataverse.ask("GET", NOBODY).json["error"])
