"""CSDL to table definitions: our own documents with their annotations, and anybody's without."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from windtunnel.contracts.csdl import CsdlError, Document, EntityType, parse_csdl
from windtunnel.contracts.csdl.model import NavigationProperty, Node, Property
from windtunnel.contracts.entities.dataverse.definitions import (
    ColumnDefinition,
    Option,
    Relation,
    TableDefinition,
    metadata_id,
)
from windtunnel.contracts.entities.dataverse.wire import MANAGED_PROPERTY

_OURS = "Windtunnel.V1."
_TYPES = {
    "Edm.String": "String",
    "Edm.Int32": "Integer",
    "Edm.Int64": "BigInt",
    "Edm.Decimal": "Decimal",
    "Edm.Double": "Double",
    "Edm.Boolean": "Boolean",
    "Edm.DateTimeOffset": "DateTime",
    "Edm.Date": "DateTime",
    "Edm.Guid": "Uniqueidentifier",
    "Edm.Binary": "Image",
    MANAGED_PROPERTY: "ManagedProperty",
}
_KNOWN_IDS = {
    "account": "70816501-edb9-4740-a16c-6a5efbc05d84",
    "contact": "608861bc-50a4-4c5f-a02c-21fe1943e2cf",
    "opportunity": "30b0cd7e-0081-42e1-9a48-688442277fae",
    "incident": "e3fe4ff2-a630-49bb-a1e9-debc3a076815",
    "connection": "c7866019-d3d1-40d7-b483-381fcdccffb2",
    "lead": "dc6574cb-92ce-446c-a5d6-885a75107d52",
}


_PUBLISHED = re.compile(r"(?!address\d_)[a-z][a-z0-9]{1,7}_")


def is_published(logical_name: str) -> bool:
    """Whether a name begins with a publisher's prefix, as what is no standard component does."""
    return _PUBLISHED.match(logical_name) is not None


def _cascade(delete: str, others: str) -> dict[str, str]:
    kinds = ("Assign", "Delete", "Archive", "Merge", "Reparent", "Share", "Unshare", "RollupView")
    found = dict.fromkeys(kinds, others)
    return {**found, "Delete": delete, "Archive": "NoCascade", "RollupView": "NoCascade"}


_CASCADES = {
    "None": _cascade("NoCascade", "NoCascade"),
    "Restrict": _cascade("Restrict", "NoCascade"),
    "Delete": _cascade("Cascade", "NoCascade"),
    "Parental": _cascade("Cascade", "Cascade"),
    "Hierarchy": _cascade("RemoveLink", "Cascade"),
}
"""Our words for the behaviours of relationships, as the CascadeConfiguration that they are."""


def tables_from_csdl(document: bytes, *, is_custom: bool = True) -> list[TableDefinition]:
    """The tables of a $metadata or CSDL document, with all keys, lookups and choices it tells.

    Columns without our annotations get the AttributeType that their Edm type suggests. Of
    many-to-many relationships both sides and the table in between are there, also where the
    document does not show that table. Raises CsdlError with line and column.
    """
    parsed = parse_csdl(document)
    if not parsed.entity_sets:
        raise CsdlError("There is no EntitySet in the document.", parsed.root.line, 1)
    for name, found in parsed.entity_sets.items():
        if found.type.rpartition(".")[2] not in parsed.entity_types:
            raise CsdlError(
                f"The entity set '{name}' is of the type '{found.type}', which is not there.",
                found.node.line,
                1,
            )
    reader = _Reader(parsed, is_custom=is_custom)
    return reader.tables()


