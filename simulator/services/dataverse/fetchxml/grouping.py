"""Aggregates, groups, parts of dates, and counts of child records."""

from __future__ import annotations

from collections.abc import Sequence

from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.odata.pieces import Piece
from windtunnel.simulator.services.dataverse import query_errors
from windtunnel.simulator.services.dataverse.fetchxml import columns
from windtunnel.simulator.services.dataverse.fetchxml.columns import Output, Place
from windtunnel.simulator.services.dataverse.fetchxml.tree import Attribute, Order
from windtunnel.simulator.services.dataverse.model.conditions import (
    BadOperand,
    Settings,
    Subject,
)
from windtunnel.simulator.services.dataverse.model.conditions.people import tree_of

_NUMBERS = frozenset({"Integer", "BigInt", "Decimal", "Double", "Money"})
_ORDERED = _NUMBERS | {"DateTime"}
_TAKES = {"sum": _NUMBERS, "avg": _NUMBERS, "min": _ORDERED, "max": _ORDERED}


class Groups:
    """Collects the values, the groups and the results of an aggregate query."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.outputs: list[Output] = []
        self.values: list[str] = []
        self.groups: list[str] = []

    def add(self, attribute: Attribute, place: Place) -> None:
        """One attribute. Raises BadQuery."""
        if any(output.key == attribute.alias for output in self.outputs):
            raise query_errors.BadAlias(
                problem=f"The alias '{attribute.alias}' is specified more than once. "
                f"NodeXml : {attribute.shown}"
            )
        # SQL's count(*) names no column: any will do.
        name = attribute.name or place.served.primary_id
        column = columns.find(place.served, name)
        text = place.sql(column.name)
        form = "column"
        if attribute.aggregate:
            form, text = self._aggregate(attribute, text, column.type)
        else:
            if attribute.dategrouping:
                if column.type != "DateTime":
                    raise query_errors.BadAggregate(
                        problem=f"dategrouping is for date columns. NodeXml : {attribute.shown}"
                    )
                form, text = attribute.dategrouping, self._part(attribute.dategrouping, text)
            self.groups.append(text)
        self.values.append(text)
        self.outputs.append(Output(attribute.alias, place.served, column, form, True))

    def _aggregate(self, attribute: Attribute, text: str, kind: str) -> tuple[str, str]:
        name = attribute.aggregate
        if name == "count":
            return "count", "count(*)"
        distinct = "DISTINCT " if attribute.distinct else ""
        if name == "countcolumn":
            return "count", f"count({distinct}{text})"
        if kind not in _TAKES[name]:
            raise query_errors.BadAggregate(
                problem=f"The aggregate '{name}' is not supported on a column of type '{kind}'. "
                f"NodeXml : {attribute.shown}"
            )
        value = f"{name}({distinct}{text})"
        if name == "avg" and kind in {"Integer", "BigInt"}:
            value = f"CAST({value} AS INTEGER)"
        return "column", value

    def _part(self, part: str, text: str) -> str:
        fiscal = self._settings.fiscal
        year, month = (
            f"CAST(substr({text}, 1, 4) AS INTEGER)",
            f"CAST(substr({text}, 6, 2) AS INTEGER)",
        )
        fiscal_year = f"({year} - ({month} < {fiscal.first_month}))"
        period = f"((({month} - {fiscal.first_month} + 12) % 12) / {fiscal.months} + 1)"
        first = f"strftime('%w', {text}, 'start of year')"
        return {
            "day": f"CAST(substr({text}, 9, 2) AS INTEGER)",
            "week": f"((CAST(strftime('%j', {text}) AS INTEGER) - 1 + {first}) / 7 + 1)",
            "month": month,
            "quarter": f"(({month} + 2) / 3)",
            "year": year,
            "fiscal-period": f"({fiscal_year} * 1000 + {period})",
            "fiscal-year": fiscal_year,
        }[part]

    def order(self, orders: Sequence[Order]) -> list[str]:
        """Terms of ORDER BY: aliases of results, then all groups, so that pages do not mix."""
        terms = []
        places = {output.key: str(n + 1) for n, output in enumerate(self.outputs)}
        for order in orders:
            if not order.alias:
                raise query_errors.BadAggregate(
                    problem=f"An attribute can not be specified for an order clause for an "
                    f"aggregate Query. Use an alias: '{order.attribute}'."
                )
            if order.alias not in places:
                raise query_errors.NoSuchAlias(
                    problem=f"The alias '{order.alias}' of an order does not exist."
                )
            terms.append(places[order.alias] + (" DESC" if order.descending else ""))
        return terms + self.groups


def count_children(attribute: Attribute, place: Place, settings: Settings) -> tuple[Output, Piece]:
    """`rowaggregate="CountChildren"`: how many records have this one as their parent."""
    column = columns.find(place.served, attribute.name)
    key = attribute.alias or f"{attribute.name}_countchildren"
    about = Subject(columns.plain(place, column), column, place.served.name)
    try:
        served, parent = tree_of(about, settings)
    except BadOperand as error:
        raise query_errors.BadAggregate(problem=str(error)) from error
    text = (
        f"(SELECT count(*) FROM {quoted(served.table.sql)} c WHERE c.{quoted(parent)} = "
        f"{place.sql(column.name)})"
    )
    output = Output(key, place.served, column, "count", True)
    return output, Piece(text, (), "Edm.Int32")
