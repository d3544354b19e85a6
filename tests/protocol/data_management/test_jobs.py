"""Jobs on the clock: when they begin, in which order, side by side, killed, kept and forgotten."""

from __future__ import annotations

import pytest

from tests.protocol.data_management.conftest import (
    HEAD,
    Rig,
    customers,
    entity,
    package,
)
from windtunnel.simulator.services.data_management.model import records

GROUPS = ("CUSTOMERGROUPID", "DESCRIPTION")
GROUP_HEAD = "CUSTOMERGROUPID,DESCRIPTION\r\n"
GOOD = "A-1,Name,{},USD"


def test_a_job_by_hand_waits_for_the_hand(make_rig):
    rig = make_rig(work="manual")
    assert rig.run(customers(GOOD.format(10))) == "NotRun"
    rig.advance(86_400)
    assert rig.status() == "NotRun"
    (waiting,) = rig.house.jobs.waiting()
    assert rig.house.jobs.complete(waiting.id)
    rig.work()
    assert rig.status() == "Failed", "the SAS of the package ended while it waited"


def test_a_job_after_a_time_begins_then(make_rig):
    rig = make_rig(work="time: 60")
    assert rig.run(customers(GOOD.format(10))) == "NotRun"
    rig.advance(59)
    assert rig.status() == "NotRun"
    rig.advance(1)
    assert rig.status() == "Succeeded"


def test_the_first_poll_may_find_nothing(make_rig):
    rig = make_rig(details_after_seconds=5)
    rig.act("ImportFromPackage", **rig.import_call(customers(GOOD.format(10))))
    assert "Execution details were not found for execution id: run-1" in rig.refusal(
        "GetExecutionSummaryStatus", executionId="run-1"
    )
    rig.advance(5)
    assert rig.status() == "Succeeded"


def test_rows_take_the_time_of_the_throughput_model(make_rig):
    rig = make_rig(
        pace="modelled",
        batch_pickup_seconds=30,
        staging_rows_per_minute=600,
        target_rows_per_minute=60,
        entities=({"name": "Customers V3", "threshold": 100, "tasks": 4},),
    )
    lines = [f"M-{n:04d},Name,10,USD" for n in range(400)]
    assert rig.run(customers(*lines)) == "NotRun"
    rig.advance(30)  # a batch server takes the job
    assert rig.status() == "Executing"
    rig.advance(40, steps=40)  # 400 rows at 10 a second
    assert rig.run_detail()["StagingStatus"] == "Finished"
    rig.advance(50, steps=50)  # 4 tasks at 1 a second each
    assert rig.status() == "Executing"
    assert rig.customer("M-0000") is not None
    assert rig.customer("M-0399") is None
    rig.advance(60, steps=60)
    assert rig.status() == "Succeeded"


def two_entities(groups="10,Changed\r\n", group="ZZ", **of_groups):
    """Customers of a group that the other file brings."""
    places = {"level": 1, "unit": 1, **of_groups}
    entities = [
        entity(sequence=1, level=2),
        entity("Customer groups", columns=GROUPS, **places),
    ]
    files = {
        "Customers V3.csv": HEAD + GOOD.format(group) + "\r\n",
        "Customer groups.csv": GROUP_HEAD + groups,
    }
    return package(entities, files)


def test_a_lower_level_is_done_first_whatever_the_order_of_the_manifest(rig):
    assert rig.run(two_entities("ZZ,New\r\n")) == "Succeeded"
    assert rig.customer("A-1")["CustomerGroupId"] == "ZZ"


def test_a_higher_sequence_waits_for_a_lower_one(rig):
    entities = [
        entity(sequence=2),
        entity("Customer groups", columns=GROUPS, sequence=1),
    ]
    files = {
        "Customers V3.csv": HEAD + GOOD.format("ZZ") + "\r\n",
        "Customer groups.csv": GROUP_HEAD + "ZZ,New\r\n",
    }
    assert rig.run(package(entities, files)) == "Succeeded"


