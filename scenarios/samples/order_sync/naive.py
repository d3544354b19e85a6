"""Order sync, naive: the version that works on the developer's machine and in no production.

On purpose it waits a fixed time on any failure and gives up soon, sends again what may have been
done already, remembers nothing, works before it acknowledges, and makes a new row for every event.
"""

from __future__ import annotations

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import orjson

from windtunnel.scenarios.samples.order_sync.environment import (
    Environment,
    Tokens,
    arguments,
    read_orders,
)

ATTEMPTS = 3
PAUSE_SECONDS = 0.2
COMPANY = "usmf"


class Service:
    """One Dynamics 365 service: tries three times, a fifth of a second apart."""

    def __init__(self, environment: Environment, tokens: Tokens, url: str) -> None:
        self._tokens, self._url = tokens, url
        self._client = httpx.Client(base_url=url, verify=environment.tls(), timeout=5.0)

    def send(self, method: str, path: str, **content: Any) -> dict[str, Any] | None:
        """The JSON answered, or None when three attempts failed."""
        for _ in range(ATTEMPTS):
            try:
                answer = self._client.request(
                    method, path, headers=self._tokens.headers(self._url), **content
                )
                answer.raise_for_status()
                return orjson.loads(answer.content) if answer.content else {}
            except httpx.HTTPError as error:
                print(f"{method} {path}: {error!r}", file=sys.stderr)  # noqa: T201 - its only log
                time.sleep(PAUSE_SECONDS)
        return None

    def raw(self, method: str, path: str, **content: Any) -> httpx.Response:
        """One try."""
        return self._client.request(
            method, path, headers=self._tokens.headers(self._url), **content
        )


def send_orders(fo: Service, orders: list[dict[str, Any]]) -> int:
    """Post every order and its lines; returns how many it believes it sent."""
    sent = 0
    for order in orders:
        header = fo.send(
            "POST",
            "/data/SalesOrderHeadersV2",
            json={
                "dataAreaId": COMPANY,
                "OrderingCustomerAccountNumber": order["customer"],
                "InvoiceCustomerAccountNumber": order["customer"],
                "CurrencyCode": order["currency"],
                "CustomersOrderReference": order["reference"],
            },
        )
        if header is None:
            continue
        for line in order["lines"]:
            fo.send(
                "POST",
                "/data/SalesOrderLines",
                json={
                    "dataAreaId": COMPANY,
                    "SalesOrderNumber": header["SalesOrderNumber"],
                    "ItemNumber": line["item"],
                    "OrderedSalesQuantity": line["quantity"],
                },
            )
        sent += 1
    return sent


def take_event(fo: Service, dataverse: Service, event: dict[str, Any]) -> None:
    """Read the order and make a row of it."""
    number = event["SalesOrderNumber"]
    order = fo.send(
        "GET", f"/data/SalesOrderHeadersV2(dataAreaId='{COMPANY}',SalesOrderNumber='{number}')"
    )
    if order is not None:
        dataverse.send(
            "POST",
            "/api/data/v9.2/salesorders",
            json={
                "name": order["CustomersOrderReference"] or number,
                "ordernumber": number,
                "description": f"{order['SalesOrderStatus']} in {order['dataAreaId']}",
            },
        )


def listen(fo: Service, dataverse: Service, port: int) -> None:
    """Serve until the process ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            try:
                take_event(fo, dataverse, orjson.loads(body))
            except KeyError:
                self.send_response(500)
            else:
                self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)  # noqa: T201 - readiness
    server.serve_forever()


def main() -> None:
    """Run one way of the integration."""
    given = arguments(__doc__ or "")
    environment = Environment.of_variables()
    tokens = Tokens(environment)
    fo = Service(environment, tokens, environment.fo_url)
    if given.way == "inbound":
        print(f"{send_orders(fo, read_orders(given.orders))} orders sent")  # noqa: T201 - its answer
    else:
        listen(fo, Service(environment, tokens, environment.dataverse_url), given.port)


if __name__ == "__main__":
    main()
