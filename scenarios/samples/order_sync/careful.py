"""Order sync, careful: honours Retry-After, idempotent, batches lines, resumes after a stop."""

from __future__ import annotations

import logging
import random
import sqlite3
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Protocol

import httpx
import orjson

from windtunnel.scenarios.samples.order_sync.environment import (
    Environment,
    Tokens,
    arguments,
    read_orders,
)

log = logging.getLogger("order-sync.careful")

ATTEMPTS = 12
LONGEST_WAIT_SECONDS = 300.0
COMPANY = "usmf"


class GaveUp(Exception):
    """The service did not take a request within all attempts."""


class Service:
    """One Dynamics 365 service: sends requests and does what its answers ask for."""

    def __init__(self, environment: Environment, tokens: Tokens, url: str) -> None:
        self._tokens, self._url = tokens, url
        self._client = httpx.Client(base_url=url, verify=environment.tls(), timeout=30.0)

    def send(
        self,
        method: str,
        path: str,
        *,
        again: Callable[[], httpx.Response | None] = lambda: None,
        **content: Any,
    ) -> httpx.Response:
        """Send until there is an answer that is not about waiting.

        `again` is asked before a request whose answer was lost is sent a second time: what it
        returns counts as the answer, None means that the work was not done.
        """
        headers = content.pop("headers", {})
        for attempt in range(ATTEMPTS):
            try:
                answer = self._client.request(
                    method,
                    path,
                    headers={**self._tokens.headers(self._url), **headers},
                    **content,
                )
            except httpx.TransportError as error:
                log.warning("%s %s: no answer (%s)", method, path, type(error).__name__)
                time.sleep(_backoff(attempt))
                done = again()
                if done is not None:
                    return done
                continue
            if answer.status_code == 429 or answer.status_code >= 500:
                wait = _wait_of(answer, attempt)
                log.warning("%s %s: %s, waiting %.1f s", method, path, answer.status_code, wait)
                time.sleep(wait)
                continue
            return answer
        raise GaveUp(f"{method} {path} after {ATTEMPTS} attempts")


def _as_answer(status: int, body: Any) -> httpx.Response:
    """What was found out by asking, in the place of the answer that was lost."""
    return httpx.Response(status, json=body, request=httpx.Request("GET", "http://found.invalid"))


def _wait_of(answer: httpx.Response, attempt: int) -> float:
    """Retry-After where there is one, else exponential with jitter."""
    asked = answer.headers.get("retry-after", "")
    return min(float(asked), LONGEST_WAIT_SECONDS) if asked.isdigit() else _backoff(attempt)


def _backoff(attempt: int) -> float:
    return min(0.25 * 2.0**attempt, 30.0) * random.uniform(0.8, 1.2)


class State:
    """What is done, in a file, so that a second start goes on where the first ended."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._lock = Lock()
        for table in (
            "sent (reference TEXT PRIMARY KEY, number TEXT)",
            "seen (event TEXT PRIMARY KEY, number TEXT, control INTEGER)",
            "inbox (event TEXT PRIMARY KEY, body BLOB)",
        ):
            self._do(f"CREATE TABLE IF NOT EXISTS {table}")

    def _do(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def is_sent(self, reference: str) -> bool:
        """Whether an order is in finance and operations with all its lines."""
        return bool(self._do("SELECT 1 FROM sent WHERE reference=?", (reference,)))

    def sent(self, reference: str, number: str) -> None:
        """An order is complete."""
        self._do("INSERT OR REPLACE INTO sent VALUES (?,?)", (reference, number))

    def receive(self, event: str, body: bytes) -> None:
        """Keep an event before it is acknowledged."""
        self._do("INSERT OR IGNORE INTO inbox VALUES (?,?)", (event, body))

    def waiting(self) -> list[tuple[str, bytes]]:
        """Events received and not yet worked on."""
        rows = self._do("SELECT event, body FROM inbox WHERE event NOT IN (SELECT event FROM seen)")
        return [(str(event), bytes(body)) for event, body in rows]

    def newest(self, number: str) -> int:
        """The highest control number worked on for an order."""
        rows = self._do("SELECT max(control) FROM seen WHERE number=?", (number,))
        return int(rows[0][0] or 0)

    def seen(self, event: str, number: str, control: int) -> None:
        """An event is done."""
        self._do("INSERT OR REPLACE INTO seen VALUES (?,?,?)", (event, number, control))


class Sent(Protocol):
    """What of the shop's orders is known to be done."""

    def is_sent(self, reference: str) -> bool:
        """Whether an order is in finance and operations with all its lines."""
        ...

    def sent(self, reference: str, number: str) -> None:
        """An order is complete."""
        ...


