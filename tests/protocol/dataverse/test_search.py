"""Dataverse search: both endpoints, the messages, the query languages, and the index's lag."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def search(dataverse):
    """Ask, one second after the last request."""
    records = {
        "accounts": [
            {"name": "Alpine Ski House", "revenue": 500.0, "address1_city": "Seattle"},
            {"name": "Contoso Hotel", "revenue": 10.0, "address1_city": "Berlin"},
            {"name": "Airport Grand Hotel", "revenue": 20.0, "accountnumber": "+1(800)"},
            {"name": "University Motel", "revenue": 30.0},
        ],
        "contacts": [
            {"firstname": "Maria", "lastname": "Sullivan", "emailaddress1": "maria@contoso.com"},
        ],
    }
    for entity_set, rows in records.items():
        for row in rows:
            if entity_set == "contacts":
                row["fullname"] = f"{row['firstname']} {row['lastname']}"
            dataverse.create(entity_set, **row)
    dataverse.house.clock.advance(10)

    def ask(operation: str = "query", version: str = "v2.0", **body):
        dataverse.house.clock.advance(2)
        method = "GET" if operation in {"status", "statistics"} else "POST"
        answer = dataverse.ask(method, f"/api/search/{version}/{operation}", body or None)
        if answer.status == 200 and version == "v2.0":
            return json.loads(answer.json["response"])
        return answer.json if answer.status == 200 else answer

    return ask


def names(answer) -> set[str]:
    shown = (hit["Attributes"] for hit in answer["Value"])
    return {row.get("name") or row.get("fullname") for row in shown}


def test_a_query_finds_records_of_all_tables_with_highlights(search):
    answer = search(search="maria", count=True, entities='["contact","account"]')
    [hit] = answer["Value"]
    assert (hit["EntityName"], hit["ObjectTypeCode"]) == ("contact", 2)
    assert hit["Highlights"]["fullname"] == ["{crmhit}Maria{/crmhit} Sullivan"]
    assert hit["Highlights"]["emailaddress1"] == ["{crmhit}maria{/crmhit}@contoso.com"]
    assert hit["Attributes"] == {"@search.objecttypecode": 2, "fullname": "Maria Sullivan"}
    assert hit["Score"] > 0
    assert answer["Count"] == 1
    assert answer["Error"] is answer["QueryContext"] is None


def test_the_first_version_has_its_own_shape(search):
    answer = search(version="v1.0", search="maria", entities=["contact"])
    [hit] = answer["value"]
    assert hit["@search.entityname"] == "contact"
    assert hit["@search.highlights"]["firstname"] == ["{crmhit}Maria{/crmhit}"]
    assert hit["fullname"] == "Maria Sullivan"
    assert hit["@search.ownerid.logicalname"] == "systemuser"
    assert hit["createdon"].endswith(("AM", "PM"))
    assert answer["totalrecordcount"] == -1


HOTELS = {"Contoso Hotel", "Airport Grand Hotel"}
SIMPLE = [
    ("hotel", HOTELS),
    ("alp*", {"Alpine Ski House"}),
    ("hotel+airport", {"Airport Grand Hotel"}),
    ("contoso|alpine", {"Contoso Hotel", "Alpine Ski House"}),
    ("hotel+(contoso|alpine)", {"Contoso Hotel"}),
    ('"grand hotel"', {"Airport Grand Hotel"}),
    ('"hotel grand"', set()),
    ("contoso alpine", {"Contoso Hotel", "Alpine Ski House"}),
    ('"hotel', HOTELS),
    ('"zzz" "', set()),
    (r"\+1\(800\)", {"Airport Grand Hotel"}),
]
MARIA = "contact:emailaddress1 eq 'maria@contoso.com'"
SMALL = "account:revenue lt 1000"
ENTITY = '[{"name":"account","selectColumns":["name"]}]'


@pytest.mark.parametrize(("text", "found"), SIMPLE)
def test_the_simple_syntax(search, text, found):
    assert names(search(search=text, entities=ENTITY, filter=SMALL)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hotel AND airport", {"Airport Grand Hotel"}),
        ("contoso OR alpine", {"Contoso Hotel", "Alpine Ski House"}),
        ("hotel NOT airport", {"Contoso Hotel"}),
        ("hotel -airport", {"Contoso Hotel"}),
        ("+hotel airport", HOTELS),
        ("uniersty~", {"University Motel"}),
        ("/[mh]otel/", {*HOTELS, "University Motel"}),
        ("/.*pine/", {"Alpine Ski House"}),
        ("h?tel", HOTELS),
        ('"airport hotel"~5', {"Airport Grand Hotel"}),
        ("airport^2 contoso", HOTELS),
    ],
)
def test_the_lucene_syntax(search, text, found):
    answer = search(search=text, entities=ENTITY, options='["lucene"]', filter=SMALL)
    assert names(answer) == found


def test_all_words_where_the_mode_says_so(search):
    assert names(search(search="airport hotel", options='["searchmodelall"]')) == {
        "Airport Grand Hotel"
    }
    answer = search(version="v1.0", search="hotel -airport", searchmode="all", entities=["account"])
    assert [hit["name"] for hit in answer["value"]] == ["Contoso Hotel"]


def test_a_boost_moves_a_hit_up(search):
    for boosted, other in (("airport", "contoso"), ("contoso", "airport")):
        text = f"{boosted}^9 {other}"
        answer = search(search=text, entities=ENTITY, options='["lucene"]')
        assert boosted in answer["Value"][0]["Attributes"]["name"].lower()


def test_columns_filters_and_order(search):
    entity = {"name": "account", "searchColumns": ["name"], "selectColumns": ["name", "ownerid"]}
    assert not search(search="seattle", entities=json.dumps([entity]))["Value"]
    entity["filter"] = "revenue ge 20 and createdon ge 2000-01-01T00:00:00"
    answer = search(search="*otel hotel", entities=json.dumps([entity]))
    assert names(answer) == {"Airport Grand Hotel"}
    assert answer["Value"][0]["Attributes"]["@search.ownerid.logicalname"] == "systemuser"
    answer = search(search="hotel", entities=ENTITY, orderby='["name desc"]', filter=SMALL)
    assert [hit["Attributes"]["name"] for hit in answer["Value"]] == [
        "Contoso Hotel",
        "Airport Grand Hotel",
    ]


def test_pages_by_top_and_skip(search):
    pages = [
        search(search="hotel", entities=ENTITY, top=1, skip=n, count=True, orderby="name")
        for n in range(3)
    ]
    assert [len(page["Value"]) for page in pages][:2] == [1, 1]
    assert {page["Count"] for page in pages} == {pages[0]["Count"]}
    assert pages[0]["Value"][0]["Id"] != pages[1]["Value"][0]["Id"]


def test_facets_count_values_and_ranges(search):
    facets = ["entityname,count:100", "account:revenue,values:15|25", "ownerid,count:5"]
    answer = search(
        search="hotel",
        entities=ENTITY,
        filter=SMALL,
        facets=json.dumps([*facets, "createdon,interval:year"]),
    )
    found = answer["Facets"]
    assert found["entityname"] == [{"Type": "Value", "Value": "account", "Count": 2}]
    assert [row["Count"] for row in found["account:revenue"]] == [1, 1, 0]
    assert found["account:revenue"][1]["From"] == "15"
    assert found["ownerid"][0]["OptionalValue"]
    assert found["createdon"][0]["Count"] == 2


def test_suggestions_come_from_the_primary_column(search):
    answer = search("suggest", search="mar", entities='["contact"]', filter=MARIA)
    [first] = answer["Value"]
    assert first["Text"] == "{crmhit}Mar{/crmhit}ia Sullivan"
    assert first["Document"]["@search.entityname"] == "contact"
    legacy = search("suggest", version="v1.0", search="mar", entities=["contact"], filter=MARIA)
    assert legacy["value"][0]["text"] == "{crmhit}Mar{/crmhit}ia Sullivan"
    assert search("suggest", search="ma").status == 400
    fuzzy = search("suggest", search="marai", fuzzy=True, entities='["contact"]', filter=MARIA)
    assert fuzzy["Value"][0]["Document"]["fullname"] == "Maria Sullivan"


def test_autocomplete_ends_the_word(search):
    answer = search("autocomplete", search="alp", entities='["account"]')
    assert answer["Value"] == "{crmhit}alp{/crmhit}ine"
    assert search("autocomplete", search="zzzz")["Value"] == ""


def test_status_and_statistics(search):
    status = search("status")["value"]
    assert status["status"] == "provisioned"
    account = next(
        row for row in status["entitystatusresults"] if row["entitylogicalname"] == "account"
    )
    assert account["primarynamefield"] == "name"
    assert "name" in account["searchableindexedfieldinfomap"]
    assert search("statistics")["value"]["documentcount"] > 100


def test_the_messages_of_the_web_api_answer_the_same(dataverse, search):
    answer = dataverse.ask("POST", "searchquery", {"search": "maria", "entities": '["contact"]'})
    context = "$metadata#Microsoft.Dynamics.CRM.searchqueryResponse"
    assert answer.json["@odata.context"].endswith(context)
    assert len(json.loads(answer.json["response"])["Value"]) == 1
    dataverse.house.clock.advance(2)
    assert "provisioned" in dataverse.ask("GET", "searchstatus").json["response"]
    assert dataverse.ask("GET", "searchquery").status == 404


def test_the_index_follows_writes_after_its_lag(dataverse, search):
    assert not search(search="zebra")["Value"]
    key = dataverse.create("accounts", name="Zebra")
    assert not search(search="zebra")["Value"]
    dataverse.house.clock.advance(5)
    assert names(search(search="zebra")) == {"Zebra"}
    dataverse.ask("PATCH", f"accounts({key})", {"name": "Okapi"})
    dataverse.house.clock.advance(5)
    assert not search(search="zebra")["Value"]
    assert names(search(search="okapi")) == {"Okapi"}
    dataverse.ask("DELETE", f"accounts({key})")
    assert not search(search="okapi")["Value"]


def test_a_user_may_search_once_a_second(dataverse, search):
    search(search="hotel")
    refused = dataverse.ask("POST", "/api/search/v2.0/query", {"search": "hotel"})
    assert refused.status == 429
    assert refused.headers["retry-after"] == "1"
    dataverse.house.clock.advance(1)
    assert dataverse.ask("POST", "/api/search/v2.0/query", {"search": "hotel"}).status == 200


def test_search_is_outside_the_service_protection_limits(dataverse, search):
    before = int(
        dataverse.ask("GET", "WhoAmI").headers["x-ms-ratelimit-burst-remaining-xrm-requests"]
    )
    search(search="hotel")
    after = dataverse.ask("GET", "WhoAmI").headers["x-ms-ratelimit-burst-remaining-xrm-requests"]
    assert int(after) == before - 1


@pytest.mark.parametrize(
    "body",
    [
        {"search": ""},
        {"search": "x" * 101},
        {"search": 5},
        {"search": "(hotel"},
        {"search": "x", "entities": '[{"name":"account","filter":5}]'},
        {"search": "hotel)"},
        {"search": "x", "top": 101},
        {"search": "x", "skip": -1},
        {"search": "x", "entities": "["},
        {"search": "x", "entities": '["nope"]'},
        {"search": "x", "entities": '[{"name":"account","selectColumns":["nope"]}]'},
        {"search": "x", "facets": '["a,b:c"]'},
        {"search": "hotel", "facets": '["createdon,interval:eon"]'},
        {"search": "hotel", "filter": "account:nope eq 1"},
        {"search": "hotel", "filter": "nope:name eq 'x'"},
        {"search": "hotel", "filter": "account:name eq"},
        {"search": "x", "orderby": '["name sideways"]'},
        {"search": "/[a/", "options": '["lucene"]'},
        {"search": "/(a/", "options": '["lucene"]'},
        {"search": "hotel AND", "options": '["lucene"]'},
        {"search": "^3", "options": '["lucene"]'},
    ],
)
def test_what_cannot_be_searched_is_refused(search, body):
    answer = search(**body)
    assert not isinstance(answer, dict), answer
    assert answer.status == 400
    assert answer.json["error"]["message"]


@pytest.mark.parametrize("pattern", ["/(a+)+b/", "/(a*)*(a*)*c/", "/((a|a)*)*d/"])
def test_a_pattern_cannot_take_long(dataverse, search, pattern):
    dataverse.create("accounts", name="a" * 100)
    dataverse.house.clock.advance(10)
    assert search(search=pattern, options='["lucene"]')["Value"] == []
