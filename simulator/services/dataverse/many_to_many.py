"""Many-to-many relationships: links are records of the intersect table.

Source: "Associate and disassociate table rows using the Web API".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.odata.schema import Navigation
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.writes import Caller

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers


def restriction(navigation: Navigation, own: Any) -> tuple[str, tuple[Any, ...]]:
    """SQL over `t`, the target, that leaves the rows linked to the key `own`."""
    [(_, own_column)] = navigation.pairs
    [(far_column, far)] = navigation.far_pairs
    between = quoted(navigation.intersect)
    return (
        f"t.{quoted(far)} IN (SELECT {quoted(far_column)} FROM {between} "
        f"WHERE {quoted(own_column)} = ?)",
        (own,),
    )


def associate(there: Handlers, navigation: Navigation, own: str, other: str, by: Caller) -> None:
    """Link two records. Raises DuplicateId where they are linked already."""
    between = there.tables.by_name[navigation.intersect]
    values = _ends(navigation, own, other)
    if between.records.find(values, 1):
        raise errors.DuplicateId
    there.writes.insert(between, values, by)


def disassociate(there: Handlers, navigation: Navigation, own: str, other: str, by: Caller) -> None:
    """Take the link of two records away, if there is one."""
    between = there.tables.by_name[navigation.intersect]
    for link in between.records.find(_ends(navigation, own, other), 1):
        between.records.delete((link[between.primary_id],), user=by.user_id)


def _ends(navigation: Navigation, own: str, other: str) -> dict[str, Any]:
    return {navigation.pairs[0][1]: own, navigation.far_pairs[0][0]: other}
