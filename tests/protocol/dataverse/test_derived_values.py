"""What the service works out of a record's own values."""

from __future__ import annotations

import re

import pytest

FORMATTED = "@OData.Community.Display.V1.FormattedValue"


def read(dataverse, path, **headers):
    answer = dataverse.ask("GET", path, **headers)
    assert answer.status == 200, answer.body
    return answer.json


def test_a_name_follows_its_parts_and_cannot_be_set(dataverse):
    key = dataverse.create("contacts", firstname="Ada", lastname="King", fullname="Nobody")
    path = f"contacts({key})"
    assert read(dataverse, path)["fullname"] == "Ada King"
    assert read(dataverse, path)["yomifullname"] == "Ada King"
    dataverse.ask("PATCH", path, {"middlename": "Augusta", "fullname": "Nobody"})
    assert read(dataverse, path)["fullname"] == "Ada Augusta King"
    dataverse.ask("DELETE", f"{path}/middlename")
    dataverse.ask("PUT", f"{path}/lastname", {"value": "Lovelace"})
    assert read(dataverse, path)["fullname"] == "Ada Lovelace"
    [found] = read(dataverse, "contacts?$filter=fullname eq 'ada lovelace'")["value"]
    assert found["contactid"] == key


def test_an_address_is_composed_of_its_parts(dataverse):
    key = dataverse.create(
        "accounts",
        name="A",
        address1_line1="1 Main Street",
        address1_city="Redmond",
        address1_stateorprovince="WA",
        address1_postalcode="98052",
        address1_country="USA",
    )
    path = f"accounts({key})"
    composed = "1 Main Street\r\nRedmond, WA 98052\r\nUSA"
    assert read(dataverse, path)["address1_composite"] == composed
    dataverse.ask("PATCH", path, {"address1_line1": None, "address1_postalcode": None})
    assert read(dataverse, path)["address1_composite"] == "Redmond, WA\r\nUSA"


def test_yes_no_columns_and_choices_have_their_defaults(dataverse):
    account = read(dataverse, f"accounts({dataverse.create('accounts', name='A')})")
    assert (account["creditonhold"], account["followemail"]) == (False, True)
    assert (account["customersizecode"], account["preferredcontactmethodcode"]) == (1, 1)
    assert account["accountcategorycode"] is None
    assert (account["address1_addresstypecode"], account["address2_addresstypecode"]) == (None, 1)
    contact = read(dataverse, f"contacts({dataverse.create('contacts', lastname='C')})")
    assert (contact["address2_freighttermscode"], contact["address3_freighttermscode"]) == (1, None)
    told = read(dataverse, f"accounts({dataverse.create('accounts', name='B', creditonhold=True)})")
    assert told["creditonhold"] is True
    task = read(dataverse, f"tasks({dataverse.create('tasks', subject='T')})")
    assert (task["activitytypecode"], task["prioritycode"]) == ("task", 1)


def currency(dataverse, code):
    path = f"transactioncurrencies?$filter=isocurrencycode eq '{code}'"
    return read(dataverse, path)["value"][0]["transactioncurrencyid"]


def test_money_takes_the_base_currency_and_has_a_base_amount(dataverse):
    plain = read(dataverse, f"accounts({dataverse.create('accounts', name='A')})")
    assert plain["_transactioncurrencyid_value"] is None
    key = dataverse.create("accounts", name="A", revenue=1234.567, revenue_base=1)
    account = read(dataverse, f"accounts({key})")
    assert account["_transactioncurrencyid_value"] == currency(dataverse, "USD")
    assert (account["revenue"], account["revenue_base"]) == (1234.57, 1234.57)
    assert account["exchangerate"] == 1


def test_base_amounts_follow_the_currency_and_its_rate_at_the_time_of_writing(dataverse):
    euro = currency(dataverse, "EUR")
    bind = {"transactioncurrencyid@odata.bind": f"/transactioncurrencies({euro})"}
    key = dataverse.create("accounts", name="A", revenue=920, **bind)
    path = f"accounts({key})"
    account = read(dataverse, path, prefer='odata.include-annotations="*"')
    assert (account["exchangerate"], account["revenue_base"]) == (0.92, 1000)
    assert account[f"revenue{FORMATTED}"] == "€920.00"
    dataverse.ask("PATCH", f"transactioncurrencies({euro})", {"exchangerate": 0.5})
    assert read(dataverse, path)["revenue_base"] == 1000
    dataverse.ask("PATCH", path, {"name": "B"})
    assert read(dataverse, path)["revenue_base"] == 1000
    dataverse.ask("PATCH", path, {"creditlimit": 10})
    account = read(dataverse, path)
    assert (account["revenue_base"], account["creditlimit_base"]) == (1840, 20)
    dollar = currency(dataverse, "USD")
    dataverse.ask(
        "PATCH", path, {"transactioncurrencyid@odata.bind": f"/transactioncurrencies({dollar})"}
    )
    assert read(dataverse, path)["revenue_base"] == 920
    dataverse.ask("DELETE", f"{path}/revenue")
    assert read(dataverse, path)["revenue_base"] is None


