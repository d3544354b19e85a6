"""$batch: operations one after another, change sets all or nothing, outer status 200."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from windtunnel.contracts.limits import LIMITS

if TYPE_CHECKING:
    import httpx

    from tests.protocol.finance_operations.conftest import Rig

TYPE = {"content-type": "multipart/mixed; boundary=b1"}


def operation(method: str, url: str, body: Any = None, content_id: str = "") -> str:
    identifier = f"Content-ID: {content_id}\r\n" if content_id else ""
    text = orjson.dumps(body).decode() if body is not None else ""
    return (
        f"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n{identifier}\r\n"
        f"{method} {url} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{text}\r\n"
    )


def change_set(*operations: str, closed: bool = True) -> str:
    parts = "".join(f"--c1\r\n{text}" for text in operations)
    end = "--c1--\r\n" if closed else ""
    return f"Content-Type: multipart/mixed; boundary=c1\r\n\r\n{parts}{end}"


def send(rig: Rig, *parts: str, **headers: str) -> httpx.Response:
    body = "".join(f"--b1\r\n{part}" for part in parts) + "--b1--\r\n"
    return rig.call("POST", "/data/$batch", content=body.encode(), headers={**TYPE, **headers})


def statuses(answer: httpx.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [int(status) for status in re.findall(r"HTTP/1\.1 (\d{3}) ", answer.text)]


def group(name: str, *, url: str = "https://fo.test/data/CustomerGroups", number: str = "") -> str:
    return operation("POST", url, {"CustomerGroupId": name}, number)


def test_operations_are_answered_in_order(rig: Rig) -> None:
    key = "CustomerGroups(dataAreaId='usmf',CustomerGroupId='77')"
    answer = send(
        rig,
        operation("GET", "https://fo.test/data/CustomerGroups/$count"),
        change_set(group("77", number="1")),
        operation("PATCH", f"/data/{key}", {"Description": "New"}),
        operation("GET", f"{key}?$select=Description"),
    )
    assert statuses(answer) == [200, 201, 204, 200]
    assert re.fullmatch(
        r"multipart/mixed; boundary=batchresponse_[-0-9a-f]{36}", answer.headers["content-type"]
    )
    assert '"Description":"New"' in answer.text
    assert "boundary=changesetresponse_" in answer.text
    assert "Content-ID: 1\r\n" in answer.text


@pytest.mark.parametrize("closed", [True, False])
def test_a_change_set_is_stored_as_a_whole(rig: Rig, closed: bool) -> None:
    answer = send(rig, change_set(group("77"), group("78", url="CustomerGroups"), closed=closed))
    assert statuses(answer) == [201, 201]
    assert len(rig.rows("CustomerGroups?$filter=CustomerGroupId eq '7*'")) == 2


def test_a_failed_change_set_is_one_part_and_leaves_nothing(rig: Rig) -> None:
    before = rig.service.entities()
    answer = send(rig, change_set(group("77", number="1"), group("10", number="2")))
    assert statuses(answer) == [400]
    assert "The record already exists.." in answer.text
    assert answer.text.count("Content-Type: multipart/mixed; boundary=changesetresponse_") == 1
    assert "Content-ID: 1" in answer.text
    assert "Content-ID: 2" not in answer.text
    assert rig.service.entities() == before


def test_a_content_id_stands_once_in_a_change_set(rig: Rig) -> None:
    before = rig.service.entities()
    answer = send(
        rig,
        change_set(group("76", number="1")),
        change_set(group("77", number="2"), group("78", number="2")),
    )
    assert answer.status_code == 400
    assert "The content ID '2' was found more than once" in rig.infolog(answer)
    assert rig.service.entities() == before
    parts = [change_set(group(name, number="1")) for name in ("77", "78")]
    assert statuses(send(rig, *parts)) == [201, 201]


def test_a_batch_stops_at_the_first_error_unless_told_not_to(rig: Rig) -> None:
    parts = (operation("GET", "Nope"), operation("GET", "CustomerGroups/$count"))
    assert statuses(send(rig, *parts)) == [404]
    assert statuses(send(rig, *parts, prefer="odata.continue-on-error")) == [404, 200]


BAD: list[tuple[bytes, str, str]] = [
    (b"x", "application/json", "not multipart/mixed"),
    (b"x", "multipart/mixed", "boundary"),
    (b"", "multipart/mixed; boundary=b1", "boundary does not occur"),
    (b"--b1\r\nContent-Type: application/http\r\n\r\nx\r\n--b1--", TYPE["content-type"], "line"),
    (b"--b1\r\nnonsense\r\n\r\nx\r\n--b1--", TYPE["content-type"], "header"),
    (
        b"--b1\r\n" + change_set(operation("GET", "CustomerGroups")).encode() + b"--b1--",
        TYPE["content-type"],
        "GET request",
    ),
]


@pytest.mark.parametrize(("body", "media", "text"), BAD)
def test_what_is_no_batch_is_400(rig: Rig, body: bytes, media: str, text: str) -> None:
    answer = rig.call("POST", "/data/$batch", content=body, headers={"content-type": media})
    assert answer.status_code == 400
    assert text in rig.infolog(answer)


def test_a_batch_holds_so_many_operations(new_rig: type[Rig]) -> None:
    rig = new_rig(LIMITS.override("fo.batch", allowance=2))
    parts = [operation("GET", "CustomerGroups/$count")] * 2
    assert statuses(send(rig, *parts)) == [200, 200]
    assert send(rig, *parts, change_set(group("77"))).status_code == 400


def test_a_batch_inside_a_batch_has_no_route(rig: Rig) -> None:
    assert statuses(send(rig, operation("POST", "/data/$batch"))) == [404]
    assert statuses(send(rig, operation("GET", "https://fo.test/elsewhere"))) == [404]


def test_a_batch_is_one_request_that_costs_what_its_parts_cost(rig: Rig) -> None:
    send(rig, *[operation("GET", "CustomerGroups/$count")] * 3)
    exchange = list(rig.journal)[-1].exchange
    assert exchange.operation == "batch"
    assert exchange.cost_seconds > 3 * 0.05
