"""Packages out: full and incremental, their formats, and when the URL is there."""

from __future__ import annotations

import pytest

from tests.protocol.data_management.conftest import HEAD, Rig, customers, entity, package
from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.services.data_management.package.manifest import read_manifest

PROJECTS = "DataManagementDefinitionGroups"
DETAILS = "DataManagementDefinitionGroupDetails"


def make_project(rig, name="Out", label="Customer groups", source_format="CSV", **more):
    """A project as clients make it by OData."""
    body = {
        "Name": name,
        "Description": "d",
        "OperationType": "Export",
        "ProjectCategory": "Project",
    }
    assert rig.data("POST", PROJECTS, json=body).status_code == 201
    add_entity(rig, name, label, source_format, **more)


def add_entity(rig, name, label, source_format="CSV", **more):
    body = {
        "DefinitionGroupId": name,
        "EntityName": label,
        "SourceFormat": source_format,
        "AutoGenerateMapping": "Yes",
        "ExecutionUnit": 1,
        "LevelInExecutionUnit": 1,
        "SequenceInLevel": 1,
        **more,
    }
    answer = rig.data("POST", DETAILS, json=body)
    assert answer.status_code == 201, answer.text


def test_a_project_made_by_odata_is_exported_whole(rig):
    make_project(rig)
    assert rig.export(definitionGroupId="Out", legalEntityId="usmf") == "Succeeded"
    members = rig.exported()
    assert set(members) == {"Customer groups.csv", "PackageHeader.xml", "Manifest.xml"}
    assert members["Manifest.xml"].startswith(b"\xff\xfe<\x00D\x00")
    manifest = read_manifest(members["Manifest.xml"], members["PackageHeader.xml"])
    assert (manifest.name, manifest.version) == ("Out", "2")
    (listed,) = manifest.entities
    assert (listed.name, listed.input_file) == ("Customer groups", "Customer groups.csv")
    lines = members["Customer groups.csv"].decode().splitlines()
    header = lines[0].split(",")
    assert header == [line.xml_field for line in listed.maps]
    assert {"CUSTOMERGROUPID", "DESCRIPTION"} <= set(header)
    assert "DATAAREAID" not in header
    shown = dict(zip(header, lines[1].split(","), strict=True))
    assert (shown["CUSTOMERGROUPID"], shown["PAYMENTTERMID"]) == ("10", "Net30")
    assert rig.run_detail("out-1", "Customer groups")["TargetRecordsCreatedCount"] == 6


@pytest.mark.parametrize(
    "source_format",
    ["CSV", "CSV-Unicode", "Tab", "Fixed width-Unicode", "XML-Element", "XML-Attribute", "EXCEL"],
)
def test_an_exported_package_is_imported_again_as_it_is(rig, source_format):
    make_project(rig, source_format=source_format)
    assert rig.export(definitionGroupId="Out") == "Succeeded"
    url = rig.act("GetExportedPackageUrl", executionId="out-1")
    assert rig.run(url, legalEntityId="usrt", definitionGroupId="In") == "Succeeded"
    detail = rig.run_detail("run-1", "Customer groups")
    assert (detail["TargetRecordsCreatedCount"], detail["TargetRecordsUpdatedCount"]) == (0, 6)


def test_only_what_is_mapped_is_exported(rig):
    assert rig.run(customers("A-1,Köln,10,USD"), legalEntityId="gbsi") == "Succeeded"
    assert rig.export(legalEntityId="gbsi", packageName="") == "Succeeded"
    text = rig.exported()["Customers V3.csv"].decode()
    assert text.startswith(HEAD)
    assert "A-1,Köln,10,USD\r\n" in text
    url = rig.act("GetExportedPackageUrl", executionId="out-1")
    assert "temporary-file/%7B" in url
    assert "Customer%20import_%7B" in url
    assert "_DMFPackage.zip?sv=2014-02-14" in url
    assert "sp=r&" in url


def test_the_url_is_empty_until_the_package_is_built_and_the_blob_goes_after_a_week(make_rig):
    rig = make_rig(work="time: 30", url_after_seconds=5)
    make_project(rig)
    assert rig.export(definitionGroupId="Out") == "NotRun"
    assert rig.act("GetExportedPackageUrl", executionId="out-1") == ""
    rig.advance(30)
    assert rig.status("out-1") == "Succeeded"
    assert rig.act("GetExportedPackageUrl", executionId="out-1") == ""
    rig.advance(5)
    url = rig.act("GetExportedPackageUrl", executionId="out-1")
    assert rig.send("GET", url).status_code == 200
    rig.advance(3_601)
    assert rig.send("GET", url).status_code == 403
    again = rig.act("GetExportedPackageUrl", executionId="out-1")
    rig.advance(7 * 86_400)
    assert rig.send("GET", again).status_code in {403, 404}
    assert "were not found" in rig.refusal("GetExportedPackageUrl", executionId="out-1")
    assert rig.data("GET", "DataManagementExecutionJobs").json()["value"] == []


