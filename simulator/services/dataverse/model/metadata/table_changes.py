"""Tables, columns and alternate keys made, changed and deleted from bodies of the Web API.

Source: "Create and update table definitions using the Web API", "Create and update columns using
the Web API", "Work with alternate keys".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from windtunnel.contracts.entities.dataverse import (
    ColumnDefinition,
    Option,
    Relation,
    TableDefinition,
)
from windtunnel.contracts.entities.dataverse.definitions import metadata_id
from windtunnel.contracts.entities.dataverse.wire import (
    LOOKUPS,
    NAMESPACE,
    attribute_kind,
    column_of,
    facts_of,
    label_text,
)
from windtunnel.simulator.exchange import Absent
from windtunnel.simulator.kernel.clock import iso_seconds
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.metadata import new_tables
from windtunnel.simulator.services.dataverse.model.metadata.customizations import (
    Customizations,
    using,
)
from windtunnel.simulator.services.dataverse.model.metadata.shapes import column_id
from windtunnel.simulator.services.dataverse.model.numbering import problem_of

Json = dict[str, Any]
_TABLE_FIELDS = frozenset(
    {
        "EntitySetName", "LogicalName", "SchemaName", "PrimaryIdAttribute", "PrimaryNameAttribute",
        "PrimaryImageAttribute", "OwnershipType", "ObjectTypeCode", "IsCustomEntity", "IsIntersect",
        "IsManaged", "IsActivity", "LogicalCollectionName", "MetadataId", "CreatedOn", "ModifiedOn",
    }
)  # fmt: skip
_COLUMN_FIELDS = frozenset(
    {"MetadataId", "CreatedOn", "ModifiedOn", "IsManaged", "AttributeOf", "ColumnNumber"}
)
_NOT_MADE = frozenset(
    {"Uniqueidentifier", "State", "Status", "Owner", "EntityName", "ManagedProperty"}
)
_PRIMARY_IMAGE = "PrimaryImageAttribute"
MOST_KEYS = 10
_OBJECT_TYPES_FROM = 10_000


def create_table(there: Customizations, body: Json) -> TableDefinition:
    """A new table of an EntityMetadata with its primary name and other columns."""
    schema_name = new_tables.checked_name(body.get("SchemaName"))
    name = str(body.get("LogicalName") or schema_name).lower()
    if name in there.tables.definitions:
        raise errors.TableExists(name=name)
    ownership = str(body.get("OwnershipType") or "UserOwned").rpartition(".")[2].strip("'")
    if ownership not in {"UserOwned", "OrganizationOwned", "None"}:
        raise errors.InvalidArgument(problem=f"The OwnershipType '{ownership}' is not valid.")
    bodies = body.get("Attributes") or []
    if not isinstance(bodies, list) or not all(isinstance(part, dict) for part in bodies):
        raise errors.InvalidArgument(problem="Attributes must be an array of objects.")
    primary = [part for part in bodies if part.get("IsPrimaryName") is True]
    if len(primary) != 1 or attribute_kind(primary[0]) != "String":
        raise errors.InvalidArgument(
            problem="Exactly one string attribute with IsPrimaryName set to true is required."
        )
    is_activity = body.get("IsActivity") is True
    key = "activityid" if is_activity else f"{name}id"
    table = _empty_table(there, body, schema_name, name, key, ownership)
    columns = [table.columns[key]]
    if is_activity:
        columns += new_tables.activity_columns()
    columns += new_tables.system_columns(name, ownership)
    if body.get("TableType") == "Elastic":
        columns += new_tables.elastic_columns()
        table = replace(table, keys={new_tables.ELASTIC_KEY: (key, "partitionid")})
    relations = new_tables.system_relations(name, ownership)
    made = {column.name: column for column in columns}
    table = replace(
        table, columns=made, relations={relation.name: relation for relation in relations}
    )
    primary_name = str(primary[0].get("LogicalName") or primary[0].get("SchemaName")).lower()
    for part in bodies:
        # unconfirmed: the primary column may come a second time, as in the SDK's end-to-end tests.
        if part is primary[0] or part.get("SchemaName") != primary[0].get("SchemaName"):
            table, _ = _with_column(there, table, part)
    table = replace(table, primary_name=primary_name)
    there.put(table)
    return table


def _empty_table(
    there: Customizations, body: Json, schema_name: str, name: str, key: str, ownership: str
) -> TableDefinition:
    entity_set = str(body.get("EntitySetName") or new_tables.plural(name)).lower()
    if entity_set in there.tables.by_set:
        raise errors.TableExists(name=entity_set)
    label = label_text(body.get("DisplayName")) or schema_name
    codes = [table.object_type_code for table in there.tables.definitions.values()]
    identity = ColumnDefinition(
        key,
        "Uniqueidentifier",
        "Edm.Guid",
        label=label,
        required="systemrequired",
        schema_name="ActivityId" if key == "activityid" else f"{schema_name}Id",
    )
    now = iso_seconds(there.clock.now())
    facts = {k: v for k, v in facts_of(body).items() if k not in _TABLE_FIELDS}
    return TableDefinition(
        logical_name=name,
        schema_name=schema_name,
        entity_set=entity_set,
        primary_id=key,
        primary_name="",
        columns={key: identity},
        label=label,
        collection_label=label_text(body.get("DisplayCollectionName")) or f"{label}s",
        object_type_code=max([_OBJECT_TYPES_FROM, *codes]) + 1,
        ownership=ownership,
        default_status={0: 1, 1: 2},
        is_custom=True,
        metadata_id=str(body.get("MetadataId") or there.ids.uuid()),
        facts={**stated_labels(facts), "CreatedOn": now, "ModifiedOn": now},
    )


def update_table(there: Customizations, table: TableDefinition, body: Json, *, merge: bool) -> None:
    """The definition of a PUT in place of the one that is there; columns stay."""
    name = body.get("LogicalName")
    if name is not None and str(name).lower() != table.logical_name:
        raise errors.InvalidArgument(problem="The LogicalName of a table cannot be changed.")
    facts = {k: v for k, v in facts_of(body).items() if k not in _TABLE_FIELDS}
    entity_set = str(body.get("EntitySetName") or table.entity_set)
    taken = there.tables.by_set.get(entity_set)
    if taken is not None and taken.name != table.logical_name:
        raise errors.TableExists(name=entity_set)
    merged = merge_facts(table.facts, facts, merge=merge)
    there.put(
        replace(
            table,
            entity_set=entity_set,
            label=label_text(merged.get("DisplayName")) or table.label,
            collection_label=label_text(merged.get("DisplayCollectionName"))
            or table.collection_label,
            facts={**merged, "ModifiedOn": iso_seconds(there.clock.now())},
        )
    )


def delete_table(there: Customizations, table: TableDefinition) -> None:
    """Drop a table, its relationships, and the lookups of others that point only at it."""
    if not table.is_custom or table.is_intersect:
        raise errors.NotCustomizable(name=table.logical_name)
    name = table.logical_name
    for other in list(there.tables.definitions.values()):
        if other.logical_name != name:
            _detach(there, other, name)
    between = {r.intersect for r in table.relations.values() if r.intersect}
    there.remove(name)
    for intersect in between & set(there.tables.definitions):
        there.remove(intersect)


def _detach(there: Customizations, other: TableDefinition, gone: str) -> None:
    """Take what leads to a table that goes away out of another."""
    lost = [relation for relation in other.relations.values() if relation.target == gone]
    if not lost:
        return
    kept = {n: r for n, r in other.relations.items() if r.target != gone}
    own = {relation.pairs[0][0] for relation in lost if not relation.collection}
    still = {relation.pairs[0][0] for relation in kept.values() if not relation.collection}
    dropped = {column for column in own - still if other.columns[column].is_custom}
    used = [key for key, columns in other.keys.items() if dropped & set(columns)]
    if used:
        raise errors.Referenced(kind="Entity", id=gone, count=len(used))
    columns = {n: c for n, c in other.columns.items() if n not in dropped}
    there.put(replace(other, relations=kept, columns=columns))


# -- columns ------------------------------------------------------------------------------------


def create_column(there: Customizations, table: TableDefinition, body: Json) -> str:
    """A new column; returns its MetadataId."""
    changed, column = _with_column(there, table, body)
    there.put(changed)
    return column_id(table.logical_name, column)


def _with_column(
    there: Customizations, table: TableDefinition, body: Json
) -> tuple[TableDefinition, ColumnDefinition]:
    """The table with one more column, and those that come with it."""
    schema_name = body.get("SchemaName")
    shared_name = table.primary_id == "activityid" and body.get("IsPrimaryName") is True
    if not (shared_name and isinstance(schema_name, str) and schema_name.isidentifier()):
        schema_name = new_tables.checked_name(schema_name)
    kind = attribute_kind(body)
    if kind in _NOT_MADE or kind in LOOKUPS:
        raise errors.InvalidArgument(
            problem=f"An attribute of type {kind} cannot be created by this request."
        )
    column = new_column(there, table, body)
    added = [column, *new_tables.companions(column)]
    relations: list[Relation] = []
    if kind == "Money" and "_transactioncurrencyid_value" not in table.columns:
        more, relations = new_tables.money_columns()
        added += more
    columns = dict(table.columns)
    for new in added:
        columns.setdefault(new.name, new)
    known = {**table.relations, **{relation.name: relation for relation in relations}}
    return _with_one_primary_image(replace(table, columns=columns, relations=known), column), column


def _with_one_primary_image(table: TableDefinition, column: ColumnDefinition) -> TableDefinition:
    """The table, its primary image moved to `column` if that says that it is the one.

    Source: "Use image column data" (primary images).
    """
    if column.type != "Image" or column.facts.get("IsPrimaryImage") is not True:
        return table
    columns = {
        name: replace(other, facts={**other.facts, "IsPrimaryImage": name == column.name})
        if other.type == "Image"
        else other
        for name, other in table.columns.items()
    }
    return replace(table, columns=columns, facts={**table.facts, _PRIMARY_IMAGE: column.name})


def new_column(there: Customizations, table: TableDefinition, body: Json) -> ColumnDefinition:
    """The definition of a new column of a body. Raises ColumnExists, InvalidArgument."""
    try:
        column = column_of(body, is_custom=True)
    except ValueError as error:
        raise errors.InvalidArgument(problem=str(error)) from error
    logical = column.logical_name
    if any(known.logical_name == logical for known in table.columns.values()):
        raise errors.ColumnExists(name=logical, table=table.logical_name)
    _check_source(column)
    options, shared = column.options, ""
    bound = body.get("GlobalOptionSet@odata.bind") or body.get("GlobalOptionSet@data.bind")
    stated = body.get("OptionSet")
    if isinstance(bound, str):
        shared = _bound_choice(there, bound)
    elif isinstance(stated, dict) and stated.get("IsGlobal") and stated.get("Name"):
        shared = str(stated["Name"]).lower()
    if shared:
        if shared not in there.tables.choices:
            raise errors.DefinitionNotFound(kind="OptionSetMetadata", name=shared)
    elif isinstance(stated, dict):
        options = new_tables.numbered(options, stated.get("Options"))
    if column.type == "Boolean" and not options:
        options = (Option(0, "False"), Option(1, "True"))
        options = tuple(replace(o, facts=stated_labels(dict(o.facts))) for o in options)
    if len({option.value for option in options}) != len(options):
        raise errors.InvalidArgument(problem="The values of the options must be unique.")
    now = iso_seconds(there.clock.now())
    facts = {k: v for k, v in column.facts.items() if k not in _COLUMN_FIELDS}
    facts |= {"MetadataId": str(body.get("MetadataId") or there.ids.uuid())}
    facts |= {"CreatedOn": now, "ModifiedOn": now}
    column = replace(column, options=options, facts=stated_labels(facts))
    if shared:
        column = using(column, there.tables.choices[shared])
    usual = {"String": 100, "Memo": 2000, "MultiSelectPicklist": None}
    return replace(column, max_length=column.max_length or usual.get(column.type))


def _check_source(column: ColumnDefinition) -> None:
    """Raise for an autonumber format that cannot be used, and for values nobody here computes."""
    numbered = column.facts.get("AutoNumberFormat")
    if numbered and (problem := problem_of(str(numbered))):
        raise errors.InvalidArgument(problem=problem)
    if column.facts.get("SourceType") in {1, 2, 3}:
        raise Absent("calculated, rollup and formula columns")


def _bound_choice(there: Customizations, reference: str) -> str:
    """The name of the choice that `/GlobalOptionSetDefinitions(id or Name='x')` names."""
    inner = reference.rpartition("(")[2].removesuffix(")")
    wanted = inner.removeprefix("Name=").strip("'").lower()
    for choice in there.tables.choices.values():
        if wanted in {choice.metadata_id, choice.name}:
            return choice.name
    raise errors.DefinitionNotFound(kind="OptionSetMetadata", name=wanted)


def update_column(
    there: Customizations, table: TableDefinition, logical: str, body: Json, *, merge: bool
) -> None:
    """The definition of a PUT in place of the column's; its type, name and options stay."""
    column = column_named(table, logical)
    kind = attribute_kind(body)
    if kind and kind != column.type and not {kind, column.type} <= LOOKUPS:
        raise errors.InvalidArgument(
            problem=f"The type of the attribute {logical} cannot be changed to {kind}."
        )
    name = body.get("LogicalName")
    if name is not None and str(name).lower() != logical:
        raise errors.InvalidArgument(problem="The LogicalName of a column cannot be changed.")
    annotated = {"@odata.type": f"{NAMESPACE}{column.type}AttributeMetadata"}
    stated = column_of({**body, **annotated, "LogicalName": logical})
    _check_source(stated)
    facts = {k: v for k, v in stated.facts.items() if k not in _COLUMN_FIELDS and k != "OptionSet"}
    merged = merge_facts(column.facts, facts, merge=merge)
    newer = replace(
        column,
        label=label_text(merged.get("DisplayName")) or column.label,
        max_length=stated.max_length if stated.max_length is not None else column.max_length,
        minimum=stated.minimum if stated.minimum is not None else column.minimum,
        maximum=stated.maximum if stated.maximum is not None else column.maximum,
        precision=stated.precision if stated.precision is not None else column.precision,
        required=stated.required if "RequiredLevel" in body else column.required,
        edm=stated.edm if "DateTimeBehavior" in body else column.edm,
        facts={**merged, "ModifiedOn": iso_seconds(there.clock.now())},
    )
    changed = replace(table, columns={**table.columns, column.name: newer})
    there.put(_with_one_primary_image(changed, newer))


