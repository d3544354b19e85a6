"""The resource path behind `/api/data/v9.x/`: segments with their keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from windtunnel.simulator.odata import DATAVERSE, ODataError
from windtunnel.simulator.odata.expressions import key_predicate
from windtunnel.simulator.odata.reader import Reader
from windtunnel.simulator.odata.tree import Alias, Expression, Literal

_SEGMENT = re.compile(r"(\$?[A-Za-z_][\w.]*|\$\d+)(\(.*\))?\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its name, and what stands in parentheses (None without)."""

    name: str
    arguments: tuple[tuple[str, Expression], ...] | None = None

    @property
    def is_qualified(self) -> bool:
        """Whether it names an operation or a type of the namespace."""
        return "." in self.name


def segments(path: str) -> tuple[Segment, ...]:
    """Split, then decode. Raises ODataError for a segment that is none."""
    return tuple(_segment(unquote(part)) for part in path.strip("/").split("/") if part)


def _segment(text: str) -> Segment:
    found = _SEGMENT.match(text)
    if found is None:
        raise ODataError("Bad Request - Error in query syntax.", 0)
    if found[2] is None:
        return Segment(found[1])
    reader = Reader(found[2], DATAVERSE)
    arguments = key_predicate(reader)
    reader.finish()
    return Segment(found[1], arguments)


def literal(node: Expression, aliases: dict[str, Expression] | None = None) -> object:
    """The value of an argument. Raises ODataError for what is no literal."""
    if isinstance(node, Alias):
        node = (aliases or {}).get(node.name, Literal(None, "null"))
    if isinstance(node, Literal):
        return node.value
    from windtunnel.simulator.odata.tree import Collection

    if isinstance(node, Collection):
        return [literal(item, aliases) for item in node.items]
    raise ODataError("A literal is expected.", getattr(node, "position", -1))
