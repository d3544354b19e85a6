"""The whole grammar of OData 4.01 query options, a table of texts for each option."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from windtunnel.simulator import odata
from windtunnel.simulator.odata import ODataError

TABLES = Path(__file__).resolve().parents[2] / "data" / "odata"
PARSERS: dict[str, Callable[[str], Any]] = {
    "filters": odata.parse_filter,
    "orderby": odata.parse_orderby,
    "select": odata.parse_select,
    "expand": odata.parse_expand,
    "apply": odata.parse_apply,
    "search": odata.parse_search,
    "compute": odata.parse_compute,
    "queries": odata.parse_query,
}
PRINTERS: dict[str, Callable[[Any], str]] = {
    "filters": odata.print_filter,
    "orderby": odata.print_orderby,
    "select": odata.print_select,
    "expand": odata.print_expand,
    "apply": odata.print_apply,
    "search": odata.print_search,
    "compute": odata.print_compute,
    "queries": odata.print_query,
}


def _lines(name: str) -> list[str]:
    return (TABLES / f"{name}.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")


VALID = [(kind, line) for kind in PARSERS for line in _lines(kind)]
INVALID = [
    (kind, *line.rsplit("\t", 1)) for kind in PARSERS for line in _lines(f"bad_{kind}") if line
]


@pytest.mark.parametrize(("kind", "text"), VALID)
def test_a_valid_text_is_accepted_and_survives_printing(kind: str, text: str) -> None:
    tree = PARSERS[kind](text)
    # `eq NaN` is the one tree that does not equal itself, so texts are compared.
    printed = PRINTERS[kind](tree)
    assert PRINTERS[kind](PARSERS[kind](printed)) == printed
    if "NaN" not in text:
        assert PARSERS[kind](printed) == tree


@pytest.mark.parametrize(("kind", "text", "position"), INVALID)
def test_an_invalid_text_is_refused_where_it_goes_wrong(
    kind: str, text: str, position: str
) -> None:
    with pytest.raises(ODataError) as caught:
        PARSERS[kind](text)
    assert caught.value.position == int(position)
    assert caught.value.message


def test_a_query_gives_each_option_by_its_name() -> None:
    query = odata.parse_query(
        "?$filter=A eq @p&$orderby=A desc&$select=A&$expand=B&$top=5&$skip=2&$count=true"
        "&$search=x&$compute=A add 1 as C&$apply=identity&@p=1&$format=json&own=a%20b"
        "&$skiptoken=s&$deltatoken=d&$id=i&$index=3&$schemaversion=1"
    )
    assert query.filter == odata.parse_filter("A eq @p")
    assert query.orderby == odata.parse_orderby("A desc")
    assert query.select == odata.parse_select("A")
    assert query.expand == odata.parse_expand("B")
    assert (query.top, query.skip, query.count) == (5, 2, True)
    assert query.search == odata.parse_search("x")
    assert query.compute == odata.parse_compute("A add 1 as C")
    assert query.apply == odata.parse_apply("identity")
    assert query.aliases == {"@p": odata.parse_filter("1")}
    assert query.custom == (("own", "a b"),)
    assert (query.format, query.skiptoken, query.deltatoken) == ("json", "s", "d")
    assert (query.id, query.index, query.schemaversion) == ("i", 3, "1")


PRODUCTIONS = [line for line in _lines("productions") if not line.startswith("[")]


@pytest.mark.parametrize("line", PRODUCTIONS)
def test_each_production_of_the_grammar_accepts_and_refuses_what_it_should(line: str) -> None:
    """A table of whole queries by production of the ABNF; with a position where one is refused.

    Sources: OASIS, "OData ABNF Construction Rules Version 4.01" and "OData Aggregation ABNF
    Construction Rules"; the queries are ours.
    """
    text, _, position = line.partition("\t")
    if position:
        with pytest.raises(ODataError) as caught:
            odata.parse_query(text)
        assert caught.value.position == int(position)
    else:
        tree = odata.parse_query(text)
        printed = odata.print_query(tree)
        assert odata.print_query(odata.parse_query(printed)) == printed
        assert "NaN" in text or odata.parse_query(printed) == tree


MESSAGES = [
    ("filters", "a eq", "Expression expected at position 4 in 'a eq'."),
    ("filters", "a eq 'b", "There is an unterminated literal at position 7 in 'a eq 'b'."),
    (
        "filters",
        "lastname eq 'O'Bryan'",
        "There is an unterminated literal at position 21 in 'lastname eq 'O'Bryan''.",
    ),
    ("filters", "a eq b c", "Syntax error at position 7 in 'a eq b c'."),
    ("filters", "made eq 2024-02-30", "Unrecognized 'Edm.Date' literal '2024-02-30' at '8' in"),
    ("filters", "nosuch(a,b)", "An unknown function with name 'nosuch' was found."),
    ("filters", "c eq Ns.E'a b'", "is not a valid enumeration type constant."),
    ("filters", 'a eq ["x" "y"]', "A comma character ',' was expected in scope 'Array'."),
    ("queries", "$nope=1", "The query parameter '$nope' is not supported."),
    ("queries", "$top=-1", "Invalid value '-1' for $top query option found."),
    ("queries", "$count=5", "Invalid value '5' for $count query option found."),
    ("queries", "$top=1&$top=1", "Query option '$top' was specified more than once"),
]


@pytest.mark.parametrize(("kind", "text", "words"), MESSAGES)
def test_errors_are_in_the_words_of_the_real_library(kind: str, text: str, words: str) -> None:
    with pytest.raises(ODataError) as caught:
        PARSERS[kind](text)
    assert words in caught.value.message
    assert str(caught.value) == caught.value.message
