"""Rules: each objects to its own example and to nothing in a careful design."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from windtunnel.contracts.documents import Design, DocumentError, parse_document, parse_yaml
from windtunnel.contracts.limits import LIMITS
from windtunnel.contracts.results import (
    DesignResult,
    FlowForecast,
    ForecastResult,
    LimitUse,
    Outcome,
    Severity,
)
from windtunnel.contracts.sarif import to_sarif
from windtunnel.design.check import check, check_file, load_design
from windtunnel.design.forecast import forecast
from windtunnel.design.rules import RULES

DATA = Path(__file__).parents[2] / "data" / "design"
CAREFUL = (DATA / "order-sync.design.yaml").read_text(encoding="utf-8")
OWNER = "owner: integration team\n"
SECTIONS = ["## Why is this bad?", "## Example", "## Use instead", "## References"]

# rule, text to replace in the careful design, its replacement, the line that is blamed
CASES = [
    ("unbounded-retry", "attempts: 8, max_seconds: 30m", "jitter: 0.1", 27),
    ("no-retry-on-throttling", "[429, 503]", "[503]", 39),
    ("fixed-sleep-on-429", "wait: retry-after, attempts: 8}", "wait: 2s, attempts: 8}", 39),
    ("ignores-retry-after", "retry-after, attempts: 8}", "exponential, attempts: 8}", 39),
    ("retries-business-errors", "[429, 503]", "[400, 429, 503]", 39),
    ("no-idempotency-key", "    idempotency_key: EventId\n", "", 45),
    ("no-dead-letter-handling", "dead_letter: error log, ", "", 53),
    (
        "no-volume",
        "    volume: {per_day: 12000, profile: office-hours, payload_bytes: 2 KB}\n",
        "",
        45,
    ),
    (
        "synchronous-bulk-over-odata",
        "{per_day: 12000, operations",
        "{per_day: 400000, operations",
        38,
    ),
    ("batch-to-dodge-limits", "pattern: bulk", "pattern: batch", 25),
    ("batch-over-limit", "pattern: bulk", "pattern: batch\n    # 1", 26),
    ("parallelism-above-52", "parallelism: 4\n", "parallelism: 53\n", 26),
    ("entitlement-exceeded", "per_day: 60000", "per_day: 600000", 15),
    ("no-cross-company", "cross_company: true", "cross_company: false", 42),
    ("patch-without-if-match", "{upsert: 1}", "{update: 1}", 15),
    ("skip-paging", "cross_company: true", "cross_company: true, paging: skip", 42),
    ("url-too-long", "classification: personal", "odata: {url_characters: 40000}", 30),
    ("whole-record-updates", "company: true", "company: true, changed_columns_only: false", 42),
    (
        "polling-instead-of-events",
        "    errors",
        "    trigger: {kind: poll, every: 5s}\n    errors",
        29,
    ),
    (
        "delta-link-too-old",
        "    errors",
        "    trigger: {kind: change-tracking, every: 8d}\n    errors",
        29,
    ),
    ("user-limit-assumptions", "resource-based", "user-based", 43),
    ("no-throttling-priority", "    priority: medium\n", "", 36),
    ("business-events-as-data-export", "content: notification", "content: export", 50),
    ("payload-over-limit", "2 KB", "300 KB", 51),
    ("order-on-unordered-transport", "content: notification", "ordering: per-key", 50),
    ("secret-in-file", "store: key-vault", "store: file", 10),
    ("no-secret-rotation", ", rotation_days: 180", "", 10),
    (
        "user-account-for-integration",
        "- name: order-sync\n",
        "- name: order-sync\n    kind: user\n",
        9,
    ),
    ("no-identity", "    identities: [erp-orders]\n", "", 32),
    ("unclassified-personal-data", "classification: personal", "classification: internal", 15),
    ("no-classification", "    classification: internal\n", "", 45),
    ("no-monitoring", "  alerts: [failed runs, queue depth]\n", "", 15),
    ("no-correlation-id", "correlation_id: true", "correlation_id: false", 56),
    ("no-sandbox", "sandbox: true", "sandbox: false", 60),
    ("no-deployment-pipeline", "  pipeline: Azure Pipelines\n", "", 60),
    ("no-peak-volume-test", "peak_volume_test: true", "peak_volume_test: false", 63),
]

FLOW = """\
name: d
systems:
  - {name: a, kind: external}
  - {name: crm, kind: dataverse}
  - {name: erp, kind: finance_operations, release: "10.0.40"}
