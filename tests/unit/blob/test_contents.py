"""Content files and what is read through them."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windtunnel.simulator.services.blob.contents import CHUNK, Contents, Extent
from windtunnel.simulator.services.blob.crc64 import crc64, crc64_of


def test_what_is_read_is_what_was_written_with_zeros_in_the_gaps(tmp_path):
    contents = Contents(tmp_path / "blobs")
    data = os.urandom(2 * CHUNK + 7)
    file = contents.write([data[:10], data[10:]]).file
    extents = [Extent(5, 10, file, 3), Extent(20, len(data), file)]
    size = 20 + len(data) + 4
    whole = bytes(5) + data[3:13] + bytes(5) + data + bytes(4)
    assert b"".join(contents.stream(extents, 0, size)) == whole
    with contents.open(extents, size) as opened:
        assert opened.read() == whole
        assert opened.seek(-3, 2) == size - 3
        assert opened.read(10) == whole[-3:]
        with pytest.raises(ValueError, match="negative"):
            opened.seek(-1)


@settings(max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 50), min_size=1, max_size=8),
    spans=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 100)), max_size=8),
)
def test_any_part_of_a_blob_of_pieces_is_that_part(tmp_path_factory, sizes, spans):
    contents = Contents(tmp_path_factory.mktemp("blobs"))
    extents, whole = [], b""
    for size in sizes:
        data = os.urandom(size)
        extents.append(Extent(len(whole), size, contents.write([data]).file))
        whole += data
    with contents.open(extents, len(whole)) as opened:
        for start, length in spans:
            inside = max(0, min(length, len(whole) - start))
            assert b"".join(contents.stream(extents, start, inside)) == whole[start:][:inside]
            opened.seek(start)
            assert opened.read(length) == whole[start:][:length]


def test_a_file_is_held_until_its_last_reader_is_gone(tmp_path):
    contents = Contents(tmp_path / "blobs")
    file = contents.write([b"x" * 10]).file
    extents = [Extent(0, 10, file)]
    opened, never_read = contents.open(extents, 10), contents.stream(extents, 0, 10)
    opened.close()
    opened.close()
    assert contents.is_held(file)
    del never_read
    assert not contents.is_held(file)


def test_a_file_cut_short_is_an_error_not_a_short_answer(tmp_path):
    contents = Contents(tmp_path / "blobs")
    file = contents.write([b"x" * 10]).file
    with pytest.raises(OSError, match="cut short"):
        list(contents.stream([Extent(0, 20, file)], 0, 20))
    with contents.open([Extent(0, 20, file)], 20) as opened, pytest.raises(OSError, match="cut"):
        opened.read(20)


def test_what_an_earlier_process_was_receiving_is_removed(tmp_path):
    folder = tmp_path / "blobs"
    Contents(folder)
    (folder / "incoming" / "half").write_bytes(b"x")
    assert list(Contents(folder).incoming.iterdir()) == []


def test_the_crc_is_the_one_of_the_field(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"123456789")
    expected = (0xAE8B14860A799888).to_bytes(8, "little")
    assert crc64(b"123456789") == crc64_of(file) == expected


def test_a_draft_is_content_once_it_is_kept_and_gone_when_it_is_not(tmp_path):
    contents = Contents(tmp_path / "blobs")
    with contents.draft() as draft:
        draft.file.write(b"xx-data")
        draft.file.seek(0)
        draft.file.write(b"my")
        assert [path.name for path in contents.incoming.iterdir()] == [draft.path.name]
        written = contents.keep(draft)
    assert written.size == 7
    assert contents.files() == {written.file}
    with contents.open([Extent(0, 7, written.file)], 7) as opened:
        assert opened.read() == b"my-data"
    with contents.draft() as draft:
        draft.file.write(b"half")
    assert contents.files() == {written.file}
    assert list(contents.incoming.iterdir()) == []
