"""Elastic tables: the sample of Microsoft request by request, then what it does not ask.

Sources: "Web API Elastic Table Operations Sample", "Use elastic tables", "Use bulk operation
messages".
"""

from __future__ import annotations

import json
from urllib.parse import quote, unquote
from xml.sax.saxutils import quoteattr

import pytest

KIND = "Microsoft.Dynamics.CRM."
DEVICE = "Device-ABC-1234"
SETS = "contoso_sensordatas"


def label(text):
    return {
        "@odata.type": f"{KIND}Label",
        "LocalizedLabels": [{"Label": text, "LanguageCode": 1033}],
    }


def column(kind, name, **more):
    return {
        "@odata.type": f"{KIND}{kind}AttributeMetadata",
        "AttributeType": kind,
        "AttributeTypeName": {"Value": f"{kind}Type"},
        "SchemaName": f"contoso_{name}",
        "DisplayName": label(name),
        **more,
    }


TABLE = {
    "@odata.type": f"{KIND}EntityMetadata",
    "DisplayName": label("Sensor Data"),
    "DisplayCollectionName": label("Sensor Data"),
    "HasActivities": False,
    "HasNotes": False,
    "IsActivity": False,
    "OwnershipType": "UserOwned",
    "SchemaName": "contoso_SensorData",
    "TableType": "Elastic",
    "Attributes": [
        column("String", "SensorType", MaxLength=100, IsPrimaryName=True),
        column("String", "DeviceId", MaxLength=1000),
        column("Integer", "Value", MaxValue=2147483647, MinValue=-2147483648),
        column("DateTime", "TimeStamp", Format="DateOnly"),
        column("String", "EnergyConsumption", MaxLength=1000, FormatName={"Value": "Json"}),
    ],
}
ROW = {
    "contoso_deviceid": DEVICE,
    "contoso_sensortype": "Humidity",
    "contoso_value": 40,
    "contoso_timestamp": "2023-05-21T23:18:37.7184981Z",
    "partitionid": DEVICE,
    "ttlinseconds": 86400,
}


@pytest.fixture
def sensors(dataverse):
    """The environment with the elastic table of the sample."""
    answer = dataverse.ask("POST", "EntityDefinitions", TABLE)
    assert answer.status == 204, answer.body
    return dataverse


def make(there, **values):
    answer = there.ask("POST", SETS, {**ROW, **values})
    assert answer.status == 204, answer.body
    return answer.headers["odata-entityid"].partition("(")[2].rstrip(")")


def test_the_operations_of_the_sample(sensors):
    ask = sensors.ask
    shown = ask("GET", "EntityDefinitions(LogicalName='contoso_sensordata')?$select=TableType")
    assert shown.json["TableType"] == "Elastic"
    made = ask("POST", SETS, ROW)
    key = made.headers["odata-entityid"].partition("(")[2].rstrip(")")
    assert made.headers["x-ms-session-token"].startswith("240:8#")
    by_query = f"{SETS}({key})?partitionId={DEVICE}"
    by_key = f"{SETS}(contoso_sensordataid={key},partitionid='{DEVICE}')"
    changed = ask("PATCH", by_query, {"contoso_value": 60}, if_match="*")
    assert changed.status == 204
    assert changed.headers["x-ms-session-token"] != made.headers["x-ms-session-token"]
    changed = ask("PATCH", by_key, {"contoso_value": 80}, if_match="*")
    assert changed.status == 204
    assert changed.headers["odata-entityid"].endswith(by_key)
    token = {"mscrm.sessiontoken": changed.headers["x-ms-session-token"]}
    for path in (f"{by_query}&$select=contoso_value", f"{by_key}?$select=contoso_value"):
        assert ask("GET", path, **token).json["contoso_value"] == 80
    assert ask("PATCH", f"{SETS}({key})", {**ROW, "contoso_value": 1}).status == 204
    upserted = ask("PATCH", by_key, {**ROW, "contoso_value": 2})
    assert (upserted.status, "x-ms-session-token" in upserted.headers) == (204, True)
    assert ask("GET", by_key).json["contoso_value"] == 2
    gone = ask("DELETE", by_query)
    assert (gone.status, "x-ms-session-token" in gone.headers) == (204, False)
    assert ask("GET", by_key).error == (404, "0x80060891")
    [table] = ask(
        "GET", "EntityDefinitions?$select=MetadataId&$filter=LogicalName eq 'contoso_sensordata'"
    ).json["value"]
    assert ask("DELETE", f"EntityDefinitions({table['MetadataId']})").status == 204


