"""Bad input, line by line, over the wire with a real package each.

The job ends in the framework's status, its error names file, line and column as far as there are
any, and the target is as it was.
"""

from __future__ import annotations

import codecs
import json
import re
import stat
import struct
import warnings
import zipfile
from io import BytesIO

import openpyxl
import pytest

from tests.protocol.data_management.conftest import (
    CUSTOMERS,
    HEAD,
    Rig,
    customers,
    entity,
    package,
    zipped,
)
from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.services.data_management.package.manifest import (
    Manifest,
    write_header,
    write_manifest,
)

ROW = "Z-1,Name,10,USD\r\n"
FILE = "Customers V3.csv"
FORMATS = (
    {"name": "German", "language": "de", "column_delimiter": ";"},
    {"name": "British", "language": "en-gb"},
    {"name": "Swedish", "language": "sv"},
    {"name": "Latin", "code_page": 1252},
    {"name": "No qualifier", "text_qualifier": ""},
)


@pytest.fixture(scope="module")
def rig():
    made = Rig(source_formats=FORMATS)
    yield made
    made.house.close()


@pytest.fixture
def target(rig):
    """The target is as it was, whatever the test sent; gives a new execution id."""
    count = "SELECT count(*) FROM fo_CustomersV3"
    before = rig.house.store.read(count).fetchone()
    rig.number = getattr(rig, "number", 0) + 1
    yield f"run-{rig.number}"
    assert rig.house.store.read(count).fetchone() == before
    assert rig.customer("Z-1") is None
    staged = "SELECT count(*) FROM dmf_staging"
    assert rig.house.store.read(staged).fetchone() == (0,)


def error_of(rig, data, execution):
    """The one error of a job that failed as a whole."""
    assert rig.run(data, executionId=execution) == "Failed"
    (error, *_) = rig.errors(execution)
    return error["ErrorMessage"]


# -- the zip --------------------------------------------------------------------------------------

MEMBERS = {
    "Manifest.xml": write_manifest(Manifest("P", "", (entity(),))),
    "PackageHeader.xml": write_header(Manifest("P")),
    FILE: HEAD + ROW,
}
GOOD = zipped(MEMBERS)
NO_HEADER = r"Could not find file '..\PackageHeader.xml'."


def named(name, *, mode=0o644, kind=stat.S_IFREG):
    """A package with one more member of a name, written as it is."""
    out = BytesIO(GOOD)
    with zipfile.ZipFile(out, "a") as archive:
        info = zipfile.ZipInfo("placeholder")
        info.filename = info.orig_filename = name
        info.external_attr = (kind | mode) << 16
        archive.writestr(info, b"/etc/passwd")
    return out.getvalue()


def overlapping():
    """Two entries of the directory that share the bytes of one file."""
    directory = GOOD.index(b"PK\1\2")
    end = GOOD.index(b"PK\5\6")
    first = GOOD[directory : GOOD.index(b"PK\1\2", directory + 4)]
    twice = first.replace(b"Manifest.xml", b"Manifest.xmk")
    count, size = struct.unpack("<HI", GOOD[end + 10 : end + 16])
    tail = struct.pack("<HHI", count + 1, count + 1, size + len(twice))
    return GOOD[:end] + twice + GOOD[end : end + 8] + tail + GOOD[end + 16 :]


def encrypted():
    """The flag of encryption on the data file, in both headers."""
    data = bytearray(GOOD)
    local = data.index(FILE.encode()) - 30
    central = data.rindex(FILE.encode()) - 46
    data[local + 6] |= 1
    data[central + 8] |= 1
    return bytes(data)


def damaged():
    """A data file whose bytes do not fit its checksum."""
    rows = "".join(f"Z-{number},Name,10,USD\r\n" for number in range(20_000))
    data = zipped_stored(MEMBERS | {FILE: HEAD + rows})
    place = data.index(b"Z-19000,Name")
    return data[:place] + b"Y" + data[place + 1 :]


