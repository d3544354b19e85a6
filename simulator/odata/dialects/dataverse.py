"""Dataverse Web API. Source: "Query data using the Web API" and its pages on filter and expand."""

from __future__ import annotations

from windtunnel.simulator.odata.dialect import Dialect
from windtunnel.simulator.odata.functions import CANONICAL, NOT_IN_401

PREFIX = "Microsoft.Dynamics.CRM."


def _is_query_function(name: str) -> bool:
    return name.startswith(PREFIX)


DATAVERSE = Dialect(
    name="Dataverse Web API",
    options=frozenset(
        {"$filter", "$orderby", "$select", "$expand", "$top", "$count", "$apply"}
        | {"$skiptoken", "$deltatoken", "$id"}
    ),
    expand_options=frozenset({"$filter", "$orderby", "$select", "$expand", "$top"}),
    select_options=frozenset(),
    operators=frozenset({"or", "and", "eq", "ne", "gt", "ge", "lt", "le", "in", "not", "negate"}),
    # unconfirmed: date, arithmetic and other string functions are not documented as supported.
    functions=frozenset({"contains", "startswith", "endswith"}),
    transformations=frozenset({"aggregate", "groupby", "filter"}),
    repeatable=frozenset(),
    option_names_fold=False,
    outer_blanks=True,
    custom_functions=_is_query_function,
    like_patterns=True,
    single_quoted_json=True,
    loose=True,
    guids_as_text=True,  # the query builder of Microsoft's SDK quotes ids
    depth=100,
    refuse_function=lambda name: (
        f"Function '{name}' is not supported."
        if name in CANONICAL.keys() | NOT_IN_401
        else f"An unknown function with name '{name}' was found. This may also be a function "
        "import or a key lookup on a navigation property, which is not allowed."
    ),
)
"""Names are case-sensitive; `in` is accepted as the service has done since OData 4.01 clients."""
