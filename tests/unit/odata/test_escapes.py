"""Percent-encoded characters: data wherever data stands, whatever they would mean unencoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any
from urllib.parse import quote

import pytest

from windtunnel.simulator import odata
from windtunnel.simulator.odata import ODataError
from windtunnel.simulator.odata.tree import Literal, Term

MARKS = [*";&#+(),/:=?%@$*![]{}~ é", "\u20ac", "\U0001f600", "&$top=1", ";$top=1", ")", "'$filter="]
IN_QUOTES = [
    "$filter=A eq '{}'",
    "$filter=A in ('x','{}') and B/any(b:b eq '{}')",
    "$filter=A in [\"{}\"]",
    "$filter=A/$count($filter=B eq '{}') gt 1",
    "$filter=A/$count($search=\"{}\";$filter=B eq 1) gt 1",
    "$filter=Ns.F(P='{}')",
    "$filter=$root/A('{}')/B eq 1",
    "$orderby=concat(A,'{}') desc",
    "$compute=concat(A,'{}') as B",
    "$select=A($filter=$this ne '{}';$top=1)",
    "$select=A($search=\"{}\";$top=1)",
    "$expand=A($filter=B eq '{}';$top=1)",
    "$expand=A($expand=B($filter=C eq '{}';$top=1);$top=1),D",
    "$expand=A($search=\"{}\";$top=1)",
    "$expand=A($search='{}';$top=1)",
    "$expand=A($search=x AND (y OR \"{}\");$top=1)",
    "$expand=A($filter=B eq @p;@p='{}')",
    "$expand=A/$count($search=\"{}\")",
    "$expand=A/$ref($filter=B eq '{}';$search=\"{}\")",
    "$search=\"{}\"",
    "$search='{}'",
    "$search=NOT (x OR \"{}\")",
    "$apply=filter(A eq '{}')/search(\"{}\")/groupby((B))",
    "$apply=concat(search(\"{}\"),aggregate($count as C))",
    "@p='{}'",
    "@p={{\"a\":[\"{}\"]}}",
    "@p=[\"{}\"]",
]  # fmt: skip
IN_WORDS = [
    "$search=a{}b",
    "$search=x OR NOT a{}b",
    "$expand=A($search=a{}b;$top=1)",
    "$expand=A($search=(a{}b OR x);$top=1),B",
    "$expand=A($search=a{}b)",
    "$select=A($search=a{}b;$top=1)",
    "$filter=A/$count($search=a{}b;$filter=B eq 'x') gt 1",
    "$apply=search(a{}b)/filter(B eq 'x')",
]


def _values(node: Any) -> list[str]:
    """The texts of all strings and search terms of a tree."""
    if isinstance(node, (Literal, Term)):
        return [str(node.value if isinstance(node, Literal) else node.text)]
    if isinstance(node, tuple):
        return [value for item in node for value in _values(item)]
    if is_dataclass(node):
        return [value for field in fields(node) for value in _values(getattr(node, field.name))]
    return []


@pytest.mark.parametrize("template", IN_QUOTES)
@pytest.mark.parametrize("mark", MARKS)
def test_an_encoded_character_in_quotes_is_data(template: str, mark: str) -> None:
    text = template.format(*[quote(mark.replace("'", "''"), safe="")] * 2)
    found = _values(odata.parse_query(text))
    expected = mark.replace("'", "''") if '"{' in template and "'" in mark else mark
    assert any(expected in value for value in found), found
    assert odata.parse_query(odata.print_query(odata.parse_query(text))) == odata.parse_query(text)


@pytest.mark.parametrize("template", IN_WORDS)
@pytest.mark.parametrize("mark", [*";&#,/:=?%@$*!~'.é", "\u20ac"])
def test_an_encoded_character_in_a_search_word_is_part_of_the_word(
    template: str, mark: str
) -> None:
    query = odata.parse_query(template.format(quote(mark, safe="")))
    assert f"a{mark}b" in _values(query)
    assert odata.parse_query(odata.print_query(query)) == query


@pytest.mark.parametrize("template", [*IN_WORDS, *IN_QUOTES])
def test_a_query_may_be_encoded_as_a_whole(template: str) -> None:
    name, _, value = template.format("x;y" if '"{' in template else "x", "x").partition("=")
    encoded = f"{name}={quote(value, safe='')}"
    if "$count" not in template and "search=a{}b" not in template:
        assert odata.parse_query(encoded) == odata.parse_query(f"{name}={value}")
    assert odata.parse_query(encoded)


def test_an_encoded_semicolon_before_an_option_still_ends_a_search() -> None:
    whole = odata.parse_query("$expand=A%28%24search%3Dblue%3B%24top%3D1%29")
    assert whole == odata.parse_query("$expand=A($search=blue;$top=1)")


@pytest.mark.parametrize("quote_mark", ["'", "%27"])
def test_two_quotes_of_either_form_are_one_in_a_string(quote_mark: str) -> None:
    text = f"$expand=A($filter=B eq {quote_mark}O{quote_mark}%27Hara{quote_mark})"
    assert _values(odata.parse_query(text)) == ["O'Hara"]


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("$search=a;b", 9),
        ("$search=%C3%A9;b", 14),
        ("$search=a#b", 9),
        ("$search=%C3%A9%3Bb;c", 18),
        ("$expand=A($search=a;b)", 20),
        ("$expand=A($search=a%3Bb;c)", 24),
        ("$expand=A($search=%22a%3Bb%22;c)", 30),
        ("$expand=A($filter=B eq %27a%27%27)", 23),
        ("$expand=A($search=a%28b)", 19),
        ("$expand=A($search=%C3%A9%C3%A9 %22)", 30),
        ("$filter=A eq 'x%27 %3B", 19),
    ],
)
def test_a_mistake_among_escapes_is_found_in_the_raw_text(text: str, position: int) -> None:
    with pytest.raises(ODataError) as caught:
        odata.parse_query(text)
    assert caught.value.position == position


VALUES: list[tuple[Callable[[str], Any], str, str]] = [
    (odata.parse_filter, "now%28%20%29 gt A", "now( ) gt A"),
    (odata.parse_filter, "A%20eq%20%27x%26y%27", "A eq 'x&y'"),
    (odata.parse_filter, "Ns.F(P=%5B%22a%22%2C%20%22b%22%5D)", 'Ns.F(P=["a", "b"])'),
    (odata.parse_orderby, "A%20desc%2CB", "A desc,B"),
    (odata.parse_select, "A%2CB", "A,B"),
    (odata.parse_expand, "A(%24top%3D1%3B%24skip%3D2)", "A($top=1;$skip=2)"),
    (odata.parse_compute, "A%20add%20B%20as%20C", "A add B as C"),
    (odata.parse_apply, "filter(A%20eq%201)", "filter(A eq 1)"),
]


@pytest.mark.parametrize(("parse", "encoded", "plain"), VALUES)
def test_an_options_value_may_be_encoded_too(
    parse: Callable[[str], Any], encoded: str, plain: str
) -> None:
    assert parse(encoded) == parse(plain)


def test_a_value_without_escapes_outside_of_strings_is_taken_as_it_is() -> None:
    assert (
        odata.parse_filter("A eq 'x%27y%zz'")
        == odata.parse_query("$filter=A eq 'x%2527y%25zz'").filter
    )


@pytest.mark.parametrize(
    ("text", "position"), [("A%20eq%20", 9), ("A%20eq%zz", 6), ("A%2520eq 1", 1), ("A eq%20%FF", 7)]
)
def test_a_mistake_in_an_encoded_value_has_its_position(text: str, position: int) -> None:
    with pytest.raises(ODataError) as caught:
        odata.parse_filter(text)
    assert caught.value.position == position


def test_a_query_is_decoded_once() -> None:
    with pytest.raises(ODataError):
        odata.parse_query("$filter=A%2520eq%25201")


def test_more_searches_than_anyone_needs_are_refused_before_they_cost_time() -> None:
    with pytest.raises(ODataError, match="more than 20 searches"):
        odata.parse_expand(",".join(["A($search=it's)"] * 21))
    assert len(odata.parse_expand(",".join(["A($search=it's)"] * 20))) == 20
