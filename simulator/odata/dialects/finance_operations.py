"""Finance and operations `/data`. Source: "Open Data Protocol (OData)", data entities docs."""

from __future__ import annotations

from dataclasses import replace

from windtunnel.simulator.odata.dialect import Dialect

FINANCE_AND_OPERATIONS = Dialect(
    name="finance and operations OData",
    options=frozenset(
        {"$filter", "$orderby", "$select", "$expand", "$top", "$skip", "$count", "$format"}
        | {"$skiptoken"}
    ),
    expand_options=frozenset({"$select", "$filter", "$orderby", "$top", "$skip", "$count"}),
    select_options=frozenset(),
    operators=frozenset(
        {"or", "and", "eq", "ne", "gt", "ge", "lt", "le", "not", "negate"}
        | {"add", "sub", "mul", "div", "divby", "mod"}
    ),
    functions=frozenset(),
    transformations=frozenset(),
    lambdas=False,
    count_segments=False,
    repeatable=frozenset(),
    option_names_fold=False,
    outer_blanks=True,
    custom_functions=lambda name: False,  # noqa: ARG005 - none at all
    enum_order=False,
    wildcard_equality=True,
)
"""Contains is written `eq '*text*'`; string functions are refused as captured in 2026."""

WITH_STRING_FUNCTIONS = replace(
    FINANCE_AND_OPERATIONS,
    functions=frozenset({"contains", "startswith", "endswith", "tolower", "toupper", "length"}),
)
"""For those who saw their environment take string functions: a setting asks for it."""
