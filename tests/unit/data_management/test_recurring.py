"""Queues of recurring data jobs: states, order, redelivery, and the way the scheduler uses them."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any, BinaryIO

import orjson
import pytest

from windtunnel.contracts.limits import LIMITS
from windtunnel.simulator.exchange import Exchange, Identity, Request, Response
from windtunnel.simulator.kernel.clock import ManualClock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.routing import Matched, Router
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.services.data_management.recurring import RecurringIntegrations
from windtunnel.simulator.services.data_management.recurring.errors import (
    NoSuchDataJob,
    NotProcessable,
)
from windtunnel.simulator.services.data_management.recurring.model import (
    Body,
    DataJob,
    Ended,
    EntityRun,
    ExecutionState,
    MessageState,
)
from windtunnel.simulator.services.data_management.recurring.routes import control_routes, routes

IMPORT = "6d31e09f-0249-459f-94f0-aad9c2c47b64"
PACKAGES = "0b0e7f4a-36a4-4b5d-8a0b-4a4e6b5c2d11"
EXPORT = "c03bb937-09ed-46de-86ee-4520d7d7e373"
STRANGER = "5d2c8b7a-1f0e-4b9d-9c8a-7e6f5d4c3b2a"
APP = "5c9b2a57-6f0d-4d7e-8a55-3d1f0a9be001"


class Framework:
    """Data management that does as it is told; executions run until `finish`."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.started: list[tuple[str, ...]] = []
        self.done: dict[str, Ended] = {}
        self.files: dict[str, bytes] = {}
        self.at_once = True
        self.errors = 0
        self.records = 2

    def keep(self, message: str, body: Body) -> None:
        assert isinstance(body, bytes)
        self.files[message] = body

    def open(self, message: str) -> BinaryIO | None:
        return BytesIO(self.files[message]) if message in self.files else None

    def drop(self, message: str) -> None:
        del self.files[message]

    def import_file(
        self, project: str, entity: str, company: str, file_name: str, message: str
    ) -> str:
        if self.files[message] == b"nonsense":
            raise NotProcessable("XML is not in correct format")
        return self._start(project, entity, company, file_name, self.files[message].decode())

    def import_package(self, project: str, company: str, message: str) -> str:
        return self._start(project, "", company, "", self.files[message].decode())

    def export(self, project: str, company: str) -> str:
        if project == "absent":
            raise NotProcessable("There is no data project absent.")
        execution = self._start(project, "", company, "", "")
        self.files[execution] = f"zip of {execution}".encode()
        return execution

    def ended(self, execution: str) -> Ended | None:
        return self.done.get(execution)

    def keep_export(self, execution: str, message: str) -> bool:
        self.files[message] = self.files[execution]
        return True

    def _start(self, *what: str) -> str:
        self.started.append(what)
        execution = f"{what[0]}-{len(self.started)}"
        if self.at_once:
            self.finish(execution)
        return execution

    def finish(self, execution: str) -> None:
        now = self.clock.now()
        state = ExecutionState.ERROR if self.errors else ExecutionState.FINISHED
        run = EntityRun(
            "Customers V3", "usmf", ExecutionState.FINISHED, self.records, 0, state,
            self.records - self.errors, self.errors, now, now,
        )  # fmt: skip
        self.done[execution] = Ended(bool(self.errors), (run,))


