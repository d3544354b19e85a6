"""Expansion: related records put into those that were read, level by level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.odata.pieces import bind
from windtunnel.simulator.odata.printer import print_options
from windtunnel.simulator.odata.schema import Navigation
from windtunnel.simulator.odata.sql import Compiler
from windtunnel.simulator.odata.tree import ExpandItem, Options
from windtunnel.simulator.services.dataverse.model import expands, paging
from windtunnel.simulator.services.dataverse.model.kept_records import ETAG
from windtunnel.simulator.services.dataverse.model.selections import (
    navigation_of,
    selection,
    unselected,
)
from windtunnel.simulator.services.dataverse.model.tables import (
    ETAG_SQL,
    DataverseTable,
    Tables,
    encode_rows,
)


class Expansion:
    """Reads what `$expand` asks for."""

    def __init__(self, store: Store, clock: Clock, tables: Tables, compiler: Compiler) -> None:
        self._store, self._clock, self._tables = store, clock, tables
        self._compiler = compiler

    def expand(
        self,
        served: DataverseTable,
        items: list[dict[str, Any]],
        wanted: Sequence[ExpandItem],
        by_key: dict[str, dict[str, Any]],
        user: str,
        size: int,
        *,
        with_etags: bool,
        is_within: bool = False,
    ) -> None:
        """Put related records into `items`, which `by_key` finds; with a `size` in pages.

        In a list, records of collections have an etag and the lookup that leads back, unless an
        expansion holds another one. Source: "Join tables using OData".
        """
        nested = is_within or expands.is_nested(wanted)
        for item in wanted:
            navigation = navigation_of(served, item)
            target = self._tables.target(navigation)
            if navigation.collection:
                self._expand_collection(
                    *(served, navigation, target, item, by_key, user, size),
                    with_etags=with_etags or not nested,
                    leads_back=not (with_etags or nested),
                )
            else:
                self._expand_single(navigation, target, item, items, user, size, with_etags)

    def _expand_single(
        self,
        navigation: Navigation,
        target: DataverseTable,
        item: ExpandItem,
        items: list[dict[str, Any]],
        user: str,
        size: int,
        with_etags: bool,
    ) -> None:
        own, far = navigation.pairs[0]
        wanted = {row[own] for row in items if row.get(own) is not None}
        options = item.options or Options()
        found = self._related(target, far, list(wanted), options, user, size, with_etags)
        for row in items:
            related = found.get(row.get(own))
            if item.suffix == "$ref":
                link = {"@odata.id": f"{target.entity_set}({row[own]})"} if related else None
                row[navigation.name] = link
            else:
                row[navigation.name] = related[0] if related else None

    def _expand_collection(
        self,
        served: DataverseTable,
        navigation: Navigation,
        target: DataverseTable,
        item: ExpandItem,
        by_key: dict[str, dict[str, Any]],
        user: str,
        size: int,
        *,
        with_etags: bool,
        leads_back: bool,
    ) -> None:
        _, far = navigation.pairs[0]
        options = item.options or Options()
        if navigation.intersect:
            found = self._linked(navigation, target, list(by_key), options, user)
        else:
            found = self._related(
                *(target, far, list(by_key), options, user, size),
                with_etags=with_etags,
                leads_back=leads_back,
            )
        for key, row in by_key.items():
            related = found.get(key, [])
            link = _nested_link(served.entity_set, key, navigation.name, options)
            if size:
                row[navigation.name] = related[:size]
                if len(related) <= size:
                    continue
                joint = "&" if "?" in link else "?"
                link = f"{link}{joint}$skiptoken={paging.skip_token(2, '')}"
            row[navigation.name] = related[: size or None]
            row[f"{navigation.name}@odata.nextLink"] = link

    def _linked(
        self,
        navigation: Navigation,
        target: DataverseTable,
        keys: list[Any],
        options: Options,
        user: str,
    ) -> dict[Any, list[dict[str, Any]]]:
        """Objects linked by an intersect table, by the key they are linked to, in their order."""
        [(_, own)] = navigation.pairs
        [(far, far_key)] = navigation.far_pairs
        ends: dict[Any, set[Any]] = {}
        for start in range(0, len(keys), 500):
            chunk = keys[start : start + 500]
            marks = ", ".join("?" * len(chunk))
            rows = self._store.read(
                f"SELECT {quoted(own)}, {quoted(far)} FROM {quoted(navigation.intersect)} "
                f"WHERE {quoted(own)} IN ({marks})",
                chunk,
            )
            for key, other in rows:
                ends.setdefault(other, set()).add(key)
        every = replace(options, top=None)
        found = self._related(target, far_key, list(ends), every, user, 0, with_etags=True)
        groups: dict[Any, list[dict[str, Any]]] = {}
        for other, objects in found.items():
            for key in ends[other]:
                groups.setdefault(key, []).extend(dict(part) for part in objects)
        return {key: group[: options.top] for key, group in groups.items()}

    def _related(
        self,
        target: DataverseTable,
        far: str,
        keys: list[Any],
        options: Options,
        user: str,
        size: int,
        with_etags: bool,
        *,
        leads_back: bool = False,
    ) -> dict[Any, list[dict[str, Any]]]:
        """Related objects by the value of their `far` column."""
        names, _ = selection(self._tables, target, options.select, options.expand)
        hidden = unselected(target, options.select, names, options.expand)
        reads = names if far in names else (*names, far)
        groups: dict[Any, list[dict[str, Any]]] = {}
        for start in range(0, len(keys), 500):
            chunk = keys[start : start + 500]
            sql, parameters = self._related_sql(target, far, chunk, reads, options)
            rows = self._store.read(sql, bind(parameters, self._clock.now(), user)).fetchall()
            objects = encode_rows(reads, [row[1:] for row in rows], target.decoders)
            for row, item in zip(rows, objects, strict=True):
                key = item[far]
                whole = {ETAG: row[0], **item} if with_etags else item
                groups.setdefault(key, []).append(whole)
        every = [item for group in groups.values() for item in group]
        if options.expand:
            inner = {item[target.primary_id]: item for item in every}
            self.expand(
                *(target, every, options.expand, inner, user, size),
                with_etags=with_etags,
                is_within=True,
            )
        drop = {*hidden, *(() if far in names else (far,))}
        if leads_back:
            drop.discard(far)
        for item in every:
            for name in drop:
                item.pop(name, None)
        if options.top is not None:
            groups = {key: group[: options.top] for key, group in groups.items()}
        return groups

    def _related_sql(
        self,
        target: DataverseTable,
        far: str,
        chunk: list[Any],
        reads: Sequence[str],
        options: Options,
    ) -> tuple[str, tuple[Any, ...]]:
        marks = ", ".join("?" * len(chunk))
        conditions = [f"t.{quoted(far)} IN ({marks})"]
        parameters: list[Any] = list(chunk)
        if options.filter is not None:
            piece = self._compiler.where(options.filter, target.table)
            conditions.append(piece.text)
            parameters += piece.parameters
        terms = self._compiler.order(options.orderby, target.table)
        for piece in terms:
            parameters += piece.parameters
        order = ", ".join([*(piece.text for piece in terms), f"t.{quoted(target.primary_id)}"])
        columns = ", ".join([ETAG_SQL, *(f"t.{quoted(name)}" for name in reads)])
        sql = (
            f"SELECT {columns} FROM {self._readable(target)} t "
            f"WHERE {' AND '.join(conditions)} ORDER BY {order}"
        )
        return sql, tuple(parameters)

    def _readable(self, target: DataverseTable) -> str:
        """Owners are named whoever asks; other tables show what the caller may read."""
        if target is self._tables.principal:
            return quoted(target.table.sql)
        return self._tables.readable(target)


def _nested_link(entity_set: str, key: str, name: str, options: Options) -> str:
    nested = print_options(options, "&")
    return f"{entity_set}({key})/{name}{'?' + nested if nested else ''}"
