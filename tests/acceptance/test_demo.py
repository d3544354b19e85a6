"""The main job as a new user runs it: `windtunnel demo`, and what its report says."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-m", "windtunnel.simulator.cli", "demo", "--output", str(folder)],
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Report:" in done.stdout
    return folder


def facts(output, way: str, version: str) -> dict[str, str]:
    result = json.loads((output / f"scenario-{way}-{version}.json").read_text("utf-8"))
    return {**result["properties"], "outcome": result["outcome"]}


def test_the_careful_version_loses_nothing(output):
    for way in ("inbound", "outbound"):
        found = facts(output, way, "careful")
        assert found["outcome"] == "passed"
        assert (found["orders lost"], found["duplicate orders"]) == ("0", "0")
    assert facts(output, "inbound", "careful")["orders with lines lost"] == "0"


def test_the_naive_version_loses_and_repeats_and_the_reason_is_told(output):
    inbound, outbound = facts(output, "inbound", "naive"), facts(output, "outbound", "naive")
    assert int(inbound["orders lost"]) > 0
    assert int(inbound["duplicate orders"]) > 0
    assert int(outbound["duplicate orders"]) > 0
    assert (inbound["outcome"], outbound["outcome"]) == ("failed", "failed")
    assert "gives up" in inbound["why"]


def test_the_load_met_its_limit_and_the_designs_were_judged(output):
    loads = [json.loads(file.read_text("utf-8")) for file in output.glob("load-*.json")]
    assert len(loads) == 2
    assert all(load["throttled"] > 0 for load in loads)
    lost = {"naive" in load["name"]: load["lost"] for load in loads}
    assert lost[True] >= lost[False]  # how many it gives up, a busy machine decides
    designs = {
        json.loads(file.read_text("utf-8"))["name"]: json.loads(file.read_text("utf-8"))
        for file in output.glob("design-*.json")
    }
    assert not designs["Order sync, careful"]["findings"]
    assert len(designs["Order sync, naive"]["findings"]) >= 10
    assert designs["Order sync, naive"]["forecast"]["requests"] > 30_000


def test_the_report_is_one_page_that_needs_nothing_else(output):
    page = (output / "report.html").read_text("utf-8")
    for text in ("careful", "naive", "duplicate orders", "no-idempotency-key"):
        assert text.lower() in page.lower()
    assert "<script src=" not in page
    assert '<link rel="stylesheet"' not in page
    assert (output / "junit.xml").exists()
