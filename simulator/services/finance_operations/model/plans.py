"""Query options compiled once per text: what is selected, joined, filtered, sorted, expanded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.entity_sets.values import Decoder
from windtunnel.simulator.exchange import Absent
from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.odata import (
    FINANCE_AND_OPERATIONS,
    Dialect,
    NotSupported,
    ODataError,
    UnknownProperty,
    parse_query,
)
from windtunnel.simulator.odata.hints import Hints, hints_of
from windtunnel.simulator.odata.pieces import Piece
from windtunnel.simulator.odata.schema import Navigation
from windtunnel.simulator.odata.sql import Compiler
from windtunnel.simulator.odata.tree import (
    ExpandItem,
    Options,
    OrderItem,
    Property,
    SelectItem,
)
from windtunnel.simulator.services.finance_operations.errors import BadQuery
from windtunnel.simulator.services.finance_operations.model.entity_set import (
    REC_ID,
    EntitySet,
    Sets,
)
from windtunnel.simulator.services.finance_operations.model.kept_records import ETAG, REC_VERSION

KEPT: Final = 2_048
IN_COMPANY: Final = f"t.{quoted(COMPANY)} = ?"
_FORMATS: Final = {"json": "minimal", "application/json": "minimal"}


@dataclass(slots=True)
class Plan:
    """A compiled query on one set. Rows have `names`, columns of links, then RecVersion, RecId.

    `shown` are the members of a record: its etag, then `names`. `everywhere` is the WHERE for all
    companies, `in_company` that for one, whose id stands before `parameters`. `hints` say what an
    index for it holds.
    """

    entity_set: EntitySet
    names: tuple[str, ...]
    shown: tuple[str, ...]
    decoders: tuple[tuple[str, Decoder], ...]
    select: str
    by_key: str
    where: Piece | None
    everywhere: str
    in_company: str
    parameters: tuple[Any, ...]
    order: str
    order_parameters: tuple[Any, ...]
    top: int | None
    skip: int
    is_counted: bool
    context: str
    level: str
    expansions: tuple[Expansion, ...]
    link_places: Mapping[str, int]
    hints: Hints
    uses: int = 0


@dataclass(frozen=True, slots=True)
class Expansion:
    """A navigation property to write inside each record."""

    navigation: Navigation
    plan: Plan


class Plans:
    """Compiles query strings; only a text never seen before is parsed."""

    def __init__(
        self, sets: Sets, dialect: Dialect = FINANCE_AND_OPERATIONS, *, skip_tokens: bool = False
    ) -> None:
        self._sets, self._dialect, self._skip_tokens = sets, dialect, skip_tokens
        self._compiler = Compiler(sets.catalog, dialect)
        self._kept: dict[tuple[str, str], Plan] = {}

    def of(self, entity_set: EntitySet, text: str) -> Plan:
        """The plan of a raw query string. Raises BadQuery."""
        plan = self._kept.get((entity_set.name, text))
        if plan is None:
            try:
                plan = self._compile(entity_set, text)
            except UnknownProperty as error:
                if entity_set.lacks_navigation(error.name):
                    name = f"{entity_set.name}/{error.name}"
                    raise Absent(f"navigation property {name}") from error
                raise BadQuery(reason=error.message) from error
            except ODataError as error:
                raise BadQuery(reason=error.message) from error
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[entity_set.name, text] = plan
        return plan

    def forget(self) -> None:
        """Drop all plans: their use counters begin anew."""
        self._kept.clear()

    def _compile(self, entity_set: EntitySet, text: str) -> Plan:
        query = parse_query(text, self._dialect)
        token = query.skiptoken
        if token and not (self._skip_tokens and token.isdecimal() and len(token) < 19):
            raise NotSupported(self._dialect.refuse_option("$skiptoken"))
        plan = self._plan(entity_set, query.options)
        plan.skip = int(token) if token else plan.skip
        plan.level = level_of(query.format)
        return plan

    def _plan(self, entity_set: EntitySet, options: Options) -> Plan:
        table, compiler = entity_set.table, self._compiler
        names, context = self._selected(entity_set, options.select)
        expansions = [self._expansion(entity_set, item) for item in options.expand]
        if options.select and context != ["*"]:
            # Beside `$select` the library counts what is expanded as selected.
            named = [expansion.navigation.name for expansion in expansions]
            context += [name for name in named if name not in context]
        for expansion in expansions:
            inner = expansion.plan.context.partition("(")[2]
            if inner:
                context.append(f"{expansion.navigation.name}({inner}")
        extra = [own for e in expansions for own, _ in e.navigation.pairs if own not in names]
        columns = tuple(dict.fromkeys((*names, *extra)))
        where = order = None
        if options.filter is not None:
            where = compiler.where(options.filter, table, aliases=dict(options.aliases))
        order = compiler.order(options.orderby, table, aliases=dict(options.aliases))
        wanted = {piece.text.removesuffix(" DESC") for piece in order}
        keys = [f"t.{quoted(table.columns[name].column)}" for name in table.key]
        order += [Piece(key, (), "") for key in keys if key not in wanted]
        listed = [f"t.{quoted(table.columns[name].column)}" for name in columns]
        listed += [f"t.{REC_VERSION}", f"t.{REC_ID}"]
        select = f"SELECT {', '.join(listed)} FROM {quoted(table.sql)} t"
        everywhere = f" WHERE {where.text}" if where is not None else ""
        in_company = everywhere
        if entity_set.is_company_specific:
            condition = f" AND {where.text}" if where is not None else ""
            in_company = f" WHERE {IN_COMPANY}{condition}"
        decoders = entity_set.decoders
        return Plan(
            entity_set,
            tuple(names),
            (ETAG, *names),
            tuple([(name, decoders[name]) for name in names if name in decoders]),
            select,
            f"{select} WHERE {' AND '.join(f'{key}=?' for key in keys)}",
            where,
            everywhere,
            in_company,
            where.parameters if where is not None else (),
            f" ORDER BY {', '.join(piece.text for piece in order)} LIMIT ? OFFSET ?",
            tuple([value for piece in order for value in piece.parameters]),
            options.top,
            options.skip or 0,
            bool(options.count),
            f"{entity_set.name}({','.join(context)})" if context else entity_set.name,
            "minimal",
            tuple(expansions),
            {name: place for place, name in enumerate(columns)},
            _hints(options, table.key),
        )

    def _selected(
        self, entity_set: EntitySet, items: tuple[SelectItem, ...]
    ) -> tuple[list[str], list[str]]:
        """The properties to write, and the names that the context lists."""
        table = entity_set.table
        if not items:
            return list(table.columns), []
        wanted: list[str] = []
        for item in items:
            name = item.path[0]
            if len(item.path) > 1 or (
                name != "*" and name not in table.columns and name not in table.navigations
            ):
                raise UnknownProperty("/".join(item.path), table.entity_type, item.position)
            wanted.append(name)
        if "*" in wanted:
            return list(table.columns), ["*"]
        chosen = set(wanted)
        return [name for name in table.columns if name in chosen], list(dict.fromkeys(wanted))

    def _expansion(self, entity_set: EntitySet, item: ExpandItem) -> Expansion:
        table = entity_set.table
        name = item.path[0]
        navigation = table.navigations.get(name)
        if navigation is None:
            if name in table.columns:
                raise ODataError(
                    f"Property '{name}' on type '{table.entity_type}' is not a navigation property "
                    "or complex property. Only navigation properties can be expanded.",
                    item.position,
                )
            raise UnknownProperty(name, table.entity_type, item.position)
        options = item.options or Options()
        if len(item.path) > 1 or item.suffix or options.expand:
            raise NotSupported(
                "The request includes a $expand path which is too deep. The maximum depth allowed "
                "is 1.",
                item.position,
            )
        return Expansion(navigation, self._plan(self._sets.by_type(navigation.target), options))


def level_of(text: str) -> str:
    """The metadata level of `$format` or Accept: minimal, full or none. Raises ODataError."""
    media, _, rest = text.strip().partition(";")
    if media and media.lower() not in _FORMATS:
        raise NotSupported(f"The value '{text}' of the query option '$format' is not supported.")
    for part in rest.split(";"):
        name, _, value = part.strip().partition("=")
        if name.lower() in {"odata.metadata", "metadata"}:
            if value.lower() not in {"minimal", "full", "none"}:
                raise NotSupported(f"The metadata level '{value}' is not supported.")
            return value.lower()
    return "" if not text else "minimal"


def _hints(options: Options, key: tuple[str, ...]) -> Hints:
    found = hints_of(options.filter, (*options.orderby, OrderItem(Property(key[-1]))))
    order = tuple(dict.fromkeys((*found.order[:-1], *key))) if found.order else ()
    return replace(found, order=order)
