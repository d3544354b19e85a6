"""Source formats: what is written is read again, and what is broken is named with its place."""

from __future__ import annotations

from io import BytesIO

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windtunnel.simulator.services.data_management import faults as f
from windtunnel.simulator.services.data_management.formats.files import new_file, open_file
from windtunnel.simulator.services.data_management.formats.source_format import (
    BUILT_IN,
    SourceFormat,
)

HEADER = ("CUSTOMERACCOUNT", "NAME", "CREDITLIMIT")
ELEMENT = "CUSTCUSTOMERV3ENTITY"
FORMATS = [
    *BUILT_IN.values(),
    SourceFormat("LF", "delimited", "csv", row_delimiter="\n"),
    SourceFormat("CR", "delimited", "csv", row_delimiter="\r"),
    SourceFormat("Own rows", "delimited", "csv", row_delimiter="|#|", text_qualifier="'"),
    SourceFormat("No qualifier", "delimited", "txt", column_delimiter="\t", text_qualifier=""),
    SourceFormat("Big endian", "delimited", "csv", 1201),
    SourceFormat("UTF-32", "delimited", "csv", 12000),
    SourceFormat("Latin", "delimited", "csv", 1252),
]


class Bytes(BytesIO):
    name = "Customers V3.csv"


def text_for(source_format):
    """Texts that a format can hold."""
    banned = ""
    if source_format.kind == "fixed" or not source_format.text_qualifier:
        banned = "\r\n" + source_format.column_delimiter
    codec = "cp1252" if not source_format.is_unicode else "utf-8"
    text = st.text(
        st.characters(codec=codec, exclude_categories=["Cc", "Cs", "Co", "Cn"])
        | st.sampled_from("\r\n\",'|;:\t#"),
        max_size=20,
    ).map(lambda t: "".join(c for c in t if c not in banned and c not in "\x81\x8d\x8f\x90\x9d"))
    if source_format.kind == "fixed":
        text = text.map(lambda t: t.rstrip(" "))
    if source_format.kind == "excel":
        text = text.map(lambda t: t.replace("\r", ""))
    return text


def written(source_format, rows):
    file = new_file(source_format, HEADER, element=ELEMENT, widths=(20, 20, 20), file="x")
    return file.write(rows) + b"".join(file.end())


def opened(data, source_format, mapped=HEADER, sheet=""):
    return open_file(
        Bytes(data),
        source_format,
        entity="Customers V3",
        element=ELEMENT,
        mapped=mapped,
        sheet=sheet,
    )


def read(data, source_format, mapped=HEADER):
    columns = opened(data, source_format, mapped)
    return columns.header, [row for block in columns.blocks for row in block.rows]


@pytest.mark.parametrize("source_format", FORMATS, ids=lambda found: found.name)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_rows_that_are_written_are_read_again_and_written_the_same(source_format, data):
    cell = text_for(source_format)
    key = st.integers(1, 10**6).map(lambda number: f"US-{number}")
    rows = data.draw(st.lists(st.tuples(key, cell, cell).map(list), min_size=1, max_size=8))
    made = written(source_format, rows)
    header, found = read(made, source_format)
    assert header == HEADER
    assert found == rows
    if source_format.kind != "excel":  # a workbook holds the moment it was made at
        assert written(source_format, found) == made


def test_csv_unicode_is_utf_16_with_a_byte_order_mark_and_crlf():
    made = written(BUILT_IN["csv-unicode"], [["US-1", "Köln", "5"]])
    assert made[:2] == b"\xff\xfe"
    assert made[2:].decode("utf-16-le") == "CUSTOMERACCOUNT,NAME,CREDITLIMIT\r\nUS-1,Köln,5\r\n"


def fault_of(data, source_format, mapped=HEADER):
    with pytest.raises(f.FileFault) as caught:
        read(data, source_format, mapped)
    return caught.value


CSV = BUILT_IN["csv"]
HEAD = b"CUSTOMERACCOUNT,NAME,CREDITLIMIT\r\n"


