"""Files come in by the custom API of Dataverse and become pending vendor invoices."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import orjson
import pytest

from windtunnel.simulator.exchange import Request
from windtunnel.simulator.kernel.settings import DEMO_CLIENT, load
from windtunnel.simulator.web.house import House

CHANNEL = "0d8a3a0e-2f2b-4d9e-9a53-1f6f5a1c7e01"
PREFIX = "vis_ExternalDocumentReceiver"


def read_invoice(name: str, content: bytes) -> dict[str, Any]:
    """Stands for the recognition of a customer's own."""
    del name
    return dict(orjson.loads(content))


class World:
    """A whole simulator without sockets, with one channel."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.house = House(
            load(
                environment={},
                overrides={
                    "simulator.data_folder": folder,
                    "simulator.clock": "manual",
                    "simulator.tls": False,
                    "entra.static_tokens": {"t": DEMO_CLIENT},
                    "invoice_capture.channels": [{"id": CHANNEL, "vendor": self.VENDOR}],
                    **settings,
                },
            )
        )
        self._applications = self.house.applications()

    VENDOR = "US-101"

    def ask(self, service: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        address, _, query = path.partition("?")
        head = {
            b"authorization": b"Bearer t",
            b"host": b"here.test",
            b"content-type": b"application/json",
        }
        content = b"" if body is None else orjson.dumps(body)
        answer = self._applications[service](Request(method, address, query, head, content))
        assert isinstance(answer.body, bytes)
        return answer.status, orjson.loads(answer.body) if answer.body else None

    def send(self, name: str, content: bytes = b"%PDF-1.7", **changes: Any) -> tuple[int, Any]:
        body = {
            f"{PREFIX}_FielName_In": name,
            f"{PREFIX}_FileContent_In": base64.b64encode(content).decode(),
            f"{PREFIX}_ChannelType_In": "API",
            f"{PREFIX}_ChannelInfo_In": orjson.dumps({"ChannelId": CHANNEL}).decode(),
            **{f"{PREFIX}_{key}_In": value for key, value in changes.items()},
        }
        return self.ask("dataverse", "POST", f"/api/data/v9.2/{PREFIX}", body)

    def files(self) -> list[dict[str, Any]]:
        files: list[dict[str, Any]] = self.ask(
            "control", "GET", "/_windtunnel/invoice-capture/files"
        )[1]["value"]
        return files

    def invoices(self, number: str) -> list[dict[str, Any]]:
        path = f"/data/VendorInvoiceHeaders?$filter=InvoiceNumber eq '{number}'"
        rows: list[dict[str, Any]] = self.ask(
            "finance_operations", "GET", path.replace(" ", "%20")
        )[1]["value"]
        return rows


def test_a_file_becomes_a_pending_vendor_invoice_after_its_time(tmp_path: Path) -> None:
    world = World(tmp_path)
    vendors = world.ask("finance_operations", "GET", "/data/VendorsV2?$top=1")[1]["value"]
    assert vendors, "the sample data has vendors"
    status, body = world.send("INV-1001.pdf")
    assert status == 200, body
    row = body[f"{PREFIX}_Data_Out"]
    status, kept = world.ask("dataverse", "GET", f"/api/data/v9.2/vis_externaldocumentinfos({row})")
    assert (status, kept["vis_name"]) == (200, "INV-1001.pdf")
    assert world.files()[0]["state"] == "In-process"
    assert world.invoices("INV-1001") == []
    world.house.clock.advance(20)
    [file] = world.files()
    assert (file["state"], file["log"]) == ("Transferred", "")
    [invoice] = world.invoices("INV-1001")
    assert invoice["HeaderReference"] == file["header_reference"]
    assert invoice["InvoiceAccount"] == world.VENDOR


def test_recognition_of_ones_own_brings_lines_or_says_what_is_wrong(tmp_path: Path) -> None:
    recognize = f"{__name__}:read_invoice"
    world = World(
        tmp_path, **{"invoice_capture.recognize": recognize, "invoice_capture.work": "immediate"}
    )
    line = {"LineDescription": "Paper", "ReceiveNow": 2, "UnitPrice": 4.5}
    good = {"InvoiceNumber": "A-1", "InvoiceDate": "2026-02-01T12:00:00Z", "lines": [line, line]}
    world.send("a.png", orjson.dumps(good))
    world.send("b.tif", orjson.dumps({**good, "InvoiceNumber": "B-1", "InvoiceAccount": "nobody"}))
    world.send("c.jpg", b"no invoice")
    world.send("d.jpg", orjson.dumps({"InvoiceNumber": "D-1", "NoSuchProperty": 1}))
    world.send(
        "e.jpg",
        orjson.dumps({**good, "InvoiceNumber": "E-1", "lines": [{"ItemNumber": "no such"}]}),
    )
    states = {file["name"]: (file["state"], file["log"]) for file in world.files()}
    assert states["a.png"] == ("Transferred", "")
    assert "nobody" in states["b.tif"][1]
    assert states["c.jpg"][1].startswith("recognition failed: JSONDecodeError")
    assert states["d.jpg"] == ("Failed", "VendorInvoiceHeaders has no property 'NoSuchProperty'")
    [header] = world.invoices("A-1")
    path = f"/data/VendorInvoiceLines?$filter=HeaderReference eq '{header['HeaderReference']}'"
    lines = world.ask("finance_operations", "GET", path.replace(" ", "%20"))[1]["value"]
    assert [row["InvoiceLineNumber"] for row in lines] == [1, 2]
    assert states["e.jpg"][0] == "Failed"
    assert world.invoices("E-1") == [], "a header does not stay without its lines"
    [bad] = [file["id"] for file in world.files() if file["name"] == "c.jpg"]
    assert world.ask("control", "POST", f"/_windtunnel/invoice-capture/files/{bad}/retry")[0] == 204


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"FielName": "a.exe"}, 400),
        ({"FielName": "noextension"}, 400),
        ({"ChannelType": "Pigeon"}, 400),
        ({"FileContent": "%%%"}, 400),
        ({"ChannelInfo": "{"}, 400),
        ({"ChannelInfo": "[]"}, 400),
        ({"ChannelInfo": '{"ChannelId": "00000000-0000-0000-0000-000000000000"}'}, 200),
    ],
)
def test_what_cannot_be_captured(tmp_path: Path, changes: dict[str, str], status: int) -> None:
    world = World(tmp_path)
    got, body = world.send("a.pdf", **changes)
    assert got == status
    assert world.files() == []
    if got == 200:
        assert body[f"{PREFIX}_Data_Out"] == ""


def test_without_channels_the_solution_is_not_installed(tmp_path: Path) -> None:
    world = World(tmp_path, **{"invoice_capture.channels": []})
    assert world.send("a.pdf")[0] == 404
