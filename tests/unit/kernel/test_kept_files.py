"""Files made once: one of many makers wins, with hard links and without."""

from __future__ import annotations

import errno
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.kept_files import create_once, replace


def no_links(*_: object, **__: object) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.fixture(params=["hard links", "no hard links"])
def folder(request, tmp_path, monkeypatch):
    if request.param == "no hard links":
        monkeypatch.setattr(os, "link", no_links)
    return tmp_path / "new"


def test_the_first_content_stays(folder):
    assert create_once(folder / "a", lambda: b"first") == b"first"
    assert create_once(folder / "a", lambda: b"second") == b"first"
    replace(folder / "a", b"third")
    assert create_once(folder / "a", lambda: b"fourth") == b"third"


def test_many_makers_get_what_one_of_them_made(folder):
    def make(number: int) -> bytes:
        return create_once(folder / "a", lambda: str(number).encode() * 10_000)

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(make, range(8)))
    assert len(found) == 1
    assert found == {(folder / "a").read_bytes()}
    assert {path.name for path in folder.iterdir()} <= {"a", "a.lock"}


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_what_is_made_is_the_owners_only(folder):
    create_once(folder / "a", lambda: b"secret")
    assert (folder / "a").stat().st_mode & 0o777 == 0o600


def test_a_place_that_takes_no_file_is_named(folder):
    (folder.parent / "file").write_text("no folder")
    with pytest.raises(UsageError, match=r"cannot be (read|written)") as refused:
        create_once(folder.parent / "file" / "a", lambda: b"x")
    assert str(folder.parent / "file") in str(refused.value)