def send_orders(fo: Service, state: Sent, orders: list[dict[str, Any]]) -> int:
    """Bring every order into finance and operations exactly once; returns how many were new."""
    new = 0
    for order in orders:
        reference = str(order["reference"])
        if state.is_sent(reference):
            continue
        number = _header_of(fo, order)
        _complete_lines(fo, number, order)
        state.sent(reference, number)
        new += 1
    return new


def _find_header(fo: Service, reference: str) -> httpx.Response | None:
    """The order the shop's reference already made, as if it had just been created."""
    quoted = reference.replace("'", "''")
    answer = fo.send(
        "GET",
        "/data/SalesOrderHeadersV2",
        params={
            "$filter": f"CustomersOrderReference eq '{quoted}' and dataAreaId eq '{COMPANY}'",
            "$select": "SalesOrderNumber",
            "cross-company": "true",
        },
    )
    answer.raise_for_status()
    rows = answer.json()["value"]
    return _as_answer(201, rows[0]) if rows else None


def _header_of(fo: Service, order: dict[str, Any]) -> str:
    reference = str(order["reference"])
    there = _find_header(fo, reference)
    if there is None:
        there = fo.send(
            "POST",
            "/data/SalesOrderHeadersV2",
            json={
                "dataAreaId": COMPANY,
                "OrderingCustomerAccountNumber": order["customer"],
                "InvoiceCustomerAccountNumber": order["customer"],
                "CurrencyCode": order["currency"],
                "CustomersOrderReference": reference,
            },
            again=lambda: _find_header(fo, reference),
        )
        there.raise_for_status()
    return str(there.json()["SalesOrderNumber"])


def _missing_lines(fo: Service, number: str, order: dict[str, Any]) -> list[dict[str, Any]]:
    answer = fo.send(
        "GET",
        "/data/SalesOrderLines",
        params={
            "$filter": f"SalesOrderNumber eq '{number}' and dataAreaId eq '{COMPANY}'",
            "$select": "ItemNumber",
            "cross-company": "true",
        },
    )
    answer.raise_for_status()
    there = [row["ItemNumber"] for row in answer.json()["value"]]
    return [line for line in order["lines"] if line["item"] not in there]


def _complete_lines(fo: Service, number: str, order: dict[str, Any]) -> None:
    """Add the lines that are not there, all in one change set; look again until all are."""
    for _ in range(ATTEMPTS):
        missing = _missing_lines(fo, number, order)
        if not missing:
            return
        body, boundary = _change_set(number, missing)
        answer = fo.send(
            "POST",
            "/data/$batch",
            content=body,
            headers={"content-type": f"multipart/mixed; boundary={boundary}"},
            again=lambda: _as_answer(200, None),
        )
        if answer.status_code >= 400:
            answer.raise_for_status()
    raise GaveUp(f"the lines of {number}")


def _change_set(number: str, lines: list[dict[str, Any]]) -> tuple[bytes, str]:
    parts = []
    for place, line in enumerate(lines, 1):
        row = {
            "dataAreaId": COMPANY,
            "SalesOrderNumber": number,
            "ItemNumber": line["item"],
            "OrderedSalesQuantity": line["quantity"],
        }
        parts.append(
            "--changeset_lines\r\nContent-Type: application/http\r\n"
            f"Content-Transfer-Encoding: binary\r\nContent-ID: {place}\r\n\r\n"
            "POST SalesOrderLines HTTP/1.1\r\nContent-Type: application/json\r\n\r\n"
            f"{orjson.dumps(row).decode()}\r\n"
        )
    text = (
        "--batch_order\r\nContent-Type: multipart/mixed; boundary=changeset_lines\r\n\r\n"
        + "".join(parts)
        + "--changeset_lines--\r\n--batch_order--\r\n"
    )
    return text.encode(), "batch_order"


