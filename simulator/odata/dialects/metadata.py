"""Finance and operations `/metadata`. Source: "Services home page"; public clients."""

from __future__ import annotations

from windtunnel.simulator.odata.dialect import Dialect

METADATA = Dialect(
    name="finance and operations metadata",
    options=frozenset({"$filter", "$orderby", "$select", "$top", "$skip", "$count", "$format"}),
    expand_options=frozenset(),
    select_options=frozenset(),
    operators=frozenset({"or", "and", "eq", "ne", "gt", "ge", "lt", "le", "not"}),
    functions=frozenset({"contains", "startswith", "endswith", "tolower", "toupper"}),
    transformations=frozenset(),
    lambdas=False,
    count_segments=False,
    repeatable=frozenset(),
    option_names_fold=False,
    outer_blanks=True,
    custom_functions=lambda name: False,  # noqa: ARG005 - none at all
)
"""Unlike `/data` it takes string functions: clients search by `contains(tolower(Name),'x')`."""
