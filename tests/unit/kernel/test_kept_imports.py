"""Imported documents: worked out once for the same contents, anew for others."""

from __future__ import annotations

import gc

import pytest

from windtunnel.contracts.entities.imports import ImportProblem
from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.kept_imports import kept_import, without_collector


class Maker:
    """Counts how often a kept form is made, from what."""

    def __init__(self):
        self.made = []

    def __call__(self, documents):
        self.made.append(sorted(documents.values()))
        return b"|".join(documents.values())


@pytest.fixture
def make():
    return Maker()


def written(folder, **contents):
    paths = []
    for name, content in contents.items():
        paths.append(folder / name)
        paths[-1].write_bytes(content)
    return paths


def test_without_documents_nothing_is_made_or_kept(tmp_path, make):
    assert kept_import([], tmp_path, "form 1", make, "") is None
    assert make.made == []
    assert list(tmp_path.iterdir()) == []


def test_the_same_documents_are_worked_out_once(tmp_path, make):
    paths = written(tmp_path, one=b"1", two=b"2")
    first = kept_import(paths, tmp_path, "form 1", make, "")
    assert first == b"1|2"
    assert kept_import(paths, tmp_path, "form 1", make, "") == first
    assert make.made == [[b"1", b"2"]]


def test_a_changed_document_and_another_form_are_worked_out_anew(tmp_path, make):
    paths = written(tmp_path, one=b"1")
    kept_import(paths, tmp_path, "form 1", make, "")
    kept_import(paths, tmp_path, "form 2", make, "")
    written(tmp_path, one=b"changed")
    assert kept_import(paths, tmp_path, "form 2", make, "") == b"changed"
    assert make.made == [[b"1"], [b"1"], [b"changed"]]


def test_a_document_that_is_not_there_is_named_with_the_remedy(tmp_path, make):
    with pytest.raises(UsageError, match=r"none\.xml: cannot be read") as caught:
        kept_import([tmp_path / "none.xml"], tmp_path, "form 1", make, "")
    assert "schemas" in caught.value.remedy


def test_a_problem_of_a_document_leaves_nothing_behind(tmp_path):
    def refuse(documents):
        raise ImportProblem("line 3: no key", where=next(iter(documents)))

    paths = written(tmp_path, one=b"1")
    with pytest.raises(UsageError, match="line 3: no key") as caught:
        kept_import(paths, tmp_path, "form 1", refuse, "Mend it.")
    assert (caught.value.where, caught.value.remedy) == (str(paths[0]), "Mend it.")
    assert not (tmp_path / "imports").exists()


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_is_off_inside_and_afterwards_as_before(was_on):
    before = gc.isenabled()
    (gc.enable if was_on else gc.disable)()
    try:
        with without_collector():
            assert not gc.isenabled()
        assert gc.isenabled() is was_on
    finally:
        (gc.enable if before else gc.disable)()
