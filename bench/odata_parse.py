"""Time to parse a filter, in microseconds, beside `odata-query` where that is installed."""

from __future__ import annotations

import importlib
import timeit
from collections.abc import Callable

from windtunnel.simulator.odata import parse_filter

TEXTS = {
    "two conditions": "CustomerGroupId eq 'N' and CreditLimit gt 500",
    "five conditions": (
        "CustomerGroupId eq 'N' and CreditLimit gt 500 and contains(Name,'retail') "
        "and (Blocked eq false or ModifiedOn ge 2024-01-01T00:00:00Z)"
    ),
}


def microseconds(parse: Callable[[str], object], text: str, rounds: int = 2000) -> float:
    """The best of five runs: the least disturbed by others on the machine."""
    return min(timeit.repeat(lambda: parse(text), number=rounds, repeat=5)) / rounds * 1e6


def _peer() -> Callable[[str], object] | None:
    try:
        grammar = importlib.import_module("odata_query.grammar")
    except ImportError:
        return None
    lexer, parser = grammar.ODataLexer(), grammar.ODataParser()
    return lambda text: parser.parse(lexer.tokenize(text))


def main() -> None:
    """Print one line for each text."""
    peer = _peer()
    for name, text in TEXTS.items():
        shown = f"{name}: {microseconds(parse_filter, text):.1f} us"
        if peer is not None:
            shown += f" (odata-query: {microseconds(peer, text, 200):.1f} us)"
        print(shown)


if __name__ == "__main__":
    main()
