"""Files of recurring integrations that are too large to hold, over the sockets of a simulator."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import httpx
import pytest

from tests.protocol.data_management.test_recurring_integrations import (
    ACTION,
    EXPORT,
    IMPORT,
    PACKAGES,
    file,
    jobs,
)
from windtunnel.simulator import Simulator
from windtunnel.simulator.kernel.settings import DEMO_CLIENT
from windtunnel.simulator.services.data_management.recurring import handlers

MIB = 1_048_576
ENQUEUE = f"/api/connector/enqueue/{IMPORT}?entity=Customer%20groups&company=usmf"


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(
        simulator__clock="manual",
        simulator__tls=False,
        entra__static_tokens={"t": DEMO_CLIENT},
        data_management__recurring_jobs=jobs(recurrence="manual"),
    ) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    running.reset()
    return running


@pytest.fixture
def fo(simulator: Simulator) -> Iterator[httpx.Client]:
    headers = {"authorization": "Bearer t"}
    with httpx.Client(base_url=simulator.env["WT_FO_URL"], headers=headers, timeout=60) as client:
        yield client


def process(simulator: Simulator, activity: str) -> None:
    def work(house: Any) -> None:
        house.recurring.process(house.recurring.jobs[activity])
        house.background.drain()

    simulator.call(work)


def state(fo: httpx.Client, message: str) -> str:
    answer = fo.post(ACTION + "GetMessageStatus", json={"messageId": message})
    return str(answer.json()["value"])


def kept(simulator: Simulator) -> tuple[int, int]:
    """How many bodies are on their way, and how many content files there are."""

    def count(house: Any) -> tuple[int, int]:
        contents = house.blob.model.contents
        return len(list(contents.incoming.iterdir())), len(contents.files())

    return simulator.call(count)


def test_a_large_file_goes_from_the_socket_into_a_file_and_is_read_there(simulator, fo):
    long = f"951,{'x' * 1_500_000},"
    answer = fo.post(ENQUEUE, content=file("950,Short,", long))
    assert answer.status_code == 200
    message = answer.json()
    assert kept(simulator) == (0, 1)
    process(simulator, IMPORT)
    assert state(fo, message) == "ProcessedWithErrors"
    asked = {"_messageId": message}
    execution = fo.post(ACTION + "GetExecutionIdByMessageId", json=asked).json()["value"]
    errors = fo.post(ACTION + "GetExecutionErrors", json={"executionId": execution}).json()
    assert "(file 'Customer groups.csv', line 3, column 2)" in errors["value"]


def test_a_large_package_is_imported_where_it_lies(simulator, fo):
    process(simulator, EXPORT)
    offered = fo.get(f"/api/connector/dequeue/{EXPORT}").json()
    whole = BytesIO(fo.get(offered["DownloadLocation"]).content)
    with zipfile.ZipFile(whole, "a", zipfile.ZIP_STORED) as package:
        package.writestr("Notes.txt", bytes(3 * MIB))
    answer = fo.post(f"/en/api/connector/enqueue/%7B{PACKAGES}%7D", content=whole.getvalue())
    assert answer.status_code == 200
    files = kept(simulator)
    process(simulator, PACKAGES)
    assert state(fo, answer.json()) == "Processed"
    assert kept(simulator) == files


def test_a_large_file_that_is_refused_leaves_nothing(simulator, fo):
    body = bytes(3 * MIB)
    assert fo.post(ENQUEUE, content=body, headers={"authorization": "no"}).status_code == 401
    assert fo.post(ENQUEUE.partition("?")[0], content=body).status_code == 400
    assert kept(simulator) == (0, 0)


def test_a_large_body_for_other_addresses_is_held_as_before(simulator, fo):
    answer = fo.post("/data/CustomerGroups", content=b'{"x":"' + b" " * (2 * MIB) + b'"}')
    assert answer.status_code == 400
    assert kept(simulator) == (0, 0)


def test_a_large_file_through_the_proxy_is_not_held_either(simulator, fo):
    url = simulator.env["WT_FO_URL"]
    with httpx.Client(proxy=simulator.env["WT_PROXY_URL"], headers=fo.headers) as client:
        answer = client.post(url + ENQUEUE, content=file("950,Short,", " " * MIB))
    assert answer.status_code == 200, answer.text
    assert kept(simulator) == (0, 1)


def test_a_package_is_downloaded_piece_by_piece(simulator, fo, monkeypatch):
    process(simulator, EXPORT)
    location = fo.get(f"/api/connector/dequeue/{EXPORT}").json()["DownloadLocation"]
    at_once = fo.get(location)
    monkeypatch.setattr(handlers, "_AT_ONCE", 10)
    monkeypatch.setattr(handlers, "_PIECE", 100)
    streamed = fo.get(location)
    assert streamed.content == at_once.content
    assert streamed.headers["content-length"] == str(len(at_once.content))


def test_the_package_of_a_message_outlives_the_history_of_its_execution(simulator, fo):
    process(simulator, EXPORT)
    offered = fo.get(f"/api/connector/dequeue/{EXPORT}").json()
    asked = {"_messageId": offered["CorrelationId"]}
    execution = fo.post(ACTION + "GetExecutionIdByMessageId", json=asked).json()["value"]
    gone = fo.post(ACTION + "DeleteExecutionHistoryJob", json={"executionId": execution})
    assert gone.status_code in {200, 204}
    assert fo.get(offered["DownloadLocation"]).status_code == 200


def test_files_go_after_their_time(simulator, fo):
    fo.post(ENQUEUE, content=file("950,Short,"))
    assert kept(simulator) == (0, 1)
    simulator.call(lambda house: house.clock.advance(8 * 86_400))
    process(simulator, IMPORT)
    simulator.call(lambda house: house.store.commit())
    assert kept(simulator) == (0, 0)
