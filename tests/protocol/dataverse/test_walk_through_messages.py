"""Microsoft's walk-throughs, request by request: messages, batches, bulk, changes and files.

Sources: the samples "Web API Functions and Actions", "Web API Bulk Operations" and "Web API File
Operations"; the pages "Execute batch operations using the Web API", "Use bulk operation messages"
and "Use change tracking to synchronize data with external systems".
"""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

CRM = "Microsoft.Dynamics.CRM."
ROOT = "https://localhost:3/api/data/v9.2/"
NOBODY = "00000000-0000-0000-0000-00000000dead"


def path_of(answer):
    assert answer.status == 204, answer.body
    return answer.headers["odata-entityid"].removeprefix(ROOT)


def id_of(path):
    return path.partition("(")[2].rstrip(")")


# -- functions and actions --------------------------------------------------------------------

ADDRESSES = [
    (
        ("123 Maple St.", "Seattle", "WA", "98007", "USA"),
        "123 Maple St.\r\nSeattle, WA 98007\r\nUSA",
    ),
    (
        ("1-2-3 Sakura", "Nagoya", "Aichi", "455-2345", "JAPAN"),
        "455-2345\r\nAichi\r\nNagoya\r\n1-2-3 Sakura\r\nJAPAN",
    ),
]


@pytest.mark.parametrize(("parts", "written"), ADDRESSES)
def test_addresses_are_formatted_by_their_country(dataverse, parts, written):
    names = ("Line1", "City", "StateOrProvince", "PostalCode", "Country")
    given = ",".join(f"{name}=@p{number}" for number, name in enumerate(names, 1))
    values = "&".join(f"@p{n}='{quote(part)}'" for n, part in enumerate(parts, 1))
    answer = dataverse.ask("GET", f"FormatAddress({given})?{values}")
    assert answer.json["Address"] == written
    assert answer.json["@odata.context"].endswith(f"#{CRM}FormatAddressResponse")


ORIGINAL = {
    "accountcategorycode": 1,
    "address1_addresstypecode": 3,
    "address1_city": "Redmond",
    "address1_country": "USA",
    "address1_line1": "123 Maple St.",
    "address1_name": "Corporate Headquarters",
    "address1_postalcode": "98000",
    "address1_shippingmethodcode": 4,
    "address1_stateorprovince": "WA",
    "address1_telephone1": "555-1234",
    "customertypecode": 3,
    "description": "Contoso is a business consulting company.",
    "emailaddress1": "info@contoso.com",
    "industrycode": 7,
    "name": "Contoso Consulting",
    "numberofemployees": 150,
    "ownershipcode": 2,
    "preferredcontactmethodcode": 2,
    "telephone1": "(425) 555-1234",
}


def test_a_record_is_initialized_from_another_and_created(dataverse):
    original = path_of(dataverse.ask("POST", "accounts", ORIGINAL))
    moniker = quote(f"{{'@odata.id':'{original}'}}")
    new = dataverse.ask(
        "GET",
        "InitializeFrom(EntityMoniker=@p1,TargetEntityName=@p2,TargetFieldType=@p3)"
        f"?@p1={moniker}&@p2='account'&@p3={CRM}TargetFieldType'ValidForCreate'",
    ).json
    assert new["@odata.type"] == f"#{CRM}account"
    assert {name: new[name] for name in ORIGINAL} == ORIGINAL
    assert (new["creditonhold"], new["accountratingcode"]) == (False, 1)
    assert new["parentaccountid@odata.bind"] == original
    new.pop("ownerid@odata.bind", None)
    new |= {"name": "Contoso Consulting Chicago Branch", "address1_city": "Chicago"}
    branch = path_of(dataverse.ask("POST", "accounts", new))
    row = dataverse.ask("GET", branch).json
    assert (row["name"], row["industrycode"]) == ("Contoso Consulting Chicago Branch", 7)
    assert row["_parentaccountid_value"] == id_of(original)


