"""Whole entity sets as JSON values, for services that move documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from windtunnel.simulator.entity_sets.values import decoder
from windtunnel.simulator.services.finance_operations.model.bulk import RowError
from windtunnel.simulator.services.finance_operations.model.environment import Environment


class WholeSets:
    """Reads and writes as a user of an environment."""

    def __init__(self, environment: Environment, user: str) -> None:
        self._environment, self._user = environment, user

    def has(self, entity_set: str) -> bool:
        """Whether there is such a set."""
        return entity_set in self._environment.sets

    def read(
        self, entity_set: str, columns: Sequence[str], company: str
    ) -> Iterator[Sequence[Any]]:
        """The records of a company (empty: of all) in key order. KeyError for a column."""
        found = self._environment.sets[entity_set]
        decoders = [decoder(found.table.columns[name]) for name in columns]
        for page in self._environment.bulk.pages(found, columns, company=company or None):
            for row in page:
                yield [
                    value if decode is None or value is None else decode(value)
                    for value, decode in zip(row, decoders, strict=True)
                ]

    def write(
        self, entity_set: str, rows: Sequence[Mapping[str, Any]], company: str
    ) -> Sequence[str]:
        """Create or change records; returns why some were refused, `row N: text`."""
        found = self._environment.sets[entity_set]
        names = list(dict.fromkeys(name for row in rows for name in row))
        values = [[row.get(name) for name in names] for row in rows]
        outcomes = self._environment.bulk.write(
            found, names, values, company=company, user=self._user
        )
        return [
            f"row {number}: {'; '.join(outcome.infolog)}"
            for number, outcome in enumerate(outcomes, 1)
            if isinstance(outcome, RowError)
        ]
