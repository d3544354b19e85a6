"""FetchXML over the Web API: rows, joins, groups, pages, annotations, refusals."""

from __future__ import annotations

import json
from urllib.parse import quote, unquote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ANNOTATED = {"Prefer": 'odata.include-annotations="*"'}
PAGED = {
    "Prefer": 'odata.include-annotations="Microsoft.Dynamics.CRM.fetchxmlpagingcookie,'
    'Microsoft.Dynamics.CRM.morerecords"'
}
COOKIE = "@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"
MORE = "@Microsoft.Dynamics.CRM.morerecords"


def fetch(dataverse, xml: str, entity_set: str = "accounts", **headers: str):
    return dataverse.ask("GET", f"{entity_set}?fetchXml={quote(xml)}", **headers)


def rows(dataverse, inner: str, entity: str = "account", more: str = "", **headers: str):
    xml = f'<fetch {more}><entity name="{entity}">{inner}</entity></fetch>'
    answer = fetch(dataverse, xml, f"{entity}s", **headers)
    assert answer.status == 200, answer.body
    return answer.json["value"]


def names(dataverse, inner: str, **options: str) -> list[str]:
    return [row["name"] for row in rows(dataverse, f'<attribute name="name"/>{inner}', **options)]


@pytest.fixture
def firms(dataverse):
    """A holding with two firms below, one of those with one more; three people."""
    make = dataverse.create
    top = make("accounts", name="Top", accountnumber="F0", numberofemployees=500, revenue=10.5)
    left = make(
        "accounts",
        name="Left",
        accountnumber="F1",
        numberofemployees=50,
        revenue=20.5,
        address1_city="Left",
        **{"parentaccountid@odata.bind": f"/accounts({top})"},
    )
    right = make(
        "accounts",
        name="Right",
        accountnumber="F2",
        numberofemployees=50,
        accountcategorycode=1,
        **{"parentaccountid@odata.bind": f"/accounts({top})"},
    )
    leaf = make(
        "accounts",
        name="Leaf",
        accountnumber="F3",
        accountcategorycode=2,
        **{"parentaccountid@odata.bind": f"/accounts({left})"},
    )
    people = [
        make(
            "contacts",
            firstname=first,
            lastname="Fetcher",
            **{"parentcustomerid_account@odata.bind": f"/accounts({firm})"},
        )
        for first, firm in (("Ann", top), ("Bob", top), ("Cy", left))
    ]
    dataverse.ask(
        "PATCH", f"accounts({top})", {"primarycontactid@odata.bind": f"/contacts({people[0]})"}
    )
    dataverse.ids = {"top": top, "left": left, "right": right, "leaf": leaf, "ann": people[0]}
    return dataverse


OURS = '<filter><condition attribute="accountnumber" operator="like" value="F_"/></filter>'
SORT = '<order attribute="accountnumber"/>'