def test_a_customer_is_repeated_by_the_lookup_of_its_kind(dataverse):
    account = dataverse.create("accounts", name="A")
    key = dataverse.create(
        "contacts",
        lastname="L",
        **{"parentcustomerid_account@odata.bind": f"accounts({account})"},
    )
    assert read(dataverse, f"contacts({key})")["_accountid_value"] == account
    link = f"contacts({key})/parentcustomerid_account/$ref"
    assert dataverse.ask("DELETE", link).status == 204
    assert read(dataverse, f"contacts({key})")["_accountid_value"] is None


STANDARD_NUMBERS = [
    ("incidents", "ticketnumber", "CAS"),
    ("quotes", "quotenumber", "QUO"),
    ("salesorders", "ordernumber", "ORD"),
    ("invoices", "invoicenumber", "INV"),
]


@pytest.mark.parametrize(("entity_set", "column", "prefix"), STANDARD_NUMBERS)
def test_cases_and_sales_documents_are_numbered(dataverse, entity_set, column, prefix):
    numbers = [
        read(dataverse, f"{entity_set}({dataverse.create(entity_set)})")[column] for _ in range(2)
    ]
    assert [re.fullmatch(rf"{prefix}-(\d+)-[A-Z0-9]{{6}}", text)[1] for text in numbers] == [
        "01000",
        "01001",
    ]
    own = dataverse.create(entity_set, **{column: "MINE"})
    assert read(dataverse, f"{entity_set}({own})")[column] == "MINE"


COLUMN = {
    "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata",
    "AutoNumberFormat": "WID-{SEQNUM:3}",
    "SchemaName": "new_Serial",
    "MaxLength": 100,
}


def test_an_autonumber_column_of_ones_own_counts_from_its_seed(dataverse):
    columns = "EntityDefinitions(LogicalName='account')/Attributes"
    assert dataverse.ask("POST", columns, COLUMN).status == 204
    shown = read(dataverse, f"{columns}(LogicalName='new_serial')?$select=AutoNumberFormat")
    assert shown["AutoNumberFormat"] == "WID-{SEQNUM:3}"
    first = dataverse.create("accounts", name="A")
    assert read(dataverse, f"accounts({first})")["new_serial"] == "WID-1000"
    named = "EntityName='account',AttributeName='new_serial'"
    seed = {"EntityName": "account", "AttributeName": "new_serial", "Value": 7}
    assert dataverse.ask("POST", "SetAutoNumberSeed", seed).status == 204
    found = read(dataverse, f"GetAutoNumberSeed({named})")
    assert found["AutoNumberSeedValue"] == 7
    assert read(dataverse, f"GetNextAutoNumberValue({named})")["NextAutoNumberValue"] == 7
    second = dataverse.create("accounts", name="B")
    assert read(dataverse, f"accounts({second})")["new_serial"] == "WID-007"
    seed["AttributeName"] = "name"
    assert dataverse.ask("POST", "SetAutoNumberSeed", seed).error == (400, "0x80040203")


def test_a_failed_create_may_leave_a_gap_in_the_numbers(dataverse):
    body = {"title": "T", "incidentid": "11111111-1111-1111-1111-111111111111"}
    assert dataverse.ask("POST", "incidents", body).status == 204
    assert dataverse.ask("POST", "incidents", body).status == 412
    after = read(dataverse, f"incidents({dataverse.create('incidents', title='U')})")
    assert after["ticketnumber"].startswith(("CAS-01001", "CAS-01002"))


def test_what_cannot_be_computed_is_refused(dataverse):
    columns = "EntityDefinitions(LogicalName='account')/Attributes"
    wrong = {**COLUMN, "AutoNumberFormat": "{SERIAL:3}"}
    assert dataverse.ask("POST", columns, wrong).error == (400, "0x80040203")
    formula = {**COLUMN, "SourceType": 3, "FormulaDefinition": "Now()"}
    answer = dataverse.ask("POST", columns, formula)
    assert answer.status == 501
    assert "x-windtunnel-absent" in answer.headers


def test_choices_of_addresses_have_names_and_refuse_other_values(dataverse):
    key = dataverse.create("accounts", name="A", address1_shippingmethodcode=3)
    prefer = 'odata.include-annotations="*"'
    row = read(dataverse, f"accounts({key})?$select=address1_shippingmethodcode", Prefer=prefer)
    assert row[f"address1_shippingmethodcode{FORMATTED}"] == "FedEx"
    refused = dataverse.ask("PATCH", f"accounts({key})", {"address1_addresstypecode": 9})
    assert refused.error == (400, "0x8004431a")


def test_choices_of_a_table_take_the_number_of_any_table(dataverse):
    key = dataverse.create("duplicaterules", name="Own", baseentitytypecode=10500)
    assert read(dataverse, f"duplicaterules({key})")["baseentitytypecode"] == 10500