def zipped_stored(members):
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def compressed_otherwise():
    out = BytesIO(zipped({name: MEMBERS[name] for name in list(MEMBERS)[:2]}))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_LZMA) as archive:
        archive.writestr(FILE, MEMBERS[FILE])
    return out.getvalue()


def twice(name):
    out = BytesIO(GOOD)
    with warnings.catch_warnings(), zipfile.ZipFile(out, "a") as archive:
        warnings.simplefilter("ignore", UserWarning)
        archive.writestr(name, "other")
    return out.getvalue()


def manifest(text, encoding="utf-8"):
    return lambda: zipped(MEMBERS | {"Manifest.xml": text.encode(encoding)})


TEXT = write_manifest(Manifest("P", "", (entity(),)))[2:].decode("utf-16-le")
LAUGHS = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
PACKAGES = {
    "absolute": (lambda: named("/etc/evil"), "leads out of the package"),
    "drive": (lambda: named("C:\\evil.csv"), "leads out of the package"),
    "UNC": (lambda: named("\\\\server\\share\\evil"), "leads out of the package"),
    "up": (lambda: named("..\\evil"), "leads out of the package"),
    "up inside": (lambda: named("a/../../evil"), "leads out of the package"),
    "link": (lambda: named("link", kind=stat.S_IFLNK), "'link' is a link"),
    "overlapping": (overlapping, "overlaps another file"),
    "encrypted": (encrypted, "cannot be read without a password"),
    "LZMA": (compressed_otherwise, "is compressed in an unknown way"),
    "twice": (lambda: twice(FILE), "is there twice"),
    "twice in another case": (lambda: twice(FILE.upper()), "is there twice"),
    "cut in the middle": (lambda: GOOD[: len(GOOD) // 2], NO_HEADER),
    "package in a package": (lambda: zipped({"package.zip": GOOD}), NO_HEADER),
    "in a folder": (lambda: zipped({f"p/{n}": d for n, d in MEMBERS.items()}), NO_HEADER),
    "no header": (lambda: zipped(MEMBERS | {"PackageHeader.xml": None}), NO_HEADER),
    "file outside": (
        lambda: package([entity(file="..\\..\\x.csv")], {FILE: HEAD + ROW}),
        r"Could not find file '..\..\..\x.csv'.",
    ),
    "empty manifest": (manifest(""), "file 'Manifest.xml', line 1, column 1"),
    "no XML": (manifest("not xml"), "file 'Manifest.xml', line 1, column 1"),
    "cut manifest": (manifest(TEXT[:-30]), "file 'Manifest.xml', line 1, column "),
    "entities in the manifest": (manifest(LAUGHS + TEXT), "file 'Manifest.xml', line 1"),
    "other namespace": (manifest(TEXT.replace("/2015/", "/2016/")), "Expecting element"),
    "NUL in the manifest": (
        manifest(TEXT.replace("<Disable>", "<Disable>\0")),
        "file 'Manifest.xml', line 1, column ",
    ),
    "other encoding than declared": (
        lambda: zipped(
            MEMBERS
            | {"Manifest.xml": b'<?xml version="1.0" encoding="utf-8"?>' + b"<a>\xff\xfe</a>"}
        ),
        "file 'Manifest.xml', line 1, column ",
    ),
    "no number": (
        manifest(TEXT.replace("<ExecutionUnit>1<", "<ExecutionUnit>one<")),
        "'one' is no number for ExecutionUnit.",
    ),
    "no entity name": (
        manifest(TEXT.replace("<EntityName>Customers V3<", "<EntityName><")),
        "An entity has no EntityName.",
    ),
    "header of another kind": (
        lambda: zipped(
            MEMBERS
            | {
                "PackageHeader.xml": write_header(Manifest("P"))[2:]
                .decode("utf-16-le")
                .replace(">DefinitionGroup<", ">Other<")
            }
        ),
        "The package type 'Other' is unknown.",
    ),
}


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_at_fault_is_refused_by_the_call_and_fails_the_asynchronous_job(
    rig, target, name
):
    make, text = PACKAGES[name]
    call = rig.import_call(make(), executionId=target)
    assert text in rig.refusal("ImportFromPackage", **call)
    assert rig.act("ImportFromPackageAsync", **call) == target
    rig.work()
    assert rig.status(target) == "Failed"
    (error,) = rig.errors(target)
    assert text in error["ErrorMessage"]


def test_a_damaged_data_file_fails_the_job_where_it_is(rig, target):
    text = error_of(rig, damaged(), target)
    assert "'Customers V3.csv' is damaged: Bad CRC-32" in text
    assert re.search(r"\(file 'Customers V3.csv', line 1\d{4}\)", text)


def test_a_member_that_unpacks_to_more_than_it_says_is_not_unpacked(rig, target):
    data = bytearray(zipped(MEMBERS | {FILE: HEAD + ROW * 3_000}))
    central = data.rindex(FILE.encode()) - 46
    data[central + 24 : central + 28] = struct.pack("<I", 500)
    assert "is damaged" in error_of(rig, bytes(data), target)


def zip64():
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in MEMBERS.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(content.encode() if isinstance(content, str) else content)
    return out.getvalue()


def commented():
    out = BytesIO(GOOD)
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"made by hand " * 100
    return out.getvalue()


# what looks odd and is good
ODD = {
    "upper case": lambda: zipped(
        {name.upper() if name != FILE else name: data for name, data in MEMBERS.items()}
    ),
    "zip64": zip64,
    "UTF-16 without a mark": manifest(TEXT, "utf-16-le"),
    "behind other bytes": lambda: b"MZ self-extracting" + GOOD,
    "with a comment": commented,
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_package_that_is_none_at_fault_arrives(rig, name):
    assert rig.run(ODD[name](), executionId=f"odd {name}") == "Succeeded"
    assert rig.customer("Z-1")["OrganizationName"] == "Name"
    key = "CustomersV3(dataAreaId='usmf',CustomerAccount='Z-1')"
    assert rig.data("DELETE", key).status_code == 204
    assert rig.post("DeleteExecutionHistoryJob", executionId=f"odd {name}").status_code == 204
    rig.work()


# -- the data file --------------------------------------------------------------------------------

BOM = codecs.BOM_UTF16_LE
FAULTS = {
    "empty file": ("CSV", b"", "FF004", "line 1"),
    "header only": ("CSV", HEAD.encode(), "DMF2053", ""),
    "no header": ("CSV", ROW.encode(), "DMF1966", "line 1, column 1"),
    "cut row": ("CSV", (HEAD + ROW + "Z-2,Na").encode(), "DMF2050", "line 3, column 3"),
    "cut value": ("CSV", (HEAD + ROW + 'Z-2,"Na').encode(), "DMF2050", "line 3, column 2"),
    "quote inside": ("CSV", (HEAD + 'Z-1,"Na"me,10,USD\r\n').encode(), "DMF2050", "line 2, column"),
    "too many": (
        "CSV",
        (HEAD + ROW + "Z-2,N,10,USD,x\r\n").encode(),
        "DMF2050",
        "line 3, column 5",
    ),
    "too few": ("CSV", (HEAD + ROW + "Z-2,N\r\n").encode(), "DMF2050", "line 3, column 3"),
    "blank line": ("CSV", (HEAD + "\r\n" + ROW).encode(), "DMF2050", "line 2"),
    "column twice": ("CSV", (HEAD[:-2] + ",ORGANIZATIONNAME\r\n").encode(), "DMF2025", "column 5"),
    "NUL": ("CSV", (HEAD + "Z-1,Na\0me,10,USD\r\n").encode(), "DMF2018", "line 2, column 2"),
    "NUL in the header": ("CSV", ("\0" + HEAD + ROW).encode(), "DMF2025", "line 1"),
    "UTF-16 as CSV": ("CSV", BOM + (HEAD + ROW).encode("utf-16-le"), "DMF2018", "line 1, column 1"),
    "UTF-16 without a mark": (
        "CSV-Unicode",
        (HEAD + ROW).encode("utf-16-le"),
        "Selected file is not Unicode",
        "line 1, column 1",
    ),
    "UTF-8 as Unicode": (
        "CSV-Unicode",
        (HEAD + ROW).encode("utf-8-sig"),
        "Selected file is not Unicode",
        "line 1, column 1",
    ),
    "odd byte": (
        "CSV-Unicode",
        BOM + (HEAD + ROW).encode("utf-16-le") + b"x",
        "DMF2018",
        "line 3, column 1",
    ),
    "half a pair": (
        "CSV-Unicode",
        BOM + (HEAD + "Z-1,").encode("utf-16-le") + b"\x3d\xd8" + ",10,USD\r\n".encode("utf-16-le"),
        "DMF2018",
        "line 2, column 5",
    ),
    "1252 as UTF-8": (
        "CSV",
        (HEAD + "Z-1,Köln,10,USD\r\n").encode("cp1252"),
        "DMF2018",
        "column 6",
    ),
    "no character of 1252": (
        "Latin",
        HEAD.encode() + b"Z-1,\x81,10,USD\r\n",
        "DMF2018",
        "column 5",
    ),
    "line feeds": (
        "CSV",
        (HEAD + ROW).replace("\r", "").encode(),
        "the mapping is incorrect",
        "line 1",
    ),
    "other delimiter": (
        "CSV",
        (HEAD + ROW).replace(",", ";").encode(),
        "DMF1999",
        "line 1, column 1",
    ),
    "delimiter in a value": (
        "No qualifier",
        (HEAD + "Z-1,Na,me,10,USD\r\n").encode(),
        "DMF2050",
        "line 2, column 5",
    ),
    "unknown column": ("CSV", HEAD.replace("SALES", "SHOP").encode(), "DMF2025", "line 1"),
    "missing column": ("CSV", HEAD.replace(",SALESCURRENCYCODE", "").encode(), "DMF2025", "line 1"),
    "key twice": (
        "CSV",
        (HEAD + ROW + "z-1,Other,10,USD\r\n").encode(),
        "DMF1959",
        "line 3, column 1",
    ),
    "value of 200,000 characters": (
        "CSV",
        (HEAD + f"Z-1,{'n' * 200_000},10,USD\r\n").encode(),
        "DMF2018",
        "line 2, column 2",
    ),
    "package as a file": ("CSV", GOOD, "", "line 1"),
    "fixed width": (
        "Fixed width",
        b"CUSTOMERACCOUNT ORGANIZATIONNAME CUSTOMERGROUPID SALESCURRENCYCODE\r\nZ-1\r\n",
        "DMF2050",
        "line 2, column 4",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_at_fault_fails_the_entity_with_its_place(rig, target, name):
    source_format, content, code, place = FAULTS[name]
    data = package([entity(source_format=source_format)], {FILE: content})
    text = error_of(rig, data, target)
    assert code in text
    assert f"file '{FILE}'" in text
    assert place in text


ELEMENT = "CUSTCUSTOMERV3ENTITY"
FIELDS = "".join(
    f"<{name}>{value}</{name}>"
    for name, value in zip(CUSTOMERS, ("Z-1", "Name", "10", "USD"), strict=True)
)
RECORD = f"<{ELEMENT}>{FIELDS}</{ELEMENT}>"
XML_FAULTS = {
    "empty": ("", "line 1, column 1"),
    "cut": (f"<Document>\n{RECORD}\n<{ELEMENT}><CUSTOMER", "line 3, column "),
    "not closed": (f"<Document>\n{RECORD}</Other>", "line 2, column "),
    "no record": ("<Document></Document>", "DMF2053"),
    "other entity": ("<Document>\n<VENDOR></VENDOR></Document>", "line 2, column 1"),
    "type declaration": (f"{LAUGHS}<Document>{RECORD}</Document>", "line 1, column "),
    "external entity": (
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Document>&e;</Document>',
        "line 1, column ",
    ),
    "unknown entity": (f"<Document>&nope;{RECORD}</Document>", "line 1, column "),
    "field in a field": (
        f"<Document><{ELEMENT}>\n<NAME><NAME>x</NAME></NAME></{ELEMENT}></Document>",
        "line 2, column ",
    ),
    "field twice": (
        f"<Document><{ELEMENT}>\n<NAME>x</NAME><NAME>y</NAME></{ELEMENT}></Document>",
        "line 2, column ",
    ),
    "record in a record": (f"<Document><{ELEMENT}>\n{RECORD}</{ELEMENT}></Document>", "line 2"),
    "deep": (f"<Document>{'<a>' * 100}</Document>", "line 1, column "),
    "NUL": (f"<Document>\n{RECORD.replace('Name', 'Na' + chr(0))}</Document>", "line 2, column "),
    "text between": (f"<Document>\nx{RECORD}</Document>", "line 2, column "),
    "no field that is mapped": (
        f"<Document><{ELEMENT}><OTHER>1</OTHER></{ELEMENT}></Document>",
        "The mapped field 'CUSTOMERACCOUNT'",
    ),
}


@pytest.mark.parametrize("source_format", ["XML-Element", "XML-Attribute"])
@pytest.mark.parametrize("name", XML_FAULTS)
def test_broken_xml_fails_the_entity_with_its_place(rig, target, name, source_format):
    content, place = XML_FAULTS[name]
    data = package([entity(file="c.xml", source_format=source_format)], {"c.xml": content})
    text = error_of(rig, data, target)
    assert "file 'c.xml'" in text
    assert place in text


def test_xml_in_another_encoding_than_it_says_fails_with_its_place(rig, target):
    content = f'<?xml version="1.0" encoding="utf-8"?>\n<Document>{RECORD}</Document>'
    data = content.replace("Name", "K\u00f6ln").encode("cp1252")
    entities = [entity(file="c.xml", source_format="XML-Element")]
    text = error_of(rig, package(entities, {"c.xml": data}), target)
    assert "DMF1830" in text
    assert "file 'c.xml', line 2, column " in text


def workbook(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


SHEET = workbook(CUSTOMERS, ("Z-1", "Name", "10", "USD"))
WORKBOOKS = {
    "no workbook": (b"Z-1,Name", "DMF040", ""),
    "empty": (b"", "DMF2053", ""),
    "cut": (SHEET[: len(SHEET) // 2], "DMF040", ""),
    "with a password": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "DMF040", ""),
    "bomb": (zipped({"xl/worksheets/sheet1.xml": bytes(40 << 20)}), "DMF040", ""),
    "no sheet": (zipped({"[Content_Types].xml": "<Types/>"}), "DMF040", ""),
    "no header": (workbook((None, None)), "FF004", "line 1"),
    "header only": (workbook(CUSTOMERS), "DMF2053", ""),
    "256 columns": (workbook([f"C{n}" for n in range(256)]), "DMF2009", "line 1"),
    "too many": (
        workbook(CUSTOMERS, ("Z-1", "N", "10", "USD", "x")),
        "DMF2050",
        "line 2, column 5",
    ),
    "column twice": (workbook((*CUSTOMERS, "CUSTOMERACCOUNT")), "DMF2025", "line 1, column 5"),
    "key twice": (
        workbook(CUSTOMERS, *[("Z-1", "N", "10", "USD")] * 2),
        "DMF1959",
        "line 3, column 1",
    ),
}


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_workbook_at_fault_fails_the_entity_with_its_place(rig, target, name):
    content, code, place = WORKBOOKS[name]
    entities = [entity(file="c.xlsx", source_format="EXCEL")]
    text = error_of(rig, package(entities, {"c.xlsx": content}), target)
    assert code in text
    assert place in text
    assert "file 'c.xlsx'" in text


def test_a_file_of_another_type_is_read_unless_types_are_validated(make_rig):
    files = {"c.xlsx": (HEAD + ROW).encode()}
    data = package([entity(file="c.xlsx")], files)
    assert make_rig().run(data) == "Succeeded"
    rig = make_rig(validate_file_extension=True)
    assert rig.run(data) == "Failed"
    assert rig.errors()[0]["ErrorMessage"] == (
        "DMF1855: The file type 'xlsx' does not match the source data format 'CSV'. (file 'c.xlsx')"
    )
    assert rig.run(customers("Z-1,Name,10,USD"), executionId="run-2") == "Succeeded"


def test_what_is_at_fault_is_shown_as_it_is_written(rig):
    twice = customers("Z-1,Name,10,USD", "z-1,Name,10,USD")
    assert rig.run(twice, executionId="shown-1") == "Failed"
    message = rig.errors("shown-1")[0]["ErrorMessage"]
    assert "The key (CUSTOMERACCOUNT: z-1) is in the file more" in message
    sheets = package([entity(file="c.xlsx", source_format="EXCEL")], {"c.xlsx": b"no workbook"})
    assert rig.run(sheets, executionId="shown-2") == "Failed"
    message = rig.errors("shown-2")[0]["ErrorMessage"]
    assert message.startswith("DMF040: The worksheet cannot be read: this is no workbook")


# -- values ---------------------------------------------------------------------------------------

DAY, SUM, TIMES = "CREDMANCUSTOMERSINCE", "CREDITLIMIT", "ISONETIMECUSTOMER"
VALUES = {
    "no such day": ("CSV", DAY, "2026-02-30", "DMF2016"),
    "day first": ("CSV", DAY, "31/12/2026", "DMF2016"),
    "month thirteen": ("CSV", DAY, "13/13/2026", "DMF2016"),
    "words": ("CSV", DAY, "tomorrow", "DMF2016"),
    "month first in British": ("British", DAY, "12/31/2026", "DMF2016"),
    "month first in German": ("German", DAY, "12.31.2026", "DMF2016"),
    "day first in Swedish": ("Swedish", DAY, "31-12-2026", "DMF2016"),
    "two digits of a year": ("German", DAY, "31.12.26", "DMF2016"),
    "comma": ("CSV", SUM, '"1,5"', "DMF2018"),
    "two points": ("CSV", SUM, "1.5.5", "DMF2018"),
    "not a number": ("CSV", SUM, "NaN", "DMF2018"),
    "infinity": ("CSV", SUM, "1e999", "DMF2018"),
    "other digits": ("CSV", SUM, "\u0663", "DMF2018"),
    "point in German": ("German", SUM, "1.5", "DMF2018"),
    "groups of two": ("German", SUM, "1.23.456,5", "DMF2018"),
    "comma in British": ("British", SUM, '"1,5"', "DMF2018"),
    "point in Swedish": ("Swedish", SUM, "1.5", "DMF2018"),
    "unknown member": ("CSV", TIMES, "Perhaps", "DMF021"),
    "too long": ("CSV", "NAMEALIAS", "1" * 500, "DMF2018"),
    "control character": ("CSV", "NAMEALIAS", "a\x07b", "DMF2018"),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_at_fault_fails_the_entity_with_line_column_and_field(rig, target, name):
    source_format, column, value, code = VALUES[name]
    columns = ("CUSTOMERACCOUNT", "ORGANIZATIONNAME", column)
    end = ";" if source_format == "German" else ","
    lines = [end.join(columns), end.join(("Z-1", "Good", "")), end.join(("Z-2", "Bad", value))]
    content = "".join(f"{line}\r\n" for line in lines)
    data = package([entity(source_format=source_format, columns=columns)], {FILE: content})
    text = error_of(rig, data, target)
    assert text.startswith(code)
    assert text.endswith(f"(file '{FILE}', line 3, column 3, field '{column}')")


@pytest.mark.parametrize(
    ("source_format", "day", "number"),
    [
        ("CSV", "12/31/2026", "1234.5"),
        ("German", "31.12.2026", "1.234,5"),
        ("British", "31/12/2026", '"1,234.5"'),
        ("Swedish", "2026-12-31", '"1 234,5"'),
    ],
)
def test_each_language_reads_its_own_days_and_numbers_and_writes_them_again(
    rig, source_format, day, number
):
    columns = ("CUSTOMERACCOUNT", "ORGANIZATIONNAME", "CUSTOMERGROUPID", "SALESCURRENCYCODE")
    columns += (DAY, SUM)
    end = ";" if source_format == "German" else ","
    account = f"L-{source_format}"
    lines = [end.join(columns), end.join((account, "N", "10", "USD", day, number))]
    content = "".join(f"{line}\r\n" for line in lines)
    data = package([entity(source_format=source_format, columns=columns)], {FILE: content})
    run = f"in {source_format}"
    assert rig.run(data, executionId=run) == "Succeeded", rig.errors(run)
    stored = rig.customer(account)
    assert stored["CredManCustomerSince"] == "2026-12-31T12:00:00Z"
    assert stored["CreditLimit"] == 1234.5
    out = f"out {source_format}"
    assert rig.export(executionId=out) == "Succeeded"
    text = rig.exported(out)[FILE].decode()
    written = {"German": "1234,5", "Swedish": '"1234,5"'}.get(source_format, "1234.5")
    assert f"{account}{end}N{end}10{end}USD{end}2026-12-31{end}{written}\r\n" in text
    for execution in (run, out):
        assert rig.post("DeleteExecutionHistoryJob", executionId=execution).status_code == 204
    rig.work()


def test_an_unknown_language_is_a_mistake_of_the_settings():
    with pytest.raises(UsageError, match=r"source_formats\]\] X: the language 'xx' is not known"):
        Rig(source_formats=({"name": "X", "language": "xx"},))


def test_a_company_that_is_not_there_refuses_the_call(rig, target):
    call = rig.import_call(GOOD, executionId=target, legalEntityId="zzzz")
    assert "The legal entity 'zzzz' does not exist." in rig.refusal("ImportFromPackage", **call)
    assert "The legal entity 'zzzz' does not exist." in rig.refusal(
        "ImportFromPackageAsync", **call
    )


def test_rows_that_the_target_refuses_are_named_with_line_and_column(rig):
    """A missing key, a relation that is not there: good rows stay, the others leave no trace."""
    columns = ("DESCRIPTION", "CUSTOMERGROUPID", "PAYMENTTERMID")
    content = ",".join(columns) + "\r\nGood,B-1,\r\nNo key,,\r\nNo term,B-3,NOPE\r\n"
    groups = entity("Customer groups", file="g.csv", columns=columns)
    assert rig.run(package([groups], {"g.csv": content}), executionId="groups") == (
        "PartiallySucceeded"
    )
    key, term = [error["ErrorMessage"] for error in rig.errors("groups")]
    assert key.endswith("(file 'g.csv', line 3, column 2, field 'CUSTOMERGROUPID')")
    assert term.endswith("(file 'g.csv', line 4, column 3, field 'PAYMENTTERMID')")
    found = rig.data("GET", "CustomerGroups", params={"$filter": "CustomerGroupId eq 'B-*'"})
    assert [row["CustomerGroupId"] for row in found.json()["value"]] == ["B-1"]
    assert rig.post("DeleteExecutionHistoryJob", executionId="groups").status_code == 204
    rig.work()


def test_one_file_at_fault_lets_the_other_entities_of_the_package_in(rig, target):
    columns = ("CUSTOMERGROUPID", "DESCRIPTION")
    groups = entity("Customer groups", file="g.csv", columns=columns)
    files = {FILE: HEAD + ROW + "Z-2,", "g.csv": "CUSTOMERGROUPID,DESCRIPTION\r\nB-9,Nine\r\n"}
    run = rig.run(package([entity(), groups], files), executionId=target, execute=True)
    assert run == "PartiallySucceeded"
    (error,) = rig.errors(target)
    assert "DMF2050" in error["ErrorMessage"]
    assert json.dumps(error["ErrorMessage"]).count("line 3") == 1
    assert rig.post("DeleteExecutionHistoryJob", executionId=target).status_code == 204
    rig.work()