FILTERS = [
    ('<condition attribute="name" operator="eq" value="left"/>', ["Left"]),
    ('<condition attribute="name" operator="ne" value="Left"/>', ["Top", "Right", "Leaf"]),
    ('<condition attribute="numberofemployees" operator="null"/>', ["Leaf"]),
    ('<condition attribute="numberofemployees" operator="ne" value="50"/>', ["Top", "Leaf"]),
    ('<condition attribute="name" operator="eq" valueof="address1_city"/>', ["Left"]),
    ('<condition attribute="parentaccountidname" operator="eq" value="top"/>', ["Left", "Right"]),
    (
        '<condition attribute="name" operator="in"><value>Top</value><value>Leaf</value>'
        "</condition>",
        ["Top", "Leaf"],
    ),
    (
        '<condition attribute="accountid" operator="under" value="{top}"/>',
        ["Left", "Right", "Leaf"],
    ),
    ('<condition attribute="accountid" operator="eq-or-under" value="{left}"/>', ["Left", "Leaf"]),
    ('<condition attribute="accountid" operator="above" value="{leaf}"/>', ["Top", "Left"]),
    (
        '<condition attribute="accountid" operator="eq-or-above" value="{leaf}"/>',
        ["Top", "Left", "Leaf"],
    ),
    ('<condition attribute="accountid" operator="not-under" value="{top}"/>', ["Top"]),
    ('<condition attribute="createdon" operator="today"/>', ["Top", "Left", "Right", "Leaf"]),
    ('<condition attribute="createdon" operator="last-year"/>', []),
    ('<condition attribute="ownerid" operator="eq-userid"/>', ["Top", "Left", "Right", "Leaf"]),
    ('<condition attribute="ownerid" operator="ne-userid"/>', []),
    (
        '<condition attribute="owningbusinessunit" operator="eq-businessid"/>',
        ["Top", "Left", "Right", "Leaf"],
    ),
    (
        '<condition attribute="ownerid" operator="eq-useroruserhierarchyandteams"/>',
        ["Top", "Left", "Right", "Leaf"],
    ),
    (
        '<condition attribute="ownerid" operator="eq-useroruserteams"/>',
        ["Top", "Left", "Right", "Leaf"],
    ),
    ('<condition attribute="ownerid" operator="eq-userteams"/>', []),
    (
        '<filter type="or"><condition attribute="name" operator="eq" value="Top"/>'
        '<filter><condition attribute="numberofemployees" operator="eq" value="50"/>'
        '<condition attribute="accountcategorycode" operator="eq" value="1"/></filter></filter>',
        ["Top", "Right"],
    ),
    (
        '<link-entity name="contact" from="parentcustomerid" to="accountid" link-type="any"/>',
        ["Top", "Left"],
    ),
    (
        '<link-entity name="contact" from="parentcustomerid" to="accountid" link-type="not any"/>',
        ["Right", "Leaf"],
    ),
    (
        '<link-entity name="contact" from="parentcustomerid" to="accountid" link-type="all">'
        '<filter><condition attribute="firstname" operator="eq" value="Ann"/></filter>'
        "</link-entity>",
        ["Left"],
    ),
    (
        '<link-entity name="contact" from="parentcustomerid" to="accountid" link-type="not all">'
        '<filter><condition attribute="firstname" operator="eq" value="Ann"/></filter>'
        "</link-entity>",
        ["Top"],
    ),
]


@pytest.mark.parametrize(("condition", "found"), FILTERS)
def test_filters(firms, condition, found):
    for name, key in firms.ids.items():
        condition = condition.replace(f"{{{name}}}", key)
    assert names(firms, f"{OURS}<filter>{condition}</filter>{SORT}") == found


LINKS = [
    ("inner", ["Top", "Top", "Left"]),
    ("outer", ["Top", "Top", "Left", "Right", "Leaf"]),
    ("matchfirstrowusingcrossapply", ["Top", "Left", "Right", "Leaf"]),
    ("exists", ["Top", "Left"]),
    ("in", ["Top", "Left"]),
]


@pytest.mark.parametrize(("kind", "found"), LINKS)
def test_link_types(firms, kind, found):
    link = f'<link-entity name="contact" from="parentcustomerid" to="accountid" link-type="{kind}"'
    assert names(firms, f"{OURS}{link}/>{SORT}") == found


def test_joined_columns_come_under_their_alias_and_nulls_not_at_all(firms):
    inner = (
        f'<attribute name="name"/><attribute name="revenue" alias="income"/>{OURS}{SORT}'
        '<link-entity name="contact" from="contactid" to="primarycontactid" link-type="outer" '
        'alias="first"><attribute name="firstname"/><attribute name="ownerid"/></link-entity>'
    )
    [top, left, *_] = rows(firms, inner, **ANNOTATED)
    assert top["first.firstname"] == "Ann"
    assert top["income"] == 10.5
    assert top["income@OData.Community.Display.V1.FormattedValue"] == "$10.50"
    assert top["first.firstname@OData.Community.Display.V1.AttributeName"] == "firstname"
    assert top["first.ownerid@Microsoft.Dynamics.CRM.lookuplogicalname"] == "systemuser"
    assert top["accountid"] == firms.ids["top"]
    assert top["@odata.etag"].startswith('W/"')
    assert "first.firstname" not in left
    assert "numberofemployees" not in left


CALLED_LIKE = ("ownerid", "revenue", "statecode", "_ownerid_value", "_transactioncurrencyid_value")


