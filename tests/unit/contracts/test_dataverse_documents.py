"""Table definitions survive the way through JSON, and CSDL tells relationships of both kinds."""

from __future__ import annotations

import json

import pytest

from windtunnel.contracts.csdl import CsdlError
from windtunnel.contracts.entities.dataverse import (
    Option,
    OptionSet,
    standard_tables,
    tables_from_csdl,
)
from windtunnel.contracts.entities.dataverse.documents import table_document, table_of
from windtunnel.contracts.entities.dataverse.kept import opened, packed

MANY_TO_MANY = b"""<?xml version="1.0"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Microsoft.Dynamics.CRM" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="new_a"><Key><PropertyRef Name="new_aid"/></Key>
<Property Name="new_aid" Type="Edm.Guid"/><Property Name="new_name" Type="Edm.String"/>
<NavigationProperty Name="new_a_b" Type="Collection(X.new_b)" Partner="new_a_b"/>
<NavigationProperty Name="new_self1" Type="Collection(X.new_a)" Partner="new_self2"/>
<NavigationProperty Name="new_self2" Type="Collection(X.new_a)" Partner="new_self1"/></EntityType>
<EntityType Name="new_b"><Key><PropertyRef Name="new_bid"/></Key>
<Property Name="new_bid" Type="Edm.Guid"/>
<NavigationProperty Name="new_a_b" Type="Collection(X.new_a)" Partner="new_a_b"/></EntityType>
<EntityContainer Name="System"><EntitySet Name="new_as" EntityType="X.new_a"/>
<EntitySet Name="new_bs" EntityType="X.new_b"/></EntityContainer></Schema>
</edmx:DataServices></edmx:Edmx>"""


@pytest.mark.parametrize("table", standard_tables(), ids=lambda table: table.logical_name)
def test_a_standard_table_comes_back_from_its_document(table):
    assert table_of(json.loads(json.dumps(table_document(table)))) == table


def test_many_to_many_relationships_have_a_table_in_between():
    tables = {table.logical_name: table for table in tables_from_csdl(MANY_TO_MANY)}
    assert set(tables) == {"new_a", "new_b", "new_a_b", "new_self1"}
    assert tables["new_a_b"].is_intersect
    there = tables["new_a"].relations["new_a_b"]
    assert (there.intersect, there.pairs, there.far_pairs) == (
        "new_a_b",
        (("new_aid", "new_aid"),),
        (("new_bid", "new_bid"),),
    )
    back = tables["new_b"].relations["new_a_b"]
    assert (back.pairs, back.far_pairs) == (
        (("new_bid", "new_bid"),),
        (("new_aid", "new_aid"),),
    )


def test_the_sides_of_a_table_s_relationship_with_itself_are_told_apart():
    relations = {t.logical_name: t for t in tables_from_csdl(MANY_TO_MANY)}["new_a"].relations
    one, two = relations["new_self1"], relations["new_self2"]
    assert (one.pairs[0][1], one.far_pairs[0][0]) == ("new_aidone", "new_aidtwo")
    assert (two.pairs[0][1], two.far_pairs[0][0]) == ("new_aidtwo", "new_aidone")


@pytest.mark.parametrize(
    "broken",
    [
        b"<a",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>",
        MANY_TO_MANY.replace(b'<Key><PropertyRef Name="new_bid"/></Key>', b""),
        MANY_TO_MANY.replace(b"EntitySet", b"Singleton"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(broken):
    with pytest.raises(CsdlError):
        tables_from_csdl(broken)


OWN_SPELLING = b"""<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
<edmx:DataServices><Schema Namespace="mscrm" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="pointer" Abstract="true"><Key><PropertyRef Name="activityid"/></Key>
<Property Name="activityid" Type="Edm.Guid"/><Property Name="_about_value" Type="Edm.Guid"/>
<NavigationProperty Name="about_new_a" Type="mscrm.new_a" Partner="new_a_pointers">
<ReferentialConstraint Property="_about_value" ReferencedProperty="new_aid"/></NavigationProperty>
</EntityType>
<EntityType Name="call" BaseType="mscrm.pointer">
<NavigationProperty Name="about_new_a_call" Type="mscrm.new_a" Partner="new_a_calls"/></EntityType>
<EntityType Name="new_a"><Key><PropertyRef Name="new_aid"/></Key>
<Property Name="new_aid" Type="Edm.Guid"/>
<NavigationProperty Name="new_a_calls" Type="Collection(mscrm.call)" Partner="about_new_a_call"/>
</EntityType>
<EntityContainer Name="System"><EntitySet Name="calls" EntityType="mscrm.call"/>
<EntitySet Name="new_as" EntityType="mscrm.new_a"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""


def test_an_activity_s_own_spelling_of_a_lookup_has_the_constraint_of_its_base():
    tables = {table.logical_name: table for table in tables_from_csdl(OWN_SPELLING)}
    assert tables["call"].relations["about_new_a_call"].pairs == (("_about_value", "new_aid"),)
    assert tables["new_a"].relations["new_a_calls"].pairs == (("new_aid", "_about_value"),)


def test_the_kept_form_of_an_import_gives_back_every_definition():
    choice = OptionSet("new_choice", (Option(1, "One", facts={"Color": "#fff"}),), kind="Boolean")
    shown = [*standard_tables(), *tables_from_csdl(MANY_TO_MANY), *tables_from_csdl(OWN_SPELLING)]
    tables, choices = opened(packed(shown, [choice]))
    assert tables == shown
    assert choices == [choice]