def test_functions_of_the_organization(dataverse):
    me = dataverse.ask("GET", "WhoAmI").json
    assert set(me) == {"@odata.context", "BusinessUnitId", "UserId", "OrganizationId"}
    access = f"{CRM}EndpointAccessType'Default'"
    detail = dataverse.ask("GET", f"RetrieveCurrentOrganization(AccessType=@p1)?@p1={access}")
    assert detail.json["Detail"]["OrganizationId"] == me["OrganizationId"]
    assert detail.json["Detail"]["Endpoints"]["Keys"] == [
        "WebApplication",
        "OrganizationService",
        "OrganizationDataService",
    ]
    names = quote('["account","contact"]')
    counts = dataverse.ask("GET", f"RetrieveTotalRecordCount(EntityNames=@p1)?@p1={names}").json
    counts = counts["EntityRecordCountCollection"]
    assert (counts["Keys"], counts["Values"]) == (["account", "contact"], [100, 200])


def test_a_record_is_shared_with_another_user(dataverse):
    ask = dataverse.ask
    me = ask("GET", "WhoAmI").json
    other = dataverse.create(
        "systemusers",
        firstname="Other",
        lastname="User",
        domainname="other@contoso.com",
        **{"businessunitid@odata.bind": f"businessunits({me['BusinessUnitId']})"},
    )
    [role] = ask("GET", "roles?$select=name&$filter=name eq 'Basic User'").json["value"]
    roles = f"systemusers({other})/systemuserroles_association/$ref"
    assert ask("POST", roles, {"@odata.id": f"{ROOT}roles({role['roleid']})"}).status == 204
    account = path_of(ask("POST", "accounts", {"name": "Account to Share"}))
    [user] = ask(
        "GET",
        f"systemusers?$filter=systemuserid ne {me['UserId']} and isdisabled eq false "
        "and not startswith(fullname,'%23')&$select=systemuserid,fullname&$top=1",
    ).json["value"]
    assert (user["systemuserid"], user["fullname"]) == (other, "Other User")
    target = quote(f"{{'@odata.id':'{account}'}}")
    access = f"systemusers({other})/{CRM}RetrievePrincipalAccess(Target=@p1)?@p1={target}"
    assert "DeleteAccess" not in ask("GET", access).json["AccessRights"]
    granted = ask(
        "POST",
        "GrantAccess",
        {
            "Target": {"accountid": id_of(account), "@odata.type": f"{CRM}account"},
            "PrincipalAccess": {
                "AccessMask": "DeleteAccess",
                "Principal": {"systemuserid": other, "@odata.type": f"{CRM}systemuser"},
            },
        },
    )
    assert (granted.status, granted.body) == (204, b"")
    assert "DeleteAccess" in ask("GET", access).json["AccessRights"]


def test_privileges_are_added_to_a_role(dataverse):
    ask = dataverse.ask
    unit = ask("GET", "WhoAmI").json["BusinessUnitId"]
    bind = {"businessunitid@odata.bind": f"businessunits({unit})"}
    role = path_of(ask("POST", "roles", {"name": "Test Role", **bind}))
    shown = f"{role}?$select=roleid&$expand=roleprivileges_association($select=name)"
    before = {row["name"] for row in ask("GET", shown).json["roleprivileges_association"]}
    wanted = {"prvCreateAccount", "prvReadAccount"}
    assert not before & wanted
    found = ask(
        "GET",
        "privileges?$select=name&$filter=name eq 'prvCreateAccount' or name eq 'prvReadAccount'",
    ).json["value"]
    privileges = [
        {
            "BusinessUnitId": unit,
            "Depth": "0",
            "PrivilegeId": row["privilegeid"],
            "PrivilegeName": row["name"],
        }
        for row in found
    ]
    answer = ask("POST", f"{role}/{CRM}AddPrivilegesRole", {"Privileges": privileges})
    assert answer.status == 204, answer.body
    after = {row["name"] for row in ask("GET", shown).json["roleprivileges_association"]}
    assert after == before | wanted


# -- batches ----------------------------------------------------------------------------------


def request(method, url, body=None, content_id="", **headers):
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if content_id:
        lines.append(f"Content-ID: {content_id}")
    lines += ["", f"{method} {url} HTTP/1.1"]
    if body is not None:
        lines.append("Content-Type: application/json; type=entry")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += ["", "" if body is None else json.dumps(body), ""]
    return "\r\n".join(lines)