def take_event(fo: Service, dataverse: Service, state: State, event: dict[str, Any]) -> None:
    """Bring the order an event speaks of into Dataverse as it is now; twice does no harm."""
    event_id, control = str(event["EventId"]), int(event["ControlNumber"])
    number = str(event.get("SalesOrderNumber") or event.get("SalesOrderId") or "")
    if not number:
        state.seen(event_id, "", control)  # a test message, or an event that is not ours
        return
    if control < state.newest(number):
        state.seen(event_id, number, control)
        return
    company = str(event.get("BusinessEventLegalEntity") or COMPANY).lower()
    answer = fo.send(
        "GET",
        f"/data/SalesOrderHeadersV2(dataAreaId='{company}',SalesOrderNumber='{number}')",
        params={"cross-company": "true"},
    )
    if answer.status_code == 404:
        state.seen(event_id, number, control)
        return
    answer.raise_for_status()
    _upsert_order(dataverse, answer.json())
    state.seen(event_id, number, control)


def _upsert_order(dataverse: Service, order: dict[str, Any]) -> None:
    """One row per order: updated where the order number is there, else created."""
    number = str(order["SalesOrderNumber"]).replace("'", "''")
    values = {
        "name": order["CustomersOrderReference"] or number,
        "ordernumber": number,
        "description": f"{order['SalesOrderStatus']} in {order['dataAreaId']}",
    }

    def find() -> httpx.Response | None:
        rows = dataverse.send(
            "GET",
            "/api/data/v9.2/salesorders",
            params={"$filter": f"ordernumber eq '{number}'", "$select": "salesorderid"},
        )
        rows.raise_for_status()
        found = rows.json()["value"]
        return _as_answer(200, found[0]) if found else None

    there = find()
    if there is None:
        done = dataverse.send("POST", "/api/data/v9.2/salesorders", json=values, again=find)
    else:
        key = there.json()["salesorderid"]
        done = dataverse.send(
            "PATCH",
            f"/api/data/v9.2/salesorders({key})",
            json=values,
            headers={"if-match": "*"},
        )
    done.raise_for_status()


class Outbound:
    """Receives events: stores first, acknowledges, then works, one event at a time."""

    def __init__(self, fo: Service, dataverse: Service, state: State) -> None:
        self._fo, self._dataverse, self._state = fo, dataverse, state
        self._lock = Lock()

    def accept(self, body: bytes) -> None:
        """Keep an event; work on it in the background."""
        event = orjson.loads(body)
        self._state.receive(str(event["EventId"]), body)
        Thread(target=self.work, daemon=True).start()

    def work(self) -> None:
        """Work on everything that waits, also what an earlier run left."""
        with self._lock:
            for _, body in self._state.waiting():
                try:
                    take_event(self._fo, self._dataverse, self._state, orjson.loads(body))
                except (httpx.HTTPError, GaveUp):
                    log.exception("an event waits for the next round")

    def listen(self, port: int) -> None:
        """Serve until the process ends."""
        outbound = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                try:
                    outbound.accept(body)
                except (orjson.JSONDecodeError, KeyError, TypeError):
                    self.send_response(400)
                else:
                    self.send_response(202)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                log.debug(format, *args)

        self.work()
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)  # noqa: T201 - readiness
        server.serve_forever()


def main() -> None:
    """Run one way of the integration."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(name)s %(message)s")
    given = arguments(__doc__ or "")
    environment = Environment.of_variables()
    tokens = Tokens(environment)
    fo = Service(environment, tokens, environment.fo_url)
    state = State(given.state)
    if given.way == "inbound":
        new = send_orders(fo, state, read_orders(given.orders))
        print(f"{new} new orders sent")  # noqa: T201 - the command's answer
    else:
        dataverse = Service(environment, tokens, environment.dataverse_url)
        Outbound(fo, dataverse, state).listen(given.port)


if __name__ == "__main__":
    main()
