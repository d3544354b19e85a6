"""`$select`, `$expand` and `$filter` over definitions, which are plain objects, not rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from windtunnel.simulator.odata import UnknownProperty
from windtunnel.simulator.odata.objects import ObjectTest
from windtunnel.simulator.odata.tree import ExpandItem, Options, Query, SelectItem
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.metadata.shapes import NAMESPACE

Json = dict[str, Any]
_ALWAYS = frozenset({"MetadataId", "@odata.type"})
_REFUSED = ("top", "skip", "orderby", "apply", "search", "compute")

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
    hidden = _DERIVED_ONLY.get(type_name, frozenset())
    test = ObjectTest(NAMESPACE + type_name, dict(options.aliases), hidden)
    return [item for item in items if test.passes(condition, item)]


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