def joined(boundary, parts):
    return "".join(f"--{boundary}\r\n{part}" for part in parts) + f"--{boundary}--\r\n"


def change_set(*parts):
    inner = joined("changeset_1", parts)
    return f'Content-Type: multipart/mixed; boundary="changeset_1"\r\n\r\n{inner}\r\n'


def send(dataverse, *parts, **headers):
    return dataverse.ask(
        "POST",
        "$batch",
        joined("batch_1", parts).encode(),
        content_type='multipart/mixed; boundary="batch_1"',
        odata_version="4.0",
        odata_maxversion="4.0",
        accept="application/json",
        **headers,
    )


def statuses(answer):
    lines = answer.body.decode().split("\r\n")
    return [int(line.split()[1]) for line in lines if line.startswith("HTTP/1.1 ")]


def test_tasks_of_an_account_are_made_in_a_batch_and_then_listed(dataverse):
    account = dataverse.create("accounts", name="A")
    bind = {"regardingobjectid_account_task@odata.bind": f"accounts({account})"}
    tasks = [
        request("POST", f"{prefix}tasks", {"subject": f"Task {number} in batch", **bind})
        for number, prefix in enumerate(("/api/data/v9.2/", ROOT, ""), 1)
    ]
    listing = request("GET", f"/api/data/v9.2/accounts({account})/Account_Tasks?$select=subject")
    answer = send(dataverse, *tasks, listing)
    assert (answer.status, statuses(answer)) == (200, [204, 204, 204, 200])
    assert answer.headers["content-type"].startswith("multipart/mixed; boundary=batchresponse_")
    text = answer.body.decode()
    assert text.count("OData-EntityId: https://localhost:3/api/data/v9.2/tasks(") == 3
    assert all(f"Task {number} in batch" in text for number in (1, 2, 3))


def test_a_change_set_binds_to_what_it_made_and_is_answered_by_content_ids(dataverse):
    answer = send(
        dataverse,
        change_set(
            request("POST", "/api/data/v9.2/accounts", {"name": "IAMTEST"}, "1"),
            request(
                "POST",
                "/api/data/v9.2/contacts",
                {"lastname": "New", "parentcustomerid_account@odata.bind": "$1"},
                "2",
            ),
            request("PUT", "$1/primarycontactid/$ref", {"@odata.id": "$2"}, "3"),
            request("PATCH", "$2", {"jobtitle": "Tester"}, "4"),
            request("PUT", "$1/telephone1", {"value": "555"}, "5"),
        ),
        request(
            "GET",
            "/api/data/v9.2/accounts?$select=name,telephone1&$filter=name eq 'IAMTEST'"
            "&$expand=primarycontactid($select=jobtitle;"
            "$expand=parentcustomerid_account($select=name))",
        ),
    )
    assert (answer.status, statuses(answer)) == (200, [204] * 5 + [200])
    text = answer.body.decode()
    assert all(f"Content-ID: {number}\r\n" in text for number in range(1, 6))
    [account] = json.loads(text[text.index('{"@odata') : text.rindex("}") + 1])["value"]
    assert account["telephone1"] == "555"
    assert account["primarycontactid"]["jobtitle"] == "Tester"
    assert account["primarycontactid"]["parentcustomerid_account"]["name"] == "IAMTEST"


LONG = {"subject": "x" * 201}


@pytest.mark.parametrize(("prefer", "status", "parts"), [
    ("", 400, [204, 400]),
    ("odata.continue-on-error", 200, [204, 400, 204]),
])  # fmt: skip
def test_an_error_ends_a_batch_unless_it_continues(dataverse, prefer, status, parts):
    answer = send(
        dataverse,
        request("POST", "tasks", {"subject": "First"}),
        request("POST", "tasks", LONG),
        request("POST", "tasks", {"subject": "Third"}),
        **({"prefer": prefer} if prefer else {}),
    )
    assert (answer.status, statuses(answer)) == (status, parts)
    assert (
        "A validation error occurred.  The length of the 'subject' attribute of the 'task' entity "
        "exceeded the maximum allowed length of '200'."
    ) in answer.body.decode()
    assert len(dataverse.ask("GET", "tasks").json["value"]) == len(parts) - 1


