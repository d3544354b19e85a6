"""PyPI simple-dyn365 and dynamics365crm-python, through the proxy: two small clients."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from dynamics365crm.client import Client
from simple_dyn365 import Dynamics
from steps import step

ORGANIZATION = os.environ["WT_ORGANIZATION"]
MARK = f"small {os.getpid()}"
KEY = "7b1f6f0e-5d0c-4c1b-9a40-0d2e8c3b5a11"
# It takes the last character of the address away for some requests and not for others, which then
# have two slashes before `api`.
simple = Dynamics(
    client_id=os.environ["WT_CLIENT_ID"],
    client_secret=os.environ["WT_CLIENT_SECRET"],
    crm_org=f"{ORGANIZATION}/",
    tenant_id=os.environ["WT_TENANT_ID"],
)
client = Client(ORGANIZATION, access_token=os.environ["WT_TOKEN"])


@step("simple-dyn365 upserts, gets, queries, updates and deletes")
def _() -> None:
    accounts = simple.accounts
    assert accounts.upsert(KEY, {"name": MARK}) == 204
    assert accounts.get(KEY)["name"] == MARK
    assert accounts.update(KEY, {"name": f"{MARK} b"}) == 204
    found = simple.query(f"accounts?$select=name&$filter=name eq '{MARK} b'")
    assert [row["accountid"] for row in found["value"]] == [KEY], found
    assert len(accounts.query("top=2")["value"]) == 2
    assert accounts.delete(KEY) == 204


@step("simple-dyn365 describes a table, calls a function and keeps files")
def _() -> None:
    assert simple.account.metadata()["EntitySetName"] == "accounts"
    assert simple.restful("WhoAmI", None)["UserId"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "note.txt"
        file.write_bytes(b"windtunnel")
        data = {"subject": MARK, "filename": "note.txt"}
        answer = simple.annotations.upload_base64(str(file), data=data)
    key = answer.headers["OData-EntityId"][-37:-1]
    assert simple.annotations.get_base64(key) == b"windtunnel"


@step("dynamics365crm-python works on contacts, accounts, opportunities and leads")
def _() -> None:
    kinds = (
        ("contact", "contacts", {"lastname": MARK}),
        ("account", "accounts", {"name": MARK}),
        ("opportunity", "opportunities", {"name": MARK}),
        ("lead", "leads", {"lastname": MARK, "subject": MARK}),
    )
    for kind, plural, values in kinds:
        key = getattr(client, f"create_{kind}")(**values)
        field, value = next(iter(values.items()))
        found = getattr(client, f"get_{plural}")(filter=f"{field} eq '{value}'", top="5")
        assert [row[f"{kind}id"] for row in found["value"]] == [key], (kind, found)
        getattr(client, f"update_{kind}")(id=key, description="changed")
        [row] = getattr(client, f"get_{plural}")(filter=f"{kind}id eq {key}")["value"]
        assert row["description"] == "changed", kind
        getattr(client, f"delete_{kind}")(id=key)


@step("dynamics365crm-python says what the service refused")
def _() -> None:
    refusal = ""
    try:
        client.create_account(nothing=1)
    except Exception as error:
        refusal = str(error)
    assert "0x80048d19" in refusal
