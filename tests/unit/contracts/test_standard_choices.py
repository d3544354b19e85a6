"""Choices of the standard tables have the options that the pages on the tables list."""

from __future__ import annotations

import pytest

from windtunnel.contracts.entities.dataverse import standard_choices, standard_tables

TABLES = {table.logical_name: table for table in standard_tables()}
CHOICES = {"Picklist", "State", "Status", "MultiSelectPicklist"}
EMPTY = {
    ("organization", "dateformatcode"),
    ("organization", "timeformatcode"),
    ("organization", "weekstartdaycode"),
    ("opportunityproduct", "opportunitystatecode"),
    ("quotedetail", "quotestatecode"),
    ("salesorderdetail", "salesorderstatecode"),
    ("invoicedetail", "invoicestatecode"),
}
"""Choices that have no options on the pages either."""


def test_every_choice_has_options_but_those_that_have_none_in_the_service():
    empty = {
        (table.logical_name, column.name)
        for table in TABLES.values()
        for column in table.columns.values()
        if column.type in CHOICES and not column.options
    }
    assert empty == EMPTY


@pytest.mark.parametrize(
    ("table", "column", "first", "count"),
    [
        ("account", "address1_addresstypecode", (1, "Bill To"), 4),
        ("account", "address1_freighttermscode", (1, "FOB"), 2),
        ("contact", "address1_shippingmethodcode", (1, "Airborne"), 7),
        ("contact", "address3_shippingmethodcode", (1, "Default Value"), 1),
        ("customeraddress", "addresstypecode", (1, "Bill To"), 4),
        ("account", "industrycode", (1, "Accounting"), 33),
        ("account", "paymenttermscode", (1, "Net 30"), 4),
        ("task", "instancetypecode", (0, "Not Recurring"), 5),
        ("email", "deliveryprioritycode", (0, "Low"), 3),
        ("opportunity", "need", (0, "Must have"), 4),
        ("quotedetail", "skippricecalculation", (0, "DoPriceCalcAlways"), 4),
        ("duplicaterulecondition", "operatorcode", (0, "Exact Match"), 7),
    ],
)
def test_options_are_those_of_the_service(table, column, first, count):
    options = TABLES[table].columns[column].options
    assert (options[0].value, options[0].label) == first
    assert len(options) == count


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("asyncoperation", "errorcode"),
        ("organization", "languagecode"),
        ("workflow", "languagecode"),
    ],
)
def test_codes_that_are_numbers_are_no_choices(table, column):
    assert TABLES[table].columns[column].type == "Integer"


def test_columns_of_a_global_choice_have_its_options():
    choices = standard_choices()
    assert choices["budgetstatus"].label == "Budget"
    shared = [
        (column, choices[column.option_set])
        for table in standard_tables()
        for column in table.columns.values()
        if column.option_set
    ]
    assert {"budgetstatus", "componenttype"} <= {choice.name for _, choice in shared}
    assert all(column.options == choice.options for column, choice in shared)
