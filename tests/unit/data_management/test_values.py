"""Texts of files to values and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.simulator.services.data_management import faults as f
from windtunnel.simulator.services.data_management.regional import LANGUAGES
from windtunnel.simulator.services.data_management.values import (
    BadText,
    Field,
    bad_values,
    converter,
    shower,
)

NOYES = Field("IsOneTime", "enum", "NoYes", {"No": 0, "Yes": 1})
BLOCKED = Field("OnHoldStatus", "enum", "CustVendorBlocked", {"No": 0, "PurchOrder": 6})


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (Field("a"), "", None),
        (Field("a"), "x", "x"),
        (Field("a", "integer"), "12", 12),
        (Field("a", "integer"), " 12.0", 12),
        (Field("a", "number"), "1.5", 1.5),
        (Field("a", "number"), "5000.000000", 5000),
        (Field("a", "number"), "-.5", -0.5),
        (Field("a", "date"), "2026-01-31", "2026-01-31T12:00:00Z"),
        (Field("a", "date"), "1/31/2026", "2026-01-31T12:00:00Z"),
        (Field("a", "date"), "2026-01-31T00:00:00", "2026-01-31T12:00:00Z"),
        (Field("a", "moment"), "2026-01-31 08:09:10", "2026-01-31T08:09:10Z"),
        (Field("a", "moment"), "2026-01-31T08:09:10+02:00", "2026-01-31T06:09:10Z"),
        (Field("a", "moment"), "1/31/2026 02:57:10 pm", "2026-01-31T14:57:10Z"),
        (Field("a", "moment"), "1/31/2026", "2026-01-31T00:00:00Z"),
        (NOYES, "yes", "Yes"),
        (NOYES, "1", "Yes"),
        (BLOCKED, "Purch order", "PurchOrder"),
        (BLOCKED, "6", "PurchOrder"),
        (Field("a", "boolean"), "True", True),
        (Field("a", "guid"), "{6F1D0F3E-57A0-5D0B-9A61-D365D365D366}",
         "6f1d0f3e-57a0-5d0b-9a61-d365d365d366"),
    ],
)  # fmt: skip
def test_a_text_becomes_a_value(field, text, value):
    assert converter(field)([text, text]) == [value, value]


@pytest.mark.parametrize(
    ("field", "text", "kind"),
    [
        (Field("a", longest=3), "abcd", f.ValueInvalid),
        (Field("a"), "a\x08", f.ValueInvalid),
        (Field("a", "integer"), "x", f.ValueInvalid),
        (Field("a", "integer", largest=2**31 - 1), "3000000000", f.ValueInvalid),
        (Field("a", "integer"), "\uff11", f.ValueInvalid),
        (Field("a", "number"), "1,5", f.ValueInvalid),
        (Field("a", "number"), "1e300", f.ValueInvalid),
        (Field("a", "number"), "nan", f.ValueInvalid),
        (Field("a", "date"), "31.01.2026", f.DateInvalid),
        (Field("a", "date"), "2026-02-30", f.DateInvalid),
        (Field("a", "date"), "2/30/2026", f.DateInvalid),
        (Field("a", "moment"), "0001-01-01T00:00:00+14:00", f.DateInvalid),
        (NOYES, "Maybe", f.EnumUnmapped),
        (Field("a", "boolean"), "2", f.ValueInvalid),
        (Field("a", "guid"), "2", f.ValueInvalid),
    ],
)
def test_a_text_that_is_no_value_is_found_with_its_row(field, text, kind):
    convert = converter(field)
    with pytest.raises(BadText) as caught:
        convert(["", text])
    assert (caught.value.row, caught.value.fault) == (1, kind)
    ((row, found, values),) = bad_values(["", text], convert)
    assert (row, found) == (1, kind)
    assert found(**values).message


def test_conversions_of_the_mapping_come_first():
    assert converter(NOYES, [("J", "Yes"), ("N", "No")])(["J", "N", "Yes"]) == ["Yes", "No", "Yes"]


@given(st.lists(st.text(max_size=5)))
def test_texts_pass_unless_they_hold_control_characters(texts):
    convert = converter(Field("a"))
    if any(ord(c) < 32 and c not in "\t\r\n" for text in texts for c in text):
        with pytest.raises(BadText):
            convert(texts)
    else:
        assert convert(texts) == [text or None for text in texts]


@pytest.mark.parametrize(
    ("field", "stored", "text"),
    [
        (NOYES, 1, "Yes"),
        (NOYES, None, ""),
        (Field("a", "date"), "2026-01-31T12:00:00Z", "2026-01-31"),
        (Field("a", "date"), "1900-01-01T12:00:00Z", ""),
        (Field("a", "moment"), "2026-01-31T08:09:10Z", "2026-01-31 08:09:10"),
        (Field("a", "number"), 5000.0, "5000"),
        (Field("a", "number"), 0.1, "0.1"),
        (Field("a", "number"), 7, "7"),
        (Field("a", "boolean"), 1, "true"),
        (Field("a", "integer"), 3, "3"),
    ],
)
def test_a_stored_value_becomes_a_text(field, stored, text):
    show = shower(field)
    assert show is not None
    assert show(stored) == text


@pytest.mark.parametrize(
    ("language", "text", "plain"),
    [
        ("de", "1.234.567,89", "1234567.89"),
        ("de", "-0,5", "-0.5"),
        ("de", ",5", "0.5"),
        ("de", "12", "12"),
        ("fr", "1\u202f234,5", "1234.5"),
        ("fr", "1\u00a0234,5", "1234.5"),
        ("de-ch", "1'234.5", "1234.5"),
        ("en-gb", "1,234.5", "1234.5"),
        ("sv", "1,5E3", "1.5E3"),
    ],
)
def test_a_language_reads_its_numbers(language, text, plain):
    assert LANGUAGES[language].number(text) == plain


@pytest.mark.parametrize(
    ("language", "text"),
    [("de", "1.5"), ("de", "1,2,3"), ("de", "1.23,4"), ("en-gb", "1,5"), ("fr", "1.5"), ("de", "")],
)
def test_a_number_of_another_language_is_none(language, text):
    with pytest.raises(f.ValueInvalid):
        LANGUAGES[language].number(text)


@pytest.mark.parametrize(
    ("language", "text", "iso"),
    [
        ("de", "31.1.2026", "2026-01-31"),
        ("de", "31. 1. 2026", "2026-01-31"),
        ("en-gb", "31/01/2026 14:05", "2026-01-31T14:05:00"),
        ("en-us", "1/31/2026 2:05:09 PM", "2026-01-31T14:05:09"),
        ("hu", "2026. 01. 31.", "2026-01-31"),
        ("ja", "2026/1/31 00:00:00", "2026-01-31T00:00:00"),
        ("nl", "2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
    ],
)
def test_a_language_reads_its_days(language, text, iso):
    assert LANGUAGES[language].moment(text) == iso


@pytest.mark.parametrize(
    ("language", "text"), [("de", "31.1.26"), ("ja", "31/1/2026"), ("en-gb", "today")]
)
def test_a_day_of_another_form_is_none(language, text):
    with pytest.raises(f.DateInvalid):
        LANGUAGES[language].moment(text)


@given(st.sampled_from(sorted(LANGUAGES)), st.decimals(-(10**9), 10**9, places=3))
def test_what_a_language_shows_it_reads(language, number):
    regional = LANGUAGES[language]
    assert float(regional.number(regional.shown(f"{number:.3f}"))) == float(number)