def delete_column(there: Customizations, table: TableDefinition, logical: str) -> None:
    """Drop a custom column with its values and what came with it."""
    column = column_named(table, logical)
    name = table.logical_name
    if not column.is_custom or logical == table.primary_name or column.name == table.primary_id:
        raise errors.NotCustomizable(name=logical)
    used = [key for key, columns in table.keys.items() if column.name in columns]
    pending = [key for key, f in table.key_facts.items() if logical in f.get("KeyAttributes", ())]
    if used or pending:
        count = len({*used, *pending})
        raise errors.Referenced(kind="Attribute", id=column_id(name, column), count=count)
    if column.type in LOOKUPS:
        raise errors.Referenced(kind="Attribute", id=column_id(name, column), count=1)
    gone = {column.name, *(c.name for c in new_tables.companions(column))}
    kept = {n: c for n, c in table.columns.items() if n not in gone}
    facts = dict(table.facts)
    if facts.get(_PRIMARY_IMAGE) == logical:
        facts[_PRIMARY_IMAGE] = None
    there.put(replace(table, columns=kept, facts=facts))
    for lost in gone & set(table.columns):
        there.saved.deleted("Attribute", column_id(name, table.columns[lost]))


def column_named(table: TableDefinition, logical: str) -> ColumnDefinition:
    """A column by its logical name. Raises DefinitionNotFound."""
    for column in table.columns.values():
        if column.logical_name == logical.lower():
            return column
    raise errors.DefinitionNotFound(kind="AttributeMetadata", name=logical)