@pytest.mark.parametrize("alias", [*CALLED_LIKE, "contact_customer_accounts", "createdon"])
def test_an_alias_may_be_called_like_another_column_or_navigation_property(firms, alias):
    inner = f'<attribute name="name" alias="{alias}"/>{OURS}{SORT}'
    for row in rows(firms, inner, **ANNOTATED):
        assert row[alias] in {"Top", "Left", "Right", "Leaf"}
        assert f"{alias}@OData.Community.Display.V1.FormattedValue" not in row
    inner = f'<attribute name="createdon" alias="{alias}"/>{OURS}'
    for row in rows(firms, inner, **ANNOTATED):
        assert row[f"{alias}@OData.Community.Display.V1.FormattedValue"].endswith("M")


def test_a_link_without_an_alias_is_called_by_its_table_and_number(firms):
    inner = (
        f'{OURS}{SORT}<attribute name="name"/>'
        '<link-entity name="contact" from="contactid" to="primarycontactid">'
        '<attribute name="firstname"/></link-entity>'
    )
    [top] = rows(firms, inner)
    assert top["contact1.firstname"] == "Ann"


def test_conditions_behind_an_outer_join_name_it(firms):
    inner = (
        '<filter><condition entityname="c" attribute="contactid" operator="null"/></filter>'
        '<link-entity name="contact" from="parentcustomerid" to="accountid" link-type="outer" '
        'alias="c"/>'
    )
    assert names(firms, f"{OURS}{inner}{SORT}") == ["Right", "Leaf"]


def test_sorting_lookups_and_choices_by_label(firms):
    sort = '<order attribute="accountcategorycode" descending="true"/><order attribute="name"/>'
    assert names(firms, OURS + sort) == ["Leaf", "Right", "Left", "Top"]
    raw = names(firms, OURS + sort, more='useraworderby="true"')
    assert raw == ["Leaf", "Right", "Left", "Top"]
    by_parent = '<order attribute="parentaccountid"/><order attribute="name"/>'
    assert names(firms, OURS + by_parent) == ["Top", "Leaf", "Left", "Right"]


def test_distinct_rows_have_no_key(firms):
    found = rows(firms, f'<attribute name="numberofemployees"/>{OURS}', more='distinct="true"')
    assert found == [{}, {"numberofemployees": 50}, {"numberofemployees": 500}]


def test_distinct_without_columns_gives_keys(firms):
    found = rows(firms, OURS, more='distinct="true"')
    assert sorted(row["accountid"] for row in found) == sorted(
        firms.ids[name] for name in ("top", "left", "right", "leaf")
    )
    assert rows(firms, f"<no-attrs/>{OURS}", more='distinct="true" top="1"')[0].keys() == {
        "@odata.etag",
        "accountid",
    }
    linked = '<link-entity name="contact" from="parentcustomerid" to="accountid" alias="c">'
    linked += '<attribute name="lastname"/></link-entity>'
    assert rows(firms, OURS + linked, more='distinct="true"') == [{"c.lastname": "Fetcher"}]


def test_aggregates(firms):
    inner = OURS + "".join(
        f'<attribute name="numberofemployees" alias="{name}" aggregate="{name}"/>'
        for name in ("count", "countcolumn", "sum", "avg", "min", "max")
    )
    inner += (
        '<attribute name="numberofemployees" alias="kinds" aggregate="countcolumn" '
        'distinct="true"/>'
    )
    [row] = rows(firms, inner, more='aggregate="true"')
    assert row == {
        **{"count": 4, "countcolumn": 3, "sum": 600, "avg": 200, "min": 50, "max": 500},
        "kinds": 2,
    }


def test_groups_by_column_lookup_and_date(firms):
    inner = (
        f'{OURS}<attribute name="accountid" alias="n" aggregate="count"/>'
        '<attribute name="parentaccountid" alias="parent" groupby="true"/>'
        '<attribute name="createdon" alias="year" groupby="true" dategrouping="year"/>'
        '<order alias="n" descending="true"/><order alias="parent"/>'
    )
    found = rows(firms, inner, more='aggregate="true"', **ANNOTATED)
    assert [row["n"] for row in found] == [2, 1, 1]
    assert found[0]["parent@OData.Community.Display.V1.FormattedValue"] == "Top"
    assert "parent" not in found[1]
    assert found[0]["year"] >= 2024


