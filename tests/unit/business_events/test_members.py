"""Members of a contract: each kind in its spelling, nothing missing, nothing unknown."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.contracts.events import BadMember, BusinessEvent, Kind, Member, filled

EVERY = BusinessEvent(
    "EveryKindBusinessEvent", "Test", "Every kind", tuple(Member(kind.name, kind) for kind in Kind)
)


def test_what_is_not_given_is_empty():
    assert filled(EVERY, {}) == {
        "STRING": "",
        "ENUM": "",
        "INTEGER": 0,
        "REAL": 0,
        "BOOLEAN": False,
        "GUID": "{00000000-0000-0000-0000-000000000000}",
        "DATE": "/Date(-2208988800000)/",
        "ISO": "1900-01-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("name", "value", "spelling"),
    [
        ("STRING", "US-001", "US-001"),
        ("ENUM", "Backorder", "Backorder"),
        ("INTEGER", 5637144576, 5637144576),
        ("REAL", 90055.6, 90055.6),
        ("REAL", 1250.0, 1250),
        ("REAL", -0.5, -0.5),
        ("BOOLEAN", True, True),
        (
            "GUID",
            "6e0b7a52-0c1d-4e55-9a0b-3c5f4d2e7a10",
            "{6E0B7A52-0C1D-4E55-9A0B-3C5F4D2E7A10}",
        ),
        ("DATE", "2021-11-18", "/Date(1637193600000)/"),
        ("DATE", "2021-11-18T01:00:00+01:00", "/Date(1637193600000)/"),
        ("DATE", "/Date(1637193600000)/", "/Date(1637193600000)/"),
        ("DATE", "", "/Date(-2208988800000)/"),
        ("ISO", "2021-11-18T01:00:00+01:00", "2021-11-18T00:00:00Z"),
    ],
)
def test_each_kind_has_its_spelling(name, value, spelling):
    found = filled(EVERY, {name: value})[name]
    assert json.dumps(found) == json.dumps(spelling)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STRING", 1),
        ("ENUM", None),
        ("INTEGER", 1.5),
        ("INTEGER", True),
        ("INTEGER", 2**63),
        ("REAL", "1"),
        ("BOOLEAN", 1),
        ("GUID", "not one"),
        ("DATE", "yesterday"),
        ("DATE", 12),
        ("ISO", "2021-13-01"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_name(name, value):
    with pytest.raises(BadMember, match=f"{name}: .* is not of kind"):
        filled(EVERY, {name: value})


def test_an_unknown_member_is_refused_with_the_known_ones():
    with pytest.raises(BadMember, match=r"has no member 'STRNG'; it has STRING, ENUM"):
        filled(EVERY, {"STRNG": ""})


def test_an_extended_contract_adds_members_but_not_the_frameworks():
    assert filled(EVERY, {}, {"Own": [1]})["Own"] == [1]
    with pytest.raises(BadMember, match="EventId"):
        filled(EVERY, {}, {"EventId": "x"})


@given(st.datetimes(datetime(1901, 1, 1), datetime(2150, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_a_date_comes_back_from_its_milliseconds(moment):
    text = filled(EVERY, {"DATE": moment.isoformat()})["DATE"]
    milliseconds = int(text.removeprefix("/Date(").removesuffix(")/"))
    assert abs(milliseconds / 1000 - moment.timestamp()) <= 0.0005
