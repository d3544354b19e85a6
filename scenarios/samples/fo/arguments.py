"""The command line that both versions share, and what no reader disputes: the files to send."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def arguments(about: str) -> argparse.Namespace:
    """The four ways of the pack, each with its files."""
    parser = argparse.ArgumentParser(description=about)
    ways = parser.add_subparsers(dest="way", required=True)
    cash = ways.add_parser("order-to-cash", help="customers and orders of the shop, by OData")
    cash.add_argument("--orders", type=Path, required=True, help="JSON lines of the shop")
    mandates = ways.add_parser("send-mandates", help="files of electronic reporting to the bank")
    mandates.add_argument("--folder", type=Path, required=True, help="where the files are put down")
    mandates.add_argument("--bank", required=True, help="where the bank takes them")
    migration = ways.add_parser("migrate-customers", help="customers of the old system, by package")
    migration.add_argument("--customers", type=Path, required=True, help="JSON lines")
    migration.add_argument("--project", required=True, help="the data project")
    journals = ways.add_parser("import-journals", help="general journals, by a recurring data job")
    journals.add_argument("--journals", type=Path, required=True, help="JSON lines")
    journals.add_argument("--job", required=True, help="activity id of the recurring data job")
    return parser.parse_args()


def read_lines(path: Path) -> list[dict[str, Any]]:
    """One JSON object a line."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
