"""Packages: the zip opened as if hostile, manifest and header in both encodings."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.simulator.services.data_management import faults as f
from windtunnel.simulator.services.data_management.package.archive import (
    Archive,
    Bounds,
    new_archive,
)
from windtunnel.simulator.services.data_management.package.manifest import (
    FieldMap,
    Manifest,
    PackageEntity,
    read_manifest,
    write_header,
    write_manifest,
)

WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]), min_size=1
).map(lambda text: text.strip() or "x")
MAPS = st.builds(
    FieldMap,
    WORDS,
    WORDS,
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "10"]),
    st.booleans(),
    st.lists(st.tuples(WORDS, WORDS), max_size=2).map(tuple),
)
ENTITIES = st.builds(
    PackageEntity,
    name=WORDS,
    input_file=WORDS,
    source_format=st.sampled_from(["CSV", "CSV-Unicode", "EXCEL"]),
    unit=st.integers(1, 9),
    level=st.integers(1, 9),
    sequence=st.integers(1, 9),
    fail_level_on_error=st.booleans(),
    fail_unit_on_error=st.booleans(),
    runs_logic=st.booleans(),
    runs_validation=st.booleans(),
    skips_staging=st.booleans(),
    is_disabled=st.booleans(),
    truncates=st.booleans(),
    refresh_type=st.sampled_from(["FullPush", "Incremental"]),
    sheet=st.sampled_from(["", "Customers_V3$"]),
    maps=st.lists(MAPS, max_size=3).map(tuple),
)
MANIFESTS = st.builds(Manifest, WORDS, WORDS, st.lists(ENTITIES, max_size=3).map(tuple))


def zipped(members, method=zipfile.ZIP_DEFLATED):
    file = BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return file


@given(MANIFESTS)
def test_a_manifest_that_is_written_is_read_again_and_written_the_same(manifest):
    made, head = write_manifest(manifest), write_header(manifest)
    found = read_manifest(made, head)
    assert found == manifest
    assert (write_manifest(found), write_header(found)) == (made, head)


def test_members_are_written_as_utf_16_on_one_line_and_read_as_utf_8_too():
    manifest = Manifest("Sales", "d", (PackageEntity("Currencies", "Currencies.csv", "CSV"),))
    made, head = write_manifest(manifest), write_header(manifest)
    assert made.startswith(b"\xff\xfe<\x00")
    assert b"\n" not in made
    again = [data.decode("utf-16").encode() for data in (made, head)]
    assert read_manifest(*again) == manifest
    declared = [b'<?xml version="1.0" encoding="utf-8"?>\r\n' + data for data in again]
    assert read_manifest(*declared) == manifest


GOOD = Manifest("P", "", (PackageEntity("Currencies", "Currencies.csv", "CSV"),))
HEADER, MANIFEST = write_header(GOOD), write_manifest(GOOD)


def changed(data, old, new):
    return data.decode("utf-16").replace(old, new).encode("utf-8")


@pytest.mark.parametrize(
    ("manifest", "header", "file"),
    [
        (b"", HEADER, "Manifest.xml"),
        (b"<a", HEADER, "Manifest.xml"),
        (MANIFEST, b"<a/>", "PackageHeader.xml"),
        (MANIFEST[:-20], HEADER, "Manifest.xml"),
        (changed(MANIFEST, "2015/01", "2014/01"), HEADER, "Manifest.xml"),
        (changed(MANIFEST, "<ExecutionUnit>1", "<ExecutionUnit>one"), HEADER, "Manifest.xml"),
        (changed(MANIFEST, "<EntityName>Currencies", "<EntityName>"), HEADER, "Manifest.xml"),
        (MANIFEST, changed(HEADER, ">DefinitionGroup<", ">Template<"), "PackageHeader.xml"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a/>', HEADER, "Manifest.xml"),
    ],
)
def test_broken_members_are_named_with_their_place(manifest, header, file):
    with pytest.raises(f.ManifestBroken) as caught:
        read_manifest(manifest, header)
    assert caught.value.file == file
    assert caught.value.line == 1


def test_a_package_is_read_whatever_the_case_of_its_names():
    archive = Archive(zipped([("packageheader.XML", HEADER), ("sub/other.csv", b"")]))
    assert archive.xml("PackageHeader.xml") == HEADER
    assert archive.names == ["packageheader.XML"]
    with pytest.raises(f.MemberMissing, match=r"Could not find file '..\\Manifest.xml'"):
        archive.xml("Manifest.xml")


@pytest.mark.parametrize("data", [b"", b"CUSTOMERACCOUNT\r\n1\r\n", b"PK\x03\x04" + b"\0" * 40])
def test_what_is_no_zip_has_no_package_header(data):
    with pytest.raises(f.MemberMissing, match=r"Could not find file '..\\PackageHeader.xml'."):
        Archive(BytesIO(data))


@pytest.mark.parametrize(
    "name", ["../evil.csv", "a/../../b", "..\\evil", "/etc/passwd", "C:evil", "\\\\host\\x", "a\0b"]
)
def test_a_path_that_leads_out_is_refused(name):
    data = zipped([("x" * len(name), b"")]).getvalue().replace(b"x" * len(name), name.encode())
    with pytest.raises((f.MemberLeaves, f.MemberMissing)) as caught:
        Archive(BytesIO(data))
    assert type(caught.value) is f.MemberLeaves


def test_a_bomb_is_refused_before_it_unpacks():
    with pytest.raises(f.PackageTooLarge, match="shrinks by more than 500 times"):
        Archive(zipped([("a.csv", bytes(40 << 20))]))
    with pytest.raises(f.PackageTooLarge, match="more than 1000 bytes"):
        Archive(zipped([("a.csv", bytes(600)), ("b.csv", bytes(600))]), Bounds(1000))
    with pytest.raises(f.PackageTooLarge, match="10000 files"):
        Archive(zipped([(f"{n}.csv", b"") for n in range(10_001)], zipfile.ZIP_STORED))
    with pytest.raises(f.PackageTooLarge, match="larger than 10 bytes"):
        Archive(zipped([("Manifest.xml", bytes(11))]), Bounds(xml_bytes=10)).xml("Manifest.xml")


def test_a_directory_that_lies_about_sizes_ends_in_a_fault():
    data = bytearray(zipped([("a.csv", bytes(4_000))]).getvalue())
    place = data.index(b"PK\x01\x02") + 24
    data[place : place + 4] = (100).to_bytes(4, "little")
    with Archive(BytesIO(data)).open("a.csv") as member, pytest.raises(f.PackageFault):
        list(member.pieces())


def test_an_encrypted_a_strange_and_a_double_member_are_refused():
    data = bytearray(zipped([("a.csv", b"x")]).getvalue())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(f.MemberEncrypted, match="without a password"):
        Archive(BytesIO(data))
    with pytest.raises(f.PackageFault, match="unknown way"):
        Archive(zipped([("a.csv", b"x")], zipfile.ZIP_LZMA))
    twice = zipped([("a.csv", b"1"), ("b.csv", b"2")]).getvalue().replace(b"b.csv", b"A.csv")
    with pytest.raises(f.PackageFault, match="there twice"):
        Archive(BytesIO(twice))


def test_a_damaged_member_is_a_fault():
    file = BytesIO()
    with new_archive(file) as archive:
        archive.writestr("a.csv", bytes(range(256)) * 100)
    data = bytearray(file.getvalue())
    data[60:80] = b"\xff" * 20
    with Archive(BytesIO(data)).open("a.csv") as member, pytest.raises(f.PackageFault):
        member.read()
    with pytest.raises(f.MemberMissing):
        Archive(BytesIO(file.getvalue()[:-30]))
