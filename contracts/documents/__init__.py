"""Files people write: YAML with positions, validated; mistakes say where and what to do."""

from __future__ import annotations

from windtunnel.contracts.documents.design import Design, Flow
from windtunnel.contracts.documents.errors import DocumentError, Problem
from windtunnel.contracts.documents.load import (
    load_document,
    load_yaml,
    parse_document,
    validate,
)
from windtunnel.contracts.documents.marks import Marks, path_text
from windtunnel.contracts.documents.plan import Pattern, Plan, PlanFlow, Retry, Volume
from windtunnel.contracts.documents.schemas import schema_for
from windtunnel.contracts.documents.yaml_tree import parse_yaml

__all__ = [
    "Design",
    "DocumentError",
    "Flow",
    "Marks",
    "Pattern",
    "Plan",
    "PlanFlow",
    "Problem",
    "Retry",
    "Volume",
    "load_document",
    "load_yaml",
    "parse_document",
    "parse_yaml",
    "path_text",
    "schema_for",
    "validate",
]
