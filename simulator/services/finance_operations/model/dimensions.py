r"""Financial dimensions as one text: their order, delimiter, escapes; whether values are there.

Source: "Financial dimension configuration for integrating applications" as community pages tell
it; captured values such as `401100-002-022--` and `US\-108`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet, Sets
from windtunnel.simulator.services.finance_operations.model.lookups import Lookups
from windtunnel.simulator.services.finance_operations.model.refusals import Refusal, not_found

MAIN_ACCOUNT: Final = "MainAccount"
CHART: Final = "Shared"
"""The chart of accounts of every company."""


class Dimensions:
    """The active format of an environment. Values of a dimension may be shared or a company's."""

    def __init__(self, sets: Sets, lookups: Lookups, names: Sequence[str], delimiter: str) -> None:
        self._sets, self._lookups = sets, lookups
        self.names, self.delimiter = tuple(names), delimiter
        self._split = re.compile(rf"(?<!\\){re.escape(delimiter)}")

    def segments(self, text: str) -> list[str]:
        """The parts of a display value; a delimiter behind a backslash belongs to its part."""
        escape = "\\" + self.delimiter
        return [part.replace(escape, self.delimiter) for part in self._split.split(text)]

    def plain(self, text: str) -> str:
        """The account of a display value that is no ledger account."""
        return text.replace("\\" + self.delimiter, self.delimiter)

    def joined(self, parts: Mapping[str, str], *, account: bool) -> str:
        """The display value of dimensions by name: what the format does not have is left out.

        With `account`, the main account stands first, as in a ledger account.
        """
        names = (MAIN_ACCOUNT, *self.names) if account else self.names
        return self.delimiter.join([self.escaped(parts.get(name, "")) for name in names])

    def escaped(self, text: str) -> str:
        """A part of a display value: a delimiter inside it stands behind a backslash."""
        return text.replace(self.delimiter, "\\" + self.delimiter)

    def check_set(
        self, entity_set: EntitySet, field: str, text: str, company: str
    ) -> Refusal | None:
        """Against a default dimension: every segment is a value of its dimension."""
        return self._check(entity_set, field, self.segments(text), company) if text else None

    def check_account(
        self, entity_set: EntitySet, field: str, text: str, company: str
    ) -> Refusal | None:
        """Against a ledger account: a main account, then dimensions."""
        account, *rest = self.segments(text)
        if not self._lookups.exists(self._sets["MainAccounts"], (CHART, account)):
            return not_found(entity_set, field, account, "Main account", "Main accounts")
        return self._check(entity_set, field, rest, company)

    def _check(
        self, entity_set: EntitySet, field: str, segments: Sequence[str], company: str
    ) -> Refusal | None:
        values = self._sets["FinancialDimensionValues"]
        # Segments beyond the format are not taken.
        for name, value in zip(self.names, segments, strict=False):
            if value and not (
                self._lookups.exists(values, (name, "", value))
                or self._lookups.exists(values, (name, company, value))
            ):
                return not_found(entity_set, field, value, name, "Financial dimension values")
        return None
