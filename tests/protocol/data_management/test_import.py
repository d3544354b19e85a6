"""Packages in: the samples of the package API, request by request, and what goes wrong."""

from __future__ import annotations

import json

import pytest

from tests.protocol.data_management.conftest import (
    CUSTOMERS,
    HEAD,
    customers,
    entity,
    package,
    zipped,
)
from windtunnel.simulator.services.data_management.package.manifest import (
    FieldMap,
    Manifest,
    PackageEntity,
    write_header,
    write_manifest,
)

GOOD = ("A-1,Köln Markets,10,USD", "A-2,Lake Stores,20,EUR")


def test_a_write_url_is_json_in_a_string_with_a_sas_of_half_an_hour(rig):
    answer = rig.post("GetAzureWriteUrl", uniqueFileName="x.zip")
    assert answer.json()["@odata.context"] == "http://fo.test/data/$metadata#Edm.String"
    found = json.loads(answer.json()["value"])
    assert set(found) == {"BlobId", "BlobUrl"}
    assert (found["BlobId"][0], found["BlobId"][-1], len(found["BlobId"])) == ("{", "}", 38)
    assert "/dmf/x.zip?sv=2014-02-14&sr=b&" in found["BlobUrl"]
    assert "sp=rw" in found["BlobUrl"]
    put = {"content": b"x", "headers": {"x-ms-blob-type": "BlockBlob"}}
    assert rig.send("PUT", found["BlobUrl"], **put).status_code == 201
    rig.advance(1_801)
    assert rig.send("PUT", found["BlobUrl"], **put).status_code == 403


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\\b", "x" * 1_001])
def test_a_write_url_needs_a_file_name(rig, name):
    assert "is not a file name" in rig.refusal("GetAzureWriteUrl", uniqueFileName=name)


def test_a_package_arrives_in_the_company_of_the_call(rig):
    url = rig.upload(customers(*GOOD))
    call = rig.import_call(url, legalEntityId="USRT", executionId="")
    execution = rig.act("ImportFromPackage", **call)
    assert execution.startswith("Customer importImport-2026-01-01T00:00:00-")
    rig.work()
    answer = rig.post("GetExecutionSummaryStatus", executionId=execution)
    assert answer.json() == {
        "@odata.context": "http://fo.test/data/$metadata#Microsoft.Dynamics.DataEntities."
        "DMFExecutionSummaryStatus",
        "value": "Succeeded",
    }
    assert rig.act("GetExecutionErrors", executionId=execution) == "[]"
    assert rig.customer("A-1", "usrt")["OrganizationName"] == "Köln Markets"
    assert rig.customer("A-1") is None
    detail = rig.run_detail(execution)
    assert (detail["DefinitionGroupId"], detail["CompanyId"]) == ("Customer import", "usrt")
    assert (detail["StagingStatus"], detail["TargetStatus"]) == ("Finished", "Finished")
    assert (detail["TargetRecordsCreatedCount"], detail["TargetRecordsUpdatedCount"]) == (2, 0)


def test_a_second_run_changes_what_is_there(rig):
    rig.run(customers(*GOOD))
    rig.run(customers("A-1,Other,10,USD", "A-3,New,10,USD"), executionId="run-2")
    detail = rig.run_detail("run-2")
    assert (detail["TargetRecordsCreatedCount"], detail["TargetRecordsUpdatedCount"]) == (1, 1)
    assert rig.customer("A-1")["OrganizationName"] == "Other"


def test_good_rows_stay_and_bad_rows_are_errors_with_their_place(rig):
    bad = "A-3,Bad,nope,USD"
    assert rig.run(customers(*GOOD, bad)) == "PartiallySucceeded"
    assert rig.errors() == [
        {
            "RecordId": "A-3",
            "Field": "CUSTOMERGROUPID",
            "ErrorMessage": "The value 'nope' in field 'Customer group' is not found in the "
            "related table 'Customer groups'. (file 'Customers V3.csv', line 4, column 3, field "
            "'CUSTOMERGROUPID')",
        }
    ]
    assert rig.customer("A-1") is not None
    assert rig.customer("A-3") is None
    assert rig.run_detail()["TargetErrorCount"] == 1
    assert rig.act("GetEntityExecutionSummaryStatusList", executionId="run-1") == [
        "Customers V3-PartiallySucceeded"
    ]
    named = {"executionId": "run-1", "entityName": "Customers V3"}
    assert rig.act("GetImportTargetErrorKeysFileUrl", **named) == ""
    assert rig.act("GenerateImportTargetErrorKeysFile", **named) is True
    assert rig.act("GetImportTargetErrorKeysFileUrl", **named) == ""
    rig.work()
    url = rig.act("GetImportTargetErrorKeysFileUrl", **named)
    assert rig.send("GET", url).text == "CUSTOMERACCOUNT\r\nA-3\r\n"
    assert rig.act("GetImportStagingErrorFileUrl", **named) == ""


