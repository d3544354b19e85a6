"""$metadata documents of real environments as entity types; the form in which they are kept.

What has no field of its own (help texts, configuration keys, facets) is carried as notes, so that
the document that is served tells what the imported one did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

import orjson

from windtunnel.contracts import csdl
from windtunnel.contracts.csdl import Node
from windtunnel.contracts.entities.finance_operations.catalog import FACTS
from windtunnel.contracts.entities.finance_operations.definitions import (
    NAMESPACE,
    Declared,
    EntityType,
    EntityTypes,
    Enumeration,
    Lazily,
    Navigation,
    Notes,
    Property,
    texts_of,
)
from windtunnel.contracts.entities.finance_operations.wire import (
    X_TYPES,
    entity_json,
    entity_of,
    enum_json,
    enum_of,
)
from windtunnel.contracts.entities.imports import ImportProblem, unpacked

_TERM: Final = "Microsoft.Dynamics.OData.Core.V1."
_SPACE: Final = f"{NAMESPACE}."
_KNOWN: Final = frozenset(
    {
        "LabelId",
        "AXType",
        "CountryRegionCodes",
        "IsRequired",
        "AllowEdit",
        "AllowEditOnCreate",
        "IsReadOnly",
    }
)
MOST_PROPERTIES: Final = 1_024
"""An entity is a view. Source: "Maximum capacity specifications for SQL Server"."""
_SYSTEM: Final = {"recid": "RecId", "recversion": "RecVersion"}
"""Columns of every table; X++ does not tell case."""
_OWN: Final = frozenset({"Name", "Type", "Nullable", "Partner"})
_EDM: Final = frozenset({*X_TYPES, "Edm.Double", "Edm.Single", "Edm.Date", "Edm.TimeOfDay"}) | {
    "Edm.Int16",
    "Edm.Byte",
}


def imported(documents: Mapping[str, bytes], enums: Iterable[str] = ()) -> EntityTypes:
    """The types of all documents, by file name; a later document wins.

    `enums` are names of enumerations that are known without being in the documents. Raises
    ImportProblem with the file, and line where there is one.
    """
    kinds: dict[str, EntityType] = {}
    found_enums: dict[str, Enumeration] = {}
    actions: dict[tuple[str, str, bool], Declared] = {}
    for where, raw in documents.items():
        try:
            document = csdl.parse_csdl(unpacked(raw))
            spaces = {schema.get("Namespace") for schema in document.schemas}
            if NAMESPACE not in spaces:
                raise ImportProblem(
                    f"Its namespace is {', '.join(sorted(spaces))}, not {NAMESPACE}."
                )
            for enum in document.enum_types.values():
                found_enums[enum.name] = _enum(enum)
            reader = _Reader(document, {*enums, *found_enums})
            kinds.update({kind.entity_set: kind for kind in reader.kinds()})
            actions.update({(a.name, a.bound_to, a.many): a for a in reader.actions()})
        except ValueError as error:
            raise ImportProblem(str(error), where) from error
    return EntityTypes(
        kinds,
        found_enums,
        {kind.name: name for name, kind in kinds.items()},
        tuple(actions.values()),
        texts_of(kinds.values(), found_enums.values()),
    )


def packed(types: EntityTypes) -> bytes:
    """The types in lines: what there is, then a line for each set."""
    kinds = list(types.types.values())
    index = {
        "sets": [[kind.entity_set, kind.name] for kind in kinds],
        "enums": [enum_json(enum) for enum in types.enums.values()],
        "actions": [list(action) for action in types.actions],
        "texts": types.texts,
    }
    lines = [orjson.dumps(index), *(orjson.dumps(entity_json(kind)) for kind in kinds)]
    return b"\n".join(lines)


def opened(kept: bytes) -> EntityTypes:
    """The types of `packed`; a set's line is read when the set is first asked for."""
    head, *lines = kept.split(b"\n")
    index = orjson.loads(head)
    pairs = zip(index["sets"], lines, strict=True)
    return EntityTypes(
        Lazily({name: partial(_line, line) for (name, _), line in pairs}),
        {body["enum"]: enum_of(body) for body in index["enums"]},
        {kind: name for name, kind in index["sets"]},
        tuple([Declared(*action) for action in index["actions"]]),
        tuple(index["texts"]),
    )


def _line(line: bytes) -> EntityType:
    return entity_of(orjson.loads(line))


