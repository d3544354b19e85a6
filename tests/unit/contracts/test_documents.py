"""Files people write: what is read, and what each mistake says."""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windtunnel.contracts.documents import (
    Design,
    DocumentError,
    Plan,
    Problem,
    load_document,
    load_yaml,
    parse_document,
    parse_yaml,
    schema_for,
)
from windtunnel.contracts.documents.yaml_tree import MOST_DEPTH, MOST_NODES
from windtunnel.contracts.limits.overrides import load_limits

PLAN = """\
name: orders
flows:
  - name: in
    per_day: 50_000
    operations: {create: 0.7, update: 0.3}
    profile: office-hours
    payload_bytes: 2 KB
    retry: {on: [429], wait: retry-after, attempts: 5, max_seconds: 10m}
"""


def failing(text: str, model: type = Plan) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        parse_document(text, "x.plan.yaml", model)
    return caught.value


def test_a_plan_is_read_with_units_shapes_and_yaml_keys_such_as_on():
    plan, marks = parse_document(PLAN, "x.plan.yaml", Plan)
    flow = plan.flows[0]
    assert flow.per_day == 50_000
    assert flow.payload_bytes == 2048
    assert flow.retry is not None
    assert flow.retry.on == (429,)
    assert flow.retry.max_seconds == 600
    assert [(o.operation, o.share) for o in flow.operations] == [("create", 0.7), ("update", 0.3)]
    assert sum(flow.profile.shares()) == pytest.approx(1)
    place = marks.place("flows", 0, "retry", "wait")
    assert (place.file, place.line, place.column) == ("x.plan.yaml", 8, 30)
    assert place.path == "flows[0].retry.wait"
    assert marks.place("flows", 0, "consumers").line == 3


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "words"),
    [
        ("profile:", "profil:", 6, 5, ["'profil' is unknown", "did you mean 'profile'"]),
        ("50_000", "many", 4, 14, ["of the wrong kind", "'many'", "a whole number"]),
        ("50_000", "-1", 4, 14, ["out of bounds", "-1", "0 or more"]),
        ("create: 0.7", "creat: 0.7", 5, 17, ["'creat'", "did you mean 'create'"]),
        ("office-hours", "office-hour", 6, 14, ["did you mean 'office-hours'"]),
        ("office-hours", "[1, 2]", 6, 14, ["24 hourly shares", "here are 2"]),
        ("2 KB", "2 XB", 7, 20, ["write it like 4 KB or 1 MB", "'2 XB'"]),
        ("attempts: 5", "attempts: 0", 8, 53, ["1 or more"]),
        ("attempts", "atempts", 8, 43, ["did you mean 'attempts'"]),
        ("retry-after", "retry_after", 8, 30, ["did you mean 'retry-after'"]),
        ("    per_day: 50_000\n", "", 3, 5, ["'per_day' is missing"]),
    ],
)
def test_a_mistake_says_where_what_and_how(old, new, line, column, words):
    error = failing(PLAN.replace(old, new, 1))
    problem = error.problems[0]
    assert (problem.place.line, problem.place.column) == (line, column)
    text = str(problem)
    assert text.startswith(f"x.plan.yaml:{line}:{column}: ")
    for word in words:
        assert word in text


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file():
    error = failing(PLAN.replace("per_day", "per_dya").replace("attempts: 5", "attempts: no"))
    assert [problem.place.line for problem in error.problems] == [3, 4, 8]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: [1, 2\n", 3, "not YAML"),
        ("a: 1\n\tb: 2\n", 2, "not YAML"),
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' stands twice"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("a: !!python/object:os.system x\n", 1, "is not allowed"),
        ("a: !custom x\n", 1, "is not allowed"),
        ("a: *nowhere\n", 1, "anchor"),
        ("a: &a [*a]\n", 1, "anchor 'a' is not known"),
        ("? [1, 2]\n: x\n", 1, "key must be text"),
        ("a:\n  <<: 5\n", 2, "alias of a mapping"),
        ("a: \x07\n", 1, "not allowed in YAML"),
        ("[" * (MOST_DEPTH + 1), 1, "nested deeper"),
        ("[" * 100_000, 1, "nested deeper"),
        ("{a: " * 5000, 1, "nested deeper"),
        ("- x\n" * (MOST_NODES + 1), MOST_NODES, "more than"),
    ],
)
def test_text_that_is_no_document_is_refused_with_its_line(text, line, words):
    with pytest.raises(DocumentError) as caught:
        parse_yaml(text, "bad.yaml")
    problem = caught.value.problems[0]
    assert words in str(problem)
    assert problem.place.line == line


def test_an_alias_bomb_is_refused_before_it_grows():
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    with pytest.raises(DocumentError, match="more than"):
        parse_yaml("\n".join(rows), "bomb.yaml")


