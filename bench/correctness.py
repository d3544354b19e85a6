"""Asks each server the same things before it is measured: a fast wrong answer is worth nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bench.dataset import (
    COLUMNS,
    KEY,
    POSTED,
    SELECTED,
    Record,
    keys_asked,
    list_answer,
    lists_asked,
    patches,
    posts,
)
from bench.driver import BenchFailed
from bench.process import exchange
from bench.server import GET, LIST, PATCH, POST, Server

KEYS_CHECKED = 20
LISTS_CHECKED = 40
_EDM = {column.name: column.edm for column in COLUMNS}


def check(name: str, server: Server, rows: Sequence[Record]) -> None:
    """GET, LIST, PATCH and POST against what the data set says.

    Raises BenchFailed with the request, what was expected and what came. Leaves the records as
    they were, and one more.
    """
    by_key = {row[KEY]: row for row in rows}
    keys = keys_asked(rows)[:KEYS_CHECKED]
    for key in keys:
        _expect_record(name, server, key, by_key[key])
    for group, above in lists_asked()[:LISTS_CHECKED]:
        path = server.list_path(group, above)
        lines = _ask(name, server, GET, path, 200)["value"]
        _expect(name, LIST, path, list_answer(rows, group, above), [_key(line) for line in lines])
        for line in lines[:3]:
            row = by_key[_key(line)]
            wanted = {column: _plain(column, row[column]) for column in SELECTED}
            _expect(name, LIST, path, wanted, {c: _plain(c, line.get(c)) for c in SELECTED})
    key, change = keys[0], next(patches(1))
    before = {column: by_key[key][column] for column in change}
    for body in (change, before):
        _ask(name, server, PATCH, server.record_path(key), server.statuses[PATCH], body)
        _expect_record(name, server, key, {**by_key[key], **body})
    body = {**next(posts(1)), "wt_group": "check", "wt_creditlimit": 1.0}
    assert set(body) == set(POSTED)
    status = server.statuses[POST]
    _ask(name, server, POST, server.collection, status, server.posted(body, -1))
    lines = _ask(name, server, GET, server.list_path("check", 0), 200)["value"]
    _expect(name, POST, server.collection, [body["wt_name"]], [ln["wt_name"] for ln in lines])


def _expect_record(name: str, server: Server, key: str, row: Record) -> None:
    path = server.record_path(key)
    answer = _ask(name, server, GET, path, 200)
    for column in _EDM:
        wanted, got = _plain(column, row[column]), _plain(column, answer.get(column))
        _expect(name, GET, f"{path} {column}", wanted, got)


def _ask(
    name: str, server: Server, method: str, path: str, status: int, body: Record | None = None
) -> Any:
    content = None if body is None else json.dumps(body).encode()
    got, answer = exchange(method, server.url + path, server.headers_of(method), content)
    if got != status:
        raise BenchFailed(f"{name}: {method} {path}: {got} instead of {status}: {answer[:500]!r}")
    return json.loads(answer) if answer else None


def _expect(name: str, operation: str, what: str, wanted: object, got: object) -> None:
    if wanted != got:
        raise BenchFailed(f"{name}: {operation} {what}:\n  expected {wanted!r}\n  got      {got!r}")


def _key(line: Record) -> str:
    return str(line[KEY]).lower()


def _plain(column: str, value: Any) -> Any:
    if value is None:
        return None
    edm = _EDM[column]
    if edm == "Edm.Decimal":
        return round(float(value), 2)
    if edm == "Edm.Guid":
        return str(value).lower()
    if edm == "Edm.DateTimeOffset":
        return str(value).removesuffix("Z")
    return value
