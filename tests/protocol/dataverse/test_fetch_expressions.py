"""FetchXML as a QueryExpression, and back again."""

from __future__ import annotations

from urllib.parse import quote

import pytest


def convert(dataverse, xml):
    path = f"FetchXmlToQueryExpression(FetchXml=@x)?@x='{quote(xml.replace(chr(39), chr(34)))}'"
    return dataverse.ask("GET", path)


def test_every_part_of_a_query_has_its_member(dataverse):
    xml = (
        "<fetch distinct='true' page='2' count='10' returntotalrecordcount='true'>"
        "<entity name='account'><attribute name='name'/><attribute name='revenue'/>"
        "<order attribute='name' descending='true'/>"
        "<filter type='or'><condition attribute='name' operator='like' value='A%'/>"
        "<condition attribute='createdon' operator='last-x-days' value='7'/>"
        "<filter><condition attribute='statecode' operator='eq' value='0'/>"
        "<condition attribute='ownerid' operator='eq-userid'/>"
        "<condition attribute='industrycode' operator='in'><value>1</value><value>2</value>"
        "</condition></filter></filter>"
        "<link-entity name='contact' from='contactid' to='primarycontactid' alias='c' "
        "link-type='outer'><attribute name='fullname'/>"
        "<filter><condition attribute='donotemail' operator='eq' value='1'/></filter>"
        "</link-entity></entity></fetch>"
    )
    answer = convert(dataverse, xml)
    assert answer.status == 200, answer.body
    query = answer.json["Query"]
    assert (query["EntityName"], query["Distinct"]) == ("account", True)
    assert query["ColumnSet"] == {"AllColumns": False, "Columns": ["name", "revenue"]}
    assert query["PageInfo"] == {
        "PageNumber": 2,
        "Count": 10,
        "ReturnTotalRecordCount": True,
        "PagingCookie": None,
    }
    assert query["Orders"] == [{"AttributeName": "name", "OrderType": "Descending"}]
    criteria = query["Criteria"]
    assert criteria["FilterOperator"] == "Or"
    like, days = criteria["Conditions"]
    assert (like["Operator"], like["Values"]) == (
        "Like",
        [{"Type": "System.String", "Value": "A%"}],
    )
    assert (days["Operator"], days["Values"]) == (
        "LastXDays",
        [{"Type": "System.Int32", "Value": "7"}],
    )
    [inner] = criteria["Filters"]
    assert inner["FilterOperator"] == "And"
    assert [part["Operator"] for part in inner["Conditions"]] == ["Equal", "EqualUserId", "In"]
    assert [value["Value"] for value in inner["Conditions"][2]["Values"]] == ["1", "2"]
    [link] = query["LinkEntities"]
    assert (link["LinkFromEntityName"], link["LinkFromAttributeName"]) == (
        "account",
        "primarycontactid",
    )
    assert (link["LinkToEntityName"], link["LinkToAttributeName"]) == ("contact", "contactid")
    assert (link["JoinOperator"], link["EntityAlias"]) == ("LeftOuter", "c")
    [mail] = link["LinkCriteria"]["Conditions"]
    assert mail["Values"] == [{"Type": "System.Boolean", "Value": "true"}]


@pytest.mark.parametrize(
    "inner",
    [
        "<attribute name='name'/><order attribute='name'/>",
        "<attribute name='name'/><filter><condition attribute='name' operator='begins-with' "
        "value='Fabrikam'/></filter>",
        "<attribute name='name'/><filter><condition attribute='industrycode' operator='not-null'/>"
        "<condition attribute='createdon' operator='olderthan-x-days' value='1'/></filter>",
        "<attribute name='name'/><filter type='or'><condition attribute='numberofemployees' "
        "operator='between'><value>10</value><value>500</value></condition>"
        "<condition attribute='statecode' operator='ne' value='0'/></filter>",
        "<attribute name='name'/><link-entity name='contact' from='parentcustomerid' "
        "to='accountid'><filter><condition attribute='lastname' operator='like' value='%a%'/>"
        "</filter></link-entity>",
    ],
)
def test_a_query_that_goes_and_comes_back_finds_the_same(dataverse, inner):
    xml = f"<fetch><entity name='account'>{inner}</entity></fetch>"
    query = convert(dataverse, xml).json["Query"]
    query["@odata.type"] = "Microsoft.Dynamics.CRM.QueryExpression"
    back = dataverse.ask("POST", "QueryExpressionToFetchXml", {"Query": query})
    assert back.status == 200, back.body
    one, two = (
        dataverse.ask("GET", f"accounts?fetchXml={quote(text)}").json["value"]
        for text in (xml, back.json["FetchXml"])
    )
    assert one == two


@pytest.mark.parametrize(
    ("inner", "error"),
    [
        ("<attribute name='name' alias='n'/>", (400, "0x80040203")),
        (
            "<filter><condition attribute='name' operator='eq' valueof='websiteurl'/></filter>",
            (400, "0x80040203"),
        ),
        (
            "<filter><link-entity name='contact' from='parentcustomerid' to='accountid' "
            "link-type='any'/></filter>",
            (400, "0x80040203"),
        ),
        (
            "<filter><condition attribute='nothing' operator='eq' value='1'/></filter>",
            (400, "0x80041103"),
        ),
    ],
)
def test_what_has_no_like_is_refused(dataverse, inner, error):
    answer = convert(dataverse, f"<fetch><entity name='account'>{inner}</entity></fetch>")
    assert answer.error == error


def test_aggregates_tables_that_are_not_there_and_no_xml_are_refused(dataverse):
    total = (
        "<fetch aggregate='true'><entity name='account'><attribute name='accountid' alias='n' "
        "aggregate='count'/></entity></fetch>"
    )
    assert convert(dataverse, total).error == (400, "0x80040203")
    assert convert(dataverse, "<fetch><entity name='nothing'/></fetch>").error == (
        404,
        "0x80041102",
    )
    assert convert(dataverse, "<fetch>").status == 400
