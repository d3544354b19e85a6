"""What the Web API answers to bad input, a case a line: address, query, key, body, header, token.

Cases that other modules hold are not repeated: queries that the types forbid (test_queries.py),
bodies that do not bind (test_records.py), batches (test_batch_and_limits.py), versions and media
types (test_protocol.py), FetchXML (test_fetchxml_hostile.py).
"""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

NOBODY = "00000000-0000-0000-0000-000000000009"
QUERY, PAYLOAD, SEGMENT, ABSENT = "0x80060888", "0x80048d19", "0x8006088a", "0x80040217"
KEY = "The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.account'."
SYNTAX = "Bad Request - Error in query syntax."


@pytest.fixture
def refused(dataverse, caplog):
    """Asserts one answer: status, code, a part of the message; and that no bug was logged."""

    def check(expected, *request, **headers):
        answer = dataverse.ask(*request, **headers)
        status, code, part = expected
        assert answer.status == status, answer.body
        assert answer.json["error"]["code"] == code, answer.body
        assert part in answer.json["error"]["message"], answer.body
        assert set(answer.json) == {"error"}
        assert "x-windtunnel-bug" not in answer.headers
        assert not [line for line in caplog.records if line.levelname == "ERROR"]

    return check


ADDRESSES = [
    ("accounts(%zz)", (400, QUERY, "character '%' is not valid")),
    ("accounts%00", (400, QUERY, SYNTAX)),
    ("accounts(%00)", (400, QUERY, "is not valid at position 1")),
    ("acc%ffounts", (400, QUERY, SYNTAX)),
    ("accounts(", (400, QUERY, SYNTAX)),
    (f"accounts({NOBODY}", (400, QUERY, SYNTAX)),
    (f"accounts{NOBODY})", (400, QUERY, SYNTAX)),
    ("/api/data//v9.2/accounts", (404, "", "No HTTP resource was found")),
    ("/api/data/v10.0/accounts", (404, "", "No HTTP resource was found")),
    ("/api/data/accounts", (404, "", "No HTTP resource was found")),
    ("/", (404, "", "No HTTP resource was found")),
    ("nothings", (404, SEGMENT, "Resource not found for the segment 'nothings'.")),
    ("account", (404, SEGMENT, "Resource not found for the segment 'account'.")),
    ("accounts/$nothing", (404, SEGMENT, "Resource not found for the segment '$nothing'.")),
    ("accounts/Microsoft.Dynamics.CRM.Nothing()", (404, SEGMENT, "'Microsoft.Dynamics.CRM.N")),
    ("WhoAmI(x=1)", (404, SEGMENT, "Resource not found for the segment 'WhoAmI'.")),
    ("Merge", (404, "", "No HTTP resource was found")),
]


@pytest.mark.parametrize(("path", "expected"), ADDRESSES)
def test_an_address_that_leads_nowhere(refused, path, expected):
    refused(expected, "GET", path)


@pytest.mark.parametrize("path", ["accounts//", "//accounts"])
def test_slashes_too_many_behind_the_version_are_nothing(dataverse, path):
    assert dataverse.ask("GET", f"/api/data/v9.2/{path}?$top=1").status == 200


