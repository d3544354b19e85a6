"""The model of a CSDL document: a tree of nodes that loses nothing, and typed views upon it.

Source: OData CSDL XML Representation 4.01. A view is made from its node when asked for; the node
keeps every attribute, annotation and child in order, so that the document can be written again.
Documents have hundreds of thousands of nodes: what is asked of them again and again is a field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

EDM = "http://docs.oasis-open.org/odata/ns/edm"
EDMX = "http://docs.oasis-open.org/odata/ns/edmx"


class CsdlError(ValueError):
    """A document that cannot be read; `line` and `column` count from 1."""

    is_usage_error = True

    def __init__(self, message: str, line: int = 0, column: int = 0, remedy: str = "") -> None:
        self.message, self.line, self.column, self.remedy = message, line, column, remedy
        place = f"line {line}, column {column}: " if line else ""
        super().__init__(f"{place}{message}" + (f"\n  {remedy}" if remedy else ""))


@dataclass(slots=True)
class Node:
    """One element: its name as written, its attributes in order, its children, its text.

    Who makes it fills it; from then on it does not change.
    """

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    text: str = ""
    line: int = field(default=0, compare=False)

    def get(self, name: str, default: str = "") -> str:
        """An attribute's value."""
        return self.attributes.get(name, default)

    def each(self, name: str) -> Iterator[Node]:
        """Children of a local name."""
        prefixed = f":{name}"
        return iter(
            [
                child
                for child in self.children
                if child.name == name or child.name.endswith(prefixed)
            ]
        )

    @property
    def local(self) -> str:
        """The name without its prefix."""
        return self.name.rpartition(":")[2]


class _View:
    """A node and its Name attribute."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.name = node.attributes.get("Name", "")

    @property
    def annotations(self) -> tuple[Node, ...]:
        """Annotation elements, in order."""
        return tuple(self.node.each("Annotation"))

    def annotation(self, term: str) -> Node | None:
        """The annotation of a term, or None."""
        return next((note for note in self.annotations if note.get("Term") == term), None)


class Property(_View):
    """A structural property; `type` as written, `Edm.String` when it is not written."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.type = node.attributes.get("Type", "Edm.String")

    @property
    def nullable(self) -> bool:
        """Whether it takes null: yes unless it says no."""
        return self.node.get("Nullable", "true") == "true"

    @property
    def max_length(self) -> int | None:
        """The MaxLength facet as a number, or None (also for `max`)."""
        text = self.node.get("MaxLength")
        return int(text) if text.isdigit() else None


class NavigationProperty(_View):
    """A navigation property.

    It leads to one of the type `target`, or to many (`collection`), and back by its `partner`;
    `constraints` are pairs of its own property and the referenced one.
    """

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        kind = node.attributes.get("Type", "")
        self.collection = kind.startswith("Collection(")
        self.target = kind.removeprefix("Collection(").removesuffix(")")
        self.partner = node.attributes.get("Partner", "")
        self.constraints: tuple[tuple[str, str], ...] = ()
        if node.children:
            self.constraints = tuple(
                [
                    (link.get("Property"), link.get("ReferencedProperty"))
                    for link in node.each("ReferentialConstraint")
                ]
            )


class EntityType(_View):
    """An entity type or a complex type."""

    @property
    def base(self) -> str:
        """The base type as written."""
        return self.node.get("BaseType")

    @property
    def abstract(self) -> bool:
        """Whether no entity is of just this type."""
        return self.node.get("Abstract") == "true"

    @property
    def open(self) -> bool:
        """Whether entities may have properties that are not declared."""
        return self.node.get("OpenType") == "true"

    @cached_property
    def key(self) -> tuple[str, ...]:
        """Names of the key properties declared here."""
        return tuple(
            ref.get("Name") for keys in self.node.each("Key") for ref in keys.each("PropertyRef")
        )

    @cached_property
    def properties(self) -> tuple[Property, ...]:
        """Structural properties declared here."""
        return tuple(map(Property, self.node.each("Property")))

    @cached_property
    def navigations(self) -> tuple[NavigationProperty, ...]:
        """Navigation properties declared here."""
        return tuple(map(NavigationProperty, self.node.each("NavigationProperty")))


