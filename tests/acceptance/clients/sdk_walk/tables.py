"""Tables and columns of every type that the SDK makes."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, ClassVar

from PowerPlatform.Dataverse.core.errors import MetadataError

from sdk_walk.either import refused, settle, walk

TABLE = "new_WalkProject"


class Priority(IntEnum):
    """A choice; the labels are its members' names, in two languages."""

    LOW = 1
    HIGH = 2

    __labels__: ClassVar = {
        1033: {"LOW": "Low", "HIGH": "High"},
        1036: {"LOW": "Bas", "HIGH": "Haut"},
    }


COLUMNS = {
    "new_Code": {"type": "string", "max_length": 12, "required": "ApplicationRequired"},
    "new_Text": "text",
    "new_Notes": {"type": "memo", "max_length": 3000, "display_name": "Remarks"},
    "new_Lines": "multiline",
    "new_Hours": {"type": "int", "min_value": 1, "max_value": 500},
    "new_Whole": "integer",
    "new_Rate": {"type": "decimal", "precision": 4},
    "new_Fee": "money",
    "new_Share": "float",
    "new_Exact": "double",
    "new_Due": "datetime",
    "new_Day": "date",
    "new_Open": "bool",
    "new_Done": "boolean",
    "new_Priority": Priority,
    "new_Plan": "file",
}
TYPES = {
    "new_code": "String",
    "new_text": "String",
    "new_notes": "Memo",
    "new_lines": "Memo",
    "new_hours": "Integer",
    "new_whole": "Integer",
    "new_rate": "Decimal",
    "new_fee": "Decimal",
    "new_share": "Double",
    "new_exact": "Double",
    "new_due": "DateTime",
    "new_day": "DateTime",
    "new_open": "Boolean",
    "new_done": "Boolean",
    "new_priority": "Picklist",
    "new_plan": "Virtual",
}


@walk("makes a table with columns of every type, fills it and deletes it")
async def _(client: Any) -> None:
    tables, records = client.tables, client.records
    made = await settle(
        tables.create(TABLE, COLUMNS, primary_column="new_Title", display_name="Walk project")
    )
    try:
        assert made["entity_set_name"] == "new_walkprojects"
        assert set(made["columns_created"]) >= set(COLUMNS)
        found = await settle(tables.get("new_walkproject"))
        assert found.metadata_id == made.metadata_id
        assert found.primary_name_attribute == "new_title"
        assert found.primary_id_attribute == "new_walkprojectid"
        columns = {c["LogicalName"]: c for c in await settle(tables.list_columns(TABLE))}
        assert {name: columns[name]["AttributeType"] for name in TYPES} == TYPES
        row = {
            "new_title": "First",
            "new_code": "P1",
            "new_hours": 8,
            "new_rate": 99.1234,
            "new_fee": 12.5,
            "new_share": 0.25,
            "new_due": "2026-02-03",
            "new_open": True,
            "new_priority": "HIGH",
        }
        key = await settle(records.create(TABLE, row))
        record = await settle(records.retrieve(TABLE, key))
        stored = row | {"new_priority": 2, "new_due": "2026-02-03T00:00:00Z"}
        assert {name: record[name] for name in row} == stored, record
        assert record["new_done"] is False
        assert record["new_text"] is None
    finally:
        await settle(tables.delete(TABLE))
    assert await settle(tables.get(TABLE)) is None
    await refused(tables.delete, TABLE, by=MetadataError)


@walk("lists tables, all and filtered")
async def _(client: Any) -> None:
    listed = await settle(client.tables.list())
    assert {"account", "contact", "systemuser"} <= {table["LogicalName"] for table in listed}
    one = await settle(
        client.tables.list(
            filter="SchemaName eq 'Account'", select=["LogicalName", "EntitySetName"]
        )
    )
    assert [(t["LogicalName"], t["EntitySetName"]) for t in one] == [("account", "accounts")]
    owned = await settle(
        client.tables.list(
            filter="OwnershipType eq Microsoft.Dynamics.CRM.OwnershipTypes'UserOwned'",
            select=["LogicalName"],
        )
    )
    names = {table["LogicalName"] for table in owned}
    assert "account" in names
    assert "businessunit" not in names