def test_an_error_lets_the_rest_run_on_unless_the_unit_is_to_fail(rig):
    broken = "ZZ,New,more\r\n"
    assert rig.run(two_entities(broken, group="10")) == "PartiallySucceeded"
    assert rig.customer("A-1") is not None
    failing = two_entities(broken, group="20", fail_unit_on_error=True)
    assert rig.run(failing, executionId="2") == "Failed"
    assert rig.customer("A-1")["CustomerGroupId"] == "10"
    assert rig.run_detail("2")["StagingStatus"] == "NotRun"
    level = two_entities(broken, group="30", fail_level_on_error=True)
    assert rig.run(level, executionId="3") == "PartiallySucceeded"
    assert rig.customer("A-1")["CustomerGroupId"] == "30"
    other = two_entities(broken, group="20", fail_unit_on_error=True, unit=2)
    assert rig.run(other, executionId="4") == "PartiallySucceeded"
    assert rig.customer("A-1")["CustomerGroupId"] == "20"


def test_a_disabled_entity_is_left_out(rig):
    data = two_entities("broken", group="10", is_disabled=True)
    assert rig.run(data) == "Succeeded"


def test_the_project_may_say_to_empty_the_entity_first(rig):
    assert rig.run(customers(GOOD.format(10)), legalEntityId="gbsi") == "Succeeded"
    rig.data(
        "PATCH",
        "DataManagementDefinitionGroups('Customer import')",
        json={"TruncateEntityData": "Yes"},
    )
    assert rig.run(customers("A-2,Two,10,USD"), executionId="2", legalEntityId="gbsi")
    listed = rig.data(
        "GET",
        "CustomersV3",
        params={"cross-company": "true", "$filter": "dataAreaId eq 'gbsi'"},
    )
    assert [row["CustomerAccount"] for row in listed.json()["value"]] == ["A-2"]
    assert rig.customer("US-001") is not None


def test_two_runs_of_one_project_at_once_fail_in_one_of_the_known_ways(make_rig):
    rig = make_rig(work="time: 60")
    url = rig.upload(customers(GOOD.format(10)))
    rig.act("ImportFromPackage", **rig.import_call(url))
    seen = set()
    for number in range(12):
        answer = rig.post(
            "ImportFromPackage", **rig.import_call(url, executionId=f"again-{number}")
        )
        if answer.status_code == 200:
            rig.advance(0)
            seen.add("job")
            rig.house.jobs.complete(rig.house.jobs.waiting()[-1].id)
            rig.work()
            assert rig.status(f"again-{number}") == "Failed"
            text = rig.errors(f"again-{number}")[0]["ErrorMessage"]
            assert "DMF1996" in text or "XML is not in correct format" in text
        else:
            text = answer.json()["error"]["innererror"]["message"]
            assert "Cannot edit a record" in text or "Cannot create a record" in text
            seen.add("call")
    assert seen == {"job", "call"}
    other = rig.import_call(url, executionId="other", definitionGroupId="Other")
    assert rig.act("ImportFromPackage", **other) == "other"
    rig.advance(60)
    assert rig.status() == "Succeeded"
    assert rig.status("other") == "Succeeded"


def test_a_parameter_lets_packages_of_one_project_in_side_by_side(make_rig):
    rig = make_rig(work="time: 60", enhanced_parallel_package_import=True)
    for number in range(3):
        rig.run(customers(f"P-{number},Name,10,USD"), executionId=f"{number}")
    rig.advance(60)
    assert [rig.status(f"{number}") for number in range(3)] == ["Succeeded"] * 3


def test_one_file_of_excel_at_a_time(make_rig):
    rig = make_rig(pace="modelled", batch_pickup_seconds=0, staging_rows_per_minute=60)
    from windtunnel.simulator.services.data_management.formats.files import new_file
    from windtunnel.simulator.services.data_management.formats.source_format import BUILT_IN

    file = new_file(BUILT_IN["excel"], GROUPS, element="x", widths=(9, 9), file="g", sheet="G")
    file.write([["X1", "One"], ["X2", "Two"]])
    data = package(
        [entity("Customer groups", "g.xlsx", "EXCEL", GROUPS)],
        {"g.xlsx": b"".join(file.end())},
    )
    rig.run(data, definitionGroupId="One", executionId="1")
    rig.run(data, definitionGroupId="Two", executionId="2")
    rig.advance(1)
    assert rig.status("1") == "Executing"
    assert "DMF2039" in rig.errors("2")[0]["ErrorMessage"]
    rig.advance(60, steps=60)
    assert rig.status("1") == "Succeeded"
    assert rig.run(data, definitionGroupId="Two", executionId="3") in {"NotRun", "Executing"}
    rig.advance(60, steps=60)
    assert rig.status("3") == "Succeeded"