# -- keys ---------------------------------------------------------------------------------------

_KEY_KINDS = frozenset({"String", "Integer", "Decimal", "DateTime", "Picklist", "Uniqueidentifier"})


def create_key(there: Customizations, table: TableDefinition, body: Json) -> str:
    """A new alternate key, its index pending; returns its MetadataId."""
    name = new_tables.checked_name(body.get("SchemaName"))
    listed = body.get("KeyAttributes")
    if not isinstance(listed, list) or not listed:
        raise errors.InvalidArgument(problem="Required field 'KeyAttributes' is missing.")
    columns = [column_named(table, str(logical)) for logical in listed]
    for column in columns:
        if column.type not in _KEY_KINDS and column.type not in LOOKUPS:
            raise errors.InvalidArgument(
                problem=f"The attribute {column.logical_name} of type {column.type} cannot be "
                "part of a key."
            )
    known = dict.fromkeys([*table.keys, *table.key_facts])
    if any(key.lower() == name.lower() for key in known):
        raise errors.KeyNameExists(name=name, table=table.logical_name)
    wanted = {column.logical_name for column in columns}
    for key in known:
        if set(_key_columns(table, key)) == wanted:
            raise errors.KeyColumnsExist(name=key, table=table.logical_name)
    if len(known) >= MOST_KEYS:
        raise errors.InvalidArgument(problem=f"A table can have no more than {MOST_KEYS} keys.")
    facts = {
        **stated_labels(facts_of(body)),
        "MetadataId": str(body.get("MetadataId") or there.ids.uuid()),
        "KeyAttributes": [column.logical_name for column in columns],
        "EntityKeyIndexStatus": "Pending",
        "AsyncJob": there.ids.uuid(),
    }
    there.put(replace(table, key_facts={**table.key_facts, name: facts}))
    there.build_key(table.logical_name, name)
    return str(facts["MetadataId"])


