"""CSDL: real documents come through unchanged; hostile and broken ones name their place."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.contracts.csdl import CsdlError, parse_csdl, write_csdl
from windtunnel.contracts.csdl.model import Document, Node

SHARED = Path(os.environ.get("WT_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
REAL = [
    # file, types, sets, properties, navigations, constraints, actions, functions, complex, enums
    ("dataverse-ess-2022-10", 360, 331, 10173, 8341, 3335, 183, 208, 253, 45),
    ("dataverse-lcrb-2020-11", 423, 394, 13509, 11017, 4603, 175, 206, 243, 45),
    ("dataverse-dfa-2022-07.wire", 332, 303, 9553, 7523, 2975, 175, 208, 245, 45),
    ("dataverse-ess-2021-02", 341, 312, 9704, 7773, None, 176, 206, None, None),
]
SMALL = (
    b'<?xml version="1.0"?><edmx:Edmx Version="4.0" '
    b'xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
    b'<Schema Namespace="N" xmlns="http://docs.oasis-open.org/odata/ns/edm">%b'
    b"</Schema></edmx:DataServices></edmx:Edmx>"
)


@pytest.mark.parametrize("row", REAL, ids=[row[0] for row in REAL])
def test_a_real_document_is_counted_right_and_survives_the_round_trip(row):
    (
        name,
        types,
        sets,
        properties,
        navigations,
        constraints,
        actions,
        functions,
        complexes,
        enums,
    ) = row
    file = SHARED / "csdl" / f"{name}.xml.gz"
    if not file.exists():
        pytest.skip("the real metadata documents are not beside this checkout")
    document = parse_csdl(gzip.decompress(file.read_bytes()))
    every = [*document.entity_types.values(), *document.complex_types.values()]
    assert len(document.entity_types) == types
    assert len(document.entity_sets) == sets
    counted = sum(len(found.properties) for found in document.entity_types.values())
    assert counted in {
        properties,
        properties - sum(len(c.properties) for c in document.complex_types.values()),
    }
    assert sum(len(found.navigations) for found in every) == navigations
    assert len(document.actions) == actions
    assert len(document.functions) == functions
    if constraints is not None:
        assert sum(len(n.constraints) for f in every for n in f.navigations) == constraints
        assert len(document.complex_types) == complexes
        assert len(document.enum_types) == enums
    again = parse_csdl(write_csdl(document))
    assert again == document


def test_a_finance_and_operations_document_keeps_its_annotations():
    body = (
        b'<EnumType Name="NoYes"><Member Name="No" Value="0"/><Member Name="Yes"/></EnumType>'
        b'<EntityType Name="Customer" OpenType="true"><Key><PropertyRef Name="dataAreaId"/></Key>'
        b'<Property Name="dataAreaId" Type="Edm.String" Nullable="false" MaxLength="4">'
        b'<Annotation Term="Microsoft.Dynamics.OData.Core.V1.AllowEdit" Bool="false"/></Property>'
        b'<NavigationProperty Name="Group" Type="N.Group" Partner="Customers">'
        b'<ReferentialConstraint Property="GroupId" ReferencedProperty="Id"/></NavigationProperty>'
        b"</EntityType>"
        b'<Action Name="go" IsBound="true"><Parameter Name="c" Type="N.Customer"/>'
        b'<ReturnType Type="Edm.String"/></Action>'
        b'<EntityContainer Name="Resources"><EntitySet Name="Customers" EntityType="N.Customer">'
        b'<NavigationPropertyBinding Path="Group" Target="Groups"/></EntitySet>'
        b'<ActionImport Name="go" Action="N.go"/></EntityContainer>'
    )
    document = parse_csdl(SMALL % body)
    customer = document.entity_types["Customer"]
    [area] = customer.properties
    assert (area.type, area.nullable, area.max_length) == ("Edm.String", False, 4)
    note = area.annotation("Microsoft.Dynamics.OData.Core.V1.AllowEdit")
    assert note is not None
    assert note.get("Bool") == "false"
    [group] = customer.navigations
    assert (group.target, group.collection, group.partner) == ("N.Group", False, "Customers")
    assert group.constraints == (("GroupId", "Id"),)
    assert document.enum_types["NoYes"].members == {"No": 0, "Yes": 1}
    [action] = document.actions
    assert (action.is_bound, action.parameters, action.return_type) == (
        True,
        (("c", "N.Customer"),),
        "Edm.String",
    )
    assert document.entity_sets["Customers"].bindings == (("Group", "Groups"),)
    assert len(document.imports("ActionImport")) == 1
    assert customer.open
    assert parse_csdl(write_csdl(document)) == document


def test_lineage_runs_from_the_base_and_ends_in_a_circle_of_types():
    body = (
        b'<EntityType Name="A" BaseType="N.B"/><EntityType Name="B" BaseType="N.A"/>'
        b'<EntityType Name="C" BaseType="N.D"/><EntityType Name="D"/>'
    )
    document = parse_csdl(SMALL % body)
    assert [found.name for found in document.lineage("C")] == ["D", "C"]
    assert len(document.lineage("A")) == 2


BAD = [
    (b"", "not well-formed", 1),
    (b"<a/>", "begins with a", 1),
    (b"<edmx:Edmx/>", "no Schema", 1),
    (SMALL % b"<EntityType", "not well-formed", 1),
    (SMALL % b"\n\n<EntityType/>", "has no Name", 3),
    (SMALL % b'<EnumType Name="E"><Member Name="a" Value="x"/></EnumType>', "is no number", 1),
    (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "refused", 1),
    (b'<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "refused", 2),
    (SMALL % (b"<a>" * 100), "nested deeper", 1),
    (b'<?xml version="1.0" encoding="no-such"?><a/>', "", 0),
]


@pytest.mark.parametrize(("data", "message", "line"), BAD)
def test_a_broken_or_hostile_document_is_refused_with_its_place(data, message, line):
    with pytest.raises(CsdlError) as caught:
        parse_csdl(data)
    assert message in str(caught.value)
    assert not line or caught.value.line == line
    assert "$metadata" in caught.value.remedy


texts = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=12)
names = st.sampled_from(["Schema", "EntityType", "Property", "Annotation", "x:y"])


@given(
    st.lists(st.tuples(names, st.dictionaries(st.sampled_from("abc"), texts), texts), max_size=5)
)
def test_what_is_written_is_read_again(children):
    made = [
        Node(name, {"Name": "n", **attributes}, [], text.strip())
        for name, attributes, text in children
    ]
    schema = Node("Schema", {"Namespace": "N"}, made)
    document = Document(Node("edmx:Edmx", {}, [Node("edmx:DataServices", {}, [schema])]))
    assert parse_csdl(write_csdl(document)) == document