# -- killed and restored --------------------------------------------------------------------------


def steps_of(rig, most):
    """Do some steps of the background and commit, as slices do."""
    background = rig.house.background
    for _ in range(most):
        if background._ready:
            background._step()
    rig.house.store.commit()


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 8, 13])
def test_a_killed_process_goes_on_without_doubling_a_row(tmp_path, steps):
    file = tmp_path / "house.db"
    rig = Rig(file)
    bad = "K-0700,Bad,nope,USD"
    lines = [f"K-{n:04d},Name {n},10,USD" if n != 700 else bad for n in range(1_200)]
    call = rig.import_call(customers(*lines))
    rig.act("ImportFromPackage", **call)
    steps_of(rig, steps)
    killed = rig.kill()
    rig.open()
    rig.work()
    assert rig.status() == "PartiallySucceeded"
    detail = rig.run_detail()
    assert detail["TargetRecordsCreatedCount"] == 1_199
    assert detail["TargetRecordsUpdatedCount"] == 0
    assert detail["TargetErrorCount"] == len(rig.errors()) == 1
    versions = rig.house.store.read(
        "SELECT count(*), count(DISTINCT CustomerAccount) FROM fo_CustomersV3 "
        "WHERE CustomerAccount LIKE 'K-%'"
    ).fetchone()
    assert versions == (1_199, 1_199)
    rig.house.close()
    killed.blob.close()


def test_a_killed_export_begins_again(tmp_path):
    rig = Rig(tmp_path / "house.db")
    assert rig.run(customers(*[f"K-{n:04d},N,10,USD" for n in range(600)])) == "Succeeded"
    body = {"packageName": "", "executionId": "e", "reExecute": False, "legalEntityId": "usmf"}
    rig.act("ExportToPackage", definitionGroupId="Customer import", **body)
    steps_of(rig, 2)
    killed = rig.kill()
    rig.open()
    rig.work()
    assert rig.status("e") == "Succeeded"
    lines = rig.exported("e")["Customers V3.csv"].decode().splitlines()
    assert len(lines) == len(set(lines)) >= 601
    rig.house.close()
    killed.blob.close()


def test_a_reset_leaves_the_work_and_a_snapshot_takes_it_up(make_rig):
    rig = make_rig(work="time: 60")
    url = rig.upload(customers(GOOD.format(10)))
    rig.act("ImportFromPackage", **rig.import_call(url))
    rig.house.save("before")
    rig.advance(60)
    assert rig.status() == "Succeeded"
    rig.house.reset()
    rig.work()
    assert "were not found" in rig.refusal("GetExecutionSummaryStatus", executionId="run-1")
    assert rig.customer("A-1") is None
    assert rig.house.load("before")
    assert rig.status() == "NotRun"
    rig.advance(60)
    assert rig.status() == "Succeeded"
    assert rig.customer("A-1") is not None


def test_history_is_forgotten_after_a_week(rig):
    assert rig.run(customers("A-1,Bad,nope,USD")) == "Failed"
    rig.advance(6 * 86_400)
    assert rig.status() == "Failed"
    rig.advance(86_400 + 1)
    assert "were not found" in rig.refusal("GetExecutionSummaryStatus", executionId="run-1")
    tables = ("dmf_executions", "dmf_steps", "dmf_staging", "dmf_keys", "dmf_errors")
    for table in tables:
        assert rig.house.store.read(f"SELECT count(*) FROM {table}").fetchone() == (0,), table


def staged(rig):
    """Staged rows and keys that are kept."""
    tables = ("dmf_staging", "dmf_keys")
    return [rig.house.store.read(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables]


def test_staged_rows_go_in_slices_and_those_of_a_killed_process_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "_BLOCKS", 1)
    rig = Rig(tmp_path / "house.db")
    many = [f"S-{n:04d},Name,10,USD" for n in range(1_600)]
    assert rig.run(customers(*many), execute=False) == "Succeeded"
    assert staged(rig) == [4, 0]
    assert rig.post("DeleteExecutionHistoryJob", executionId="run-1").status_code == 204
    steps_of(rig, 1)
    assert staged(rig) == [3, 0]
    killed = rig.kill()
    rig.open()
    rig.work()
    assert staged(rig) == [0, 0]
    assert rig.run(customers(*many), execute=False) == "Succeeded"
    assert rig.post("DeleteExecutionHistoryJob", executionId="run-1").status_code == 204
    rig.act("ImportFromPackage", **rig.import_call(customers(GOOD.format(10))))
    rig.work()
    assert rig.status() == "Succeeded", "an id that is used anew keeps its own rows"
    assert staged(rig) == [1, 0]
    assert rig.run_detail()["TargetRecordsCreatedCount"] == 1
    rig.house.close()
    killed.blob.close()