QUERIES = [
    ("$nothing=1", (400, QUERY, "The query parameter '$nothing' is not supported.")),
    ("$Top=1", (400, QUERY, "The query parameter '$Top' is not supported.")),
    ("$compute=1 as x", (400, QUERY, "The query parameter '$compute' is not supported.")),
    ("$format=json", (400, QUERY, "The query parameter '$format' is not supported.")),
    ("$top=1&$top=2", (400, QUERY, "Query option '$top' was specified more than once")),
    ("$top=-1", (400, QUERY, "Invalid value '-1' for $top query option found.")),
    ("$top=99999999999999999999", (400, QUERY, "Invalid value '99999999999999999999' for $top")),
    ("$count=x", (400, QUERY, "Invalid value 'x' for $count query option found.")),
    ("$filter=", (400, QUERY, "Expression expected at position 0 in ''.")),
    ("$filter=name eq", (400, QUERY, "Expression expected at position 7 in 'name eq'.")),
    ("$filter=(name eq 'x'", (400, QUERY, "')' expected at position 12")),
    ("$filter=name eq '%ff'", (400, QUERY, "the escape sequence at position 17 is not UTF-8.")),
    ('$filter=name eq "x"', (400, QUERY, "Syntax error")),
    ("$filter=accountid eq 5x", (400, QUERY, "invalid digit at position 13")),
    ("$filter=createdon gt 2024-02-30", (400, QUERY, "Unrecognized 'Edm.Date' literal")),
    ("$filter=createdon gt 'yesterday'", (400, QUERY, "'Edm.DateTimeOffset' and 'Edm.String'")),
    ("$filter=donotemail eq 5", (400, QUERY, "'Edm.Boolean' and 'Edm.Int32'")),
    ("$filter=contains(name)", (400, QUERY, "No function signature for the function with name")),
    ("$filter=nothing(name)", (400, QUERY, "An unknown function with name 'nothing' was found.")),
    ("$filter=nothing/name eq 'x'", (400, QUERY, "Could not find a property named 'nothing'")),
    ("$filter=contact_customer_accounts/x eq 1", (400, QUERY, "is not a single value")),
    (
        "$filter=Microsoft.Dynamics.CRM.LastXDays(PropertyName='nothing',PropertyValue=3)",
        (400, "0x80041103", "doesn't contain attribute with Name = 'nothing'"),
    ),
    ("$select=", (400, QUERY, "identifier expected at position 0")),
    ("$select=Name", (400, QUERY, "Could not find a property named 'Name'")),
    ("$orderby=name up", (400, QUERY, "Syntax error at position 5 in 'name up'.")),
    ("$expand=name", (400, QUERY, "Could not find a property named 'name'")),
    ("$expand=primarycontactid($foo=1)", (400, QUERY, "parameter '$foo' is not supported.")),
    ("$expand=primarycontactid($select=x)", (400, QUERY, "'Microsoft.Dynamics.CRM.contact'")),
    ("$expand=contact_customer_accounts($skip=1)", (400, QUERY, "'$skip' is not supported.")),
    ("$apply=nothing(x)", (400, QUERY, "The transformation 'nothing' is not supported.")),
    ("$apply=groupby((nothing))", (400, QUERY, "Could not find a property named 'nothing'")),
    ("$apply=aggregate(name with sum as x)", (400, QUERY, "cannot be summed")),
    ("$apply=aggregate(createdon with average as x)", (400, QUERY, "cannot be summed")),
    ("$skiptoken=x", (400, "0x8004112a", "Malformed XML in the Paging Cookie")),
    ("$deltatoken=x", (400, QUERY, "The delta token 'x' is not valid.")),
    (f"savedQuery={NOBODY}", (404, ABSENT, "Does Not Exist")),
]


@pytest.mark.parametrize(("query", "expected"), QUERIES)
def test_a_query_that_cannot_be_read(refused, query, expected):
    refused(expected, "GET", f"accounts?{query}")
    if "%" not in query:
        refused(expected, "GET", f"accounts?{quote(query, safe='=&$')}")


KEYS = [
    ("accounts(5)", (400, QUERY, KEY)),
    ("accounts('x')", (400, QUERY, KEY)),
    ("accounts()", (400, QUERY, KEY)),
    ("accounts(nothing=5)", (400, QUERY, KEY)),
    ("accounts(name='A')", (400, QUERY, KEY)),
    ("accounts(name=)", (400, QUERY, "expression expected at position 6")),
    ("accounts(name='a',name='b')", (400, QUERY, "The key property 'name' is given twice.")),
    (f"accounts({NOBODY},{NOBODY})", (400, QUERY, "A key of several values must name each")),
    ("accounts(name='a'", (400, QUERY, SYNTAX)),
    (f"accounts({NOBODY[:-1]})", (400, QUERY, "Syntax error")),
    (f"accounts({NOBODY})", (404, ABSENT, f"With Id = {NOBODY} Does Not Exist")),
]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize(("path", "expected"), KEYS)
def test_a_key_that_finds_nothing(refused, method, path, expected):
    body = {"name": "x"} if method == "PATCH" else None
    refused(expected, method, path, body, if_match="*")


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE", "TRACE", "NONSENSE"])
def test_a_method_that_a_set_does_not_take(refused, method):
    expected = (405, QUERY, f"The requested resource does not support http method '{method}'.")
    refused(expected, method, "accounts", {} if method in {"PATCH", "PUT"} else None)


BODIES = [
    (b'{"name":"x"', "Invalid JSON. Unexpected end of input was found in JSON content."),
    (b'{"name":"x"} {}', "Invalid JSON. More than one value was found at the root"),
    (b'{"revenue":NaN}', "Invalid JSON. A token was not recognized in the JSON content."),
    (b'{"revenue":1e400}', "Invalid JSON."),
    (b'{"numberofemployees":' + b"9" * 5000 + b"}", "Invalid JSON."),
    (b'{"name":"x",}', "Invalid JSON."),
    (b"{'name':'x'}", "Invalid JSON."),
    (b'{"name":"\\ud800"}', "Invalid JSON."),
    (b'{"name":"a\x01b"}', "Invalid JSON."),
    (b'{"name":"\xe9"}', "Invalid JSON."),
    (b'{"a":' * 3000 + b"1" + b"}" * 3000, "Invalid JSON."),
    (b"[" * 100_000, "Invalid JSON."),
    (b'{"name":"x","name":"y"}', "Multiple properties with the name 'name' were detected"),
    (b'{"name":"x", "name" : "y"}', "Multiple properties with the name 'name' were detected"),
    (
        b'{"primarycontactid":{"lastname":"x","last\\u006eame":"y"}}',
        "Multiple properties with the name 'lastname' were detected",
    ),
    (b"", "Invalid JSON."),
    (b"  ", "Invalid JSON."),
    (b"null", "A 'StartObject' node was expected."),
    (b'"x"', "A 'StartObject' node was expected."),
    (b"[{}]", "A 'StartObject' node was expected."),
]