class _Reader:
    """One document: its types by name, their members looked up once."""

    def __init__(self, document: Document, *, is_custom: bool) -> None:
        self._document, self._is_custom = document, is_custom
        self._types = document.entity_types
        self._sets = {
            found.type.rpartition(".")[2]: name for name, found in document.entity_sets.items()
        }
        self._lineages: dict[str, tuple[EntityType, ...]] = {}
        self._navigations: dict[str, dict[str, NavigationProperty]] = {}
        self._keys: dict[str, str] = {}
        self._plain_columns: dict[tuple[str, str, bool], ColumnDefinition] = {}
        self._between: dict[str, TableDefinition] = {}
        self._stands_between: set[str] = set()
        self._lookups: dict[str, frozenset[str]] = {}

    def tables(self) -> list[TableDefinition]:
        found = [
            self._table(name, kind)
            for name, kind in self._types.items()
            if name in self._sets and not kind.abstract and not self._is_metadata(name)
        ]
        found = [
            replace(table, is_intersect=True)
            if table.logical_name in self._stands_between
            else table
            for table in found
        ]
        return found + list(self._between.values())

    def _is_metadata(self, name: str) -> bool:
        """Whether a type describes definitions: those are answered from the tables."""
        return any(part.name == "MetadataBase" for part in self._lineage(name))

    def _lineage(self, name: str) -> tuple[EntityType, ...]:
        known = self._lineages.get(name)
        if known is None:
            known = self._lineages[name] = self._document.lineage(name)
        return known

    def _links(self, name: str) -> dict[str, NavigationProperty]:
        """Navigation properties of a type and its bases, by name."""
        known = self._navigations.get(name)
        if known is None:
            known = self._navigations[name] = {
                link.name: link for part in self._lineage(name) for link in part.navigations
            }
        return known

    def _key(self, name: str) -> str:
        known = self._keys.get(name)
        if known is None:
            known = self._keys[name] = self._key_of(name)
        return known

    def _key_of(self, name: str) -> str:
        keys = [key for part in self._lineage(name) for key in part.key]
        if not keys:
            line = self._types[name].node.line
            raise CsdlError(f"The entity type '{name}' has no key.", line, 1)
        own = f"{name}id"
        if keys[-1] == "ownerid" and any(p.name == own for p in self._types[name].properties):
            return own  # users and teams inherit the key of `principal`; their own one is the id
        return keys[-1]

    def _table(self, name: str, kind: EntityType) -> TableDefinition:
        notes = _notes(kind.node)
        primary = self._key(name)
        properties = [p for part in self._lineage(name) for p in part.properties]
        columns = {column.name: column for column in self._columns(properties, primary)}
        if primary not in columns:
            problem = f"The key '{primary}' of the entity type '{name}' is none of its properties."
            raise CsdlError(problem, kind.node.line, 1)
        found = (self._relation(name, link) for link in self._links(name).values())
        label = notes.get("Label") or name
        return TableDefinition(
            logical_name=name,
            schema_name=notes.get("SchemaName") or (name if "_" in name else name.capitalize()),
            entity_set=self._sets[name],
            primary_id=primary,
            primary_name=notes.get("PrimaryName") or likely_name(columns.values()),
            columns=columns,
            relations={relation.name: relation for relation in found if relation is not None},
            keys=_alternate_keys(kind.node),
            label=label,
            collection_label=notes.get("CollectionLabel") or f"{label}s",
            object_type_code=int(notes.get("ObjectTypeCode") or 10_000 + len(name)),
            ownership=notes.get("Ownership") or _likely_ownership(columns),
            default_status={
                int(pair.partition("=")[0]): int(pair.partition("=")[2])
                for pair in notes.get("DefaultStatus", "").split(";")
                if pair
            },
            is_custom=self._is_custom and is_published(name),
            metadata_id=_KNOWN_IDS.get(name) or metadata_id(name),
            is_intersect=_is_intersect(columns, primary),
        )

    def _columns(self, listed: Iterable[Property], primary: str) -> Iterator[ColumnDefinition]:
        """Columns that say no more than name and type are the same ones in all tables."""
        known = self._plain_columns
        for p in listed:
            if p.node.children or (len(p.node.attributes) > 2 and p.node.get("MaxLength")):
                yield _column(p, primary, self._is_custom)
                continue
            name = p.name
            kind = (name, p.type, name == primary)
            column = known.get(kind)
            if column is None:
                column = known[kind] = _column(p, primary, self._is_custom)
            yield column

    def _relation(self, source: str, link: NavigationProperty) -> Relation | None:
        target = link.target.rpartition(".")[2]
        if target not in self._sets:
            return None
        if not link.collection:
            pairs = self._constraints(source, link)
            if not pairs:
                return None
            if pairs[0][1] == "ownerid":
                pairs = ((pairs[0][0], self._key(target)),)
            behaviour = _notes(link.node).get("Cascade", "") if link.node.children else ""
            return Relation(
                link.name,
                target,
                False,
                pairs,
                link.partner,
                is_custom=self._is_custom,
                facts={"CascadeConfiguration": _CASCADES[behaviour]} if behaviour else {},
            )
        back = self._links(target).get(link.partner)
        if back is not None and back.collection:
            return self._many_to_many(source, link, target)
        constraints = () if back is None else self._constraints(target, back)
        if not constraints:
            return None
        own, far = constraints[0]
        pairs = ((self._key(source) if far == "ownerid" else far, own),)
        return Relation(link.name, target, True, pairs, link.partner)

    def _constraints(self, name: str, link: NavigationProperty) -> tuple[tuple[str, str], ...]:
        """What a lookup compares: pairs of a column of `name` and one of the target.

        A type's own spelling of a base's lookup, such as `regardingobjectid_account_task` of a
        task, has no constraint in $metadata documents: `regardingobjectid_account` has it.
        """
        if link.constraints or link.collection:
            return link.constraints
        base = self._links(name).get(link.name.removesuffix(f"_{name}"))
        if base is not None and not base.collection and base.target == link.target:
            return base.constraints
        column = f"_{link.name.removesuffix('_' + link.target.rpartition('.')[2])}_value"
        if column in self._lookups_of(name):  # a party's activity of one kind: activityid_email
            return ((column, self._key(link.target.rpartition(".")[2])),)
        return ()

    def _lookups_of(self, name: str) -> frozenset[str]:
        """The lookup columns of a type and its bases."""
        known = self._lookups.get(name)
        if known is None:
            found = (p.name for part in self._lineage(name) for p in part.properties)
            known = self._lookups[name] = frozenset(n for n in found if n.startswith("_"))
        return known

    def _many_to_many(self, source: str, link: NavigationProperty, target: str) -> Relation | None:
        """One side of a many-to-many relationship; both sides name the same intersect table."""
        own, far = self._key(source), self._key(target)
        schema_name = link.name if link.name == link.partner else min(link.name, link.partner)
        found = self._named_intersect(schema_name, own, far)
        if found is not None:
            name, own_column, far_column = found
            self._stands_between.add(name)
        else:
            between = self._intersect(schema_name, own, far)
            if between is None:
                return None
            name, own_column, far_column = between.logical_name, own, far
            if source == target:
                own_column, far_column = f"{own}one", f"{own}two"
        if source == target and link.name > link.partner:
            own_column, far_column = far_column, own_column
        return Relation(
            link.name,
            target,
            True,
            ((own, own_column),),
            link.partner,
            intersect=name,
            far_pairs=((far_column, far),),
            schema_name=schema_name,
            is_custom=self._is_custom,
        )

    def _named_intersect(self, schema_name: str, own: str, far: str) -> tuple[str, str, str] | None:
        """The type of the document that stands between, and its columns for the two keys.

        A table's relationship with itself has a second column with a name of its own.
        """
        for name in (schema_name.lower(), schema_name.lower().removesuffix("_association")):
            kind = self._types.get(name)
            if kind is None or name not in self._sets:
                continue
            ids = [p.name for p in kind.properties if p.type == "Edm.Guid"]
            if own != far and own in ids and far in ids:
                return name, own, far
            others = [column for column in ids if column not in {own, self._key(name)}]
            if own == far and own in ids and len(others) == 1:
                return name, own, others[0]
        return None

    def _intersect(self, schema_name: str, own: str, far: str) -> TableDefinition | None:
        """The table in between where the document has none."""
        name = schema_name.lower().removesuffix("_association")
        if name in self._types:
            name = schema_name.lower()
        if name in self._types:
            return None
        if name not in self._between:
            first, second = (f"{own}one", f"{own}two") if own == far else (own, far)
            self._between[name] = intersect_table(
                name, schema_name, first, second, is_custom=self._is_custom
            )
        return self._between[name]


