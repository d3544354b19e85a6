"""Design findings as SARIF 2.1.0, the format that code hosts show beside the lines of a file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from windtunnel.contracts.results import DesignResult, Finding

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def to_sarif(results: DesignResult | Iterable[DesignResult]) -> dict[str, Any]:
    """One run with every rule that was checked and every finding; ready for json.dumps."""
    designs = [results] if isinstance(results, DesignResult) else list(results)
    findings = [finding for design in designs for finding in design.findings]
    checked = [name for design in designs for name in design.rules_checked]
    index = {name: number for number, name in enumerate(dict.fromkeys(checked))}
    for finding in findings:
        index.setdefault(finding.rule, len(index))
    by_rule = {finding.rule: finding for finding in reversed(findings)}
    driver = {"name": "windtunnel", "rules": [_rule(name, by_rule.get(name)) for name in index]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, index[finding.rule]) for finding in findings],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(name: str, example: Finding | None) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": name, "shortDescription": {"text": name.replace("-", " ")}}
    if example is not None:
        titles = "; ".join(source.title for source in example.sources)
        text = f"{example.remedy}. Sources: {titles}" if titles else example.remedy
        if text:
            rule["help"] = {"text": text}
        address = next((source.url for source in example.sources if source.url), "")
        if address:
            rule["helpUri"] = address
    return rule


def _result(finding: Finding, index: int) -> dict[str, Any]:
    place = finding.place
    flow = f"{finding.flow}: " if finding.flow else ""
    remedy = f" ({finding.remedy})" if finding.remedy else ""
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity.value,
        "message": {"text": f"{flow}{finding.message}{remedy}"},
    }
    if place.file:
        physical: dict[str, Any] = {
            "artifactLocation": {"uri": quote(place.file.replace("\\", "/"), safe="/.-_~:")}
        }
        if place.line:
            physical["region"] = {"startLine": place.line, "startColumn": max(1, place.column)}
        result["locations"] = [{"physicalLocation": physical}]
    return result
