"""Rules of the repository: arrows between rooms, no registries, no paths of a machine."""

from __future__ import annotations

import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("contracts", "simulator", "scenarios", "load", "design", "reports")
REGISTRY = re.compile(
    r"(?:files\.)?py"
    + r"thonhosted\.org|registry\.npm"
    + r"js\.org|pypi\.org/(?:simple|packages)|deb\.debian\.org",
)
MACHINE = re.compile(r"/(?:wo" + r"rk|root|home/[a-z]+)/")


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True
    )
    if listed.returncode:
        return [path for path in ROOT.rglob("*") if path.is_file() and not _ignored(path)]
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def _ignored(path: Path) -> bool:
    """True for what .gitignore leaves out, in a copy that git does not know."""
    names = (ROOT / ".gitignore").read_text("utf-8").split()
    parts = path.relative_to(ROOT).parts
    return any(fnmatch(part, name.rstrip("/")) for part in parts for name in names)


def test_the_root_holds_nothing_that_a_trial_left_behind():
    files = {path.name for path in tracked() if path.parent == ROOT and path.name[0] != "."}
    assert files == {
        "CHANGELOG.md",
        "LICENSE",
        "MANIFEST.in",
        "README.md",
        "constraints.txt",
        "pyproject.toml",
        "setup.py",
    }


def test_imports_keep_to_their_rooms():
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_no_file_names_a_registry_or_a_path_of_a_machine():
    found = []
    for path in tracked():
        if path.suffix in {".png", ".db", ".pyc"}:
            continue
        text = path.read_text("utf-8", "replace")
        found += [f"{path.name}: {hit[0]}" for hit in REGISTRY.finditer(text)]
        found += [f"{path.name}: {hit[0]}" for hit in MACHINE.finditer(text)]
    assert found == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_what_it_is_and_is_typed(room):
    assert (ROOT / room / "py.typed").exists()
    text = (ROOT / room / "__init__.py").read_text("utf-8")
    assert len(text.split('"""')[1]) > 30


def test_every_changelog_fragment_has_a_known_kind():
    kinds = {"breaking", "feature", "fidelity", "bugfix", "doc"}
    for path in (ROOT / "changelog.d").glob("*.md"):
        assert path.name.split(".")[-2] in kinds, path.name
        assert path.read_text("utf-8").strip(), path.name
