"""The parameters of search requests, of both versions, in one form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.search import facets
from windtunnel.simulator.services.dataverse.search.engine import Scope
from windtunnel.simulator.services.dataverse.search.language import Node, read

_CLAUSE = re.compile(r"([\w@.]+)(?:\s+(asc|desc))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The parameters of a request, of either version, in one form."""

    search: str
    scopes: tuple[Scope, ...]
    orderby: tuple[tuple[str, bool], ...]
    facets: tuple[facets.Facet, ...]
    count: bool
    skip: int
    top: int
    full: bool
    match_all: bool
    fuzzy: bool
    legacy: bool

    def tree(self) -> Node:
        """The search text as a tree. Raises BadSearch."""
        return read(self.search, full=self.full, match_all=self.match_all)


def listed(body: dict[str, Any], name: str) -> list[Any]:
    """An array, or an array as JSON text. Raises InvalidArgument."""
    value = body.get(name)
    if value is None or value == "":
        return []
    if isinstance(value, str):
        try:
            value = orjson.loads(value.replace("'", '"') if '"' not in value else value)
        except orjson.JSONDecodeError as problem:
            raise errors.InvalidArgument(
                problem=f"The value of {name} is not an array in JSON: {problem}."
            ) from problem
    if isinstance(value, dict) and name == "options":
        return [key for key, chosen in value.items() if str(chosen).lower() == "true"]
    if not isinstance(value, list):
        raise errors.InvalidArgument(problem=f"The value of {name} must be an array.")
    return value


def whole(body: dict[str, Any], name: str, default: int, most: int) -> int:
    """A whole number of 0 to `most`. Raises InvalidArgument."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise errors.InvalidArgument(problem=f"The value of {name} must be 0 to {most}.")
    return value


def clauses(body: dict[str, Any]) -> tuple[tuple[str, bool], ...]:
    """(column, whether descending) of `orderby`. Raises InvalidArgument."""
    value = body.get("orderby")
    if isinstance(value, str) and not value.lstrip().startswith("["):
        items: list[Any] = [part for part in value.split(",") if part.strip()]
    else:
        items = listed(body, "orderby")
    found_clauses: list[tuple[str, bool]] = []
    for item in items:
        found = _CLAUSE.fullmatch(str(item).strip())
        if found is None:
            raise errors.InvalidArgument(problem=f"The orderby clause '{item}' is not valid.")
        found_clauses.append((found[1], (found[2] or "asc").lower() == "desc"))
    return tuple(found_clauses)


def filters_of(text: Any) -> dict[str, str]:
    """Filters by table; under `` what holds for all. Raises InvalidArgument."""
    if text is None or text == "":
        return {}
    if not isinstance(text, str):
        raise errors.InvalidArgument(problem="The value of filter must be a string.")
    parts = re.split(r"(?:^|,)\s*([a-z_]\w*)\s*:\s*(?=[^\d\s]|\s)", text)
    found = {"": parts[0].strip()} if parts[0].strip() else {}
    for name, condition in zip(parts[1::2], parts[2::2], strict=True):
        found[name] = condition.strip().rstrip(",")
    return found
