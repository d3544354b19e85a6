"""What $metadata does not say of an entity set: the form of its facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

COMPANY: Final = "dataAreaId"


@dataclass(frozen=True, slots=True)
class Relation:
    """A column whose value must be there in `target`, in the same company where it has one.

    A record that others point at cannot be deleted, unless those are `owned`: they go with it.
    `label` is what messages call the target where that is not its table's label.
    """

    target: str
    owned: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True)
class Sequence:
    """A number sequence: one counter per company (or one for all) and the form of its numbers.

    Sequences of one `counter` draw from the same numbers.
    """

    form: str
    first: int = 1
    is_shared: bool = False
    counter: str = ""


@dataclass(frozen=True, slots=True)
class EntityFacts:
    """One entity set. `table` is the root data source, `sources` how many data sources there are.

    `title` is the column shown beside the key when a record exists already; `rows` names its
    records in the plural, as messages on dependent records do. `stored_with` names the set whose
    records these are too: another version of the same entity. `lengths` are those of the tables.
    """

    table: str
    table_label: str
    rows: str
    title: str = ""
    sources: int = 1
    category: str = "Master"
    is_read_only: bool = False
    stored_with: str = ""
    entity: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    lengths: Mapping[str, int] = field(default_factory=dict)
    relations: Mapping[str, Relation] = field(default_factory=dict)
    sequences: Mapping[str, Sequence] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)


PARTY: Final = Sequence("{number:09d}", 2000, is_shared=True, counter="Party")
"""Parties of all kinds are numbered together."""