def test_weeks_count_from_sunday(dataverse):
    for day, week in (("2023-03-25", 12), ("2023-08-27", 35), ("2024-01-07", 2)):
        key = dataverse.create("tasks", subject=f"w{day}", scheduledend=f"{day}T10:00:00Z")
        inner = (
            f'<filter><condition attribute="activityid" operator="eq" value="{key}"/></filter>'
            '<attribute name="scheduledend" alias="w" groupby="true" dategrouping="week"/>'
        )
        assert rows(dataverse, inner, "task", 'aggregate="true"') == [{"w": week}]


def test_child_records_are_counted_per_row(firms):
    inner = f'{OURS}{SORT}<attribute name="accountid" alias="below" rowaggregate="CountChildren"/>'
    assert [row["below"] for row in rows(firms, inner)] == [2, 1, 0, 0]


def test_more_than_the_aggregate_limit_is_refused(firms):
    answer = fetch(
        firms,
        '<fetch aggregate="true" aggregatelimit="3"><entity name="account">'
        '<attribute name="name" alias="n" aggregate="count"/></entity></fetch>',
    )
    assert answer.error == (400, "0x8004e023")


def all_pages(dataverse, inner: str, size: int) -> list[str]:
    """Follow the cookie as the official client does."""
    found: list[str] = []
    extra = ""
    for _ in range(1000):
        xml = f'<fetch count="{size}" {extra}><entity name="contact">{inner}</entity></fetch>'
        answer = fetch(dataverse, xml, "contacts", **PAGED)
        assert answer.status == 200, answer.body
        found += [json.dumps(row, sort_keys=True) for row in answer.json["value"]]
        if not answer.json.get(MORE):
            assert COOKIE not in answer.json
            return found
        outer = ET.fromstring(answer.json[COOKIE])  # noqa: S314 - our own
        cookie = unquote(unquote(outer.attrib["pagingcookie"]))
        extra = f'page="{outer.attrib["pagenumber"]}" paging-cookie={quoteattr(cookie)}'
    raise AssertionError("the pages do not end")


PAGE_ORDERS = [
    "",
    '<order attribute="lastname"/>',
    '<order attribute="lastname" descending="true"/>',
    '<order attribute="parentcustomerid" descending="true"/><order attribute="firstname"/>',
    '<order attribute="jobtitle" descending="true"/><order attribute="lastname"/>',
    '<link-entity name="account" from="accountid" to="parentcustomerid" alias="a"/>',
    '<link-entity name="contact" from="parentcustomerid" to="parentcustomerid" alias="b">'
    '<attribute name="contactid"/></link-entity><order attribute="lastname"/>',
]


@pytest.mark.parametrize("order", PAGE_ORDERS)
def test_pages_by_cookie_give_every_row_once(dataverse, order):
    for number in range(5):
        dataverse.create("contacts", lastname="Twin", jobtitle=None if number % 2 else "Boss")
    inner = f'<attribute name="contactid"/>{order}'
    whole = all_pages(dataverse, inner, 5000)
    assert len(set(whole)) == len(whole)
    assert all_pages(dataverse, inner, 37) == whole


def test_a_sort_by_a_joined_column_pages_without_a_cookie(firms):
    inner = (
        '<attribute name="contactid"/><link-entity name="account" from="accountid" '
        'to="parentcustomerid" alias="a"><order attribute="name"/></link-entity>'
    )
    xml = f'<fetch count="3" page="2"><entity name="contact">{inner}</entity></fetch>'
    answer = fetch(firms, xml, "contacts", **PAGED)
    assert answer.json[MORE] is True
    assert COOKIE not in answer.json
    assert len(answer.json["value"]) == 3
    far = xml.replace('count="3" page="2"', 'count="5000" page="11"')
    assert fetch(firms, far, "contacts").error == (400, "0x80041101")


def test_totals_where_they_are_asked_for(firms):
    xml = f'<fetch count="1" returntotalrecordcount="true"><entity name="account">{OURS}</entity>'
    root = fetch(firms, f"{xml}</fetch>", **ANNOTATED).json
    assert root["@Microsoft.Dynamics.CRM.totalrecordcount"] == 4
    assert root["@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"] is False
    assert len(root["value"]) == 1


def test_a_query_in_a_batch(firms):
    xml = (
        f'<fetch><entity name="account"><attribute name="name"/>{OURS}{" " * 9000}</entity></fetch>'
    )
    body = (
        "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        f"GET /api/data/v9.2/accounts?fetchXml={quote(xml)} HTTP/1.1\r\n\r\n\r\n--b--\r\n"
    )
    answer = firms.ask(
        "POST", "$batch", body.encode(), Content_Type='multipart/mixed; boundary="b"'
    )
    assert answer.status == 200
    assert answer.body.count(b'"name":') == 4


