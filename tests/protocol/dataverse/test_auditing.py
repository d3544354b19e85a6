"""Auditing: what is audited, what is written down, how it is read.

Sources: "Configure auditing", "Retrieve the history of audited data changes".
"""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

CRM = "Microsoft.Dynamics.CRM."
EVERYTHING = 'odata.include-annotations="*"'


@pytest.fixture
def audited(dataverse):
    """The environment with auditing switched on for the organization."""
    [row] = dataverse.ask("GET", "organizations?$select=isauditenabled").json["value"]
    assert row["isauditenabled"] is False
    path = f"organizations({row['organizationid']})"
    assert dataverse.ask("PATCH", path, {"isauditenabled": True}).status == 204
    return dataverse


def rows(there, more=""):
    answer = there.ask("GET", f"audits?$orderby=createdon desc{more}", prefer=EVERYTHING)
    assert answer.status == 200, answer.body
    return answer.json["value"]


def history(there, key, *, column="", count=20, page=1, prefer="", table="accounts"):
    target = quote(json.dumps({"@odata.id": f"{table}({key})"}))
    paging = json.dumps({"PageNumber": page, "Count": count, "ReturnTotalRecordCount": True})
    name, more, value = "RetrieveRecordChangeHistory", "", ""
    if column:
        name = "RetrieveAttributeChangeHistory"
        more, value = "AttributeLogicalName=@attributeLogicalName,", column
        value = f"&@attributeLogicalName='{column}'"
    path = f"{name}(Target=@target,{more}PagingInfo=@paginginfo)?@target={target}{value}"
    answer = there.ask("GET", f"{path}&@paginginfo={quote(paging)}", prefer=prefer)
    assert answer.status == 200, answer.body
    assert answer.json["@odata.context"].endswith(f"$metadata#{CRM}{name}Response")
    return answer.json["AuditDetailCollection"]


def sides(detail):
    return tuple(
        {n: v for n, v in detail[side].items() if "@" not in n} for side in ("OldValue", "NewValue")
    )


def test_nothing_is_written_down_until_the_organization_says_so(dataverse):
    account = dataverse.create("accounts", name="A")
    assert rows(dataverse) == []
    assert history(dataverse, account)["AuditDetails"] == []


def test_a_create_an_update_and_a_delete_are_written_down(audited):
    user = audited.ask("GET", "WhoAmI").json["UserId"]
    contact = audited.create("contacts", firstname="Ann", lastname="Lee")
    audited.ask("PATCH", f"contacts({contact})", {"firstname": "Anne", "lastname": "Lee"})
    audited.ask("PATCH", f"contacts({contact})", {"firstname": "Anne"})
    audited.ask("DELETE", f"contacts({contact})")
    found = {row["operation"]: row for row in rows(audited)}
    assert len(rows(audited)) == 3
    assert {row["action"] for row in found.values()} == {1, 2, 3}
    deleted = found[3]
    assert deleted["_objectid_value"] == contact
    assert deleted[f"_objectid_value@{CRM}lookuplogicalname"] == "contact"
    assert deleted["objecttypecode"] == "contact"
    shown = "@OData.Community.Display.V1.FormattedValue"
    assert deleted[f"objecttypecode{shown}"] == "Contact"
    assert deleted[f"action{shown}"] == deleted[f"operation{shown}"] == "Delete"
    assert deleted[f"_userid_value@{CRM}lookuplogicalname"] == "systemuser"
    assert deleted["_userid_value"] == user
    assert not any(name.endswith("associatednavigationproperty") for name in deleted)
    assert "changedata" not in deleted
    numbers = {
        column["LogicalName"]: column["ColumnNumber"]
        for column in audited.ask(
            "GET",
            "EntityDefinitions(LogicalName='contact')/Attributes?$select=LogicalName,ColumnNumber",
        ).json["value"]
    }
    changed = {numbers[name] for name in ("firstname", "fullname", "yomifullname")}
    assert {int(part) for part in found[2]["attributemask"].split(",")} == changed
    only = f"&$filter=operation eq 3 and objecttypecode eq 'contact' and _userid_value eq '{user}'"
    assert [row["auditid"] for row in rows(audited, only)] == [deleted["auditid"]]
    below = audited.ask("GET", f"systemusers({user})/lk_audit_userid?$filter=operation eq 3")
    assert [row["auditid"] for row in below.json["value"]] == [deleted["auditid"]]