def changes_only(rig, execution_id, **more):
    assert rig.export(definitionGroupId="Out", executionId=execution_id, **more) == "Succeeded"
    lines = rig.exported(execution_id)["Customer groups.csv"].decode().splitlines()
    place = lines[0].split(",").index("CUSTOMERGROUPID")
    return [line.split(",")[place] for line in lines[1:]]


TRACKED = {"entities": ({"name": "Customer groups", "change_tracking": True},)}


def test_an_incremental_export_is_full_once_and_then_holds_whole_changed_rows(make_rig):
    rig = make_rig(**TRACKED)
    make_project(rig, DefaultRefreshType="Incremental")
    assert len(changes_only(rig, "1")) == 6
    assert changes_only(rig, "2") == []
    path = "CustomerGroups(dataAreaId='usmf',CustomerGroupId='{}')"
    rig.data("PATCH", path.format("30"), json={"Description": "Changed"})
    rig.data("POST", "CustomerGroups", json={"CustomerGroupId": "77"})
    rig.data("POST", "CustomerGroups", json={"CustomerGroupId": "78"})
    rig.data("DELETE", path.format("78"))
    assert changes_only(rig, "3") == ["30", "77"]
    assert changes_only(rig, "4") == []
    named = {"definitionGroupId": "Out", "entityName": "Customer groups", "sourceName": "CSV"}
    assert rig.act("ResetVersionToken", **named) is True
    assert rig.act("ResetVersionToken", **named) is False
    assert len(changes_only(rig, "5")) == 7


def test_a_delta_export_needs_change_tracking_which_can_be_switched_on(rig):
    make_project(rig)
    delta = {"action": "ExportToPackageDelta"}
    assert len(changes_only(rig, "1", **delta)) == 6
    assert len(changes_only(rig, "2", **delta)) == 6
    rig.data(
        "PATCH", "DataManagementEntities('Customer groups')", json={"ChangeTrackingType": "ALL"}
    )
    assert len(changes_only(rig, "3", **delta)) == 6
    assert changes_only(rig, "4", **delta) == []
    assert len(changes_only(rig, "5")) == 6


def test_companies_have_their_own_tokens(make_rig):
    rig = make_rig(**TRACKED)
    make_project(rig, DefaultRefreshType="Incremental")
    assert len(changes_only(rig, "1")) == 6
    assert len(changes_only(rig, "2", legalEntityId="usrt")) == 6
    assert changes_only(rig, "3", legalEntityId="usrt") == []


def test_a_preview_has_so_many_rows(rig):
    make_project(rig)
    for number, name in enumerate(("exportPreviewCount", "count")):
        more = {"action": "ExportToPackagePreview", name: 2}
        assert len(changes_only(rig, f"p{number}", **more)) == 2
    assert len(changes_only(rig, "p3", action="ExportToPackagePreviewAsync", count=0)) == 6


def test_an_entity_list_chooses(rig):
    make_project(rig)
    add_entity(rig, "Out", "Terms of payment")
    add_entity(rig, "Out", "Currencies", Disable="Yes")
    more = {"definitionGroupId": "Out", "action": "ExportToPackageAsync"}
    assert rig.export(executionId="1", **more) == "Succeeded"
    files = {name for name in rig.exported("1") if name.endswith(".csv")}
    assert files == {"Customer groups.csv", "Terms of payment.csv"}
    assert rig.export(executionId="2", entityList="Terms of payment,", **more) == "Succeeded"
    assert "Customer groups.csv" not in rig.exported("2")


def test_an_export_of_no_project_or_of_an_empty_one_is_refused(rig):
    body = {
        "definitionGroupId": "Nope",
        "packageName": "n",
        "executionId": "x",
        "reExecute": True,
        "legalEntityId": "usmf",
    }
    text = (
        "Exception occurred while executing action ExportToPackage on Entity "
        "DataManagementDefinitionGroup: Export to package failed for definition group: Nope, "
        "package name: n, execution id: x, reExecute: true, legal entity: usmf"
    )
    assert rig.refusal("ExportToPackage", **body) == text
    rig.data("POST", PROJECTS, json={"Name": "Nope"})
    assert rig.refusal("ExportToPackage", **body) == text


def test_two_exports_of_one_second_share_their_id(make_rig):
    for is_unique in (False, True):
        rig = make_rig(ensure_unique_execution_id=is_unique, work="manual")
        make_project(rig)
        make_project(rig, "Out 2")
        body = {"packageName": "", "executionId": "", "reExecute": False, "legalEntityId": "usmf"}
        first = rig.act("ExportToPackage", definitionGroupId="Out", **body)
        second = rig.act("ExportToPackage", definitionGroupId="Out 2", **body)
        assert (first != second) == is_unique
        assert first.startswith("ExportPackage-01/01/2026 12:00:00 am")


def test_an_export_may_be_run_again(rig):
    make_project(rig)
    assert len(changes_only(rig, "1")) == 6
    rig.data("POST", "CustomerGroups", json={"CustomerGroupId": "77"})
    assert len(changes_only(rig, "1")) == 6
    assert len(changes_only(rig, "1", reExecute=True)) == 7


