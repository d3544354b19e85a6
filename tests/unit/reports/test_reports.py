"""Reports of the sample results, and of results whose text is hostile."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from windtunnel.contracts.results import (
    DesignResult,
    Finding,
    FlowLoad,
    JournalLine,
    LimitUse,
    LoadPoint,
    LoadResult,
    Mismatch,
    Place,
    ScenarioResult,
    Source,
    StepResult,
)
from windtunnel.reports import plots, words
from windtunnel.reports.commands import app_report
from windtunnel.reports.compare import comparisons
from windtunnel.reports.html import render_html
from windtunnel.reports.junit import render_junit
from windtunnel.reports.markdown import plain, render_markdown
from windtunnel.reports.merged import render_json
from windtunnel.reports.read import ResultError, Results, read_results
from windtunnel.reports.sarif import render_sarif

SAMPLE = Path(__file__).parents[2] / "data" / "reports"
VOID = {"meta", "link", "br", "input", "img", "hr"}


def parse(text):
    return ET.fromstring(text)  # noqa: S314 - our own output


class Page(HTMLParser):
    """Elements, attributes and balance of a page."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.wrong = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def hostile(text):
    place = Place(file=text, line=1)
    line = JournalLine(at=1, service=text, method=text, url=text, status=500, throttled_by=text)
    step = StepResult(
        kind=text,
        title=text,
        outcome="failed",
        message=text,
        place=place,
        mismatches=(Mismatch(path=text, expected=text, actual={text: [text]}, message=text),),
        journal=(line,),
    )
    scenario = ScenarioResult(
        name=text,
        file=text,
        tags=(text,),
        outcome="failed",
        started=1,
        seconds=1,
        steps=(step,),
        properties={"compare": text or "g", "variant": text, text: text, "why": text},
    )
    load = LoadResult(
        name=text,
        file=text,
        started=1,
        seconds=1,
        offered_per_second=1,
        achieved_per_second=1,
        requests=1,
        throttled=0,
        throttled_share=0,
        failed=0,
        longest_retry_after=0,
        flows=(
            FlowLoad(
                flow=text,
                planned_per_second=1,
                offered=1,
                completed=1,
                throttled=0,
                failed=0,
                causes={text: 1},
            ),
        ),
        limits=(LimitUse(limit=text, identity=text, server=text, peak=1, allowance=1, share=1),),
        timeline=(LoadPoint(at=0, offered=1, achieved=1, throttled=0, failed=0, backlog=0),),
        notes=(text,),
        properties={"compare": text or "g"},
    )
    finding = Finding(
        rule=text,
        severity="error",
        message=text,
        place=place,
        flow=text,
        remedy=text,
        sources=(Source(title=text, url=text), Source(title=text, url="javascript:alert(1)")),
    )
    design = DesignResult(name=text, file=text, started=1, findings=(finding,), outcome="failed")
    return Results((scenario,), (load,), (design,))


ATTACKS = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style></title><iframe src=//evil>",
    "{{ 7*7 }} {% raw %}",
    "]]><x/>&amp;<!--",
    "\x00\x1b[31m\ufffe\u202e",
]
RENDERERS = [render_html, render_junit, render_markdown, render_json, render_sarif]


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_text_stays_text_on_the_page(attack):
    harmless, attacked = Page(render_html(hostile("harmless"))), Page(render_html(hostile(attack)))
    assert attacked.wrong == [] == attacked.open
    assert attacked.tags == harmless.tags
    assert not [name for name, _ in attacked.attributes if name.startswith("on")]
    links = [value for name, value in attacked.attributes if name in {"href", "src"}]
    assert not [link for link in links if not link.startswith(("#", "data:,"))]


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_text_stays_text_in_xml(attack):
    root = parse(render_junit(hostile(attack)))
    harmless = parse(render_junit(hostile("harmless")))
    assert [one.tag for one in root.iter()] == [one.tag for one in harmless.iter()]


@given(st.text(max_size=40))
@settings(max_examples=60)
def test_no_text_breaks_any_form(text):
    results = hostile(text)
    for render in RENDERERS:
        render(results).encode("utf-8", "replace")
    parse(render_junit(results))
    json.loads(render_sarif(results))
    assert Page(render_html(results)).wrong == []


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_text_makes_no_markdown(attack):
    shown = plain(attack + " @team [a](b) | `c`")
    assert not re.search(r"(?<!\\)[<>\[\]`|]", shown)
    assert "\n" not in shown
    assert "@team" not in shown


def test_the_page_asks_no_server_for_anything():
    text = render_html(read_results(SAMPLE))
    page = Page(text)
    assert {"script", "style", "svg"} <= set(page.tags)
    sources = [v for n, v in page.attributes if n == "src"]
    assert sources == []
    assert "@import" not in text
    assert "url(" not in text


def test_the_page_says_the_main_things_of_the_sample():
    text = render_html(read_results(SAMPLE))
    for said in (
        "Not everything passed",
        "2 of 4",
        "Order sync: careful or naive",
        "38 orders are missing and 7 stand twice.",
        "Month-end peak",
        "unbounded-retry",
        "Requests by hour",
        "412 refused",
    ):
        assert said in text


