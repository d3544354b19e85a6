"""Mistakes: which of the SDK's error classes each becomes, what it tells, and what is logged."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from PowerPlatform.Dataverse.core.config import DataverseConfig, OperationContext
from PowerPlatform.Dataverse.core.errors import HttpError, MetadataError, ValidationError
from PowerPlatform.Dataverse.core.log_config import LogConfig
from PowerPlatform.Dataverse.models.upsert import UpsertItem

from sdk_walk.either import AGENT, AIO, MARK, NOBODY, client_of, refused, settle, walk


@walk("raises an HttpError with the service's code and the ids to ask support with")
async def _(client: Any) -> None:
    records = client.records
    cases = (
        (404, "0x80040217", (records.update, "account", NOBODY, {"name": "nobody"})),
        (404, "0x80040217", (records.delete, "account", NOBODY)),
        (400, "0x80048d19", (records.create, "account", {"nothing": "x"})),
        (400, "0x80044331", (records.create, "account", {"name": "x" * 161})),
    )
    for status, code, call in cases:
        error = await refused(*call)
        told = error.to_dict()
        assert (told["status_code"], told["details"]["service_error_code"]) == (status, code), told
        assert (told["subcode"], told["source"]) == (f"http_{status}", "server"), told
        assert not error.is_transient
        for name in ("service_request_id", "correlation_id", "client_request_id"):
            assert told["details"][name], told
    error = await refused(records.list, "account", filter="nothing eq 1")
    assert (error.status_code, error.details["service_error_code"]) == (400, "0x80060888")
    item = UpsertItem(alternate_key={"fax": "1"}, record={"name": "x"})
    assert (await refused(records.upsert, "account", [item])).status_code == 400


@walk("raises errors of its own for tables that are not there and for bad arguments")
async def _(client: Any) -> None:
    unknown = await refused(client.records.create, "no_such_table", {"name": "x"}, by=MetadataError)
    assert "no_such_table" in str(unknown)
    await refused(client.tables.add_columns, "no_such_table", {"new_X": "int"}, by=MetadataError)
    await refused(client.query.sql, "DELETE FROM account", by=ValidationError)
    assert await settle(client.tables.get("no_such_table")) is None


@walk("logs its exchanges without the secrets in them, and names who calls")
async def _(_client: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = DataverseConfig(
            operation_context=OperationContext(AGENT),
            log_config=LogConfig(log_folder=folder, max_body_bytes=2000),
        )
        async with client_of(config) as client:
            key = await settle(client.records.create("account", {"name": MARK}))
            await settle(client.records.delete("account", key))
            await refused(client.records.delete, "account", NOBODY, by=HttpError)
        [log] = Path(folder).glob("*.log")
        text = log.read_text()
    assert MARK in text
    assert f"({AGENT})" in text
    assert "Bearer" not in text
    assert "0x80040217" in text


@walk("refuses to work once it is closed")
async def _(_client: Any) -> None:
    async with client_of() as client:
        assert await settle(client.tables.get("account"))
        await settle(client.aclose() if AIO else client.close())
        await refused(client.records.list, "account", by=RuntimeError)
