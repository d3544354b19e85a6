"""What only the plain client still offers, under names that its next major version drops."""

from __future__ import annotations

from typing import Any

from sdk_walk.either import MARK, done, pages_of, settle, walk


@walk("reads and helps to query by its deprecated names")
async def _(client: Any) -> None:
    records, query = client.records, client.query
    account = records.create("account", {"name": f"{MARK} old"})
    person = records.create(
        "contact", {"lastname": MARK, **query.odata_bind("contact", "account", account)}
    )
    assert records.get("account", account, select=["name"])["name"] == f"{MARK} old"
    expand = query.odata_expand("contact", "account")
    [[row]] = await pages_of(
        records.get("contact", filter=f"contactid eq {person}", expand=[expand], page_size=5)
    )
    assert row[expand]["name"] == f"{MARK} old"
    assert "accountid" in query.odata_select("account")
    frame = client.dataframe.get("account", filter=f"accountid eq {account}", select=["name"])
    assert list(frame["name"]) == [f"{MARK} old"]
    pages = query.builder("account").select("name").page_size(60).execute(by_page=True)
    assert len(await pages_of(pages)) >= 2
    batch = client.batch.new()
    batch.records.get("account", account, select=["name"])
    [answer] = (await done(batch)).responses
    assert answer.data["name"] == f"{MARK} old"
    await settle(records.delete("contact", person))
    await settle(records.delete("account", account))
