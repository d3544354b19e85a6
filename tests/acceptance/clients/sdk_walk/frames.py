"""Data frames of pandas: rows created, read, changed, emptied and deleted."""

from __future__ import annotations

from typing import Any

import pandas as pd
from PowerPlatform.Dataverse.models.filters import col

from sdk_walk.either import MARK, settle, walk


@walk("creates, reads, changes and deletes the rows of a data frame")
async def _(client: Any) -> None:
    frame = pd.DataFrame(
        {
            "name": [f"{MARK} frame {n}" for n in range(3)],
            "fax": ["1", None, "3"],
            "lastonholdtime": [pd.Timestamp("2026-03-01T10:30:00Z"), pd.NaT, pd.NaT],
            "numberofemployees": [5, 6, 7],
        }
    )
    frames = client.dataframe
    frame["accountid"] = await settle(frames.create("account", frame))
    columns = ["name", "fax", "lastonholdtime", "numberofemployees"]
    query = client.query.builder("account").select(*columns)
    query = query.where(col("name").like(f"{MARK} frame%")).order_by("name").page_size(2)
    read = (await settle(query.execute())).to_dataframe()
    assert list(read["fax"].fillna("-")) == ["1", "-", "3"]
    assert list(read["numberofemployees"]) == [5, 6, 7]
    assert read["lastonholdtime"][0] == "2026-03-01T10:30:00Z"
    frame["fax"] = [None, "2", "3"]
    changes = frame[["accountid", "fax"]]
    await settle(frames.update("account", changes, id_column="accountid"))
    sql = f"SELECT fax FROM account WHERE name LIKE '{MARK} frame%' ORDER BY name"
    assert list((await settle(frames.sql(sql)))["fax"]) == ["1", "2", "3"]
    await settle(frames.update("account", changes, id_column="accountid", clear_nulls=True))
    assert list((await settle(frames.sql(sql)))["fax"].fillna("-")) == ["-", "2", "3"]
    same = pd.DataFrame({"accountid": frame["accountid"], "description": MARK})
    await settle(frames.update("account", same, id_column="accountid"))
    await settle(frames.delete("account", frame["accountid"][:1], use_bulk_delete=False))
    assert await settle(frames.delete("account", frame["accountid"][1:]))
    assert (await settle(query.execute())).to_dataframe().empty
