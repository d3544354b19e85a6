"""Query functions in `$filter`, and pages of OData lists that are sought by key."""

from __future__ import annotations

from urllib.parse import quote

import pytest

NAMES = "Microsoft.Dynamics.CRM."


@pytest.fixture
def tree(dataverse):
    top = dataverse.create("accounts", name="Top", accountnumber="Q0", numberofemployees=5)
    child = dataverse.create(
        "accounts",
        name="Child",
        accountnumber="Q1",
        numberofemployees=50,
        **{"parentaccountid@odata.bind": f"/accounts({top})"},
    )
    dataverse.create(
        "contacts", lastname="Below", **{"parentcustomerid_account@odata.bind": f"/accounts({top})"}
    )
    dataverse.ids = {"top": top, "child": child}
    return dataverse


def ask(dataverse, condition: str, entity_set: str = "accounts", more: str = ""):
    for name, key in getattr(dataverse, "ids", {}).items():
        condition = condition.replace(f"{{{name}}}", key)
    text = condition.replace("CRM:", NAMES)
    return dataverse.ask("GET", f"{entity_set}?$filter={quote(text)}{more}")


FOUND = [
    ("CRM:Today(PropertyName='createdon')", ["Top", "Child"]),
    ("CRM:LastXHours(PropertyName='createdon',PropertyValue=1)", ["Top", "Child"]),
    ("CRM:LastXHours(PropertyName='createdon',PropertyValue='1')", ["Top", "Child"]),
    ("CRM:OlderThanXDays(PropertyName='createdon',PropertyValue=1)", []),
    ("CRM:On(PropertyName='createdon',PropertyValue='2001-01-01')", []),
    (
        "CRM:InFiscalPeriodAndYear(PropertyName='createdon',PropertyValue1=1,PropertyValue2=2001)",
        [],
    ),
    ("CRM:In(PropertyName='name',PropertyValues=['top','x'])", ["Top"]),
    ('CRM:NotIn(PropertyName=\'name\',PropertyValues=["top","x"])', ["Child"]),
    ('CRM:Between(PropertyName=\'numberofemployees\',PropertyValues=["5","9"])', ["Top"]),
    ("CRM:Under(PropertyName='accountid',PropertyValue='{top}')", ["Child"]),
    ("CRM:UnderOrEqual(PropertyName='accountid',PropertyValue={top})", ["Top", "Child"]),
    ("CRM:Above(PropertyName='accountid',PropertyValue='{child}')", ["Top"]),
    ("CRM:EqualUserId(PropertyName='ownerid')", ["Top", "Child"]),
    ("CRM:NotEqualUserId(PropertyName='_ownerid_value')", []),
    ("CRM:EqualBusinessId(PropertyName='owningbusinessunit')", ["Top", "Child"]),
    (
        "contact_customer_accounts/any(c:c/CRM:In(PropertyName='lastname',"
        "PropertyValues=['Below']))",
        ["Top"],
    ),
    ("CRM:In(PropertyName='parentaccountid/name',PropertyValues=['Top'])", ["Child"]),
    (
        "CRM:Between(PropertyName=@p,PropertyValues=@v)&@p='numberofemployees'&@v=['9','99']",
        ["Child"],
    ),
]


@pytest.mark.parametrize(("condition", "found"), FOUND)
def test_functions_find_what_they_say(tree, condition, found):
    head, _, aliases = condition.partition("&")
    more = "&$orderby=accountnumber" + (f"&{aliases}" if aliases else "")
    answer = ask(tree, f"startswith(accountnumber,'Q') and {head}", more=more)
    assert answer.status == 200, answer.body
    assert [row["name"] for row in answer.json["value"]] == found


REFUSED = [
    ("CRM:Nope(PropertyName='name')", "0x80060888", "An unknown function with name"),
    ("CRM:Today()", "0x80060888", "No function signature for the function with name"),
    ("CRM:Today(PropertyName='createdon',PropertyValue=1)", "0x80060888", "No function signature"),
    ("CRM:Today(PropertyName=null)", "0x80060888", "No function signature"),
    ("CRM:LastXDays(PropertyName='createdon')", "0x80060888", "Edm.Int64 PropertyValue"),
    (
        "CRM:Today(PropertyName='nope')",
        "0x80041103",
        "contain attribute with Name = 'nope'",
    ),
    ("CRM:Today(PropertyName='name')", "0x80041120", "is not valid for attribute 'account.name'"),
    ("CRM:LastXDays(PropertyName='createdon',PropertyValue='x')", "0x80041108", "createdon"),
    ("CRM:On(PropertyName='createdon',PropertyValue='x')", "0x80040239", "date-time format"),
    ("CRM:Between(PropertyName='name',PropertyValues=['a'])", "0x80041106", "takes 2"),
    ("CRM:In(PropertyName='name',PropertyValues=[])", "0x80041106", "at least 1"),
    ("CRM:In(PropertyName='nope/name',PropertyValues=['a'])", "0x80060888", "nope"),
]


