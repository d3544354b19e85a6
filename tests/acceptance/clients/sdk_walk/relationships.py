"""Relationships of both kinds: made, found, used by rows, obeyed at deletion, deleted."""

from __future__ import annotations

from typing import Any

from PowerPlatform.Dataverse.models.labels import Label, LocalizedLabel
from PowerPlatform.Dataverse.models.relationship import (
    CascadeConfiguration,
    LookupAttributeMetadata,
    ManyToManyRelationshipMetadata,
    OneToManyRelationshipMetadata,
)

from sdk_walk.either import refused, settle, walk

PARENT, CHILD = "new_walkparent", "new_walkchild"


def labelled(text: str) -> Label:
    label = LocalizedLabel(label=text, language_code=1033)
    return Label(localized_labels=[label], user_localized_label=label)


async def family(client: Any, delete: str = "RemoveLink") -> Any:
    """Two tables and a 1:N relationship between them."""
    await settle(client.tables.create("new_WalkParent", {"new_Code": "string"}))
    await settle(client.tables.create("new_WalkChild", {"new_Value": "int"}))
    return await settle(
        client.tables.create_one_to_many_relationship(
            LookupAttributeMetadata(
                schema_name="new_ParentRef",
                display_name=labelled("Parent"),
                description=labelled("The row above"),
                required_level="None",
            ),
            OneToManyRelationshipMetadata(
                schema_name="new_WalkParent_WalkChild",
                referenced_entity=PARENT,
                referencing_entity=CHILD,
                referenced_attribute=f"{PARENT}id",
                cascade_configuration=CascadeConfiguration(delete=delete),
            ),
        )
    )


async def no_family(client: Any) -> None:
    for table in ("new_WalkChild", "new_WalkParent"):
        if await settle(client.tables.get(table)) is not None:
            await settle(client.tables.delete(table))


async def born(client: Any, code: str, count: int) -> tuple[str, list[str]]:
    """A parent and its children."""
    parent = await settle(client.records.create(PARENT, {"new_code": code}))
    bind = {"new_ParentRef@odata.bind": f"/{PARENT}s({parent})"}
    rows = [{"new_value": n, **bind} for n in range(count)]
    return parent, await settle(client.records.create(CHILD, rows))


@walk("makes a 1:N relationship, finds it, queries through it and deletes it")
async def _(client: Any) -> None:
    records, tables = client.records, client.tables
    try:
        made = await family(client)
        assert made.relationship_type == "one_to_many"
        assert made.relationship_schema_name == "new_WalkParent_WalkChild"
        assert (made.referenced_entity, made.referencing_entity) == (PARENT, CHILD)
        assert made.entity1_logical_name is None
        found = await settle(tables.get_relationship("new_WalkParent_WalkChild"))
        assert found.relationship_id == made.relationship_id
        assert found.lookup_schema_name == "new_ParentRef"
        listed = await settle(
            tables.list_relationships(
                filter="SchemaName eq 'new_WalkParent_WalkChild'", select=["SchemaName"]
            )
        )
        assert [r["SchemaName"] for r in listed] == ["new_WalkParent_WalkChild"]
        of_table = await settle(tables.list_table_relationships("new_WalkChild"))
        assert "new_WalkParent_WalkChild" in {r["SchemaName"] for r in of_table}
        some = await settle(
            tables.list_table_relationships(
                "new_WalkChild",
                filter="SchemaName eq 'new_WalkParent_WalkChild'",
                select=["SchemaName", "ReferencedEntity"],
            )
        )
        assert [r["ReferencedEntity"] for r in some] == [PARENT]
        one, kids = await born(client, "one", 2)
        other, more = await born(client, "other", 1)
        children = await settle(
            records.list(
                CHILD,
                filter=f"_new_parentref_value eq {one}",
                expand=["new_ParentRef"],
                orderby=["new_value"],
            )
        )
        assert [c[f"{CHILD}id"] for c in children] == kids
        assert {c["new_ParentRef"]["new_code"] for c in children} == {"one"}
        through = await settle(records.list(CHILD, filter="new_ParentRef/new_code eq 'other'"))
        assert [c[f"{CHILD}id"] for c in through] == more
        moved = {"new_ParentRef@odata.bind": f"/{PARENT}s({other})"}
        await settle(records.update(CHILD, kids[0], moved))
        child = await settle(records.retrieve(CHILD, kids[0], select=["_new_parentref_value"]))
        assert child["_new_parentref_value"] == other
        await settle(records.update(CHILD, kids[0], {"new_ParentRef@odata.bind": None}))
        child = await settle(records.retrieve(CHILD, kids[0]))
        assert child["_new_parentref_value"] is None
        await settle(tables.delete_relationship(made.relationship_id))
        assert await settle(tables.get_relationship("new_WalkParent_WalkChild")) is None
        assert await settle(tables.get_column(CHILD, "new_parentref")) is None
    finally:
        await no_family(client)