def test_a_query_over_related_records(firms):
    xml = '<fetch><entity name="contact"><attribute name="firstname"/></entity></fetch>'
    path = f"accounts({firms.ids['top']})/contact_customer_accounts"
    found = fetch(firms, xml, path).json["value"]
    assert sorted(row["firstname"] for row in found) == ["Ann", "Bob"]


A = '<entity name="account">{}</entity>'
REFUSED = [
    ("", "0x80040201"),
    ("<fetch", "0x80040201"),
    ("<fetch><entity name='account'></fetch>", "0x80040201"),
    ('<!DOCTYPE x [<!ENTITY a "b">]><fetch/>', "0x80040201"),
    ("<fetch>" * 100, "0x80040201"),
    ("<fetch count='many'>" + A.format("") + "</fetch>", "0x80040201"),
    ("<fetch aggregate='maybe'>" + A.format("") + "</fetch>", "0x80040201"),
    ("<other/>", "0x8004111c"),
    ("<fetch/>", "0x80041123"),
    ("<fetch><entity/></fetch>", "0x8004111e"),
    ("<fetch><entity name='nope'/></fetch>", "0x80041102"),
    ("<fetch><entity name='contact'/></fetch>", "0x80041128"),
    ("<fetch count='0'>" + A.format("") + "</fetch>", "0x8004110c"),
    ("<fetch top='0'>" + A.format("") + "</fetch>", "0x80041127"),
    ("<fetch top='5001'>" + A.format("") + "</fetch>", "0x80041127"),
    ("<fetch top='1' page='2'>" + A.format("") + "</fetch>", "0x80041127"),
    ("<fetch mapping='physical'>" + A.format("") + "</fetch>", "0x80041116"),
    ("<fetch distinct='x'>" + A.format("") + "</fetch>", "0x80041115"),
    ("<fetch page='2' paging-cookie='&lt;x'>" + A.format("") + "</fetch>", "0x8004112a"),
    (
        "<fetch page='2' paging-cookie='&lt;cookie page=\"1\">&lt;x last=\"1\"/>&lt;/cookie>'>"
        + A.format("")
        + "</fetch>",
        "0x80041129",
    ),
]
INNER_REFUSED = [
    ("<attribute name='nope'/>", "0x80041103"),
    ("<attribute name='_ownerid_value'/>", "0x80041103"),
    ("<attribute/>", "0x8004111e"),
    ("<attribute name='name' alias='a b'/>", "0x80041109"),
    ("<attribute name='name' aggregate='count' alias='n'/>", "0x8004111a"),
    ("<column name='name'/>", "0x8004111c"),
    ("<order/>", "0x8004111e"),
    ("<order attribute='nope'/>", "0x80041103"),
    ("<order alias='nope'/>", "0x8004110a"),
    ("<order entityname='x' attribute='name'/>", "0x80041126"),
    ("<order attribute='name' descending='up'/>", "0x80041119"),
    ("<filter type='xor'/>", "0x80041122"),
    ("<filter><value/></filter>", "0x8004111c"),
    ("<filter><condition attribute='name' operator='is'/></filter>", "0x80041120"),
    ("<filter><condition attribute='name'/></filter>", "0x8004111e"),
    ("<filter><condition operator='null'/></filter>", "0x8004111e"),
    ("<filter><condition attribute='nope' operator='null'/></filter>", "0x80041103"),
    ("<filter><condition attribute='name' operator='eq'/></filter>", "0x80041106"),
    ("<filter><condition attribute='name' operator='today'/></filter>", "0x80041120"),
    (
        "<filter><condition attribute='numberofemployees' operator='eq' value='x'/></filter>",
        "0x80041108",
    ),
    ("<filter><condition attribute='createdon' operator='on' value='x'/></filter>", "0x80040239"),
    (
        "<filter><condition entityname='x' attribute='name' operator='null'/></filter>",
        "0x8004110a",
    ),
    (
        "<filter><condition attribute='name' operator='eq' valueof='numberofemployees'/></filter>",
        "0x80041106",
    ),
    ("<filter><condition attribute='name' operator='like' valueof='name'/></filter>", "0x80041106"),
    ("<link-entity name='nope' from='a' to='b'/>", "0x80041102"),
    ("<link-entity name='contact' from='nope' to='accountid'/>", "0x80041103"),
    ("<link-entity name='contact' from='contactid' to='name' link-type='left'/>", "0x80041117"),
    ("<link-entity name='contact' from='contactid' to='name' link-type='any'/>", "0x80041117"),
    ("<link-entity name='transactioncurrency' alias='1x'/>", "0x80041109"),
    (
        "<link-entity name='contact' from='contactid' to='primarycontactid'/>" * 16,
        "0x8004430d",
    ),
    (
        "<filter>" + "<condition attribute='name' operator='null'/>" * 501 + "</filter>",
        "0x8004430c",
    ),
]
AGGREGATE_REFUSED = [
    ("<attribute name='name'/>", "0x80041107"),
    ("<attribute name='name' aggregate='count'/>", "0x8004110b"),
    ("<attribute name='name' aggregate='sum' alias='n'/>", "0x8004111a"),
    ("<attribute name='name' aggregate='median' alias='n'/>", "0x8004111a"),
    ("<attribute name='name' groupby='true' dategrouping='day' alias='n'/>", "0x8004111a"),
    ("<attribute name='createdon' groupby='true' dategrouping='eon' alias='n'/>", "0x8004111a"),
    ("<attribute name='name' groupby='true' alias='n'/><order attribute='name'/>", "0x8004111a"),
    ("<attribute name='name' groupby='true' alias='n'/>" * 2, "0x80041109"),
]
EVERY_REFUSAL = [
    *REFUSED,
    *((f"<fetch>{A.format(inner)}</fetch>", code) for inner, code in INNER_REFUSED),
    *(
        (f"<fetch aggregate='true'>{A.format(inner)}</fetch>", code)
        for inner, code in AGGREGATE_REFUSED
    ),
]