@pytest.mark.parametrize(("body", "part"), BODIES)
@pytest.mark.parametrize("path", ["accounts", "EntityDefinitions"])
def test_a_body_that_is_no_json_object(refused, body, part, path):
    refused((400, PAYLOAD, part), "POST", path, body, content_type="application/json")


@pytest.mark.parametrize(("body", "part"), [case for case in BODIES if case[0].strip()])
def test_parameters_that_are_no_json_object(refused, body, part):
    path = "accounts/Microsoft.Dynamics.CRM.CreateMultiple"
    refused((400, PAYLOAD, part), "POST", path, body, content_type="application/json")


WELL_MEANT = [
    (b'\xef\xbb\xbf{"name":"caf\xc3\xa9"}', "application/json"),
    ('{"name":"café"}'.encode("utf-16"), "application/json"),
    (b'{"name":"caf\xe9"}', "application/json; charset=iso-8859-1"),
    (b'{"name":"caf\xc3\xa9"}', 'application/json; charset="UTF-8"'),
    (b'{"name":"caf\\u00e9"}', "application/json; charset=us-ascii"),
    (b'{\n  "name" :  "caf\xc3\xa9",\n "description": "\\"name\\": \\":"\n}', "application/json"),
]


@pytest.mark.parametrize(("body", "media"), WELL_MEANT)
def test_a_body_in_another_character_set_is_read(dataverse, body, media):
    answer = dataverse.ask(
        "POST", "accounts?$select=name", body, content_type=media, prefer="return=representation"
    )
    assert (answer.status, answer.json["name"]) == (201, "café")


@pytest.mark.parametrize("charset", ["nonsense", "utf-7-nonsense", "base64"])
def test_a_character_set_that_nobody_knows_is_refused(refused, charset):
    expected = (400, PAYLOAD, f"The character set '{charset}' ")
    media = f"application/json; charset={charset}"
    refused(expected, "POST", "accounts", b'{"name":"x"}', content_type=media)


CANNOT = "Cannot convert "
TYPES = [
    ("accounts", "name", [5, True, [], {}], PAYLOAD),
    ("accounts", "numberofemployees", ["five", "", "5.0", 5.5, True, 99999999999, []], PAYLOAD),
    ("accounts", "numberofemployees", [-5], "0x8004432f"),
    ("accounts", "donotemail", ["yes", "1", 1, [], {}], PAYLOAD),
    ("accounts", "revenue", ["x", "5", True, []], PAYLOAD),
    ("accounts", "revenue", [1e30], "0x80044330"),
    ("accounts", "address1_latitude", ["x", True, {}], PAYLOAD),
    ("accounts", "industrycode", ["x", True, 1.5], PAYLOAD),
    ("accounts", "industrycode", [99999], "0x8004431a"),
    ("accounts", "statecode", [7], "0x8004431a"),
    ("accounts", "accountid", ["x", 5, []], PAYLOAD),
    ("accounts", "createdon", ["x", 5], PAYLOAD),
    ("accounts", "primarycontactid", ["x", 5], PAYLOAD),
    ("accounts", "primarycontactid@odata.bind", ["x", 5, []], PAYLOAD),
    ("accounts", "primarycontactid@odata.bind", ["/contacts(x)"], QUERY),
    ("accounts", "PrimaryContactId@odata.bind", [f"/contacts({NOBODY})"], PAYLOAD),
    ("accounts", "nothing@odata.bind", [f"/contacts({NOBODY})"], PAYLOAD),
    ("accounts", "_primarycontactid_value", [NOBODY], QUERY),
    ("accounts", "Name", ["x"], PAYLOAD),
    ("accounts", "", ["x"], PAYLOAD),
    ("contacts", "birthdate", ["x", "2024-02-30", 5], PAYLOAD),
    ("tasks", "scheduledend", ["x", "2024-13-01T00:00:00Z", 5], PAYLOAD),
    ("tasks", "scheduledend", ["1700-01-01T00:00:00Z"], "0x80040239"),
]
EACH = [(one, name, value, code) for one, name, values, code in TYPES for value in values]


@pytest.mark.parametrize(("entity_set", "name", "value", "code"), EACH)
def test_a_value_of_another_type(refused, entity_set, name, value, code):
    refused((400, code, ""), "POST", entity_set, {name: value})


