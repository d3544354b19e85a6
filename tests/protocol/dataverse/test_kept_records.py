"""A record that was read, then changed, reads as one that nobody had read before."""

from __future__ import annotations

import random

import pytest

ENTITY_SETS = (
    "accounts",
    "contacts",
    "leads",
    "opportunities",
    "products",
    "quotes",
    "tasks",
    "transactioncurrencies",
)


def both(dataverse, path: str, headers: dict[str, str]):
    """What is answered from what was kept, and what is answered when nothing was."""
    kept = dataverse.ask("GET", path, **headers)
    for served in dataverse.house.dataverse.tables.by_name.values():
        served.records.encoded.clear()
    fresh = dataverse.ask("GET", path, **headers)
    assert kept.headers["etag"] == fresh.headers["etag"]
    return kept, fresh


def value_for(column, chance: random.Random):
    if column.options:
        return chance.choice([option.value for option in column.options])
    if column.edm == "Edm.String":
        return "é" * chance.randint(0, min(column.max_length or 9, 9))
    if column.edm in {"Edm.Int32", "Edm.Int64"}:
        return chance.randint(int(column.minimum or 0), int(min(column.maximum or 9, 10**6)))
    if column.edm in {"Edm.Decimal", "Edm.Double"}:
        return chance.choice([0, 1, -0.0, 2.25, 7])
    if column.edm == "Edm.Boolean":
        return chance.random() < 0.5
    if column.edm == "Edm.DateTimeOffset":
        return "2026-02-03T04:05:06+01:00"
    return "2026-02-03" if column.edm == "Edm.Date" else None


@pytest.mark.parametrize("entity_set", ENTITY_SETS)
def test_every_column_that_is_written_shows_in_what_was_kept(dataverse, entity_set):
    served = dataverse.house.dataverse.tables.by_set[entity_set]
    chance = random.Random(entity_set)
    row = dataverse.ask("GET", f"{entity_set}?$top=1").json["value"]
    if row:
        key = row[0][served.primary_id]
    else:
        key = dataverse.create(entity_set, **{served.definition.primary_name: "One"})
    paths = (
        f"{entity_set}({key})",
        f"{entity_set}({key})?$select={served.definition.primary_name}",
    )
    states = {"statecode", "statuscode"}
    written = 0
    for name, column in served.definition.columns.items():
        if name not in served.writable or name == served.primary_id or name in states:
            continue
        for path in paths:
            assert dataverse.ask("GET", path).status == 200
        for value in (value_for(column, chance), None):
            if dataverse.ask("PATCH", paths[0], {name: value}, if_match="*").status == 204:
                written += 1
                for path in paths:
                    kept, fresh = both(dataverse, path, {})
                    assert kept.body == fresh.body, name
                    dataverse.ask("GET", path)
    assert written > 10


def test_what_a_failed_change_set_wrote_shows_nowhere(dataverse):
    key = dataverse.create("accounts", name="Before")
    path = f"accounts({key})"
    before = dataverse.ask("GET", path).body
    part = (
        "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: "
    )
    lines = "Content-Type: application/json\r\n\r\n"
    body = (
        "--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n"
        f'{part}1\r\n\r\nPATCH /api/data/v9.2/{path} HTTP/1.1\r\n{lines}{{"name":"After"}}\r\n'
        f'{part}2\r\n\r\nPATCH /api/data/v9.2/{path} HTTP/1.1\r\n{lines}{{"nothing":1}}\r\n'
        "--c--\r\n--b--\r\n"
    )
    answer = dataverse.ask(
        "POST", "$batch", body.encode(), content_type="multipart/mixed;boundary=b"
    )
    assert answer.status == 400
    kept, fresh = both(dataverse, path, {})
    assert kept.body == fresh.body == before


def test_two_changes_between_two_reads_both_show(dataverse):
    key = dataverse.create("accounts", name="One", revenue=1)
    path = f"accounts({key})"
    dataverse.ask("GET", path)
    dataverse.ask("PATCH", path, {"name": "Two", "revenue": 5.5})
    dataverse.ask("PATCH", path, {"name": "Three"})
    kept, fresh = both(dataverse, path, {})
    assert kept.body == fresh.body
    assert (kept.json["name"], kept.json["revenue"]) == ("Three", 5.5)
    assert dataverse.ask("GET", path, if_none_match=kept.headers["etag"]).status == 304
