"""Formats run into destinations, files come in by sources; the control API plays the batch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
import pytest

from windtunnel.simulator.exchange import Request, UsageError
from windtunnel.simulator.kernel.settings import load
from windtunnel.simulator.web.house import House

ROOT = "/_windtunnel/electronic-reporting"
COLUMNS = {"Group": "CustomerGroupId", "Name": "Description", "Terms": "PaymentTermId"}
PAYMENTS: dict[str, Any] = {
    "name": "Groups",
    "entity_set": "CustomerGroups",
    "columns": COLUMNS,
    "destinations": [
        {"folder": "out"},
        {"folder": "usmf only", "company": "usmf", "kind": "file"},
        {"folder": "gone", "create_folder": False, "stop_on_failure": False},
    ],
}
SOURCE: dict[str, Any] = {
    "name": "Inbox",
    "entity_set": "CustomerGroups",
    "columns": COLUMNS,
    "folder": "in",
    "archive_folder": "done",
    "error_folder": "broken",
}


class World:
    """A whole simulator without sockets, and the folders that stand for SharePoint."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder / "sharepoint"
        reporting = {"folder": str(self.folder), "formats": [PAYMENTS], "sources": [SOURCE]}
        self.house = House(
            load(
                environment={},
                overrides={
                    "simulator.data_folder": folder,
                    "simulator.clock": "manual",
                    "electronic_reporting": {**reporting, **settings},
                },
            )
        )
        self._control = self.house.applications()["control"]

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        content = b"" if body is None else orjson.dumps(body)
        answer = self._control(Request(method, ROOT + path, body=content))
        assert isinstance(answer.body, bytes)
        if b"json" in answer.head:
            return answer.status, orjson.loads(answer.body)
        return answer.status, answer.body

    def put(self, name: str, groups: dict[str, str], age: float = 0.0) -> None:
        rows = "".join(
            f"<Record><Group>{g}</Group><Name>{n}</Name></Record>" for g, n in groups.items()
        )
        (self.folder / "in").mkdir(parents=True, exist_ok=True)
        path = self.folder / "in" / name
        path.write_text(f"<Document>{rows}</Document>", "utf-8")
        os.utime(path, (1_000_000 - age, 1_000_000 - age))

    def names(self, folder: str) -> list[str]:
        return sorted(path.name for path in (self.folder / folder).iterdir())

    def group(self, key: str) -> Any:
        sets = self.house.finance_operations.environment.sets
        return sets["CustomerGroups"].records.get(("usmf", key))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_run_of_a_format_reaches_its_destinations_and_says_which_document_was_lost(world: World):
    status, job = world.ask("POST", "/jobs", {"format": "Groups", "company": "USMF"})
    assert status == 201
    assert (job["state"], job["file_name"], job["archived"]) == (
        "Completed",
        "Groups_usmf_1.xml",
        True,
    )
    assert job["log"] == "The document Groups_usmf_1.xml was not delivered: gone is not there."
    written = (world.folder / "out" / "Groups_usmf_1.xml").read_bytes()
    assert b"<Record><Group>10</Group><Name>" in written
    assert world.ask("GET", f"/jobs/{job['id']}/file") == (200, written)
    assert world.names("usmf only") == ["Groups_usmf_1.xml"]
    world.ask("POST", "/jobs", {"format": "Groups", "company": "usrt"})
    assert world.names("out") == ["Groups_usmf_1.xml", "Groups_usrt_2.xml"]
    assert world.names("usmf only") == ["Groups_usmf_1.xml"]
    assert len(world.ask("GET", "/jobs")[1]["value"]) == 2


def test_stop_processing_on_failure_makes_the_run_fail(tmp_path: Path):
    stops = {"folder": "gone", "create_folder": False}
    world = World(tmp_path, formats=[{**PAYMENTS, "destinations": [stops]}])
    _, job = world.ask("POST", "/jobs", {"format": "Groups", "company": "usmf"})
    assert (job["state"], job["archived"]) == ("Failed", False)
    assert world.ask("GET", f"/jobs/{job['id']}/file")[0] == 404