def test_only_bad_rows_are_a_failure(rig):
    assert rig.run(customers("A-3,Bad,nope,USD")) == "Failed"


def test_a_faulty_value_fails_the_entity_before_the_target_is_touched(rig):
    columns = (*CUSTOMERS, "CREDITLIMIT")
    text = ",".join(columns) + "\r\nA-1,A,10,USD,5\r\nA-2,B,10,USD,five\r\nA-3,C,10,USD,6x\r\n"
    data = package([entity(columns=columns)], {"Customers V3.csv": text})
    assert rig.run(data) == "Failed"
    assert [error["ErrorMessage"] for error in rig.errors()] == [
        "DMF2018: The value 'five' is not valid: it is no number. (file 'Customers V3.csv', line "
        "3, column 5, field 'CREDITLIMIT')",
        "DMF2018: The value '6x' is not valid: it is no number. (file 'Customers V3.csv', line 4, "
        "column 5, field 'CREDITLIMIT')",
    ]
    assert rig.customer("A-1") is None
    detail = rig.run_detail()
    assert (detail["StagingStatus"], detail["TargetStatus"]) == ("Error", "NotRun")
    assert (detail["StagingErrorCount"], detail["StagingRecordsCreatedCount"]) == (2, 0)
    named = {"executionId": "run-1", "entityName": "Customers V3"}
    assert rig.act("GenerateImportTargetErrorKeysFile", **named) is False
    assert rig.act("GetImportStagingErrorFileUrl", **named) == ""
    rig.work()
    file = rig.send("GET", rig.act("GetImportStagingErrorFileUrl", **named)).text
    assert file == ",".join(columns) + "\r\nA-2,B,10,USD,five\r\nA-3,C,10,USD,6x\r\n"


