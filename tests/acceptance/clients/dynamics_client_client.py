"""PyPI dynamics-client: its own sign-in, queries, writes, FetchXML, functions, errors."""

from __future__ import annotations

import os

from dynamics import DynamicsClient, ftr
from dynamics.exceptions import DynamicsException
from steps import step

MARK = f"dynamics-client {os.getpid()}"
made: dict[str, str] = {}
client = DynamicsClient(
    api_url=f"{os.environ['WT_DATAVERSE_URL']}/api/data/v9.2",
    token_url=f"{os.environ['WT_AUTHORITY_URL']}/{os.environ['WT_TENANT_ID']}/oauth2/v2.0/token",
    client_id=os.environ["WT_CLIENT_ID"],
    client_secret=os.environ["WT_CLIENT_SECRET"],
    scope=f"{os.environ['WT_DATAVERSE_URL']}/.default",
    cache_token=False,
)


@step("creates")
def _() -> None:
    client.reset_query()
    client.table = "accounts"
    client.select = ["name", "accountid"]
    answer = client.post({"name": MARK})
    made["account"] = answer.data["accountid"]
    client.reset_query()
    client.table = "contacts"
    client.select = ["contactid"]
    bound = {"parentcustomerid_account@odata.bind": f"/accounts({made['account']})"}
    made["contact"] = client.post({"lastname": MARK, **bound}).data["contactid"]


@step("queries with filter, expand, order and count")
def _() -> None:
    client.reset_query()
    client.table = "accounts"
    client.select = ["name"]
    client.filter = [ftr.startswith("name", MARK), ftr.eq("statecode", 0)]
    client.expand = {"contact_customer_accounts": {"select": ["lastname"]}}
    client.order_by = {"name": "asc"}
    client.count = True
    client.show_annotations = True
    answer = client.get()
    assert answer.count == 1, answer
    row = answer.data[0]
    assert row["name"] == MARK
    assert row["contact_customer_accounts"][0]["lastname"] == MARK


@step("pages")
def _() -> None:
    client.reset_query()
    client.table = "accounts"
    client.select = ["name"]
    client.pagesize = 5
    answer = client.get(pagination_rules={"pages": -1})
    assert len(answer.data) > 5
    assert len({row["accountid"] for row in answer.data}) == len(answer.data)
    client.pagesize = 5000


@step("updates and reads one")
def _() -> None:
    client.reset_query()
    client.table = "accounts"
    client.row_id = made["account"]
    client.select = ["fax"]
    assert client.patch({"fax": "1"}).data["fax"] == "1"
    assert "'fax': '1'" in str(client.get().data)


@step("fetches by FetchXML")
def _() -> None:
    client.reset_query()
    client.table = "accounts"
    client.fetch_xml = (
        '<fetch><entity name="account"><attribute name="name"/><filter>'
        f'<condition attribute="name" operator="eq" value="{MARK}"/></filter></entity></fetch>'
    )
    assert [row["name"] for row in client.get().data] == [MARK]


@step("calls functions")
def _() -> None:
    client.reset_query()
    assert client.functions.whoami()


@step("reads errors")
def _() -> None:
    said = None
    client.reset_query()
    client.table = "accounts"
    client.row_id = "8b0f5f3c-0000-4000-8000-0000000000ff"
    try:
        client.get()
    except DynamicsException as error:
        said = error
    assert said is not None
    assert "Does Not Exist" in str(said), said


@step("deletes")
def _() -> None:
    for table, key in (("contacts", made["contact"]), ("accounts", made["account"])):
        client.reset_query()
        client.table = table
        client.row_id = key
        client.delete()
