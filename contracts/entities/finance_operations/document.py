"""Entity types as a $metadata document, in the form of the real service.

Source: fragments of a real document: types and enumerations, then actions, then the container.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from xml.sax.saxutils import quoteattr

from windtunnel.contracts.entities.finance_operations.definitions import (
    NAMESPACE,
    Declared,
    EntityType,
    EntityTypes,
    Enumeration,
    Navigation,
    Notes,
    Property,
)

_SPECIAL: Final = re.compile(r'[&<>"\n\r\t]')
TERM: Final = "Microsoft.Dynamics.OData.Core.V1."
_HEAD: Final = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
    f'<edmx:DataServices><Schema Namespace="{NAMESPACE}" '
    'xmlns="http://docs.oasis-open.org/odata/ns/edm">'
)
_TAIL: Final = "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"


def write_document(
    parts: Iterable[EntityTypes],
    is_served: Callable[[Declared], bool] = lambda found: False,  # noqa: ARG005
) -> bytes:
    """One document of all parts, as `document_pieces` has it."""
    return "".join(document_pieces(parts, is_served)).encode()


def document_pieces(
    parts: Iterable[EntityTypes],
    is_served: Callable[[Declared], bool],
    actions: str = "",
    imports: str = "",
) -> Iterator[str]:
    """One document of all parts; a set, type or enumeration of a later part wins.

    Declared actions that are served are left out: whoever serves them gives their elements as
    `actions` and those of the container as `imports`. A type is made when its piece is asked for.
    """
    elements: dict[tuple[str, str, bool], Declared] = {}
    kinds: dict[str, tuple[EntityTypes, str]] = {}
    enums: dict[str, Enumeration] = {}
    for part in parts:
        kinds = {name: found for name, found in kinds.items() if found[1] not in part.types}
        kinds.update({name: (part, placed) for name, placed in part.sets_by_type.items()})
        enums.update(part.enums)
        elements.update({(found.name, found.bound_to, found.many): found for found in part.actions})
    declared = [found for found in elements.values() if not is_served(found)]
    yield _HEAD
    for part, entity_set in kinds.values():
        yield from _type(part.types[entity_set])
    for name in sorted(enums):
        yield from _enum(enums[name])
    yield from (found.text for found in declared)
    yield actions
    yield '<EntityContainer Name="Resources">'
    for part, entity_set in kinds.values():
        yield from _set(part.types[entity_set])
    yield from (_action_import(found.name) for found in declared if found.is_imported)
    yield imports
    yield _TAIL


def _type(kind: EntityType) -> Iterator[str]:
    keys = "".join([f"<PropertyRef Name={_quoted(name)} />" for name in kind.key])
    yield f"<EntityType Name={_quoted(kind.name)}{_facets(kind.notes)}><Key>{keys}</Key>"
    for item in kind.properties.values():
        yield _property(item)
    for link in kind.navigations.values():
        yield _navigation(link)
    if kind.label:
        yield _note("LabelId", "String", kind.label)
    if kind.is_read_only:
        yield _note("IsReadOnly", "Bool", "true")
    yield _notes(kind.notes)
    yield "</EntityType>"


def _property(item: Property) -> str:
    parts = []
    if item.label:
        parts.append(_note("LabelId", "String", item.label))
    if item.x_type:
        parts.append(_note("AXType", "EnumMember", f"{TERM}AXType/{item.x_type}"))
    if item.countries:
        parts.append(_note("CountryRegionCodes", "String", item.countries))
    if item.required:
        parts.append(_note("IsRequired", "Bool", "true"))
    if not item.allow_edit:
        parts.append(_note("AllowEdit", "Bool", "false"))
    if not item.allow_edit_on_create:
        parts.append(_note("AllowEditOnCreate", "Bool", "false"))
    parts.append(_notes(item.notes))
    nullable = "" if item.nullable else ' Nullable="false"'
    head = f"<Property Name={_quoted(item.name)} Type={_quoted(item.edm)}{nullable}"
    inner = "".join(parts)
    head += _facets(item.notes)
    return f"{head}>{inner}</Property>" if inner else f"{head} />"


def _navigation(link: Navigation) -> str:
    target = link.target if "." in link.target else f"{NAMESPACE}.{link.target}"
    kind = f"Collection({target})" if link.many else target
    nullable = "" if link.many or link.nullable else ' Nullable="false"'
    partner = f" Partner={_quoted(link.partner)}" if link.partner else ""
    rules = "".join(
        [
            f"<ReferentialConstraint Property={_quoted(own)} ReferencedProperty={_quoted(far)} />"
            for own, far in link.pairs
        ]
    )
    head = f"<NavigationProperty Name={_quoted(link.name)} Type={_quoted(kind)}"
    head += f"{nullable}{partner}{_facets(link.notes)}"
    return f"{head}>{rules}{_notes(link.notes)}</NavigationProperty>"


def _enum(enum: Enumeration) -> Iterator[str]:
    yield f"<EnumType Name={_quoted(enum.name)}>"
    for member, value in enum.members.items():
        label = enum.labels.get(member, "")
        note = _note("LabelId", "String", label) if label else ""
        yield f'<Member Name={_quoted(member)} Value="{value}">{note}</Member>'
    if enum.label:
        yield _note("LabelId", "String", enum.label)
    yield "</EnumType>"


def _set(kind: EntityType) -> Iterator[str]:
    if not kind.entity_set:
        return
    name = _quoted(f"{NAMESPACE}.{kind.name}")
    yield f"<EntitySet Name={_quoted(kind.entity_set)} EntityType={name}>"
    for path, target in kind.bindings:
        yield (f"<NavigationPropertyBinding Path={_quoted(path)} Target={_quoted(target)} />")
    yield "</EntitySet>"


def _action_import(name: str) -> str:
    return f"<ActionImport Name={_quoted(name)} Action={_quoted(f'{NAMESPACE}.{name}')} />"


def _note(term: str, attribute: str, value: str) -> str:
    term = term if "." in term else TERM + term
    return f"<Annotation Term={_quoted(term)} {attribute}={_quoted(value)} />"


def _notes(notes: Notes) -> str:
    return "".join([_note(*note) for note in notes if note[0]])


def _facets(notes: Notes) -> str:
    """Attributes of the element itself: notes without a term."""
    return "".join([f" {name}={_quoted(value)}" for term, name, value in notes if not term])


def _quoted(value: str) -> str:
    """An attribute's value; most have nothing to escape."""
    if _SPECIAL.search(value) is None:
        return f'"{value}"'
    return quoteattr(value, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
