"""PyPI fxpyD365api through the proxy: its own sign-in, pages by number, writes with bodies."""

from __future__ import annotations

import os

from fxpyD365api import D365ApiError, get_wrapper
from steps import step

MARK = f"fxpyD365api {os.getpid()}"
made: dict[str, str] = {}
connection = {
    "org_url": os.environ["WT_ORGANIZATION"],
    "tenant": os.environ["WT_TENANT_ID"],
    "client_id": os.environ["WT_CLIENT_ID"],
    "client_secret": os.environ["WT_CLIENT_SECRET"],
    "page_size": 3,
}
accounts = get_wrapper("accounts", **connection)
contacts = get_wrapper("contacts", **connection)


@step("creates and gets the record back")
def _() -> None:
    row = accounts.create({"name": MARK, "revenue": 12.5}, annotations="*")
    assert row["name"] == MARK, row
    assert row["revenue@OData.Community.Display.V1.FormattedValue"] == "$12.50", row
    made["account"] = row["accountid"]
    for number in range(7):
        bound = {"parentcustomerid_account@odata.bind": f"/accounts({made['account']})"}
        row = contacts.create({"firstname": str(number), "lastname": MARK, **bound})
        assert row["fullname"] == f"{number} {MARK}", row


@step("reads pages by number")
def _() -> None:
    seen = []
    for page in (1, 2, 3):
        answer = contacts.get_page(
            page=page,
            select="fullname",
            request_filter=f"lastname eq '{MARK}'",
            order_by="firstname asc",
            annotations="OData.Community.Display.V1.FormattedValue",
        )
        assert answer["@odata.count"] == 7, answer
        assert len(answer["value"]) == (1 if page == 3 else 3), answer
        seen += [row["fullname"] for row in answer["value"]]
    assert seen == [f"{number} {MARK}" for number in range(7)], seen


@step("reads the first few")
def _() -> None:
    answer = contacts.get_top(2, select="fullname", request_filter=f"lastname eq '{MARK}'")
    assert len(answer["value"]) == 2, answer


@step("retrieves, updates and deletes")
def _() -> None:
    key = made["account"]
    assert accounts.retrieve(key, select="name")["name"] == MARK
    row = accounts.update(key, {"telephone1": "555"}, select="telephone1")
    assert row["telephone1"] == "555", row
    assert accounts.delete(key) == 204
    refused = ""
    try:
        accounts.retrieve(key)
    except D365ApiError as error:
        refused = str(error.details)
    assert "0x80040217" in refused, refused


@step("impersonates")
def _() -> None:
    users = get_wrapper("systemusers", **connection)
    [user] = users.get_top(1, select="fullname")["value"]
    acting = get_wrapper("accounts", impersonate=user["systemuserid"], **connection)
    row = acting.create({"name": MARK})
    assert row["_createdby_value"] == user["systemuserid"], row
    assert acting.delete(row["accountid"]) == 204
