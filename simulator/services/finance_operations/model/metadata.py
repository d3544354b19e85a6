"""What `/metadata` tells: data entities, public entities, enumerations, labels as JSON objects.

Source: "Services home page" (Metadata
API); responses that public clients parse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from windtunnel.contracts.entities.finance_operations.definitions import (
    NAMESPACE,
    Enumeration,
    Navigation,
    Notes,
    Property,
)
from windtunnel.simulator.services.finance_operations.model.actions import (
    Actions,
    ServedAction,
    Type,
)
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.labels import Labels
from windtunnel.simulator.services.finance_operations.model.schema import Schema

METADATA: Final = "Microsoft.Dynamics.Metadata"
Json = dict[str, Any]
_LABEL: Final = ("Id", "Language")
_X_TYPES: Final = {
    "Edm.Binary": "Container",
    "Edm.Boolean": "Enum",
    "Edm.DateTimeOffset": "UtcDateTime",
    "Edm.Decimal": "Real",
    "Edm.Guid": "Guid",
    "Edm.Int32": "Int32",
    "Edm.Int64": "Int64",
    "Edm.String": "String",
}


Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """One collection of `/metadata`: the keys of its rows in order, and the type errors name.

    `row` makes a row when it is asked for: documents of real environments bring thousands.
    """

    name: str
    type: str
    key: Key
    keys: Mapping[Key, None]
    row: Callable[[Key], Json]

    @property
    def qualified(self) -> str:
        """The type with its namespace."""
        return f"{METADATA}.{self.type}"


class Metadata:
    """Reads the types that `/data/$metadata` describes."""

    def __init__(self, schema: Schema, sets: Mapping[str, EntitySet], actions: Actions) -> None:
        self._schema, self._sets, self._actions = schema, sets, actions

    @cached_property
    def labels(self) -> Labels:
        """Ids of all texts, given in the order of the documents."""
        return Labels(self._schema.texts)

    @cached_property
    def listings(self) -> Mapping[str, Listing]:
        """All collections by name."""
        schema = self._schema
        entities = {schema.entity(name): name for name in schema.types}
        kinds = [schema.types_by_set[name] for name in sorted(schema.types)]
        made = (
            Listing(
                "DataEntities",
                "DataEntity",
                ("Name",),
                _keys(sorted(entities)),
                lambda key: self._data_entity(key[0], entities[key[0]]),
            ),
            Listing(
                "PublicEntities",
                "PublicEntity",
                ("Name",),
                _keys(kinds),
                lambda key: self._entity(schema.sets_by_type[key[0]]),
            ),
            Listing(
                "PublicEnumerations",
                "PublicEnumeration",
                ("Name",),
                _keys(sorted(schema.enumerations)),
                lambda key: self._enumeration(schema.enumerations[key[0]]),
            ),
            Listing(
                "Labels",
                "Label",
                _LABEL,
                dict.fromkeys(self.labels.rows()),
                lambda key: dict(
                    zip((*_LABEL, "Value"), (*key, self.labels.text(*key)), strict=True)
                ),
            ),
        )
        return {listing.name: listing for listing in made}

    def _data_entity(self, name: str, entity_set: str) -> Json:
        kind = self._schema.types[entity_set]
        return {
            "Name": name,
            "PublicEntityName": kind.name,
            "PublicCollectionName": entity_set,
            "LabelId": self.labels.id_of(kind.label),
            "DataServiceEnabled": True,
            "DataManagementEnabled": True,
            "EntityCategory": self._sets[entity_set].facts.category,
            "IsReadOnly": kind.is_read_only,
        }

    def _label(self, text: str) -> str | None:
        return self.labels.id_of(text) if text else None

    def _entity(self, entity_set: str) -> Json:
        kind = self._schema.types[entity_set]
        notes = _notes(kind.notes)
        return {
            "Name": kind.name,
            "EntitySetName": entity_set,
            "LabelId": self._label(kind.label),
            "IsReadOnly": kind.is_read_only,
            "ConfigurationEnabled": notes.get("ConfigurationKeyEnabled") != "false",
            "Properties": [self._property(item, kind.key) for item in kind.properties.values()],
            "NavigationProperties": [_navigation(item) for item in kind.navigations.values()],
            "PropertyGroups": [],
            "Actions": [_action(served) for served in self._actions.of(entity_set)],
        }

    def _property(self, item: Property, key: Key) -> Json:
        notes = _notes(item.notes)
        return {
            "Name": item.name,
            "TypeName": item.edm,
            "DataType": item.x_type or _X_TYPES.get(item.edm, "Enum"),
            "LabelId": self._label(item.label),
            "IsKey": item.name in key,
            "IsMandatory": item.required,
            "ConfigurationEnabled": notes.get("ConfigurationKeyEnabled") != "false",
            "AllowEdit": item.allow_edit,
            "AllowEditOnCreate": item.allow_edit_on_create,
            "IsDimension": notes.get("IsDimension") == "true",
            "DimensionRelation": notes.get("DimensionRelation"),
            "IsDynamicDimension": notes.get("IsDynamicDimension") == "true",
            "DimensionLegalEntityProperty": notes.get("DimensionLegalEntityProperty"),
            "DimensionTypeProperty": notes.get("DimensionTypeProperty"),
        }

    def _enumeration(self, enum: Enumeration) -> Json:
        return {
            "Name": enum.name,
            "LabelId": self._label(enum.label),
            "Members": [
                {
                    "Name": member,
                    "Value": value,
                    "LabelId": self.labels.id_of(enum.labels.get(member) or member),
                    "ConfigurationEnabled": True,
                }
                for member, value in enum.members.items()
            ],
        }


def _keys(names: Iterable[str]) -> dict[Key, None]:
    return {(name,): None for name in names}


def _notes(notes: Notes) -> dict[str, str]:
    """Annotations without a field of their own, by term."""
    return {term: value for term, _, value in notes if term}


def _navigation(item: Navigation) -> Json:
    kind = f"#{METADATA}.ReferentialConstraint"
    return {
        "Name": item.name,
        "RelatedEntity": item.target,
        "RelatedRelationName": item.partner or None,
        "Cardinality": "Multiple" if item.many else "Single",
        "Constraints": [
            {"@odata.type": kind, "Property": own, "ReferencedProperty": other}
            for own, other in item.pairs
        ],
    }


def _action(served: ServedAction) -> Json:
    kind, parameters = "Unbound", []
    if served.bound_to is not None:
        name = served.bound_to.type
        kind = "BoundToEntitySet" if served.is_of_collection else "BoundToEntityInstance"
        binding = {"TypeName": f"{NAMESPACE}.{name}", "IsCollection": served.is_of_collection}
        parameters.append({"Name": name, "Type": binding})
    parameters += [{"Name": p.name, "Type": _type(of)} for p, of in served.parameters]
    return {
        "Name": served.name,
        "BindingKind": kind,
        "Parameters": parameters,
        "ReturnType": _type(served.returns) if served.returns is not None else None,
        "FieldLookup": None,
    }


def _type(kind: Type) -> Json:
    return {"TypeName": kind.name, "IsCollection": kind.is_collection}
