"""Entities as the Data Management framework wants them, upon finance and operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.entity_sets.values import decoder
from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.odata.schema import Column
from windtunnel.simulator.services.data_management import (
    DataEntity,
    Field,
    FilterRefused,
    Refused,
    Stored,
)
from windtunnel.simulator.services.data_management.values import FieldKind
from windtunnel.simulator.services.finance_operations.errors import FinanceOperationsError
from windtunnel.simulator.services.finance_operations.model.bulk import Methods, Written
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.environment import Environment

_OWN: Final = "DataManagement"
_KINDS: Final[Mapping[str, FieldKind]] = {
    "Edm.String": "text",
    "Edm.Int32": "integer",
    "Edm.Int64": "integer",
    "Edm.Decimal": "number",
    "Edm.Double": "number",
    "Edm.DateTimeOffset": "moment",
    "Edm.Boolean": "boolean",
    "Edm.Guid": "guid",
    "Edm.Binary": "binary",
}
_USER: Final = "Data management"
_MOST_FOUND: Final = 100_000


class DataEntities:
    """`Entities` of the framework, upon the environment behind `/data`."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._fields: dict[str, tuple[Field, ...]] = {}

    def standard(self) -> list[DataEntity]:
        """The standard entities."""
        return self._entities(self._environment.sets.standard())

    def imported(self) -> list[DataEntity]:
        """The entities of imported documents."""
        return self._entities(
            found for found in self._environment.sets.values() if found.is_imported
        )

    def _entities(self, sets: Iterable[EntitySet]) -> list[DataEntity]:
        every = self._environment.sets
        return [_data_entity(found, every) for found in sets if not found.name.startswith(_OWN)]

    def fields(self, entity_set: str) -> tuple[Field, ...]:
        """The columns that files may have: not the company."""
        known = self._fields.get(entity_set)
        if known is None:
            found = self._environment.sets[entity_set]
            known = tuple([_field(found, name) for name in found.table.columns if name != COMPANY])
            self._fields[entity_set] = known
        return known

    def write(
        self,
        entity_set: str,
        names: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        company: str,
        user: str,
        validates: bool = True,
        runs_logic: bool = True,
    ) -> list[Stored | Refused]:
        """Create or change records by the rules of the entity; one outcome a row."""
        environment = self._environment
        outcomes = environment.bulk.write(
            environment.sets[entity_set],
            names,
            rows,
            company=company,
            user=user,
            methods=Methods(validates, runs_logic),
        )
        return [
            Stored(outcome.is_new, outcome.key)
            if isinstance(outcome, Written)
            else Refused(outcome.infolog, outcome.field)
            for outcome in outcomes
        ]

    def pages(
        self,
        entity_set: str,
        names: Sequence[str],
        *,
        company: str,
        since: int | None,
        size: Callable[[], int],
        where: str = "",
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Stored values of all records of a company, or of those changed after `since`.

        `size` is asked before each page; `where` is a filter. Raises FilterRefused.
        """
        environment = self._environment
        found, condition = environment.sets[entity_set], None
        if where:
            try:
                condition = environment.plans.of(found, urlencode({"$filter": where})).where
            except FinanceOperationsError as error:
                raise FilterRefused(error.message) from error
        return environment.bulk.pages(
            found, names, company=company, since=since, size=size, where=condition
        )

    def related(
        self, entity_set: str, names: Sequence[str], values: Mapping[str, Any], *, company: str
    ) -> list[tuple[Any, ...]]:
        """Stored values of the records of a company that have these stored values."""
        found = self._environment.sets[entity_set]
        scope = {COMPANY: company} if found.is_company_specific else {}
        rows = found.records.find({**scope, **values}, _MOST_FOUND)
        return [tuple([row[name] for name in names]) for row in rows]

    def version(self) -> int:
        """The present number of the change log."""
        return self._environment.bulk.version()

    def delete_some(self, entity_set: str, *, company: str, user: str, most: int) -> int:
        """Delete up to `most` records of a company without asking the rules; returns how many."""
        found = self._environment.sets[entity_set]
        table = found.table
        keys = ", ".join(quoted(table.columns[name].column) for name in table.key)
        where = f" WHERE {quoted(COMPANY)}=?" if found.is_company_specific else ""
        values = [company] if found.is_company_specific else []
        rows = self._environment.store.read(
            f"SELECT {keys} FROM {quoted(table.sql)}{where} LIMIT ?", (*values, most)
        ).fetchall()
        for key in rows:
            found.records.delete(key, user=user)
        return len(rows)

    def company_exists(self, company: str) -> bool:
        """Whether there is a legal entity of this id."""
        return self._environment.companies.exists(company)

    def get(self, entity_set: str, key: tuple[str, ...]) -> Mapping[str, Any] | None:
        """A record of a set of the framework's own, as JSON values."""
        found = self._environment.sets[entity_set]
        values = found.records.get(key)
        return None if values is None else _json(found, values)

    def find(self, entity_set: str, column: str, value: str) -> list[Mapping[str, Any]]:
        """Records of a set of the framework's own with one value, as JSON values."""
        found = self._environment.sets[entity_set]
        return [_json(found, row) for row in found.records.find({column: value}, _MOST_FOUND)]

    def put(self, entity_set: str, values: Mapping[str, Any]) -> None:
        """Create or change a record of a set of the framework's own."""
        environment = self._environment
        (outcome,) = environment.bulk.write(
            environment.sets[entity_set],
            tuple(values),
            [tuple(values.values())],
            company="",
            user=_USER,
        )
        if not isinstance(outcome, Written):
            raise TypeError(f"{entity_set} refused {dict(values)}: {outcome.infolog}")

    def remove(self, entity_set: str, key: tuple[str, ...]) -> None:
        """Delete such a record with what it owns, if it is there."""
        environment = self._environment
        found = environment.sets[entity_set]
        if found.records.exists(key):
            environment.writing.delete(found, key, _USER)


def _data_entity(found: EntitySet, sets: Mapping[str, EntitySet]) -> DataEntity:
    facts = found.facts
    targets = dict.fromkeys(relation.target for relation in facts.relations.values())
    return DataEntity(
        found.kind.label,
        found.name,
        found.kind.entity or facts.entity,
        found.kind.staging,
        found.kind.key,
        not found.is_company_specific,
        facts.category,
        tuple([sets[target].kind.label for target in targets if target in sets]),
    )


def _field(found: EntitySet, name: str) -> Field:
    column: Column = found.table.columns[name]
    if column.enum is not None:
        enum = column.enum
        return Field(name, "enum", enum.name.rpartition(".")[2], dict(enum.members))
    kind = _KINDS.get(column.edm, "text")
    if kind == "moment" and found.kind.properties[name].x_type == "Date":
        kind = "date"
    largest = 2**31 - 1 if column.edm == "Edm.Int32" else 0
    longest = found.facts.lengths.get(name, 0) if kind == "text" else 0
    return Field(name, kind, largest=largest, longest=longest)


def _json(found: EntitySet, values: Mapping[str, Any]) -> dict[str, Any]:
    """Stored values as JSON values."""
    made = {}
    for name, column in found.table.columns.items():
        value, decode = values[name], decoder(column)
        made[name] = decode(value) if decode is not None and value is not None else value
    return made
