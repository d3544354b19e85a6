"""Duplicate detection: rules that are published, requests that ask for it."""

from __future__ import annotations

from urllib.parse import quote

import pytest

FOUND = (412, "0x80040333")


def test_duplicates_are_made_unless_the_request_asks_not_to(dataverse):
    lead = {"firstname": "Monte", "lastname": "Orton", "emailaddress1": "monte@example.com"}
    assert dataverse.ask("POST", "leads", lead).status == 204
    assert dataverse.ask("POST", "leads", lead).status == 204
    suppressed = {"mscrm.suppressduplicatedetection": "true"}
    assert dataverse.ask("POST", "leads", lead, **suppressed).status == 204
    asked = {"mscrm.suppressduplicatedetection": "false"}
    answer = dataverse.ask("POST", "leads", lead, **asked)
    assert answer.error == FOUND
    assert answer.json["error"]["message"] == (
        "A record was not created or updated because a duplicate of the current record already "
        "exists."
    )
    other = {**lead, "emailaddress1": "other@example.com"}
    assert dataverse.ask("POST", "leads", other, **asked).status == 204
    without = {"firstname": "Monte"}
    for _ in range(2):
        assert dataverse.ask("POST", "leads", without, **asked).status == 204


def test_an_update_that_makes_a_duplicate_is_refused_but_not_the_record_as_it_is(dataverse):
    dataverse.create("leads", lastname="A", emailaddress1="a@example.com")
    key = dataverse.create("leads", lastname="B", emailaddress1="b@example.com")
    asked = {"mscrm.suppressduplicatedetection": "false", "if_match": "*"}
    same = {"emailaddress1": "B@example.com"}
    assert dataverse.ask("PATCH", f"leads({key})", same, **asked).status == 204
    clash = {"emailaddress1": "A@example.com"}
    assert dataverse.ask("PATCH", f"leads({key})", clash, **asked).error == FOUND
    put = dataverse.ask("PUT", f"leads({key})/emailaddress1", {"value": "a@example.com"}, **asked)
    assert put.error == FOUND
    assert dataverse.ask("PATCH", f"leads({key})", clash).status == 204


def publish(dataverse, conditions, **rule):
    """A published rule; conditions are (base, matching, operator, parameter, ignores blanks)."""
    given = {"name": "R", "baseentityname": "account", "matchingentityname": "account", **rule}
    key = dataverse.create("duplicaterules", **given)
    for base, matching, operator, parameter, ignores in conditions:
        dataverse.create(
            "duplicateruleconditions",
            baseattributename=base,
            matchingattributename=matching,
            operatorcode=operator,
            operatorparam=parameter,
            ignoreblankvalues=ignores,
            **{"regardingobjectid@odata.bind": f"duplicaterules({key})"},
        )
    address = f"duplicaterules({key})/Microsoft.Dynamics.CRM.PublishDuplicateRule"
    answer = dataverse.ask("POST", address, {})
    assert answer.status == 200, answer.body
    assert answer.json["statuscode"] == 30
    return key


NAME = [("name", "name", 0, None, False)]
OPERATORS = [
    (NAME, {}, {"name": "FABRIKAM inc"}, True),
    (NAME, {"iscasesensitive": True}, {"name": "FABRIKAM inc"}, False),
    (NAME, {"iscasesensitive": True}, {"name": "Fabrikam Inc"}, True),
    ([("name", "name", 1, 4, False)], {}, {"name": "FABRic"}, True),
    ([("name", "name", 1, 6, False)], {}, {"name": "FABRic"}, False),
    ([("name", "name", 2, 3, False)], {}, {"name": "Other Inc"}, True),
    ([("lastusedincampaign", "lastusedincampaign", 3, None, False)], {},
     {"name": "x", "lastusedincampaign": "2026-01-02T23:00:00Z"}, True),
    ([("lastusedincampaign", "lastusedincampaign", 4, None, False)], {},
     {"name": "x", "lastusedincampaign": "2026-01-02T23:00:00Z"}, False),
    ([("industrycode", "industrycode", 6, None, False)], {},
     {"name": "x", "industrycode": 7}, True),
    ([("name", "name", 0, None, False), ("fax", "fax", 0, None, False)], {},
     {"name": "Fabrikam Inc"}, True),
    ([("name", "name", 0, None, False), ("fax", "fax", 0, None, True)], {},
     {"name": "Fabrikam Inc"}, False),
    ([("fax", "fax", 0, None, False)], {}, {"name": "Fabrikam Inc"}, False),
    ([("name", "name", 0, None, False), ("telephone1", "telephone1", 0, None, False)], {},
     {"name": "Fabrikam Inc", "telephone1": "1"}, False),
]  # fmt: skip