def intersect_table(
    name: str, schema_name: str, first: str, second: str, *, is_custom: bool
) -> TableDefinition:
    """The table between two others: its own key, the two keys (unique together), the version."""
    key = f"{name}id"
    columns = (
        ColumnDefinition(key, "Uniqueidentifier", "Edm.Guid", required="systemrequired"),
        ColumnDefinition(first, "Uniqueidentifier", "Edm.Guid", required="systemrequired"),
        ColumnDefinition(second, "Uniqueidentifier", "Edm.Guid", required="systemrequired"),
        ColumnDefinition("versionnumber", "BigInt", "Edm.Int64"),
    )
    return TableDefinition(
        logical_name=name,
        schema_name=schema_name,
        entity_set=f"{name}collection" if not name.endswith("s") else f"{name}set",
        primary_id=key,
        primary_name="",
        columns={column.name: column for column in columns},
        object_type_code=10_000 + len(name),
        ownership="None",
        is_custom=is_custom,
        metadata_id=metadata_id(name),
        is_intersect=True,
    )


def likely_name(columns: Iterable[ColumnDefinition]) -> str:
    """The text column that looks most like the primary name; `` when there is no text."""
    texts = [column.name for column in columns if column.edm == "Edm.String"]
    named = [text for text in texts if text == "name" or text.endswith("_name")]
    return (named or texts or [""])[0]