HEADERS = [
    ("GET", {"prefer": "odata.maxpagesize=x"}, (400, QUERY, "The odata.maxpagesize 'x'")),
    ("GET", {"prefer": "odata.maxpagesize=-1"}, (400, QUERY, "The odata.maxpagesize '-1'")),
    ("GET", {"mscrmcallerid": "x"}, (400, "0x80040203", "is not a valid GUID.")),
    ("GET", {"mscrmcallerid": NOBODY}, (403, "0x80041d1f", "is not a user of the organization")),
    ("GET", {"callerobjectid": NOBODY}, (403, "0x80072560", "not a member of the organization.")),
    ("PATCH", {"if_match": "x"}, (412, "0x80060882", "doesn't match")),
    ("PATCH", {"if_match": 'W/"1"'}, (412, "0x80060882", "doesn't match")),
    ("PATCH", {"if_match": '"'}, (412, "0x80060882", "doesn't match")),
    ("PATCH", {"if_none_match": "*"}, (412, "0x80040237", "matching key values already exists")),
    ("PATCH", {"content_type": ""}, (415, "", "The request entity's media type ''")),
    ("PATCH", {"content_type": ";;"}, (415, "", "The request entity's media type ''")),
]


@pytest.mark.parametrize(("method", "headers", "expected"), HEADERS)
def test_a_header_that_cannot_be_met(dataverse, refused, method, headers, expected):
    path = f"accounts({dataverse.create('accounts', name='A')})"
    refused(expected, method, path, {"name": "x"} if method == "PATCH" else None, **headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"prefer": ';;,,=="'},
        {"prefer": 'odata.include-annotations="*'},
        {"prefer": "return=nothing"},
        {"prefer": "odata.maxpagesize=0"},
        {"accept": ";;;"},
        {"accept": "application/json;odata.metadata=nonsense"},
        {"if_none_match": "x"},
    ],
)
def test_a_header_that_says_nothing_is_passed_over(dataverse, headers):
    assert dataverse.ask("GET", "accounts?$top=1", **headers).status == 200


def test_a_body_over_the_limit_is_413(refused, monkeypatch):
    monkeypatch.setattr("windtunnel.simulator.services.dataverse.protocol.LARGEST_BODY", 100)
    body = json.dumps({"name": "x" * 200}).encode()
    refused((413, "0x80040203", "larger than 100 bytes"), "POST", "accounts", body)


CHANGE_SET = "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{parts}--c--\r\n--b--\r\n"
PART = (
    "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n{id}\r\n"
    "POST /api/data/v9.2/accounts HTTP/1.1\r\nContent-Type: application/json\r\n\r\n"
    '{{"name":"{name}"}}\r\n'
)
INNER = "--c\r\nContent-Type: multipart/mixed; boundary=d\r\n\r\n--d--\r\n"
BATCHES = [
    ("multipart/mixed", "", (400, PAYLOAD, "boundary")),
    ("multipart/mixed; boundary=", "", (400, PAYLOAD, "boundary")),
    ("application/json", "{}", (400, PAYLOAD, "multipart/mixed")),
    ("multipart/mixed; boundary=b", "--other--\r\n", (400, PAYLOAD, "boundary")),
    ("multipart/mixed; boundary=b", "--b\r\nno header\r\n\r\nx\r\n--b--\r\n", (400, PAYLOAD, "")),
    (
        "multipart/mixed; boundary=b",
        CHANGE_SET.format(parts=INNER),
        (400, PAYLOAD, "A change set must not hold another batch."),
    ),
    (
        "multipart/mixed; boundary=b",
        CHANGE_SET.format(parts=PART.format(id="Content-ID", name="A")),
        (400, PAYLOAD, "A header line of a part has no colon."),
    ),
]


@pytest.mark.parametrize(("media", "body", "expected"), BATCHES)
def test_a_batch_that_is_none(refused, media, body, expected):
    refused(expected, "POST", "$batch", body.encode(), content_type=media)


def test_a_content_id_given_twice_undoes_the_change_set(dataverse):
    parts = PART.format(id="Content-ID: 1\r\n", name="Twice") * 2
    body = CHANGE_SET.format(parts=parts).encode()
    answer = dataverse.ask("POST", "$batch", body, content_type="multipart/mixed; boundary=b")
    assert b"The content ID '1' was found more than once" in answer.body
    assert not dataverse.ask("GET", "accounts?$filter=name eq 'Twice'").json["value"]


def test_a_change_set_needs_no_content_ids(dataverse):
    parts = PART.format(id="", name="One") + PART.format(id="", name="Two")
    body = CHANGE_SET.format(parts=parts).encode()
    answer = dataverse.ask("POST", "$batch", body, content_type="multipart/mixed; boundary=b")
    assert answer.body.count(b"HTTP/1.1 204 No Content") == 2
