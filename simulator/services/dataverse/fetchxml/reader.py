"""Elements to a query: names of elements and attributes, numbers, flags, limits."""

from __future__ import annotations

import re

from windtunnel.simulator.exchange import Absent
from windtunnel.simulator.services.dataverse import query_errors
from windtunnel.simulator.services.dataverse.fetchxml.elements import Element, parse
from windtunnel.simulator.services.dataverse.fetchxml.tree import (
    Attribute,
    Condition,
    Fetch,
    Filter,
    Link,
    Order,
    Part,
    Source,
)
from windtunnel.simulator.services.dataverse.model.conditions import BY_FETCH_NAME
from windtunnel.simulator.services.dataverse.model.filters import MOST_CONDITIONS
from windtunnel.simulator.services.dataverse.model.tables import LARGEST_PAGE

MOST_LINKS = 15
MOST_VALUES = 2000
JOINS = frozenset({"inner", "outer", "matchfirstrowusingcrossapply"})
PROBES = frozenset({"exists", "in"})
FILTERING = frozenset({"any", "not any", "all", "not all"})
_LINK_TYPES = JOINS | PROBES | FILTERING | {"natural"}
_AGGREGATES = frozenset({"count", "countcolumn", "sum", "avg", "min", "max"})
_GROUPINGS = frozenset({"day", "week", "month", "quarter", "year", "fiscal-period", "fiscal-year"})
_COMPARABLE = frozenset({"eq", "ne", "neq", "gt", "ge", "lt", "le"})
_ALIAS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class _Tally:
    """What a query has used of its limits."""

    def __init__(self) -> None:
        self.links = self.conditions = 0

    def link(self) -> None:
        self.links += 1
        if self.links > MOST_LINKS:
            raise query_errors.TooManyLinks

    def condition(self, values: int) -> None:
        self.conditions += 1
        if self.conditions > MOST_CONDITIONS:
            raise query_errors.TooManyConditions
        if values > MOST_VALUES:
            raise query_errors.TooManyValues


def read(text: str) -> Fetch:
    """The query of a document. Attributes that are not known are ignored. Raises BadQuery."""
    root = parse(text)
    if root.name != "fetch":
        raise _bad_node(root, "fetch")
    entities = [child for child in root.children if child.name == "entity"]
    for child in root.children:
        if child.name != "entity":
            raise _bad_node(child, "entity")
    if len(entities) != 1:
        raise query_errors.ElementMissing(
            problem="An entity element is expected in fetch, exactly one. " + root.where
        )
    given = root.attributes
    if given.get("mapping", "logical") not in {"logical", "internal"}:
        raise query_errors.BadMapping(problem=f"Invalid mapping '{given['mapping']}'.")
    if given.get("distinct", "false").lower() not in _FLAGS:
        raise query_errors.BadDistinct(problem=f"Invalid distinct value '{given['distinct']}'.")
    if given.get("datasource", "").lower() == "retained":
        raise Absent("FetchXML over retained rows (datasource='retained')")
    aggregate = _flag(root, "aggregate")
    fetch = Fetch(
        _source(entities[0], _Tally(), aggregate),
        top=_number(root, "top", query_errors.BadTop),
        count=min(_number(root, "count", query_errors.NotAboveZero), LARGEST_PAGE),
        page=_number(root, "page", query_errors.NotAboveZero),
        cookie=given.get("paging-cookie", ""),
        distinct=_flag(root, "distinct"),
        aggregate=aggregate,
        wants_total=_flag(root, "returntotalrecordcount"),
        raw_choice_order=_flag(root, "useraworderby"),
        aggregate_limit=_number(root, "aggregatelimit", query_errors.NotAboveZero),
    )
    if fetch.top and (fetch.page or fetch.count or fetch.wants_total):
        name = "page" if fetch.page else "count" if fetch.count else "returntotalrecordcount"
        raise query_errors.BadTop(
            problem=f"The top attribute can't be specified with paging attribute {name}"
        )
    if fetch.top > LARGEST_PAGE:
        raise query_errors.BadTop(problem=f"The top attribute can't exceed {LARGEST_PAGE}.")
    return fetch