class World:
    """The endpoints in front of a queue, a clock and a framework."""

    def __init__(self, *, imports_only: bool = False, **changes: Any) -> None:
        self.clock = ManualClock()
        self.timers = Timers(self.clock)
        self.store = Store()
        self.framework = Framework(self.clock)
        jobs = [
            _job(IMPORT, "customers in", **changes),
            _job(PACKAGES, "packages in", is_package=True, **changes),
            _job(EXPORT, "customers out", is_export=True, **{"recurrence": "manual", **changes}),
        ]
        if imports_only:
            del jobs[-1]
        self.recurring = RecurringIntegrations(
            self.store, self.clock, self.timers, Ids(), self.framework, jobs, LIMITS
        )
        self.recurring.prepare()
        self.router = Router([*routes(self.recurring), *control_routes(self.recurring)])

    def ask(
        self, method: str, path: str, body: bytes = b"", *, app: str = APP, name: str = ""
    ) -> tuple[int, Any]:
        address, _, query = path.partition("?")
        headers = {b"host": b"fo.test"}
        if name:
            headers[b"x-ms-dyn-externalidentifier"] = name.encode()
        request = Request(method, address, query, headers, body, "https")
        exchange = Exchange(request, "fo", self.clock.now(), Identity("Admin", "Admin", app))
        match = self.router.match(method, address)
        assert isinstance(match, Matched)
        handler: Callable[..., Response] = match.handler
        answer = handler(exchange, **match.params)
        assert isinstance(answer.body, bytes)
        is_json = b"json" in answer.head
        return answer.status, orjson.loads(answer.body) if is_json else answer.body

    def enqueue(self, content: bytes = b"1,2", name: str = "", activity: str = IMPORT) -> str:
        path = f"/api/connector/enqueue/{activity}?entity=Customers%20V3&company=usmf"
        status, message = self.ask("POST", path, content, name=name)
        assert status == 200
        assert isinstance(message, str)
        return message

    def state(self, message: str, activity: str = IMPORT) -> dict[str, Any]:
        path = f"/api/connector/jobstatus/{activity}?jobId={message}"
        status, body = self.ask("GET", path)
        assert status == 200
        found: dict[str, Any] = body
        return found

    def dequeue(self, activity: str = EXPORT) -> Any:
        return self.ask("GET", f"/en/api/connector/dequeue/%7B{activity.upper()}%7D")

    def ack(self, body: Any) -> tuple[int, Any]:
        return self.ask("POST", f"/api/connector/ack/{EXPORT}", orjson.dumps(body))

    def process(self, activity: str) -> None:
        path = f"/_windtunnel/data-management/recurring-jobs/{activity}/process"
        assert self.ask("POST", path)[0] == 204

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.timers.run_due()


def _job(activity: str, name: str, **changes: Any) -> DataJob:
    values: dict[str, Any] = {
        "activity": activity,
        "name": name,
        "project": "P",
        "is_export": False,
        "is_package": False,
        "company": "usmf",
        "recurrence": "immediate",
        "applications": frozenset({APP}),
    }
    return DataJob(**{**values, **changes})


def test_a_file_is_stored_and_processed_by_the_next_recurrence():
    world = World(recurrence="time: 60", imports_only=True)
    message = world.enqueue(name="customers.csv")
    body = world.state(message)
    assert body == {
        "DataJobStatus": {
            "DataProject": "P",
            "DataJobIdentifier": IMPORT,
            "ExternalIdentifier": "customers.csv",
            "ExecutionIdentifier": "",
            "DataJobStartedDateTime": "1900-01-01T00:00:00",
            "DataJobCompletedDateTime": "1900-01-01T00:00:00",
            "DataJobState": 0,
        },
        "ExecutionLog": "",
        "ExecutionDetail": None,
    }
    world.framework.at_once = False
    world.wait(60)
    status = world.state(message)["DataJobStatus"]
    assert (status["DataJobState"], status["ExecutionIdentifier"]) == (4, "P-1")
    assert world.framework.started == [("P", "Customers V3", "usmf", "customers.csv", "1,2")]
    world.wait(5)
    world.framework.finish("P-1")
    body = world.state(message)
    assert body["DataJobStatus"]["DataJobState"] == 5
    assert body["DataJobStatus"]["DataJobCompletedDateTime"].endswith("00:01:05")
    [run] = body["ExecutionDetail"]
    assert (run["EntityName"], run["TargetRecords"], run["TargetStatus"]) == ("Customers V3", 2, 4)


def test_rows_that_fail_and_files_that_cannot_be_read_end_in_different_states():
    world = World()
    world.framework.errors = 1
    assert world.state(world.enqueue())["DataJobStatus"]["DataJobState"] == 6
    broken = world.state(world.enqueue(b"nonsense"))
    assert broken["DataJobStatus"]["DataJobState"] == 8
    assert broken["ExecutionLog"] == "XML is not in correct format"
    assert broken["ExecutionDetail"] is None