REFERENCES = [
    change_set(request("PATCH", "$9", {"name": "x"}, "1")),
    request("PATCH", "$1", {"name": "x"}),
    change_set(
        request(
            "POST", "phonecalls", {"regardingobjectid_account_phonecall@odata.bind": "$3"}, "2"
        ),
        request("POST", "accounts", {"name": "QQQQ"}, "3"),
    ),
    change_set(request("POST", "accounts", {"primarycontactid@odata.bind": "$nobody"}, "2")),
]


@pytest.mark.parametrize("part", REFERENCES)
def test_a_reference_to_nothing_fails_its_own_part_only(dataverse, part):
    answer = send(
        dataverse,
        request("POST", "accounts", {"name": "A"}, "1"),
        part,
        prefer="odata.continue-on-error",
    )
    assert (answer.status, statuses(answer)) == (200, [204, 400])
    assert b"does not exist in the batch context." in answer.body


def test_content_ids_of_a_change_set_are_unique(dataverse):
    part = request("POST", "accounts", {"name": "Twice"}, "1")
    answer = send(dataverse, change_set(part, part))
    assert (answer.status, statuses(answer)) == (400, [400])
    assert dataverse.ask("GET", "accounts?$filter=name eq 'Twice'").json["value"] == []


# -- bulk messages ----------------------------------------------------------------------------


def test_bulk_messages_on_a_table_of_ones_own(dataverse):
    ask = dataverse.ask
    name = {"LocalizedLabels": [{"Label": "Example", "LanguageCode": 1033}]}
    table = {
        "@odata.type": f"{CRM}EntityMetadata",
        "SchemaName": "sample_Example",
        "DisplayName": name,
        "DisplayCollectionName": name,
        "OwnershipType": "UserOwned",
        "HasActivities": False,
        "HasNotes": False,
        "Attributes": [
            {
                "@odata.type": f"{CRM}StringAttributeMetadata",
                "SchemaName": "sample_Name",
                "MaxLength": 100,
                "IsPrimaryName": True,
                "DisplayName": name,
            },
            {
                "@odata.type": f"{CRM}StringAttributeMetadata",
                "SchemaName": "sample_KeyAttribute",
                "MaxLength": 10,
                "DisplayName": name,
            },
        ],
    }
    assert ask("POST", "EntityDefinitions", table).status == 204
    kind = {"@odata.type": f"{CRM}sample_example"}
    made = ask(
        "POST",
        f"sample_examples/{CRM}CreateMultiple",
        {"Targets": [{**kind, "sample_name": f"sample record {n:07}"} for n in range(100)]},
    )
    assert made.status == 200, made.body
    assert made.json["@odata.context"].endswith(f"#{CRM}CreateMultipleResponse")
    ids = made.json["Ids"]
    assert len(set(ids)) == 100
    targets = [
        {**kind, "sample_exampleid": key, "sample_name": f"Updated {number}"}
        for number, key in enumerate(ids)
    ]
    changed = ask("POST", f"sample_examples/{CRM}UpdateMultiple", {"Targets": targets})
    assert (changed.status, changed.body) == (204, b"")
    definition = "EntityDefinitions(LogicalName='sample_example')"
    key = {
        "SchemaName": "sample_Key",
        "KeyAttributes": ["sample_keyattribute"],
        "DisplayName": name,
    }
    assert ask("POST", f"{definition}/Keys", key).status == 204
    status = f"{definition}/Keys?$select=EntityKeyIndexStatus"
    assert ask("GET", status).json["value"][0]["EntityKeyIndexStatus"] == "Pending"
    dataverse.house.clock.advance(2)
    dataverse.house.timers.run_due()
    assert ask("GET", status).json["value"][0]["EntityKeyIndexStatus"] == "Active"
    upserts = [
        {
            **kind,
            "@odata.id": f"sample_examples(sample_keyattribute='K{number}')",
            "sample_name": f"Upserted {number}",
        }
        for number in range(3)
    ]
    for _ in range(2):
        done = ask("POST", f"sample_examples/{CRM}UpsertMultiple", {"Targets": upserts})
        assert (done.status, done.body) == (204, b"")
    found = ask("GET", "sample_examples?$filter=startswith(sample_name,'Upserted')&$count=true")
    assert found.json["@odata.count"] == 3
    mixed = [targets[0], {**targets[1], "sample_exampleid": NOBODY}]
    mixed[0] = {**mixed[0], "sample_name": "Not kept"}
    failed = ask("POST", f"sample_examples/{CRM}UpdateMultiple", {"Targets": mixed})
    assert failed.error == (404, "0x80040217")
    assert ask("GET", f"sample_examples({ids[0]})").json["sample_name"] == "Updated 0"
    job = ask(
        "POST",
        "BulkDelete",
        {
            "JobName": "Deleting records created by the sample",
            "QuerySet": [
                {
                    "EntityName": "sample_example",
                    "ColumnSet": {"AllColumns": False, "Columns": []},
                    "Criteria": {
                        "FilterOperator": "And",
                        "Conditions": [
                            {
                                "AttributeName": "sample_exampleid",
                                "Operator": "In",
                                "Values": [{"Value": key, "Type": "System.Guid"} for key in ids],
                            }
                        ],
                    },
                }
            ],
            "SendEmailNotification": False,
            "ToRecipients": [],
            "CCRecipients": [],
            "RecurrencePattern": "",
            "StartDateTime": "2026-01-01T00:00:00Z",
        },
    )
    assert job.status == 200, job.body
    state = f"asyncoperations({job.json['JobId']})?$select=statecode,statuscode"
    assert ask("GET", state).json["statuscode"] == 30
    assert len(ask("GET", "sample_examples").json["value"]) == 3
    deleting = ask("POST", f"sample_examples/{CRM}DeleteMultiple", {"Targets": [targets[0]]})
    assert deleting.json["error"]["message"] == "DeleteMultiple has not yet been implemented."