class _Reader:
    """Reads one document."""

    def __init__(self, document: csdl.Document, enums: set[str]) -> None:
        self._document, self._enums = document, enums
        self._types = document.entity_types

    def kinds(self) -> Iterable[EntityType]:
        spelled = {name.lower(): name for name in FACTS}
        for name, placed in self._document.entity_sets.items():
            known = spelled.setdefault(name.lower(), name)
            if name != known:
                raise _problem(f"The entity set {name} must be written {known}", placed)
            kind = self._types.get(placed.type.rpartition(".")[2])
            if kind is None:
                raise _problem(f"The entity set {name} has the unknown type {placed.type}", placed)
            yield self._kind(name, kind, placed.bindings)

    def actions(self) -> Iterable[Declared]:
        imports = {node.get("Action") for node in self._document.imports("ActionImport")}
        for action in self._document.actions:
            bound_to, many = "", False
            if action.is_bound and action.parameters:
                kind = action.parameters[0][1]
                many = kind.startswith("Collection(")
                bound_to = kind.removeprefix("Collection(").removesuffix(")").removeprefix(_SPACE)
            is_imported = f"{_SPACE}{action.name}" in imports
            text = csdl.write_node(action.node).decode()
            yield Declared(action.name, bound_to, many, is_imported, text)

    def _kind(
        self, entity_set: str, kind: csdl.EntityType, bindings: tuple[tuple[str, str], ...]
    ) -> EntityType:
        line = kind
        properties: dict[str, Property] = {}
        spelled = dict(_SYSTEM)
        navigations: dict[str, Navigation] = {}
        key: tuple[str, ...] = ()
        for part in self._document.lineage(kind.name):
            key = part.key or key
            for item in part.properties:
                properties[self._named(item, kind.name, spelled)] = self._property(item)
            for link in part.navigations:
                navigations[link.name] = _navigation(link)
        if not key or not all(name in properties for name in key):
            raise _problem(f"The key of {kind.name} is not among its properties", line)
        if len(properties) > MOST_PROPERTIES:
            text = f"{kind.name} has more than {MOST_PROPERTIES:,} properties"
            raise _problem(text, kind)
        notes = _notes(kind.node)
        return EntityType(
            name=kind.name,
            entity_set=entity_set,
            key=key,
            properties=properties,
            navigations=navigations,
            label=notes.get("LabelId", ""),
            is_read_only=notes.get("IsReadOnly") == "true",
            notes=_others(kind.node, frozenset({"Name", "BaseType", "Abstract"})),
            bindings=bindings,
        )

    def _named(self, item: csdl.Property, kind: str, spelled: dict[str, str]) -> str:
        """A property's name, which must not be among those of its type in another case either."""
        name = item.name
        if not name or not item.node.get("Type"):
            raise _problem(f"A property of {kind} has no name or no type", item)
        known = spelled.get(name.lower(), "")
        if known in _SYSTEM.values() and name != known:
            raise _problem(f"The property {name} of {kind} must be written {known}", item)
        if known not in {"", *_SYSTEM.values()}:
            raise _problem(f"The property {name} of {kind} stands there twice", item)
        spelled[name.lower()] = name
        return name

    def _property(self, item: csdl.Property) -> Property:
        notes, edm = _notes(item.node), item.type
        if edm not in _EDM and edm.removeprefix(_SPACE) not in self._enums:
            raise _problem(f"The property {item.name} has the unknown type {edm}", item)
        return Property(
            item.name,
            edm,
            item.nullable,
            notes.get("LabelId", ""),
            notes.get("AXType", "").rpartition("/")[2],
            notes.get("CountryRegionCodes", ""),
            notes.get("IsRequired") == "true",
            notes.get("AllowEdit") != "false",
            notes.get("AllowEditOnCreate") != "false",
            _others(item.node, _OWN),
        )


def _problem(text: str, found: csdl.Property | csdl.EntityType | csdl.EntitySet) -> csdl.CsdlError:
    return csdl.CsdlError(f"{text}.", found.node.line, 1)


def _navigation(link: csdl.NavigationProperty) -> Navigation:
    return Navigation(
        link.name,
        link.target.removeprefix(_SPACE),
        link.collection,
        link.constraints,
        link.partner,
        not link.collection and link.node.get("Nullable", "true") == "true",
        _others(link.node, _OWN),
    )


def _enum(enum: csdl.EnumType) -> Enumeration:
    labels = {
        member.get("Name"): label
        for member in enum.node.each("Member")
        if (label := _notes(member).get("LabelId", ""))
    }
    return Enumeration(enum.name, enum.members, labels, _notes(enum.node).get("LabelId", ""))


def _notes(node: Node) -> dict[str, str]:
    """Values of the annotations by term without its namespace."""
    return {term: value for term, _, value in map(_note, node.each("Annotation"))}


def _note(node: Node) -> tuple[str, str, str]:
    term, attribute, value = "", "String", ""
    for name, text in node.attributes.items():
        if name == "Term":
            term = text.removeprefix(_TERM)
        else:
            attribute, value = name, text
    return term, attribute, value


def _others(node: Node, own: frozenset[str]) -> Notes:
    """Annotations and attributes that have no field."""
    notes = [("", name, value) for name, value in node.attributes.items() if name not in own]
    notes += [note for note in map(_note, node.each("Annotation")) if note[0] not in _KNOWN]
    return tuple(notes)
