"""What `/metadata` tells: data entities, public entities, enumerations, labels as JSON objects.

Read from the very document that `/data/$metadata` serves. Source: "Services home page" (Metadata
API); responses that public clients parse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from windtunnel.contracts import csdl
from windtunnel.contracts.entities.finance_operations.load import NAMESPACE
from windtunnel.simulator.services.finance_operations.model.actions import (
    Actions,
    ServedAction,
    Type,
)
from windtunnel.simulator.services.finance_operations.model.document import Document
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.labels import Labels

METADATA: Final = "Microsoft.Dynamics.Metadata"
Json = dict[str, Any]
_TERM: Final = "Microsoft.Dynamics.OData.Core.V1."
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


@dataclass(frozen=True, slots=True)
class Listing:
    """One collection of `/metadata`: its rows by key, and the type that errors name."""

    name: str
    type: str
    key: tuple[str, ...]
    rows: dict[tuple[str, ...], Json] = field(default_factory=dict)

    @property
    def qualified(self) -> str:
        """The type with its namespace."""
        return f"{METADATA}.{self.type}"


class Metadata:
    """Made at the first question, and again when an action came."""

    def __init__(self, document: Document, sets: Mapping[str, EntitySet], actions: Actions) -> None:
        self._document, self._sets, self._actions = document, sets, actions
        self._version = -1
        self._listings: dict[str, Listing] = {}
        self.labels = Labels()

    def listings(self) -> Mapping[str, Listing]:
        """All collections by name."""
        if self._version != self._actions.version:
            self._version = self._actions.version
            entities, enums = self._public()
            made = (self._data_entities(entities), entities, enums, self._labels())
            self._listings = {listing.name: listing for listing in made}
        return self._listings

    def _data_entities(self, public: Listing) -> Listing:
        found = Listing("DataEntities", "DataEntity", ("Name",))
        for name, entity_set in sorted(self._sets.items(), key=lambda pair: pair[1].facts.entity):
            facts = entity_set.facts
            found.rows[facts.entity,] = {
                "Name": facts.entity,
                "PublicEntityName": entity_set.type,
                "PublicCollectionName": name,
                "LabelId": self.labels.id_of(entity_set.kind.label),
                "DataServiceEnabled": True,
                "DataManagementEnabled": True,
                "EntityCategory": facts.category,
                "IsReadOnly": public.rows[entity_set.type,]["IsReadOnly"],
            }
        return found

    def _public(self) -> tuple[Listing, Listing]:
        document = csdl.parse_csdl(self._document.csdl())
        entities = Listing("PublicEntities", "PublicEntity", ("Name",))
        for name, placed in sorted(document.entity_sets.items()):
            kind = document.entity_types[placed.type.rpartition(".")[2]]
            entities.rows[kind.name,] = self._entity(name, kind)
        enums = Listing("PublicEnumerations", "PublicEnumeration", ("Name",))
        for name, enum in sorted(document.enum_types.items()):
            enums.rows[name,] = self._enumeration(name, enum)
        return entities, enums

    def _labels(self) -> Listing:
        found = Listing("Labels", "Label", ("Id", "Language"))
        for row in self.labels.rows():
            found.rows[row["Id"], row["Language"]] = dict(row)
        return found

    def _label(self, notes: Mapping[str, str]) -> str | None:
        text = notes.get("LabelId", "")
        return self.labels.id_of(text) if text else None

    def _entity(self, entity_set: str, kind: csdl.EntityType) -> Json:
        notes = _notes(kind.node)
        return {
            "Name": kind.name,
            "EntitySetName": entity_set,
            "LabelId": self._label(notes),
            "IsReadOnly": notes.get("IsReadOnly") == "true",
            "ConfigurationEnabled": notes.get("ConfigurationKeyEnabled") != "false",
            "Properties": [self._property(item, kind.key) for item in kind.properties],
            "NavigationProperties": [_navigation(item) for item in kind.navigations],
            "PropertyGroups": [],
            "Actions": [_action(served) for served in self._actions.of(entity_set)],
        }

    def _property(self, item: csdl.Property, key: tuple[str, ...]) -> Json:
        notes = _notes(item.node)
        x_type = notes.get("AXType", "").rpartition("/")[2]
        allow_edit = notes.get("AllowEdit") != "false"
        return {
            "Name": item.name,
            "TypeName": item.type,
            "DataType": x_type or _X_TYPES.get(item.type, "Enum"),
            "LabelId": self._label(notes),
            "IsKey": item.name in key,
            "IsMandatory": notes.get("IsRequired") == "true",
            "ConfigurationEnabled": notes.get("ConfigurationKeyEnabled") != "false",
            "AllowEdit": allow_edit,
            "AllowEditOnCreate": notes.get("AllowEditOnCreate") != "false",
            "IsDimension": notes.get("IsDimension") == "true",
            "DimensionRelation": notes.get("DimensionRelation"),
            "IsDynamicDimension": notes.get("IsDynamicDimension") == "true",
            "DimensionLegalEntityProperty": notes.get("DimensionLegalEntityProperty"),
            "DimensionTypeProperty": notes.get("DimensionTypeProperty"),
        }

    def _enumeration(self, name: str, enum: csdl.EnumType) -> Json:
        members = enum.members
        notes = {member.get("Name"): _notes(member) for member in enum.node.each("Member")}
        return {
            "Name": name,
            "LabelId": self._label(_notes(enum.node)),
            "Members": [
                {
                    "Name": member,
                    "Value": value,
                    "LabelId": self._label(notes[member]) or self.labels.id_of(member),
                    "ConfigurationEnabled": True,
                }
                for member, value in members.items()
            ],
        }


def _notes(node: csdl.Node) -> dict[str, str]:
    """Annotations by their term without namespace."""
    found: dict[str, str] = {}
    for note in node.each("Annotation"):
        value = note.get("String") or note.get("Bool") or note.get("EnumMember")
        found[note.get("Term").removeprefix(_TERM)] = value
    return found


def _navigation(item: csdl.NavigationProperty) -> Json:
    kind = f"#{METADATA}.ReferentialConstraint"
    return {
        "Name": item.name,
        "RelatedEntity": item.target.removeprefix(f"{NAMESPACE}."),
        "RelatedRelationName": item.partner or None,
        "Cardinality": "Multiple" if item.collection else "Single",
        "Constraints": [
            {"@odata.type": kind, "Property": own, "ReferencedProperty": other}
            for own, other in item.constraints
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
