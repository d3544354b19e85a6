"""Which columns a query reads, and how the context of the answer names them."""

from __future__ import annotations

from collections.abc import Sequence

from windtunnel.simulator.odata import UnknownProperty
from windtunnel.simulator.odata.schema import Navigation
from windtunnel.simulator.odata.tree import ExpandItem, Options, SelectItem
from windtunnel.simulator.services.dataverse.model.addresses import composite_of
from windtunnel.simulator.services.dataverse.model.tables import PRINCIPALS, DataverseTable, Tables


def selection(
    tables: Tables,
    served: DataverseTable,
    select: Sequence[SelectItem],
    expand: Sequence[ExpandItem] = (),
) -> tuple[tuple[str, ...], str]:
    """Column names to read, in order, and the context fragment. Raises ODataError."""
    table = served.table
    if not select or any(item.path == ("*",) for item in select):
        names = list(table.columns)
        shown = ""
    else:
        wanted = []
        for item in select:
            name = item.path[-1]
            if name not in table.columns:
                if name in table.navigations and len(item.path) == 1:
                    continue
                raise UnknownProperty("/".join(item.path), table.entity_type, item.position)
            wanted.append(name)
        wanted = list(dict.fromkeys(wanted))
        shown = ",".join(wanted)
        names = list(dict.fromkeys([*wanted, *_always(served, wanted)]))
    for part in expand:
        navigation = navigation_of(served, part)
        names += [own for own, _ in navigation.pairs if own not in names]
    expanded = [_expand_context(tables, served, part) for part in expand]
    inner = ",".join([part for part in (shown, *expanded) if part])
    return tuple(names), f"{served.entity_set}({inner})" if inner else served.entity_set


def unselected(
    served: DataverseTable,
    select: Sequence[SelectItem],
    names: Sequence[str],
    expand: Sequence[ExpandItem],
) -> list[str]:
    """Columns read only to expand; a lookup expanded as a reference is shown beside it."""
    if not select or any(item.path == ("*",) for item in select):
        return []
    wanted = [item.path[-1] for item in select if item.path[-1] in served.table.columns]
    keep = {*wanted, *_always(served, wanted)}
    for item in expand:
        if item.suffix == "$ref":
            keep.update(own for own, _ in navigation_of(served, item).pairs)
    return [name for name in names if name not in keep]


def navigation_of(served: DataverseTable, item: ExpandItem) -> Navigation:
    """What an expansion follows. Raises ODataError."""
    name = item.path[0]
    navigation = served.table.navigations.get(name)
    if navigation is None:
        raise UnknownProperty(name, served.table.entity_type, item.position)
    return navigation


def _always(served: DataverseTable, wanted: Sequence[str]) -> list[str]:
    """What comes unasked: the key, the currency of amounts, addresses that parts are wanted of.

    Source: "Retrieve a table row using the Web API" (retrieve specific properties).
    """
    more = [served.primary_id]
    if served.name in PRINCIPALS and served.has("ownerid"):
        more.append("ownerid")
    columns = served.definition.columns
    if served.has("_transactioncurrencyid_value") and any(
        columns[name].type == "Money" for name in wanted
    ):
        more.append("_transactioncurrencyid_value")
    whole = {composite_of(name): None for name in wanted}
    return [*more, *(name for name in whole if served.has(name))]


def _expand_context(tables: Tables, served: DataverseTable, item: ExpandItem) -> str:
    target = tables.target(navigation_of(served, item))
    options = item.options or Options()
    _, context = selection(tables, target, options.select, options.expand)
    inner = context[len(target.entity_set) :]
    if item.suffix == "$ref":
        return f"{item.path[0]},{item.path[0]}/$ref()"
    return f"{item.path[0]}{inner or '()'}"
