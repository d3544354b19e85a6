"""What each service refuses of OData, and what it still accepts."""

from __future__ import annotations

import pytest

from windtunnel.simulator.odata import (
    DATAVERSE,
    FINANCE_AND_OPERATIONS,
    Dialect,
    ODataError,
    parse_query,
)

REFUSED = [
    *[(DATAVERSE, text) for text in (
        "$skip=1",
        "$search=blue",
        "$compute=A add B as C",
        "$format=json",
        "$Filter=A eq 1",
        "$expand=Orders($skip=1)",
        "$expand=Orders($count=true)",
        "$expand=Orders($search=blue)",
        "$expand=Orders($levels=2)",
        "$filter=year(Made) eq 2024",
        "$filter=tolower(Name) eq 'x'",
        "$filter=A add 1 eq 2",
        "$filter=Own.Function(A=1)",
        "$filter=A EQ 1",
        "$filter=Color has Sales.Color'Red'",
        "$apply=concat(identity,identity)",
        "$filter=Orders/aggregate(Amount with sum) gt 1",
    )],
    *[(FINANCE_AND_OPERATIONS, text) for text in (
        "$search=blue",
        "$apply=aggregate($count as N)",
        "$compute=A add B as C",
        "$filter=contains(Name,'x')",
        "$filter=startswith(Name,'x')",
        "$filter=endswith(Name,'x')",
        "$filter=Lines/any(l:l/A eq 1)",
        "$filter=Name in ('a','b')",
        "$filter=Color has Sales.Color'Red'",
        "$expand=Lines($expand=Item)",
        "$expand=Lines($levels=2)",
        "$filter=Lines/$count gt 1",
    )],
]  # fmt: skip
ACCEPTED = [
    *[(DATAVERSE, text) for text in (
        "$filter=contains(name,'a') and revenue eq null",
        "$filter=primarycontactid/createdby/fullname eq 'x'",
        "$filter=contact_customer_accounts/any(c:c/fullname eq 'x')",
        "$filter=name eq @p1&@p1='x'",
        "$filter= name eq 'x' ",
        "$filter=Microsoft.Dynamics.CRM.Between(PropertyName='a',PropertyValues=[\"5\",\"9\"])",
        "$expand=primarycontactid($select=fullname),owninguser/$ref",
        "$apply=groupby((statuscode),aggregate($count as count))",
        "$count=true&$top=5&$orderby=name desc",
        "fetchXml=%3Cfetch%2F%3E",
    )],
    *[(FINANCE_AND_OPERATIONS, text) for text in (
        "$filter=Name eq '*retail*' and Amount add 1 gt 5",
        "$filter=Blocked eq Microsoft.Dynamics.DataEntities.NoYes'Yes'",
        "$filter=SalesOrderHeader/Status eq 'x'",
        "$select=A,B&$expand=Lines($select=A)&$skip=5&$top=5&$count=true",
        "cross-company=true",
    )],
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "text"), REFUSED)
def test_a_service_refuses_what_it_does_not_support(dialect: Dialect, text: str) -> None:
    with pytest.raises(ODataError) as caught:
        parse_query(text, dialect)
    assert 0 <= caught.value.position <= len(text)


@pytest.mark.parametrize(("dialect", "text"), ACCEPTED)
def test_a_service_accepts_what_it_documents(dialect: Dialect, text: str) -> None:
    parse_query(text, dialect)
