"""PyPI d365fo-client: metadata synchronisation, labels, queries, records, actions, services."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import tempfile
from collections.abc import Awaitable, Callable

if sqlite3.sqlite_version_info < (3, 43):
    # The client's copy of the metadata needs a newer SQLite than many systems have.
    import pysqlite3

    sys.modules["sqlite3"] = pysqlite3

from d365fo_client import FOClient, FOClientConfig, QueryOptions
from d365fo_client.exceptions import FOClientError
from steps import step

URL = os.environ["WT_FO_HTTP_URL"]
GROUP = {"dataAreaId": "usmf", "CustomerGroupId": f"Z{os.getpid() % 1000}"}
folder = tempfile.TemporaryDirectory()
client = FOClient(FOClientConfig(base_url=URL, metadata_cache_dir=folder.name))
loop = asyncio.new_event_loop()


def does(name: str) -> Callable[[Callable[[], Awaitable[None]]], None]:
    """A step that is a coroutine; all run on one loop, as the client keeps its session."""

    def run(work: Callable[[], Awaitable[None]]) -> None:
        step(name)(lambda: loop.run_until_complete(asyncio.wait_for(work(), 600)))

    return run


async def refused(work: Awaitable[object]) -> FOClientError:
    try:
        await work
    except FOClientError as error:
        return error
    raise AssertionError("was not refused")


@does("connects")
async def _() -> None:
    assert await client.test_connection()
    assert await client.test_metadata_connection()


@does("synchronises the metadata")
async def _() -> None:
    assert await client.download_metadata(force_refresh=True)
    info = await client.get_metadata_info()
    assert info, info


@does("asks for versions and modules")
async def _() -> None:
    assert (await client.get_application_version()).startswith("10.0.")
    assert (await client.get_platform_build_version()).startswith("7.0.")
    assert (await client.get_application_build_version()).count(".") == 3
    modules = await client.get_installed_modules()
    assert any("Name: ApplicationSuite | Version: 10." in line for line in modules), modules


@does("finds entities in its copy")
async def _() -> None:
    found = await client.search_data_entities("cust", use_cache_first=True)
    assert "CustomersV3" in {entity.public_collection_name for entity in found}, found
    entity = await client.get_public_entity_info("CustomerV3", use_cache_first=True)
    assert entity is not None
    assert [p.name for p in entity.properties if p.is_key] == ["dataAreaId", "CustomerAccount"]
    enum = await client.get_public_enumeration_info("NoYes", use_cache_first=True)
    assert enum is not None
    assert [(member.name, member.value) for member in enum.members] == [("No", 0), ("Yes", 1)]
    schema = await client.get_public_entity_schema_by_entityset("SalesOrderHeadersV2")
    assert schema is not None
    assert schema.name == "SalesOrderHeaderV2"


@does("finds entities, enumerations and actions on the server")
async def _() -> None:
    found = await client.search_data_entities(
        "customerv3", entity_category="Master", data_service_enabled=True, use_cache_first=False
    )
    assert [entity.name for entity in found] == ["CustCustomerV3Entity"], found
    public = await client.search_public_entities("salesorder", use_cache_first=False)
    assert "SalesOrderLine" in {entity.name for entity in public}
    enums = await client.search_public_enumerations("noyes", use_cache_first=False)
    assert "NoYes" in {enum.name for enum in enums}
    actions = await client.search_actions(
        "GetApplicationVersion", binding_kind="BoundToEntitySet", use_cache_first=False
    )
    assert [action.entity_set_name for action in actions] == ["DataManagementEntities"], actions
    assert await client.get_data_entity_info("Nobody", use_cache_first=False) is None


@does("resolves labels")
async def _() -> None:
    entity = await client.metadata_api_ops.get_public_entity_info("CustomerV3")
    assert entity is not None
    texts = {p.name: p.label_text for p in entity.properties}
    assert texts["CustomerGroupId"] == "Customer group", texts["CustomerGroupId"]
    assert await client.get_label_text("@SYS5461") == "Yes"
    assert await client.get_label_text("@SYS0nothing") is None


@does("queries")
async def _() -> None:
    options = QueryOptions(
        select=["dataAreaId", "CustomerAccount", "CustomerGroupId"],
        filter="CustomerGroupId eq '10'",
        orderby=["CustomerAccount desc"],
        top=3,
        count=True,
    )
    page = await client.get_entities("CustomersV3", options)
    accounts = [row["CustomerAccount"] for row in page["value"]]
    assert accounts == sorted(accounts, reverse=True)
    assert len(accounts) == 3 < page["@odata.count"]
    other = await client.get_entities("CustomersV3", QueryOptions(filter="dataAreaId eq 'usrt'"))
    assert {row["dataAreaId"] for row in other["value"]} == {"usrt"}
    orders = await client.get_entities(
        "SalesOrderHeadersV2", QueryOptions(expand=["SalesOrderLines"], top=2)
    )
    assert orders["value"][0]["SalesOrderLines"]
    few = await client.get_entities("Currencies", QueryOptions(filter="CurrencyCode eq 'U*'"))
    assert "USD" in {row["CurrencyCode"] for row in few["value"]}


@does("writes records")
async def _() -> None:
    made = await client.create_entity("CustomerGroups", {**GROUP, "Description": "Made"})
    assert made["Description"] == "Made"
    assert (await client.get_entity("CustomerGroups", GROUP))["Description"] == "Made"
    await client.update_entity("CustomerGroups", GROUP, {"Description": "Changed"})
    read = await client.get_entity_by_key("CustomerGroups", GROUP, select=["Description"])
    assert read is not None
    assert read["Description"] == "Changed"
    await client.update_entity("CustomerGroups", GROUP, {"Description": "Put"}, method="PUT")
    assert await client.delete_entity("CustomerGroups", GROUP)
    assert await client.get_entity_by_key("CustomerGroups", GROUP) is None


@does("reads errors with the activity they belong to")
async def _() -> None:
    error = await refused(client.create_entity("CustomerGroups", {"CustomerGroupId": "10"}))
    assert "The record already exists" in str(error)
    assert "CustCustomerGroupEntity" in str(error)
    assert error.activity_id
    gone = await refused(client.update_entity("CustomerGroups", GROUP, {"Description": "x"}))
    assert "No resources were found when selecting for update." in str(gone)


@does("calls actions")
async def _() -> None:
    masters = await client.query_data_management_entities(category_filters=[0])
    assert masters
    names = {row["EntityName"] for row in masters}
    assert "Customers V3" in names, names
    some = await client.query_data_management_entities(category_filters=[1], is_shared_filters=[0])
    assert not names & {row["EntityName"] for row in some}
    error = await refused(client.call_action("nothing", {}, "CustomerGroups"))
    assert "No HTTP resource was found" in str(error)
    wrong = await refused(client.call_action("query", {}, "DataManagementEntities"))
    assert "InvokeAction - Model state is invalid." in str(wrong)


@does("calls package actions of data management")
async def _() -> None:
    schema = await client.get_public_entity_schema_by_entityset("DataManagementDefinitionGroups")
    assert schema is not None
    unknown = await refused(
        client.call_action(
            "GetExecutionSummaryStatus", {"executionId": "none"}, "DataManagementDefinitionGroups"
        )
    )
    assert "executing action GetExecutionSummaryStatus on Entity" in str(unknown)
    url = await client.call_action(
        "GetAzureWriteUrl", {"uniqueFileName": "a"}, "DataManagementDefinitionGroups"
    )
    assert "BlobUrl" in url["value"]


@does("calls a JSON service")
async def _() -> None:
    answer = await client.post_json_service(
        "UserSessionService", "AifUserSessionService", "GetUserSessionInfo"
    )
    assert answer.success, answer.error_message
    assert answer.data["Company"].lower() == "usmf"


loop.run_until_complete(client.close())
loop.close()
folder.cleanup()