def test_results_of_one_group_stand_side_by_side_and_the_worse_is_marked():
    [comparison] = comparisons(read_results(SAMPLE))
    assert [member.name for member in comparison.members] == ["careful", "naive"]
    lost = next(row for row in comparison.rows if row.title == "Orders lost")
    assert [(cell.text, cell.worse, cell.best) for cell in lost.cells] == [
        ("0", False, True),
        ("38", True, False),
    ]
    sent = next(row for row in comparison.rows if row.title == "Orders sent")
    assert not any(cell.worse for cell in sent.cells)


def test_a_step_is_called_once_by_its_kind_and_says_why_in_a_sentence():
    step = StepResult(kind="call", title="call POST fo /data/X", outcome="passed")
    page = render_html(
        Results(
            scenarios=(
                ScenarioResult(
                    name="x",
                    file="x.scenario.yaml",
                    outcome="passed",
                    started=1,
                    seconds=1,
                    steps=(step,),
                    properties={"why": "It waits."},
                ),
            )
        )
    )
    assert '<code class="kind">call</code><span class="title"> POST fo /data/X</span>' in page
    assert '<p class="prose">It waits.</p>' in page


def test_junit_counts_and_says_expected_and_got():
    root = parse(render_junit(read_results(SAMPLE)))
    assert root.tag == "testsuites"
    names = {suite.get("name") for suite in root}
    assert names == {"scenarios", "load", "design Order integration"}
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases)
        assert int(suite.get("failures")) == sum(c.find("failure") is not None for c in cases)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp"))
    [failure] = [f for f in root.iter("failure") if "38 orders" in f.get("message")]
    assert "expected 240" in failure.text
    assert "got      209" in failure.text
    assert "-> 429 throttled by fo.resource" in failure.text


def test_sarif_points_at_the_line():
    document = json.loads(render_sarif(read_results(SAMPLE)))
    [run] = document["runs"]
    first = run["results"][0]
    assert first["level"] == "error"
    region = first["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 41, "startColumn": 7}
    assert run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == first["ruleId"]


def test_merged_json_holds_every_result():
    document = json.loads(render_json(read_results(SAMPLE)))
    assert document["passed"] is False
    assert len(document["results"]) == 6


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "load-x.json:1:2: not JSON"),
        ('{"kind": "load", "name": 1}', "load-x.json:name: "),
        ('{"kind": "other"}', "load-x.json: Input tag 'other'"),
        ("[" * 100_000, "load-x.json"),
    ],
)
def test_a_bad_file_is_named_with_the_place(tmp_path, text, said):
    (tmp_path / "load-x.json").write_text(text, "utf-8")
    with pytest.raises(ResultError) as caught:
        read_results(tmp_path)
    assert said in str(caught.value)
    assert caught.value.is_usage_error


@pytest.mark.parametrize("name", ["", "absent"])
def test_a_folder_without_results_is_said(tmp_path, name):
    with pytest.raises(ResultError, match=r"no results|no such folder"):
        read_results(tmp_path / name)


def test_the_command_writes_what_was_asked_and_nothing_else(tmp_path, monkeypatch):
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    out = tmp_path / "out"
    flags = ["--junit", "--markdown", "--json", "--sarif", "--output", str(out)]
    done = CliRunner().invoke(app_report, [str(SAMPLE), *flags])
    assert done.exit_code == 0, done.output
    names = {file.name for file in out.iterdir()}
    assert names == {"junit.xml", "report.md", "report.json", "report.sarif"}
    assert summary.read_text("utf-8") == (out / "report.md").read_text("utf-8")
    assert "Failed: 2 passed, 3 failed, 1 skipped" in done.output


@given(st.floats(0, 1e12))
def test_ticks_are_few_and_reach_the_top(top):
    marks = plots.ticks(top)
    assert marks[0] == 0
    assert marks[-1] >= top * 0.999
    assert 2 <= len(marks) <= 7


@given(st.lists(st.floats(0, 1e9), max_size=700))
@settings(max_examples=30)
def test_a_plot_is_well_formed_whatever_its_values(values):
    at = [float(n) for n in range(len(values))]
    series = [plots.Series("<a>", "offered", values, area=True)]
    svg = parse(plots.time_plot("<&>", at, series, write=words.number, bucket=1))
    assert svg.get("aria-label") == "<&>"
    assert "nan" not in ET.tostring(svg, encoding="unicode")
    assert len(svg.findall(".//g")) <= plots.MOST_COLUMNS


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.00002, "20 µs"),
        (0.0124, "12.4 ms"),
        (3.2, "3.2 s"),
        (119, "119 s"),
        (320, "5 min 20 s"),
        (86_400, "24 h"),
        (float("nan"), "unknown"),
    ],
)
def test_durations_read_well(seconds, text):
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (2.5, "2.5"), (1500, "1,500"), (20_000, "20 k"), (1.5e6, "1.5 M")]
)
def test_axis_numbers_are_short(value, text):
    assert words.compact(value) == text
