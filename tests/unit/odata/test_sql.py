"""Compiled filters on SQLite answer like an evaluator that knows nothing of SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.simulator.odata import ODATA_401, parse_filter
from windtunnel.simulator.odata.schema import Catalog, Column, EnumType, Navigation, Table
from windtunnel.simulator.odata.sql import Compiler

COLOR = EnumType("Sales.Color", {"Red": 1, "Green": 2, "Blue": 4}, is_flags=True)
ORDERS = Table(
    "orders",
    "order",
    "orders",
    {
        "id": Column("id", "Edm.Int32"),
        "name": Column("name", "Edm.String"),
        "amount": Column("amount", "Edm.Int32"),
        "color": Column("color", "Sales.Color", enum=COLOR),
        "made": Column("made", "Edm.Date"),
        "parent": Column("parent", "Edm.Int32"),
    },
    ("id",),
    {
        "owner": Navigation("owner", "order", False, (("parent", "id"),)),
        "lines": Navigation("lines", "order", True, (("id", "parent"),)),
    },
)
Record = dict[str, Any]
Test = Callable[[Record, list[Record]], Any]


def _lines(row: Record, rows: list[Record]) -> list[Record]:
    return [other for other in rows if other["parent"] == row["id"]]


def _owner(row: Record, rows: list[Record]) -> Record:
    none = dict.fromkeys(ORDERS.columns)
    return next((other for other in rows if other["id"] == row["parent"]), none)


def _lower(value: str | None) -> str:
    return (value or "").lower()


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a is not None and a > b,
    "ge": lambda a, b: a is not None and a >= b,
    "lt": lambda a, b: a is not None and a < b,
    "le": lambda a, b: a is not None and a <= b,
}


def _compared(operator: str, number: int) -> tuple[str, Test]:
    compare = COMPARISONS[operator]
    return f"amount {operator} {number}", lambda row, _: compare(row["amount"], number)


def _through(operator: str, number: int) -> tuple[str, Test]:
    compare = COMPARISONS[operator]
    return (
        f"owner/amount {operator} {number}",
        lambda row, rows: compare(_owner(row, rows)["amount"], number),
    )


def _member(kind: str, operator: str, number: int) -> tuple[str, Test]:
    compare, over = COMPARISONS[operator], any if kind == "any" else all
    return (
        f"lines/{kind}(l:l/amount {operator} {number})",
        lambda row, rows: over(compare(line["amount"], number) for line in _lines(row, rows)),
    )


def _texts(function: str, part: str) -> tuple[str, Test]:
    check: dict[str, Callable[[str, str], bool]] = {
        "contains": lambda a, b: b in a,
        "startswith": str.startswith,
        "endswith": str.endswith,
    }
    quoted = part.replace("'", "''")
    return (
        f"{function}(name,'{quoted}')",
        lambda row, _: (
            row["name"] is not None and check[function](_lower(row["name"]), part.lower())
        ),
    )


NUMBERS, OPERATORS = st.integers(-3, 3), st.sampled_from(sorted(COMPARISONS))
PARTS = st.sampled_from(["a", "B", "%", "_", "[", "\\", "'", "ab"])
ATOMS: st.SearchStrategy[tuple[str, Test]] = st.one_of(
    st.builds(_compared, OPERATORS, NUMBERS),
    st.builds(_through, OPERATORS, NUMBERS),
    st.builds(_member, st.sampled_from(["any", "all"]), OPERATORS, NUMBERS),
    st.builds(_texts, st.sampled_from(["contains", "startswith", "endswith"]), PARTS),
    st.just(("name eq null", lambda row, _: row["name"] is None)),
    st.just(("name ne null", lambda row, _: row["name"] is not None)),
    st.just(("name eq 'AB'", lambda row, _: _lower(row["name"]) == "ab")),
    st.just(("amount in (1,-2)", lambda row, _: row["amount"] in (1, -2))),
    st.just(("lines/any()", lambda row, rows: bool(_lines(row, rows)))),
    st.just(("lines/$count gt 1", lambda row, rows: len(_lines(row, rows)) > 1)),
    st.just(("color has Sales.Color'Red'", lambda row, _: bool((row["color"] or 0) & 1))),
    st.just(("color eq Sales.Color'Green'", lambda row, _: row["color"] == 2)),
    st.just(("made ge 2024-01-01", lambda row, _: (row["made"] or "") >= "2024-01-01")),
    st.just(("amount add 1 eq 2", lambda row, _: row["amount"] == 1)),
)
FILTERS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds(
            lambda a, b: (f"({a[0]}) and ({b[0]})", lambda r, s: a[1](r, s) and b[1](r, s)),
            inner,
            inner,
        ),
        st.builds(
            lambda a, b: (f"({a[0]}) or ({b[0]})", lambda r, s: a[1](r, s) or b[1](r, s)),
            inner,
            inner,
        ),
        st.builds(lambda a: (f"not ({a[0]})", lambda r, s: not a[1](r, s)), inner),
    ),
    max_leaves=6,
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.none() | st.text("aAbB%_[\\'", max_size=4),
            "amount": st.none() | NUMBERS,
            "color": st.none() | st.integers(0, 7),
            "made": st.sampled_from([None, "2023-12-31", "2024-01-01"]),
            "parent": st.none() | st.integers(0, 5),
        }
    ),
    max_size=6,
).map(lambda rows: [{"id": number, **row} for number, row in enumerate(rows)])


def _database(rows: list[Record]) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.execute(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, amount INTEGER,"
        " color INTEGER, made TEXT, parent INTEGER)"
    )
    database.executemany(
        "INSERT INTO orders VALUES (:id, :name, :amount, :color, :made, :parent)", rows
    )
    return database


@given(rows=ROWS, case=FILTERS)
def test_sql_selects_the_rows_that_the_filter_means(
    rows: list[Record], case: tuple[str, Test]
) -> None:
    text, test = case
    piece = Compiler(Catalog(order=ORDERS), ODATA_401).where(parse_filter(text), ORDERS)
    database = _database(rows)
    try:
        found = database.execute(
            f"SELECT id FROM orders t WHERE {piece.text} ORDER BY id",
            piece.bound(0.0),
        ).fetchall()
    finally:
        database.close()
    assert [number for (number,) in found] == [row["id"] for row in rows if test(row, rows)]


@pytest.mark.parametrize(
    "text",
    ["name eq 'needle77'", "contains(name,'needle77')", "name in ('needle77')", "amount gt 7777"],
)
def test_no_literal_gets_into_the_text_of_sql(text: str) -> None:
    piece = Compiler(Catalog(order=ORDERS), ODATA_401).where(parse_filter(text), ORDERS)
    assert "77" not in piece.text
    assert "77" in repr(piece.parameters)
