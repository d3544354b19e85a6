"""The careful integration: looks before it repeats, reads what failed, keeps what is not done."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from windtunnel.scenarios.packages import ACTIONS, csv_unicode, package
from windtunnel.scenarios.samples.fo.arguments import arguments, read_lines
from windtunnel.scenarios.samples.order_sync.careful import Service, send_orders
from windtunnel.scenarios.samples.order_sync.environment import Environment, Tokens

log = logging.getLogger("fo.careful")

COMPANY = "usmf"
ATTEMPTS = 8
CUSTOMERS = "Customers V3"
CUSTOMER_FIELDS = {
    "CUSTOMERACCOUNT": "account",
    "CUSTOMERGROUPID": "group",
    "SALESCURRENCYCODE": "currency",
    "ORGANIZATIONNAME": "name",
}
FALLBACK_GROUP = "30"
JOURNAL_LINES = "Journal lines"
JOURNAL_FIELDS = (
    "JOURNALBATCHNUMBER",
    "LINENUMBER",
    "ACCOUNTTYPE",
    "ACCOUNTDISPLAYVALUE",
    "TEXT",
    "CURRENCYCODE",
    "DEBITAMOUNT",
    "CREDITAMOUNT",
)
PROCESSED, PREPROCESSING = 5, 9


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


# -- customer migration -----------------------------------------------------------------------


def migrate_customers(fo: Service, path: Path, project: str) -> str:
    """All customers by package; what the target refused is corrected and sent again, alone."""
    customers = read_lines(path)
    waiting = {str(customer["account"]): customer for customer in customers}
    for _ in range(2):
        failed = import_customers(fo, project, list(waiting.values()))
        waiting = {account: waiting[account] for account in failed}
        if not waiting:
            return f"{len(customers)} customers migrated"
        for customer in waiting.values():
            log.warning("%s: group %s is unknown", customer["account"], customer["group"])
            customer["group"] = FALLBACK_GROUP
    raise NotDone(f"refused twice: {', '.join(waiting)}")


def import_customers(fo: Service, project: str, customers: list[dict[str, Any]]) -> list[str]:
    """Import a package; the accounts that did not arrive, which counts show and no status."""
    rows = [[str(customer[name]) for name in CUSTOMER_FIELDS.values()] for customer in customers]
    content = package(
        project, CUSTOMERS, list(CUSTOMER_FIELDS), csv_unicode(list(CUSTOMER_FIELDS), rows)
    )
    execution = f"{project}-{uuid4()}"
    blob = json.loads(_value(fo, "GetAzureWriteUrl", uniqueFileName=f"{uuid4()}.zip"))
    upload(blob["BlobUrl"], content)
    given = {
        "packageUrl": blob["BlobUrl"],
        "definitionGroupId": project,
        "executionId": execution,
        "execute": True,
        "overwrite": True,
        "legalEntityId": COMPANY,
    }
    # A lost answer is no reason to send again: the execution is looked up by the id it was given.
    answer = fo.send(
        "POST", ACTIONS + "ImportFromPackage", json=given, again=lambda: _known(fo, execution)
    )
    answer.raise_for_status()
    status = wait_for(fo, execution)
    log.info("%s: %s", execution, status)
    if status not in {"Succeeded", "PartiallySucceeded"}:
        raise NotDone(f"{execution} ended as {status}: {_errors(fo, execution)}")
    there = _accounts(fo)
    missing = [str(c["account"]) for c in customers if str(c["account"]) not in there]
    if missing:
        log.warning("%s", _errors(fo, execution))
    return missing


def upload(url: str, content: bytes) -> None:
    """Put a blob; the address carries its own right to do so."""
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-08-06"}
    for attempt in range(ATTEMPTS):
        try:
            answer = httpx.put(url, content=content, headers=headers, timeout=60.0)
        except httpx.TransportError as error:
            log.warning("upload: no answer (%s)", type(error).__name__)
        else:
            if answer.is_success:
                return
            log.warning("upload: %s", answer.status_code)
        time.sleep(min(0.1 * 2.0**attempt, 5.0))
    raise NotDone("the package could not be uploaded")


def wait_for(fo: Service, execution: str) -> str:
    """The final status of an execution; its details may not be there at first."""
    for attempt in range(60):
        answer = fo.send(
            "POST", ACTIONS + "GetExecutionSummaryStatus", json={"executionId": execution}
        )
        status = str(answer.json()["value"]) if answer.is_success else "Unknown"
        if status not in {"NotRun", "Executing", "Unknown"}:
            return status
        time.sleep(min(0.1 * 1.5**attempt, 5.0))
    raise NotDone(f"{execution} does not end")


def _value(fo: Service, action: str, **given: Any) -> str:
    answer = fo.send("POST", ACTIONS + action, json=given)
    answer.raise_for_status()
    return str(answer.json()["value"])


def _known(fo: Service, execution: str) -> httpx.Response | None:
    answer = fo.send("POST", ACTIONS + "GetExecutionSummaryStatus", json={"executionId": execution})
    return answer if answer.is_success else None


def _errors(fo: Service, execution: str) -> str:
    """As text: it is not always valid JSON."""
    return _value(fo, "GetExecutionErrors", executionId=execution)


def _accounts(fo: Service) -> set[str]:
    answer = fo.send(
        "GET",
        "/data/CustomersV3",
        params={
            "$filter": f"dataAreaId eq '{COMPANY}' and CustomerAccount eq 'MIG-*'",
            "$select": "CustomerAccount",
            "cross-company": "true",
        },
    )
    answer.raise_for_status()
    return {str(row["CustomerAccount"]) for row in answer.json()["value"]}


# -- recurring journals -----------------------------------------------------------------------


def import_journals(fo: Service, path: Path, job: str) -> str:
    """Each journal by a number of ours, so that a file that comes twice changes nothing."""
    journals = read_lines(path)
    for journal in journals:
        _journal_header(fo, journal)
        rows = [
            [
                str(journal["number"]),
                str(number),
                "Ledger",
                str(line["account"]),
                str(journal["text"]),
                "USD",
                str(line["debit"]),
                str(line["credit"]),
            ]
            for number, line in enumerate(journal["lines"], 1)
        ]
        message = _enqueue(fo, job, str(journal["number"]), csv_unicode(JOURNAL_FIELDS, rows))
        _processed(fo, job, message)
    return f"{len(journals)} journals imported"


def _journal_header(fo: Service, journal: dict[str, Any]) -> None:
    key = (
        f"/data/LedgerJournalHeaders(dataAreaId='{COMPANY}',"
        f"JournalBatchNumber='{journal['number']}')"
    )

    def find() -> httpx.Response | None:
        found = fo.send("GET", key, params={"cross-company": "true"})
        return found if found.status_code == 200 else None

    if find() is None:
        body = {
            "dataAreaId": COMPANY,
            "JournalBatchNumber": journal["number"],
            "JournalName": "GenJrn",
            "Description": journal["text"],
        }
        fo.send("POST", "/data/LedgerJournalHeaders", json=body, again=find).raise_for_status()


def _enqueue(fo: Service, job: str, name: str, content: bytes) -> str:
    """The message id; a file whose answer was lost is sent again, its lines have their keys."""
    answer = fo.send(
        "POST",
        f"/api/connector/enqueue/{job}",
        params={"entity": JOURNAL_LINES, "company": COMPANY},
        content=content,
        headers={"x-ms-dyn-externalidentifier": f"{name}.csv"},
    )
    answer.raise_for_status()
    return str(answer.json())


def _processed(fo: Service, job: str, message: str) -> None:
    """Enqueued is not done: wait for the end, and say what went wrong."""
    for attempt in range(60):
        answer = fo.send("GET", f"/api/connector/jobstatus/{job}", params={"jobId": message})
        answer.raise_for_status()
        state = int(answer.json()["DataJobStatus"]["DataJobState"])
        if state == PROCESSED:
            return
        if state > PROCESSED and state != PREPROCESSING:
            execution = _value(fo, "GetExecutionIdByMessageId", _messageId=message)
            reason = _errors(fo, execution) if execution else answer.json()["ExecutionLog"]
            raise NotDone(f"message {message} ended in state {state}: {reason}")
        time.sleep(min(0.1 * 1.5**attempt, 5.0))
    raise NotDone(f"message {message} is not processed")


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


def _by_service(fo: Service, given: Namespace) -> str:
    if given.way == "migrate-customers":
        return migrate_customers(fo, given.customers, given.project)
    if given.way == "import-journals":
        return import_journals(fo, given.journals, given.job)
    return order_to_cash(fo, given.orders)


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
            said = _by_service(fo, given)
    except NotDone as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command's answer
        raise SystemExit(1) from error
    print(said)  # noqa: T201 - the command's answer


if __name__ == "__main__":
    main()
