"""The naive integration: works on a quiet day, and believes that sent is done.

On purpose it sends again what may have been done already, takes any answer for success, looks at
the first company only, and throws away what it could not deliver.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import httpx

from windtunnel.scenarios.samples.fo.arguments import arguments, read_lines
from windtunnel.scenarios.samples.order_sync.environment import Environment, Tokens
from windtunnel.scenarios.samples.order_sync.naive import COMPANY, Service, send_orders

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
        said = order_to_cash(fo, given.orders)
    print(said)  # noqa: T201 - the command's answer


if __name__ == "__main__":
    main()
