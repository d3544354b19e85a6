"""Write contracts/entities/dataverse/roles.txt: what the standard security roles allow.

    python tools/dataverse_roles.py STANDARD_ROLES.json.gz

The document is a list of roles: `name`, `roletemplateid`, `privileges` (table -> right -> depth).
A role is a line `# name | template id`; each line below it is a pattern of eight letters, one per
right in the order of `RIGHTS`, and the tables it holds for. Letters: B, L, D, G or - for none.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

from windtunnel.contracts.entities.dataverse.roles import RIGHTS

TARGET = Path(__file__).parents[1] / "contracts" / "entities" / "dataverse" / "roles.txt"
LINE = 100


def main(document: Path) -> None:
    """Read the document, write the file."""
    roles = json.loads(gzip.decompress(document.read_bytes()))
    lines: list[str] = []
    for role in sorted(roles, key=lambda role: str(role["name"])):
        template = role["roletemplateid"]
        lines.append(f"# {role['name']} | {'' if set(template) <= {'0', '-'} else template}")
        patterns: dict[str, list[str]] = {}
        for table, rights in role["privileges"].items():
            pattern = "".join(rights.get(right, "-")[0] for right in RIGHTS)
            patterns.setdefault(pattern, []).append(table)
        for pattern, tables in sorted(patterns.items()):
            lines.extend(_wrapped(pattern, sorted(tables)))
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _wrapped(pattern: str, tables: list[str]) -> list[str]:
    lines = [pattern]
    for table in tables:
        if len(lines[-1]) + len(table) >= LINE:
            lines.append(pattern)
        lines[-1] += f" {table}"
    return lines


if __name__ == "__main__":
    main(Path(sys.argv[1]))
