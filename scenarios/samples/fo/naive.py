"""The naive integration: works on a quiet day, and believes that sent is done.

On purpose it sends again what may have been done already, takes any answer for success, looks at
the first company only, and throws away what it could not deliver.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from windtunnel.scenarios.packages import ACTIONS, csv_unicode, package
from windtunnel.scenarios.samples.fo.arguments import arguments, read_lines
from windtunnel.scenarios.samples.order_sync.environment import Environment, Tokens
from windtunnel.scenarios.samples.order_sync.naive import COMPANY, Service, send_orders

FIELDS = ("CUSTOMERACCOUNT", "CUSTOMERGROUPID", "SALESCURRENCYCODE", "ORGANIZATIONNAME")
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

# -- order to cash ----------------------------------------------------------------------------


def bring_customer(fo: Service, customer: dict[str, Any]) -> None:
    """Create a customer; if that fails it must have been there."""
    fo.send(
        "POST",
        "/data/CustomersV3",
        json={
            "dataAreaId": COMPANY,
            "CustomerAccount": customer["account"],
            "OrganizationName": customer["name"],
            "CustomerGroupId": customer["group"],
            "SalesCurrencyCode": customer["currency"],
            "SiteId": customer["site"],
            "WarehouseId": customer["warehouse"],
        },
    )


def order_to_cash(fo: Service, path: Path) -> str:
    """Each order with its customer, and a payment journal a run."""
    orders = read_lines(path)
    for order in orders:
        bring_customer(fo, order["buyer"])
        order["customer"] = order["buyer"]["account"]
    sent = send_orders(fo, orders)
    journal = fo.send(
        "POST",
        "/data/CustomerPaymentJournalHeaders",
        json={"dataAreaId": COMPANY, "JournalName": "CustPay", "Description": "Shop"},
    )
    for number, order in enumerate(orders if journal else [], 1):
        fo.send(
            "POST",
            "/data/CustomerPaymentJournalLines",
            json={
                "dataAreaId": COMPANY,
                "JournalBatchNumber": (journal or {})["JournalBatchNumber"],
                "LineNumber": number,
                "AccountType": "Cust",
                "AccountDisplayValue": order["buyer"]["account"],
                "CreditAmount": order["paid"],
                "CurrencyCode": order["currency"],
                "PaymentReference": order["reference"],
            },
        )
    return f"{sent} orders sent"


# -- customer migration -----------------------------------------------------------------------


def migrate_customers(fo: Service, path: Path, project: str) -> str:
    """Upload, import, and wait until the status says something with Succeeded."""
    customers = read_lines(path)
    rows = [[c["account"], c["group"], c["currency"], c["name"]] for c in customers]
    content = package(project, "Customers V3", FIELDS, csv_unicode(FIELDS, rows))
    given = fo.send("POST", ACTIONS + "GetAzureWriteUrl", json={"uniqueFileName": "customers.zip"})
    url = json.loads((given or {})["value"])["BlobUrl"]
    httpx.put(url, content=content, headers={"x-ms-blob-type": "BlockBlob"}, timeout=30.0)
    body = {
        "packageUrl": url,
        "definitionGroupId": project,
        "executionId": project,
        "execute": True,
        "overwrite": True,
        "legalEntityId": COMPANY,
    }
    fo.send("POST", ACTIONS + "ImportFromPackage", json=body)
    status = ""
    for _ in range(20):
        told = fo.send("POST", ACTIONS + "GetExecutionSummaryStatus", json={"executionId": project})
        status = str((told or {}).get("value"))
        if "Succeeded" in status:
            return f"{len(customers)} customers migrated"
        time.sleep(0.5)
    return f"still {status}"


# -- recurring journals -----------------------------------------------------------------------


def import_journals(fo: Service, path: Path, job: str) -> str:
    """A new journal for every try; what is enqueued is imported."""
    journals = read_lines(path)
    for journal in journals:
        for _ in range(3):
            if _try_journal(fo, journal, job):
                break
    return f"{len(journals)} journals imported"


def _try_journal(fo: Service, journal: dict[str, Any], job: str) -> bool:
    header = fo.send(
        "POST",
        "/data/LedgerJournalHeaders",
        json={"dataAreaId": COMPANY, "JournalName": "GenJrn", "Description": journal["text"]},
    )
    number = (header or {})["JournalBatchNumber"]
    rows = [
        [
            *(number, str(n), "Ledger", line["account"], journal["text"], "USD"),
            *(str(line["debit"]), str(line["credit"])),
        ]
        for n, line in enumerate(journal["lines"], 1)
    ]
    try:
        answer = fo.raw(
            "POST",
            f"/api/connector/enqueue/{job}?entity=Journal%20lines&company={COMPANY}",
            content=csv_unicode(JOURNAL_FIELDS, rows),
        )
    except httpx.HTTPError as error:
        print(f"{journal['number']}: {error!r}", file=sys.stderr)  # noqa: T201 - its only log
        return False
    return answer.is_success


# -- electronic reporting ---------------------------------------------------------------------


def send_mandates(folder: Path, bank: str) -> str:
    """Post every file and clear the folder."""
    files = sorted(folder.glob("*.xml"))
    for file in files:
        content, headers = file.read_bytes(), {"x-file-name": file.name}
        try:
            httpx.post(bank, content=content, headers=headers, timeout=30.0)
        except httpx.HTTPError as error:
            print(f"{file.name}: {error!r}", file=sys.stderr)  # noqa: T201 - its only log
        file.unlink()
    return f"{len(files)} files sent"


def main() -> None:
    """Run one way of the integration."""
    given = arguments(__doc__ or "")
    if given.way == "send-mandates":
        said = send_mandates(given.folder, given.bank)
    else:
        environment = Environment.of_variables()
        fo = Service(environment, Tokens(environment), environment.fo_url)
        if given.way == "migrate-customers":
            said = migrate_customers(fo, given.customers, given.project)
        elif given.way == "import-journals":
            said = import_journals(fo, given.journals, given.job)
        else:
            said = order_to_cash(fo, given.orders)
    print(said)  # noqa: T201 - the command's answer


if __name__ == "__main__":
    main()