identities: [{name: one, priority: high}]
flows:
"""

OBJECTIONS, _ = parse_yaml((DATA / "objections.yaml").read_text(encoding="utf-8"), "objections")


def findings_of(text: str, result: ForecastResult | None = None):
    design, marks = parse_document(text, "x.design.yaml", Design)
    return check(design, marks, LIMITS, result)


def test_a_careful_design_passes_without_a_word():
    result = check_file(DATA / "order-sync.design.yaml", fail_on="warning")
    assert [f"{f.rule}: {f.message}" for f in result.findings] == []
    assert result.outcome is Outcome.PASSED
    assert result.forecast is not None
    assert result.forecast.requests > 20_000


@pytest.mark.parametrize(("rule", "old", "new", "line"), CASES, ids=[case[0] for case in CASES])
def test_a_rule_objects_to_what_it_is_for_and_says_where(rule, old, new, line):
    assert CAREFUL.count(old) >= 1
    text = CAREFUL.replace(old, new, 1)
    if rule == "batch-over-limit":
        text = text.replace("batch_size: 50\n", "batch_size: 5000\n")
    found = [finding for finding in findings_of(text) if finding.rule == rule]
    assert found
    assert found[0].place.line == line
    assert found[0].remedy
    assert found[0].sources


@pytest.mark.parametrize("case", OBJECTIONS, ids=lambda case: case["rule"])
def test_a_rule_objects_to_these_flows(case):
    flows = "".join(f"  - {json.dumps(flow)}\n" for flow in case["flows"])
    assert case["rule"] in {finding.rule for finding in findings_of(FLOW + flows)}


def test_every_rule_has_a_case():
    tried = {case[0] for case in CASES} | {case["rule"] for case in OBJECTIONS}
    by_forecast = {"limits-exceeded-by-forecast", "little-headroom"}
    assert {rule.name for rule in RULES} == tried | by_forecast


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_its_page(rule):
    page = rule.page()
    first = page.splitlines()[0]
    assert re.fullmatch(r"Checks .*\.", first)
    places = [page.index(section) for section in SECTIONS]
    assert places == sorted(places)
    assert rule.sources()
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)


def test_rule_names_are_unique_and_there_are_enough():
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names) >= 25


def forecast_with(*, completed: int, given_up: int = 0, refused: int = 0, share: float = 0.5):
    flow = FlowForecast(
        flow="orders-to-crm", arrivals=1200, completed=completed, refused=refused,
        given_up=given_up, longest_retry_after=40, longest_wait=1, worst_backlog=1,
    )  # fmt: skip
    use = LimitUse(limit="dataverse.requests", identity="x", peak=1, allowance=2, share=share)
    return ForecastResult(
        requests=1200, refused=refused, given_up=given_up, virtual_seconds=86_400,
        engine="python", seconds=0, flows=(flow,), limits=(use,),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("result", "rule", "severity", "words"),
    [
        (forecast_with(completed=1000), "limits-exceeded-by-forecast", "error", "not done"),
        (
            forecast_with(completed=1190, given_up=10, refused=10),
            "limits-exceeded-by-forecast",
            "error",
            "10 of 1,200 requests are given up",
        ),
        (
            forecast_with(completed=1200, refused=5),
            "limits-exceeded-by-forecast",
            "warning",
            "Retry-After up to 40 s",
        ),
        (forecast_with(completed=1200, share=0.85), "little-headroom", "warning", "uses 85%"),
    ],
)
def test_the_forecast_is_judged(result, rule, severity, words):
    (finding,) = findings_of(CAREFUL, result)
    assert (finding.rule, finding.severity.value) == (rule, severity)
    assert words in finding.message


def test_a_naive_design_fails_with_errors_first():
    result = check_file(DATA / "naive.design.yaml", engine="python")
    assert result.outcome is Outcome.FAILED
    severities = [finding.severity for finding in result.findings]
    assert severities == sorted(severities, key=list(Severity).index)
    assert {"unbounded-retry", "fixed-sleep-on-429", "secret-in-file", "skip-paging"} <= {
        finding.rule for finding in result.findings
    }


def test_what_is_allowed_with_a_reason_is_left_out():
    allow = "allow: [{rule: no-sandbox, reason: a trial without customers}]\n"
    text = CAREFUL.replace("sandbox: true", "sandbox: false") + allow
    assert findings_of(text) == ()
    flow = CAREFUL.replace("wait: retry-after, attempts: 8}", "wait: 2s, attempts: 8}")
    allow = "    allow: [{rule: fixed-sleep-on-429, reason: the gateway waits for us}]\n"
    assert findings_of(flow.replace("    errors: {dead", allow + "    errors: {dead", 2)) == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("target: crm", "target: crn", "did you mean 'crm'"),
        ("identities: [order-sync]", "identities: [order-sink]", "did you mean 'order-sync'"),
        (
            OWNER,
            "allow: [{rule: no-sandbx, reason: long enough text}]\n",
            "did you mean 'no-sandbox'",
        ),
        (OWNER, "allow: [{rule: no-sandbox, reason: short}]\n", "at least 10 characters"),
        (OWNER, "plan: missing.plan.yaml\n", "no such file"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_told(tmp_path, old, new, words):
    file = tmp_path / "x.design.yaml"
    file.write_text(CAREFUL.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        load_design(file)
    assert words in str(caught.value)
    assert caught.value.problems[0].place.file


def test_a_plan_file_gives_flows_their_volume(tmp_path):
    (tmp_path / "v.plan.yaml").write_text(
        "name: v\nflows: [{name: order-events, per_day: 7}]\n", encoding="utf-8"
    )
    line = "    volume: {per_day: 12000, profile: office-hours, payload_bytes: 2 KB}\n"
    text = CAREFUL.replace(line, "").replace("owner:", "plan: v.plan.yaml\nowner:", 1)
    file = tmp_path / "x.design.yaml"
    file.write_text(text, encoding="utf-8")
    design, _ = load_design(file)
    assert design.flows[2].volume is not None
    assert design.flows[2].volume.per_day == 7
    (tmp_path / "v.plan.yaml").write_text("name: v\nflows: [{name: orders, per_day: 7}]\n")
    with pytest.raises(DocumentError, match="the design has no flow 'orders'"):
        load_design(file)


def test_findings_become_sarif(tmp_path):
    result = check_file(DATA / "naive.design.yaml", engine="python")
    sarif = to_sarif(result)
    (run,) = sarif["runs"]
    assert sarif["version"] == "2.1.0"
    assert len(run["results"]) == len(result.findings)
    rules = run["tool"]["driver"]["rules"]
    for one in run["results"]:
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
        assert one["level"] in {"error", "warning", "note"}
        assert one["locations"][0]["physicalLocation"]["region"]["startLine"] > 0
    assert DesignResult.model_validate_json(result.model_dump_json()) == result


def test_the_examples_pass_the_published_schema():
    from windtunnel.contracts.documents import schema_for

    tree, _ = parse_yaml(CAREFUL, "x")
    jsonschema.validate(tree, schema_for("design"))


RELEASES = """\
name: d
systems:
  - {name: shop, kind: external}
  - {name: erp, kind: finance_operations, release: "RELEASE"}