def _likely_ownership(columns: Mapping[str, ColumnDefinition]) -> str:
    if "_ownerid_value" in columns:
        return "UserOwned"
    return "OrganizationOwned" if "_organizationid_value" in columns else "None"


def _is_intersect(columns: Mapping[str, ColumnDefinition], primary: str) -> bool:
    """Whether a type holds nothing but its key, two other ids and the version."""
    rest = [column for name, column in columns.items() if name not in {primary, "versionnumber"}]
    return len(rest) == 2 and all(
        column.edm == "Edm.Guid" and not column.name.startswith("_") for column in rest
    )


def _notes(node: Node) -> dict[str, str]:
    return {
        note.get("Term").removeprefix(_OURS): note.get("String")
        for note in node.each("Annotation")
        if note.get("Term").startswith(_OURS)
    }


def _column(p: Property, primary: str, is_custom: bool) -> ColumnDefinition:
    name, edm = p.name, p.type
    notes = _notes(p.node) if p.node.children else {}
    kind = notes.get("Type") or _TYPES.get(edm, "Virtual")
    if name.startswith("_") and name.endswith("_value"):
        kind = _LOOKUP_KINDS.get(name, "Lookup")
    length = notes.get("MaxLength") or p.node.get("MaxLength")
    return ColumnDefinition(
        name=name,
        type="Uniqueidentifier" if name == primary else kind,
        edm=edm,
        label=notes.get("Label", ""),
        max_length=int(length) if length and length.isdigit() else None,
        options=_options(notes.get("Options", "")),
        required=notes.get("Required") or _likely_level(name, primary),
        minimum=float(notes["MinimumValue"]) if "MinimumValue" in notes else None,
        maximum=float(notes["MaximumValue"]) if "MaximumValue" in notes else None,
        is_custom=is_custom and is_published(name.removeprefix("_")),
    )


def _likely_level(name: str, primary: str) -> str:
    return "systemrequired" if name in {primary, "_ownerid_value", "statecode"} else "none"


_LOOKUP_KINDS = {
    "_ownerid_value": "Owner",
    "_customerid_value": "Customer",
    "_parentcustomerid_value": "Customer",
}
"""Columns with lookups of a kind of their own, in all tables of Microsoft that have them."""


def _options(text: str) -> tuple[Option, ...]:
    found = []
    for part in text.split(";"):
        value, _, label = part.partition("=")
        if value:
            number, _, state = value.partition("@")
            found.append(Option(int(number), label, int(state) if state else None))
    return tuple(found)


def _alternate_keys(node: Node) -> dict[str, tuple[str, ...]]:
    keys: dict[str, tuple[str, ...]] = {}
    for note in node.each("Annotation"):
        if not note.get("Term").endswith("AlternateKeys"):
            continue
        for record in (r for c in note.each("Collection") for r in c.each("Record")):
            name = ""
            columns: list[str] = []
            for value in record.each("PropertyValue"):
                if value.get("Property") == "Name" and value.get("String"):
                    name = value.get("String")
                columns += [
                    inner.get("PropertyPath")
                    for part in value.each("Collection")
                    for ref in part.each("Record")
                    for inner in ref.each("PropertyValue")
                    if inner.get("Property") == "Name" and inner.get("PropertyPath")
                ]
            if columns:
                keys[name or "_".join(columns)] = tuple(columns)
    return keys