def test_scalars_are_those_of_yaml_12():
    text = "[no, on, 12:30, 0x1F, 1_000, 1e3, .5, ~, '5', true, 2026-01-01, 1.2.3, !!str 7, +3]"
    tree, _ = parse_yaml(text, "x")
    assert tree == [
        "no", "on", "12:30", 31, 1000, 1000.0, 0.5, None, "5", True, "2026-01-01", "1.2.3", "7", 3,
    ]  # fmt: skip


def test_anchors_and_merges_share_what_is_written_once():
    tree, marks = parse_yaml("base: &b {x: 1, y: 2}\nmore:\n  <<: *b\n  y: 3\nsame: *b\n", "x")
    assert tree["more"] == {"x": 1, "y": 3}
    assert tree["same"] == {"x": 1, "y": 2}
    assert marks.place("same", "x").line == 5


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "null\n"])
def test_an_empty_document_says_how_to_begin(text):
    assert "begin with: name: ..." in str(failing(text))


@pytest.mark.parametrize("text", ["7", "[]", "text", "true"])
def test_a_document_that_is_no_mapping_is_refused(text):
    assert "expected a mapping" in str(failing(text))


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    (tmp_path / "orders.plan.yaml").write_text(PLAN)
    with pytest.raises(DocumentError, match="did you mean"):
        load_document(tmp_path / "order.plan.yaml", Plan)
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    with pytest.raises(DocumentError, match="this is not UTF-8"):
        load_yaml(tmp_path / "latin.yaml")
    with pytest.raises(DocumentError, match="cannot be read"):
        load_yaml(tmp_path)
    with pytest.raises(DocumentError, match="cannot be read"):
        load_yaml("a\0b")
    assert load_document(tmp_path / "orders.plan.yaml", Plan)[0].name == "orders"


def test_the_same_name_twice_is_refused():
    text = "name: n\nflows:\n  - {name: a, per_day: 1}\n  - {name: a, per_day: 2}\n"
    assert "two flows are named 'a'" in str(failing(text))


@settings(max_examples=300)
@given(st.text(alphabet=st.sampled_from(list("ab:-[]{}&*!|>'\"#,? \n\t0.<%@`")), max_size=60))
def test_any_text_is_read_or_refused_with_a_place(text):
    problems: tuple[Problem, ...] = ()
    try:
        parse_document(text, "x", Plan)
    except DocumentError as error:
        problems = error.problems
    assert problems
    assert all(problem.place.file == "x" for problem in problems)


@pytest.mark.parametrize("kind", ["plan", "design"])
def test_json_schemas_are_valid_and_refuse_unknown_keys(kind):
    schema = schema_for(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False


def test_the_short_forms_pass_the_published_schema():
    tree, _ = parse_yaml(PLAN, "x")
    jsonschema.validate(tree, schema_for("plan"))


def test_a_peak_factor_sharpens_the_busiest_hour_only():
    text = "name: n\nflows:\n  - {name: a, per_day: 1, profile: {shape: flat, peak_factor: 6}}\n"
    shares = parse_document(text, "x", Plan)[0].flows[0].profile.shares()
    assert max(shares) == pytest.approx(6 / 24)
    assert sum(shares) == pytest.approx(1)


def test_limits_are_changed_by_a_file(tmp_path):
    file = tmp_path / "limits.yaml"
    file.write_text(
        "limits:\n  dataverse.requests: {allowance: 100, seconds: 1m}\n  fo.page: 500\n"
        "costs:\n  dataverse:\n    create: {base: 500ms}\n"
    )
    found = load_limits(file)
    assert found.limits["dataverse.requests"].allowance == 100
    assert found.limits["dataverse.requests"].seconds == 60
    assert found.limits["fo.page"].allowance == 500
    assert found.costs["dataverse"].seconds("create") == 0.5
    assert load_limits(None).limits["fo.page"].allowance == 10_000


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("limits:\n  dataverse.request: 5\n", 2, "did you mean 'dataverse.requests'"),
        ("limits:\n  dataverse.requests: -5\n", 2, "0 or more"),
        ("limits:\n  dataverse.concurrency: {seconds: 5}\n", 2, "has no window"),
        ("limts: {}\n", 1, "did you mean 'limits'"),
        ("costs:\n  dataverse:\n    creat: {base: 1s}\n", 3, "did you mean 'create'"),
        ("costs:\n  datavers:\n    create: {base: 1s}\n", 2, "did you mean 'dataverse'"),
        ("costs:\n  dataverse:\n    create: {base: soon}\n", 3, "30s, 5m or 2h"),
    ],
)
def test_mistakes_in_a_limits_file_have_a_line(tmp_path, text, line, words):
    file = tmp_path / "limits.yaml"
    file.write_text(text)
    with pytest.raises(DocumentError) as caught:
        load_limits(file)
    assert words in str(caught.value)
    assert caught.value.problems[0].place.line == line


def test_a_design_names_its_systems_once():
    text = (
        "name: n\nsystems: [{name: a, kind: dataverse}, {name: a, kind: external}]\n"
        "flows: [{name: f, direction: inbound, pattern: odata, source: a, target: a}]\n"
    )
    assert "two systems are named 'a'" in str(failing(text, Design))
