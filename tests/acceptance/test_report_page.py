"""The HTML report in a real browser: its numbers are there after its script ran."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[1] / "data" / "reports"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(CHROMIUM is None, reason="needs a browser: Debian's package chromium"),
]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("report")
    code = "from windtunnel.reports.commands import app_report; app_report()"
    subprocess.run(
        [sys.executable, "-c", code, str(SAMPLE), "--output", str(out)],
        check=True,
        capture_output=True,
    )
    return out / "report.html"


def browse(page: Path, profile: Path, *flags: str) -> str:
    done = subprocess.run(
        [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", *flags, page.as_uri()],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, "HOME": str(profile)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_main_numbers_are_there_after_the_script_ran(page, tmp_path):
    text = browse(page, tmp_path, "--dump-dom")
    assert 'data-ready="true"' in text, "the page's script did not run to its end"
    assert '<button type="button" id="theme">' in text, "the script shows what only it can do"
    for said in (
        '<h1 id="verdict">Not everything passed</h1>',
        "<strong>2 of 4</strong>",
        "<strong>37 s</strong>",
        "38 orders are missing and 7 stand twice.",
        "412 refused",
        "885,536",
        "unbounded-retry",
    ):
        assert said in text
    assert text.count("<svg") == 4


@pytest.mark.parametrize(("width", "height"), [(1280, 1600), (390, 1600)])
def test_the_page_paints_at_desk_and_pocket_width(page, tmp_path, width, height):
    shot = tmp_path / "page.png"
    browse(page, tmp_path / "p", f"--window-size={width},{height}", f"--screenshot={shot}")
    picture = shot.read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20], "big") == width
    assert len(picture) > 40_000, "an empty page packs much smaller"
