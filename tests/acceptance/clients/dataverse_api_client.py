"""PyPI dataverse-api: an entity's schema, records one by one, in batches and by bulk messages."""

from __future__ import annotations

import os

import requests
from dataverse_api import DataverseAPIError, DataverseClient, DataverseEntity
from steps import step

session = requests.Session()
session.headers["Authorization"] = f"Bearer {os.environ['WT_TOKEN']}"
client = DataverseClient(session, os.environ["WT_DATAVERSE_URL"])
MARK = f"dataverse-api {os.getpid()}"
entities: dict[str, DataverseEntity] = {}


@step("learns an entity")
def _() -> None:
    account = entities["account"] = client.entity(logical_name="account")
    assert account.entity_set_name == "accounts"
    assert account.primary_id_attr == "accountid"
    assert account.primary_img_attr == "entityimage", account.primary_img_attr
    assert account.supports_create_multiple
    assert account.supports_update_multiple
    assert "primarycontactid" in str(account.relationships.single_valued)
    assert "contact_customer_accounts" in str(account.relationships.collection_valued)


def rows(text: str, **options):
    return entities["account"].read(
        select=["name", "fax"], filter=f"startswith(name,'{MARK} {text}')", **options
    )


for mode in ("individual", "batch", "multiple"):

    @step(f"creates by {mode}")
    def _(mode=mode) -> None:
        data = [{"name": f"{MARK} {mode} {number}"} for number in range(7)]
        options = {} if mode == "individual" else {"batch_size": 3}
        entities["account"].create(data, mode=mode, **options)
        assert len(rows(mode)) == 7


@step("creates with the representation")
def _() -> None:
    answers = entities["account"].create([{"name": f"{MARK} back"}], return_created=True)
    assert answers[0].json()["name"] == f"{MARK} back"


@step("reads pages, formatted")
def _() -> None:
    answers = rows("batch", page_size=3, return_responses=True)
    assert [len(answer.json()["value"]) for answer in answers] == [3, 3, 1]
    found = entities["account"].read(
        select=["statecode"], top=1, order_by="name", return_formatted_values=True
    )
    assert found[0]["statecode@OData.Community.Display.V1.FormattedValue"] == "Active"


for mode in ("individual", "batch"):

    @step(f"upserts by {mode}")
    def _(mode=mode) -> None:
        found = rows("multiple")
        data = [{"accountid": row["accountid"], "fax": mode} for row in found]
        entities["account"].upsert(data, mode=mode)
        assert {row["fax"] for row in rows("multiple")} == {mode}

    @step(f"clears columns by {mode}")
    def _(mode=mode) -> None:
        ids = [row["accountid"] for row in rows("multiple")]
        entities["account"].delete_columns(["fax"], ids=ids, mode=mode)
        assert {row["fax"] for row in rows("multiple")} == {None}

    @step(f"deletes by {mode}")
    def _(mode=mode) -> None:
        ids = [row["accountid"] for row in rows(mode)]
        entities["account"].delete(ids=ids, mode=mode)
        assert rows(mode) == []


@step("reads errors")
def _() -> None:
    said = ""
    try:
        entities["account"].read(select=["nothing"])
    except DataverseAPIError as error:
        said = str(error)
    assert "Could not find a property named 'nothing'" in said


@step("reads definitions")
def _() -> None:
    assert 1033 in client.get_language_codes()
    found = client.get_entity_definition("account")
    assert found.schema_name == "Account"
    relationship = client.get_relationship_definition("contact_customer_accounts")
    assert relationship is not None