@pytest.mark.parametrize(("xml", "code"), EVERY_REFUSAL)
def test_refusals_have_their_codes(dataverse, xml, code):
    assert fetch(dataverse, xml).error == (400, code)


def test_a_predefined_query_that_is_not_there(dataverse):
    for option in ("savedQuery", "userQuery"):
        path = f"accounts?{option}=00000000-0000-0000-0000-000000000001"
        assert dataverse.ask("GET", path).error == (404, "0x80040217")


def test_predefined_queries(firms):
    view = "savedqueries?$select=savedqueryid&$filter=name%20eq%20'My%20Active%20Accounts'"
    [saved] = firms.ask("GET", view).json["value"]
    answer = firms.ask("GET", f"accounts?savedQuery={saved['savedqueryid']}")
    assert {row["name"] for row in answer.json["value"]} >= {"Top", "Left", "Right", "Leaf"}
    xml = f'<fetch><entity name="account"><attribute name="name"/>{OURS}{SORT}</entity></fetch>'
    key = firms.create("userqueries", name="F", fetchxml=xml, returnedtypecode="account")
    answer = firms.ask("GET", f"accounts?userQuery={key}")
    assert [row["name"] for row in answer.json["value"]] == ["Top", "Left", "Right", "Leaf"]
    assert firms.ask("GET", f"contacts?userQuery={key}").error == (400, "0x80041128")


def test_every_seeded_view_runs(dataverse):
    views = dataverse.ask("GET", "savedqueries?$select=returnedtypecode").json["value"]
    assert len(views) > 30
    sets = {
        row["LogicalName"]: row["EntitySetName"]
        for row in dataverse.ask("GET", "EntityDefinitions?$select=LogicalName,EntitySetName").json[
            "value"
        ]
    }
    for view in views:
        path = f"{sets[view['returnedtypecode']]}?savedQuery={view['savedqueryid']}"
        assert dataverse.ask("GET", path).status == 200, path


