"""The read-only `?sql=` parameter: what one SELECT may say, and what is refused."""

from __future__ import annotations

from urllib.parse import quote

import pytest


def ask(dataverse, text: str, entity_set: str = "accounts"):
    return dataverse.ask("GET", f"{entity_set}?sql={quote(text, safe='')}")


@pytest.fixture
def firms(dataverse):
    make = dataverse.create
    one = make("accounts", name="One", accountnumber="S1", numberofemployees=10, revenue=1.5)
    two = make("accounts", name="Two's", accountnumber="S2", numberofemployees=20, revenue=2.5)
    make("accounts", name="Three", accountnumber="S3", numberofemployees=20)
    for last, firm in (("A", one), ("B", one), ("C", two)):
        make(
            "contacts",
            firstname=f"F{last}",
            lastname=last,
            **{"parentcustomerid_account@odata.bind": f"/accounts({firm})"},
        )
    return dataverse


OURS = "accountnumber LIKE 'S_'"
FOUND = [
    ("name", "name = 'one'", ["One"]),
    ("name", "name = N'Two''s'", ["Two's"]),
    ("name", "name <> 'One'", ["Two's", "Three"]),
    ("name", "numberofemployees > 10 AND revenue IS NOT NULL", ["Two's"]),
    ("name", "10 < numberofemployees", ["Two's", "Three"]),
    ("name", "(name = 'One' OR name = 'Three') AND numberofemployees >= 20", ["Three"]),
    ("name", "numberofemployees BETWEEN 5 AND 15", ["One"]),
    ("name", "numberofemployees NOT BETWEEN 5 AND 15", ["Two's", "Three"]),
    ("name", "revenue NOT IN (1.5)", ["Two's"]),
    ("name", "revenue != 1.5", ["Two's"]),
    ("name", "revenue IS NULL", ["Three"]),
    ("name", "name IN ('One', 'Three')", ["One", "Three"]),
    ("name", "name NOT LIKE 'T%'", ["One"]),
    ("name", "revenue > -1", ["One", "Two's"]),
    ("[name]", "[account].[name] = 'One' -- a remark", ["One"]),
    ("name", "name = accountnumber", []),
]


@pytest.mark.parametrize(("columns", "condition", "found"), FOUND)
def test_where(firms, columns, condition, found):
    answer = ask(
        firms,
        f"SELECT {columns} FROM account WHERE {OURS} AND ({condition}\n) ORDER BY accountnumber",
    )
    assert answer.status == 200, answer.body
    assert [row["name"] for row in answer.json["value"]] == found


def values(dataverse, text: str, entity_set: str = "accounts"):
    answer = ask(dataverse, text, entity_set)
    assert answer.status == 200, answer.body
    kept = []
    for row in answer.json["value"]:
        drop = ("@odata.etag", "accountid", "_transactioncurrencyid_value")
        kept.append({name: value for name, value in row.items() if name not in drop})
    return kept


def test_joins(firms):
    inner = values(
        firms,
        "SELECT a.name, c.lastname AS person FROM account a INNER JOIN contact c "
        f"ON a.accountid = c.parentcustomerid WHERE a.{OURS} ORDER BY a.name, c.lastname DESC",
    )
    assert inner == [
        {"name": "One", "person": "B"},
        {"name": "One", "person": "A"},
        {"name": "Two's", "person": "C"},
    ]
    outer = values(
        firms,
        "SELECT a.name, c.lastname FROM account AS a LEFT OUTER JOIN contact AS c "
        f"ON c.parentcustomerid = a.accountid AND c.lastname = 'B' WHERE a.{OURS} "
        "ORDER BY a.accountnumber",
    )
    assert outer == [{"name": "One", "lastname": "B"}, {"name": "Two's"}, {"name": "Three"}]
    both = "SELECT a.name, c.firstname, o.fullname FROM account a JOIN contact c ON "
    both += "c.parentcustomerid = a.accountid JOIN systemuser o ON o.systemuserid = c.ownerid "
    both += "WHERE c.lastname = 'C'"
    assert values(firms, both) == [
        {"name": "Two's", "firstname": "FC", "fullname": "windtunnel demo"}
    ]


def test_aggregates_and_groups(firms):
    found = values(
        firms,
        "SELECT numberofemployees, COUNT(*) AS firms, SUM(revenue) AS total, AVG(revenue), "
        f"COUNT(DISTINCT name) names FROM account WHERE {OURS} GROUP BY numberofemployees "
        "ORDER BY firms DESC",
    )
    assert found == [
        {"numberofemployees": 20, "firms": 2, "total": 2.5, "avg_revenue": 2.5, "names": 2},
        {"numberofemployees": 10, "firms": 1, "total": 1.5, "avg_revenue": 1.5, "names": 1},
    ]
    joined = values(
        firms,
        "SELECT a.name, COUNT(c.contactid) AS people FROM account a JOIN contact c "
        f"ON a.accountid = c.parentcustomerid WHERE a.{OURS} GROUP BY a.name "
        "ORDER BY COUNT(c.contactid)",
    )
    assert joined == [{"name": "Two's", "people": 1}, {"name": "One", "people": 2}]