identities: [{name: one}]
flows:
  - name: orders
    direction: inbound
    pattern: odata
    source: shop
    target: erp
    identities: [one]
    throttling_model: MODEL
    retry: {wait: retry-after, attempts: 3}
    volume: {per_day: 40000, profile: flat, operations: {create: 1}, parallelism: 30}
"""


@pytest.mark.parametrize(
    ("release", "model", "rules", "limits"),
    [
        ("10.0.18", "resource-based", set(), {"fo.load"}),
        ("10.0.30", "resource-based", {"no-throttling-priority"}, {"fo.load"}),
        ("10.0.30", "user-based", {"no-throttling-priority"}, {"fo.load", "fo.requests"}),
        ("10.0.34", "resource-based", {"no-throttling-priority"}, {"fo.load", "fo.requests"}),
        (
            "10.0.36",
            "user-based",
            {"no-throttling-priority", "user-limit-assumptions"},
            {"fo.load"},
        ),
    ],
)
def test_a_design_is_held_against_the_limits_of_its_release(release, model, rules, limits):
    text = RELEASES.replace("RELEASE", release).replace("MODEL", model)
    design, marks = parse_document(text, "x.design.yaml", Design)
    result = forecast(design, engine="python")
    found = {finding.rule for finding in check(design, marks, LIMITS, result)}
    assert found & {"no-throttling-priority", "user-limit-assumptions"} == rules
    assert {use.limit for use in result.limits} & {"fo.load", "fo.requests"} == limits
