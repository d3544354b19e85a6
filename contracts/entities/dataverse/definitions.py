"""What Dataverse knows of a table: the facts behind $metadata and EntityDefinitions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_NAMESPACE = uuid.UUID("6f1d0f3e-57a0-5d0b-9a61-d365d365d365")


def metadata_id(*names: str) -> str:
    """A stable MetadataId for a component that has none of Microsoft's: same names, same id."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(names)))


Facts = Mapping[str, Any]
"""Members of a component's wire form (`EntityMetadata` and its kin) as a document states them.

They win over what is derived from the definition: labels in several languages, cascade rules,
managed properties. What a definition has fields for is read from the fields only.
"""


@dataclass(frozen=True, slots=True)
class Option:
    """A choice: its value, its label, and for status reasons the state they belong to."""

    value: int
    label: str
    state: int | None = None
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """A column. `name` is its name on the wire: `_ownerid_value` for the lookup `ownerid`.

    `type` is the AttributeType: String, Memo, Integer, BigInt, Decimal, Double, Money, Boolean,
    DateTime, Lookup, Picklist, State, Status, Uniqueidentifier, Image, File, ...
    """

    name: str
    type: str
    edm: str
    label: str = ""
    max_length: int | None = None
    options: tuple[Option, ...] = ()
    required: str = "none"
    minimum: float | None = None
    maximum: float | None = None
    is_custom: bool = False
    schema_name: str = ""
    precision: int | None = None
    option_set: str = ""
    """The global choice that `options` come from, by name."""
    facts: Facts = field(default_factory=dict)

    @property
    def logical_name(self) -> str:
        """The name in metadata: a lookup's without the decoration."""
        if self.name.startswith("_") and self.name.endswith("_value"):
            return self.name[1:-6]
        return self.name


@dataclass(frozen=True, slots=True)
class Relation:
    """A navigation property: `pairs` of (own column, other column) by wire name.

    For many-to-many, `intersect` is the logical name of the table in between (a table like any
    other, with records): `pairs` are (own key, column of the intersect table), `far_pairs` are
    (column of the intersect table, key of the target). To associate two records is to insert a
    record of the intersect table with both columns; to disassociate is to delete it. Of one-to-many
    relationships the single-valued side holds `schema_name` and `facts`.
    """

    name: str
    target: str
    collection: bool
    pairs: tuple[tuple[str, str], ...]
    partner: str = ""
    intersect: str = ""
    far_pairs: tuple[tuple[str, str], ...] = ()
    schema_name: str = ""
    is_custom: bool = False
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A table with everything clients may ask of it."""

    logical_name: str
    schema_name: str
    entity_set: str
    primary_id: str
    primary_name: str
    columns: dict[str, ColumnDefinition]
    relations: dict[str, Relation] = field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    label: str = ""
    collection_label: str = ""
    object_type_code: int = 0
    ownership: str = "UserOwned"
    default_status: dict[int, int] = field(default_factory=dict)
    is_custom: bool = False
    metadata_id: str = ""
    is_intersect: bool = False
    facts: Facts = field(default_factory=dict)
    key_facts: Mapping[str, Facts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OptionSet:
    """A global choice; `facts` are members of its wire form, `kind` is Picklist or Boolean."""

    name: str
    options: tuple[Option, ...]
    label: str = ""
    kind: str = "Picklist"
    is_custom: bool = False
    metadata_id: str = ""
    facts: Facts = field(default_factory=dict)