def test_an_entity_without_a_mapping_stays_executing_for_ever(rig, caplog):
    make_project(rig, AutoGenerateMapping="No")
    assert rig.export(definitionGroupId="Out") == "Executing"
    rig.advance(3_600)
    assert rig.status("out-1") == "Executing"
    assert "stays Executing" in caplog.text
    body = {"packageName": "", "executionId": "2", "reExecute": False, "legalEntityId": "usmf"}
    text = rig.refusal("ExportToPackage", definitionGroupId="Out", **body)
    assert "Cannot edit a record in Entities for a processing group" in text
    assert rig.post("DeleteExecutionHistoryJob", executionId="out-1").status_code == 204
    assert "were not found" in rig.refusal("GetExecutionSummaryStatus", executionId="out-1")


def test_a_template_package_makes_the_project_and_exports_it(rig):
    entities = [entity("Customer groups", columns=("CUSTOMERGROUPID", "DESCRIPTION"))]
    call = rig.import_call(package(entities, {}), definitionGroupId="T", executionId="t")
    assert rig.act("ExportFromPackage", **call) == "t"
    rig.work()
    assert rig.status("t") == "Succeeded"
    text = rig.exported("t")["Customer groups.csv"].decode()
    assert text.startswith("CUSTOMERGROUPID,DESCRIPTION\r\n10,")


def test_what_a_format_cannot_hold_fails_the_entity(make_rig):
    latin = {"name": "Latin", "code_page": 1252}
    rig = make_rig(source_formats=(latin,))
    assert rig.run(customers("A-1,日本,10,USD")) == "Succeeded"
    make_project(rig, label="Customers V3", source_format="Latin")
    assert rig.export(definitionGroupId="Out") == "Failed"
    assert rig.errors("out-1")[0]["ErrorMessage"].startswith("DMF1957")
    assert rig.act("GetExportedPackageUrl", executionId="out-1") == ""
    add_entity(rig, "Out", "Customer groups")
    assert rig.export(definitionGroupId="Out", executionId="2") == "PartiallySucceeded"
    assert "Customer groups.csv" in rig.exported("2")


def test_a_package_is_written_where_its_blob_will_be_and_nothing_else_is(rig, monkeypatch):
    make_project(rig)
    contents = rig.house.blob.model.contents

    def drafts():
        return [path.name for path in contents.incoming.iterdir()]

    monkeypatch.setattr(contents, "write", lambda pieces: pytest.fail("a package is copied"))
    body = {"packageName": "", "executionId": "a", "reExecute": False, "legalEntityId": "usmf"}
    rig.act("ExportToPackage", definitionGroupId="Out", **body)
    rig.house.background._step()
    (draft,) = drafts()
    rig.work()
    assert drafts() == []
    assert draft in contents.files()
    assert "Customer groups.csv" in rig.exported("a")
    rig.act("ExportToPackage", definitionGroupId="Out", **body | {"executionId": "b"})
    rig.house.background._step()
    assert len(drafts()) == 1
    rig.house.reset()
    assert drafts() == []


FILTERED = {
    "export_filters": (
        {
            "project": "Out",
            "entity": "Customer groups",
            "filter": "Description eq 'Kept, \"one\"' or CustomerGroupId eq 'F-2'",
        },
    )
}


def test_an_export_keeps_to_the_filter_of_its_project(make_rig):
    rig = make_rig(**FILTERED, **TRACKED)
    make_project(rig)
    for key, text in (("F-1", 'Kept, "one"'), ("F-2", "Kept, two"), ("F-3", "Other")):
        body = {"dataAreaId": "usmf", "CustomerGroupId": key, "Description": text}
        assert rig.data("POST", "CustomerGroups", json=body).status_code == 201
    assert sorted(changes_only(rig, "all")) == ["F-1", "F-2"]
    assert rig.run_detail("all", "Customer groups")["TargetRecordsCreatedCount"] == 2
    make_project(rig, "All")
    assert rig.export(definitionGroupId="All", executionId="whole") == "Succeeded"
    assert rig.run_detail("whole", "Customer groups")["TargetRecordsCreatedCount"] > 2


def test_changes_outside_of_the_filter_are_not_exported(make_rig):
    rig = make_rig(**FILTERED, **TRACKED)
    make_project(rig)
    delta = {"action": "ExportToPackageDelta"}
    changes_only(rig, "first", **delta)
    for key in ("F-2", "F-3"):
        body = {"dataAreaId": "usmf", "CustomerGroupId": key, "Description": "New"}
        assert rig.data("POST", "CustomerGroups", json=body).status_code == 201
    assert changes_only(rig, "second", **delta) == ["F-2"]


@pytest.mark.parametrize(
    ("entity_name", "text", "reason"),
    [
        ("Customer groups", "Nope eq 1", "Nope"),
        ("Customer groups", "CustomerGroupId eq", ""),
        ("CustomerGroups", "CustomerGroupId eq '1'", "does not exist"),
    ],
)
def test_a_filter_that_cannot_be_is_a_mistake_of_the_settings(entity_name, text, reason):
    with pytest.raises(UsageError, match=r"export_filters\]\] Out, ") as caught:
        Rig(export_filters=({"project": "Out", "entity": entity_name, "filter": text},))
    assert reason in str(caught.value)
