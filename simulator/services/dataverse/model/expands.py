"""What `$expand` takes. Source: "Join tables using OData" (expand)."""

from __future__ import annotations

from collections.abc import Sequence

from windtunnel.simulator.exchange import Absent
from windtunnel.simulator.odata import NotSupported, ODataError, UnknownProperty
from windtunnel.simulator.odata.tree import ExpandItem, Options
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable, Tables

MOST_EXPANDS = 15
_ONLY_SELECT_AND_FILTER = (
    "Only $select and $filter clause can be provided while doing $expand on many-to-one "
    "relationship or nested one-to-many relationship."
)


def check(tables: Tables, served: DataverseTable, expands: Sequence[ExpandItem]) -> None:
    """Raise ODataError for more expansions, deeper ones or other options than the service takes."""
    if _count(expands) > MOST_EXPANDS:
        raise ODataError(f"The number of expand options is limited to {MOST_EXPANDS}.", -1)
    pages = is_nested(expands) and _has_collections(tables, served, expands)
    for item in expands:
        if item.path[0] == f"{served.name}_FileAttachments":
            raise Absent("the table FileAttachment")
        _check_item(tables, served, item, is_nested=False, pages=pages)


def is_nested(expands: Sequence[ExpandItem]) -> bool:
    """Whether an expansion holds another one: then collections come in pages."""
    return any(item.options is not None and item.options.expand for item in expands)


def _count(expands: Sequence[ExpandItem]) -> int:
    return sum(1 + (_count(item.options.expand) if item.options else 0) for item in expands)


def _has_collections(tables: Tables, served: DataverseTable, expands: Sequence[ExpandItem]) -> bool:
    """Whether an expansion within another, or what holds it, is a collection."""
    for item in expands:
        inner = item.options.expand if item.options is not None else ()
        navigation = served.table.navigations.get(item.path[0])
        if not inner or navigation is None:
            continue
        target = tables.target(navigation)
        below = (target.table.navigations.get(part.path[0]) for part in inner)
        if navigation.collection or any(found and found.collection for found in below):
            return True
        if _has_collections(tables, target, inner):
            return True
    return False


def _check_item(
    tables: Tables, served: DataverseTable, item: ExpandItem, *, is_nested: bool, pages: bool
) -> None:
    """`pages` says that collections come in pages: they take neither an order nor a limit then."""
    navigation = served.table.navigations.get(item.path[0])
    if navigation is None:
        raise UnknownProperty(item.path[0], served.table.entity_type, item.position)
    if len(item.path) > 1:
        raise ODataError(
            "Found a path with multiple navigation properties or a bad complex property path in an "
            "expand clause. Each level of $expand names one navigation property.",
            item.position,
        )
    if item.suffix == "$ref" and navigation.collection:
        raise ODataError(
            "Expand with $ref is only supported on lookup type navigation property.", item.position
        )
    if item.suffix not in {"", "$ref"}:
        raise NotSupported(f"Expand with {item.suffix} is not supported.", item.position)
    options = item.options or Options()
    if (options.top is not None or options.orderby) and (
        is_nested or pages or not navigation.collection
    ):
        raise ODataError(_ONLY_SELECT_AND_FILTER, item.position)
    if navigation.intersect and (is_nested or options.expand):
        raise NotSupported(
            f"The navigation property '{navigation.name}' cannot be expanded. Only many-to-one "
            "relationships are supported for nested expansion.",
            item.position,
        )
    target = tables.target(navigation)
    for inner in options.expand:
        _check_item(tables, target, inner, is_nested=True, pages=pages)
