"""JSON Schemas of the files people write, for editors."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from windtunnel.contracts.documents.design import Design
from windtunnel.contracts.documents.plan import Plan

DOCUMENTS: dict[str, type[BaseModel]] = {"plan": Plan, "design": Design}


def schema_for(kind: Literal["plan", "design"]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one kind of file."""
    schema = DOCUMENTS[kind].model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