@pytest.mark.parametrize(("conditions", "rule", "body", "is_duplicate"), OPERATORS)
def test_conditions_compare_by_their_operator(dataverse, conditions, rule, body, is_duplicate):
    dataverse.create(
        "accounts",
        name="Fabrikam Inc",
        industrycode=7,
        lastusedincampaign="2026-01-02T03:04:05Z",
    )
    publish(dataverse, conditions, **rule)
    asked = {"mscrm.suppressduplicatedetection": "false"}
    answer = dataverse.ask("POST", "accounts", body, **asked)
    assert (answer.status == 412) is is_duplicate, answer.body


def test_inactive_records_can_be_left_out_and_unpublished_rules_find_nothing(dataverse):
    key = dataverse.create("accounts", name="Fabrikam")
    rule = publish(dataverse, [("name", "name", 0, None, False)], excludeinactiverecords=True)
    asked = {"mscrm.suppressduplicatedetection": "false"}
    assert dataverse.ask("POST", "accounts", {"name": "Fabrikam"}, **asked).error == FOUND
    dataverse.ask("PATCH", f"accounts({key})", {"statecode": 1})
    assert dataverse.ask("POST", "accounts", {"name": "Fabrikam"}, **asked).status == 204
    assert dataverse.ask("POST", "accounts", {"name": "Fabrikam"}, **asked).error == FOUND
    unpublish = {"DuplicateRuleId": rule}
    assert dataverse.ask("POST", "UnpublishDuplicateRule", unpublish).status == 204
    assert dataverse.ask("POST", "accounts", {"name": "Fabrikam"}, **asked).status == 204


def test_a_rule_over_two_tables_and_the_duplicates_of_a_record(dataverse):
    person = dataverse.create("contacts", lastname="K", emailaddress1="k@example.com")
    publish(
        dataverse,
        [("emailaddress1", "emailaddress1", 0, None, True)],
        baseentityname="lead",
        matchingentityname="contact",
    )
    asked = {"mscrm.suppressduplicatedetection": "false"}
    body = {"lastname": "K", "emailaddress1": "k@example.com"}
    assert dataverse.ask("POST", "leads", body, **asked).error == FOUND
    lead = dataverse.create("leads", **body)
    for entity in (
        '{"@odata.type":"Microsoft.Dynamics.CRM.lead","emailaddress1":"k@example.com"}',
        f'{{"@odata.id":"leads({lead})"}}',
        f'{{"@odata.type":"Microsoft.Dynamics.CRM.lead","leadid":"{lead}"}}',
    ):
        answer = dataverse.ask(
            "GET",
            "RetrieveDuplicates(BusinessEntity=@p1,MatchingEntityName=@p2,PagingInfo=@p3)"
            f"?@p1={quote(entity)}&@p2='contact'&@p3={quote('{}')}",
        )
        assert answer.status == 200, answer.body
        assert [row["contactid"] for row in answer.json["value"]] == [person]


def test_each_part_of_a_batch_asks_for_itself(dataverse):
    dataverse.create("leads", lastname="A", emailaddress1="a@example.com")
    part = (
        "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        "POST leads HTTP/1.1\r\nContent-Type: application/json\r\n{}\r\n"
        '{{"emailaddress1":"a@example.com"}}\r\n'
    )
    asking = "MSCRM.SuppressDuplicateDetection: false\r\n"
    body = part.format("") + part.format(asking) + "--b--\r\n"
    answer = dataverse.ask(
        "POST",
        "$batch",
        body.encode(),
        content_type="multipart/mixed; boundary=b",
        prefer="odata.continue-on-error",
    )
    assert answer.body.count(b"204 No Content") == 1
    assert answer.body.count(b"0x80040333") == 1


