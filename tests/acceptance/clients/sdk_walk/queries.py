"""The query builder's other clauses, the shortcuts, and what helps to write a query."""

from __future__ import annotations

from typing import Any

from PowerPlatform.Dataverse.models.filters import col, raw
from PowerPlatform.Dataverse.models.query_builder import ExpandOption

from sdk_walk.either import AIO, MARK, pages_of, settle, walk

FORMATTED = "OData.Community.Display.V1.FormattedValue"


@walk("selects, orders, takes the top, and pages")
async def _(client: Any) -> None:
    def query() -> Any:
        return client.query.builder("account").select("name", "revenue").where(col("revenue") > 0)

    found = await settle(query().order_by("revenue", descending=True).top(5).execute())
    revenues = [row["revenue"] for row in found]
    assert len(found) == 5
    assert revenues == sorted(revenues, reverse=True)
    assert found.first()["revenue"] == revenues[0]
    assert len(found[1:3]) == 2
    pages = await pages_of(
        query().order_by("name").order_by("revenue").page_size(40).execute_pages()
    )
    assert len(pages) >= 2
    assert {len(page) for page in pages[:-1]} == {40}
    all_of_them = await settle(query().execute())
    assert sum(len(page) for page in pages) == len(all_of_them)
    counted = query().count().top(1)
    assert counted.build()["count"] is True
    assert len(await settle(counted.execute())) == 1


@walk("formats values, asks for annotations, and expands with options")
async def _(client: Any) -> None:
    records = client.records
    account = await settle(records.create("account", {"name": f"{MARK} expanded"}))
    bind = {"parentcustomerid_account@odata.bind": f"/accounts({account})"}
    people = await settle(
        records.create("contact", [{"lastname": f"{MARK} {n}", **bind} for n in range(4)])
    )
    await settle(
        records.create(
            "task",
            {"subject": MARK, "regardingobjectid_account@odata.bind": f"/accounts({account})"},
        )
    )
    option = ExpandOption("contact_customer_accounts").select("lastname")
    option = option.filter(f"lastname ne '{MARK} 0'").order_by("lastname", descending=True).top(2)
    query = client.query.builder("account").select("name", "statecode")
    query = query.where(col("accountid") == account).include_formatted_values()
    [row] = await settle(query.expand(option, "Account_Tasks").execute())
    assert row[f"statecode@{FORMATTED}"] == "Active"
    assert [p["lastname"] for p in row["contact_customer_accounts"]] == [f"{MARK} 3", f"{MARK} 2"]
    assert [task["subject"] for task in row["Account_Tasks"]] == [MARK]
    query = client.query.builder("contact").select("lastname", "_parentcustomerid_value")
    query = query.where(raw(f"_parentcustomerid_value eq {account}")).include_annotations("*")
    for person in await settle(query.execute()):
        assert (
            person["_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "account"
        )
    frame = (await settle(query.execute())).to_dataframe()
    assert sorted(frame["lastname"]) == [f"{MARK} {n}" for n in range(4)]
    if not AIO:
        assert len(client.query.builder("contact").select("lastname").top(2).to_dataframe()) == 2
    await settle(records.delete("contact", people))
    await settle(records.delete("account", account))


@walk("tells the columns and the lookups of a table")
async def _(client: Any) -> None:
    columns = {c["name"]: c for c in await settle(client.query.sql_columns("account"))}
    assert columns["accountid"]["is_pk"]
    assert columns["name"]["is_name"]
    assert columns["name"]["label"] == "Account Name"
    assert columns["ownerid"]["type"] == "Owner"
    assert "revenue_base" not in columns
    everything = await settle(client.query.sql_columns("account", include_system=True))
    assert "revenue_base" in {column["name"] for column in everything}
    expands = await settle(client.query.odata_expands("contact"))
    [parent] = [e for e in expands if e["nav_property"] == "parentcustomerid_account"]
    assert parent["target_entity_set"] == "accounts"
    assert parent["lookup_attribute"] == "parentcustomerid"