# -- change tracking --------------------------------------------------------------------------


def test_changes_are_followed_by_the_requests_of_the_page(dataverse):
    ask = dataverse.ask
    select = "accounts?$select=name,accountnumber,telephone1,fax"
    first = ask("GET", select, prefer="odata.track-changes")
    assert "odata.track-changes" in first.headers["preference-applied"]
    assert len(first.json["value"]) == 100
    link = first.json["@odata.deltaLink"].removeprefix(ROOT)
    assert ask("GET", link).json["value"] == []
    made = dataverse.create("accounts", name="Monte Orton", telephone1="555000")
    gone = first.json["value"][0]["accountid"]
    passing = dataverse.create("accounts", name="Passing")
    for key in (gone, passing):
        assert ask("DELETE", f"accounts({key})").status == 204
    count = link.replace("accounts?", "accounts/$count?")
    assert ask("GET", count).body.decode("utf-8-sig") == "3"
    delta = ask("GET", link).json
    fragment = "#accounts(name,accountnumber,telephone1,fax)/$delta"
    assert delta["@odata.context"].endswith(fragment)
    new, *deleted = delta["value"]
    assert (new["accountid"], new["telephone1"]) == (made, "555000")
    assert {(row["id"], row["reason"]) for row in deleted} == {
        (gone, "deleted"),
        (passing, "deleted"),
    }
    assert all(row["@odata.context"].endswith("#accounts/$deletedEntity") for row in deleted)
    assert ask("GET", delta["@odata.deltaLink"].removeprefix(ROOT)).json["value"] == []


# -- file columns -----------------------------------------------------------------------------


@pytest.fixture
def account(dataverse):
    """An account, in a table that has the file column of the sample."""
    column = {
        "@odata.type": f"{CRM}FileAttributeMetadata",
        "SchemaName": "sample_FileColumn",
        "MaxSizeInKB": 10240,
        "DisplayName": {"LocalizedLabels": [{"Label": "File", "LanguageCode": 1033}]},
    }
    columns = "EntityDefinitions(LogicalName='account')/Attributes"
    assert dataverse.ask("POST", columns, column).status == 204
    return f"accounts({dataverse.create('accounts', name='Test Account for file')})"


