"""Source formats: what is written is read again, and what is broken is named with its place."""

from __future__ import annotations

import re
import zipfile
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
    source = Bytes(data) if isinstance(data, bytes) else data
    opening = open_file(
        source, source_format, entity="Customers V3", element=ELEMENT, mapped=mapped, sheet=sheet
    )
    while True:
        try:
            next(opening)
        except StopIteration as end:
            return end.value


def read(data, source_format, mapped=HEADER):
    columns = opened(data, source_format, mapped)
    return columns.header, [row for block in columns.blocks for row in block.rows]


@pytest.mark.parametrize("source_format", FORMATS, ids=lambda found: found.name)
@given(data=st.data())
@settings(max_examples=40)
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
        (HEAD + b'US-1,"A,5\r\n', CSV, f.RowBroken, 2, 2),
        (HEAD + b'US-1,"A"x,5\r\n', CSV, f.RowBroken, 2, 3),
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


# -- slices: no step reads much, whatever the file holds ------------------------------------------

MIB = 1 << 20
MOST_OF_A_STEP = 3 * MIB


class Endless:
    """A file of `pieces`, made while it is read."""

    name = "Customers V3.csv"

    def __init__(self, pieces):
        self._pieces, self._rest, self.read_bytes = iter(pieces), b"", 0

    def read(self, size=-1):
        assert size > 0, "nobody may read a file as a whole"
        while len(self._rest) < size and (piece := next(self._pieces, b"")):
            self._rest += piece
        taken, self._rest = self._rest[:size], self._rest[size:]
        self.read_bytes += len(taken)
        return taken


LONG = b"x" * 100_000
XML_HEAD = b"<Document><CUSTCUSTOMERV3ENTITY><NAME>A</NAME></CUSTCUSTOMERV3ENTITY>"
XML_ROW = b"<CUSTCUSTOMERV3ENTITY><NAME>" + LONG + b"</NAME></CUSTCUSTOMERV3ENTITY>"


@pytest.mark.parametrize(
    ("name", "head", "piece", "mapped"),
    [
        ("csv", HEAD, b"US-1," + LONG + b",5\r\n", HEADER),
        ("csv", HEAD, b"\r\n" * 1_000, HEADER),
        ("csv-unicode", HEAD.decode().encode("utf-16"), b"\r\0\n\0" * 1_000, HEADER),
        ("xml-element", XML_HEAD, XML_ROW, ("NAME",)),
        ("xml-element", XML_HEAD, b"<!-- " + LONG + b" -->", ("NAME",)),
        ("fixed width", b"A" + b" " * 9_998 + b"B\r\n", b"1" * 9_999 + b"2\r\n", ("A", "B")),
        ("fixed width", b"A B\r\n", b"\r\n" * 1_000, ("A", "B")),
    ],
)
def test_a_large_file_is_read_in_small_steps(name, head, piece, mapped):
    count = 8 * MIB // len(piece)
    tail = b"</Document>" if name.startswith("xml") else b""
    source = Endless(iter([head, *[piece] * count, tail]))
    before = source.read_bytes
    blocks = opened(source, BUILT_IN[name], mapped).blocks
    while next(blocks, None) is not None:
        assert source.read_bytes - before <= MOST_OF_A_STEP
        before = source.read_bytes
    assert source.read_bytes > 7 * MIB


