"""The models that operations answer with: records, tables, relationships, configuration."""

from __future__ import annotations

from typing import Any

from PowerPlatform.Dataverse.core.config import DataverseConfig
from PowerPlatform.Dataverse.models.filters import FilterExpression
from PowerPlatform.Dataverse.models.record import Record
from PowerPlatform.Dataverse.models.table_info import ColumnInfo, TableInfo

from sdk_walk.either import MARK, client_of, refused, settle, walk


@walk("answers with records that are read like dictionaries")
async def _(client: Any) -> None:
    key = await settle(client.records.create("account", {"name": MARK}))
    record = await settle(client.records.retrieve("account", key, select=["name"]))
    assert isinstance(record, Record)
    assert record.get("name") == MARK
    assert record.get("nothing", 1) == 1
    assert dict(record.items()) == dict(zip(record.keys(), record.values(), strict=True))
    assert "accountid" in record
    await settle(client.records.delete("account", key))


@walk("answers with tables that are read like dictionaries")
async def _(client: Any) -> None:
    info = await settle(client.tables.get("account"))
    assert info.get("table_logical_name") == "account"
    assert dict(info.items()) == dict(zip(info.keys(), info.values(), strict=True))
    assert TableInfo.from_dict(info.to_dict()).entity_set_name == "accounts"
    raw = await settle(client.tables.list(filter="LogicalName eq 'contact'"))
    contact = TableInfo.from_api_response(raw[0])
    assert (contact.entity_set_name, contact.primary_id_attribute) == ("contacts", "contactid")


@walk("leaves it to each kind of filter how it is written")
async def _(_client: Any) -> None:
    await refused(FilterExpression().to_odata, by=NotImplementedError)


@walk("takes the columns and keys that the service describes as its own models")
async def _(client: Any) -> None:
    columns = await settle(client.tables.list_columns("account"))
    told = {column.logical_name: column for column in map(ColumnInfo.from_api_response, columns)}
    assert told["accountid"].type
    assert told["name"].schema_name == "Name"


@walk("works with the settings of its default configuration")
async def _(_client: Any) -> None:
    async with client_of(DataverseConfig.from_env()) as client:
        assert await settle(client.tables.get("account"))
