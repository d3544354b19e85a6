"""Printing and parsing undo each other, for trees made at random."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from windtunnel.simulator import odata
from windtunnel.simulator.odata import ODataError
from windtunnel.simulator.odata.tree import (
    Alias,
    Binary,
    Call,
    Case,
    Collection,
    CountOf,
    Expression,
    Keyed,
    Lambda,
    Literal,
    Options,
    OrderItem,
    Property,
    Query,
    Record,
    SearchNot,
    SearchPair,
    Term,
    TypeCast,
    Unary,
    Variable,
)

NAMES = st.sampled_from(["Name", "Amount", "größe", "eq", "_id", "A1"])
LITERALS = st.one_of(
    st.just(Literal(None, "null")),
    st.booleans().map(lambda value: Literal(value, "Edm.Boolean")),
    st.integers(-(2**31), 2**31 - 1).map(lambda value: Literal(value, "Edm.Int32")),
    st.integers(-(2**63), 2**63 - 1).map(lambda value: Literal(value, "Edm.Int64")),
    st.floats(allow_nan=False).map(lambda value: Literal(value, "Edm.Double")),
    st.text().map(lambda value: Literal(value, "Edm.String")),
    st.uuids().map(lambda value: Literal(str(value), "Edm.Guid")),
    st.dates().map(lambda value: Literal(value.isoformat(), "Edm.Date")),
    st.just(Literal("2024-01-01T00:00:00+02:00", "Edm.DateTimeOffset")),
    st.just(Literal("Red,Green", "Sales.Color")),
    st.just(Literal("P1DT2H", "Edm.Duration")),
    st.just(Literal("AQID", "Edm.Binary")),
    st.just(Literal("SRID=4326;Point(1 2)", "Edm.Geography")),
)
PATHS = st.recursive(
    NAMES.map(Property) | st.just(Variable("$it")),
    lambda of: st.one_of(
        st.builds(Property, NAMES, of),
        st.builds(TypeCast, st.just("Ns.Type"), of),
        st.builds(lambda name, inner: Property(f"@Ns.{name}", inner), NAMES, of),
    ),
    max_leaves=3,
)
LEAVES = LITERALS | PATHS | st.just(Alias("@p"))


def _chained(children: st.SearchStrategy[Expression]) -> st.SearchStrategy[Any]:
    def pair(operator: str, left: Expression, right: Expression) -> Expression:
        return Binary(operator, left, right)

    comparisons = st.sampled_from("eq ne gt ge lt le add sub mul div divby mod".split())  # noqa: SIM905 - reads as a list
    return st.one_of(
        st.builds(pair, comparisons, children, children),
        st.builds(lambda left: Binary("has", left, Literal("Red,Green", "Sales.Color")), children),
        st.builds(
            lambda left, items: Binary("in", left, Collection(tuple(items))),
            PATHS,
            st.lists(LITERALS, max_size=3),
        ),
        st.builds(Unary, st.just("not"), children),
        st.builds(lambda inner: Unary("-", inner), PATHS),
        st.builds(lambda a, b: Call("contains", (a, b)), children, children),
        st.builds(lambda a: Call("Ns.Own", (), (("P", a),)), children),
        st.builds(lambda a, b: Case(((a, b),)), children, children),
        st.builds(lambda of, a: Lambda("any", of, "x", a), NAMES.map(Property), children),
        st.builds(CountOf, NAMES.map(Property), st.none() | children),
        st.builds(
            lambda of, a: Keyed(of, (("", a),)),
            NAMES.map(Property),
            st.just(Literal("k", "Edm.String")),
        ),
        st.builds(lambda items: Collection(tuple(items), True), st.lists(children, max_size=3)),
        st.builds(lambda a: Record((("m", a), ("n", Property("Name")))), children),
    )


EXPRESSIONS = st.recursive(LEAVES, _chained, max_leaves=12)
TERMS = st.sampled_from(["blue", "grün", "it's", "a+b"]).map(Term) | st.text(min_size=1).map(
    lambda text: Term(text, phrase=True)
)


@given(tree=EXPRESSIONS)
def test_a_printed_expression_parses_to_the_same_tree(tree: Expression) -> None:
    assert odata.parse_filter(odata.print_filter(tree)) == tree


@given(left=EXPRESSIONS, right=EXPRESSIONS, top=st.integers(0, 2**63 - 1))
def test_a_printed_query_parses_to_the_same_tree(
    left: Expression, right: Expression, top: int
) -> None:
    query = Query(
        Options(filter=left, orderby=(OrderItem(right, True),), top=top, aliases=(("@p", left),)),
        custom=(("x y", "a&b=c"),),
    )
    assert odata.parse_query(odata.print_query(query)) == query


@given(
    tree=st.recursive(
        TERMS,
        lambda inner: st.one_of(
            st.builds(SearchNot, inner),
            st.builds(lambda one, two: SearchPair("AND", one, two), inner, TERMS),
            st.builds(lambda one, two: SearchPair("OR", one, two), inner, TERMS),
        ),
        max_leaves=8,
    )
)
def test_a_printed_search_parses_to_the_same_tree(tree: Any) -> None:
    assert odata.parse_search(odata.print_search(tree)) == tree


TABLE = Path(__file__).resolve().parents[2] / "data" / "odata" / "productions.txt"
LINES = [line.split("\t")[0] for line in TABLE.read_text(encoding="utf-8").splitlines()]
PIECES = [*"()/,;:=*-+[]{}'\"&%? \t1@", "%3B", "%27", " and ", " in ", "$search=", "not ", "it's"]


@given(
    line=st.sampled_from(LINES),
    other=st.sampled_from([*LINES, *PIECES]),
    cut=st.tuples(st.integers(0, 80), st.integers(0, 80), st.integers(0, 80), st.integers(0, 9)),
)
def test_what_is_accepted_of_torn_and_joined_queries_survives_printing(
    line: str, other: str, cut: tuple[int, int, int, int]
) -> None:
    at, begin, end, lost = cut
    try:
        tree = odata.parse_query(line[:at] + other[begin % 9 : end] + line[at + lost :])
    except ODataError:
        return
    printed = odata.print_query(tree)
    again = odata.parse_query(printed)
    assert odata.print_query(again) == printed
    assert again == tree or "NaN" in printed
