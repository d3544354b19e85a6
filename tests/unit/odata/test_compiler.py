"""Each function, operator and path as SQL: what it selects, and what it refuses in which words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from windtunnel.simulator.odata import (
    DATAVERSE,
    FINANCE_AND_OPERATIONS,
    ODATA_401,
    Dialect,
    NotSupported,
    ODataError,
    UnknownProperty,
    parse_filter,
    parse_orderby,
)
from windtunnel.simulator.odata.hints import Hints, hints_of
from windtunnel.simulator.odata.pieces import Now, Piece, bind
from windtunnel.simulator.odata.schema import Catalog, Column, EnumType, Navigation, Table
from windtunnel.simulator.odata.sql import Compiler, Scope
from windtunnel.simulator.odata.tree import Call, Expression, OrderItem, Property, Variable

NOON = 1_704_110_400.0  # 2024-01-01T12:00:00Z
COLOR = EnumType("Sales.Color", {"Red": 1, "Green": 2}, is_flags=True)


def _table(entity_set: str, entity: str, columns: dict[str, str], **more: Any) -> Table:
    typed = {
        name: Column(name, edm, enum=COLOR if edm == COLOR.name else None)
        for name, edm in columns.items()
    }
    return Table(entity_set, f"Sales.{entity}", entity_set, typed, ("id",), **more)


ORDERS = _table(
    "orders",
    "Order",
    {
        "id": "Edm.Int32",
        "name": "Edm.String",
        "other": "Edm.String",
        "amount": "Edm.Int32",
        "price": "Edm.Decimal",
        "paid": "Edm.Boolean",
        "color": "Sales.Color",
        "made": "Edm.Date",
        "seen": "Edm.DateTimeOffset",
        "code": "Edm.Guid",
        "photo": "Edm.Binary",
        "customer": "Edm.Int32",
    },
    navigations={
        "Customer": Navigation("Customer", "Sales.Customer", False, (("customer", "id"),)),
        "Lines": Navigation("Lines", "Sales.Line", True, (("id", "order"),)),
        "Tags": Navigation(
            "Tags", "Sales.Tag", True, (("id", "order_id"),), "", "order_tags", (("tag_id", "id"),)
        ),
        "Lost": Navigation("Lost", "Sales.Nowhere", False, (("id", "id"),)),
    },
)
CUSTOMERS = _table(
    "customers",
    "Customer",
    {"id": "Edm.Int32", "name": "Edm.String", "boss": "Edm.Int32", "color": "Sales.Color"},
    navigations={"Boss": Navigation("Boss", "Sales.Customer", False, (("boss", "id"),))},
)
LINES = _table(
    "lines",
    "Line",
    {"id": "Edm.Int32", "order": "Edm.Int32", "item": "Edm.String"},
    navigations={"Order": Navigation("Order", "Sales.Order", False, (("order", "id"),))},
)
TAGS = _table("tags", "Tag", {"id": "Edm.Int32", "text": "Edm.String"})
CATALOG = Catalog({table.entity_type: table for table in (ORDERS, CUSTOMERS, LINES, TAGS)})


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        """
        CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE,
            other TEXT COLLATE NOCASE, amount INTEGER, price NUMERIC, paid INTEGER, color INTEGER,
            made TEXT, seen TEXT, code TEXT, photo BLOB, customer INTEGER);
        INSERT INTO orders VALUES
            (1, 'Alpha', 'alpha', 5, 5, 1, 1, '2024-01-01', '2024-01-01T10:20:30Z',
                '0d9b1c2a-0000-11ee-8c99-0242ac120002', x'0102', 1),
            (2, 'b_ta', 'x', -3, 2.5, 0, 3, '2023-12-31', '2024-01-01T12:00:00Z', NULL, NULL, 2),
            (3, 'b%ta', NULL, 0, 0, NULL, 2, '2024-02-29', NULL, NULL, NULL, NULL),
            (4, NULL, 'x', NULL, NULL, NULL, NULL, NULL, '2025-06-01T00:00:00Z', NULL, NULL, 9);
        CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, boss INTEGER,
            color INTEGER);
        INSERT INTO customers VALUES (1, 'Ann', 2, 1), (2, 'Bob', NULL, 2);
        CREATE TABLE lines (id INTEGER PRIMARY KEY, "order" INTEGER, item TEXT COLLATE NOCASE);
        INSERT INTO lines VALUES (1, 1, 'pen'), (2, 1, 'ink'), (3, 2, 'pen');
        CREATE TABLE tags (id INTEGER PRIMARY KEY, text TEXT COLLATE NOCASE);
        INSERT INTO tags VALUES (7, 'new'), (8, 'old');
        CREATE TABLE order_tags (order_id INTEGER, tag_id INTEGER);
        INSERT INTO order_tags VALUES (1, 7), (2, 7), (2, 8);
        """
    )
    yield connection
    connection.close()


def _selected(
    database: sqlite3.Connection,
    text: str,
    dialect: Dialect = ODATA_401,
    aliases: dict[str, str] | None = None,
) -> list[int]:
    trees = {name: parse_filter(value) for name, value in (aliases or {}).items()}
    piece = Compiler(CATALOG, dialect).where(parse_filter(text, dialect), ORDERS, aliases=trees)
    sql = f"SELECT id FROM orders t WHERE {piece.text} ORDER BY id"
    return [number for (number,) in database.execute(sql, piece.bound(NOON))]


SELECTS = {
    "name eq 'ALPHA'": [1],
    "'ALPHA' eq name": [1],
    "name eq other": [1],
    "name ne other": [2, 3, 4],
    "name ne 'alpha'": [2, 3, 4],
    "null eq other": [3],
    "null ne other": [1, 2, 4],
    "null eq null and id eq 1": [1],
    "name gt 'ALPHA'": [2, 3],
    "contains(name,'_')": [2],
    "startswith(name,'B%')": [3],
    "endswith(name,'TA') and not contains(name,'%')": [2],
    "contains(name,other)": [1],
    "startswith(name,other)": [1],
    "endswith(name,other)": [1],
    "contains(concat(name,'x'),'HAX')": [1],
    "length(name) eq 5 and length(trim(concat(' ',name))) eq 5": [1],
    "tolower(name) eq 'alpha' and toupper(name) eq 'ALPHA'": [1],
    "indexof(name,'PH') eq 2": [1],
    "substring(name,1) eq 'lpha' and substring(name,1,2) eq 'lp'": [1],
    "year(made) eq 2024 and month(made) eq 2 and day(made) eq 29": [3],
    "hour(seen) eq 10 and minute(seen) eq 20 and second(seen) eq 30": [1],
    "date(seen) eq 2024-01-01 and time(seen) lt 11:00": [1],
    "totaloffsetminutes(seen) eq 0 and fractionalseconds(seen) eq 0": [1, 2, 4],
    "seen lt now()": [1],
    "seen ge now()": [2, 4],
    "seen gt mindatetime() and seen lt maxdatetime()": [1, 2, 4],
    "seen eq 2024-01-01T11:20:30%2B01:00".replace("%2B", "+"): [1],
    "seen ge 2024-01-02": [4],
    "made lt 2024-01-01T10:00:00Z": [1, 2],
    "made eq 2024-02-29": [3],
    "code eq 0D9B1C2A-0000-11EE-8C99-0242AC120002": [1],
    "photo eq binary'AQI'": [1],
    "paid": [1],
    "paid eq true": [1],
    "paid eq false": [2],
    "not paid": [2, 3, 4],
    "round(price) eq 3": [2],
    "floor(price) eq 2 and ceiling(price) eq 3": [2],
    "price div 2 eq 2.5": [1],
    "price mod 2 eq 0.5": [2],
    "amount div 2 eq 2": [1],
    "amount mod 2 eq 1": [1],
    "amount divby 2 eq 2.5": [1],
    "amount add 1 eq 6 and amount sub 1 eq 4 and amount mul 2 eq 10": [1],
    "amount add 0.5 eq 5.5": [1],
    "-amount eq 3": [2],
    "amount div 0 eq null": [1, 2, 3, 4],
    "amount in (5,null)": [1, 4],
    "amount in ()": [],
    'name in ["alpha","B_TA"]': [1, 2],
    "color eq Sales.Color'Red,Green'": [2],
    "color eq Sales.Color'3'": [2],
    "Sales.Color'Red' eq color": [1],
    "color has Sales.Color'Green'": [2, 3],
    "color in (Sales.Color'Red',Sales.Color'Green')": [1, 3],
    "color gt Sales.Color'Green'": [2],
    "color eq Customer/color": [1, 4],
    "cast(amount,Edm.String) eq '5'": [1],
    "case(amount gt 0:'up',amount lt 0:'down',true:name) eq 'down'": [2],
    "case(false:null,true:name) eq 'Alpha'": [1],
    "Customer/name eq 'BOB'": [2],
    "Customer/Boss/name eq 'bob'": [1],
    "Customer/Sales.Vip/name eq 'ann'": [1],
    "Customer/name eq null": [3, 4],
    "$it/name eq 'alpha'": [1],
    "Lines/any()": [1, 2],
    "Lines/any(l:l/item eq 'INK')": [1],
    "Lines/any(l:l/item eq 'pen' and l/Order/Customer/name eq 'bob')": [2],
    "Lines/any(l:l/Order/amount eq $it/amount)": [1, 2],
    "Lines/all(l:l/item eq 'pen')": [2, 3, 4],
    "Lines/any(l:l/Order/Lines/any(m:m/item eq 'ink' and m/id ne l/id))": [1],
    "Lines/$count gt 1": [1],
    "Lines/$count($filter=item eq 'pen') eq 1": [1, 2],
    "Tags/any(t:t/text eq 'OLD')": [2],
    "Tags/$count eq 2": [2],
}


@pytest.mark.parametrize(("text", "expected"), SELECTS.items())
def test_a_filter_selects_what_it_means(
    database: sqlite3.Connection, text: str, expected: list[int]
) -> None:
    assert _selected(database, text) == expected


WILDCARDS = [
    (DATAVERSE, "contains(name,'b_t')", [2, 3]),
    (DATAVERSE, "startswith(name,'[a-z]l')", [1]),
    (DATAVERSE, "contains(name,'b[^_]t%')", [3]),
    (DATAVERSE, "contains(name,'[')", []),
    (DATAVERSE, "contains(name,'[*]')", []),
    (DATAVERSE, "contains(name,@p)", [2, 3]),
    (FINANCE_AND_OPERATIONS, "name eq 'B_*'", [2]),
    (FINANCE_AND_OPERATIONS, "name eq '*ta'", [2, 3]),
    (FINANCE_AND_OPERATIONS, "name ne '*ta'", [1, 4]),
    (FINANCE_AND_OPERATIONS, "name eq 'alpha'", [1]),
    (FINANCE_AND_OPERATIONS, "name eq @p", []),
]


@pytest.mark.parametrize(("dialect", "text", "expected"), WILDCARDS)
def test_each_service_has_its_own_wildcards(
    database: sqlite3.Connection, dialect: Dialect, text: str, expected: list[int]
) -> None:
    assert _selected(database, text, dialect, {"@p": "'B_T'"}) == expected


def test_an_alias_stands_for_its_value_and_for_null_without_one(
    database: sqlite3.Connection,
) -> None:
    assert _selected(database, "name eq @p", aliases={"@p": "'alpha'"}) == [1]
    assert _selected(database, "other eq @p") == [3]
    assert _selected(database, "amount in @p", aliases={"@p": "[5,-3]"}) == [1, 2]
    assert _selected(database, "amount in @p") == []


REFUSED = {
    "Name eq 'x'": (0, "Could not find a property named 'Name' on type 'Sales.Order'."),
    "Customer/Name eq 'x'": (9, "Could not find a property named 'Name' on type 'Sales.Customer'."),
    "Nav/name eq 'x'": (0, "Could not find a property named 'Nav' on type 'Sales.Order'."),
    "Nav/any()": (0, "Could not find a property named 'Nav' on type 'Sales.Order'."),
    "name eq 5": (
        5,
        "A binary operator with incompatible types was detected. Found operand types 'Edm.String' "
        "and 'Edm.Int32' for operator kind 'Equal'.",
    ),
    "seen gt '2024-01-01'": (
        5,
        "A binary operator with incompatible types was detected. Found operand types "
        "'Edm.DateTimeOffset' and 'Edm.String' for operator kind 'GreaterThan'.",
    ),
    "name add 1 eq 2": (5, "Found operand types 'Edm.String' and 'Edm.Int32'"),
    "seen add duration'P1D' gt now()": (5, "Arithmetic on dates is not supported."),
    "name in (1)": (5, "for operator kind 'Equal'"),
    "name in other": (5, "The right side of 'in' must be a list."),
    "name has Sales.Color'Red'": (5, "for operator kind 'Has'"),
    "color eq 'Red'": (6, "Found operand types 'Sales.Color' and 'Edm.String'"),
    "color eq Sales.Size'Red'": (6, "Found operand types 'Sales.Color' and 'Sales.Size'"),
    "color eq Sales.Color'Pink'": (6, "The string 'Sales.Color'Pink'' is not a valid enumeration"),
    "color has @p": (6, "is not a valid enumeration type constant"),
    "-name eq 'x'": (0, "Found operand type 'Edm.String' for operator kind 'Negate'."),
    "name": (0, "The $filter expression must evaluate to a single boolean value."),
    "5": (0, "must evaluate to a single boolean value"),
    "name and paid": (0, "must evaluate to a single boolean value"),
    "contains(amount,'x')": (0, "No function signature for the function with name 'contains'"),
    "round(name) eq 1": (0, "No function signature for the function with name 'round'"),
    "year(name) eq 1": (0, "No function signature for the function with name 'year'"),
    "matchesPattern(name,'x')": (0, "An unknown function with name 'matchesPattern'"),
    "cast(name,Edm.Guid) eq null": (0, "An unknown function with name 'cast'"),
    "isof(Sales.Vip)": (0, "An unknown function with name 'isof'"),
    "cast(Sales.Vip)/x eq 1": (0, "A path behind Call is not supported."),
    "Sales.Own(A=1)": (0, "An unknown function with name 'Sales.Own' was found."),
    "Lines/name eq 'x'": (0, "is not a single value"),
    "Lines/any(l:l eq 5)": (12, "A whole record is not a value."),
    "$it/any()": (0, "A collection is expected."),
    "Lines/$count($search=x) gt 1": (6, "$search in $count is not supported."),
    "$root/Products(1)/Price gt 1": (6, "A path behind Keyed is not supported."),
    "$root/Company/Name eq 'x'": (0, "$root is not supported here."),
    "Lost/id eq 1": (-1, "The type 'Sales.Nowhere' has no entity set."),
    'name eq {"a":1}': (5, "Found operand types 'Edm.String' and 'json'"),
    "[1] eq name": (0, "The query node Collection is not supported."),
    "name eq @q": (8, "The alias @q stands inside another alias."),
    "seen eq 2016-12-31T23:59:60Z": (8, "Unrecognized 'Edm.DateTimeOffset' literal"),
    "made eq 12024-01-01": (8, "Unrecognized 'Edm.DateTimeOffset' literal"),
}


@pytest.mark.parametrize(("text", "expected"), REFUSED.items())
def test_a_filter_that_the_types_forbid_is_refused_in_known_words(
    text: str, expected: tuple[int, str]
) -> None:
    aliases = {"@p": parse_filter("5"), "@q": parse_filter("@q")}
    with pytest.raises(ODataError) as caught:
        Compiler(CATALOG, ODATA_401).where(parse_filter(text), ORDERS, aliases=aliases)
    position, words = expected
    assert words in caught.value.message
    if "alias" not in words:
        assert caught.value.position == position


def test_finance_and_operations_does_not_order_enumerations() -> None:
    tree = parse_filter("color gt Sales.Color'Red'", FINANCE_AND_OPERATIONS)
    with pytest.raises(ODataError, match="incompatible types"):
        Compiler(CATALOG, FINANCE_AND_OPERATIONS).where(tree, ORDERS)


def test_a_name_that_is_not_there_says_which_and_where() -> None:
    with pytest.raises(UnknownProperty) as caught:
        Compiler(CATALOG, ODATA_401).column("nope", ORDERS, 7)
    assert (caught.value.name, caught.value.type_name) == ("nope", "Sales.Order")
    assert caught.value.position == 7


def test_order_follows_lookups_without_regard_to_case(database: sqlite3.Connection) -> None:
    items = parse_orderby("Customer/name desc,length(name),id")
    terms = Compiler(CATALOG, ODATA_401).order(items, ORDERS)
    sql = f"SELECT id FROM orders t ORDER BY {', '.join(term.text for term in terms)}"
    parameters = [value for term in terms for value in term.parameters]
    assert [number for (number,) in database.execute(sql, parameters)] == [2, 1, 4, 3]


def test_a_service_brings_its_own_functions(database: sqlite3.Connection) -> None:
    def mine(compiler: Compiler, node: Call, scope: Scope) -> Piece:
        column = compiler.column("amount", scope.row.table)
        return Piece(f"{scope.row.alias}.{column.column} > ?", (4,), "Edm.Boolean", True)

    compiler = Compiler(CATALOG, ODATA_401, {"Sales.Large": mine})
    piece = compiler.where(parse_filter("Sales.Large()"), ORDERS)
    found = database.execute(f"SELECT id FROM orders t WHERE {piece.text}", piece.parameters)
    assert found.fetchall() == [(1,)]


def test_the_present_moment_is_put_in_when_a_query_runs() -> None:
    assert bind((1, Now(60), "x"), NOON) == (1, "2024-01-01T12:01:00Z", "x")
    unchanged = (1, "x")
    assert bind(unchanged, NOON) is unchanged


@pytest.mark.parametrize(
    ("condition", "order", "expected"),
    [
        ("a eq 1 and b eq @p and c gt 2 and a lt 5", "d,e", Hints(("a", "b"), ("d", "e"), ("c",))),
        ("a eq 1 or b eq 2", "d desc", Hints((), ("d",))),
        ("n/a eq 1 and 1 eq b", "n/d", Hints()),
        (None, "d,e desc,f", Hints()),
    ],
)
def test_hints_name_the_columns_that_an_index_would_serve(
    condition: str | None, order: str, expected: Hints
) -> None:
    tree: Expression | None = parse_filter(condition) if condition else None
    assert hints_of(tree, parse_orderby(order)) == expected


def test_a_table_is_found_by_its_set_and_a_lost_variable_is_refused() -> None:
    assert CATALOG.by_set("lines") is LINES
    assert CATALOG.by_set("Lines") is None
    compiler = Compiler(CATALOG, ODATA_401)
    with pytest.raises(NotSupported):
        compiler.order([OrderItem(Property("x", Variable("$this")))], ORDERS)