class EnumType(_View):
    """An enumeration."""

    @property
    def is_flags(self) -> bool:
        """Whether members combine."""
        return self.node.get("IsFlags") == "true"

    @property
    def members(self) -> dict[str, int]:
        """Names and values; members without a value count on from the one before."""
        found: dict[str, int] = {}
        following = 0
        for member in self.node.each("Member"):
            text = member.get("Value")
            following = int(text) if text else following
            found[member.get("Name")] = following
            following += 1
        return found


class Action(_View):
    """An action or a function."""

    @property
    def is_bound(self) -> bool:
        """Whether its first parameter is what it is called on."""
        return self.node.get("IsBound") == "true"

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """(name, type) of the parameters."""
        return tuple((p.get("Name"), p.get("Type")) for p in self.node.each("Parameter"))

    @property
    def return_type(self) -> str:
        """The type it returns, or ``."""
        return next((found.get("Type") for found in self.node.each("ReturnType")), "")


class EntitySet(_View):
    """An entity set of the container."""

    @property
    def type(self) -> str:
        """The entity type, qualified as written."""
        return self.node.get("EntityType")

    @property
    def bindings(self) -> tuple[tuple[str, str], ...]:
        """(path, target) of the navigation property bindings."""
        return tuple(
            (binding.get("Path"), binding.get("Target"))
            for binding in self.node.each("NavigationPropertyBinding")
        )


@dataclass(frozen=True)
class Document:
    """A whole document."""

    root: Node
    declaration: bool = True

    @cached_property
    def schemas(self) -> tuple[Node, ...]:
        """The Schema elements."""
        services = list(self.root.each("DataServices"))
        return tuple(schema for service in services for schema in service.each("Schema"))

    @cached_property
    def references(self) -> tuple[Node, ...]:
        """References to other documents."""
        return tuple(self.root.each("Reference"))

    def _all(self, name: str) -> Iterator[Node]:
        return (child for schema in self.schemas for child in schema.each(name))

    @cached_property
    def entity_types(self) -> dict[str, EntityType]:
        """Entity types by name without namespace."""
        return {node.get("Name"): EntityType(node) for node in self._all("EntityType")}

    @cached_property
    def complex_types(self) -> dict[str, EntityType]:
        """Complex types by name without namespace."""
        return {node.get("Name"): EntityType(node) for node in self._all("ComplexType")}

    @cached_property
    def enum_types(self) -> dict[str, EnumType]:
        """Enumerations by name without namespace."""
        return {node.get("Name"): EnumType(node) for node in self._all("EnumType")}

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """Actions; a name may stand for several overloads."""
        return tuple(Action(node) for node in self._all("Action"))

    @cached_property
    def functions(self) -> tuple[Action, ...]:
        """Functions; a name may stand for several overloads."""
        return tuple(Action(node) for node in self._all("Function"))

    @cached_property
    def containers(self) -> tuple[Node, ...]:
        """Entity containers."""
        return tuple(self._all("EntityContainer"))

    @cached_property
    def entity_sets(self) -> dict[str, EntitySet]:
        """Entity sets by name."""
        return {
            node.get("Name"): EntitySet(node)
            for container in self.containers
            for node in container.each("EntitySet")
        }

    def imports(self, kind: str) -> tuple[Node, ...]:
        """`ActionImport` or `FunctionImport` elements."""
        return tuple(node for container in self.containers for node in container.each(kind))

    def lineage(self, name: str) -> tuple[EntityType, ...]:
        """A type and its bases, the deepest base first."""
        chain: list[EntityType] = []
        while name in self.entity_types and all(name != seen.name for seen in chain):
            chain.append(self.entity_types[name])
            name = self.entity_types[name].base.rpartition(".")[2]
        return tuple(chain[::-1])
