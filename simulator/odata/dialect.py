"""What one service accepts of OData: data, read by the parser and the compiler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from windtunnel.simulator.odata.errors import NotSupported
from windtunnel.simulator.odata.functions import CANONICAL, NOT_IN_401

EVERY_OPTION = frozenset(
    {
        "$filter",
        "$orderby",
        "$select",
        "$expand",
        "$top",
        "$skip",
        "$count",
        "$search",
        "$compute",
        "$apply",
        "$format",
        "$skiptoken",
        "$deltatoken",
        "$id",
        "$index",
        "$levels",
        "$schemaversion",
    }
)

EVERY_OPERATOR = frozenset(
    "or and eq ne gt ge lt le has in add sub mul div divby mod not negate".split()  # noqa: SIM905 - reads as a list
)

_EXPAND_OPTIONS = EVERY_OPTION - {
    "$format",
    "$skiptoken",
    "$deltatoken",
    "$id",
    "$index",
    "$schemaversion",
}


def _refuse_option(name: str) -> str:
    return f"The query parameter '{name}' is not supported."


def _refuse_function(name: str) -> str:
    return f"An unknown function with name '{name}' was found."


def _refuse_operator(name: str) -> str:
    return f"The operator '{name}' is not supported."


@dataclass(frozen=True, slots=True)
class Dialect:
    """The differences between services; the default is the whole of OData 4.01."""

    name: str = "OData 4.01"
    options: frozenset[str] = EVERY_OPTION
    expand_options: frozenset[str] = _EXPAND_OPTIONS
    select_options: frozenset[str] = _EXPAND_OPTIONS - {"$apply", "$levels"}
    operators: frozenset[str] = EVERY_OPERATOR
    functions: frozenset[str] = frozenset(CANONICAL) - NOT_IN_401
    transformations: frozenset[str] | None = None
    lambdas: bool = True
    count_segments: bool = True
    repeatable: frozenset[str] = frozenset({"$format"})
    """Options whose last value counts: OASIS' own cases of the ABNF give `$format` repeatedly."""
    option_names_fold: bool = True
    outer_blanks: bool = False
    custom_functions: Callable[[str], bool] = bool
    enum_order: bool = True
    wildcard_equality: bool = False
    like_patterns: bool = False
    single_quoted_json: bool = False
    loose: bool = False
    """An operator right behind `)`, and a comma at the end of `$select`, as samples send them."""
    guids_as_text: bool = False
    depth: int = 100
    refuse_option: Callable[[str], str] = _refuse_option
    refuse_function: Callable[[str], str] = _refuse_function
    refuse_operator: Callable[[str], str] = _refuse_operator

    def require_operator(self, operator: str, position: int) -> None:
        """Raise NotSupported for an operator that the service refuses."""
        if operator not in self.operators:
            raise NotSupported(self.refuse_operator(operator), position)

    def require_function(self, name: str, position: int) -> None:
        """Raise NotSupported for a function that the service refuses."""
        known = name in self.functions if name in CANONICAL else self.custom_functions(name)
        if not known:
            raise NotSupported(self.refuse_function(name), position)

    def require_option(self, name: str, among: frozenset[str], position: int) -> None:
        """Raise NotSupported for a query option that the service refuses here."""
        if name not in among:
            raise NotSupported(self.refuse_option(name), position)


ODATA_401 = Dialect()
"""The whole grammar, nobody's refusals."""
