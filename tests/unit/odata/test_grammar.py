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
