"""SELECT statements, as the read-only SQL of the Web API takes and refuses them."""

from __future__ import annotations

from typing import Any

from PowerPlatform.Dataverse.core.errors import ValidationError

from sdk_walk.either import MARK, done, refused, settle, walk

TEAM, TASK = "new_walkteam", "new_walktask"
TEAMS = (("ALPHA", "North", 50000, True), ("BETA", "South", 20000, True))
TEAMS += (("GAMMA", "North", 75000, False), ("DELTA", None, 40000, True))
TASKS = (("test it", 3, "ALPHA"), ("ship it", 5, "ALPHA"), ("a = b & c", 8, "BETA"))
JOIN = f"{TEAM} t JOIN {TASK} k ON t.{TEAM}id = k.new_teamid"
FOUND = (
    (f"SELECT new_code FROM {TEAM} WHERE new_budget > 40000 ORDER BY new_code", ["ALPHA", "GAMMA"]),
    (
        f"SELECT new_code FROM {TEAM} WHERE new_active = 1 AND new_budget >= 40000 "
        "ORDER BY new_code",
        ["ALPHA", "DELTA"],
    ),
    (
        f"SELECT new_code FROM {TEAM} WHERE new_code = 'BETA' OR new_code = 'DELTA' "
        "ORDER BY new_code DESC",
        ["DELTA", "BETA"],
    ),
    (f"SELECT new_code FROM {TEAM} WHERE new_code IN ('ALPHA', 'NONE')", ["ALPHA"]),
    (
        f"SELECT new_code FROM {TEAM} WHERE new_code NOT IN ('ALPHA') ORDER BY new_code",
        ["BETA", "DELTA", "GAMMA"],
    ),
    (f"SELECT new_code FROM {TEAM} WHERE new_region IS NULL", ["DELTA"]),
    (
        f"SELECT new_code FROM {TEAM} WHERE new_region IS NOT NULL ORDER BY new_budget",
        ["BETA", "ALPHA", "GAMMA"],
    ),
    (
        f"SELECT new_code FROM {TEAM} WHERE new_budget BETWEEN 20000 AND 40000 ORDER BY new_budget",
        ["BETA", "DELTA"],
    ),
    (
        f"SELECT new_title FROM {TASK} WHERE new_title LIKE '%it' ORDER BY new_hours",
        ["test it", "ship it"],
    ),
    (f"SELECT new_title FROM {TASK} WHERE new_title = 'a = b & c'", ["a = b & c"]),
    (f"SELECT TOP 2 new_code FROM {TEAM} ORDER BY new_budget DESC", ["GAMMA", "ALPHA"]),
    (
        f"SELECT DISTINCT new_region FROM {TEAM} WHERE new_region IS NOT NULL ORDER BY new_region",
        ["North", "South"],
    ),
    (
        f"SELECT DISTINCT TOP 1 new_region FROM {TEAM} WHERE new_region IS NOT NULL "
        "ORDER BY new_region",
        ["North"],
    ),
    (
        f"SELECT k.new_title FROM {JOIN} WHERE t.new_region = 'North' ORDER BY k.new_hours",
        ["test it", "ship it"],
    ),
    (f"SELECT t.new_code AS code FROM {TEAM} AS t WHERE t.new_budget = 20000", ["BETA"]),
    (
        f"SELECT new_title FROM {TASK} ORDER BY new_hours OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY",
        ["ship it"],
    ),
)
REFUSED = (
    "SELECT * FROM account",
    "UPDATE account SET name = 'x'",
    "SELECT name FROM account; DELETE FROM account",
    "SELECT a.name FROM account a CROSS JOIN contact c",
    "SELECT name FROM account UNION SELECT fullname FROM contact",
    "SELECT name FROM account HAVING COUNT(*) > 1",
    "SELECT name FROM account WHERE accountid IN (SELECT parentcustomerid FROM contact)",
)


