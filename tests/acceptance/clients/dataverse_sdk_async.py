"""Microsoft's SDK for Python, its `aio` client: every namespace, awaited, some of it at once."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pandas as pd
from azure.identity.aio import ClientSecretCredential
from PowerPlatform.Dataverse.aio.async_client import AsyncDataverseClient
from PowerPlatform.Dataverse.core.config import OperationContext
from PowerPlatform.Dataverse.core.errors import HttpError, MetadataError, ValidationError
from PowerPlatform.Dataverse.models.filters import col
from PowerPlatform.Dataverse.models.labels import Label, LocalizedLabel
from PowerPlatform.Dataverse.models.relationship import (
    LookupAttributeMetadata,
    ManyToManyRelationshipMetadata,
    OneToManyRelationshipMetadata,
)
from PowerPlatform.Dataverse.models.upsert import UpsertItem
from steps import step

MARK = f"aio {os.getpid()}"
NOBODY = "00000000-0000-0000-0000-000000000001"
Work = Callable[[AsyncDataverseClient], Awaitable[None]]


async def with_client(work: Work) -> None:
    credential = ClientSecretCredential(
        os.environ["WT_TENANT_ID"],
        os.environ["WT_CLIENT_ID"],
        os.environ["WT_CLIENT_SECRET"],
        authority=os.environ["WT_AUTHORITY_URL"],
        disable_instance_discovery=True,
    )
    context = OperationContext("app=windtunnel/1.0")
    async with (
        credential,
        AsyncDataverseClient(os.environ["WT_DATAVERSE_URL"], credential, context=context) as client,
    ):
        await work(client)


def async_step(name: str) -> Callable[[Work], None]:
    """A step whose work is awaited with a client of its own."""

    def run(work: Work) -> None:
        step(name)(lambda: asyncio.run(with_client(work)))

    return run


async def refused(answer: Awaitable[Any], kind: type[Exception] = HttpError) -> Any:
    try:
        await answer
    except kind as error:
        return error
    raise AssertionError("it was not refused")


@async_step("creates, reads, changes and deletes a record")
async def _(client: AsyncDataverseClient) -> None:
    key = await client.records.create("account", {"name": MARK, "numberofemployees": 7})
    record = await client.records.retrieve("account", key, select=["name", "numberofemployees"])
    assert (record["name"], record["numberofemployees"]) == (MARK, 7), record
    await client.records.update("account", key, {"name": f"{MARK} b"})
    assert (await client.records.retrieve("account", key))["name"] == f"{MARK} b"
    await client.records.delete("account", key)
    assert await client.records.retrieve("account", key) is None


@async_step("creates many at once, in parallel, and deletes them in bulk")
async def _(client: AsyncDataverseClient) -> None:
    made = await asyncio.gather(
        *(
            client.records.create("account", [{"name": f"{MARK} {n}.{m}"} for m in range(5)])
            for n in range(4)
        )
    )
    keys = [key for group in made for key in group]
    assert len(set(keys)) == 20
    await client.records.update("account", keys, {"description": "changed"})
    pages = [
        page
        async for page in client.records.list_pages(
            "account", filter="description eq 'changed'", select=["name"], page_size=8
        )
    ]
    assert [len(page) for page in pages] == [8, 8, 4], pages
    job = await client.records.delete("account", keys, use_bulk_delete=True)
    assert job
    left = await client.records.list("account", filter="description eq 'changed'")
    assert not list(left)


@async_step("queries by the builder, FetchXML and SQL")
async def _(client: AsyncDataverseClient) -> None:
    query = client.query.builder("account").select("accountid", "name", "revenue")
    found = list(
        await query.where(col("revenue") > 0).order_by("revenue", descending=True).top(5).execute()
    )
    assert [row["revenue"] for row in found] == sorted((r["revenue"] for r in found), reverse=True)
    [again] = list(
        await client.query.builder("account")
        .select("name")
        .where(col("accountid") == found[0]["accountid"])
        .execute()
    )
    assert again["name"] == found[0]["name"]
    xml = (
        '<fetch count="60"><entity name="contact"><attribute name="contactid"/>'
        '<order attribute="contactid"/></entity></fetch>'
    )
    keys = [
        row["contactid"]
        async for page in client.query.fetchxml(xml).execute_pages()
        for row in page
    ]
    assert len(keys) == len(set(keys)) >= 200
    rows = await client.query.sql("SELECT TOP 3 name, accountid FROM account ORDER BY name")
    assert len(rows) == 3
    assert {"name", "accountid"} <= set(rows[0].keys())
    columns = await client.query.sql_columns("account")
    assert "name" in {column["name"] for column in columns}, columns[:2]
    expands = await client.query.odata_expands("contact")
    assert "parentcustomerid_account" in {expand["nav_property"] for expand in expands}


@async_step("writes and reads data frames")
async def _(client: AsyncDataverseClient) -> None:
    frame = pd.DataFrame([{"name": f"{MARK} frame {n}", "fax": None} for n in range(3)])
    frame["accountid"] = await client.dataframe.create("account", frame)
    frame["fax"] = ["1", None, "3"]
    await client.dataframe.update("account", frame[["accountid", "fax"]], id_column="accountid")
    read = await client.dataframe.sql(
        f"SELECT name, fax FROM account WHERE name LIKE '{MARK} frame%' ORDER BY name"
    )
    assert list(read["fax"].fillna("-")) == ["1", "-", "3"], read
    await client.dataframe.delete("account", frame["accountid"])


@async_step("sends batches with change sets")
async def _(client: AsyncDataverseClient) -> None:
    account = await client.records.create("account", {"name": f"{MARK} batch"})
    batch = client.batch.new()
    batch.records.retrieve("account", account, select=["name"])
    batch.tables.get("account")
    batch.query.sql("SELECT TOP 1 name FROM account")
    async with batch.changeset() as changes:
        contact = changes.records.create("contact", {"lastname": MARK})
        changes.records.update("account", account, {"primarycontactid@odata.bind": contact})
    result = await batch.execute()
    assert not result.has_errors, result.failed
    record = await client.records.retrieve("account", account, expand=["primarycontactid"])
    assert record["primarycontactid"]["lastname"] == MARK
    broken = client.batch.new()
    async with broken.changeset() as changes:
        changes.records.create("account", {"name": f"{MARK} half"})
        changes.records.delete("account", NOBODY)
    broken.records.retrieve("account", account, select=["name"])
    result = await broken.execute(continue_on_error=True)
    assert [item.is_success for item in result.responses] == [False, True], result.responses
    assert not list(await client.records.list("account", filter=f"name eq '{MARK} half'"))


def labelled(text: str) -> Label:
    return Label(localized_labels=[LocalizedLabel(label=text, language_code=1033)])


@async_step("makes tables, columns, relationships and keys, and sends files")
async def _(client: AsyncDataverseClient) -> None:
    table = "new_AioProject"
    info = await client.tables.create(table, {"new_Code": "string", "new_Plan": "file"})
    assert info["entity_set_name"] == "new_aioprojects"
    try:
        await refused(client.tables.create(table, {}), MetadataError)
        await client.tables.add_columns(table, {"new_Hours": "int"})
        hours = await client.tables.get_column(table, "new_Hours", typed=True)
        assert hours["AttributeType"] == "Integer"
        one = await client.tables.create_one_to_many_relationship(
            LookupAttributeMetadata(schema_name="new_AioAccountId", display_name=labelled("A")),
            OneToManyRelationshipMetadata(
                schema_name="new_account_aioprojects",
                referenced_entity="account",
                referencing_entity="new_aioproject",
                referenced_attribute="accountid",
            ),
        )
        many = await client.tables.create_many_to_many_relationship(
            ManyToManyRelationshipMetadata(
                schema_name="new_contacts_aioprojects",
                entity1_logical_name="contact",
                entity2_logical_name="new_aioproject",
            )
        )
        names = {r["SchemaName"] for r in await client.tables.list_table_relationships(table)}
        assert {"new_account_aioprojects", "new_contacts_aioprojects"} <= names
        key = await client.tables.create_alternate_key(table, "new_AioCodeKey", ["new_code"])
        for _try in range(100):
            [stated] = await client.tables.get_alternate_keys(table)
            if stated.status == "Active":
                break
            await asyncio.sleep(0.1)
        item = UpsertItem(alternate_key={"new_code": "K"}, record={"new_hours": 1})
        await client.records.upsert(table, [item])
        more = [
            UpsertItem(alternate_key={"new_code": code}, record={"new_hours": 2}) for code in "KL"
        ]
        await client.records.upsert(table, more)
        rows = list(await client.records.list(table, orderby=["new_code"]))
        assert [(row["new_code"], row["new_hours"]) for row in rows] == [("K", 2), ("L", 2)]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "plan.txt"
            file.write_bytes(b"windtunnel " * 500_000)
            record = rows[0]["new_aioprojectid"]
            await client.files.upload(table, record, "new_plan", str(file), mode="chunk")
        row = await client.records.retrieve(table, record, select=["new_plan_name"])
        assert row["new_plan_name"] == "plan.txt"
        await client.tables.delete_alternate_key(table, key.metadata_id)
        for relationship in (one, many):
            await client.tables.delete_relationship(relationship.relationship_id)
        await client.tables.remove_columns(table, ["new_Hours"])
    finally:
        await client.tables.delete(table)
    assert await client.tables.get(table) is None


@async_step("raises the SDK's own errors")
async def _(client: AsyncDataverseClient) -> None:
    missing = await refused(client.records.update("account", NOBODY, {"name": "nobody"}))
    assert (missing.status_code, missing.subcode) == (404, "http_404"), missing.to_dict()
    assert missing.details["service_error_code"] == "0x80040217"
    assert missing.details["service_request_id"]
    assert missing.details["correlation_id"]
    assert missing.details["client_request_id"]
    unknown = await refused(client.records.list("no_such_table"), MetadataError)
    assert "no_such_table" in str(unknown)
    await refused(client.query.sql("SELECT * FROM account"), ValidationError)
    xml = '<fetch><entity name="account"><x/></entity></fetch>'
    assert (await refused(client.query.fetchxml(xml).execute())).status_code == 400
