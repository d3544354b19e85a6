"""`$filter` over plain objects: definitions and other JSON that no table holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from windtunnel.simulator.odata.errors import NotSupported, UnknownProperty
from windtunnel.simulator.odata.tree import (
    Alias,
    Binary,
    Call,
    Collection,
    Expression,
    Lambda,
    Literal,
    Property,
    TypeCast,
    Unary,
    Variable,
)

_NUMBERS = (int, float)


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _less(left: Any, right: Any) -> bool:
    return _comparable(left, right) and bool(left < right)


def _comparable(left: Any, right: Any) -> bool:
    numbers = isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS)
    return numbers or (isinstance(left, str) and isinstance(right, str))


_COMPARES: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "lt": _less,
    "gt": lambda left, right: _less(right, left),
    "le": lambda left, right: _comparable(left, right) and not _less(right, left),
    "ge": lambda left, right: _comparable(left, right) and not _less(left, right),
}
_TEXT_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_CASES: Final = frozenset({"tolower", "toupper"})
"""Text compares without case here, so that these change nothing."""


class ObjectTest:
    """Conditions over objects of one type. Strings compare without case.

    Members that are callables are asked for their value; `hidden` ones are as good as unknown.
    """

    def __init__(
        self,
        entity_type: str,
        aliases: Mapping[str, Expression],
        hidden: frozenset[str] = frozenset(),
    ) -> None:
        self._type, self._aliases, self._hidden = entity_type, aliases, hidden

    def passes(self, condition: Expression, item: Any) -> bool:
        """Whether an object is let through. Raises UnknownProperty, NotSupported."""
        return self.value(condition, item, {}) is True

    def value(self, node: Expression, item: Any, variables: dict[str, Any]) -> Any:
        """The value of an expression, text in lower case. Raises UnknownProperty, NotSupported."""
        match node:
            case Literal(value):
                return _folded(value)
            case Alias(name) if name in self._aliases:
                return self.value(self._aliases[name], item, variables)
            case Property() | Variable():
                return _folded(self._member(node, item, variables))
            case Unary("not", operand):
                return self.value(operand, item, variables) is not True
            case Binary("and", left, right):
                return all(self.value(part, item, variables) is True for part in (left, right))
            case Binary("or", left, right):
                found = [self.value(part, item, variables) is True for part in (left, right)]
                return any(found)
            case Binary("in", left, Collection(items)):
                choices = [self.value(choice, item, variables) for choice in items]
                return self.value(left, item, variables) in choices
            case Binary(operator, left, right) if operator in _COMPARES:
                return _COMPARES[operator](
                    self.value(left, item, variables), self.value(right, item, variables)
                )
            case Call(name, (left, right)) if name in _TEXT_TESTS:
                subject = self.value(left, item, variables)
                probe = self.value(right, item, variables)
                return isinstance(subject, str) and _TEXT_TESTS[name](subject, str(probe))
            case Call(name, (subject,)) if name in _CASES:
                return self.value(subject, item, variables)
            case Lambda(kind, of, variable, predicate):
                return self._lambda(kind, of, variable, predicate, item, variables)
            case _:
                raise NotSupported(
                    f"The query node {type(node).__name__} is not supported on metadata.",
                    getattr(node, "position", -1),
                )

    def _lambda(
        self,
        kind: str,
        of: Expression,
        variable: str,
        predicate: Expression | None,
        item: Any,
        variables: dict[str, Any],
    ) -> bool:
        members = self._member(of, item, variables) or []
        if predicate is None:
            return bool(members)
        found = (
            self.value(predicate, item, {**variables, variable: member}) is True
            for member in members
        )
        return any(found) if kind == "any" else all(found)

    def _member(self, node: Expression, item: Any, variables: dict[str, Any]) -> Any:
        """The object or value behind a path; labels are not searched, as in the real service."""
        match node:
            case Variable(name):
                return variables.get(name, item)
            case TypeCast(_, None):
                return item
            case TypeCast(_, of) if of is not None:
                return self._member(of, item, variables)
            case Property(name, of):
                holder = item if of is None else self._member(of, item, variables)
                if holder is None and of is not None:
                    return None
                cast = isinstance(of, TypeCast)
                if cast and isinstance(holder, dict) and name not in holder:
                    return None
                is_hidden = of is None and name in self._hidden
                if not isinstance(holder, dict) or name not in holder or is_hidden:
                    raise UnknownProperty(name, self._type, node.position)
                value = holder[name]
                return value() if callable(value) else value
            case _:
                raise NotSupported(
                    "The path is not supported on metadata.", getattr(node, "position", -1)
                )
