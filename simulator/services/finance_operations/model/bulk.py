"""Many rows of one entity set at once: written row by row by the same rules, read in pages.

For the Data Management framework and whatever else moves whole files. A row that is refused is a
value beside the others and leaves no trace, not even a number of a sequence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.entity_sets.records import Key, Values
from windtunnel.simulator.entity_sets.values import BadValue, Checker
from windtunnel.simulator.kernel.changes import Changes, Operation
from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.odata.pieces import Piece
from windtunnel.simulator.services.finance_operations.model.checks import Checks
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.lookups import Lookups
from windtunnel.simulator.services.finance_operations.model.numbers import Numbers
from windtunnel.simulator.services.finance_operations.model.refusals import Refusal
from windtunnel.simulator.services.finance_operations.model.storing import Storing
from windtunnel.simulator.services.finance_operations.model.writing import why

PAGE: Final = 1_000


class Written(NamedTuple):
    """A row that is stored: its key, and whether it is new."""

    key: Key
    is_new: bool


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that was refused: Infolog entries (`Warning: ...`) and the field to blame, or ``."""

    infolog: tuple[str, ...]
    field: str = ""


Outcome: TypeAlias = Written | RowError


@dataclass(frozen=True, slots=True)
class Methods:
    """Which methods of tables run: `validates` is validateWrite, `inserts` are insert and update.

    Fields are checked and rows get their defaults in any case.
    """

    validates: bool = True
    inserts: bool = True


EVERY_METHOD: Final = Methods()


