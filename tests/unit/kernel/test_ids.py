"""Ids: one seeded source and the sources below it."""

from __future__ import annotations

import uuid

from windtunnel.simulator.kernel.ids import Ids


def test_guids_are_of_version_4_and_follow_from_the_seed():
    first = [Ids(1).uuid(), Ids(2).uuid()]
    assert first == [Ids(1).uuid(), Ids(2).uuid()]
    assert len(set(first)) == 2
    assert {uuid.UUID(text).version for text in first} == {4}


def test_a_child_depends_on_the_seed_and_its_name_only():
    one, other = Ids(1), Ids(1)
    one.child("x").uuid()
    assert one.child("a").uuid() == other.child("a").uuid()
    assert Ids(1).child("a").uuid() != Ids(1).child("b").uuid()
    assert Ids(1).child("a").uuid() != Ids(2).child("a").uuid()


def test_another_seed_goes_down_to_the_children_of_children():
    ids = Ids(1)
    leaf = ids.child("a").child("b")
    ids.reseed("other")
    assert leaf.uuid() == Ids("other").child("a").child("b").uuid()


def test_all_sources_go_back_to_where_they_stood():
    ids = Ids(1)
    leaf = ids.child("a").child("b")
    leaf.uuid()
    states = ids.states()
    after = ids.uuid(), leaf.uuid()
    ids.restore(states)
    assert (ids.uuid(), leaf.uuid()) == after