@walk("adds, describes, changes and removes columns")
async def _(client: Any) -> None:
    tables = client.tables
    await settle(tables.create(TABLE, {"new_Code": "string"}))
    try:
        more = {"new_Stage": "string", "new_Score": {"type": "int", "max_value": 10}}
        assert await settle(tables.add_columns(TABLE, more)) == ["new_Stage", "new_Score"]
        await settle(tables.update_column(TABLE, "new_Stage", {"max_length": 15}))
        stage = await settle(tables.get_column(TABLE, "new_Stage", typed=True))
        assert stage["MaxLength"] == 15
        changes = {
            "new_Stage": {"display_name": "Phase", "required": "Recommended"},
            "new_Score": {"min_value": 1, "max_value": 5},
        }
        await settle(tables.update_columns(TABLE, changes))
        typed = {c["LogicalName"]: c for c in await settle(tables.list_columns(TABLE, typed=True))}
        assert (typed["new_score"]["MinValue"], typed["new_score"]["MaxValue"]) == (1, 5)
        assert typed["new_stage"]["MaxLength"] == 15
        plain = await settle(
            tables.get_column(TABLE, "new_stage", select=["DisplayName", "RequiredLevel"])
        )
        assert plain["DisplayName"]["UserLocalizedLabel"]["Label"] == "Phase"
        assert plain["RequiredLevel"]["Value"] == "Recommended"
        whole = await settle(
            tables.list_columns(TABLE, select=["LogicalName"], filter="AttributeType eq 'Integer'")
        )
        assert "new_score" in {column["LogicalName"] for column in whole}
        await refused(client.records.create, TABLE, {"new_score": 6})
        assert await settle(tables.remove_columns(TABLE, "new_Stage")) == ["new_Stage"]
        assert await settle(tables.remove_columns(TABLE, ["new_Score"])) == ["new_Score"]
        assert await settle(tables.get_column(TABLE, "new_Stage")) is None
        await refused(tables.create, TABLE, {}, by=MetadataError)
        await refused(tables.remove_columns, TABLE, "new_Stage", by=MetadataError)
    finally:
        await settle(tables.delete(TABLE))


@walk("puts a table and its relationships into a solution")
async def _(client: Any) -> None:
    publishers = await settle(client.records.list("publisher", select=["publisherid"], top=1))
    publisher = publishers.first()["publisherid"]
    solution = await settle(
        client.records.create(
            "solution",
            {
                "uniquename": "new_Walk",
                "friendlyname": "Walk",
                "version": "1.0.0.0",
                "publisherid@odata.bind": f"/publishers({publisher})",
            },
        )
    )
    await settle(client.tables.create(TABLE, {}, solution="new_Walk"))
    try:
        parts = await settle(
            client.records.list(
                "solutioncomponent",
                filter=f"_solutionid_value eq {solution}",
                select=["componenttype", "objectid"],
            )
        )
        made = await settle(client.tables.get(TABLE))
        assert (1, made.metadata_id) in {(p["componenttype"], p["objectid"]) for p in parts}
        await refused(client.tables.create, "new_WalkNowhere", {}, solution="new_NoSuch")
    finally:
        await settle(client.tables.delete(TABLE))
        await settle(client.records.delete("solution", solution))


@walk("forgets what it remembers of choices")
async def _(client: Any) -> None:
    key = await settle(client.records.create("account", {"accountcategorycode": "Standard"}))
    assert await settle(client.flush_cache("picklist")) >= 1
    assert await settle(client.flush_cache("picklist")) == 0
    await settle(client.records.delete("account", key))