def _bad_node(element: Element, valid: str) -> query_errors.BadNode:
    return query_errors.BadNode(
        problem=f"Invalid Child Node, valid nodes are {valid}. NodeName = {element.name} "
        f"NodeXml = {element.shown} {element.where}"
    )


def _flag(element: Element, name: str) -> bool:
    text = element.attributes.get(name, "false").strip().lower()
    if text not in _FLAGS:
        problem = f"Invalid value '{text}' of attribute '{name}'. {element.where}"
        if name == "descending":
            raise query_errors.BadDescending(problem=problem)
        raise query_errors.InvalidXml(problem=f"Invalid XML. {problem}")
    return _FLAGS[text]


def _number(element: Element, name: str, refusal: type[query_errors.BadQuery]) -> int:
    """A number from 1, or 0 when it is not given. `page=0` is the first page."""
    text = element.attributes.get(name)
    if text is None:
        return 0
    bare = text.strip()
    if not bare.isascii() or not bare.isdigit() or len(bare) > 9:
        raise query_errors.InvalidXml(
            problem=f"Invalid XML. The value '{text}' of attribute '{name}' is no number. "
            + element.where
        )
    value = int(bare)
    if value == 0 and name != "page":
        raise refusal(problem=f"The value of {name} should be greater than 0.")
    return value


def _needed(element: Element, name: str) -> str:
    value = element.attributes.get(name, "").strip()
    if not value:
        raise query_errors.AttributeMissing(
            problem=f"The required attribute '{name}' is missing in <{element.name}>. NodeXml = "
            f"{element.shown} {element.where}"
        )
    return value


def _alias(element: Element) -> str:
    alias = element.attributes.get("alias", "").strip()
    if alias and not _ALIAS.fullmatch(alias):
        raise query_errors.BadAlias(
            problem=f"Invalid character specified for alias: {alias}. Only characters within the "
            "ranges [A-Z], [a-z] or [0-9] or _ are allowed.  The first character may only be in "
            "the ranges [A-Z], [a-z] or _."
        )
    return alias


def _source(element: Element, tally: _Tally, aggregate: bool) -> Source:
    attributes: list[Attribute] = []
    orders: list[Order] = []
    filters: list[Filter] = []
    links: list[Link] = []
    whole = none = False
    for child in element.children:
        match child.name:
            case "attribute":
                attributes.append(_attribute(child, aggregate))
            case "all-attributes":
                whole = True
            case "no-attrs":
                none = True
            case "order":
                orders.append(_order(child))
            case "filter":
                filters.append(_filter(child, tally))
            case "link-entity":
                links.append(_link(child, tally, aggregate, in_filter=False))
            case _:
                raise _bad_node(
                    child, "filter, order, link-entity, attribute, all-attributes, no-attrs"
                )
    name = _needed(element, "name")
    return Source(
        *(name, tuple(attributes), whole, none),
        *(tuple(orders), tuple(filters), tuple(links)),
    )


def _attribute(element: Element, aggregate: bool) -> Attribute:
    found = Attribute(
        _needed(element, "name"),
        _alias(element),
        element.attributes.get("aggregate", "").strip().lower(),
        _flag(element, "groupby"),
        element.attributes.get("dategrouping", "").strip().lower(),
        _flag(element, "distinct"),
        element.attributes.get("rowaggregate", "").strip().lower(),
        element.shown,
    )
    if found.aggregate and found.aggregate not in _AGGREGATES:
        raise query_errors.BadAggregate(
            problem=f"Invalid aggregate: '{found.aggregate}'. NodeXml : {found.shown}"
        )
    if found.dategrouping and found.dategrouping not in _GROUPINGS:
        raise query_errors.BadAggregate(
            problem=f"Invalid dategrouping: '{found.dategrouping}'. NodeXml : {found.shown}"
        )
    if found.rowaggregate and found.rowaggregate != "countchildren":
        raise query_errors.BadAggregate(
            problem=f"Invalid rowaggregate: '{found.rowaggregate}'. NodeXml : {found.shown}"
        )
    if aggregate and not found.aggregate and not found.groupby:
        raise query_errors.AttributeWithAggregate(node=found.shown)
    if aggregate and not found.alias:
        raise query_errors.NoAlias(node=found.shown)
    if not aggregate and (found.aggregate or found.groupby):
        raise query_errors.BadAggregate(
            problem="An aggregate or groupby needs aggregate='true' on fetch. NodeXml : "
            + found.shown
        )
    return found