def test_a_file_is_streamed_to_its_column_and_back(dataverse, account):
    content, column = b"%PDF-1.4" + bytes(range(256)) * 40, f"{account}/sample_filecolumn"
    up = dataverse.ask(
        "PATCH",
        column,
        content,
        content_type="application/octet-stream",
        x_ms_file_name="4094kb.txt",
    )
    assert (up.status, up.body) == (204, b"")
    row = dataverse.ask("GET", f"{account}?$select=sample_filecolumn").json
    assert len(row["sample_filecolumn"]) == 36
    named = dataverse.ask("GET", f"{account}?$select=sample_filecolumn_name").json
    assert named["sample_filecolumn_name"] == "4094kb.txt"
    down = dataverse.ask("GET", f"{column}/$value")
    assert down.body == content
    assert down.headers["x-ms-file-name"] == "4094kb.txt"
    assert int(down.headers["x-ms-file-size"]) == len(content)
    assert dataverse.ask("DELETE", column).status == 204
    assert dataverse.ask("GET", account).json["sample_filecolumn"] is None


def test_a_file_is_moved_in_chunks(dataverse, account):
    content, column = bytes(range(256)) * 36_000, f"{account}/sample_filecolumn"
    begun = dataverse.ask(
        "PATCH", f"{column}?x-ms-file-name=25mb.pdf", x_ms_transfer_mode="chunked"
    )
    size = int(begun.headers["x-ms-chunk-size"])
    assert begun.status == 200
    location = begun.headers["location"].removeprefix(ROOT)
    for start in range(0, len(content), size):
        part = content[start : start + size]
        end = start + len(part) - 1
        answer = dataverse.ask(
            "PATCH",
            location,
            part,
            content_type="application/octet-stream",
            content_range=f"bytes {start}-{end}/{len(content)}",
            x_ms_file_name="25mb.pdf",
        )
        assert answer.status == (204 if end == len(content) - 1 else 206)
    found = b""
    while len(found) < len(content):
        last = min(len(found) + size, len(content)) - 1
        part = dataverse.ask("GET", f"{column}/$value", range=f"bytes={len(found)}-{last}")
        assert part.status == 206
        found += part.body
    assert found == content


def test_a_file_is_moved_by_actions(dataverse, account):
    content = bytes(range(256)) * 17_000
    target = {"accountid": id_of(account), "@odata.type": f"{CRM}account"}
    place = {"Target": target, "FileAttributeName": "sample_filecolumn"}
    begun = dataverse.ask(
        "POST", "InitializeFileBlocksUpload", {**place, "FileName": "File.pdf"}
    ).json
    token, blocks = begun["FileContinuationToken"], []
    for start in range(0, len(content), 4_194_304):
        blocks.append(base64.b64encode(f"block-{start}".encode()).decode())
        data = base64.b64encode(content[start : start + 4_194_304]).decode()
        body = {"BlockId": blocks[-1], "BlockData": data, "FileContinuationToken": token}
        assert dataverse.ask("POST", "UploadBlock", body).status == 204
    done = dataverse.ask(
        "POST",
        "CommitFileBlocksUpload",
        {
            "FileName": "File.pdf",
            "MimeType": "application/pdf",
            "BlockList": blocks,
            "FileContinuationToken": token,
        },
    ).json
    assert done["FileSizeInBytes"] == len(content)
    begun = dataverse.ask("POST", "InitializeFileBlocksDownload", place).json
    assert (begun["FileName"], begun["IsChunkingSupported"]) == ("File.pdf", True)
    found = b""
    while len(found) < begun["FileSizeInBytes"]:
        body = {
            "Offset": len(found),
            "BlockLength": 4_194_304,
            "FileContinuationToken": begun["FileContinuationToken"],
        }
        found += base64.b64decode(dataverse.ask("POST", "DownloadBlock", body).json["Data"])
    assert found == content
    assert dataverse.ask("POST", "DeleteFile", {"FileId": done["FileId"]}).status == 204
    assert dataverse.ask("GET", f"{account}/sample_filecolumn/$value").status in {204, 404}