FILES = {
    "duplicate": (
        HEAD + "A-1,A,10,USD\r\nA-2,B,10,USD\r\na-1,C,10,USD\r\n",
        "DMF1959",
        "line 4, column 1",
    ),
    "truncated": (HEAD + 'A-1,"A', "DMF2050", "line 2, column 2"),
    "few values": (HEAD + "A-1,A,10,USD\r\nA-2,B\r\n", "DMF2050", "line 3, column 3"),
    "delimiter": (HEAD.replace(",", ";") + "A-1;A;10;USD\r\n", "DMF1999", "line 1"),
    "missing column": ("CUSTOMERACCOUNT\r\nA-1\r\n", "DMF1999", "line 1"),
    "other column": (HEAD.replace("ORGANIZATIONNAME", "NAME"), "DMF2025", "line 1"),
    "more columns": ("X," + HEAD + "1,A-1,A,10,USD\r\n", "DMF2025", "column 1, field 'X'"),
    "empty": (HEAD, "DMF2053", "'Customers V3.csv'"),
    "no header": ("\r\n" + HEAD, "FF004", "line 1"),
    "encoding": (HEAD.encode() + b"A-1,\xff\xfe,10,USD\r\n", "DMF2018", "line 2, column 5"),
    "line feeds": (
        HEAD.replace("\r", "") + "A-1,A,10,USD\n",
        "the mapping is incorrect for entity Customers V3 and field {",
        "line 1",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_at_fault_fails_the_job_with_file_and_place(rig, name):
    text, code, place = FILES[name]
    assert rig.run(package([entity()], {"Customers V3.csv": text})) == "Failed"
    (error,) = rig.errors()
    assert code in error["ErrorMessage"]
    assert place in error["ErrorMessage"]
    assert "file 'Customers V3.csv'" in error["ErrorMessage"]
    assert rig.customer("A-1") is None


def test_csv_unicode_takes_utf_16_only(rig):
    entities = [entity(source_format="CSV-Unicode")]
    text = HEAD + GOOD[0] + "\r\n"
    assert rig.run(package(entities, {"Customers V3.csv": text})) == "Failed"
    assert rig.errors()[0]["ErrorMessage"].startswith("Selected file is not Unicode")
    good = b"\xff\xfe" + text.encode("utf-16-le")
    assert rig.run(package(entities, {"Customers V3.csv": good}), executionId="2") == "Succeeded"
    assert rig.customer("A-1")["OrganizationName"] == "Köln Markets"


def test_a_manifest_without_a_mapping_succeeds_with_nothing(rig):
    entities = [PackageEntity("Customers V3", "Customers V3.csv", "CSV")]
    data = package(entities, {"Customers V3.csv": HEAD + GOOD[0] + "\r\n"})
    assert rig.run(data) == "Succeeded"
    assert rig.errors() == []
    assert rig.customer("A-1") is None
    assert rig.run_detail()["StagingRecordsCreatedCount"] == 0


def test_without_execute_rows_stay_in_staging(rig):
    assert rig.run(customers(*GOOD), execute=False) == "Succeeded"
    assert rig.customer("A-1") is None
    detail = rig.run_detail()
    assert (detail["StagingRecordsCreatedCount"], detail["TargetStatus"]) == (2, "NotRun")


XML = {
    "XML-Element": "<Document><CUSTCUSTOMERV3ENTITY><CUSTOMERACCOUNT>X-1</CUSTOMERACCOUNT>"
    "<ORGANIZATIONNAME>A &amp; B</ORGANIZATIONNAME><CUSTOMERGROUPID>10</CUSTOMERGROUPID>"
    "<SALESCURRENCYCODE>USD</SALESCURRENCYCODE></CUSTCUSTOMERV3ENTITY></Document>",
    "XML-Attribute": '<Document><CUSTCUSTOMERV3ENTITY CUSTOMERACCOUNT="X-1" ORGANIZATIONNAME='
    '"A &amp; B" CUSTOMERGROUPID="10" SALESCURRENCYCODE="USD"/></Document>',
    "Vertical bar": "CUSTOMERACCOUNT|ORGANIZATIONNAME|CUSTOMERGROUPID|SALESCURRENCYCODE\r\n"
    "X-1|A & B|10|USD\r\n",
    "Fixed width": "CUSTOMERACCOUNT ORGANIZATIONNAME CUSTOMERGROUPID SALESCURRENCYCODE\r\n"
    "X-1             A & B            10              USD              \r\n",
}


@pytest.mark.parametrize("source_format", XML)
def test_other_source_formats_arrive_as_well(rig, source_format):
    entities = [entity(file="data.bin", source_format=source_format)]
    assert rig.run(package(entities, {"data.bin": XML[source_format]})) == "Succeeded"
    assert rig.customer("X-1")["OrganizationName"] == "A & B"


def test_broken_xml_names_line_and_column(rig):
    data = XML["XML-Element"].replace("</Document>", "\n</Wrong>")
    entities = [entity(file="c.xml", source_format="XML-Element")]
    assert rig.run(package(entities, {"c.xml": data})) == "Failed"
    assert "DMF1830" in rig.errors()[0]["ErrorMessage"]
    assert "file 'c.xml', line 2, column 3" in rig.errors()[0]["ErrorMessage"]
    assert rig.customer("X-1") is None


def test_fixed_values_conversions_and_generated_fields_of_the_mapping(rig):
    maps = (
        FieldMap("CUSTOMERACCOUNT", "", is_auto_generated=True),
        FieldMap("ORGANIZATIONNAME", "NAME"),
        FieldMap("CUSTOMERGROUPID", "GROUP", conversions=(("retail", "30"),)),
        FieldMap("SALESCURRENCYCODE", "CURRENCY", is_auto_default=True, default="EUR"),
    )
    entities = [PackageEntity("Customers V3", "c.csv", "CSV", maps=maps)]
    data = package(entities, {"c.csv": "NAME,GROUP\r\nOne,retail\r\nTwo,10\r\n"})
    assert rig.run(data) == "Succeeded"
    found = rig.data("GET", "CustomersV3", params={"$filter": "OrganizationName eq 'One'"})
    (row,) = found.json()["value"]
    assert (row["CustomerGroupId"], row["SalesCurrencyCode"]) == ("30", "EUR")
    assert row["CustomerAccount"].startswith("usmf-")


MEMBERS = {
    "Manifest.xml": write_manifest(Manifest("P", "", (entity(),))),
    "PackageHeader.xml": write_header(Manifest("P")),
    "Customers V3.csv": HEAD + GOOD[0] + "\r\n",
}
NO_HEADER = r"Could not find file '..\PackageHeader.xml'."
PACKAGES = {
    "no zip": (HEAD.encode(), NO_HEADER),
    "empty": (b"", NO_HEADER),
    "cut": (zipped(MEMBERS)[:-40], NO_HEADER),
    "no manifest": (
        zipped(MEMBERS | {"Manifest.xml": None}),
        r"Could not find file '..\Manifest.xml'.",
    ),
    "no header": (zipped(MEMBERS | {"PackageHeader.xml": None}), NO_HEADER),
    "no file": (
        zipped(MEMBERS | {"Customers V3.csv": None}),
        r"Could not find file '..\Customers V3.csv'.",
    ),
    "broken manifest": (
        zipped(MEMBERS | {"Manifest.xml": b"<DataManagement\nPackage"}),
        "0xC0010009",
    ),
    "other entity": (
        package([entity("CustomersV3")], {"CustomersV3.csv": HEAD}),
        "Entity CustomersV3 does not exist in the target environment",
    ),
    "other format": (
        package([entity(source_format="JSON")], {"Customers V3.csv": ""}),
        "The source data format 'JSON' does not exist.",
    ),
    "bomb": (zipped(MEMBERS | {"big": bytes(40 << 20)}), "shrinks by more than 500 times"),
    "traversal": (zipped(MEMBERS | {"../../evil": "x"}), "leads out of the package"),
}


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_at_fault_is_refused_and_leaves_nothing(rig, name):
    data, text = PACKAGES[name]
    url = rig.upload(data)
    message = rig.refusal("ImportFromPackage", **rig.import_call(url))
    assert message.startswith(
        "Exception occurred while executing action ImportFromPackage on Entity "
        "DataManagementDefinitionGroup: "
    )
    assert text in message
    missing = rig.refusal("GetExecutionSummaryStatus", executionId="run-1")
    assert missing.endswith("Execution details were not found for execution id: run-1")
    assert rig.data("GET", "DataManagementDefinitionGroups('Customer import')").status_code == 404


@pytest.mark.parametrize("name", PACKAGES)
def test_the_same_package_fails_the_job_of_an_asynchronous_call(rig, name):
    data, text = PACKAGES[name]
    call = rig.import_call(data)
    more = {"failOnError": True, "runAsyncWithoutBatch": True, "thresholdToRunInBatch": 1}
    assert rig.act("ImportFromPackageAsync", **call, **more) == "run-1"
    rig.work()
    assert rig.status() == "Failed"
    assert text in rig.errors()[0]["ErrorMessage"]
    assert rig.customer("A-1") is None


def test_an_unknown_field_of_the_mapping_fails_the_entity(rig):
    columns = (*CUSTOMERS, "NOSUCHFIELD")
    data = package([entity(columns=columns)], {"Customers V3.csv": ",".join(columns) + "\r\n"})
    assert rig.run(data) == "Failed"
    assert "DMF2060: The mapped field 'NOSUCHFIELD'" in rig.errors()[0]["ErrorMessage"]


def test_a_project_is_kept_unless_overwrite_is_said(rig):
    assert rig.run(customers(*GOOD)) == "Succeeded"
    call = rig.import_call(customers("A-9,New,10,USD"), overwrite=False, executionId="run-2")
    assert rig.refusal("ImportFromPackage", **call).endswith(
        "The data project 'Customer import' exists and overwrite has not been specified."
    )
    project = rig.data("GET", "DataManagementDefinitionGroups('Customer import')").json()
    assert (project["OperationType"], project["GenerateDataPackage"]) == ("Import", "Yes")
    details = rig.data("GET", "DataManagementDefinitionGroupDetails").json()["value"]
    assert [(row["EntityName"], row["SourceFormat"]) for row in details] == [
        ("Customers V3", "CSV")
    ]


def test_a_call_is_refused_for_its_company_its_name_its_id_and_its_url(rig):
    data = customers(*GOOD)
    call = rig.import_call(data)
    refuse = lambda **more: rig.refusal("ImportFromPackage", **(call | more))  # noqa: E731
    assert "The legal entity 'nope' does not exist." in refuse(legalEntityId="nope")
    assert "must have a name" in refuse(definitionGroupId="")
    assert "does not lead to blob storage" in refuse(packageUrl="https://elsewhere.test/x.zip")
    unused = json.loads(rig.act("GetAzureWriteUrl", uniqueFileName="unused"))["BlobUrl"]
    assert "(404) BlobNotFound" in refuse(packageUrl=unused)
    assert "(403) AuthenticationFailed" in refuse(packageUrl=call["packageUrl"] + "x")
    assert rig.run(call["packageUrl"]) == "Succeeded"
    assert "The record already exists." in refuse()
    rig.advance(1_801)
    assert "(403) AuthenticationFailed" in refuse(executionId="late")


def test_a_missing_or_unknown_parameter_is_400(rig):
    call = rig.import_call(customers(*GOOD))
    for name in ("packageUrl", "overwrite", "legalEntityId"):
        answer = rig.post("ImportFromPackage", **{k: v for k, v in call.items() if k != name})
        assert answer.status_code == 400
    assert rig.post("ImportFromPackage", **call, other=1).status_code == 400
    assert rig.post("ImportFromPackage", **(call | {"execute": "yes"})).status_code == 400


def test_an_action_of_another_name_is_404(rig):
    for name in ("GetMessageErrors", "DeleteExecutionHistory", "CancelExecution"):
        assert rig.post(name, executionId="run-1").status_code == 404


def test_an_imported_package_may_be_made_by_a_template(rig):
    call = rig.import_call(customers(*GOOD)) | {"importBatchGroupId": "", "failOnError": False}
    assert rig.act("ImportFromDMTPackage", **call) == "run-1"
    rig.work()
    assert rig.status() == "Succeeded"


LINES = ("JOURNALBATCHNUMBER", "LINENUMBER", "ACCOUNTTYPE", "ACCOUNTDISPLAYVALUE", "DEBITAMOUNT")


def journal(rig, *rows, **flags):
    """Import lines of journal 00999, with the flags of the entity; the header as it is then."""
    made = {"JournalBatchNumber": "00999", "JournalName": "GenJrn"}
    assert rig.data("POST", "LedgerJournalHeaders", json=made).status_code in {201, 400}
    text = "".join(f"{line}\r\n" for line in (",".join(LINES), *rows))
    spec = entity("Journal lines", "Lines.csv", columns=LINES, **flags)
    rig.run(package([spec], {"Lines.csv": text.encode()}))
    key = "LedgerJournalHeaders(dataAreaId='usmf',JournalBatchNumber='00999')"
    return rig.data("GET", key).json()


def test_the_insert_method_of_a_table_does_not_run_where_the_package_says_so(rig):
    """What lines do to their journal is business logic; the lines themselves are stored."""
    row = "00999,{},Vend,US\\-101,10"
    assert journal(rig, row.format(1), runs_logic=False)["JournalTotalDebit"] == 0
    assert rig.status() == "Succeeded"
    lines = rig.data("GET", "LedgerJournalLines?$filter=JournalBatchNumber eq '00999'").json()
    assert [line["DebitAmount"] for line in lines["value"]] == [10]


def test_validate_write_does_not_run_where_the_package_says_so_but_fields_are_checked(rig):
    def run(row, **flags):
        spec = entity(file="C.csv", **flags)
        return rig.run(package([spec], {"C.csv": f"{HEAD}{row}\r\n"}), executionId=f"v{row}")

    nameless, ungrouped = "V-1,,10,USD", "V-2,Name,nope,USD"
    assert run(nameless) == "Failed"
    assert "must be filled in" in str(rig.errors(f"v{nameless}"))
    assert run(ungrouped, runs_validation=False) == "Failed"
    assert "is not found in the related table" in str(rig.errors(f"v{ungrouped}"))
    assert run("V-3,,10,USD", runs_validation=False) == "Succeeded"
    assert rig.customer("V-3")["OrganizationName"] == ""
    assert run("V-3,,20,EUR", runs_validation=False) == "Succeeded"
    assert rig.customer("V-3")["CustomerGroupId"] == "20"
    assert run("V-3,,10,EUR") == "Failed"
