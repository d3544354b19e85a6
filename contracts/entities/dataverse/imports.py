"""Documents of a real environment to definitions: $metadata, EntityDefinitions, global choices.

Files may be compressed by gzip. $metadata tells names, types, keys and relationships; the JSON of
`EntityDefinitions?$expand=Attributes,Keys,...` adds labels, lengths, choices and true kinds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from windtunnel.contracts.entities.dataverse.definitions import (
    ColumnDefinition,
    OptionSet,
    Relation,
    TableDefinition,
    metadata_id,
)
from windtunnel.contracts.entities.dataverse.load import intersect_table, tables_from_csdl
from windtunnel.contracts.entities.dataverse.wire import (
    EDM,
    attribute_kind,
    column_of,
    facts_of,
    label_text,
    option_set_of,
)
from windtunnel.contracts.entities.imports import ImportProblem, unpacked

Json = dict[str, Any]
_TABLE_FIELDS = frozenset(
    {
        "EntitySetName", "LogicalName", "SchemaName", "PrimaryIdAttribute", "PrimaryNameAttribute",
        "OwnershipType", "ObjectTypeCode", "IsCustomEntity", "IsIntersect", "MetadataId",
    }
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z_]\w*")
_LISTS = (
    "Attributes",
    "Keys",
    "ManyToOneRelationships",
    "OneToManyRelationships",
    "ManyToManyRelationships",
)


@dataclass(frozen=True, slots=True)
class Imported:
    """What documents tell: tables in the order of the documents, and global choices."""

    tables: dict[str, TableDefinition] = field(default_factory=dict)
    choices: dict[str, OptionSet] = field(default_factory=dict)


def imported(documents: Mapping[str, bytes], known: Mapping[str, TableDefinition]) -> Imported:
    """The definitions of all documents, by file name, upon the tables that are `known`.

    A known table keeps what the documents do not tell (labels and choices behind a bare
    $metadata). Relations to tables that are nowhere are left out. Raises ImportProblem.
    """
    found = Imported()
    objects: list[tuple[str, Json]] = []
    for where, raw in documents.items():
        try:
            document = unpacked(raw)
            if document.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}:
                objects += [(where, item) for item in _objects(document)]
            else:
                for table in tables_from_csdl(document):
                    found.tables[table.logical_name] = _upon(known.get(table.logical_name), table)
        except ValueError as error:
            raise ImportProblem(str(error), where) from error
    for where, item in objects:
        try:
            _add(found, item, known)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            name = item.get("LogicalName") or item.get("Name")
            raise ImportProblem(
                f"The definition of '{name}' cannot be read: {error!r}.", where
            ) from error
    _close(found, known)
    _add_far_sides(
        found, known, [str(o["LogicalName"]).lower() for _, o in objects if _is_table(o)]
    )
    return found


def _is_table(item: Json) -> bool:
    return "OptionSetType" not in item


def _add_far_sides(
    found: Imported, known: Mapping[str, TableDefinition], described: Iterable[str]
) -> None:
    """Give the tables that lookups lead to the collections that the lookups' tables name.

    The definition of a custom table names them; that of `account` need not be imported for it.
    """
    for name in dict.fromkeys(described):
        for relation in list(found.tables[name].relations.values()):
            target = found.tables.get(relation.target) or known[relation.target]
            if relation.collection or not relation.partner:
                continue
            if relation.partner in target.relations or relation.partner in target.columns:
                continue
            far = Relation(
                relation.partner,
                name,
                collection=True,
                pairs=tuple((theirs, own) for own, theirs in relation.pairs),
                partner=relation.name,
            )
            found.tables[target.logical_name] = replace(
                target, relations={**target.relations, far.name: far}
            )


def _close(found: Imported, known: Mapping[str, TableDefinition]) -> None:
    """Leave relations out whose target, intersect table or columns are not there."""
    served = {**known, **found.tables}
    for name, table in found.tables.items():
        kept = {key: r for key, r in table.relations.items() if _holds(r, table, served)}
        if len(kept) != len(table.relations):
            found.tables[name] = replace(table, relations=kept)


def _holds(
    relation: Relation, table: TableDefinition, served: Mapping[str, TableDefinition]
) -> bool:
    target = served.get(relation.target)
    if target is None or not all(own in table.columns for own, _ in relation.pairs):
        return False
    if not relation.intersect:
        return all(far in target.columns for _, far in relation.pairs)
    between = served.get(relation.intersect)
    ends = [far for _, far in relation.pairs] + [own for own, _ in relation.far_pairs]
    return between is not None and all(end in between.columns for end in ends)


def _objects(document: bytes) -> list[Json]:
    try:
        parsed = orjson.loads(document.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise ImportProblem(f"The JSON cannot be read: {error}.") from error
    if isinstance(parsed, dict):
        for member in ("value", "EntityDefinitions", "EntityMetadata"):
            if isinstance(parsed.get(member), list):
                parsed = parsed[member]
                break
    listed = parsed if isinstance(parsed, list) else [parsed]
    found = [item for item in listed if isinstance(item, dict)]
    if not found or not all("LogicalName" in o or "OptionSetType" in o for o in found):
        raise ImportProblem("It holds no EntityDefinitions and no GlobalOptionSetDefinitions.")
    for item in found:
        _check_shape(item)
    return found


def _check_shape(item: Json) -> None:
    """Refuse names that are none and members that are no lists, before anything is made of them."""
    name = item.get("LogicalName", item.get("Name"))
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ImportProblem(f"{orjson.dumps(name).decode()[:60]} is not the name of a definition.")
    for member in _LISTS:
        listed = item.get(member) or []
        if not isinstance(listed, list) or not all(isinstance(part, dict) for part in listed):
            raise ImportProblem(f"{member} of the definition of '{name}' is not a list of objects.")
    for body in item.get("Attributes") or []:
        logical = body.get("LogicalName")
        if not isinstance(logical, str) or not _NAME.fullmatch(logical):
            shown = orjson.dumps(logical).decode()[:60]
            raise ImportProblem(f"{shown} is not the name of a column of '{name}'.")


def _add(found: Imported, item: Json, known: Mapping[str, TableDefinition]) -> None:
    if not _is_table(item):
        choice = option_set_of(item, is_custom=bool(item.get("IsCustomOptionSet")))
        found.choices[choice.name] = choice
        return
    name = str(item["LogicalName"]).lower()
    base = found.tables.get(name) or known.get(name)
    table = _described(item, name, base, complete=name in found.tables)
    found.tables[name] = table
    for shape in item.get("ManyToManyRelationships") or []:
        between = str(shape.get("IntersectEntityName") or "").lower()
        if between and between not in known:
            found.tables.setdefault(between, _between(shape, between))


def _between(shape: Json, name: str) -> TableDefinition:
    return intersect_table(
        name,
        str(shape.get("SchemaName") or name),
        str(shape.get("Entity1IntersectAttribute")),
        str(shape.get("Entity2IntersectAttribute")),
        is_custom=bool(shape.get("IsCustomRelationship")),
    )


# -- $metadata upon what is known ---------------------------------------------------------------


def _upon(known: TableDefinition | None, table: TableDefinition) -> TableDefinition:
    """A table of a bare $metadata with the facts that the known one of this name has."""
    if known is None:
        return table
    columns = {
        name: known.columns[name]
        if name in known.columns and known.columns[name].edm == column.edm
        else column
        for name, column in table.columns.items()
    }
    for name, column in known.columns.items():
        columns.setdefault(name, column)
    return replace(
        known,
        columns=columns,
        relations={**known.relations, **table.relations},
        keys={**known.keys, **table.keys},
    )


# -- EntityDefinitions --------------------------------------------------------------------------


def _described(
    item: Json, name: str, base: TableDefinition | None, *, complete: bool
) -> TableDefinition:
    """The table of an EntityMetadata; of one in a $metadata document only columns of both count."""
    custom = bool(item.get("IsCustomEntity", base.is_custom if base else True))
    columns = dict(base.columns) if base is not None else {}
    for body in item.get("Attributes") or []:
        column = _column(body, columns)
        if column is not None and (column.name in columns or not complete):
            columns[column.name] = column
    primary = str(item.get("PrimaryIdAttribute") or (base.primary_id if base else f"{name}id"))
    if primary not in columns:
        columns = {primary: ColumnDefinition(primary, "Uniqueidentifier", "Edm.Guid"), **columns}
    relations = dict(base.relations) if base is not None else {}
    for relation in _relations(item, name):
        relations[relation.name] = _kept_partner(relation, relations.get(relation.name))
    keys, key_facts = dict(base.keys if base else {}), dict(base.key_facts if base else {})
    wire = {column.logical_name: column.name for column in columns.values()}
    for body in item.get("Keys") or []:
        listed = [wire.get(str(logical)) for logical in body.get("KeyAttributes") or []]
        if listed and all(listed):
            key = str(body.get("SchemaName") or body.get("LogicalName"))
            keys[key] = tuple(filter(None, listed))
            key_facts[key] = {**facts_of(body), "EntityKeyIndexStatus": "Active"}
    label = label_text(item.get("DisplayName")) or (base.label if base else name)
    facts = {k: v for k, v in facts_of(item).items() if k not in _TABLE_FIELDS}
    states = _default_status(item) or (base.default_status if base else {})
    return TableDefinition(
        logical_name=name,
        schema_name=str(item.get("SchemaName") or (base.schema_name if base else name)),
        entity_set=str(item.get("EntitySetName") or (base.entity_set if base else f"{name}s")),
        primary_id=base.primary_id if base is not None else primary,
        primary_name=str(item.get("PrimaryNameAttribute") or (base.primary_name if base else "")),
        columns=columns,
        relations=relations,
        keys=keys,
        label=label,
        collection_label=label_text(item.get("DisplayCollectionName"))
        or (base.collection_label if base else f"{label}s"),
        object_type_code=int(item.get("ObjectTypeCode") or (base.object_type_code if base else 0)),
        ownership=str(item.get("OwnershipType") or (base.ownership if base else "None")),
        default_status=states,
        is_custom=custom,
        metadata_id=str(item.get("MetadataId") or metadata_id(name)).lower(),
        is_intersect=bool(item.get("IsIntersect", base.is_intersect if base else False)),
        facts={**(base.facts if base else {}), **facts},
        key_facts=key_facts,
    )


def _column(body: Any, columns: Mapping[str, ColumnDefinition]) -> ColumnDefinition | None:
    """The column of an AttributeMetadata; None for helpers that hold no values of their own."""
    if not isinstance(body, dict) or attribute_kind(body) not in EDM:
        return None
    logical = str(body.get("LogicalName") or "").lower()
    known = columns.get(logical) or columns.get(f"_{logical}_value")
    helper = body.get("AttributeOf") or body.get("IsValidODataAttribute") is False
    if not logical or (helper and known is None):
        return None
    column = column_of(body)
    if known is None:
        return column
    return replace(
        column,
        name=known.name,
        edm=known.edm,
        label=column.label or known.label,
        max_length=column.max_length or known.max_length,
        options=column.options or known.options,
        schema_name=column.schema_name or known.schema_name,
    )


def _relations(item: Json, name: str) -> Iterable[Relation]:
    for shape in item.get("ManyToOneRelationships") or []:
        own = str(shape.get("ReferencingAttribute") or "")
        navigation = str(shape.get("ReferencingEntityNavigationPropertyName") or "")
        if own and navigation:
            yield Relation(
                navigation,
                str(shape["ReferencedEntity"]),
                False,
                ((f"_{own}_value", str(shape["ReferencedAttribute"])),),
                str(shape.get("ReferencedEntityNavigationPropertyName") or ""),
                schema_name=str(shape.get("SchemaName") or ""),
                is_custom=bool(shape.get("IsCustomRelationship")),
                facts=facts_of(shape),
            )
    for shape in item.get("OneToManyRelationships") or []:
        navigation = str(shape.get("ReferencedEntityNavigationPropertyName") or "")
        if navigation:
            yield Relation(
                navigation,
                str(shape["ReferencingEntity"]),
                True,
                ((str(shape["ReferencedAttribute"]), f"_{shape['ReferencingAttribute']}_value"),),
                str(shape.get("ReferencingEntityNavigationPropertyName") or ""),
            )
    for shape in item.get("ManyToManyRelationships") or []:
        yield from _many_to_many(shape, name)


def _many_to_many(shape: Json, name: str) -> Iterable[Relation]:
    sides = ("1", "2") if shape.get("Entity1LogicalName") == name else ("2",)
    if shape.get("Entity2LogicalName") != name:
        sides = ("1",)
    for own in sides:
        far = "2" if own == "1" else "1"
        target = str(shape.get(f"Entity{far}LogicalName") or "")
        navigation = str(shape.get(f"Entity{own}NavigationPropertyName") or "")
        if target and navigation:
            yield Relation(
                navigation,
                target,
                True,
                ((f"{name}id", str(shape.get(f"Entity{own}IntersectAttribute"))),),
                str(shape.get(f"Entity{far}NavigationPropertyName") or ""),
                str(shape.get("IntersectEntityName") or "").lower(),
                ((str(shape.get(f"Entity{far}IntersectAttribute")), f"{target}id"),),
                str(shape.get("SchemaName") or ""),
                is_custom=bool(shape.get("IsCustomRelationship")),
                facts=facts_of(shape),
            )


def _kept_partner(relation: Relation, known: Relation | None) -> Relation:
    """The relation with the columns that $metadata had for it, which are the true ones."""
    if known is None or known.target != relation.target:
        return relation
    return replace(relation, pairs=known.pairs, partner=known.partner or relation.partner)


def _default_status(item: Json) -> dict[int, int]:
    for body in item.get("Attributes") or []:
        if isinstance(body, dict) and body.get("LogicalName") == "statecode":
            listed = (body.get("OptionSet") or {}).get("Options") or []
            return {
                int(option["Value"]): int(option["DefaultStatus"])
                for option in listed
                if isinstance(option.get("DefaultStatus"), int)
            }
    return {}
