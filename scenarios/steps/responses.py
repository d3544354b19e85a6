"""`expect_response`: an answer against what was expected of it, contract included."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from windtunnel.contracts.documents import DocumentError, load_yaml
from windtunnel.contracts.results import Mismatch
from windtunnel.scenarios import matchers
from windtunnel.scenarios.answers import Answer
from windtunnel.scenarios.errors import StepError
from windtunnel.scenarios.frame import Found, Frame
from windtunnel.scenarios.step_models import Answered, ExpectResponseStep


def expect_response(step: ExpectResponseStep, frame: Frame) -> Found:
    """Compare the latest answer, or a named one."""
    answer = frame.run.answers.get(frame.text(step.of)) if step.of else frame.latest
    if answer is None:
        raise StepError(
            f"the step '{step.of}' has no answer yet" if step.of else "there was no call before"
        )
    return Found(answer_mismatches(step, answer, frame), answer.title())


def answer_mismatches(wanted: Answered, answer: Answer, frame: Frame) -> list[Mismatch]:
    """Everything about an answer that is not as wanted."""
    found: list[Mismatch] = []
    given = wanted.model_fields_set
    if "status" in given:
        found += matchers.compare(frame.expected(wanted.status), answer.status, "status")
    for name, value in frame.expected(wanted.headers).items():
        actual = answer.headers.get(name, matchers.MISSING)
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        found += matchers.compare(text, actual, matchers.at("headers", name.lower()))
    if "json_body" in given:
        if answer.is_json:
            found += matchers.compare(frame.expected(wanted.json_body), answer.json, "json")
        else:
            expected = frame.expected(wanted.json_body)
            found.append(_not_json("json", expected, answer))
    if "body" in given:
        found += matchers.compare(frame.expected(wanted.body), answer.text, "body")
    if "seconds" in given:
        found += matchers.compare(frame.expected(wanted.seconds), answer.seconds, "seconds")
    if wanted.contract is not None:
        schema = load_schema(wanted.contract, frame.run.folder)
        if answer.is_json:
            found += schema_mismatches(schema, answer.json, "json")
        else:
            found.append(_not_json("json", "a document of the contract", answer))
    return found


def _not_json(path: str, expected: Any, answer: Answer) -> Mismatch:
    message = "the body is not JSON" if answer.content else "the body is empty"
    return Mismatch(path=path, expected=expected, actual=answer.text[:1000], message=message)


def load_schema(contract: str | dict[str, Any], folder: Path) -> Any:
    """A JSON Schema: itself, or a JSON or YAML file relative to the scenario."""
    if not isinstance(contract, str):
        return contract
    path = folder / contract
    try:
        if path.suffix in {".yaml", ".yml"}:
            return load_yaml(path)[0]
        return json.loads(path.read_text("utf-8-sig"))
    except DocumentError as error:
        raise StepError(f"the contract cannot be read: {error}") from error
    except (OSError, ValueError) as error:
        raise StepError(f"the contract {path} cannot be read: {error}") from error


def schema_mismatches(schema: Any, value: Any, path: str) -> list[Mismatch]:
    """Every violation of a JSON Schema, at its path; references to the network are not followed."""
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
        validator = kind(schema, registry=Registry(), format_checker=FormatChecker())
        broken = sorted(validator.iter_errors(value), key=lambda rule: [str(p) for p in rule.path])
    except SchemaError as error:
        raise StepError(f"the contract is no JSON Schema: {error.message}") from error
    except Unresolvable as error:
        raise StepError(f"the contract refers to something that is not in it: {error}") from error
    found: list[Mismatch] = []
    for rule in broken:
        where = path
        for part in rule.absolute_path:
            where = matchers.at(where, part)
        expected = {str(rule.validator): rule.validator_value}
        found.append(
            Mismatch(path=where, expected=expected, actual=rule.instance, message=rule.message)
        )
    return found
