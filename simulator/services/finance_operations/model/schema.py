"""The types that one environment serves: the standard ones and those of imported documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY, FACTS, EntityFacts
from windtunnel.contracts.entities.finance_operations.definitions import (
    NAMESPACE,
    Declared,
    EntityType,
    EntityTypes,
    Enumeration,
    Navigation,
)
from windtunnel.contracts.entities.finance_operations.document import document_pieces
from windtunnel.simulator.odata.schema import EnumType

UNKNOWN: Final = EntityFacts("", "", "")


class Schema:
    """Types by set name; a later part wins over an earlier one."""

    def __init__(self, parts: Sequence[EntityTypes]) -> None:
        self._parts = parts
        self.types: Mapping[str, EntityType] = _Chain([part.types for part in reversed(parts)])
        self.sets_by_type = {
            kind: name for part in parts for kind, name in part.sets_by_type.items()
        }
        self.types_by_set = {name: kind for kind, name in self.sets_by_type.items()}

    @cached_property
    def enums(self) -> dict[str, EnumType]:
        """The enumerations by bare name."""
        return {
            name: EnumType(f"{NAMESPACE}.{name}", enum.members)
            for part in self._parts
            for name, enum in part.enums.items()
        }

    @cached_property
    def enumerations(self) -> Mapping[str, Enumeration]:
        """The enumerations as documents describe them."""
        return {name: enum for part in self._parts for name, enum in part.enums.items()}

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """What labels say in place of an id, in an order that does not change."""
        return tuple(dict.fromkeys(text for part in self._parts for text in part.texts))

    def pieces(
        self, is_served: Callable[[Declared], bool], actions: str, imports: str
    ) -> Iterator[str]:
        """The $metadata document; `actions` and `imports` describe the actions that are served."""
        return document_pieces(self._parts, is_served, actions, imports)

    def entity(self, entity_set: str) -> str:
        """The data entity's own name; its type is not made for that where a document has it."""
        known = FACTS.get(entity_set, UNKNOWN).entity
        standard = self._parts[0].types
        if entity_set in standard and self.types[entity_set] is standard[entity_set]:
            known = standard[entity_set].entity or known
        return known or f"{self.types_by_set[entity_set]}Entity"

    @cached_property
    def declared(self) -> frozenset[tuple[str, str, bool]]:
        """(name, type it is bound to, of a collection) of actions that documents declare."""
        return frozenset((a.name, a.bound_to, a.many) for part in self._parts for a in part.actions)

    def facts(self, entity_set: str) -> EntityFacts:
        """What is known of a set, as far as its type has the columns."""
        kind = self.types[entity_set]
        known = FACTS.get(entity_set, UNKNOWN)
        there = kind.properties
        return replace(
            known,
            entity=self.entity(entity_set),
            table=known.table or kind.name,
            table_label=known.table_label or kind.label or kind.name,
            rows=known.rows or kind.label or kind.name,
            title=known.title if known.title in there else "",
            is_read_only=known.is_read_only or kind.is_read_only,
            relations={
                name: relation
                for name, relation in known.relations.items()
                if name in there and self._leads(kind, relation.target)
            },
            sequences={n: s for n, s in known.sequences.items() if n in there},
            defaults={n: d for n, d in known.defaults.items() if n in there},
            stored_with=known.stored_with if self._fits(kind, known.stored_with) else "",
        )

    def joins(self, kind: EntityType, link: Navigation) -> bool:
        """Whether a navigation leads to a set, by columns that both types have."""
        target = self.sets_by_type.get(link.target)
        if target is None:
            return False
        far = self.types[target].properties
        return all(own in kind.properties and other in far for own, other in link.pairs)

    def _leads(self, kind: EntityType, target: str) -> bool:
        """Whether the target's key is a value, or the company and a value."""
        if target not in self.types:
            return False
        key = self.types[target].key
        return len(key) == 1 or (len(key) == 2 and key[0] == COMPANY == kind.key[0])

    def _fits(self, kind: EntityType, principal: str) -> bool:
        return principal in self.types and self.types[principal].key == kind.key


class _Chain(Mapping[str, EntityType]):
    """Several mappings as one; the first that has a name gives the type."""

    def __init__(self, parts: Sequence[Mapping[str, EntityType]]) -> None:
        self._parts = parts

    def __getitem__(self, name: str) -> EntityType:
        for part in self._parts:
            if name in part:
                return part[name]
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(name in part for part in self._parts)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for part in reversed(self._parts) for name in part))

    def __len__(self) -> int:
        return sum(1 for _ in self)
