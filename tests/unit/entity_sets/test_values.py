"""Values between JSON and the store."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.simulator.entity_sets.values import BadValue, Fault, checker, decoder, sql_type
from windtunnel.simulator.odata.schema import Column, EnumType

YES = EnumType("NoYes", {"No": 0, "Yes": 1})
FLAGS = EnumType("F", {"A": 1, "B": 2}, is_flags=True)

GOOD = [
    ("Edm.String", "Ab\nc", "Ab\nc"),
    ("Edm.Int32", 5, 5),
    ("Edm.Int32", 5.0, 5),
    ("Edm.Int64", "9007199254740993", 9007199254740993),
    ("Edm.Decimal", 1, 1.0),
    ("Edm.Decimal", "12.5", 12.5),
    ("Edm.Double", 1e300, 1e300),
    ("Edm.Boolean", True, 1),
    ("Edm.Boolean", False, 0),
    (
        "Edm.Guid",
        "8F3C1D52-0c1a-4f5e-9a43-0e6f7c2b9d10",
        "8f3c1d52-0c1a-4f5e-9a43-0e6f7c2b9d10",
    ),
    ("Edm.DateTimeOffset", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z"),
    ("Edm.DateTimeOffset", "2026-01-01T00:00:00.9Z", "2026-01-01T00:00:00Z"),
    ("Edm.DateTimeOffset", "2026-01-01T00:00:00", "2026-01-01T00:00:00Z"),
    ("Edm.DateTimeOffset", "2026-01-01", "2026-01-01T00:00:00Z"),
    ("Edm.Date", "2026-01-31", "2026-01-31"),
    ("Edm.TimeOfDay", "23:59", "23:59:00"),
    ("Edm.Binary", "AQI=", b"\x01\x02"),
    ("Edm.Unknown", "kept as text", "kept as text"),
]

BAD = [
    ("Edm.String", 5, Fault.TYPE),
    ("Edm.String", "a\x01", Fault.CHARACTER),
    ("Edm.Int32", "5", Fault.TYPE),
    ("Edm.Int32", 5.5, Fault.TYPE),
    ("Edm.Int32", True, Fault.TYPE),
    ("Edm.Int32", 2**31, Fault.RANGE),
    ("Edm.Decimal", True, Fault.TYPE),
    ("Edm.Decimal", "abc", Fault.TYPE),
    ("Edm.Decimal", 10**400, Fault.RANGE),
    ("Edm.Double", "NaN", Fault.RANGE),
    ("Edm.Double", "abc", Fault.TYPE),
    ("Edm.Boolean", 1, Fault.TYPE),
    ("Edm.Boolean", "true", Fault.TYPE),
    ("Edm.Guid", "nope", Fault.TYPE),
    ("Edm.Guid", 5, Fault.TYPE),
    ("Edm.DateTimeOffset", "2026-02-30T00:00:00Z", Fault.TYPE),
    ("Edm.DateTimeOffset", 5, Fault.TYPE),
    ("Edm.DateTimeOffset", "0001-01-01T00:00:00+14:00", Fault.RANGE),
    ("Edm.Date", "2026-13-01", Fault.TYPE),
    ("Edm.Date", 5, Fault.TYPE),
    ("Edm.TimeOfDay", "25:00", Fault.TYPE),
    ("Edm.TimeOfDay", 5, Fault.TYPE),
    ("Edm.Binary", "!!!", Fault.TYPE),
    ("Edm.Binary", 5, Fault.TYPE),
]


@pytest.mark.parametrize(("edm", "value", "stored"), GOOD)
def test_a_good_value_takes_its_stored_form(edm, value, stored):
    assert checker(Column("c", edm))(value) == stored


@pytest.mark.parametrize(("edm", "value", "fault"), BAD)
def test_a_bad_value_is_refused_with_its_fault(edm, value, fault):
    with pytest.raises(BadValue) as caught:
        checker(Column("c", edm))(value)
    assert caught.value.fault is fault
    assert caught.value.column.name == "c"


def test_null_passes_only_where_the_column_takes_it():
    assert checker(Column("c", "Edm.Int32"))(None) is None
    with pytest.raises(BadValue) as caught:
        checker(Column("c", "Edm.Int32", nullable=False))(None)
    assert caught.value.fault is Fault.NULL


def test_length_is_counted_in_characters():
    check = checker(Column("c", "Edm.String", max_length=3))
    assert check("äöü") == "äöü"
    with pytest.raises(BadValue) as caught:
        check("abcd")
    assert caught.value.fault is Fault.LENGTH


@pytest.mark.parametrize(("value", "stored"), [("Yes", 1), ("yes", 1), ("0", 0)])
def test_enum_members_are_stored_as_numbers(value, stored):
    assert checker(Column("c", "NoYes", enum=YES))(value) == stored


@pytest.mark.parametrize("value", ["Maybe", "7", True, 1])
def test_an_unknown_member_is_refused(value):
    with pytest.raises(BadValue):
        checker(Column("c", "NoYes", enum=YES))(value)


def test_flags_combine():
    check = checker(Column("c", "F", enum=FLAGS))
    assert check("A,B") == 3
    with pytest.raises(BadValue):
        check("A,C")


@given(st.binary(max_size=50))
def test_binary_survives_the_round_trip(data):
    column = Column("c", "Edm.Binary")
    decode = decoder(column)
    assert decode is not None
    assert checker(column)(decode(data)) == data


@given(st.datetimes())
def test_a_moment_checked_twice_is_the_same(moment):
    check = checker(Column("c", "Edm.DateTimeOffset"))
    once = check(moment.isoformat() + "Z")
    assert check(once) == once


def test_decoders_exist_only_where_the_forms_differ():
    assert decoder(Column("c", "Edm.String")) is None
    assert decoder(Column("c", "Edm.Boolean")) is bool
    decode = decoder(Column("c", "NoYes", enum=YES))
    assert decode is not None
    assert (decode(1), decode(9)) == ("Yes", "9")


def test_text_compares_without_case_and_decimals_as_the_service_says():
    assert sql_type(Column("c", "Edm.String")) == "TEXT COLLATE NOCASE"
    assert sql_type(Column("c", "Edm.Decimal"), "NUMERIC") == "NUMERIC"
    assert sql_type(Column("c", "NoYes", enum=YES)) == "INTEGER"
