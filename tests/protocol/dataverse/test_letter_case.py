"""Texts compare without case: all letters, not only those of ASCII."""

from __future__ import annotations

from urllib.parse import quote

import pytest

NAME, OTHER = "Käfer Gärtnerei ÅØ", "Plain Nursery"


@pytest.fixture
def named(dataverse):
    dataverse.create("accounts", name=NAME)
    dataverse.create("accounts", name=OTHER)
    return dataverse


FILTERS = [
    "name eq 'KÄFER GÄRTNEREI åø'",
    "'käfer GÄRTNEREI ÅØ' eq name",
    "name in ('KÄFER gärtnerei ÅØ','x')",
    "contains(name,'RTNEREI åø')",
    "contains(name,'ÄRTN')",
    "startswith(name,'KÄF')",
    "endswith(name,'EREI åø')",
    "contains(name,'[ÄÖ]RTN')",
    "Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=['KÄFER GÄRTNEREI ÅØ'])",
]


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_finds_letters_of_either_case(named, text):
    answer = named.ask("GET", f"accounts?$select=name&$filter={quote(text)}")
    assert answer.status == 200, answer.body
    assert {row["name"] for row in answer.json["value"]} == {NAME}


@pytest.mark.parametrize("text", ["name ne 'KÄFER GÄRTNEREI ÅØ'", "not contains(name,'ÄRTN')"])
def test_a_filter_that_denies_leaves_them_out(named, text):
    answer = named.ask("GET", f"accounts?$select=name&$filter={quote(text)}")
    names = {row["name"] for row in answer.json["value"]}
    assert OTHER in names
    assert NAME not in names


@pytest.mark.parametrize(
    "condition",
    [
        "operator='eq' value='KÄFER GÄRTNEREI ÅØ'",
        "operator='like' value='%ÄRTNEREI å_'",
        "operator='begins-with' value='KÄFER'",
        "operator='in'><value>x</value><value>käfer gärtnerei ÅØ</value></condition",
    ],
)
def test_fetchxml_finds_letters_of_either_case(named, condition):
    end = "" if condition.endswith("condition") else "/"
    fetch = (
        "<fetch><entity name='account'><attribute name='name'/><filter>"
        f"<condition attribute='name' {condition}{end}></filter></entity></fetch>"
    )
    answer = named.ask("GET", f"accounts?fetchXml={quote(fetch)}")
    assert answer.status == 200, answer.body
    assert {row["name"] for row in answer.json["value"]} == {NAME}
