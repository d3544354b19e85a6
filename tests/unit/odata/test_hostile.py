"""Hostile texts: the parser answers ODataError, soon, with a position inside the text."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.simulator import odata
from windtunnel.simulator.odata import ODataError

PARSERS: list[Callable[[str], Any]] = [
    odata.parse_filter,
    odata.parse_orderby,
    odata.parse_select,
    odata.parse_expand,
    odata.parse_apply,
    odata.parse_search,
    odata.parse_compute,
    odata.parse_query,
]
FRAGMENTS = [
    *["$filter", "$select", "$it", "$root", "$count", "$these", "@p", "@Ns.T#q", "Name", "Ns.Type"],
    *["and", "or", "not", "eq", "in", "has", "any", "all", "case", "as", "with", "from", "desc"],
    *[
        "(",
        ")",
        "/",
        ",",
        ";",
        ":",
        "=",
        "*",
        "-",
        "+",
        "[",
        "]",
        "{",
        "}",
        "'",
        '"',
        "&",
        "%",
        "?",
    ],
    *[
        " ",
        "  ",
        "\t",
        "1",
        "-1",
        "1.5",
        "'x'",
        "''",
        "2024-01-01",
        "08:00",
        "duration'P1D'",
        "null",
    ],
    *["groupby", "aggregate", "concat", "rollup", "filter", "traverse", "%27", "%zz", "é", "\x00"],
    *["$search=", "search(", "%3B", "%23", "it's", "~", "\ud800", "\udfff", "\U0001f600", "%F0%9F"],
]
HOSTILE = [
    "(" * 60_000,
    "[" * 60_000,
    "{" * 60_000,
    '{"a":' * 12_000,
    "not " * 15_000,
    "-" * 60_000,
    "A/" * 30_000,
    "A/any(a:" * 7_000,
    "A($expand=" * 6_000,
    "concat(" * 9_000,
    "A eq 1 and " * 5_000 + "A eq 1",
    "A add " * 10_000 + "1",
    "A," * 30_000,
    "'" * 60_001,
    '"' * 60_001,
    "x'" * 30_000,
    "a." * 30_000,
    "1" * 60_000,
    " " * 60_000,
    "$filter=" * 8_000,
    "&" * 60_000,
    "a=b&" * 15_000,
    "@p=1&" * 12_000,
    "%41" * 20_000,
    "NOT " * 15_000,
    "a OR " * 12_000,
    "geography'SRID=1;Point(" + "1 " * 30_000,
    "duration'P" + "1" * 60_000 + "'",
    "A in (" + "1," * 30_000 + "1)",
    "A eq Ns.E'" + "a," * 30_000 + "'",
    "x" * 300_000,
    "&".join(f"@a{number}=1" for number in range(20_000)),
    ",".join(f"A as A{number}" for number in range(5_000)),
    "A(" + ",".join(f"a{number}=1" for number in range(7_000)) + ") eq 1",
    "$root/A(" + ",".join(f"a{number}=1" for number in range(7_000)) + ")/b eq 1",
    "(" * 98 + "a" + (" add 1" * 90 + ")") * 98,
    "cast(",
    "A eq " + '{"a":' * 300 + "1" + "}" * 300,
    "A eq " + '{"a":' + "[" * 2_000 + "]" * 2_000 + "}",
    "isof(Collection",
    "Ns.T'" + "a" * 60_000 + "'",
    "geography'SRID=1;" + "Collection(" * 5_000 + "Point(1 1)" + ")" * 5_000 + "'",
    "x" * 1_000_000,
    "'" * 1_000_000,
    '"' * 1_000_000,
    "(" * 1_000_000,
    "a " * 500_000,
    "\x00" * 1_000_000,
    "A($search=it's)," * 4_000,
    "A eq '" + "\ud800" * 1_000 + "'",
    "geography'SRID=1;MultiPoint(" + "(1 1)," * 10_000 + "'",
]


def _inside(parse: Callable[[str], Any], text: str) -> None:
    refused: ODataError | None = None
    try:
        parse(text)
    except ODataError as error:
        refused = error
    assert refused is None or (0 <= refused.position <= len(text) and refused.message)


@pytest.mark.parametrize("parse", PARSERS)
@given(
    text=st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join)
    | st.text()
    | st.text(st.characters(codec=None))
)
def test_any_text_is_read_or_refused_with_a_position_inside_it(
    parse: Callable[[str], Any], text: str
) -> None:
    _inside(parse, text)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
@pytest.mark.parametrize("parse", PARSERS)
def test_a_long_or_deep_text_takes_no_more_than_linear_time(
    parse: Callable[[str], Any], text: str
) -> None:
    before = time.process_time()
    _inside(parse, text)
    assert time.process_time() - before < 3.0
