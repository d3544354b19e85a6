"""Design findings as SARIF 2.1.0, which code hosts show beside the lines of a design file."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

from windtunnel.contracts.results import Finding
from windtunnel.reports.read import Results

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render_sarif(results: Results) -> str:
    """One run with a rule for each that objected or was checked."""
    findings = [finding for design in results.designs for finding in design.findings]
    names = dict.fromkeys(
        [name for design in results.designs for name in design.rules_checked]
        + [finding.rule for finding in findings]
    )
    place = {name: number for number, name in enumerate(names)}
    rules = [_rule(name, findings) for name in names]
    driver = {"name": "windtunnel", "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, place[one.rule]) for one in findings],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _rule(name: str, findings: list[Finding]) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": name, "name": name}
    for finding in findings:
        if finding.rule == name:
            if finding.remedy:
                rule["help"] = {"text": finding.remedy}
            urls = [one.url for one in finding.sources if one.url.startswith("https://")]
            if urls:
                rule["helpUri"] = urls[0]
            break
    return rule


def _result(finding: Finding, rule_index: int) -> dict[str, Any]:
    text = finding.message + (f" Instead: {finding.remedy}" if finding.remedy else "")
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": finding.severity.value,
        "message": {"text": text},
    }
    if finding.place.file:
        region = {"startLine": max(finding.place.line, 1)}
        if finding.place.column:
            region["startColumn"] = finding.place.column
        uri = urllib.parse.quote(finding.place.file.replace("\\", "/"), safe="/")
        location = {"artifactLocation": {"uri": uri}, "region": region}
        result["locations"] = [{"physicalLocation": location}]
    return result