@pytest.mark.parametrize(
    ("name", "head", "piece", "reason"),
    [
        ("csv", HEAD, LONG, "it does not end"),
        ("csv", b"A", LONG, "it does not end"),
        ("csv", HEAD, b'"\r\n",' * 10_000, "it does not end"),
        ("fixed width", b"A B\r\n", LONG, "it does not end"),
        ("xml-element", b"<Document><!-- ", LONG, "does not end"),
        ("xml-element", b'<Document><CUSTCUSTOMERV3ENTITY NAME="', LONG, "does not end"),
        ("xml-element", b"<Document><CUSTCUSTOMERV3ENTITY><NAME>", LONG, "characters"),
        (
            "xml-element",
            b"<Document><CUSTCUSTOMERV3ENTITY>",
            b"".join(b"<F%d>%b</F%d>" % (n, LONG[:9_000], n) for n in range(3_000)),
            "characters",
        ),
    ],
)
def test_a_row_without_an_end_is_refused_before_it_fills_the_memory(name, head, piece, reason):
    source = Endless(iter([head, *[piece] * -(-24 * MIB // len(piece))]))
    with pytest.raises(f.FileFault, match=reason):
        for _ in opened(source, BUILT_IN[name]).blocks:
            pass
    assert source.read_bytes < 20 * MIB


def test_a_workbook_is_opened_and_saved_in_slices():
    excel = BUILT_IN["excel"]
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    for number in range(3_000):
        book.active.append([f"US-{number}", f"Name {number}", None])
    for _ in range(2_000):
        book.active.append([None, None, None])
    book.active.append(["last", "x005F_y", "=1"])
    out = BytesIO()
    book.save(out)
    opening = open_file(
        Bytes(out.getvalue()), excel, entity="E", element=ELEMENT, mapped=HEADER, sheet=""
    )
    assert set(opening) == {0}
    columns = opened(out.getvalue(), excel)
    blocks = [len(block.rows) for block in columns.blocks]
    assert max(blocks) == 500
    assert sum(blocks) == 3_001
    file = new_file(excel, HEADER, element=ELEMENT, widths=(20,) * 3, file="x")
    rows = [[f"US-{number}", "n" * 200, "1"] for number in range(4_000)]
    file.write(rows)
    pieces = list(file.end())
    assert pieces.count(b"") >= 4, "the sheet is compressed piece by piece"
    assert read(b"".join(pieces), excel)[1] == rows


def changed(data, change):
    """A workbook with the XML of its first sheet changed, and its texts shared as Excel does it."""
    out, texts = BytesIO(), []

    def shared(match):
        texts.append(match[2])
        return f'<c r="{match[1]}" t="s"><v>{len(texts) - 1}</v></c>'

    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        names = source.namelist()
        names.remove("[Content_Types].xml")
        for name in names:
            member = source.read(name)
            if name.endswith("sheet1.xml"):
                cell = r'<c r="(\w+)" t="inlineStr"><is><t[^>]*>([^<]*)</t></is></c>'
                member = change(re.sub(cell, shared, member.decode())).encode()
            target.writestr(name, member)
        items = "".join(f"<si><t>{text}</t></si>" for text in texts)
        space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        target.writestr("xl/sharedStrings.xml", f'<sst xmlns="{space}">{items}</sst>')
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
        override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
        types = source.read("[Content_Types].xml").decode().replace("</Types>", override)
        target.writestr("[Content_Types].xml", types)
    return out.getvalue()


def test_texts_that_cells_share_are_read_in_slices_too():
    excel = BUILT_IN["excel"]
    rows = [[f"US-{number}", f"Köln {number}", "1"] for number in range(1_500)]
    data = changed(written(excel, rows), lambda xml: xml)
    opening = open_file(Bytes(data), excel, entity="E", element=ELEMENT, mapped=HEADER, sheet="")
    assert len(list(opening)) >= 1 + 3 * 1_500 // 1_000
    assert read(data, excel) == (HEADER, rows)


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ('<row r="2"', '<row r="99999999999999"', f.ExcelFull),
        ('<row r="2"', '<row r="1048577"', f.ExcelFull),
        ("<v>1</v>", "<v>77</v>", f.ExcelBroken),
        ("<v>1</v>", "<v>-1</v>", f.ExcelBroken),
    ],
)
def test_a_worksheet_that_points_out_of_itself_is_refused(old, new, kind):
    data = written(BUILT_IN["excel"], [["US-1", "A", "5"]])
    hostile = changed(data, lambda xml: xml.replace(old, new))
    assert hostile != changed(data, lambda xml: xml)
    assert type(fault_of(hostile, BUILT_IN["excel"])) is kind
