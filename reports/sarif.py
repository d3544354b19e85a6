"""Design findings as SARIF 2.1.0, which code hosts show beside the lines of a design file."""

from __future__ import annotations

import json

from windtunnel.contracts.sarif import to_sarif
from windtunnel.reports.read import Results


def render_sarif(results: Results) -> str:
    """All designs' findings in one run."""
    return json.dumps(to_sarif(results.designs), ensure_ascii=False, indent=1) + "\n"