def delete_key(there: Customizations, table: TableDefinition, name: str, identity: str) -> None:
    """Drop an alternate key with its index."""
    keys = {key: columns for key, columns in table.keys.items() if key != name}
    facts = {key: fact for key, fact in table.key_facts.items() if key != name}
    there.put(replace(table, keys=keys, key_facts=facts))
    there.saved.deleted("EntityKey", identity)


def _key_columns(table: TableDefinition, key: str) -> list[str]:
    if key in table.key_facts:
        return list(table.key_facts[key].get("KeyAttributes", ()))
    return [table.columns[name].logical_name for name in table.keys[key]]


# -- labels -------------------------------------------------------------------------------------


def merge_facts(older: Any, newer: Json, *, merge: bool) -> Json:
    """Facts with newer ones upon them; with `merge`, labels keep languages that are not sent."""
    newer = stated_labels(newer)
    merged = {**older, **newer}
    if merge:
        for name, value in newer.items():
            if _is_label(value) and _is_label(older.get(name)):
                merged[name] = _merged_label(older[name], value)
    return merged


def _is_label(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("LocalizedLabels"), list)


def _merged_label(older: Json, newer: Json) -> Json:
    by_language = {entry.get("LanguageCode"): entry for entry in older["LocalizedLabels"]}
    by_language |= {entry.get("LanguageCode"): entry for entry in newer["LocalizedLabels"]}
    return whole_label({"LocalizedLabels": list(by_language.values())})


def stated_labels(facts: Json) -> Json:
    """Facts with every label in its full form, annotations taken out."""
    return {n: whole_label(v) if _is_label(v) else v for n, v in facts.items()}


def whole_label(label: Json) -> Json:
    """A label of a body in the form of an answer: entries with all members, the user's one."""
    entries = [
        {
            "Label": entry.get("Label"),
            "LanguageCode": entry.get("LanguageCode", 1033),
            "IsManaged": bool(entry.get("IsManaged", False)),
            "MetadataId": entry.get("MetadataId") or metadata_id("label", str(entry.get("Label"))),
            "HasChanged": None,
        }
        for entry in label["LocalizedLabels"]
        if isinstance(entry, dict)
    ]
    base = next((entry for entry in entries if entry["LanguageCode"] == 1033), None)
    return {
        "LocalizedLabels": entries,
        "UserLocalizedLabel": base or (entries[0] if entries else None),
    }