@walk("answers SELECT with joins, groups, aggregates and pages, alone and in a batch")
async def _(client: Any) -> None:
    tables, records = client.tables, client.records
    team = {
        "new_Code": "string",
        "new_Region": "string",
        "new_Budget": "decimal",
        "new_Active": "bool",
    }
    await settle(tables.create("new_WalkTeam", team))
    await settle(tables.create("new_WalkTask", {"new_Title": "string", "new_Hours": "int"}))
    try:
        await settle(
            tables.create_lookup_field(
                referencing_table=TASK, lookup_field_name="new_TeamId", referenced_table=TEAM
            )
        )
        named = ("new_code", "new_region", "new_budget", "new_active")
        rows = [dict(zip(named, row, strict=True)) for row in TEAMS]
        keys = await settle(records.create("new_WalkTeam", rows))
        ids = dict(zip((row[0] for row in TEAMS), keys, strict=True))
        work = [
            {
                "new_title": title,
                "new_hours": hours,
                "new_TeamId@odata.bind": f"/{TEAM}s({ids[of]})",
            }
            for title, hours, of in TASKS
        ]
        await settle(records.create("new_WalkTask", work))
        for sql, expected in FOUND:
            column = sql.split(" FROM ")[0].split()[-1].split(".")[-1]
            found = await settle(client.query.sql(sql))
            assert [row[column] for row in found] == expected, (sql, found)
            batch = client.batch.new()
            batch.query.sql(sql)
            [answer] = (await done(batch)).responses
            assert [row[column] for row in answer.data["value"]] == expected, (sql, answer.data)
        [totals] = await settle(
            client.query.sql(
                "SELECT COUNT(*) AS n, SUM(new_budget) AS total, AVG(new_budget) AS mean, "
                f"MIN(new_budget) AS least, MAX(new_budget) AS most FROM {TEAM}"
            )
        )
        assert totals.to_dict() == {
            "n": 4,
            "total": 185000,
            "mean": 46250,
            "least": 20000,
            "most": 75000,
        }, totals
        groups = await settle(
            client.query.sql(
                f"SELECT t.new_code, COUNT(k.{TASK}id) AS n, SUM(k.new_hours) AS hours "
                f"FROM {JOIN} GROUP BY t.new_code ORDER BY t.new_code"
            )
        )
        assert [(g["new_code"], g["n"], g["hours"]) for g in groups] == [
            ("ALPHA", 2, 8),
            ("BETA", 1, 8),
        ]
        left = await settle(
            client.query.sql(
                f"SELECT t.new_code, k.new_title FROM {TEAM} t "
                f"LEFT JOIN {TASK} k ON t.{TEAM}id = k.new_teamid ORDER BY t.new_code"
            )
        )
        assert [row["new_code"] for row in left] == ["ALPHA", "ALPHA", "BETA", "DELTA", "GAMMA"]
        frame = await settle(client.dataframe.sql(f"SELECT new_code, new_budget FROM {TEAM}"))
        assert frame["new_budget"].sum() == 185000
    finally:
        await settle(tables.delete("new_WalkTask"))
        await settle(tables.delete("new_WalkTeam"))


@walk("joins the standard tables through owners and the users who made a row")
async def _(client: Any) -> None:
    key = await settle(client.records.create("account", {"name": f"{MARK} owned"}))
    [row] = await settle(
        client.query.sql(
            "SELECT a.name, o.fullname AS owner, c.fullname AS maker FROM account a "
            "INNER JOIN systemuser o ON a.ownerid = o.systemuserid "
            "JOIN systemuser c ON a.createdby = c.systemuserid "
            f"WHERE a.name = '{MARK} owned'"
        )
    )
    assert row["owner"]
    assert row["owner"] == row["maker"]
    nobody = await settle(
        client.query.sql(
            "SELECT a.name FROM account a JOIN team t ON a.ownerid = t.teamid "
            f"WHERE a.name = '{MARK} owned'"
        )
    )
    assert nobody == []
    await settle(client.records.delete("account", key))


@walk("refuses what is not such a SELECT")
async def _(client: Any) -> None:
    for sql in REFUSED:
        await refused(client.query.sql, sql, by=ValidationError)