def test_what_a_faulty_file_staged_is_gone(rig):
    lines = [f"S-{n:04d},Name,10,USD" for n in range(1_600)]
    assert rig.run(customers(*lines, "S-0007,Twice,10,USD")) == "Failed"
    assert staged(rig) == [0, 0]
    assert rig.run_detail()["StagingRecordsCreatedCount"] == 0


def test_history_is_forgotten_by_the_next_process_too(tmp_path):
    rig = Rig(tmp_path / "house.db")
    assert rig.run(customers(GOOD.format(10))) == "Succeeded"
    rig.advance(86_400)
    assert rig.run(customers(GOOD.format(10)), executionId="later") == "Succeeded"
    moment = rig.house.clock.now()
    rig.house.close()
    rig.open()
    rig.advance(moment - rig.house.clock.now() + 6 * 86_400 + 1)
    assert "were not found" in rig.refusal("GetExecutionSummaryStatus", executionId="run-1")
    assert rig.status("later") == "Succeeded"
    rig.advance(86_400)
    assert "were not found" in rig.refusal("GetExecutionSummaryStatus", executionId="later")
    rig.house.close()


# -- the small actions ----------------------------------------------------------------------------


def test_the_order_of_entities_follows_what_they_point_at(rig):
    listed = "Customers V3,Customer groups,Terms of payment"
    assert rig.act("GetEntitySequence", listOfDataEntities=listed) == (
        "Terms of payment-1-1-1,Customer groups-1-2-1,Customers V3-1-3-1,"
    )
    assert "Entity CustomersV3 does not exist" in rig.refusal(
        "GetEntitySequence", listOfDataEntities="CustomersV3"
    )


def test_the_entity_list_names_every_data_entity_by_its_label(rig):
    row = rig.data("GET", "DataManagementEntities('Customers V3')").json()
    assert (row["TargetName"], row["IsShared"]) == ("CustCustomerV3Entity", "No")
    assert (row["StagingTableName"], row["Category"]) == ("CustCustomerV3Staging", "Master")
    assert rig.post("InitializeDataManagement").status_code == 204
    assert rig.post("InitializeDataManagementAsync").status_code == 204


def test_the_page_of_a_job_is_in_the_environment(rig):
    rig.run(customers(GOOD.format(10)))
    url = rig.act("GetExecutionSummaryPageUrl", executionId="run-1")
    assert url.startswith("http://fo.test/?cmp=USMF&mi=DMF")
    assert url.endswith("run-1")


def test_a_message_nobody_sent_is_not_found(rig):
    for action, name in (
        ("GetMessageStatus", "messageId"),
        ("GetExecutionIdByMessageId", "_messageId"),
    ):
        assert "was not found" in rig.refusal(action, **{name: "5"})


def test_errors_hold_quotes_and_line_breaks_as_they_are_unless_told_otherwise(make_rig):
    row = 'A-1,Name,"no""pe",USD'
    rig = make_rig()
    assert rig.run(customers(row)) == "Failed"
    assert "The value 'no\"pe' in" in rig.act("GetExecutionErrors", executionId="run-1")
    tidy = make_rig(escape_errors=True)
    assert tidy.run(customers(row)) == "Failed"
    assert "The value 'no\"pe' in" in tidy.errors()[0]["ErrorMessage"]


def test_values_may_be_nested_as_the_page_prints_them_and_ids_needed(make_rig):
    rig = make_rig(nested_value=True, needs_execution_id=True)
    answer = rig.post("GetAzureWriteUrl", uniqueFileName="x").json()
    assert set(answer["value"]) == {"value"}
    call = rig.import_call("http://blob.test/x")
    del call["executionId"]
    assert rig.post("ImportFromPackage", **call).status_code == 400
    assert rig.data("GET", "DataManagementTemplates").status_code == 501
