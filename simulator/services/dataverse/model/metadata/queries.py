"""`$select`, `$expand` and `$filter` over definitions, which are plain objects, not rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from windtunnel.simulator.odata import NotSupported, UnknownProperty
from windtunnel.simulator.odata.tree import (
    Alias,
    Binary,
    Call,
    Collection,
    ExpandItem,
    Expression,
    Lambda,
    Literal,
    Options,
    Property,
    Query,
    SelectItem,
    TypeCast,
    Unary,
    Variable,
)
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.metadata.shapes import NAMESPACE

Json = dict[str, Any]
_ALWAYS = frozenset({"MetadataId", "@odata.type"})
_REFUSED = ("top", "skip", "orderby", "apply", "search", "compute")
_NUMBERS = (int, float)

_ATTRIBUTE_DETAILS = frozenset(
    {
        "CalculationOf", "CanChangeDateTimeBehavior", "CanStoreFullImage",
        "ChildPicklistLogicalNames",
        "DatabaseLength", "DateTimeBehavior", "DefaultFormValue", "DefaultValue", "Format",
        "FormatName", "FormulaDefinition", "GlobalOptionSet", "ImeMode", "IsBaseCurrency",
        "IsEntityReferenceStored", "IsLocalizable", "IsPrimaryImage", "MaxHeight", "MaxLength",
        "MaxSizeInKB", "MaxSupportedValue", "MaxValue", "MaxWidth", "MinSupportedValue", "MinValue",
        "OptionSet", "ParentPicklistLogicalName", "Precision", "PrecisionSource", "SourceTypeMask",
        "Targets", "YomiOf",
    }
)  # fmt: skip
_DERIVED_ONLY: Mapping[str, frozenset[str]] = {
    "AttributeMetadata": _ATTRIBUTE_DETAILS,
    "EnumAttributeMetadata": _ATTRIBUTE_DETAILS
    - {"DefaultFormValue", "OptionSet", "GlobalOptionSet"},
    "OptionSetMetadataBase": frozenset(
        {"Options", "TrueOption", "FalseOption", "ParentOptionSetName"}
    ),
    "RelationshipMetadataBase": frozenset(
        {
            "AssociatedMenuConfiguration", "CascadeConfiguration", "ReferencedAttribute",
            "ReferencedEntity", "ReferencingAttribute", "ReferencingEntity", "IsHierarchical",
            "ReferencedEntityNavigationPropertyName", "ReferencingEntityNavigationPropertyName",
            "Entity1LogicalName", "Entity2LogicalName", "IntersectEntityName",
            "Entity1IntersectAttribute", "Entity2IntersectAttribute",
            "Entity1NavigationPropertyName", "Entity2NavigationPropertyName",
            "Entity1AssociatedMenuConfiguration", "Entity2AssociatedMenuConfiguration",
            "RelationshipBehavior", "EntityKey", "RelationshipAttributes",
        }
    ),
}  # fmt: skip
"""Members that only derived types have: a query over the base type must cast to name them."""


def check_options(query: Query) -> None:
    """Refuse what the definitions do not take. Raises QueryError."""
    for name in _REFUSED:
        if getattr(query.options, name) not in {None, ()}:
            raise errors.QueryError(problem=f"The query parameter '${name}' is not supported.")


def filtered(items: list[Json], options: Options, type_name: str) -> list[Json]:
    """The items a `$filter` lets through. Unknown names raise UnknownProperty."""
    condition = options.filter
    if condition is None:
        return items
    test = _Test(type_name, dict(options.aliases))
    return [item for item in items if test.value(condition, item, {}) is True]


def shaped(item: Json, options: Options, type_name: str) -> Json:
    """What is selected and expanded of an object; callables are its navigation properties."""
    wanted = _wanted(item, options.select, type_name)
    shown = {
        name: value
        for name, value in item.items()
        if not callable(value) and (wanted is None or name in wanted or name in _ALWAYS)
    }
    for expand in options.expand:
        shown[expand.path[-1]] = _expanded(item, expand, type_name)
    return shown


def shown_names(options: Options) -> str:
    """What stands in parentheses in the context: the selected and the expanded names."""
    if not options.select:
        return ""
    names = ["/".join(part.path) for part in options.select]
    names += [expand.path[-1] for expand in options.expand if expand.path[-1] not in names]
    return f"({','.join(names)})"


def _wanted(item: Json, select: Iterable[SelectItem], type_name: str) -> set[str] | None:
    names: set[str] = set()
    hidden = _DERIVED_ONLY.get(type_name, frozenset())
    for part in select:
        name = part.path[-1]
        if name == "*":
            return None
        is_cast = len(part.path) > 1 and part.path[0].startswith(NAMESPACE)
        if not is_cast and (name not in item or name in hidden):
            raise UnknownProperty(name, NAMESPACE + type_name, part.position)
        names.add(name)
    return names or None


def _expanded(item: Json, expand: ExpandItem, type_name: str) -> Any:
    name = expand.path[-1]
    value = item.get(name)
    is_cast = len(expand.path) > 1 and expand.path[0].startswith(NAMESPACE)
    if is_cast and not callable(value):
        return None
    hidden = _DERIVED_ONLY.get(type_name, frozenset())
    if not callable(value) or (name in hidden and not is_cast):
        raise UnknownProperty(name, NAMESPACE + type_name, expand.position)
    inner = value()
    options = expand.options or Options()
    kind = MEMBER_TYPES.get(name, type_name)
    if isinstance(inner, list):
        return [shaped(part, options, kind) for part in filtered(inner, options, kind)]
    return shaped(inner, options, kind) if isinstance(inner, dict) else None


MEMBER_TYPES = {
    "Attributes": "AttributeMetadata",
    "Keys": "EntityKeyMetadata",
    "OneToManyRelationships": "OneToManyRelationshipMetadata",
    "ManyToOneRelationships": "OneToManyRelationshipMetadata",
    "ManyToManyRelationships": "ManyToManyRelationshipMetadata",
    "OptionSet": "OptionSetMetadata",
    "GlobalOptionSet": "OptionSetMetadata",
}
"""Navigation properties of definitions to the type they lead to."""


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


class _Test:
    """A condition over objects of one type. Strings compare without case."""

    def __init__(self, type_name: str, aliases: dict[str, Expression]) -> None:
        self._type, self._aliases = type_name, aliases
        self._hidden = _DERIVED_ONLY.get(type_name, frozenset())

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
                    raise UnknownProperty(name, NAMESPACE + self._type, node.position)
                value = holder[name]
                return value() if callable(value) else value
            case _:
                raise NotSupported(
                    "The path is not supported on metadata.", getattr(node, "position", -1)
                )
