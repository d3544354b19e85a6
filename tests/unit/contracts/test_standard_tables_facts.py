"""The standard tables say what the documents of real organisations say, no more and no less."""

from __future__ import annotations

import gzip
import json
import os
from functools import cache
from pathlib import Path

import pytest

from windtunnel.contracts.entities.dataverse import (
    TableDefinition,
    standard_tables,
    tables_from_csdl,
)

DATA = Path(os.environ.get("WT_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
pytestmark = pytest.mark.skipif(
    not (DATA / "csdl").exists(), reason="the metadata documents of real environments are not here"
)
TABLES = {table.logical_name: table for table in standard_tables()}
OURS = {
    "backgroundoperation", "cdm_company", "connectionreference", "customapi",
    "customapirequestparameter", "customapiresponseproperty", "environmentvariabledefinition",
    "environmentvariablevalue",
}  # fmt: skip
"""Tables of newer releases than the documents; the pages of their reference have them."""
YOUNGER = {
    "audit": {"objecttypecode"},
    "organization": {"auditretentionperiodv2", "auditsettings"},
    "role": {"appliesto", "description", "summaryofcoreaccess"},
}
"""Columns that not all the documents have, but newer releases do.

Sources: "Auditing (Audit) table/entity reference", "Organization table/entity reference",
"Security roles and privileges".
"""
NAMED = """
account contact lead opportunity opportunityproduct opportunityclose quote quotedetail salesorder
salesorderdetail invoice invoicedetail product pricelevel productpricelevel uom uomschedule incident
incidentresolution task phonecall email appointment letter activitypointer activityparty annotation
connection transactioncurrency systemuser team businessunit role queue savedquery userquery solution
publisher organization asyncoperation bulkdeleteoperation sdkmessage sdkmessagefilter
sdkmessageprocessingstep serviceendpoint customapi environmentvariabledefinition
environmentvariablevalue cdm_company
"""


@cache
def documents() -> tuple[dict[str, TableDefinition], ...]:
    """The tables of three organisations by name; activities in general with a set of their own."""
    found = []
    for name in ("dataverse-ess-2022-10", "dataverse-lcrb-2020-11", "dataverse-dfa-2022-07.wire"):
        text = gzip.decompress((DATA / f"csdl/{name}.xml.gz").read_bytes())
        head, mark, tail = text.partition(b'Name="activitypointer"')
        tail = tail.replace(b' Abstract="true"', b"", 1)
        tables = tables_from_csdl(head + mark + tail)
        found.append({table.logical_name: table for table in tables})
    return tuple(found)


def having(name: str) -> list[TableDefinition]:
    return [document[name] for document in documents() if name in document]


def test_every_table_that_was_asked_for_is_there():
    assert set(NAMED.split()) <= set(TABLES)


@pytest.mark.parametrize("name", sorted(set(TABLES) - OURS))
def test_a_table_has_the_columns_that_all_organisations_have(name):
    table, real = TABLES[name], having(name)
    assert real, "no document has this table"
    common = set.intersection(*(set(other.columns) for other in real))
    younger = YOUNGER.get(name, set())
    assert set(table.columns) == common | younger
    for column in table.columns.values():
        if column.name in younger:
            continue
        kinds = {other.columns[column.name].edm for other in real}
        assert column.edm in kinds, column.name
    assert {other.primary_id for other in real} == {table.primary_id}
    assert {other.entity_set for other in real} == {table.entity_set}
    assert {other.is_intersect for other in real} == {table.is_intersect}


@pytest.mark.parametrize("name", sorted(set(TABLES) - OURS))
def test_a_table_has_the_relationships_to_our_tables_that_all_organisations_have(name):
    table, real = TABLES[name], having(name)
    common = set.intersection(*(set(other.relations) for other in real))
    for wire in sorted(common):
        other = real[0].relations[wire]
        if wire in LISTED:  # its rows are members of lists, which no document says
            assert table.relations[wire].intersect == "listmember"
        elif other.target in TABLES and not is_of_principals(name, other):
            ours = table.relations[wire]
            assert (ours.target, ours.pairs, ours.intersect, ours.far_pairs) == (
                other.target, other.pairs, other.intersect, other.far_pairs,
            ), wire  # fmt: skip


LISTED = {"listaccount_association", "listcontact_association", "listlead_association"}


def is_of_principals(name, relation) -> bool:
    """Collections of `principal`, by an owner's key that users and teams inherit."""
    return name in {"systemuser", "team"} and relation.pairs[0][1] == "_ownerid_value"


def test_the_status_that_follows_a_state_is_that_of_a_real_organisation():
    file = DATA / "entity-definitions/default-status-per-state.converted.json"
    stated = json.loads(file.read_text())
    for name, table in TABLES.items():
        if name in stated and "statuscode" in table.columns:
            real = {int(state): int(status) for state, status in stated[name].items()}
            assert table.default_status == real, name
            options = {o.value: o.state for o in table.columns["statuscode"].options}
            for state, status in real.items():
                assert options.get(status) == state, (name, state, status)


@pytest.mark.parametrize("name", ["lead", "annotation", "principalobjectaccess", "roletemplate"])
def test_columns_have_the_kinds_that_a_definition_states(name):
    file = DATA / f"entity-definitions/{name}.converted.json.gz"
    stated = json.loads(gzip.decompress(file.read_bytes()))
    ours = {column.logical_name: column for column in TABLES[name].columns.values()}
    assert stated["ObjectTypeCode"] == TABLES[name].object_type_code
    assert stated["OwnershipType"] == TABLES[name].ownership
    for attribute in stated["Attributes"]:
        column = ours.get(attribute["LogicalName"])
        if column is None or column.type in {"Image", "Memo"} or column.edm == "Edm.String":
            continue
        assert column.type == attribute["AttributeType"], column.name