@pytest.mark.parametrize(("condition", "code", "words"), REFUSED)
def test_wrong_arguments_are_refused(tree, condition, code, words):
    answer = ask(tree, condition)
    assert answer.error == (400, code), answer.body
    assert words in answer.json["error"]["message"]


ORDERS = ["", "name", "name desc", "revenue desc,name", "websiteurl desc", "parentaccountid/name"]


@pytest.mark.parametrize("order", ORDERS)
def test_pages_give_every_row_once(tree, order):
    tree.create("accounts", name='Line\n"one" & <two>', revenue=None)
    tree.create("accounts", name="Same", websiteurl="https://a.example", revenue=7.25)
    tree.create("accounts", name="same", websiteurl="https://a.example", revenue=7.25)
    query = "accounts?$select=accountnumber" + (f"&$orderby={quote(order)}" if order else "")
    whole = [row["accountid"] for row in tree.ask("GET", query).json["value"]]
    found, where = [], query
    while where:
        answer = tree.ask("GET", where, Prefer="odata.maxpagesize=7")
        assert answer.status == 200, answer.body
        found += [row["accountid"] for row in answer.json["value"]]
        where = answer.json.get("@odata.nextLink", "").partition("localhost:3")[2]
    assert found == whole


def test_a_link_that_a_client_encoded_again_is_understood(dataverse):
    query = "accounts?$select=name&$orderby=name"
    first = dataverse.ask("GET", query, Prefer="odata.maxpagesize=10").json
    link = first["@odata.nextLink"].partition("localhost:3")[2]
    second = dataverse.ask("GET", link, Prefer="odata.maxpagesize=10").json
    again = link.replace("$", "%24").replace("%20", "+")
    same = dataverse.ask("GET", again, Prefer="odata.maxpagesize=10").json
    assert same["value"] == second["value"]
    assert same["@odata.nextLink"].count("skiptoken") == 1


def test_rows_that_come_between_pages_do_not_shift_them(tree):
    query = "accounts?$select=name&$orderby=name"
    first = tree.ask("GET", query, Prefer="odata.maxpagesize=10").json
    tree.create("accounts", name="AAA first of all")
    link = first["@odata.nextLink"].partition("localhost:3")[2]
    second = tree.ask("GET", link, Prefer="odata.maxpagesize=10").json
    names = [row["name"] for row in (*first["value"], *second["value"])]
    assert len(set(names)) == 20


TOKENS = ["x", "%3Ccookie/%3E", "%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22x%22/%3E"]


@pytest.mark.parametrize("token", TOKENS)
def test_broken_cookies_are_refused(dataverse, token):
    answer = dataverse.ask("GET", f"accounts?$skiptoken={token}")
    assert answer.error == (400, "0x8004112a")


def test_a_cookie_of_another_order_is_refused(dataverse):
    first = dataverse.ask("GET", "accounts?$orderby=name", Prefer="odata.maxpagesize=5").json
    token = first["@odata.nextLink"].partition("$skiptoken=")[2]
    answer = dataverse.ask("GET", f"accounts?$orderby=revenue&$skiptoken={token}")
    assert answer.error == (400, "0x80041129")


def test_an_aggregate_looks_at_no_more_than_its_limit(dataverse, monkeypatch):
    from windtunnel.simulator.services.dataverse.model import aggregates, reads

    query = "accounts?$apply=aggregate($count%20as%20n)"
    assert dataverse.ask("GET", query).json["value"][0]["n"] >= 100
    for module in (aggregates, reads):
        monkeypatch.setattr(module, "MOST_ROWS", 50)
    assert dataverse.ask("GET", f"{query}&@p=1").error == (400, "0x8004e023")
    few = "accounts?$apply=filter(accountnumber%20eq%20'AC00001')/aggregate($count%20as%20n)"
    assert dataverse.ask("GET", few).json["value"] == [{"n": 1}]
