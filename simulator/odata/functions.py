"""The canonical functions of OData 4.01 and how many arguments each takes."""

from __future__ import annotations

from typing import Final

CANONICAL: Final[dict[str, tuple[int, int]]] = {
    "concat": (2, 2),
    "contains": (2, 2),
    "endswith": (2, 2),
    "indexof": (2, 2),
    "length": (1, 1),
    "startswith": (2, 2),
    "substring": (2, 3),
    "substringof": (2, 2),
    "matchesPattern": (2, 2),
    "tolower": (1, 1),
    "toupper": (1, 1),
    "trim": (1, 1),
    "hassubset": (2, 2),
    "hassubsequence": (2, 2),
    "day": (1, 1),
    "date": (1, 1),
    "fractionalseconds": (1, 1),
    "hour": (1, 1),
    "maxdatetime": (0, 0),
    "mindatetime": (0, 0),
    "minute": (1, 1),
    "month": (1, 1),
    "now": (0, 0),
    "second": (1, 1),
    "time": (1, 1),
    "totaloffsetminutes": (1, 1),
    "totalseconds": (1, 1),
    "year": (1, 1),
    "ceiling": (1, 1),
    "floor": (1, 1),
    "round": (1, 1),
    "cast": (1, 2),
    "isof": (1, 2),
    "geo.distance": (2, 2),
    "geo.intersects": (2, 2),
    "geo.length": (1, 1),
    "isdefined": (1, 1),
}

NOT_IN_401: Final = frozenset({"substringof"})
"""OData 2 and 3 only; kept so that a dialect can accept it."""

BOOLEAN: Final = frozenset(
    {
        "contains",
        "endswith",
        "startswith",
        "substringof",
        "matchesPattern",
        "hassubset",
        "hassubsequence",
        "isof",
        "isdefined",
        "geo.intersects",
    }
)

COMPARISONS: Final = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})
KIND_NAMES: Final = {
    "eq": "Equal",
    "ne": "NotEqual",
    "gt": "GreaterThan",
    "ge": "GreaterThanOrEqual",
    "lt": "LessThan",
    "le": "LessThanOrEqual",
    "and": "And",
    "or": "Or",
    "add": "Add",
    "sub": "Subtract",
    "mul": "Multiply",
    "div": "Divide",
    "divby": "Divide",
    "mod": "Modulo",
    "has": "Has",
}

BINDING: Final = {
    "or": 1,
    "and": 2,
    "eq": 3,
    "ne": 3,
    "gt": 4,
    "ge": 4,
    "lt": 4,
    "le": 4,
    "has": 4,
    "in": 4,
    "add": 5,
    "sub": 5,
    "mul": 6,
    "div": 6,
    "divby": 6,
    "mod": 6,
}
"""How tightly an operator binds. Source: OData URL Conventions 4.01, "Operator Precedence"."""

FOLDED: Final = {name.lower(): name for name in [*CANONICAL, "case", "any", "all"]}
"""Canonical names by their lower case, for services that ignore case."""

UNARY_BINDING: Final = 7
