"""RetrieveMetadataChanges: chosen parts of definitions, then what changed since a stamp.

Source: "RetrieveMetadataChanges Function", "Query schema definitions".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from windtunnel.contracts.entities.dataverse.wire import listed_in
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.metadata.addresses import Metadata
from windtunnel.simulator.services.dataverse.model.metadata.customizations import Customizations

Json = dict[str, Any]
_NAVIGATION = (
    ("Attributes", "AttributeQuery"),
    ("OneToManyRelationships", "RelationshipQuery"),
    ("ManyToOneRelationships", "RelationshipQuery"),
    ("ManyToManyRelationships", "RelationshipQuery"),
    ("Keys", "KeyQuery"),
)
_DELETED = ("Entity", "Attribute", "Relationship", "Label", "OptionSet", "EntityKey")
_ALWAYS = frozenset({"@odata.type", "MetadataId", "HasChanged", "LogicalName", "SchemaName"})


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters: an EntityQueryExpression, a stamp, the kinds of deleted components."""

    query: Json
    stamp: str = ""
    deleted: str = ""


def answer(metadata: Metadata, there: Customizations, asked: Asked) -> Json:
    """The response object. Raises InvalidArgument, ExpiredVersionStamp."""
    since = _version(asked.stamp, there.tables.stamp)
    changed = there.saved.changed_since(since) if asked.stamp else None
    tables = [
        metadata.entity(definition)
        for name, definition in there.tables.definitions.items()
        if changed is None or name in changed
    ]
    found = [item for item in tables if _meets(asked.query.get("Criteria"), item)]
    moment = datetime.fromtimestamp(there.clock.now(), UTC).strftime("%m/%d/%Y %H:%M:%S")
    return {
        "ServerVersionStamp": f"{there.tables.stamp}!{moment}",
        "EntityMetadata": [_table(item, asked.query) for item in found],
        "DeletedMetadata": _deleted(there, asked, since),
    }


def _version(stamp: str, newest: int) -> int:
    """The version of a stamp. Raises ExpiredVersionStamp for one from another history."""
    if not stamp:
        return 0
    number = stamp.partition("!")[0]
    if not number.isdigit() or len(number) > 18:
        raise errors.InvalidArgument(problem=f"The ClientVersionStamp '{stamp}' is not valid.")
    if int(number) > newest:
        raise errors.ExpiredVersionStamp
    return int(number)


def _table(item: Json, query: Json) -> Json:
    names = _names(query.get("Properties"))
    shown = _chosen(item, names)
    for member, part in _NAVIGATION:
        if names is not None and member not in names and part not in query:
            continue
        inner = query.get(part)
        inner = inner if isinstance(inner, dict) else {}
        if names is None or member in names:
            wanted = _names(inner.get("Properties")) if part in query else None
            listed = [child for child in item[member]() if _meets(inner.get("Criteria"), child)]
            shown[member] = [_child(child, wanted) for child in listed]
    return shown


def whole(item: Json, members: frozenset[str]) -> Json:
    """A table's definition with everything of its own and these lists, as messages answer it."""
    return {
        **_chosen(item, None),
        **{name: [_child(child, None) for child in item[name]()] for name in sorted(members)},
    }


def _child(item: Json, names: set[str] | None) -> Json:
    shown = _chosen(item, names)
    for member in ("OptionSet", "GlobalOptionSet"):
        value = item.get(member)
        if callable(value) and (names is None or member in names):
            shown[member] = value() or (
                item["GlobalOptionSet"]() if member == "OptionSet" else None
            )
    return shown


def _chosen(item: Json, names: set[str] | None) -> Json:
    return {
        name: value
        for name, value in item.items()
        if not callable(value) and (names is None or name in names or name in _ALWAYS)
    }


def _names(properties: Any) -> set[str] | None:
    """The names of a MetadataPropertiesExpression; None means all. Without it nothing extra."""
    if not isinstance(properties, dict):
        return set()
    if properties.get("AllProperties") is True:
        return None
    listed = properties.get("PropertyNames")
    return {str(name) for name in listed} if isinstance(listed, list) else set()


def _deleted(there: Customizations, asked: Asked, since: int) -> Json | None:
    wanted = {part.strip() for part in asked.deleted.split(",") if part.strip()}
    if not wanted or not asked.stamp:
        return None
    found = there.saved.deleted_since(since)
    kinds = [kind for kind in _DELETED if kind in found and wanted & {kind, "All", "Default"}]
    return {
        "Count": len(kinds),
        "IsReadOnly": False,
        "Keys": kinds,
        "Values": [found[kind] for kind in kinds],
    }


# -- criteria -----------------------------------------------------------------------------------


def _equal(left: Any, right: Any) -> bool:
    return bool(_folded(left) == _folded(right))


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _ordered(left: Any, right: Any) -> bool:
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    return numbers or (isinstance(left, str) and isinstance(right, str))


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": _equal,
    "NotEquals": lambda left, right: not _equal(left, right),
    "In": lambda left, right: any(_equal(left, one) for one in _listed(right)),
    "NotIn": lambda left, right: not any(_equal(left, one) for one in _listed(right)),
    "GreaterThan": lambda left, right: _ordered(left, right) and left > right,
    "LessThan": lambda left, right: _ordered(left, right) and left < right,
}


def _meets(criteria: Any, item: Json) -> bool:
    """Whether an object meets a MetadataFilterExpression. Raises InvalidArgument."""
    if not isinstance(criteria, dict):
        return True
    tests = [_condition(part, item) for part in listed_in(criteria, "Conditions")]
    tests += [_meets(part, item) for part in listed_in(criteria, "Filters")]
    if str(criteria.get("FilterOperator") or "And") == "Or":
        return any(tests) if tests else True
    return all(tests)


def _condition(part: Any, item: Json) -> bool:
    if not isinstance(part, dict):
        raise errors.InvalidArgument(problem="A condition must be an object.")
    name = str(part.get("PropertyName") or "")
    test = _OPERATORS.get(str(part.get("ConditionOperator") or ""))
    if test is None:
        operator = part.get("ConditionOperator")
        raise errors.InvalidArgument(problem=f"The ConditionOperator '{operator}' is not valid.")
    value = item.get(name)
    if isinstance(value, dict) and "Value" in value:
        value = value["Value"]
    return test(value, _object_value(part.get("Value")))


def _object_value(value: Any) -> Any:
    """The value of an Object parameter: `{"Type": "System.String", "Value": "x"}`."""
    if not isinstance(value, dict):
        return value
    kind, text = str(value.get("Type") or "System.String"), value.get("Value")
    if kind.endswith("[]") and isinstance(text, str):
        return [part.strip().strip("\"'") for part in text.strip("[]").split(",")]
    if isinstance(text, str) and kind == "System.Boolean":
        return text.lower() == "true"
    if isinstance(text, str) and kind in {"System.Int32", "System.Int64"}:
        return int(text) if text.lstrip("-").isdigit() else text
    return text