def test_top_distinct_and_offset(firms):
    ordered = f"FROM account WHERE {OURS} ORDER BY accountnumber"
    assert [row["name"] for row in values(firms, f"SELECT TOP 2 name {ordered}")] == [
        "One",
        "Two's",
    ]
    assert values(firms, f"SELECT TOP (0) name {ordered}") == []
    page = f"SELECT name {ordered} OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY"
    assert [row["name"] for row in values(firms, page)] == ["Two's"]
    rest = f"SELECT name {ordered} OFFSET 2 ROWS"
    assert [row["name"] for row in values(firms, rest)] == ["Three"]
    kinds = f"SELECT DISTINCT numberofemployees FROM account WHERE {OURS}"
    assert values(firms, kinds) == [{"numberofemployees": 10}, {"numberofemployees": 20}]


@pytest.mark.parametrize("order", ["", " ORDER BY name DESC", " ORDER BY revenue"])
def test_pages_follow_the_link(firms, order):
    text = quote(f"SELECT name FROM account{order}", safe="")
    whole = [row["accountid"] for row in firms.ask("GET", f"accounts?sql={text}").json["value"]]
    found, where = [], f"accounts?sql={text}"
    while where:
        answer = firms.ask("GET", where, Prefer="odata.maxpagesize=17")
        assert answer.status == 200, answer.body
        found += [row["accountid"] for row in answer.json["value"]]
        where = answer.json.get("@odata.nextLink", "").partition("localhost:3")[2]
    assert found == whole


REFUSED = [
    "",
    "DELETE FROM account",
    "SELECT * FROM account",
    "SELECT TOP 5 * FROM account",
    "SELECT a.* FROM account a",
    "SELECT name FROM account; DELETE FROM account",
    "SELECT name FROM account UNION SELECT name FROM account",
    "SELECT name FROM account a, contact c",
    "SELECT name FROM account a CROSS JOIN contact c",
    "SELECT name FROM account a RIGHT JOIN contact c ON a.accountid = c.parentcustomerid",
    "SELECT name FROM account a JOIN contact c ON a.accountid > c.parentcustomerid",
    "SELECT name FROM account a JOIN contact c ON c.contactid = c.parentcustomerid",
    "SELECT name FROM account WHERE name IN (SELECT name FROM account)",
    "SELECT name FROM account WHERE EXISTS (SELECT name FROM account)",
    "SELECT name FROM (SELECT name FROM account) x",
    "WITH x AS (SELECT name FROM account) SELECT name FROM x",
    "SELECT COUNT(*) FROM account GROUP BY name HAVING COUNT(*) > 1",
    "SELECT UPPER(name) FROM account",
    "SELECT CASE WHEN 1=1 THEN 2 END FROM account",
    "SELECT name FROM account WHERE UPPER(name) = 'A'",
    "SELECT name FROM account WHERE numberofemployees = 1 + 1",
    "SELECT name FROM account WHERE name = NULL",
    "SELECT name FROM account WHERE NOT name = 'a'",
    "SELECT name FROM account WHERE x.name = 'a'",
    "SELECT name, COUNT(*) FROM account",
    "SELECT TOP 5001 name FROM account",
    "SELECT TOP 5 PERCENT name FROM account",
    "SELECT name FROM account ORDER BY 1",
    "SELECT name FROM account OFFSET 5 ROWS",
    "SELECT name FROM account WHERE name = 'a",
    "SELECT name, name FROM account",
    "SELECT name FROM account WHERE " + "(" * 200 + "name = 'a'" + ")" * 200,
    "SELECT \x00 FROM account",
]


@pytest.mark.parametrize("text", REFUSED)
def test_refusals(dataverse, text):
    assert ask(dataverse, text).error == (400, "0x80060888")


KNOWN_CODES = [
    ("SELECT nope FROM account", "0x80041103"),
    ("SELECT name FROM nope", "0x80041102"),
    ("SELECT fullname FROM contact", "0x80041128"),
    ("SELECT name FROM account WHERE numberofemployees = 'x'", "0x80041108"),
]


@pytest.mark.parametrize(("text", "code"), KNOWN_CODES)
def test_names_and_values_have_the_errors_of_every_query(dataverse, text, code):
    assert ask(dataverse, text).error == (400, code)
