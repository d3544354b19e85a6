"""PyPI d365fw: its own tests, which its author wrote against the cloud, through the proxy."""

from __future__ import annotations

import json
import os
import shutil
import sys
import unittest
from importlib.util import find_spec
from pathlib import Path

from steps import step

# The tests write into their own folder, so they run in a copy of the package.
installed = find_spec("D365FW")
assert installed is not None
shutil.copytree(Path(str(installed.origin)).parent, "copy/D365FW")
sys.path.insert(0, "copy")

application = {
    "client_id": os.environ["WT_CLIENT_ID"],
    "client_secret": os.environ["WT_CLIENT_SECRET"],
    "tenant_id": os.environ["WT_TENANT_ID"],
}
facts = {
    "organizations": {"name": "contoso"},
    "systemusers": {
        "oauth_1_0_user_success": application,
        "oauth_1_0_user_failure": {**application, "client_secret": "wrong"},
    },
}
Path("copy/D365FW/Test/TestData.json").write_text(json.dumps(facts))


def run(module: str, tests: int) -> None:
    """Every test of a module; the tests that it expects to fail must fail."""
    found = unittest.defaultTestLoader.loadTestsFromName(f"D365FW.Test.{module}")
    result = unittest.TestResult()
    found.run(result)
    wrong = [*result.errors, *result.failures]
    assert not wrong, "\n".join(text for _, text in wrong)
    assert not result.unexpectedSuccesses, result.unexpectedSuccesses
    assert result.testsRun == tests


@step("signs in with a right secret and with a wrong one")
def _() -> None:
    run("TestAccess", 2)


@step("creates, reads, changes, queries, associates and deletes accounts")
def _() -> None:
    run("TestAccount", 18)
