"""The careful integration: looks before it repeats, reads what failed, keeps what is not done."""

from __future__ import annotations

import hashlib
import logging
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from windtunnel.scenarios.samples.fo.arguments import arguments, read_lines
from windtunnel.scenarios.samples.order_sync.careful import Service, send_orders
from windtunnel.scenarios.samples.order_sync.environment import Environment, Tokens

log = logging.getLogger("fo.careful")

COMPANY = "usmf"
ATTEMPTS = 8


class NotDone(Exception):
    """Something is left over; the exit code says so, and the next start goes on with it."""


# -- order to cash ----------------------------------------------------------------------------


class Nothing:
    """What is sent is in finance and operations itself: that is asked, no file of ours."""

    def is_sent(self, reference: str) -> bool:
        """Never known beforehand."""
        del reference
        return False

    def sent(self, reference: str, number: str) -> None:
        """An order is complete."""
        log.info("%s is %s", reference, number)


def bring_customer(fo: Service, customer: dict[str, Any]) -> None:
    """Create a customer, or bring the one that is there up to date; twice does no harm."""
    account = str(customer["account"])
    key = f"/data/CustomersV3(dataAreaId='{COMPANY}',CustomerAccount='{account}')"
    values = {
        "OrganizationName": customer["name"],
        "CustomerGroupId": customer["group"],
        "SiteId": customer["site"],
        "WarehouseId": customer["warehouse"],
    }

    def find() -> httpx.Response | None:
        found = fo.send("GET", key, params={"cross-company": "true"})
        return found if found.status_code == 200 else None

    if find() is None:
        body = {
            "dataAreaId": COMPANY,
            "CustomerAccount": account,
            "SalesCurrencyCode": customer["currency"],
            **values,
        }
        done = fo.send("POST", "/data/CustomersV3", json=body, again=find)
    else:
        done = fo.send("PATCH", key, json=values, params={"cross-company": "true"})
    done.raise_for_status()


def payment_journal(fo: Service, name: str) -> str:
    """The number of the open payment journal of this name; made when there is none."""

    def find() -> httpx.Response | None:
        found = fo.send(
            "GET",
            "/data/CustomerPaymentJournalHeaders",
            params={
                "$filter": f"Description eq '{name}' and dataAreaId eq '{COMPANY}' and IsPosted "
                "eq Microsoft.Dynamics.DataEntities.NoYes'No'",
                "$select": "JournalBatchNumber",
                "cross-company": "true",
            },
        )
        found.raise_for_status()
        rows = found.json()["value"]
        return httpx.Response(201, json=rows[0], request=found.request) if rows else None

    body = {"dataAreaId": COMPANY, "JournalName": "CustPay", "Description": name}
    made = find() or fo.send("POST", "/data/CustomerPaymentJournalHeaders", json=body, again=find)
    made.raise_for_status()
    return str(made.json()["JournalBatchNumber"])


def bring_payment(fo: Service, journal: str, number: int, order: dict[str, Any]) -> None:
    """One line by a number of ours; never two at once, since lines share the journal's header."""
    key = (
        f"/data/CustomerPaymentJournalLines(dataAreaId='{COMPANY}',"
        f"JournalBatchNumber='{journal}',LineNumber={number})"
    )

    def find() -> httpx.Response | None:
        found = fo.send("GET", key, params={"cross-company": "true"})
        return found if found.status_code == 200 else None

    if find() is not None:
        return
    body = {
        "dataAreaId": COMPANY,
        "JournalBatchNumber": journal,
        "LineNumber": number,
        "AccountType": "Cust",
        "AccountDisplayValue": order["buyer"]["account"],
        "CreditAmount": order["paid"],
        "CurrencyCode": order["currency"],
        "PaymentReference": order["reference"],
    }
    fo.send("POST", "/data/CustomerPaymentJournalLines", json=body, again=find).raise_for_status()


def order_to_cash(fo: Service, path: Path) -> str:
    """Customers first, then their orders with all lines, then what was paid; each once."""
    orders = read_lines(path)
    for order in orders:
        bring_customer(fo, order["buyer"])
        order["customer"] = order["buyer"]["account"]
    new = send_orders(fo, Nothing(), orders)
    journal = payment_journal(fo, f"Shop {path.stem}")
    for number, order in enumerate(orders, 1):
        bring_payment(fo, journal, number, order)
    return f"{new} orders sent"


# -- electronic reporting ---------------------------------------------------------------------


def send_mandates(folder: Path, bank: str) -> str:
    """Every file to the bank, oldest first; one leaves the folder when the bank has taken it."""
    sent = folder / "sent"
    sent.mkdir(parents=True, exist_ok=True)
    files = sorted(folder.glob("*.xml"), key=lambda path: (path.stat().st_mtime, path.name))
    left = []
    with httpx.Client(timeout=30.0) as client:
        for file in files:
            if _to_bank(client, bank, file):
                file.replace(sent / file.name)
            else:
                left.append(file.name)
    if left:
        raise NotDone(f"the bank did not take {', '.join(left)}")
    return f"{len(files)} files sent"


def _to_bank(client: httpx.Client, bank: str, file: Path) -> bool:
    """Whether the bank took a file; the key lets it see that a file comes again."""
    content = file.read_bytes()
    headers = {
        "content-type": "application/xml",
        "x-file-name": file.name,
        "idempotency-key": hashlib.sha256(content).hexdigest(),
    }
    for attempt in range(ATTEMPTS):
        try:
            answer = client.post(bank, content=content, headers=headers)
        except httpx.TransportError as error:
            log.warning("%s: no answer (%s)", file.name, type(error).__name__)
        else:
            if answer.is_success:
                return True
            log.warning("%s: %s", file.name, answer.status_code)
        time.sleep(min(0.1 * 2.0**attempt, 5.0))
    return False


def main() -> None:
    """Run one way of the integration."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(name)s %(message)s")
    given = arguments(__doc__ or "")
    try:
        if given.way == "send-mandates":
            said = send_mandates(given.folder, given.bank)
        else:
            environment = Environment.of_variables()
            fo = Service(environment, Tokens(environment), environment.fo_url)
            said = order_to_cash(fo, given.orders)
    except NotDone as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command's answer
        raise SystemExit(1) from error
    print(said)  # noqa: T201 - the command's answer


if __name__ == "__main__":
    main()