def test_a_rule_needs_conditions_to_be_published(dataverse):
    key = dataverse.create("duplicaterules", name="R", baseentityname="account")
    address = f"duplicaterules({key})/Microsoft.Dynamics.CRM.PublishDuplicateRule"
    assert dataverse.ask("POST", address, {}).error == (400, "0x80040203")
    wrong = {"DuplicateRuleId": "00000000-0000-0000-0000-00000000dead"}
    assert dataverse.ask("POST", "UnpublishDuplicateRule", wrong).error == (404, "0x80040217")


def bulk(dataverse, entity="lead", **criteria):
    query = {
        "@odata.type": "Microsoft.Dynamics.CRM.QueryExpression",
        "EntityName": entity,
        "Criteria": criteria,
    }
    body = {
        "Query": query,
        "JobName": "Find them",
        "SendEmailNotification": False,
        "TemplateId": "00000000-0000-0000-0000-000000000000",
        "ToRecipients": [],
        "CCRecipients": [],
        "RecurrencePattern": "",
        "RecurrenceStartTime": "2026-01-01T00:00:00Z",
    }
    return dataverse.ask("POST", "BulkDetectDuplicates", body)


def test_a_system_job_writes_down_which_records_are_duplicates(dataverse):
    one = dataverse.create("leads", lastname="A", emailaddress1="same@example.com")
    two = dataverse.create("leads", lastname="B", emailaddress1="same@example.com")
    dataverse.create("leads", lastname="C", emailaddress1="other@example.com")
    answer = bulk(dataverse)
    assert answer.status == 200, answer.body
    job = answer.json["JobId"]
    shown = dataverse.ask("GET", f"asyncoperations({job})").json
    assert (shown["operationtype"], shown["statecode"], shown["statuscode"]) == (8, 3, 30)
    query = f"duplicaterecords?$filter=_asyncoperationid_value eq {job}"
    rows = dataverse.ask("GET", query).json["value"]
    pairs = {(row["_baserecordid_value"], row["_duplicaterecordid_value"]) for row in rows}
    assert pairs == {(one, two), (two, one)}
    [rule] = {row["_duplicateruleid_value"] for row in rows}
    named = dataverse.ask("GET", f"duplicaterules({rule})?$select=baseentityname").json
    assert named["baseentityname"] == "lead"


def test_only_what_the_query_finds_is_looked_at(dataverse):
    one = dataverse.create("leads", lastname="A", emailaddress1="same@example.com")
    dataverse.create("leads", lastname="B", emailaddress1="same@example.com")
    by_name = {"AttributeName": "lastname", "Operator": "Equal", "Values": [{"Value": "A"}]}
    assert bulk(dataverse, Conditions=[by_name]).status == 200
    rows = dataverse.ask("GET", "duplicaterecords").json["value"]
    assert [row["_baserecordid_value"] for row in rows] == [one]


def test_a_search_for_duplicates_waits_for_its_moment(make_environment):
    dataverse = make_environment(**{"dataverse.bulk_delete": "time: 60"})
    for name in "AB":
        dataverse.create("leads", lastname=name, emailaddress1="same@example.com")
    job = bulk(dataverse).json["JobId"]
    assert dataverse.ask("GET", f"asyncoperations({job})").json["statecode"] == 0
    assert dataverse.ask("GET", "duplicaterecords").json["value"] == []
    dataverse.house.clock.advance(61)
    assert dataverse.ask("GET", f"asyncoperations({job})").json["statecode"] == 3
    assert len(dataverse.ask("GET", "duplicaterecords").json["value"]) == 2


def test_a_table_without_rules_and_one_that_is_not_there_are_refused(dataverse):
    assert bulk(dataverse, "task").error == (400, "0x80048436")
    assert bulk(dataverse, "nothing").error == (400, "0x80040203")