def test_files_run_beside_each_other_in_any_order_unless_the_job_keeps_it():
    names = [f"{n:02}.csv" for n in range(20)]
    orders = []
    for in_order in (False, True):
        world = World(recurrence="manual", in_order=in_order)
        for name in names:
            world.enqueue(name=name)
        world.process(IMPORT)
        orders.append([what[3] for what in world.framework.started])
    assert orders[0] != names
    assert sorted(orders[0]) == orders[1] == names


def test_in_order_the_next_file_waits_for_the_end_of_the_one_before():
    world = World(recurrence="time: 10", in_order=True, imports_only=True)
    world.framework.at_once = False
    first, second = world.enqueue(name="1"), world.enqueue(name="2")
    world.wait(10)
    world.wait(10)
    assert len(world.framework.started) == 1
    world.framework.finish("P-1")
    world.wait(10)
    assert [what[3] for what in world.framework.started] == ["1", "2"]
    states = [world.state(m)["DataJobStatus"]["DataJobState"] for m in (first, second)]
    assert states == [5, 4]


def test_packages_need_no_entity_and_files_do():
    world = World()
    path = f"/api/connector/enqueue/{PACKAGES}?company=usmf"
    assert world.ask("POST", path, b"zip")[0] == 200
    assert world.framework.started == [("P", "", "usmf", "", "zip")]
    status, body = world.ask("POST", f"/api/connector/enqueue/{IMPORT}", b"1")
    assert status == 400
    assert "entity" in body["Message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "app", "status"),
    [
        ("POST", f"enqueue/{IMPORT}?entity=x", b"1", "stranger", 401),
        ("POST", f"enqueue/{STRANGER}?entity=x", b"1", APP, 404),
        ("POST", "enqueue/nonsense?entity=x", b"1", APP, 404),
        ("POST", f"enqueue/{IMPORT}?entity=x", b"", APP, 400),
        ("POST", f"enqueue/{EXPORT}?entity=x", b"1", APP, 400),
        ("GET", f"dequeue/{IMPORT}", b"", APP, 400),
        ("GET", f"jobstatus/{IMPORT}?jobId=x", b"", APP, 404),
        ("GET", f"jobstatus/{IMPORT}", b"", APP, 404),
        ("GET", f"download/{EXPORT}", b"", APP, 404),
        ("POST", f"ack/{EXPORT}", b"{", APP, 400),
        ("POST", f"ack/{EXPORT}", b"[]", APP, 400),
        ("POST", f"ack/{EXPORT}", b'{"CorrelationId":7}', APP, 400),
        ("POST", f"ack/{EXPORT}", b'{"CorrelationId":"x","PopReceipt":"y"}', APP, 400),
    ],
)
def test_what_cannot_be_is_refused_with_a_message(
    method: str, path: str, body: bytes, app: str, status: int
):
    got, answer = World().ask(method, f"/api/connector/{path}", body, app=app)
    assert got == status
    assert list(answer) == ["Message"]


def test_a_job_that_is_switched_off_takes_nothing():
    got, answer = World(enabled=False).ask("POST", f"/api/connector/enqueue/{IMPORT}", b"1")
    assert (got, "not enabled" in answer["Message"]) == (400, True)


def test_an_export_is_offered_until_it_is_acknowledged():
    world = World()
    assert world.dequeue() == (204, b"")
    world.process(EXPORT)
    status, offered = world.dequeue()
    assert status == 200
    assert offered["LastDequeueDateTime"] is None
    assert world.dequeue()[0] == 204, "hidden while somebody holds it"
    world.wait(30 * 60)
    _, again = world.dequeue()
    assert again["CorrelationId"] == offered["CorrelationId"]
    assert again["PopReceipt"] != offered["PopReceipt"]
    assert again["LastDequeueDateTime"] is not None
    assert world.ack(offered)[0] == 400, "the receipt is that of the time before"
    assert world.ack(again)[0] == 200
    assert world.ack(again)[0] == 200, "a lost answer may be asked for again"
    world.wait(30 * 60)
    assert world.dequeue()[0] == 204