def test_the_details_of_a_change_show_old_and_new_values(audited):
    parent = audited.create("accounts", name="A. Datum Corporation")
    account = audited.create("accounts", name="A", telephone1="1")
    bind = {"parentaccountid@odata.bind": f"/accounts({parent})", "telephone1": None}
    audited.ask("PATCH", f"accounts({account})", bind)
    [row] = rows(audited, f"&$filter=_objectid_value eq {account} and operation eq 2")
    path = f"audits({row['auditid']})/{CRM}RetrieveAuditDetails"
    answer = audited.ask("GET", path, prefer=EVERYTHING)
    assert answer.json["@odata.context"].endswith(f"$metadata#{CRM}RetrieveAuditDetailsResponse")
    detail = answer.json["AuditDetail"]
    lookup = "_parentaccountid_value"
    assert detail == {
        "@odata.type": f"#{CRM}AttributeAuditDetail",
        "InvalidNewValueAttributes": [],
        "LocLabelLanguageCode": 0,
        "DeletedAttributes": {"Count": 0, "Keys": [], "Values": []},
        "OldValue": {"@odata.type": f"#{CRM}account", "telephone1": "1"},
        "NewValue": {
            "@odata.type": f"#{CRM}account",
            f"{lookup}@OData.Community.Display.V1.FormattedValue": "A. Datum Corporation",
            f"{lookup}@{CRM}associatednavigationproperty": "parentaccountid",
            f"{lookup}@{CRM}lookuplogicalname": "account",
            lookup: parent,
        },
    }


def test_histories_of_a_record_and_of_a_column_have_pages(audited):
    account = audited.create("accounts", name="A")
    for text in ("one", "two", "three"):
        audited.ask("PATCH", f"accounts({account})", {"description": text})
    audited.ask("PATCH", f"accounts({account})", {"numberofemployees": 5})
    first = history(audited, account, count=2)
    assert (first["MoreRecords"], first["TotalRecordCount"]) == (True, 5)
    assert first["PagingCookie"]
    assert [sides(detail) for detail in first["AuditDetails"]] == [
        ({}, {"numberofemployees": 5}),
        ({"description": "two"}, {"description": "three"}),
    ]
    last = history(audited, account, count=2, page=3)
    assert (last["MoreRecords"], last["PagingCookie"]) == (False, "")
    assert sides(last["AuditDetails"][0])[1]["name"] == "A"
    column = history(audited, account, column="description", count=1)
    assert (column["TotalRecordCount"], column["MoreRecords"]) == (3, True)
    [detail] = column["AuditDetails"]
    assert sides(detail) == ({"description": "two"}, {"description": "three"})
    target = {"Target": {"@odata.type": f"{CRM}account", "accountid": account}}
    gone = audited.ask("POST", "DeleteRecordChangeHistory", target)
    assert gone.json["DeletedEntriesCount"] == 5
    assert history(audited, account)["TotalRecordCount"] == 0


def test_an_assignment_and_a_state_tell_of_themselves(audited):
    other = audited.colleague("Owner", {"prvReadAccount": "Global"})
    account = audited.create("accounts", name="A")
    owner = {"ownerid@odata.bind": f"/systemusers({other})"}
    audited.ask("PATCH", f"accounts({account})", owner)
    audited.ask("PATCH", f"accounts({account})", {"statecode": 1})
    audited.ask("PATCH", f"accounts({account})", {"statecode": 0})
    actions = [row["action"] for row in rows(audited, f"&$filter=_objectid_value eq {account}")]
    assert sorted(actions) == [1, 4, 5, 13]


def switch(there, address, **values):
    definition = there.ask("GET", address).json
    on = {"CanBeChanged": True, "ManagedPropertyLogicalName": "canmodifyauditsettings"}
    definition["IsAuditEnabled"] = {**on, **values}
    answer = there.ask("PUT", address, definition)
    assert answer.status == 204, answer.body


