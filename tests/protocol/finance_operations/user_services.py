"""Functions behind operations, as a user's own module has them."""

from __future__ import annotations

from typing import Any

from windtunnel.simulator.entity_sets.custom_services import (
    InfologEntry,
    OperationCall,
    OperationRefused,
)


def create_customer(call: OperationCall) -> dict[str, Any]:
    """Create a customer of the request and tell how it went."""
    request = call.arguments["_request"]
    if not request["Account"]:
        raise OperationRefused("The account must be filled in.")
    body = {
        "CustomerAccount": request["Account"],
        "CustomerGroupId": "10",
        "SalesCurrencyCode": "USD",
        "OrganizationName": "Contoso",
    }
    key = call.records.create("CustomersV3", body)
    call.infolog.append(InfologEntry("Info", f"Customer {key[1]} was created."))
    if request["Blocked"] == "Yes":
        raise OperationRefused("Blocked customers cannot be created.", "BlockedException")
    lines = [{"Number": line["Number"] * 2, "Text": line["Text"]} for line in request["Lines"]]
    return {
        "Account": key[1],
        "Company": call.company,
        "Lines": lines,
        "Created": request["Wanted"],
    }


def broken(call: OperationCall) -> str:
    """A mistake of the user."""
    return str(1 // 0)


def wrong_result(call: OperationCall) -> Any:
    """A result that does not fit."""
    return {"Nonsense": 1}


def echo(call: OperationCall) -> dict[str, Any]:
    """Every argument back."""
    return dict(call.arguments)