def test_a_row_is_found_in_its_partition_only(sensors):
    key = make(sensors)
    ask = sensors.ask
    missing = (404, "0x80040217")
    assert ask("GET", f"{SETS}({key})").error == missing
    assert ask("GET", f"{SETS}({key})?partitionId=Other").error == missing
    assert ask("DELETE", f"{SETS}({key})").error == missing
    body = {"contoso_value": 1}
    assert ask("PATCH", f"{SETS}({key})", body, if_match="*").error == missing
    changed = ask("PATCH", f"{SETS}({key})", {**body, "partitionid": DEVICE}, if_match="*")
    assert changed.status == 204
    other = f"{SETS}(contoso_sensordataid={key},partitionid='Other')"
    assert ask("GET", other).error == (404, "0x80060891")
    own = make(sensors, partitionid=None)
    row = ask("GET", f"{SETS}({own})").json
    assert row["partitionid"] == own
    found = ask("GET", f"{SETS}?$filter=partitionid eq '{DEVICE}'&$select=contoso_value").json
    assert [item["contoso_value"] for item in found["value"]] == [1]


def test_an_upsert_overwrites_and_an_update_does_not(sensors):
    key = make(sensors)
    path = f"{SETS}(contoso_sensordataid={key},partitionid='{DEVICE}')"
    before = sensors.ask("GET", path).json
    sensors.ask("PATCH", path, {"contoso_value": 5}, if_match="*")
    assert sensors.ask("GET", path).json["contoso_sensortype"] == "Humidity"
    sensors.ask("PATCH", path, {"contoso_value": 6, "partitionid": "Elsewhere"})
    after = sensors.ask("GET", path).json
    assert (after["contoso_value"], after["contoso_sensortype"]) == (6, None)
    assert (after["createdon"], after["_ownerid_value"]) == (
        before["createdon"],
        before["_ownerid_value"],
    )
    new = f"{SETS}(22222222-2222-2222-2222-222222222222)"
    assert sensors.ask("PATCH", new, {"contoso_value": 7, "partitionid": "P"}).status == 204
    assert sensors.ask("GET", f"{new}?partitionId='P'").json["contoso_value"] == 7
    clash = sensors.ask("PATCH", new, {"partitionid": "P"}, if_none_match="*")
    assert clash.error == (412, "0x80040237")


def test_rows_end_when_their_time_to_live_is_over(sensors):
    short, long = make(sensors, ttlinseconds=60), make(sensors, ttlinseconds=None)
    clock = sensors.house.clock
    clock.advance(59)
    assert sensors.ask("GET", f"{SETS}({short})?partitionId={DEVICE}").status == 200
    clock.advance(1)
    assert sensors.ask("GET", f"{SETS}({short})?partitionId={DEVICE}").status == 404
    listed = sensors.ask("GET", f"{SETS}?$select=contoso_value").json["value"]
    assert [row["contoso_sensordataid"] for row in listed] == [long]


@pytest.mark.parametrize("partition", ["a/b", "a:b", "100%", "<a>", "a?", "a\\b", "é" * 600])
def test_a_partition_has_no_such_name(sensors, partition):
    answer = sensors.ask("POST", SETS, {**ROW, "partitionid": partition})
    assert answer.error == (400, "0x80040203")


def target(**values):
    return {"@odata.type": f"{KIND}contoso_sensordata", "partitionid": DEVICE, **values}


def bulk(there, message, targets, prefer='odata.include-annotations="*"'):
    return there.ask("POST", f"{SETS}/{KIND}{message}", {"Targets": targets}, prefer=prefer)


DETAILS = "@Microsoft.PowerApps.CDS.ErrorDetails.Plugin.BulkApiErrorDetails"


