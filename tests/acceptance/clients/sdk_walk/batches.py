"""Batches: every operation of every namespace, change sets, references by content id, errors."""

from __future__ import annotations

from typing import Any

import pandas as pd
from PowerPlatform.Dataverse.models.filters import col
from PowerPlatform.Dataverse.models.relationship import (
    LookupAttributeMetadata,
    ManyToManyRelationshipMetadata,
    OneToManyRelationshipMetadata,
)
from PowerPlatform.Dataverse.models.upsert import UpsertItem

from sdk_walk.either import MARK, NOBODY, change_set, done, settle, until, walk
from sdk_walk.relationships import labelled

TABLE = "new_WalkBatched"
FORMATTED = "OData.Community.Display.V1.FormattedValue"


@walk("creates, reads, lists, changes and deletes records in a batch")
async def _(client: Any) -> None:
    batch = client.batch.new()
    batch.records.create("account", {"name": f"{MARK} batch 0"})
    batch.records.create("account", [{"name": f"{MARK} batch {n}"} for n in (1, 2)])
    made = await done(batch)
    [first] = made.entity_ids
    keys = [first, *made.responses[1].data["Ids"]]
    batch = client.batch.new()
    batch.records.update("account", first, {"fax": "1"})
    batch.records.update("account", keys[1:], {"fax": "2"})
    batch.records.update("account", keys[1:], [{"telephone1": "a"}, {"telephone1": "b"}])
    await done(batch)
    batch = client.batch.new()
    batch.records.retrieve("account", first, select=["fax"], expand=["primarycontactid"])
    batch.records.list(
        "account",
        filter=col("accountid").in_(keys),
        select=["name", "telephone1", "statecode"],
        orderby=["name"],
        count=True,
        page_size=2,
        include_annotations=FORMATTED,
    )
    batch.records.list("account", filter=f"accountid eq {first}", expand=["ownerid"], top=1)
    batch.query.sql(f"SELECT fax FROM account WHERE accountid = '{first}'")
    one, page, expanded, rows = (await done(batch)).responses
    assert (one.data["fax"], one.data["primarycontactid"]) == ("1", None)
    assert page.data["@odata.count"] == 3
    assert len(page.data["value"]) == 2
    assert page.data["value"][0][f"statecode@{FORMATTED}"] == "Active"
    assert expanded.data["value"][0]["ownerid"]["ownerid"]
    assert rows.data["value"] == [{"fax": "1"}] or rows.data["value"][0]["fax"] == "1"
    batch = client.batch.new()
    batch.records.delete("account", first)
    batch.records.delete("account", keys[1:2], use_bulk_delete=False)
    batch.records.delete("account", keys[2:], use_bulk_delete=True)
    await done(batch)
    assert not await settle(client.records.list("account", filter=col("accountid").in_(keys)))


@walk("makes tables, columns, keys' upserts and relationships in batches")
async def _(client: Any) -> None:
    tables = client.tables
    batch = client.batch.new()
    batch.tables.create(TABLE, {"new_Code": "string"}, primary_column="new_Title")
    batch.tables.get("account")
    batch.tables.list(filter="SchemaName eq 'Account'", select=["LogicalName"])
    answers = (await done(batch)).responses
    assert [t["EntitySetName"] for t in answers[1].data["value"]] == ["accounts"]
    assert [t["LogicalName"] for t in answers[2].data["value"]] == ["account"]
    try:
        batch = client.batch.new()
        batch.tables.add_columns(TABLE, {"new_Hours": "int", "new_Text": "memo"})
        batch.tables.create_lookup_field(
            referencing_table="new_walkbatched",
            lookup_field_name="new_ByCall",
            referenced_table="contact",
            display_name="By call",
        )
        batch.tables.create_one_to_many_relationship(
            LookupAttributeMetadata(schema_name="new_AccountRef", display_name=labelled("A")),
            OneToManyRelationshipMetadata(
                schema_name="new_account_walkbatched",
                referenced_entity="account",
                referencing_entity="new_walkbatched",
                referenced_attribute="accountid",
            ),
        )
        batch.tables.create_many_to_many_relationship(
            ManyToManyRelationshipMetadata(
                schema_name="new_contacts_walkbatched",
                entity1_logical_name="contact",
                entity2_logical_name="new_walkbatched",
            )
        )
        await done(batch)
        batch = client.batch.new()
        batch.tables.get_relationship("new_account_walkbatched")
        [found] = (await done(batch)).responses
        known = await settle(tables.get_relationship("new_account_walkbatched"))
        [row] = found.data.get("value", [found.data])
        assert row["MetadataId"] == known.relationship_id
        await settle(tables.create_alternate_key(TABLE, "new_WalkBatchKey", ["new_code"]))

        async def active() -> bool:
            [key] = await settle(tables.get_alternate_keys(TABLE))
            return bool(key.status == "Active")

        await until(active)
        batch = client.batch.new()
        batch.records.upsert(TABLE, [UpsertItem({"new_code": "K"}, {"new_hours": 1})])
        await done(batch)
        batch = client.batch.new()
        batch.records.upsert(
            TABLE, [UpsertItem({"new_code": code}, {"new_hours": 2}) for code in "KL"]
        )
        await done(batch)
        rows = await settle(client.records.list(TABLE, orderby=["new_code"]))
        assert [(row["new_code"], row["new_hours"]) for row in rows] == [("K", 2), ("L", 2)]
        batch = client.batch.new()
        batch.tables.delete_relationship(known.relationship_id)
        batch.tables.remove_columns(TABLE, ["new_Hours", "new_Text"])
        await done(batch)
    finally:
        batch = client.batch.new()
        batch.tables.delete(TABLE)
        await done(batch)
    assert await settle(tables.get(TABLE)) is None


