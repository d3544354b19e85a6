"""Documents of formats: written, read, and refused with their place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.simulator.services.electronic_reporting.documents import (
    BrokenDocument,
    parse,
    render,
)

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)


@given(st.lists(st.dictionaries(st.sampled_from(["A", "B", "C-1"]), texts, max_size=3)))
def test_what_is_written_is_read_again(rows: list[dict[str, str]]):
    readable = [
        {name: value.replace("\ufffe", "").replace("\uffff", "") for name, value in row.items()}
        for row in rows
    ]
    assert parse(render("D", "R", readable), "D", "R") == readable


def test_values_are_text_and_control_characters_do_not_break_a_document():
    written = render("D", "R", [{"A": 1.5, "B": True, "C": "a\x00b\x1f<&"}])
    assert parse(written, "D", "R") == [{"A": "1.5", "B": "true", "C": "a?b?<&"}]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "line 1, column 1: not well-formed XML: no element found."),
        ("<D><R>", "not well-formed XML"),
        ("<X/>", "line 1, column 1: 'D' is expected, not 'X'."),
        ("<D>\n <X/></D>", "line 2, column 2: 'R' is expected, not 'X'."),
        ("<D><R><A><B/></A></R></D>", "the field 'A' holds an element 'B'."),
        ("<D><R><A/><A/></R></D>", "the field 'A' is in one record twice."),
        ('<!DOCTYPE D [<!ENTITY a "b">]><D/>', "a document type declaration is not accepted."),
        ("<D><R><A>&a;</A></R></D>", "undefined entity"),
    ],
)
def test_a_broken_document_is_refused_with_its_place(content: str, reason: str):
    with pytest.raises(BrokenDocument, match=r"^line [12], column") as found:
        parse(content.encode(), "D", "R")
    assert reason in str(found.value)