def test_bulk_messages_do_what_they_can_and_tell_what_they_could_not(sensors):
    taken = make(sensors)
    targets = [
        target(contoso_value=1),
        target(contoso_value=2, contoso_sensordataid=taken),
        target(contoso_value=3),
    ]
    answer = bulk(sensors, "CreateMultiple", targets)
    assert answer.error == (412, "0x80040237")
    told = json.loads(answer.json["error"][DETAILS])
    assert [(one["RequestIndex"], one["StatusCode"]) for one in told] == [
        (0, 201),
        (1, 412),
        (2, 201),
    ]
    rows = sensors.ask("GET", f"{SETS}?$select=contoso_value&$orderby=contoso_value").json["value"]
    assert [row["contoso_value"] for row in rows] == [1, 3, 40]
    assert {one["Id"] for one in told} - {""} == {row["contoso_sensordataid"] for row in rows} - {
        taken
    }
    plain = bulk(sensors, "CreateMultiple", targets[1:2], prefer="")
    assert DETAILS not in plain.json["error"]


def test_bulk_messages_that_succeed(sensors):
    made = bulk(sensors, "CreateMultiple", [target(contoso_value=n) for n in range(3)])
    assert (made.status, "x-ms-session-token" in made.headers) == (200, True)
    one, two, three = made.json["Ids"]
    changes = [
        target(contoso_sensordataid=one, contoso_value=10),
        target(
            **{"@odata.id": f"{SETS}(contoso_sensordataid={two},partitionid='{DEVICE}')"},
            contoso_value=20,
        ),
    ]
    assert bulk(sensors, "UpdateMultiple", changes).status == 204
    new = "33333333-3333-3333-3333-333333333333"
    upserts = [
        target(contoso_sensordataid=three, contoso_value=30),
        target(contoso_sensordataid=new, contoso_value=40),
    ]
    assert bulk(sensors, "UpsertMultiple", upserts).status == 204
    nobody = "00000000-0000-0000-0000-00000000dead"
    failed = bulk(sensors, "UpdateMultiple", [target(contoso_sensordataid=nobody), *changes])
    told = json.loads(failed.json["error"][DETAILS])
    assert [entry["StatusCode"] for entry in told] == [404, 204, 204]
    rows = sensors.ask("GET", f"{SETS}?$orderby=contoso_value").json["value"]
    assert [row["contoso_value"] for row in rows] == [10, 20, 30, 40]
    deletes = [target(contoso_sensordataid=key) for key in (one, nobody, two)]
    told = json.loads(bulk(sensors, "DeleteMultiple", deletes).json["error"][DETAILS])
    assert [entry["StatusCode"] for entry in told] == [204, 404, 204]
    assert bulk(sensors, "DeleteMultiple", [target(contoso_sensordataid=new)]).status == 204
    assert len(sensors.ask("GET", SETS).json["value"]) == 1


def test_a_change_set_of_elastic_rows_keeps_what_succeeded(sensors):
    part = (
        "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
        "Content-ID: {}\r\n\r\nPOST /api/data/v9.2/{} HTTP/1.1\r\n"
        "Content-Type: application/json\r\n\r\n{}\r\n"
    )

    def send(second):
        parts = part.format(1, SETS, json.dumps(ROW)) + part.format(2, second, '{"nosuch":1}')
        body = f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{parts}--c--\r\n--b--\r\n"
        answer = sensors.ask(
            "POST", "$batch", body.encode(), content_type="multipart/mixed; boundary=b"
        )
        assert answer.status == 400
        return len(sensors.ask("GET", SETS).json["value"])

    assert send("accounts") == 0
    assert send(SETS) == 1


