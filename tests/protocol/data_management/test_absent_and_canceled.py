"""What a page of the client does, and what is loudly not here."""

from __future__ import annotations

import pytest

from tests.protocol.data_management.conftest import (
    CUSTOMERS,
    HEAD,
    customers,
    entity,
    package,
    zipped,
)
from tests.protocol.data_management.test_jobs import steps_of
from windtunnel.simulator.exchange import Request
from windtunnel.simulator.services.data_management.package.manifest import (
    Manifest,
    write_header,
    write_manifest,
)

MANY = [f"C-{n:04d},Name,10,USD" for n in range(1_200)]
ROOT = "/_windtunnel/data-management/executions"


def control(rig, method, path, body=b""):
    answer = rig.house.applications()["control"](
        Request(method, path, "", {b"host": b"control.test"}, body)
    )
    rig.house.store.commit()
    return answer.status


def cancel(rig, execution="run-1"):
    return control(rig, "POST", f"{ROOT}/cancel", b'{"execution": "%s"}' % execution.encode())


def count(rig):
    sql = "SELECT count(*) FROM fo_CustomersV3 WHERE CustomerAccount LIKE 'C-%'"
    return rig.house.store.read(sql).fetchone()[0]


def test_a_canceled_import_keeps_what_is_in_the_target_and_does_no_more(rig):
    rig.act("ImportFromPackage", **rig.import_call(customers(*MANY)))
    while not count(rig):
        steps_of(rig, 1)
    done = count(rig)
    assert 0 < done < 1_200
    assert cancel(rig) == 204
    rig.work()
    assert rig.status() == "Canceled"
    assert count(rig) == done
    detail = rig.run_detail()
    assert (detail["StagingStatus"], detail["TargetStatus"]) == ("Finished", "Canceled")
    assert rig.act("GetEntityExecutionSummaryStatusList", executionId="run-1") == [
        "Customers V3-Canceled"
    ]
    assert cancel(rig) == 409
    assert rig.run(customers(*MANY), executionId="run-2") == "Succeeded"
    assert count(rig) == 1_200


def test_a_canceled_export_leaves_no_package_and_no_draft(rig):
    assert rig.run(customers(*MANY)) == "Succeeded"
    body = {"packageName": "", "executionId": "e", "reExecute": False, "legalEntityId": "usmf"}
    rig.act("ExportToPackage", definitionGroupId="Customer import", **body)
    steps_of(rig, 2)
    assert cancel(rig, "e") == 204
    rig.work()
    assert rig.status("e") == "Canceled"
    assert rig.act("GetExportedPackageUrl", executionId="e") == ""
    assert list(rig.house.blob.model.contents.incoming.iterdir()) == []


def test_a_job_that_waits_is_canceled_before_it_begins(make_rig):
    rig = make_rig(work="time: 60")
    assert rig.run(customers(*MANY)) == "NotRun"
    assert cancel(rig) == 204
    rig.advance(61)
    assert rig.status() == "Canceled"
    assert count(rig) == 0


def test_history_that_is_deleted_meanwhile_ends_the_work(rig):
    rig.act("ImportFromPackage", **rig.import_call(customers(*MANY)))
    while not count(rig):
        steps_of(rig, 1)
    done = count(rig)
    assert rig.post("DeleteExecutionHistoryJob", executionId="run-1").status_code == 204
    rig.work()
    assert count(rig) == done
    assert rig.run(customers(*MANY)) == "Succeeded"


def test_what_cannot_be_canceled_is_said(rig):
    assert cancel(rig, "nobody") == 404
    assert control(rig, "POST", f"{ROOT}/cancel", b"no") == 400
    assert control(rig, "POST", f"{ROOT}/cancel", b"{}") == 400
    assert control(rig, "GET", ROOT) == 200


def test_fail_on_error_skips_what_has_not_begun(rig):
    groups = entity("Customer groups", file="g.csv", columns=("CUSTOMERGROUPID", "DESCRIPTION"))
    files = {
        "g.csv": "CUSTOMERGROUPID,DESCRIPTION\r\n,\r\n",
        "Customers V3.csv": HEAD + MANY[0] + "\r\n",
    }
    data = package([groups, entity(level=2)], files)
    more = {"failOnError": False, "runAsyncWithoutBatch": False, "thresholdToRunInBatch": 0}
    for run, fails in (("goes on", False), ("stops", True)):
        call = rig.import_call(data, executionId=run)
        rig.act("ImportFromPackageAsync", **call, **more | {"failOnError": fails})
        rig.work()
    assert rig.status("goes on") == "PartiallySucceeded"
    assert rig.status("stops") == "Failed"
    assert rig.run_detail("stops")["TargetStatus"] == "NotRun"


def test_a_run_without_batch_does_not_wait_for_it(make_rig):
    rig = make_rig(pace="modelled", batch_pickup_seconds=40)
    call = rig.import_call(customers(MANY[0]), executionId="now")
    rig.act("ImportFromPackageAsync", **call, runAsyncWithoutBatch=True)
    other = {"executionId": "batch", "definitionGroupId": "Other"}
    rig.act("ImportFromPackageAsync", **call | other)
    rig.advance(10, 5)
    assert rig.status("now") == "Succeeded"
    assert rig.status("batch") == "NotRun"


XSLT = write_manifest(Manifest("P", "", (entity(),)))[2:].decode("utf-16-le")
PACKAGES = {
    "XSLT in packages": {
        "Manifest.xml": XSLT.replace(
            '<EntityTransformList i:nil="true"/>',
            "<EntityTransformList><EntityTransform/></EntityTransformList>",
        )
    },
    "attachments in packages": {"Resources/Customers V3/picture.png": b"PNG"},
}


@pytest.mark.parametrize("feature", PACKAGES)
def test_what_is_not_simulated_in_a_package_is_said_loudly(rig, feature):
    members = {
        "Manifest.xml": write_manifest(Manifest("P", "", (entity(),))),
        "PackageHeader.xml": write_header(Manifest("P")),
        "Customers V3.csv": ",".join(CUSTOMERS) + "\r\n" + MANY[0] + "\r\n",
    }
    call = rig.import_call(zipped(members | PACKAGES[feature]))
    for action in ("ImportFromPackage", "ExportFromPackage"):
        answer = rig.post(action, **call)
        assert answer.status_code == 501
        assert answer.headers["x-windtunnel-absent"] == feature
    assert rig.act("ImportFromPackageAsync", **call) == "run-1"
    rig.work()
    assert rig.status() == "Failed"
    assert feature in rig.errors()[0]["ErrorMessage"]
    assert count(rig) == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "DataManagementTemplates"),
        (
            "POST",
            "DataManagementTemplates/Microsoft.Dynamics.DataEntities.ImportTemplateFromPackage",
        ),
    ],
)
def test_templates_are_absent(rig, method, path):
    answer = rig.data(method, path, json={} if method == "POST" else None)
    assert answer.status_code == 501
    assert "DataManagementTemplates" in answer.headers["x-windtunnel-absent"]