def test_tables_and_columns_say_whether_they_are_audited(audited):
    path = "EntityDefinitions?$select=LogicalName,IsAuditEnabled&$filter=IsAuditEnabled/Value eq "
    names = {row["LogicalName"] for row in audited.ask("GET", f"{path}true").json["value"]}
    assert names == {"account", "contact"}
    switch(audited, "EntityDefinitions(LogicalName='task')", Value=True)
    name = "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='name')"
    switch(audited, name, Value=False)
    task = audited.create("tasks", subject="T")
    account = audited.create("accounts", name="A", telephone1="1")
    assert {row["objecttypecode"] for row in rows(audited)} == {"task", "account"}
    assert sides(history(audited, task, table="tasks")["AuditDetails"][0])[1]["subject"] == "T"
    new = sides(history(audited, account)["AuditDetails"][0])[1]
    assert (new["telephone1"], "name" in new) == ("1", False)
    switch(audited, "EntityDefinitions(LogicalName='account')", Value=False)
    audited.ask("PATCH", f"accounts({account})", {"telephone1": "2"})
    assert history(audited, account)["TotalRecordCount"] == 1


def test_one_who_acts_for_another_is_the_calling_user(audited):
    other = audited.colleague("Other", {"prvCreateAccount": "Global", "prvReadAccount": "Global"})
    user = audited.ask("GET", "WhoAmI").json["UserId"]
    made = audited.ask("POST", "accounts", {"name": "A"}, MSCRMCallerID=other)
    assert made.status == 204
    [row] = rows(audited, "&$filter=operation eq 1")
    assert (row["_userid_value"], row["_callinguserid_value"]) == (other, user)


def test_long_texts_are_kept_in_part(audited):
    switch(audited, "EntityDefinitions(LogicalName='annotation')", Value=True)
    note = audited.create("annotations", subject="N", notetext="x" * 6000)
    [detail] = history(audited, note, table="annotations")["AuditDetails"]
    text = sides(detail)[1]["notetext"]
    assert (len(text), text[-1]) == (5000, "\N{HORIZONTAL ELLIPSIS}")


def test_what_was_written_down_cannot_be_written(audited):
    audited.create("accounts", name="A")
    [row] = rows(audited)
    for method, path in (
        ("POST", "audits"),
        ("PATCH", f"audits({row['auditid']})"),
        ("DELETE", f"audits({row['auditid']})"),
    ):
        answer = audited.ask(method, path, {"action": 2})
        assert answer.status >= 400, method
        assert "audit" in answer.json["error"]["message"]
    assert len(rows(audited)) == 1


def test_a_failed_write_leaves_no_trace(audited):
    account = audited.create("accounts", name="A")
    target = {"@odata.type": f"{CRM}account", "accountid": account, "name": "B"}
    wrong = {**target, "accountid": "00000000-0000-0000-0000-00000000dead"}
    answer = audited.ask("POST", f"accounts/{CRM}UpdateMultiple", {"Targets": [target, wrong]})
    assert answer.status == 404
    assert history(audited, account)["TotalRecordCount"] == 1


def test_a_switch_that_is_undone_stays_as_it_was(audited):
    organization = audited.ask("GET", "WhoAmI").json["OrganizationId"]
    part = (
        "--c\r\nContent-Type: application/http\r\nContent-ID: {}\r\n\r\n"
        "PATCH /api/data/v9.2/{} HTTP/1.1\r\nContent-Type: application/json\r\n"
        "If-Match: *\r\n\r\n{}\r\n"
    )
    parts = part.format(1, f"organizations({organization})", '{"isauditenabled": false}')
    parts += part.format(2, "accounts(00000000-0000-0000-0000-00000000dead)", "{}")
    body = f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{parts}--c--\r\n--b--\r\n"
    kind = "multipart/mixed; boundary=b"
    assert audited.ask("POST", "$batch", body.encode(), content_type=kind).status == 400
    account = audited.create("accounts", name="A")
    assert history(audited, account)["TotalRecordCount"] == 1


@pytest.mark.parametrize("paging", ['{"PageNumber": -1}', '{"Count": "x"}', '{"Count": 1e99}'])
def test_paging_that_is_none_is_refused(audited, paging):
    account = audited.create("accounts", name="A")
    target = quote(json.dumps({"@odata.id": f"accounts({account})"}))
    path = f"RetrieveRecordChangeHistory(Target=@t,PagingInfo=@p)?@t={target}&@p={quote(paging)}"
    assert audited.ask("GET", path).status == 400


def test_a_column_that_is_not_there_has_no_history(audited):
    account = audited.create("accounts", name="A")
    target = quote(json.dumps({"@odata.id": f"accounts({account})"}))
    path = f"RetrieveAttributeChangeHistory(Target=@t,AttributeLogicalName='x')?@t={target}"
    assert audited.ask("GET", path).error == (400, "0x80040203")