@pytest.mark.parametrize("in_change_set", [False, True])
def test_a_bulk_message_in_a_batch_keeps_what_succeeded(sensors, in_change_set):
    taken = make(sensors)
    targets = [
        target(contoso_value=1),
        target(contoso_value=2, contoso_sensordataid=taken),
        target(contoso_value=3),
    ]
    part = (
        "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
        f"Content-ID: 1\r\n\r\nPOST /api/data/v9.2/{SETS}/{KIND}CreateMultiple HTTP/1.1\r\n"
        'Content-Type: application/json\r\nPrefer: odata.include-annotations="*"\r\n\r\n'
        f"{json.dumps({'Targets': targets})}\r\n"
    )
    body = f"--b\r\n{part}--b--\r\n"
    if in_change_set:
        inner = f"--c\r\n{part}--c--\r\n"
        body = f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{inner}--b--\r\n"
    answer = sensors.ask(
        "POST", "$batch", body.encode(), content_type="multipart/mixed; boundary=b"
    )
    assert answer.status == 400
    assert b"412" in answer.body
    assert DETAILS.encode() in answer.body
    rows = sensors.ask("GET", f"{SETS}?$select=contoso_value&$orderby=contoso_value").json["value"]
    assert [row["contoso_value"] for row in rows] == [1, 3, 40]


def test_two_partitions_hold_rows_of_one_id(sensors):
    key, ask = "44444444-4444-4444-4444-444444444444", sensors.ask
    for value, partition in enumerate(["One", "Two", 'T"/'.replace("/", ""), None]):
        make(sensors, contoso_sensordataid=key, partitionid=partition, contoso_value=value)
    assert ask("POST", SETS, {"contoso_sensordataid": key, "partitionid": "Two"}).error == (
        412,
        "0x80040237",
    )
    assert ask("POST", SETS, {"contoso_sensordataid": key}).error == (412, "0x80040237")
    assert ask("GET", f"{SETS}({key})").json["contoso_value"] == 3
    assert ask("GET", f"{SETS}({key})?partitionId=Two").json["contoso_value"] == 1
    one = f"{SETS}(contoso_sensordataid={key},partitionId='One')"
    assert ask("GET", f"{one}?$select=contoso_value").json["contoso_value"] == 0
    assert ask("PATCH", one, {"contoso_value": 10}, if_match="*").status == 204
    assert ask("PATCH", f"{SETS}({key})", {"contoso_value": 13}, if_match="*").status == 204
    changed = ask("PATCH", f"{SETS}({key})", {"contoso_value": 11, "partitionid": "Two"})
    assert changed.status == 204
    told = ask("PATCH", one, {"contoso_value": 12}, prefer="return=representation", if_match="*")
    assert (told.json["contoso_sensordataid"], told.json["contoso_value"]) == (key, 12)
    listed = ask("GET", f"{SETS}?$orderby=contoso_value&$select=contoso_value").json["value"]
    assert [row["contoso_value"] for row in listed] == [2, 11, 12, 13]
    assert ask("GET", f"{SETS}({key})/contoso_value?partitionId=Two").json["value"] == 11
    assert ask("DELETE", f"{SETS}({key})?partitionId=Two").status == 204
    assert ask("DELETE", f"{SETS}({key})?partitionId=Two").error == (404, "0x80040217")
    assert ask("GET", f"{SETS}({key})").json["contoso_value"] == 13
    targets = [target(contoso_sensordataid=key, partitionid=name) for name in ("One", key)]
    assert bulk(sensors, "DeleteMultiple", targets).status == 204
    assert [row["contoso_value"] for row in ask("GET", SETS).json["value"]] == [2]