@walk("creates, changes and deletes the rows of data frames in a batch")
async def _(client: Any) -> None:
    batch = client.batch.new()
    batch.dataframe.create("account", pd.DataFrame({"name": [f"{MARK} df 1", f"{MARK} df 2"]}))
    [made] = (await done(batch)).responses
    frame = pd.DataFrame({"accountid": made.data["Ids"], "fax": ["1", None]})
    batch = client.batch.new()
    batch.dataframe.update("account", frame, id_column="accountid", clear_nulls=True)
    await done(batch)
    for key, fax in zip(frame["accountid"], ("1", None), strict=True):
        assert (await settle(client.records.retrieve("account", key)))["fax"] == fax
    batch = client.batch.new()
    batch.dataframe.delete("account", frame["accountid"], use_bulk_delete=False)
    await done(batch)


@walk("keeps a change set together and refers to its parts by content id")
async def _(client: Any) -> None:
    batch = client.batch.new()
    async with change_set(batch) as changes:
        account = changes.records.create("account", {"name": f"{MARK} by id"})
        contact = changes.records.create(
            "contact", {"lastname": MARK, "parentcustomerid_account@odata.bind": account}
        )
        changes.records.update("account", account, {"primarycontactid@odata.bind": contact})
        changes.records.create("contact", {"lastname": f"{MARK} second"})
    async with change_set(batch) as changes:
        gone = changes.records.create("account", {"name": f"{MARK} gone"})
        changes.records.delete("account", gone)
    result = await done(batch)
    assert {answer.content_id for answer in result.succeeded} >= {"1", "2", "3"}
    account, contact, *_more = result.entity_ids
    record = await settle(client.records.retrieve("account", account, expand=["primarycontactid"]))
    assert record["primarycontactid"]["contactid"] == contact
    assert not await settle(client.records.list("account", filter=f"name eq '{MARK} gone'"))
    async with change_set(batch := client.batch.new()) as changes:
        changes.records.delete("contact", contact)
        changes.records.delete("account", account)
    await done(batch)


@walk("leaves no trace of a change set that failed, and goes on when told to")
async def _(client: Any) -> None:
    kept = await settle(client.records.create("account", {"name": f"{MARK} kept"}))

    async def broken() -> Any:
        batch = client.batch.new()
        async with change_set(batch) as changes:
            changes.records.create("account", {"name": f"{MARK} half"})
            changes.records.delete("account", NOBODY)
        batch.records.retrieve("account", kept, select=["name"])
        return batch

    result = await settle((await broken()).execute(continue_on_error=True))
    assert [answer.is_success for answer in result.responses] == [False, True], result.responses
    [failed] = result.failed
    assert (failed.status_code, failed.error_code) == (404, "0x80040217"), failed
    assert "Does Not Exist" in failed.error_message
    result = await settle((await broken()).execute())
    assert result.has_errors
    assert not result.succeeded
    assert not await settle(client.records.list("account", filter=f"name eq '{MARK} half'"))
    await settle(client.records.delete("account", kept))