def test_the_scheduler_takes_all_messages_before_it_downloads_and_acknowledges_the_first():
    world = World(recurrence="time: 100")
    for _ in range(3):
        world.wait(100)
    taken = []
    while (found := world.dequeue())[0] == 200:
        taken.append(found[1])
    assert len(taken) == 3
    for offered in taken:
        location = offered["DownloadLocation"].removeprefix("https://fo.test")
        status, content = world.ask("GET", location)
        assert (status, content[:6]) == (200, b"zip of")
        listed = world.recurring.message(offered["CorrelationId"])
        assert listed is not None
        assert listed.state is MessageState.DOWNLOADED
        short = {name: offered[name] for name in ("CorrelationId", "PopReceipt")}
        assert world.ack({**short, "DownloadLocation": offered["DownloadLocation"]})[0] == 200
    [line] = [job for job in world.recurring.readable() if job["id"] == EXPORT]
    assert line["messages"] == {"Acked": 3}


def test_an_export_without_records_says_so_when_its_upload_is_prevented():
    for prevented in (False, True):
        world = World(prevents_empty_upload=prevented)
        world.framework.records = 0
        world.process(EXPORT)
        offered = world.dequeue()[1]
        assert (offered["DownloadLocation"] is None) is prevented
        assert offered["IsDownLoadFileExist"] is not prevented
        assert world.ack(offered)[0] == 200


def test_an_export_that_cannot_start_leaves_a_message_with_the_reason():
    world = World(project="absent")
    world.process(EXPORT)
    offered = world.dequeue()[1]
    assert offered["FileDownLoadErrorMessage"] == "There is no data project absent."


def test_a_running_export_is_not_offered():
    world = World()
    world.framework.at_once = False
    world.process(EXPORT)
    assert world.dequeue()[0] == 204
    world.framework.finish("P-1")
    assert world.dequeue()[0] == 200


def test_files_are_kept_for_seven_days():
    world = World()
    world.process(EXPORT)
    offered = world.dequeue()[1]
    world.wait(7 * 86_400 + 1)
    world.process(EXPORT)
    location = offered["DownloadLocation"].removeprefix("https://fo.test")
    assert world.ask("GET", location)[0] == 404
    assert offered["CorrelationId"] not in world.framework.files


def test_other_limits_hold_from_the_next_dequeue_and_recurrence_on():
    world = World()
    world.process(EXPORT)
    shorter = LIMITS.override("recurring.redelivery", allowance=60)
    world.recurring.use_limits(shorter.override("recurring.file-life", allowance=100))
    offered = world.dequeue()[1]
    world.wait(59)
    assert world.dequeue()[0] == 204
    world.wait(2)
    assert world.dequeue()[0] == 200
    world.wait(60)
    world.process(EXPORT)
    location = offered["DownloadLocation"].removeprefix("https://fo.test")
    assert world.ask("GET", location)[0] == 404


def test_the_control_api_shows_messages_and_knows_no_stranger():
    world = World()
    message = world.enqueue(name="a.csv")
    path = f"/_windtunnel/data-management/recurring-jobs/{IMPORT}/messages"
    [line] = world.ask("GET", path)[1]["value"]
    assert (line["id"], line["state"], line["records"]) == (message, "Processed", 2)
    with pytest.raises(NoSuchDataJob):
        world.ask("GET", path.replace(IMPORT, STRANGER))


def test_a_reset_begins_the_recurrences_anew():
    world = World(recurrence="time: 60")
    world.store.commit()
    world.store.mark()
    world.wait(60)
    assert len(world.recurring.messages(world.recurring.jobs[EXPORT])) == 1
    world.store.reset()
    world.recurring.forget()
    assert world.recurring.messages(world.recurring.jobs[EXPORT]) == []
    world.wait(60)
    assert len(world.recurring.messages(world.recurring.jobs[EXPORT])) == 1


def test_states_are_spelled_as_clients_or_as_the_documentation_does():
    assert [state.named("client") for state in MessageState] == [
        "Enqueued", "Dequeued", "Downloaded", "Acked", "Processing", "Processed",
        "ProcessedWithErrors", "PostProcessingError", "PreProcessingError", "PreProcessing",
    ]  # fmt: skip
    assert MessageState.POST_PROCESSING_ERROR.named("documentation") == "PostProcessingFailed"
    assert MessageState.PRE_PROCESSING.named("documentation") == "Preprocessing"
    assert MessageState.PROCESSED.named("documentation") == "Processed"
