"""FetchXML to QueryExpression, the query as an object.

Source: "FetchXmlToQueryExpression Function", "QueryExpression ComplexType".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.fetchxml import columns
from windtunnel.simulator.services.dataverse.fetchxml.reader import read
from windtunnel.simulator.services.dataverse.fetchxml.tree import (
    Condition,
    Fetch,
    Filter,
    Link,
    Order,
    Part,
    Source,
)
from windtunnel.simulator.services.dataverse.messages.query_expressions import JOINS, OPERATORS
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.model.companions import companion
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable, Tables

Json = dict[str, Any]
_NAMES: Final = {text: name for name, text in OPERATORS.items()} | {
    "neq": "NotEqual",
    "begins-with": "BeginsWith",
}
_JOIN_NAMES: Final = {text: name for name, text in JOINS.items()}
_NUMBERS: Final = {"Edm.Int32": ("System.Int32", int), "Edm.Int64": ("System.Int64", int)}
_TYPES: Final = {
    "Edm.Guid": "System.Guid",
    "Edm.DateTimeOffset": "System.DateTime",
    "Edm.Date": "System.DateTime",
    "Edm.Decimal": "System.Decimal",
    "Edm.Double": "System.Double",
}


def to_query_expression(fetch: Fetch, tables: Tables) -> Json:
    """The QueryExpression that finds the same. Raises InvalidArgument where there is none."""
    if fetch.aggregate:
        raise _wrong("it has aggregates")
    served = tables.by_name.get(fetch.entity.name)
    if served is None:
        raise errors.TableNotFound(name=fetch.entity.name)
    return {
        "Distinct": fetch.distinct,
        "NoLock": False,
        "PageInfo": {
            "PageNumber": fetch.page,
            "Count": fetch.count,
            "ReturnTotalRecordCount": fetch.wants_total,
            "PagingCookie": fetch.cookie or None,
        },
        "LinkEntities": [_link(link, served, tables) for link in fetch.entity.links],
        "Criteria": _criteria(fetch.entity, served, tables),
        "Orders": [_order(order) for order in fetch.entity.orders],
        "EntityName": fetch.entity.name,
        "ColumnSet": _columns(fetch.entity),
        "TopCount": fetch.top or None,
    }


def _wrong(problem: str) -> errors.InvalidArgument:
    return errors.InvalidArgument(
        problem=f"The FetchXML cannot be converted to a QueryExpression: {problem}."
    )


def _columns(source: Source) -> Json:
    if any(attribute.alias for attribute in source.attributes):
        raise _wrong("a column has an alias")
    names = [attribute.name for attribute in source.attributes]
    return {"AllColumns": source.all_attributes, "Columns": names}


def _order(order: Order) -> Json:
    if order.alias or order.entityname:
        raise _wrong("an order names an alias or another table")
    kind = "Descending" if order.descending else "Ascending"
    return {"AttributeName": order.attribute, "OrderType": kind}


def _criteria(source: Source, served: DataverseTable, tables: Tables) -> Json:
    if len(source.filters) == 1:
        return _filter(source.filters[0], served, tables)
    return _expression("And", (), [_filter(part, served, tables) for part in source.filters])


def _filter(found: Filter, served: DataverseTable, tables: Tables) -> Json:
    conditions = [_condition(part, served) for part in found.parts if isinstance(part, Condition)]
    filters = [_filter(part, served, tables) for part in found.parts if isinstance(part, Filter)]
    if any(_is_link(part) for part in found.parts):
        raise _wrong("a filter has a link-entity in it")
    return _expression("Or" if found.any else "And", conditions, filters)


def _is_link(part: Part) -> bool:
    return isinstance(part, Link)


def _expression(operator: str, conditions: Sequence[Json], filters: Sequence[Json]) -> Json:
    return {
        "FilterOperator": operator,
        "FilterHint": None,
        "Conditions": list(conditions),
        "Filters": list(filters),
        "IsQuickFindFilter": False,
    }


def _condition(condition: Condition, served: DataverseTable) -> Json:
    if condition.valueof:
        raise _wrong("a condition compares two columns")
    edm = "Edm.String"
    if not condition.entityname:
        repeated = companion(served.definition, condition.attribute)
        column = repeated.column if repeated else columns.find(served, condition.attribute)
        edm = column.edm
    return {
        "EntityName": condition.entityname or None,
        "AttributeName": condition.attribute,
        "Operator": _NAMES.get(condition.operator) or _camel(condition.operator),
        "Values": [_value(text, edm, condition.operator) for text in condition.values],
    }


def _value(text: str, edm: str, operator: str) -> Json:
    """A value with its type; a number of days and the like is a number whatever the column is."""
    kind = "Edm.Int32" if "-x-" in operator else edm
    if kind in _NUMBERS and text.lstrip("-").isascii() and text.lstrip("-").isdigit():
        name, made = _NUMBERS[kind]
        return {"Type": name, "Value": str(made(text))}
    if kind == "Edm.Boolean":
        return {"Type": "System.Boolean", "Value": str(text in {"1", "true", "True"}).lower()}
    return {"Type": _TYPES.get(kind, "System.String"), "Value": text}


def _camel(operator: str) -> str:
    """`last-x-days` to `LastXDays`, `olderthan-x-days` to `OlderThanXDays`."""
    text = operator.replace("olderthan", "older-than")
    return "".join(word.capitalize() for word in text.split("-"))


def _link(link: Link, around: DataverseTable, tables: Tables) -> Json:
    target = tables.by_name.get(link.source.name)
    if target is None:
        raise errors.TableNotFound(name=link.source.name)
    join = _JOIN_NAMES.get(link.kind)
    if join is None:
        raise _wrong(f"the link-type '{link.kind}' is none of a QueryExpression")
    return {
        "LinkFromAttributeName": link.to_column,
        "LinkFromEntityName": around.name,
        "LinkToEntityName": link.source.name,
        "LinkToAttributeName": link.from_column,
        "JoinOperator": join,
        "LinkCriteria": _criteria(link.source, target, tables),
        "LinkEntities": [_link(inner, target, tables) for inner in link.source.links],
        "Columns": _columns(link.source),
        "EntityAlias": link.alias or None,
        "Orders": [_order(order) for order in link.source.orders],
    }


def _to_query(call: Call) -> Answer:
    fetch = read(call.arguments["FetchXml"])
    return {"Query": to_query_expression(fetch, call.there.tables)}


HANDLERS: Final[dict[str, Handler]] = {"FetchXmlToQueryExpression": _to_query}