class Bulk:
    """Writes and reads many records of one environment."""

    def __init__(
        self,
        store: Store,
        changes: Changes,
        checks: Checks,
        storing: Storing,
        lookups: Lookups,
        numbers: Numbers,
    ) -> None:
        self._store, self._changes, self._checks = store, changes, checks
        self._storing, self._lookups, self._numbers = storing, lookups, numbers

    # -- writing ------------------------------------------------------------------------------

    def write(
        self,
        entity_set: EntitySet,
        names: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        company: str,
        user: str,
        upsert: bool = True,
        methods: Methods = EVERY_METHOD,
    ) -> list[Outcome]:
        """Write rows whose values stand in the order of `names`; one outcome per row, in order.

        `names` are properties (KeyError otherwise). A value is the JSON form (numbers and enum
        members also as text); None means that the row does not have the property: a new record
        gets the default, a stored one keeps its own. `company` counts where a row has no
        dataAreaId. With `upsert`, a row whose key is there changes that record; without, it is
        refused as a duplicate. All good rows are stored in one savepoint of the shared
        transaction; the caller commits (`Store.commit`) or lets the turn of the loop do it. Call
        it with some thousand rows at a time: nothing else runs meanwhile.
        """
        checkers = [(name, entity_set.checkers[name]) for name in names]
        base: Values = {}
        if entity_set.is_company_specific:
            base[COMPANY] = entity_set.stored(COMPANY, company)
        with self._store.atomic(), self._numbers.held(), self._lookups.remembering(entity_set):
            return [
                self._row(entity_set, checkers, base, row, user, upsert, methods) for row in rows
            ]

    def _row(
        self,
        entity_set: EntitySet,
        checkers: Sequence[tuple[str, Checker]],
        base: Values,
        row: Sequence[Any],
        user: str,
        upsert: bool,
        methods: Methods,
    ) -> Outcome:
        sent = base.copy()
        try:
            for (name, check), value in zip(checkers, row, strict=True):
                if value is not None:
                    sent[name] = check(value)
        except BadValue as error:
            return RowError((f"Error: {why(error)}",), error.column.name)
        if upsert:
            stored = self._stored(entity_set, sent)
            if stored is not None:
                return self._change(entity_set, stored, sent, user, methods)
        return self._create(entity_set, sent, user, methods)

    def _stored(self, entity_set: EntitySet, sent: Values) -> Values | None:
        """The record that a row means, when the row has a whole key."""
        sequences, empties = entity_set.facts.sequences, entity_set.empties
        key = []
        for name in entity_set.table.key:
            value = sent.get(name)
            if not value and name in sequences:
                return None
            key.append(empties[name] if value is None else value)
        wanted = tuple(key)
        # A row of hundreds of columns costs much even where there is none; most rows are new.
        there = entity_set.records.exists(wanted)
        return entity_set.row(wanted) if there else None

    def _create(self, entity_set: EntitySet, sent: Values, user: str, methods: Methods) -> Outcome:
        taken = self._numbers.taken()
        made = self._checks.new_row(entity_set, sent, validates=methods.validates)
        refusal: Refusal | None
        if isinstance(made, Refusal):
            refusal = made
        else:
            refusal = self._storing.insert(entity_set, made, user, follows=methods.inserts)
            if refusal is None:
                return Written(entity_set.key_of(made), is_new=True)
        self._numbers.give_back(taken)
        return RowError(refusal.infolog, refusal.field)

    def _change(
        self, entity_set: EntitySet, stored: Values, sent: Values, user: str, methods: Methods
    ) -> Outcome:
        key = entity_set.key_of(stored)
        sent = {name: value for name, value in sent.items() if name not in entity_set.table.key}
        values = self._checks.changes(entity_set, stored, sent, validates=methods.validates)
        if isinstance(values, Refusal):
            return RowError(values.infolog, values.field)
        if values:
            self._storing.update(entity_set, stored, values, user, follows=methods.inserts)
        return Written(key, is_new=False)

    # -- reading ------------------------------------------------------------------------------

    def pages(
        self,
        entity_set: EntitySet,
        names: Sequence[str],
        *,
        company: str | None = None,
        since: int | None = None,
        size: Callable[[], int] = lambda: PAGE,
        where: Piece | None = None,
    ) -> Iterator[list[tuple[Any, ...]]]:
        """All records in key order as lists of stored values of `names`; None is all companies.

        With `since`, a number that `version` gave before, only records created or changed after
        it, in the order of their last change. Every page is read when it is asked for, by the key
        behind the last one, and has as many records as `size` says then: what is written
        meanwhile harms nothing. `where` is a condition upon the alias `t`, such as a plan has.
        `decoder(column)` of simulator/entity_sets/values.py makes the JSON form where it differs.
        """
        if since is None:
            return self._all(entity_set, names, company, size, where)
        return self._changed(entity_set, names, company, since, size, where)

    def version(self) -> int:
        """The present number of the change log: what `since` of a later `pages` is to be."""
        return self._changes.last

    def _all(
        self,
        entity_set: EntitySet,
        names: Sequence[str],
        company: str | None,
        size: Callable[[], int],
        condition: Piece | None,
    ) -> Iterator[list[tuple[Any, ...]]]:
        table = entity_set.table
        keys = [quoted(table.columns[name].column) for name in table.key]
        listed = ", ".join([quoted(table.columns[name].column) for name in names] + keys)
        conditions, parameters = [], []
        if company is not None and entity_set.is_company_specific:
            conditions.append(f"{keys[0]} = ?")
            parameters.append(company.lower())
        behind: Key = ()
        width = len(names)
        while True:
            # Within one company the rest of the key alone leads to the place in the index; beside
            # an equality SQLite would not use a comparison of the whole key for that.
            rest = keys[len(parameters) :]
            behind = behind[len(parameters) :]
            more = [f"({', '.join(rest)}) > ({', '.join('?' * len(rest))})"] if behind else []
            given: tuple[Any, ...] = ()
            if condition is not None:
                more.append(f"({condition.text})")
                given = condition.parameters
            where = f" WHERE {' AND '.join(conditions + more)}" if conditions or more else ""
            most = size()
            rows = self._store.read(
                f"SELECT {listed} FROM {quoted(table.sql)} t{where} "
                f"ORDER BY {', '.join(keys)} LIMIT ?",
                (*parameters, *behind, *given, most),
            ).fetchall()
            if rows:
                behind = rows[-1][width:]
                yield [row[:width] for row in rows]
            if len(rows) < most:
                return

    def _changed(
        self,
        entity_set: EntitySet,
        names: Sequence[str],
        company: str | None,
        since: int,
        size: Callable[[], int],
        condition: Piece | None,
    ) -> Iterator[list[tuple[Any, ...]]]:
        last: dict[str, int] = {}
        for _, record, operation in self._changes.since(entity_set.table.entity_type, since):
            last.pop(record, None)
            last[record] = operation
        table = entity_set.table
        listed = ", ".join(quoted(table.columns[name].column) for name in names)
        where = " AND ".join(f"{quoted(table.columns[name].column)}=?" for name in table.key)
        given: tuple[Any, ...] = ()
        if condition is not None:
            where, given = f"{where} AND ({condition.text})", condition.parameters
        sql = f"SELECT {listed} FROM {quoted(table.sql)} t WHERE {where}"
        is_cut = company is not None and entity_set.is_company_specific
        page: list[tuple[Any, ...]] = []
        most = size()
        for record, operation in last.items():
            key = tuple(orjson.loads(record)) if len(table.key) > 1 else (record,)
            if operation == Operation.DELETE or (is_cut and key[0] != str(company).lower()):
                continue
            row = self._store.read(sql, (*key, *given)).fetchone()
            if row is not None:
                page.append(row)
            if len(page) >= most:
                yield page
                page, most = [], size()
        if page:
            yield page