def _order(element: Element) -> Order:
    attribute = element.attributes.get("attribute", "").strip()
    alias = element.attributes.get("alias", "").strip()
    if not attribute and not alias:
        _needed(element, "attribute")
    return Order(
        attribute,
        alias,
        _flag(element, "descending"),
        element.attributes.get("entityname", "").strip(),
    )


def _filter(element: Element, tally: _Tally) -> Filter:
    kind = element.attributes.get("type", "and").strip().lower()
    if kind not in {"and", "or"}:
        raise query_errors.BadFilterType(
            problem=f"The filter type '{kind}' is neither 'and' nor 'or'. {element.where}"
        )
    parts: list[Part] = []
    for child in element.children:
        match child.name:
            case "condition":
                parts.append(_condition(child, tally))
            case "filter":
                parts.append(_filter(child, tally))
            case "link-entity":
                parts.append(_link(child, tally, False, in_filter=True))
            case _:
                raise _bad_node(child, "condition, filter, link-entity")
    return Filter(kind == "or", tuple(parts))


def _condition(element: Element, tally: _Tally) -> Condition:
    operator = _needed(element, "operator")
    if operator not in BY_FETCH_NAME:
        raise query_errors.BadOperator(
            problem=f"The condition operator '{operator}' is not valid. NodeXml = {element.shown}"
        )
    values = []
    for child in element.children:
        if child.name != "value":
            raise _bad_node(child, "value")
        values.append(child.text)
    value = element.attributes.get("value")
    if value is not None and not values:
        values = [value]
    if BY_FETCH_NAME[operator].most == 0:
        values = []
    valueof = element.attributes.get("valueof", "").strip()
    if valueof and (values or operator not in _COMPARABLE):
        raise query_errors.BadCondition(
            problem=f"A column comparison takes valueof alone and one of the operators "
            f"{', '.join(sorted(_COMPARABLE))}. NodeXml = {element.shown}"
        )
    tally.condition(len(values))
    return Condition(
        _needed(element, "attribute"),
        operator,
        tuple(values),
        valueof,
        element.attributes.get("entityname", "").strip(),
    )


def _link(element: Element, tally: _Tally, aggregate: bool, *, in_filter: bool) -> Link:
    tally.link()
    default = "any" if in_filter else "inner"
    kind = " ".join(element.attributes.get("link-type", default).lower().split())
    if kind not in _LINK_TYPES:
        raise query_errors.BadLinkType(
            problem="Invalid link-type specified, valid values are: "
            f"{', '.join(sorted(_LINK_TYPES))}. link-type = {kind} NodeXml = {element.shown}"
        )
    kind = "inner" if kind == "natural" else kind
    if (in_filter and kind in JOINS) or (not in_filter and kind in FILTERING):
        where = "inside a filter" if in_filter else "outside a filter"
        raise query_errors.BadLinkType(
            problem=f"The link-type '{kind}' is not supported {where}. NodeXml = {element.shown}"
        )
    source = _source(element, tally, aggregate)
    if kind not in JOINS and (source.attributes or source.all_attributes or source.orders):
        raise query_errors.BadLinkType(
            problem=f"A link-entity of link-type '{kind}' returns no attributes and takes no order."
            f" NodeXml = {element.shown}"
        )
    return Link(
        source,
        kind,
        element.attributes.get("from", "").strip(),
        element.attributes.get("to", "").strip(),
        _alias(element),
        element.shown,
    )
