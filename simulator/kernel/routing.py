"""Finds the handler of a method and a path in a table of routes; knows no server and no service."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote

from windtunnel.simulator.exchange import Response, Route

_PARAMETER = re.compile(r"^\{(\w+)(:path)?\}$")


@dataclass(frozen=True, slots=True)
class Matched:
    """The handler, and the percent-decoded values of the path's parameters."""

    handler: Callable[..., Response]
    params: dict[str, str]
    route: Route


@dataclass(frozen=True, slots=True)
class NotMatched:
    """No route has this path."""


@dataclass(frozen=True, slots=True)
class MethodNotAllowed:
    """The path is there with other methods: `allowed` is the value of an Allow header."""

    allowed: str


Match: TypeAlias = Matched | NotMatched | MethodNotAllowed


@dataclass(frozen=True, slots=True)
class _Place:
    names: tuple[str, ...]
    first_group: int
    routes: dict[str, Route]


class Router:
    """A compiled route table. Literal segments win over parameters, in whatever order they stand.

    `{name}` matches one segment that is not empty, `{name:path}` the rest, which may be empty.
    A route for GET answers HEAD too. Parameters are decoded after the path was split, so an encoded
    slash stays inside its segment.
    """

    def __init__(self, routes: Iterable[Route], *, ignore_case: bool = False) -> None:
        """Compile. Raises ValueError for two routes of one method and path."""
        tables: dict[str, dict[str, dict[str, Route]]] = {}
        self._ignore_case = ignore_case
        for route in routes:
            first = route.path.split("/")[1]
            bucket = "" if _PARAMETER.match(first) else self._folded(first)
            methods = tables.setdefault(bucket, {}).setdefault(route.path, {})
            if methods.setdefault(route.method, route) is not route:
                raise ValueError(f"two routes for {route.method} {route.path}")
        flags = re.IGNORECASE if ignore_case else 0
        self._buckets = {name: _compile(table, flags) for name, table in tables.items()}

    def _folded(self, segment: str) -> str:
        return segment.lower() if self._ignore_case else segment

    def match(self, method: str, path: str) -> Match:
        """Find the handler for a percent-encoded path."""
        end = path.find("/", 1)
        first = self._folded(path[1:end] if end > 0 else path[1:])
        allowed: set[str] = set()
        for name in (first, "") if first else ("",):
            bucket = self._buckets.get(name)
            found = bucket[0].fullmatch(path) if bucket else None
            if bucket is None or found is None or found.lastgroup is None:
                continue
            place = bucket[1][found.lastgroup]
            route = place.routes.get(method)
            if route is None and method == "HEAD":
                route = place.routes.get("GET")
            if route is None:
                allowed |= place.routes.keys()
                continue
            values = found.groups()[place.first_group : place.first_group + len(place.names)]
            try:
                decoded = [unquote(value, errors="strict") for value in values]
            except UnicodeDecodeError:
                return NotMatched()
            return Matched(route.handler, dict(zip(place.names, decoded, strict=True)), route)
        if not allowed:
            return NotMatched()
        if "GET" in allowed:
            allowed.add("HEAD")
        return MethodNotAllowed(", ".join(sorted(allowed)))


def _compile(
    table: dict[str, dict[str, Route]], flags: int
) -> tuple[re.Pattern[str], dict[str, _Place]]:
    places: dict[str, _Place] = {}
    patterns: list[str] = []
    groups = 0
    for number, path in enumerate(sorted(table, key=_looseness)):
        parts, names = [], []
        for segment in path.split("/")[1:]:
            parameter = _PARAMETER.match(segment)
            if parameter is None:
                parts.append(re.escape(segment))
                continue
            names.append(parameter[1])
            parts.append("(.*)" if parameter[2] else "([^/]+)")
        places[f"r{number}"] = _Place(tuple(names), groups + 1, table[path])
        patterns.append(f"(?P<r{number}>/{'/'.join(parts)})")
        groups += 1 + len(names)
    return re.compile("|".join(patterns), flags | re.DOTALL), places


def _looseness(path: str) -> list[int]:
    """Sorts literal before parameter before rest, segment by segment."""
    found = (_PARAMETER.match(segment) for segment in path.split("/")[1:])
    return [0 if match is None else 2 if match[2] else 1 for match in found]
