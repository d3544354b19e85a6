"""Recurring integrations before the whole framework: files and packages in, packages out."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest

from windtunnel.simulator.exchange import Request, UsageError
from windtunnel.simulator.kernel.settings import DEMO_CLIENT, load
from windtunnel.simulator.web.house import House

IMPORT = "6d31e09f-0249-459f-94f0-aad9c2c47b64"
PACKAGES = "0b0e7f4a-36a4-4b5d-8a0b-4a4e6b5c2d11"
EXPORT = "c03bb937-09ed-46de-86ee-4520d7d7e373"
GROUPS: list[dict[str, Any]] = [{"name": "Customer groups"}]
COLUMNS = ["CustomerGroupId", "Description", "PaymentTermId"]
ACTION = "/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities."


def jobs(**changes: Any) -> list[dict[str, Any]]:
    return [
        {
            "id": IMPORT,
            "name": "Groups in",
            "project": "GroupsIn",
            "entities": [{**GROUPS[0], "columns": COLUMNS}],
            "recurrence": "immediate",
            **changes,
        },
        {"id": PACKAGES, "name": "Packages in", "project": "PackagesIn", "takes": "package"},
        {
            "id": EXPORT,
            "name": "Groups out",
            "project": "GroupsOut",
            "direction": "export",
            "entities": GROUPS,
            "company": "usmf",
        },
    ]


class World:
    """A whole simulator without sockets."""

    def __init__(self, folder: Path, recurring: list[dict[str, Any]], **settings: Any) -> None:
        self.house = House(
            load(
                environment={},
                overrides={
                    "simulator.data_folder": folder,
                    "simulator.clock": "manual",
                    "simulator.tls": False,
                    "entra.static_tokens": {"t": DEMO_CLIENT},
                    "data_management.recurring_jobs": recurring,
                    **settings,
                },
            )
        )
        self.house.announce({"fo-http": "http://fo.test", "blob": "http://blob.test"})
        self._applications = self.house.applications()

    def ask(
        self, method: str, path: str, body: Any = b"", *, service: str = "finance_operations"
    ) -> tuple[int, Any]:
        address, _, query = path.partition("?")
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        headers = {b"authorization": b"Bearer t", b"host": b"fo.test"}
        if not isinstance(body, bytes):
            headers[b"content-type"] = b"application/json"
        answer = self._applications[service](Request(method, address, query, headers, content))
        self.house.background.drain()
        assert isinstance(answer.body, bytes)
        is_json = b"application/json" in answer.head
        return answer.status, orjson.loads(answer.body) if is_json else answer.body

    def enqueue(self, content: bytes, activity: str = IMPORT) -> str:
        path = f"/api/connector/enqueue/{activity}?entity=Customer%20groups&company=usmf"
        status, message = self.ask("POST", path, content)
        assert status == 200, message
        return str(message)

    def status(self, message: str, activity: str = IMPORT) -> dict[str, Any]:
        path = f"/api/connector/jobstatus/%7B{activity}%7D?jobId={message}"
        status, body = self.ask("GET", path)
        assert status == 200
        return dict(body)

    def action(self, name: str, **given: Any) -> Any:
        status, body = self.ask("POST", ACTION + name, given)
        assert status == 200, body
        return body["value"]

    def process(self, activity: str) -> None:
        path = f"/_windtunnel/data-management/recurring-jobs/{activity}/process"
        assert self.ask("POST", path, service="control")[0] == 204

    def group(self, key: str) -> Any:
        status, body = self.ask(
            "GET", f"/data/CustomerGroups(dataAreaId='usmf',CustomerGroupId='{key}')"
        )
        return body if status == 200 else None


def file(*rows: str) -> bytes:
    """A file as CSV-Unicode wants it: UTF-16 with its mark, CRLF."""
    lines = ["CUSTOMERGROUPID,DESCRIPTION,PAYMENTTERMID", *rows]
    return b"\xff\xfe" + "".join(f"{line}\r\n" for line in lines).encode("utf-16-le")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, jobs())


def test_a_file_becomes_records_and_its_message_says_so(world: World) -> None:
    message = world.enqueue(file("901,Nine,", "902,Two,"))
    body = world.status(message)
    assert body["DataJobStatus"]["DataJobState"] == 5
    [run] = body["ExecutionDetail"]
    assert (run["EntityName"], run["StagingRecords"], run["TargetRecords"]) == (
        "Customer groups",
        2,
        2,
    )
    assert (run["StagingStatus"], run["TargetStatus"], run["TargetErrorCount"]) == (4, 4, 0)
    assert world.group("901")["Description"] == "Nine"
    assert world.action("GetMessageStatus", messageId=message) == "Processed"
    execution = world.action("GetExecutionIdByMessageId", _messageId=message)
    assert execution == body["DataJobStatus"]["ExecutionIdentifier"]
    assert execution.startswith("GroupsInImport-2026-01-01T00:00:0")
    assert world.action("GetExecutionSummaryStatus", executionId=execution) == "Succeeded"


def test_rows_that_fail_are_told_by_the_execution_of_the_message(world: World) -> None:
    message = world.enqueue(file("903,Good,", "904,Bad,no such"))
    assert world.action("GetMessageStatus", messageId=message) == "ProcessedWithErrors"
    execution = world.action("GetExecutionIdByMessageId", _messageId=message)
    assert "no such" in world.action("GetExecutionErrors", executionId=execution)
    assert world.group("903") is not None
    assert world.group("904") is None


def test_a_file_in_another_encoding_ends_with_errors(world: World) -> None:
    message = world.enqueue(b"CUSTOMERGROUPID,DESCRIPTION\n905,Five\n")
    assert world.action("GetMessageStatus", messageId=message) == "ProcessedWithErrors"
    assert world.group("905") is None


def test_an_entity_that_the_project_does_not_have_cannot_be_processed(world: World) -> None:
    path = f"/api/connector/enqueue/{IMPORT}?entity=Currencies"
    _, message = world.ask("POST", path, file())
    body = world.status(message)
    assert body["DataJobStatus"]["DataJobState"] == 8
    assert body["ExecutionLog"] == "The data project 'GroupsIn' has no entity 'Currencies'."


def test_files_of_one_project_run_beside_each_other(tmp_path: Path) -> None:
    world = World(tmp_path, jobs(recurrence="manual"))
    messages = [world.enqueue(file(f"91{n},Group {n},")) for n in range(5)]
    assert world.action("GetMessageStatus", messageId=messages[0]) == "Enqueued"
    world.process(IMPORT)
    assert {world.action("GetMessageStatus", messageId=m) for m in messages} == {"Processed"}


def test_in_order_a_later_file_wins(tmp_path: Path) -> None:
    world = World(tmp_path, jobs(in_order=True))
    messages = [world.enqueue(file(f"920,Version {n},")) for n in range(4)]
    for _ in range(4):
        world.house.clock.advance(1)
        world.house.background.drain()
    assert {world.action("GetMessageStatus", messageId=m) for m in messages} == {"Processed"}
    assert world.group("920")["Description"] == "Version 3"


def test_what_is_exported_can_be_imported_again_as_a_package(world: World) -> None:
    world.process(EXPORT)
    status, offered = world.ask("GET", f"/api/connector/dequeue/{EXPORT}")
    assert status == 200
    location = offered["DownloadLocation"].removeprefix("http://fo.test")
    status, content = world.ask("GET", location)
    assert status == 200
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        names = set(package.namelist())
        assert names == {"Manifest.xml", "PackageHeader.xml", "Customer groups.csv"}
        assert package.read("Customer groups.csv").startswith(b"\xff\xfe")
    assert world.ask("POST", f"/api/connector/ack/{EXPORT}", offered)[0] == 200
    assert world.ask("GET", f"/api/connector/dequeue/{EXPORT}")[0] == 204
    message = world.ask("POST", f"/api/connector/enqueue/{PACKAGES}", content)[1]
    world.process(PACKAGES)
    body = world.status(message, PACKAGES)
    assert body["DataJobStatus"]["DataJobState"] == 5
    assert body["ExecutionDetail"][0]["TargetRecords"] > 0


def test_redelivery_and_the_life_of_files_are_limits_of_the_control_api(world: World) -> None:
    status, listed = world.ask("GET", "/_windtunnel/limits", service="control")
    assert status == 200
    rows = {row["id"]: row for row in listed["value"]}
    assert rows["recurring.redelivery"]["allowance"] == 1_800
    assert rows["recurring.file-life"]["allowance"] == 7 * 86_400
    change = {"recurring.redelivery": {"allowance": 30}}
    assert world.ask("PUT", "/_windtunnel/limits", change, service="control")[0] == 200
    world.process(EXPORT)
    dequeue = f"/api/connector/dequeue/{EXPORT}"
    assert world.ask("GET", dequeue)[0] == 200
    assert world.ask("GET", dequeue)[0] == 204
    world.house.clock.advance(31)
    assert world.ask("GET", dequeue)[0] == 200


def test_what_is_no_package_cannot_be_processed(world: World) -> None:
    message = world.ask("POST", f"/api/connector/enqueue/{PACKAGES}", b"a,b\r\n")[1]
    world.process(PACKAGES)
    body = world.status(message, PACKAGES)
    assert body["DataJobStatus"]["DataJobState"] == 8
    assert body["ExecutionLog"]


def test_endpoints_ask_for_a_token_and_are_not_throttled(world: World) -> None:
    path = f"/api/connector/dequeue/{EXPORT}"
    refused = world.house.applications()["finance_operations"](Request("GET", path))
    assert refused.status == 401
    world.house.finance_operations.throttling.environment.background_cpu = 1.0
    assert world.ask("GET", path)[0] == 204
    assert world.ask("GET", f"/en{path}")[0] == 204
    assert world.ask("GET", "/data/CustomerGroups")[0] == 429
    assert world.ask("POST", path)[0] == 405
    assert world.ask("GET", "/api/connector/nothing/x")[0] == 404


def test_a_job_under_way_loads_the_environment(tmp_path: Path) -> None:
    pace = {"data_management.pace": "modelled", "data_management.staging_rows_per_minute": 1}
    world = World(tmp_path, jobs(), **pace)
    throttling = world.house.finance_operations.throttling

    def under_way() -> int:
        found: int = throttling.readable()["work_beside"]["jobs"]
        return found

    message = world.enqueue(file("940,Slow,"))
    for _ in range(100):
        if under_way():
            break
        world.house.clock.advance(1)
        world.house.background.drain()
    assert under_way() == 1
    for _ in range(100):
        world.house.clock.advance(10)
        world.house.background.drain()
    assert world.action("GetMessageStatus", messageId=message) == "Processed"
    assert under_way() == 0


def test_the_message_outlives_a_process(tmp_path: Path) -> None:
    database = {"simulator.database": tmp_path / "kept.sqlite"}
    world = World(tmp_path, jobs(recurrence="manual"), **database)
    message = world.enqueue(file("930,Kept,"))
    world.house.store.commit()
    world.house.close()
    again = World(tmp_path, jobs(recurrence="manual"), **database)
    assert again.action("GetMessageStatus", messageId=message) == "Enqueued"
    again.process(IMPORT)
    assert again.action("GetMessageStatus", messageId=message) == "Processed"


def test_mistakes_in_the_settings_are_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        World(tmp_path, jobs(entities=[{"name": "No such entity"}]))
    with pytest.raises(UsageError, match="has no field NOTHING"):
        World(tmp_path, jobs(entities=[{**GROUPS[0], "columns": ["Nothing"]}]))
    with pytest.raises(UsageError, match="in_order is for jobs that import files"):
        World(tmp_path, jobs(in_order=True, takes="package"))
    with pytest.raises(UsageError, match="an export cannot recur at once"):
        World(tmp_path, jobs(direction="export"))