@pytest.mark.parametrize(
    ("data", "source_format", "kind", "line", "column"),
    [
        (HEAD + b"US-1,A,5\r\n", BUILT_IN["csv-unicode"], f.NotUnicode, 1, 1),
        (HEAD.replace(b"\r", b"") + b"US-1,A,5\n", CSV, f.MappingIncorrect, 1, 0),
        (b"", CSV, f.HeaderMissing, 1, 0),
        (b"\r\n" + HEAD, CSV, f.HeaderMissing, 1, 0),
        (b"A,,B\r\n1,2,3\r\n", CSV, f.HeaderMissing, 1, 2),
        (b"A,B,a\r\n1,2,3\r\n", CSV, f.ColumnTwice, 1, 3),
        (HEAD + b"US-1,A,5\r\nUS-2,B\r\n", CSV, f.RowBroken, 3, 3),
        (HEAD + b"US-1,A,5,6\r\n", CSV, f.RowBroken, 2, 4),
        (HEAD + b"US-1,A,5\r\n\r\nUS-2,B,6\r\n", CSV, f.RowBroken, 3, 0),
        (HEAD + b'US-1,"A,5\r\n', CSV, f.RowBroken, 2, 0),
        (HEAD + b'US-1,"A"x,5\r\n', CSV, f.RowBroken, 2, 0),
        (HEAD + b"US-1,A,5\r\nUS-2,\xff\xff,6\r\n", CSV, f.BadEncoding, 3, 6),
        (b"A B\r\n12\r\n", BUILT_IN["fixed width"], f.RowBroken, 2, 3),
        (b"  A B\r\n", BUILT_IN["fixed width"], f.HeaderMissing, 1, 1),
        (b"not a workbook", BUILT_IN["excel"], f.ExcelBroken, 0, 0),
        (b"", BUILT_IN["excel"], f.FileEmpty, 0, 0),
        (b"<Document>\n<X/></Document>", BUILT_IN["xml-element"], f.XmlBroken, 2, 1),
        (b"<Document><CUSTCUSTOMERV3ENTITY>", BUILT_IN["xml-element"], f.XmlBroken, 1, 33),
        (b"", BUILT_IN["xml-element"], f.XmlBroken, 1, 1),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a/>', BUILT_IN["xml-element"], f.XmlBroken, 1, 13),
        (b'<?xml version="1.0" encoding="no"?><a/>', BUILT_IN["xml-element"], f.XmlBroken, 1, 31),
    ],
)
def test_a_broken_file_is_named_with_its_place(data, source_format, kind, line, column):
    fault = fault_of(data, source_format)
    assert type(fault) is kind
    assert (fault.file, fault.line, fault.column) == ("Customers V3.csv", line, column)


def test_good_rows_before_a_fault_are_given_first():
    blocks = opened(HEAD + b"US-1,A,5\r\nUS-2,B\r\n", CSV).blocks
    assert next(blocks).rows == [["US-1", "A", "5"]]
    with pytest.raises(f.RowBroken):
        next(blocks)


def test_lines_of_rows_count_line_breaks_inside_values():
    data = HEAD + b'US-1,"A\r\nB",5\r\nUS-2,C,6\r\n'
    assert next(opened(data, CSV).blocks).lines == [2, 4]


def test_a_mapped_field_that_no_record_has_is_the_frameworks_xml_message():
    data = b"<Document><CUSTCUSTOMERV3ENTITY><NAME>A</NAME></CUSTCUSTOMERV3ENTITY></Document>"
    fault = fault_of(data, BUILT_IN["xml-element"])
    assert type(fault) is f.XmlColumns
    assert "XML is not in correct format-Exception from HRESULT: 0xC0010009" in fault.message


def test_a_utf_8_file_with_a_byte_order_mark_is_read_as_utf_8():
    data = b"\xef\xbb\xbf" + HEAD + "US-1,Köln,5\r\n".encode()
    assert read(data, BUILT_IN["csv"])[1] == [["US-1", "Köln", "5"]]


def test_an_ansi_format_cannot_be_given_other_characters():
    latin = next(found for found in FORMATS if found.name == "Latin")
    with pytest.raises(f.AnsiOnly, match="DMF1957"):
        written(latin, [["US-1", "日本", "5"]])


def test_a_control_character_cannot_be_written_as_xml():
    with pytest.raises(f.ControlCharacter, match="DMF2055"):
        written(BUILT_IN["xml-element"], [["US-1", "\x08", "5"]])


def test_a_value_that_is_too_long_for_fixed_width_is_refused_not_cut():
    with pytest.raises(f.ValueInvalid):
        written(BUILT_IN["fixed width"], [["US-1", "n" * 30, "5"]])


def test_excel_takes_255_columns_and_cuts_texts_at_255_characters():
    excel = BUILT_IN["excel"]
    names = [f"C{number}" for number in range(256)]
    with pytest.raises(f.ExcelColumns, match="DMF2009"):
        new_file(excel, names, element="E", widths=[1] * 256, file="x")
    assert read(written(excel, [["a", "b" * 300, "c"]]), excel)[1] == [["a", "b" * 255, "c"]]


@pytest.mark.parametrize("text", ["=0", "=SUM(A1:A2)", "#N/A", "#REF!", "#5"])
def test_excel_texts_stay_texts_where_excel_would_see_a_formula_or_an_error(text):
    excel = BUILT_IN["excel"]
    assert read(written(excel, [["US-1", text, ""]]), excel)[1] == [["US-1", text, ""]]


def test_excel_values_of_other_types_become_texts():
    book = openpyxl.Workbook()
    book.active.title = "Customers_V3"
    book.active.append(HEADER)
    book.active.append(["US-1", True, 5000.0])
    book.active.append(["US-2", None, 1.5])
    out = BytesIO()
    book.save(out)
    columns = opened(out.getvalue(), BUILT_IN["excel"], sheet="Customers_V3$")
    assert next(columns.blocks).rows == [["US-1", "true", "5000"], ["US-2", "", "1.5"]]
    with pytest.raises(f.ExcelBroken):
        opened(out.getvalue(), BUILT_IN["excel"], sheet="Other")


def test_a_file_of_many_blocks_is_read_in_order():
    rows = [[f"US-{number}", "A" * 50, "1"] for number in range(2_345)]
    for source_format in (CSV, BUILT_IN["xml-attribute"], BUILT_IN["fixed width"]):
        data = written(source_format, [[a, b[:20], c] for a, b, c in rows])
        assert [row[0] for row in read(data, source_format)[1]] == [row[0] for row in rows]
