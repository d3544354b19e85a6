"""Records: one, many, upserts by alternate key, annotations, bulk deletion."""

from __future__ import annotations

import asyncio
from typing import Any

from PowerPlatform.Dataverse.models.filters import col
from PowerPlatform.Dataverse.models.upsert import UpsertItem

from sdk_walk.either import AIO, MARK, pages_of, settle, until, walk

FORMATTED = "OData.Community.Display.V1.FormattedValue"


@walk("creates, reads, changes and deletes a record")
async def _(client: Any) -> None:
    records = client.records
    key = await settle(records.create("account", {"name": MARK, "numberofemployees": 7}))
    record = await settle(records.retrieve("account", key, select=["name", "numberofemployees"]))
    assert record.to_dict() | {"accountid": key} == {
        "name": MARK,
        "numberofemployees": 7,
        "accountid": key,
    }, record
    assert (record.id, record.table) == (key, "account")
    assert record.etag.startswith('W/"'), record.etag
    await settle(records.update("account", key, {"name": f"{MARK} b"}))
    assert (await settle(records.retrieve("account", key)))["name"] == f"{MARK} b"
    await settle(records.delete("account", key))
    assert await settle(records.retrieve("account", key)) is None


@walk("formats values and expands lookups when asked to")
async def _(client: Any) -> None:
    records = client.records
    contact = await settle(records.create("contact", {"lastname": MARK}))
    account = await settle(
        records.create(
            "account",
            {
                "name": f"{MARK} formatted",
                "accountcategorycode": "Standard",
                "revenue": 1234.5,
                "primarycontactid@odata.bind": f"/contacts({contact})",
            },
        )
    )
    record = await settle(
        records.retrieve(
            "account",
            account,
            select=["accountcategorycode", "revenue"],
            expand=["primarycontactid"],
            include_annotations="*",
        )
    )
    assert record["accountcategorycode"] == 2
    assert record[f"accountcategorycode@{FORMATTED}"] == "Standard"
    assert "1,234.50" in record[f"revenue@{FORMATTED}"]
    assert record["primarycontactid"]["lastname"] == MARK
    [listed] = await settle(
        records.list(
            "account",
            filter=col("accountid") == account,
            select=["_primarycontactid_value"],
            expand=["primarycontactid"],
            include_annotations=FORMATTED,
            count=True,
        )
    )
    assert listed[f"_primarycontactid_value@{FORMATTED}"] == MARK
    await settle(records.update("account", account, {"accountcategorycode": "Preferred Customer"}))
    changed = await settle(records.retrieve("account", account, select=["accountcategorycode"]))
    assert changed["accountcategorycode"] == 1
    await settle(records.delete("account", [account]))
    await settle(records.delete("contact", contact))


@walk("creates many, lists them page by page, changes and deletes them")
async def _(client: Any) -> None:
    records = client.records
    rows = [{"name": f"{MARK} {n:02}", "numberofemployees": n} for n in range(20)]
    keys = await settle(records.create("account", rows))
    assert len(set(keys)) == 20
    await settle(records.update("account", keys, {"description": f"{MARK} same"}))
    differing = [{"fax": str(n)} for n in range(20)]
    await settle(records.update("account", keys, differing))
    pages = await pages_of(
        records.list_pages(
            "account",
            filter=f"description eq '{MARK} same'",
            select=["name", "fax"],
            orderby=["numberofemployees desc"],
            page_size=8,
        )
    )
    assert [len(page) for page in pages] == [8, 8, 4], pages
    assert [row["fax"] for page in pages for row in page] == [str(n) for n in range(19, -1, -1)]
    top = await settle(
        records.list("account", filter=f"startswith(name,'{MARK} ')", orderby=["name"], top=3)
    )
    assert [row["name"] for row in top] == [f"{MARK} {n:02}" for n in range(3)]
    await settle(records.delete("account", keys[:2], use_bulk_delete=False))
    job = await settle(records.delete("account", keys[2:], use_bulk_delete=True))
    found = await settle(
        records.retrieve("asyncoperation", job, select=["statecode", "statuscode", "operationtype"])
    )
    assert (found["statecode"], found["statuscode"], found["operationtype"]) == (3, 30, 13)
    left = await settle(records.list("account", filter=f"description eq '{MARK} same'"))
    assert len(left) == 0


@walk("upserts by an alternate key of one column and of two, one item and several")
async def _(client: Any) -> None:
    records, tables, table = client.records, client.tables, "new_WalkKeyed"
    columns = {"new_Code": "string", "new_Site": "int", "new_Hours": "int"}
    await settle(tables.create(table, columns))
    try:
        one = await settle(
            tables.create_alternate_key(
                table, "new_WalkCode", ["new_code"], display_name="Code", language_code=1033
            )
        )
        two = await settle(
            tables.create_alternate_key(table, "new_WalkPair", ["new_code", "new_site"])
        )
        assert (one.schema_name, one.key_attributes) == ("new_WalkCode", ["new_code"])

        async def active() -> bool:
            keys = await settle(tables.get_alternate_keys(table))
            return len(keys) == 2 and {key.status for key in keys} == {"Active"}

        await until(active)
        for hours in (1, 2):
            item = UpsertItem(alternate_key={"new_code": "K"}, record={"new_hours": hours})
            await settle(records.upsert(table, [item]))
        pair = {"new_code": "L", "new_site": 3}
        items = [
            UpsertItem(alternate_key={"new_code": "K"}, record={"new_hours": 5}),
            {"alternate_key": pair, "record": {"new_hours": 6}},
        ]
        await settle(records.upsert(table, items[:1]))
        await settle(records.upsert(table, items[1:]))
        await settle(records.upsert(table, [{"alternate_key": pair, "record": {"new_hours": 7}}]))
        rows = await settle(records.list(table, orderby=["new_code"]))
        found = [(row["new_code"], row["new_site"], row["new_hours"]) for row in rows]
        assert found == [("K", None, 5), ("L", 3, 7)], found
        several = [
            UpsertItem(alternate_key={"new_code": code}, record={"new_hours": hours})
            for code, hours in (("K", 8), ("M", 9))
        ]
        await settle(records.upsert(table, several))
        rows = await settle(
            records.list(table, select=["new_code", "new_hours"], orderby=["new_code"])
        )
        assert [(r["new_code"], r["new_hours"]) for r in rows] == [("K", 8), ("L", 7), ("M", 9)]
        for key in (one, two):
            await settle(tables.delete_alternate_key(table, key.metadata_id))
        assert await settle(tables.get_alternate_keys(table)) == []
    finally:
        await settle(tables.delete(table))


@walk("serves several operations at the same time")
async def _(client: Any) -> None:
    def make(number: int) -> Any:
        return client.records.create("account", [{"name": f"{MARK} at once {number}"}] * 5)

    if AIO:
        made = await asyncio.gather(*(make(number) for number in range(4)))
    else:
        made = await asyncio.gather(*(asyncio.to_thread(make, number) for number in range(4)))
    keys = [key for group in made for key in group]
    assert len(set(keys)) == 20
    await settle(client.records.delete("account", keys))