def test_pages_and_changes_tell_rows_of_one_id_apart(sensors):
    key, ask = "44444444-4444-4444-4444-444444444444", sensors.ask
    tracked = ask("GET", SETS, prefer="odata.track-changes").json["@odata.deltaLink"]
    for value, partition in enumerate(['a "quoted" one', "b", "c", "d", "e"]):
        make(sensors, contoso_sensordataid=key, partitionid=partition, contoso_value=value)

    def pages(path, **headers):
        while path:
            answer = ask("GET", path, **headers)
            assert answer.status == 200, answer.body
            yield answer.json
            path = answer.json.get("@odata.nextLink", "").replace("https://localhost:3", "")

    for prefer in ("odata.maxpagesize=2", "odata.maxpagesize=2,odata.track-changes"):
        found = [row for page in pages(SETS, prefer=prefer) for row in page["value"]]
        assert sorted(row["contoso_value"] for row in found) == [0, 1, 2, 3, 4]
    fetch = (
        "<fetch count='2' page='{}' {}><entity name='contoso_sensordata'>"
        "<attribute name='contoso_value'/></entity></fetch>"
    )
    values, cookie = [], ""
    for number in (1, 2, 3):
        text = quote(fetch.format(number, cookie))
        page = ask("GET", f"{SETS}?fetchXml={text}", prefer='odata.include-annotations="*"').json
        values += [row["contoso_value"] for row in page["value"]]
        given = page.get("@Microsoft.Dynamics.CRM.fetchxmlpagingcookie", "")
        inner = unquote(unquote(given.partition('pagingcookie="')[2].partition('"')[0]))
        cookie = f"paging-cookie={quoteattr(inner)}"
    assert sorted(values) == [0, 1, 2, 3, 4]
    ask("DELETE", f"{SETS}({key})?partitionId=c")
    changes = ask("GET", tracked.replace("https://localhost:3", "")).json["value"]
    assert [row.get("contoso_value", row.get("id")) for row in changes] == [0, 1, 3, 4, key]


def test_a_list_is_of_one_partition_where_the_address_says_so(sensors):
    make(sensors, contoso_value=1), make(sensors, contoso_value=2, partitionid="Other")
    ask = sensors.ask
    rows = ask("GET", f"{SETS}?partitionId={DEVICE}&$select=contoso_value").json["value"]
    assert [row["contoso_value"] for row in rows] == [1]
    assert ask("GET", f"{SETS}/$count?partitionId=Other").body.endswith(b"1")
    fetch = quote("<fetch><entity name='contoso_sensordata'/></fetch>")
    rows = ask("GET", f"{SETS}?partitionId='Other'&fetchXml={fetch}").json["value"]
    assert [row["contoso_value"] for row in rows] == [2]


def test_queries_over_elastic_tables_do_not_join(sensors):
    make(sensors)
    fetch = (
        "<fetch><entity name='contoso_sensordata'><link-entity name='systemuser' "
        "from='systemuserid' to='createdby' link-type='outer'/></entity></fetch>"
    )
    refused = (400, "0x80048d0b")
    assert sensors.ask("GET", f"{SETS}?fetchXml={quote(fetch)}").error == refused
    assert sensors.ask("GET", f"{SETS}?$expand=createdby($select=fullname)").error == refused
    key = make(sensors, partitionid=None)
    one = sensors.ask("GET", f"{SETS}({key})?$expand=createdby($select=fullname)").json
    assert one["createdby"]["fullname"]


def test_a_page_of_an_elastic_table_has_500_rows(sensors):
    for start in range(0, 600, 100):
        made = [target(contoso_value=start + n) for n in range(100)]
        assert bulk(sensors, "CreateMultiple", made).status == 200

    def size(path, **headers):
        answer = sensors.ask("GET", path, **headers)
        return len(answer.json["value"]), answer.json.get("@odata.nextLink", "")

    first, link = size(f"{SETS}?$select=contoso_value")
    assert (first, size(link.replace("https://localhost:3", ""))) == (500, (100, ""))
    assert size(SETS, prefer="odata.track-changes")[0] == 500
    assert size(SETS, prefer="odata.maxpagesize=5000")[0] == 500
    fetch = "<fetch {}><entity name='contoso_sensordata'/></fetch>"
    for given, rows in (("", 500), ("count='5000'", 500), ("count='20'", 20), ("page='2'", 100)):
        assert size(f"{SETS}?fetchXml={quote(fetch.format(given))}")[0] == rows
    query = {"EntityName": "contoso_sensordata", "ColumnSet": {"AllColumns": False}}
    job = {
        "JobName": "Clean",
        "QuerySet": [query],
        "SendEmailNotification": False,
        "ToRecipients": [],
        "CCRecipients": [],
        "RecurrencePattern": "",
        "StartDateTime": "2026-01-01T00:00:00Z",
    }
    assert sensors.ask("POST", "BulkDelete", job).status == 200
    assert size(SETS)[0] == 0
