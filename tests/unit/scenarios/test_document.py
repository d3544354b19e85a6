"""Mistakes in scenario files are found before anything runs, with line, column and remedy."""

from __future__ import annotations

import jsonschema
import pytest

from windtunnel.contracts.documents import DocumentError
from windtunnel.scenarios.document import scenario_schema
from windtunnel.scenarios.step_models import NOT_YET

MISTAKES = [
    ("steps:\n  - cal: {path: /x}\n", "3:5: steps[0].cal: the key 'cal' is unknown", "'call'"),
    ("steps:\n  - call: {pth: /x, path: /y}\n", "3:12: steps[0].call.pth", "did you mean 'path'"),
    ("steps:\n  - call: {path: /x}\n    advance: 1s\n", "two kinds in one step", "begin each"),
    ("steps:\n  - call:\n", "'call' says nothing", "write 'call: {...}'"),
    ("steps:\n  - import_package: {project: p}\n", "an entity with its rows", ""),
    ("steps:\n  - import_package: {project: p, entity: e}\n", "needs rows", "add 'rows"),
    ("steps: []\n", "out of bounds", "at least 1 entries"),
    ("steps:\n  - advance: soon\n", "not a duration", "30s, 5m"),
    ("steps:\n  - call: {path: '${dat.x}'}\n", "no name 'dat'", "did you mean 'data'"),
    ("steps:\n  - call: {path: '${data.x}'}\n", "no data value 'x'", "has no data value"),
    ("steps:\n  - call: {path: '${steps.x.id}'}\n", "no step 'x'", "has no step"),
    ("steps:\n  - call: {path: '${1 +}'}\n", "3:18", "a value is missing"),
    ("steps:\n  - call: {path: /x, identity: bob}\n", "no identity 'bob'", "default, none"),
    ("steps:\n  - expect_event: {at: door}\n", "no endpoint of listen 'door'", ""),
    ("steps:\n  - expect_response: {json: {a: {$regx: x}}}\n", "no matcher '$regx'", "$regex"),
    ("steps:\n  - call: {url: 'http://x', path: /y}\n", "url stands beside", "write url"),
    ("data: {n: {$faker: compny}}\nsteps:\n  - advance: 1s\n", "no provider 'compny'", "company"),
    ("data: {n: {$faker: name, locale: xx}}\nsteps:\n  - advance: 1s\n", "no locale 'xx'", ""),
    ("data: {n: {$list: 1}}\nsteps:\n  - advance: 1s\n", "whole number 'count'", "count: 10"),
    ("listen: {a: {replies: [100]}}\nsteps:\n  - advance: 1s\n", "no final HTTP status", ""),
    ("tags: ['a b']\nsteps:\n  - advance: 1s\n", "is not a word", "letters"),
    ("steps:\n  - run_integration: {command: x, ready: {url: u}}\n", "needs a name", "add 'name"),
    ("steps:\n  - change_record: {do: update, set: X}\n", "needs the key", "add 'key"),
]


@pytest.mark.parametrize(("text", "found", "remedy"), MISTAKES)
def test_a_mistake_is_named_with_its_remedy(make_scenario, text, found, remedy):
    with pytest.raises(DocumentError) as raised:
        make_scenario(text)
    message = str(raised.value)
    assert found in message
    assert remedy in message
    assert "a.scenario.yaml:" in message


@pytest.mark.parametrize("kind", NOT_YET)
def test_a_kind_that_is_not_there_yet_is_refused(make_scenario, kind):
    with pytest.raises(DocumentError) as raised:
        make_scenario(f"steps:\n  - {kind}: {{}}\n")
    assert f"'{kind}' is not in this version, it arrives with {NOT_YET[kind]}" in str(raised.value)


def test_the_json_schema_is_one_and_takes_a_scenario():
    schema = scenario_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    document = {
        "name": "a",
        "steps": [{"call": {"path": "/x"}}, {"expect_response": {"status": {"$lt": 300}}}],
    }
    jsonschema.validate(document, schema)
    assert {"in", "set", "json", "schema"} & set(
        schema["$defs"]["ExpectRecordStep"]["properties"]
    ) == {"set"}