def test_a_run_takes_its_time(tmp_path: Path):
    world = World(tmp_path, jobs="time: 30")
    _, job = world.ask("POST", "/jobs", {"format": "Groups"})
    assert job["state"] == "Waiting"
    world.house.clock.advance(30)
    [done] = world.ask("GET", "/jobs")[1]["value"]
    assert (done["state"], done["file_name"]) == ("Completed", "Groups_all_1.xml")


def test_a_source_imports_one_file_each_run_in_order_of_arrival(world: World):
    assert world.ask("POST", "/sources/Inbox/run") == (204, b"")
    world.put("b.xml", {"901": "Nine"}, age=10)
    world.put("a.xml", {"902": "Two", "903": "Three"})
    world.put("ignored.txt", {"904": "Four"})
    status, file = world.ask("POST", "/sources/Inbox/run")
    assert status == 200
    assert (file["name"], file["state"], file["records"]) == ("b.xml", "Imported", 1)
    assert world.group("901") is not None
    assert world.group("902") is None
    assert world.ask("POST", "/sources/Inbox/run")[1]["records"] == 2
    assert (world.names("done"), world.names("in")) == (["a.xml", "b.xml"], ["ignored.txt"])


def test_a_file_fails_as_a_whole_and_says_why(world: World):
    world.put(
        "bad.xml",
        {"905": "Good</Name></Record><Record><Group>907</Group><Terms>no such</Terms><Name>"},
    )
    _, file = world.ask("POST", "/sources/Inbox/run")
    assert file["state"] == "Failed"
    assert file["log"].startswith("bad.xml: row 2: ")
    assert world.group("905") is None
    assert world.names("broken") == ["bad.xml"]
    (world.folder / "in" / "no.xml").write_text("<Document><Other/></Document>")
    _, file = world.ask("POST", "/sources/Inbox/run")
    assert file["log"] == "no.xml: line 1, column 11: 'Record' is expected, not 'Other'."


def test_a_file_may_be_held_back(world: World):
    world.put("a.xml", {"906": "Six"})
    assert world.ask("PUT", "/sources/Inbox/files/a.xml", {"state": "On hold"})[1]["state"] == (
        "On hold"
    )
    assert world.ask("POST", "/sources/Inbox/run")[0] == 204
    world.ask("PUT", "/sources/Inbox/files/a.xml", {"state": "Ready"})
    assert world.ask("POST", "/sources/Inbox/run")[1]["state"] == "Imported"
    assert [f["state"] for f in world.ask("GET", "/sources")[1]["Inbox"]] == ["Imported"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/jobs", {"format": "Nothing"}, 404),
        ("POST", "/jobs", {"format": 7}, 400),
        ("POST", "/jobs", [], 400),
        ("GET", "/jobs/x/file", None, 404),
        ("POST", "/sources/x/run", None, 404),
        ("PUT", "/sources/Inbox/files/x.xml", {"state": "Ready"}, 404),
        ("PUT", "/sources/Inbox/files/x.xml", {"state": "Imported"}, 400),
    ],
)
def test_what_is_not_there_is_said(world: World, method: str, path: str, body: Any, status: int):
    assert world.ask(method, path, body)[0] == status


def test_mistakes_in_the_settings_are_told_at_the_start(tmp_path: Path):
    with pytest.raises(UsageError, match="no entity set 'Nothing'"):
        World(tmp_path, formats=[{**PAYMENTS, "entity_set": "Nothing"}])
    for folder in ("../up", "/root", "C:\\x"):
        with pytest.raises(UsageError, match="below the root folder"):
            World(tmp_path, sources=[{**SOURCE, "folder": folder}])
    world = World(tmp_path, formats=[{**PAYMENTS, "columns": {"A": "Nothing"}}])
    _, job = world.ask("POST", "/jobs", {"format": "Groups"})
    assert (job["state"], job["log"]) == ("Failed", "The model has no 'Nothing'.")
