"""Results as JUnit XML (the schema that Jenkins, Azure DevOps and GitLab read)."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable

from windtunnel.contracts.results import (
    DesignResult,
    LoadResult,
    Outcome,
    ScenarioResult,
    Severity,
    StepResult,
)
from windtunnel.reports import words
from windtunnel.reports.html import value_text
from windtunnel.reports.read import Results

# What XML 1.0 cannot hold, not even escaped ("Extensible Markup Language 1.0", production Char).
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(results: Results) -> str:
    """One test suite per kind of result; a scenario or finding is a test case."""
    root = ET.Element("testsuites", name="windtunnel")
    if results.scenarios:
        cases = [_scenario(one) for one in results.scenarios]
        _suite(root, "scenarios", cases, sum(one.seconds for one in results.scenarios), results)
    if results.loads:
        loads = [_load(one) for one in results.loads]
        _suite(root, "load", loads, sum(one.seconds for one in results.loads), results)
    for design in results.designs:
        _suite(root, f"design {design.name}", _design(design), 0.0, results)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    total = sum(float(suite.get("time", "0")) for suite in root)
    root.set("time", f"{total:.3f}")
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _suite(
    root: ET.Element, name: str, cases: list[ET.Element], seconds: float, results: Results
) -> None:
    stamp = words.moment(results.started).replace(" UTC", "").replace(" ", "T")
    attributes = {
        "name": _text(name),
        "tests": str(len(cases)),
        "failures": str(_count(cases, "failure")),
        "errors": str(_count(cases, "error")),
        "skipped": str(_count(cases, "skipped")),
        "time": f"{seconds:.3f}",
        "timestamp": stamp if stamp != "unknown" else "1970-01-01T00:00:00",
        "hostname": "localhost",
    }
    ET.SubElement(root, "testsuite", attributes).extend(cases)


def _count(cases: Iterable[ET.Element], tag: str) -> int:
    return sum(case.find(tag) is not None for case in cases)


def _case(class_name: str, name: str, seconds: float) -> ET.Element:
    attributes = {"classname": _text(class_name), "name": _text(name), "time": f"{seconds:.3f}"}
    return ET.Element("testcase", attributes)


def _verdict(case: ET.Element, outcome: Outcome, message: str, text: str) -> None:
    tags = {Outcome.FAILED: "failure", Outcome.ERROR: "error"}
    if outcome in tags:
        attributes = {"message": _text(message[:500]), "type": outcome.value}
        ET.SubElement(case, tags[outcome], attributes).text = _text(text)
    elif outcome is Outcome.SKIPPED:
        ET.SubElement(case, "skipped", {"message": _text(message[:500])})


def _scenario(one: ScenarioResult) -> ET.Element:
    case = _case(one.file or "scenarios", one.name, one.seconds)
    if one.properties:
        holder = ET.SubElement(case, "properties")
        for key, value in one.properties.items():
            ET.SubElement(holder, "property", {"name": _text(key), "value": _text(value)})
    wrong = [step for step in one.steps if step.outcome in {Outcome.FAILED, Outcome.ERROR}]
    message = f"{wrong[0].title}: {wrong[0].message}".rstrip(": ") if wrong else one.outcome.value
    _verdict(case, one.outcome, message, "\n\n".join(step_text(step) for step in wrong))
    return case


def step_text(step: StepResult) -> str:
    """A failed step as text: what was expected, what came, and the requests around it."""
    place = f" ({step.place.file}:{step.place.line})" if step.place.file else ""
    lines = [f"{step.kind}: {step.title}{place}"]
    if step.message:
        lines.append(f"  {step.message}")
    for one in step.mismatches:
        lines.append(f"  at {one.path}{': ' + one.message if one.message else ''}")
        lines.append(f"    expected {value_text(one.expected)}")
        lines.append(f"    got      {value_text(one.actual)}")
    lines += [
        f"  {words.clock(line.at)} {line.method} {line.url} -> {line.status}"
        + (f" throttled by {line.throttled_by}" if line.throttled_by else "")
        for line in step.journal
    ]
    return "\n".join(lines)


def _load(one: LoadResult) -> ET.Element:
    case = _case(one.file or "load", one.name, one.seconds)
    said = (
        f"offered {words.number(one.offered_per_second)}/s, achieved "
        f"{words.number(one.achieved_per_second)}/s, 429 {words.percent(one.throttled_share)}, "
        f"lost {one.lost}, failed {one.failed}, open {one.backlog_at_end}"
    )
    _verdict(case, one.outcome, said, "\n".join((said, *one.notes)))
    ET.SubElement(case, "system-out").text = _text(said)
    return case


def _design(design: DesignResult) -> list[ET.Element]:
    """A rule that objects with an error fails; weaker findings are said in its output."""
    cases: list[ET.Element] = []
    found = dict.fromkeys([*design.rules_checked, *(one.rule for one in design.findings)])
    for rule in found:
        case = _case(design.file or "design", rule, 0.0)
        findings = [one for one in design.findings if one.rule == rule]
        texts = [
            f"{one.place.file}:{one.place.line}: {one.severity.value}: {one.message}"
            + (f"\n  {one.remedy}" if one.remedy else "")
            for one in findings
        ]
        if any(one.severity is Severity.ERROR for one in findings):
            _verdict(case, Outcome.FAILED, findings[0].message, "\n".join(texts))
        elif texts:
            ET.SubElement(case, "system-out").text = _text("\n".join(texts))
        cases.append(case)
    return cases


def _text(value: str) -> str:
    return _NOT_XML.sub("\ufffd", value)