@walk("removes links, restricts and cascades when a parent is deleted")
async def _(client: Any) -> None:
    for behaviour in ("RemoveLink", "Restrict", "Cascade"):
        try:
            await family(client, behaviour)
            parent, kids = await born(client, behaviour, 2)
            if behaviour == "Restrict":
                error = await refused(client.records.delete, PARENT, parent)
                assert error.details["service_error_code"] == "0x80040227", error.to_dict()
                await settle(client.records.delete(CHILD, kids, use_bulk_delete=False))
            await settle(client.records.delete(PARENT, parent))
            assert await settle(client.records.retrieve(PARENT, parent)) is None
            left = await settle(client.records.list(CHILD, select=["_new_parentref_value"]))
            expected = [None, None] if behaviour == "RemoveLink" else []
            assert [row["_new_parentref_value"] for row in left] == expected, behaviour
        finally:
            await no_family(client)


@walk("makes an N:N relationship, finds it and deletes it")
async def _(client: Any) -> None:
    tables = client.tables
    try:
        await family(client)
        made = await settle(
            tables.create_many_to_many_relationship(
                ManyToManyRelationshipMetadata(
                    schema_name="new_walkparent_walkchild_nn",
                    entity1_logical_name=PARENT,
                    entity2_logical_name=CHILD,
                    intersect_entity_name="new_walkparent_walkchild_nn",
                )
            )
        )
        assert made.relationship_type == "many_to_many"
        assert (made.entity1_logical_name, made.entity2_logical_name) == (PARENT, CHILD)
        assert made.lookup_schema_name is None
        found = await settle(tables.get_relationship("new_walkparent_walkchild_nn"))
        assert found.relationship_type == "many_to_many"
        assert found.relationship_id == made.relationship_id
        parent, kids = await born(client, "both", 1)
        assert parent
        assert kids
        await settle(tables.delete_relationship(made.relationship_id))
        assert await settle(tables.get_relationship("new_walkparent_walkchild_nn")) is None
        assert await settle(tables.get_relationship("no_such_relationship")) is None
    finally:
        await no_family(client)


@walk("makes a lookup column in one call, to tables of the system and of its own")
async def _(client: Any) -> None:
    tables = client.tables
    try:
        await settle(tables.create("new_WalkParent", {}))
        await settle(tables.create("new_WalkChild", {}))
        to_account = await settle(
            tables.create_lookup_field(
                referencing_table=CHILD,
                lookup_field_name="new_AccountRef",
                referenced_table="account",
                display_name="Account",
                description="Who pays",
                required=True,
                cascade_delete="RemoveLink",
                language_code=1033,
            )
        )
        assert to_account.referenced_entity == "account"
        await settle(
            tables.create_lookup_field(
                referencing_table=CHILD, lookup_field_name="new_Up", referenced_table=PARENT
            )
        )
        column = await settle(tables.get_column(CHILD, "new_AccountRef", typed=True))
        assert column["AttributeType"] == "Lookup"
        assert column["RequiredLevel"]["Value"] == "ApplicationRequired"
        expands = await settle(client.query.odata_expands(CHILD))
        assert {"new_AccountRef", "new_Up"} <= {e["nav_property"] for e in expands}
        await settle(tables.delete_relationship(to_account.relationship_id))
    finally:
        await no_family(client)
