"""Microsoft's walk-throughs, request by request: basic, conditional and query operations.

Sources: "Web API Basic Operations Sample", "Web API Conditional Operations Sample" and "Web API
Query Data Sample". The requests are those that the samples send; names of people are ours.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest

ALL = 'odata.include-annotations="*"'
FORMATTED = "@OData.Community.Display.V1.FormattedValue"
ROOT = "https://localhost:3/api/data/v9.2/"


def path_of(answer):
    """The address of what was made, relative as `EntityReference.Path` of the samples."""
    assert answer.status == 204, answer.body
    return answer.headers["odata-entityid"].removeprefix(ROOT)


def id_of(path):
    return path.partition("(")[2].rstrip(")")


def test_basic_operations(dataverse):
    ask = dataverse.ask
    # Section 1: create, update, retrieve, one property.
    rafel = path_of(ask("POST", "contacts", {"firstname": "Rafel", "lastname": "Shillo"}))
    first = {"annualincome": 80000, "jobtitle": "Junior Developer"}
    assert ask("PATCH", rafel, first, if_match="*").status == 204
    shown = ask(
        "GET", f"{rafel}?$select=fullname,annualincome,jobtitle,description", prefer=ALL
    ).json
    assert shown["fullname"] == "Rafel Shillo"
    assert shown[f"annualincome{FORMATTED}"] == "$80,000.00"
    assert (shown["jobtitle"], shown["description"]) == ("Junior Developer", None)
    assert shown[f"_transactioncurrencyid_value{FORMATTED}"] == "US Dollar"
    second = {
        "jobtitle": "Senior Developer",
        "annualincome": 95000,
        "description": "Assignment to-be-determined",
    }
    assert ask("PATCH", rafel, second, if_match="*").status == 204
    assert ask("PUT", f"{rafel}/telephone1", {"value": "555-0105"}).status == 204
    assert ask("GET", f"{rafel}/telephone1").json["value"] == "555-0105"

    # Section 2: a record associated to another.
    contoso = path_of(
        ask(
            "POST",
            "accounts",
            {
                "name": "Contoso Ltd",
                "telephone1": "555-5555",
                "primarycontactid@odata.bind": rafel,
            },
        )
    )
    expand = "primarycontactid($select=fullname,jobtitle,annualincome)"
    shown = ask("GET", f"{contoso}?$select=name,&$expand={expand}", prefer=ALL)
    assert shown.status == 200, shown.body
    person = shown.json["primarycontactid"]
    assert (person["fullname"], person["jobtitle"]) == ("Rafel Shillo", "Senior Developer")
    assert person[f"annualincome{FORMATTED}"] == "$95,000.00"

    # Section 3: related records in one operation.
    days = (("Sign invoice", 19), ("Setup new display", 20), ("Conduct training", 21))
    tasks = [
        {
            "subject": subject,
            "description": f"{subject}, described",
            "scheduledstart": f"2023-04-{day}T03:00:00+07:00",
            "scheduledend": f"2023-04-{day}T04:00:00+07:00",
            "scheduleddurationminutes": 60,
        }
        for subject, day in days
    ]
    coffee = path_of(
        ask(
            "POST",
            "accounts",
            {
                "name": "Fourth Coffee",
                "primarycontactid": {
                    "firstname": "Susie",
                    "lastname": "Curtis",
                    "jobtitle": "Coffee Master",
                    "annualincome": 48000,
                    "Contact_Tasks": tasks,
                },
            },
        )
    )
    shown = ask("GET", f"{coffee}?$select=name&$expand={expand}", prefer=ALL).json
    susie = f"contacts({shown['primarycontactid']['contactid']})"
    assert shown["primarycontactid"]["fullname"] == "Susie Curtis"
    expand = "Contact_Tasks($select=subject,description,scheduledstart,scheduledend)"
    shown = ask("GET", f"{susie}?$select=fullname&$expand={expand}", prefer=ALL).json
    assert {task["subject"] for task in shown["Contact_Tasks"]} == {name for name, _ in days}
    found = next(t for t in shown["Contact_Tasks"] if t["subject"] == "Sign invoice")
    assert found["scheduledstart"] == "2023-04-18T20:00:00Z"
    assert found[f"scheduledstart{FORMATTED}"] == "4/18/2023 8:00 PM"

    # Section 4: associate and disassociate.
    contacts = f"{coffee}/contact_customer_accounts"
    assert ask("POST", f"{contacts}/$ref", {"@odata.id": ROOT + rafel}).status == 204
    [only] = ask("GET", f"{contacts}?$select=fullname,jobtitle").json["value"]
    assert (only["fullname"], only["jobtitle"]) == ("Rafel Shillo", "Senior Developer")
    assert ask("DELETE", f"{contacts}({id_of(rafel)})/$ref").status == 204
    assert ask("GET", contacts).json["value"] == []
    me = ask("GET", "WhoAmI").json
    role = path_of(
        ask(
            "POST",
            "roles",
            {
                "businessunitid@odata.bind": f"businessunits({me['BusinessUnitId']})",
                "name": "Example Security Role",
            },
        )
    )
    mine = f"systemusers({me['UserId']})/systemuserroles_association"
    assert ask("POST", f"{mine}/$ref", {"@odata.id": ROOT + role}).status == 204
    [only] = ask("GET", f"{mine}?$select=name&$filter=roleid eq {id_of(role)}").json["value"]
    assert only["name"] == "Example Security Role"
    assert ask("DELETE", f"{mine}({id_of(role)})/$ref").status == 204

    # Section 5: delete; tasks go with whom they regard.
    for path in (rafel, contoso, coffee, susie, role):
        assert ask("DELETE", path).status == 204
    assert ask("GET", "tasks").json["value"] == []


def test_conditional_operations(dataverse):
    ask = dataverse.ask
    account = path_of(
        ask(
            "POST",
            "accounts",
            {"name": "Contoso Ltd", "telephone1": "555-0000", "revenue": 5000000},
        )
    )
    select = f"{account}?$select=name,revenue,telephone1,description"
    initial = ask("GET", select).json["@odata.etag"]
    unchanged = ask("GET", select, if_none_match=initial)
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert ask("PUT", f"{account}/telephone1", {"value": "555-0001"}).status == 204
    newer = ask("GET", select, if_none_match=initial)
    assert (newer.status, newer.json["telephone1"]) == (200, "555-0001")
    updated = newer.json["@odata.etag"]
    assert ask("DELETE", account, if_match=initial).error == (412, "0x80060882")
    change = {"telephone1": "555-0002", "revenue": 6000000}
    assert ask("PATCH", account, change, if_match=initial).error == (412, "0x80060882")
    assert ask("PATCH", account, change, if_match=updated).status == 204
    shown = ask("GET", select).json
    assert (shown["telephone1"], shown["revenue"]) == ("555-0002", 6000000)


PEOPLE = (
    ("Susanna", "Senior Purchaser", 52000, 3),
    ("Nancy", "Activities Manager", 55500, 4),
    ("Maria", "Accounts Manager", 31000, 5),
    ("Scott", "Accounts Manager", 38000, 6),
    ("Robert", "Senior Technician", 78000, 7),
    ("Paul", "Ski Instructor", 68500, 8),
    ("Rene", "Data Analyst III", 86000, 9),
    ("Jim", "Senior International Sales Manager", 81400, 10),
)


def person(name, title, income, minutes):
    tasks = [
        {
            "subject": f"Task {number} for {name}",
            "description": f"Task {number} for {name} description",
            "actualdurationminutes": minutes,
        }
        for number in (1, 2, 3)
    ]
    return {
        "firstname": name,
        "lastname": "Doe (sample)",
        "jobtitle": title,
        "annualincome": income,
        "Contact_Tasks": tasks,
    }


@pytest.fixture
def contoso(dataverse):
    """The account of the sample, with its primary contact, eight contacts and all their tasks."""
    answer = dataverse.ask(
        "POST",
        "accounts",
        {
            "name": "Contoso, Ltd. (sample)",
            "Account_Tasks": [
                {"subject": f"Task {number} for Contoso", "actualdurationminutes": 10}
                for number in (1, 2, 3)
            ],
            "primarycontactid": person("Yvonne", "Coffee Master", 45000, 5),
            "contact_customer_accounts": [person(*values) for values in PEOPLE],
        },
    )
    return path_of(answer)


def names(answer):
    assert answer.status == 200, answer.body
    return [row["fullname"].split()[0] for row in answer.json["value"]]


def test_query_data_by_filters_orders_and_counts(dataverse, contoso):
    ask, account = dataverse.ask, id_of(contoso)
    select = "contacts?$select=fullname,jobtitle,annualincome&"
    mine = f"_parentcustomerid_value eq {account}"
    sample = "contains(fullname,'(sample)')"
    everybody = {name for name, *_ in PEOPLE}
    # Section 2
    found = ask("GET", f"{select}$filter={sample} and {mine}", prefer=ALL)
    assert set(names(found)) == everybody
    assert all(row[f"annualincome{FORMATTED}"].startswith("$") for row in found.json["value"])
    last_hour = "Microsoft.Dynamics.CRM.LastXHours(PropertyName=@p1,PropertyValue=@p2)"
    found = ask("GET", f"{select}$filter={last_hour} and {mine}&@p1='createdon'&@p2='1'")
    assert set(names(found)) == everybody
    found = ask("GET", f"{select}$filter={sample} and annualincome gt 55000  and {mine}")
    assert set(names(found)) == {"Nancy", "Robert", "Paul", "Rene", "Jim"}
    found = ask(
        "GET",
        f"{select}$filter={sample} and (contains(jobtitle, 'senior') or "
        f"contains(jobtitle,'manager')) and annualincome gt 55000 and {mine}",
    )
    assert set(names(found)) == {"Nancy", "Robert", "Jim"}
    # Section 3
    in_order = ["Scott", "Maria", "Nancy", "Rene", "Jim", "Susanna", "Robert", "Paul"]
    found = ask(
        "GET", f"{select}$filter={sample}and {mine}&$orderby=jobtitle asc, annualincome desc"
    )
    assert names(found) == in_order
    found = ask(
        "GET",
        f"{select}$filter=contains(@p1,'(sample)') and @p2 eq @p3&$orderby=@p4 asc, @p5 desc&"
        f"@p1=fullname&@p2=_parentcustomerid_value&@p3={account}&@p4=jobtitle&@p5=annualincome",
    )
    assert names(found) == in_order
    # Section 4
    assert len(names(ask("GET", f"{select}$filter={sample} and {mine}&$top=5"))) == 5
    count = ask("GET", "contacts/$count")
    assert count.headers["content-type"].startswith("text/plain")
    assert int(count.body.decode("utf-8-sig")) == 209
    found = ask(
        "GET",
        f"{select}$filter=(contains(jobtitle,'senior') or contains(jobtitle, 'manager')) and "
        f"{mine}&$count=true",
        prefer=ALL,
    )
    assert found.json["@odata.count"] == len(names(found)) == 6
    # Section 5
    prefer = f"odata.maxpagesize=4,{ALL}"
    page = ask("GET", f"{select}$filter={sample}&$count=true", prefer=prefer)
    seen = names(page)
    assert (page.json["@odata.count"], len(seen)) == (9, 4)
    assert "odata.maxpagesize=4" in page.headers["preference-applied"]
    while "@odata.nextLink" in page.json:
        page = ask("GET", page.json["@odata.nextLink"].removeprefix(ROOT), prefer=prefer)
        seen += names(page)
    assert sorted(seen) == sorted(everybody | {"Yvonne"})


def test_query_data_by_expansion_and_aggregates(dataverse, contoso):
    ask, account = dataverse.ask, id_of(contoso)
    # Section 6
    expand = "primarycontactid($select=fullname,jobtitle,annualincome)"
    shown = ask("GET", f"{contoso}?$select=name&$expand={expand}", prefer=ALL).json
    yvonne = shown["primarycontactid"]
    assert (yvonne["fullname"], yvonne["annualincome"]) == ("Yvonne Doe (sample)", 45000)
    address = f"contacts({yvonne['contactid']})?$select=fullname,jobtitle,annualincome"
    shown = ask("GET", f"{address}&$expand=account_primary_contact($select=name)").json
    assert [row["name"] for row in shown["account_primary_contact"]] == ["Contoso, Ltd. (sample)"]
    several = (
        f"{expand},contact_customer_accounts($select=fullname,jobtitle,annualincome),"
        "Account_Tasks($select=subject,description)"
    )
    shown = ask("GET", f"{contoso}?$select=name&$expand={several}", prefer=ALL).json
    assert len(shown["contact_customer_accounts"]) == 8
    assert shown["contact_customer_accounts"][0][f"annualincome{FORMATTED}"].startswith("$")
    assert len(shown["Account_Tasks"]) == 3
    found = ask(
        "GET",
        "tasks?$select=subject&"
        f"$filter=regardingobjectid_contact_task/_accountid_value eq {account}"
        "&$expand=regardingobjectid_contact_task($select=fullname;"
        "$expand=parentcustomerid_account($select=name;$expand=createdby($select=fullname)))",
        prefer=ALL,
    )
    assert found.status == 200, found.body
    assert len(found.json["value"]) == 24
    for task in found.json["value"]:
        contact = task["regardingobjectid_contact_task"]
        assert task["subject"].split()[-1] == contact["fullname"].split()[0]
        assert contact["parentcustomerid_account"]["name"] == "Contoso, Ltd. (sample)"
        assert contact["parentcustomerid_account"]["createdby"]["fullname"]
    # Section 7
    found = ask(
        "GET",
        f"{contoso}/contact_customer_accounts?$apply=aggregate("
        "annualincome with average as average, annualincome with sum as total, "
        "annualincome with min as minimum, annualincome with max as maximum)",
        prefer=ALL,
    )
    assert found.status == 200, found.body
    [only] = found.json["value"]
    assert (only["total"], only["average"]) == (490400, 61300)
    assert only[f"average{FORMATTED}"] == "$61,300.00"
    assert only[f"minimum{FORMATTED}"] == "$31,000.00"
    assert only[f"maximum{FORMATTED}"] == "$86,000.00"


FETCH = (
    "<fetch mapping='logical' output-format='xml-platform' version='1.0' distinct='false'{more}>"
    "<entity name ='contact'><attribute name ='fullname' /><attribute name ='jobtitle' />"
    "<attribute name ='annualincome' /><order descending ='true' attribute='fullname' />"
    "<filter type ='and'><condition value ='%(sample)%' attribute='fullname' operator='like' />"
    "<condition value ='{account}' attribute='parentcustomerid' operator='eq' />"
    "</filter></entity></fetch>"
)


def test_query_data_by_fetchxml_and_predefined_queries(dataverse, contoso):
    ask, account = dataverse.ask, id_of(contoso)
    downwards = sorted((name for name, *_ in PEOPLE), reverse=True)

    def fetched(**more):
        attributes = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in more.items())
        xml = FETCH.format(more=attributes, account=account)
        return ask("GET", f"contacts?fetchXml={quote(xml)}", prefer=ALL)

    # Section 8
    assert names(fetched()) == downwards
    assert fetched().json["value"][0][f"annualincome{FORMATTED}"].startswith("$")
    assert names(fetched(count=4, page=2)) == downwards[4:]
    answer = fetched(count=3, page=1, paging_cookie="")
    seen, page = names(answer), 1
    while answer.json.get("@Microsoft.Dynamics.CRM.morerecords"):
        page += 1
        outer = answer.json["@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"]
        inner = unquote(unquote(outer.partition(' pagingcookie="')[2].partition('"')[0]))
        escaped = inner.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        answer = fetched(count=3, page=page, paging_cookie=escaped)
        seen += names(answer)
    assert (seen, page) == (downwards, 3)
    # Section 9
    [view] = ask(
        "GET", "savedqueries?$select=name,savedqueryid&$filter=name eq 'Active Accounts'"
    ).json["value"]
    address = f"accounts?savedQuery={view['savedqueryid']}"
    found = ask("GET", address, prefer=f"{ALL},odata.maxpagesize=3")
    assert len(found.json["value"]) == 3
    follow = found.json["@odata.nextLink"].removeprefix(ROOT)
    behind = ask("GET", follow, prefer=f"{ALL},odata.maxpagesize=3")
    keys = [row["accountid"] for page in (found, behind) for row in page.json["value"]]
    assert len(set(keys)) == 6
    query = path_of(
        ask(
            "POST",
            "userqueries",
            {
                "name": "My User Query",
                "description": "User query to display contact info.",
                "querytype": 0,
                "returnedtypecode": "contact",
                "fetchxml": "<fetch mapping='logical' output-format='xml-platform' version='1.0' "
                "distinct='false'><entity name ='contact'><attribute name ='fullname' />"
                "<attribute name ='contactid' /><attribute name ='jobtitle' />"
                "<attribute name ='annualincome' /><order descending ='false' "
                "attribute='fullname' /><filter type ='and'><condition value ='%(sample)%' "
                "attribute='fullname' operator='like' /><condition value ='%Manager%' "
                "attribute='jobtitle' operator='like' /><condition value ='55000' "
                "attribute='annualincome' operator='gt' /></filter></entity></fetch>",
            },
        )
    )
    found = ask("GET", f"contacts?userQuery={id_of(query)}", prefer=f"odata.maxpagesize=3,{ALL}")
    assert names(found) == ["Jim", "Nancy"]
    # Section 10: everything goes in one batch; tasks with whom they regard.
    people = ask(
        "GET", f"{contoso}?$select=accountid&$expand=contact_customer_accounts($select=contactid)"
    )
    paths = [f"contacts({c['contactid']})" for c in people.json["contact_customer_accounts"]]
    parts = "".join(
        f"--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        f"DELETE /api/data/v9.2/{path} HTTP/1.1\r\n\r\n\r\n"
        for path in [*paths, query, contoso]
    )
    answer = ask(
        "POST", "$batch", f"{parts}--b--\r\n".encode(), content_type='multipart/mixed;boundary="b"'
    )
    assert answer.status == 200
    assert answer.body.count(b"204 No Content") == 10
    left = ask("GET", "tasks?$select=subject").json["value"]
    assert {row["subject"].split()[-1] for row in left} == {"Yvonne"}
