"""The words of a statement read one after another, and the tables that they name."""

from __future__ import annotations

from dataclasses import dataclass, field

from windtunnel.simulator.services.dataverse.fetchxml.tree import Attribute, Part
from windtunnel.simulator.services.dataverse.sql.words import Word, refused

ENDS = frozenset(
    {
        *("FROM", "WHERE", "GROUP", "ORDER", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS"),
        *("ON", "AND", "OR", "AS", "OFFSET", "HAVING", "UNION", "EXCEPT", "INTERSECT", "FOR"),
        *("OPTION", "ASC", "DESC"),
    }
)
"""Words that end a list, and so are no aliases unless in brackets."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it is written: the table's alias, if any, and the name."""

    table: str
    name: str
    position: int


@dataclass(slots=True)
class Table:
    """A table of FROM or JOIN: `far` and `own` are the columns it is joined by."""

    name: str
    alias: str
    kind: str = ""
    far: str = ""
    own: str = ""
    tests: list[Part] = field(default_factory=list)
    joined: list[Table] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)


class Cursor:
    """Where in the words the reading is. Raises QueryError for words that are not expected."""

    def __init__(self, found: list[Word]) -> None:
        self.words, self.at, self.depth = found, 0, 0
        self.tables: dict[str, Table] = {}
        self.root = Table("", "")

    # -- words --------------------------------------------------------------------------------

    @property
    def word(self) -> Word:
        """The word to read next."""
        return self.words[self.at]

    @property
    def following(self) -> Word:
        """The word behind it."""
        return self.words[min(self.at + 1, len(self.words) - 1)]

    def accept(self, *expected: str) -> bool:
        """Read these words if they come next."""
        following = self.words[self.at : self.at + len(expected)]
        if tuple(word.upper for word in following) != expected:
            return False
        self.at += len(expected)
        return True

    def expect(self, *expected: str) -> None:
        """Read these words."""
        if not self.accept(*expected):
            raise refused(f"{' '.join(expected)} is expected", self.word.position)

    def name(self, what: str) -> str:
        """Read a name; only aliases keep their case."""
        word = self.word
        if word.kind not in {"name", "quoted"} or word.upper in ENDS:
            raise refused(f"{what} is expected", word.position)
        self.at += 1
        return word.value.lower() if what != "an alias" else word.value

    def number(self) -> int:
        """Read a whole number."""
        word = self.word
        if word.kind != "number" or not word.value.isdigit() or len(word.value) > 9:
            raise refused("a whole number is expected", word.position)
        self.at += 1
        return int(word.value)

    def column(self) -> Column:
        """Read `column` or `alias.column`."""
        position = self.word.position
        first = self.name("a column")
        if not self.accept("."):
            if self.word.upper == "(":
                raise refused(f"the function {first.upper}", position)
            return Column("", first, position)
        if self.word.upper == "*":
            raise refused("SELECT *; name the columns", position)
        return Column(first, self.name("a column"), position)

    def owner(self, column: Column) -> Table:
        """The table of a column; without an alias, the first."""
        if not column.table:
            if len(self.tables) == 1:
                return self.root
            column = Column(self.root.alias, column.name, column.position)
        found = self.tables.get(column.table)
        if found is None:
            raise refused(f"the table '{column.table}' is not joined", column.position)
        return found
