"""Rows that a right holds for: the SQL and the check of one row say the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as some

from windtunnel.contracts.entities.dataverse import standard_tables
from windtunnel.contracts.entities.dataverse.roles import (
    ACCESS,
    BASIC,
    GLOBAL,
    LOCAL,
    RIGHTS,
    governed_by,
    privileges_of,
    standard_roles,
)
from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.clock import ManualClock
from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.services.dataverse.model.tables import Tables
from windtunnel.simulator.services.dataverse.security.access import (
    Access,
    Reach,
    condition,
    covers,
)

OWNERS = ("ann", "ben", "team", "o'neil")
UNITS = ("root", "north", "south")


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    opened = Store()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def tables(store: Store) -> Tables:
    found = Tables(store, Changes(store, ManualClock()))
    found.add(
        t for t in standard_tables() if t.logical_name in {"contact", "principalobjectaccess"}
    )
    found.create()
    found.by_name["contact"].records.seed(
        ("contactid", "_ownerid_value", "_owningbusinessunit_value", "versionnumber"),
        [(f"{owner} {unit}", owner, unit, 1) for owner in OWNERS for unit in UNITS],
    )
    found.by_name["principalobjectaccess"].records.seed(
        ("principalobjectaccessid", "objectid", "principalid", "accessrightsmask"),
        [("1", "ben south", "ann", ACCESS["Read"]), ("2", "team root", "ben", ACCESS["Write"])],
    )
    return found


REACHES = some.builds(Reach, some.booleans(), some.frozensets(some.sampled_from(UNITS)))
CALLERS = some.lists(some.sampled_from(OWNERS), min_size=1, unique=True).map(tuple)


@given(reach=REACHES, owners=CALLERS, right=some.sampled_from(("Read", "Write", "Delete")))
def test_a_filter_leaves_the_rows_that_are_covered_or_shared(
    store: Store, tables: Tables, reach: Reach, owners: tuple[str, ...], right: str
) -> None:
    served = tables.by_name["contact"]
    access = Access(1, owners[0], "root", owners, {("contact", right): reach})
    where = condition(access, reach, right, served)
    sql = f"SELECT contactid FROM {quoted(served.table.sql)} {f'WHERE {where}' if where else ''}"
    found = {key for (key,) in store.read(sql).fetchall()}
    shares = tables.by_name["principalobjectaccess"].records.find({}, 10)
    wanted = {
        row["contactid"]
        for row in served.records.find({}, 100)
        if covers(access, reach, served, row)
        or any(
            share["objectid"] == row["contactid"]
            and share["principalid"] in owners
            and share["accessrightsmask"] & ACCESS[right]
            for share in shares
        )
    }
    assert found == wanted


def _depth(role: str, table: str, right: str) -> int:
    definition = next(t for t in standard_tables() if t.logical_name == table)
    privilege = next(p for p in privileges_of(definition) if p.right == right)
    found = next(r for r in standard_roles() if r.name == role)
    return found.allows(privilege, is_custom=definition.is_custom)


@pytest.mark.parametrize(
    ("role", "table", "right", "depth"),
    [
        ("System Administrator", "account", "Delete", GLOBAL),
        ("System Administrator", "lead", "Share", GLOBAL),
        ("Basic User", "account", "Delete", BASIC),
        ("Basic User", "systemuser", "Read", GLOBAL),
        ("Basic User", "role", "Read", LOCAL),
        ("Basic User", "role", "Write", 0),
        ("Basic User", "lead", "Read", 0),
        ("System Customizer", "savedquery", "Write", GLOBAL),
        ("Service Reader", "account", "Read", GLOBAL),
        ("Service Reader", "account", "Write", 0),
    ],
)
def test_standard_roles_allow_what_they_do_in_a_real_organisation(
    role: str, table: str, right: str, depth: int
) -> None:
    assert _depth(role, table, right) == depth


def test_every_table_is_governed_by_one_that_has_privileges() -> None:
    known = {table.logical_name: table for table in standard_tables()}
    for table in known.values():
        name = governed_by(table)
        if name:
            assert privileges_of(known[name]), table.logical_name


def test_privileges_have_names_and_ids_of_their_own() -> None:
    every = [p for table in standard_tables() for p in privileges_of(table)]
    assert len({p.name for p in every}) == len({p.privilege_id for p in every}) == len(every)
    assert {p.right for p in every} == set(RIGHTS)