def test_records_of_the_callers_teams(firms):
    [team] = firms.ask("GET", "teams?$select=name").json["value"]
    firms.house.store.write(
        'UPDATE "account" SET "_ownerid_value" = ? WHERE "accountid" = ?',
        (team["teamid"], firms.ids["leaf"]),
    )
    for operator, found in (
        ("eq-userteams", ["Leaf"]),
        ("eq-useroruserteams", ["Top", "Left", "Right", "Leaf"]),
        ("eq-userid", ["Top", "Left", "Right"]),
        ("eq-useroruserhierarchy", ["Top", "Left", "Right"]),
        ("eq-useroruserhierarchyandteams", ["Top", "Left", "Right", "Leaf"]),
    ):
        condition = f'<condition attribute="ownerid" operator="{operator}"/>'
        assert names(firms, f"{OURS}<filter>{condition}</filter>{SORT}") == found


# -- twins ------------------------------------------------------------------------------------

_numbers = st.integers(0, 5000).map(str)
_texts = st.text("abcSTM' ", min_size=1, max_size=3)


def _twin(column: str, fetch_name: str, odata: str, value: str, quote_mark: str):
    shown = value.replace("'", "''")
    condition = (
        f"<condition attribute='{column}' operator='{fetch_name}' value={quoteattr(value)}/>"
    )
    return condition, odata.format(column, f"{quote_mark}{shown}{quote_mark}")


_leaf = st.one_of(
    st.builds(
        lambda names, value: _twin("numberofemployees", names, f"{{}} {names} {{}}", value, ""),
        st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]),
        _numbers,
    ),
    st.builds(
        lambda names, value: _twin("name", names[0], names[1], value, "'"),
        st.sampled_from(
            [
                ("begins-with", "startswith({},{})"),
                ("ends-with", "endswith({},{})"),
                ("eq", "{} eq {}"),
                ("gt", "{} gt {}"),
            ]
        ),
        _texts,
    ),
    st.just(
        ("<condition attribute='websiteurl' operator='null'/>", "websiteurl eq null"),
    ),
    st.builds(
        lambda low, high: (
            "<condition attribute='numberofemployees' operator='between'>"
            f"<value>{low}</value><value>{high}</value></condition>",
            "Microsoft.Dynamics.CRM.Between(PropertyName='numberofemployees',"
            f'PropertyValues=["{low}","{high}"])',
        ),
        _numbers,
        _numbers,
    ),
)
_trees = st.recursive(
    _leaf,
    lambda inner: st.builds(
        lambda word, parts: (
            f"<filter type='{word}'>{''.join(part[0] for part in parts)}</filter>",
            f"({f' {word} '.join(part[1] for part in parts)})",
        ),
        st.sampled_from(["and", "or"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


@settings(max_examples=60)
@given(_trees, st.booleans())
def test_a_query_and_its_odata_twin_give_the_same_rows(module_environment, tree, descending):
    condition, expression = tree
    xml = (
        "<fetch><entity name='account'><attribute name='accountid'/>"
        f"<filter>{condition}</filter>"
        f"<order attribute='numberofemployees' descending='{str(descending).lower()}'/>"
        "</entity></fetch>"
    )
    direction = " desc" if descending else ""
    one = fetch(module_environment, xml)
    path = f"accounts?$select=accountid&$filter={quote(expression)}&$orderby=numberofemployees"
    two = module_environment.ask("GET", path + quote(direction))
    assert (one.status, two.status) == (200, 200), (one.body, two.body)
    keys = [[row["accountid"] for row in answer.json["value"]] for answer in (one, two)]
    assert keys[0] == keys[1]


def test_a_count_by_the_address_is_that_of_the_document(dataverse):
    fetch = "<fetch count='3'{}><entity name='account'><attribute name='name'/></entity></fetch>"
    plain, total = (quote(fetch.format(more)) for more in ("", " returntotalrecordcount='true'"))
    for path in (f"{plain}&$count=true", total):
        answer = dataverse.ask("GET", f"accounts?fetchXml={path}").json
        assert (answer["@odata.count"], len(answer["value"])) == (100, 3)
    assert "@odata.count" not in dataverse.ask("GET", f"accounts?fetchXml={plain}").json
    top = quote("<fetch top='2'><entity name='account'><attribute name='name'/></entity></fetch>")
    assert dataverse.ask("GET", f"accounts?fetchXml={top}&$count=true").json["@odata.count"] == 2


def test_retained_rows_are_absent(dataverse):
    fetch = quote("<fetch datasource='retained'><entity name='account'/></fetch>")
    answer = dataverse.ask("GET", f"accounts?fetchXml={fetch}")
    assert answer.status == 501
    assert "retained" in answer.headers["x-windtunnel-absent"]
