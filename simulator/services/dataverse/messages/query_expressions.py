"""QueryExpression, the query as an object that actions take, to FetchXML.

Source: "QueryExpression ComplexType", "ConditionOperator EnumType".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler

DEEPEST: Final = 32
OPERATORS: Final = {
    "Equal": "eq",
    "NotEqual": "ne",
    "GreaterThan": "gt",
    "LessThan": "lt",
    "GreaterEqual": "ge",
    "LessEqual": "le",
    "Last7Days": "last-seven-days",
    "Next7Days": "next-seven-days",
    "EqualUserId": "eq-userid",
    "NotEqualUserId": "ne-userid",
    "EqualBusinessId": "eq-businessid",
    "NotEqualBusinessId": "ne-businessid",
    "EqualUserLanguage": "eq-userlanguage",
    "EqualUserTeams": "eq-userteams",
    "EqualUserOrUserTeams": "eq-useroruserteams",
    "EqualUserOrUserHierarchy": "eq-useroruserhierarchy",
    "EqualUserOrUserHierarchyAndTeams": "eq-useroruserhierarchyandteams",
    "DoesNotBeginWith": "not-begin-with",
    "DoesNotEndWith": "not-end-with",
    "AboveOrEqual": "eq-or-above",
    "UnderOrEqual": "eq-or-under",
    "DoesNotContainValues": "not-contain-values",
}
JOINS: Final = {
    "Inner": "inner",
    "LeftOuter": "outer",
    "Exists": "exists",
    "In": "in",
    "Any": "any",
    "NotAny": "not any",
    "All": "all",
    "NotAll": "not all",
    "MatchFirstRowUsingCrossApply": "matchfirstrowusingcrossapply",
}


def to_fetchxml(query: Mapping[str, Any], columns: Sequence[str] | None = None) -> str:
    """FetchXML that finds the same; `columns` replace those of the query."""
    name = _name(query, "EntityName")
    inner = _columns(query.get("ColumnSet")) if columns is None else _listed(columns)
    inner += _orders(query.get("Orders"))
    inner += _filter(query.get("Criteria"), 0)
    inner += "".join(_link(link, 0) for link in _items(query, "LinkEntities"))
    options = ' distinct="true"' if query.get("Distinct") is True else ""
    if isinstance(query.get("TopCount"), int) and query["TopCount"]:
        options += f' top="{query["TopCount"]}"'
    return f"<fetch{options}><entity name={quoteattr(name)}>{inner}</entity></fetch>"


def _wrong(problem: str) -> errors.InvalidArgument:
    return errors.InvalidArgument(problem=f"The QueryExpression is not valid: {problem}.")


def _name(part: Mapping[str, Any], member: str) -> str:
    value = part.get(member)
    if not isinstance(value, str) or not value:
        raise _wrong(f"{member} is missing")
    return value


def _items(part: Mapping[str, Any], member: str) -> list[Mapping[str, Any]]:
    found = part.get(member) or []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise _wrong(f"{member} must be an array of objects")
    return found


def _listed(columns: Sequence[str]) -> str:
    return "".join(f"<attribute name={quoteattr(column)}/>" for column in columns)


def _columns(columns: Any) -> str:
    if not isinstance(columns, dict):
        return ""
    if columns.get("AllColumns") is True:
        return "<all-attributes/>"
    names = columns.get("Columns") or []
    if not isinstance(names, list):
        raise _wrong("Columns must be an array of names")
    return _listed([str(name) for name in names])


def _orders(orders: Any) -> str:
    found = ""
    for order in _items({"Orders": orders}, "Orders"):
        descending = str(order.get("OrderType", "Ascending")) in {"Descending", "1"}
        name = quoteattr(_name(order, "AttributeName"))
        found += f'<order attribute={name} descending="{str(descending).lower()}"/>'
    return found


def _filter(found: Any, depth: int) -> str:
    if not isinstance(found, dict):
        return ""
    if depth > DEEPEST:
        raise _wrong(f"filters are nested deeper than {DEEPEST} levels")
    inner = "".join(_condition(item) for item in _items(found, "Conditions"))
    inner += "".join(_filter(item, depth + 1) for item in _items(found, "Filters"))
    if not inner:
        return ""
    is_or = str(found.get("FilterOperator", "And")) in {"Or", "1"}
    return f'<filter type="{"or" if is_or else "and"}">{inner}</filter>'


def _condition(condition: Mapping[str, Any]) -> str:
    name = _name(condition, "AttributeName")
    given = str(condition.get("Operator", "Equal"))
    operator = OPERATORS.get(given) or _kebab(given)
    values = condition.get("Values") or []
    if not isinstance(values, list):
        raise _wrong(f"Values of the condition on {name} must be an array")
    texts = [_text(item.get("Value") if isinstance(item, dict) else item) for item in values]
    owner = condition.get("EntityName")
    head = f"<condition attribute={quoteattr(name)} operator={quoteattr(operator)}"
    if isinstance(owner, str) and owner:
        head += f" entityname={quoteattr(owner)}"
    if operator in {"in", "not-in", "between", "not-between"} or len(texts) > 1:
        listed = "".join(f"<value>{escape(text)}</value>" for text in texts)
        return f"{head}>{listed}</condition>"
    return f"{head} value={quoteattr(texts[0])}/>" if texts else f"{head}/>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else str(value)


def _kebab(name: str) -> str:
    """`LastXDays` to `last-x-days`, `OlderThanXDays` to `olderthan-x-days`."""
    text = re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
    return text.replace("older-than-", "olderthan-")


def _link(link: Mapping[str, Any], depth: int) -> str:
    if depth > DEEPEST:
        raise _wrong(f"links are nested deeper than {DEEPEST} levels")
    join = str(link.get("JoinOperator", "Inner"))
    alias = link.get("EntityAlias")
    head = (
        f"<link-entity name={quoteattr(_name(link, 'LinkToEntityName'))} "
        f"from={quoteattr(_name(link, 'LinkToAttributeName'))} "
        f"to={quoteattr(_name(link, 'LinkFromAttributeName'))} "
        f"link-type={quoteattr(JOINS.get(join, join.lower()))}"
    )
    if isinstance(alias, str) and alias:
        head += f" alias={quoteattr(alias)}"
    inner = _columns(link.get("Columns")) + _orders(link.get("Orders"))
    inner += _filter(link.get("LinkCriteria"), 0)
    inner += "".join(_link(part, depth + 1) for part in _items(link, "LinkEntities"))
    return f"{head}>{inner}</link-entity>"


def _to_fetch(call: Call) -> Answer:
    query = call.arguments.get("Query")
    if query is None:
        raise errors.RequiredFieldMissing(name="Query")
    return {"FetchXml": to_fetchxml(query)}


HANDLERS: Final[dict[str, Handler]] = {"QueryExpressionToFetchXml": _to_fetch}
