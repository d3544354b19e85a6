"""All results as one JSON document."""

from __future__ import annotations

import json

from windtunnel.contracts.results import Outcome
from windtunnel.reports.read import Results


def render_json(results: Results) -> str:
    """`{"passed": ..., "outcomes": {...}, "results": [...]}`; results as in their files."""
    counts = results.outcomes
    document = {
        "passed": results.good,
        "outcomes": {one.value: counts[one] for one in Outcome},
        "results": [one.model_dump(mode="json") for one in results.all],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
