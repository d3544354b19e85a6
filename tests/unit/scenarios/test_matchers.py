"""Expected against got: a table of what fits and of what is reported where it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.scenarios.expected import check_expected
from windtunnel.scenarios.matchers import MISSING, compare, same

FITS = [
    (1, 1.0),
    ({"a": 1}, {"a": 1, "b": 2}),
    ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 2, "d": 3}]}}),
    (None, None),
    ({"$any": None}, None),
    ({"$type": "string"}, "x"),
    ({"$type": "number"}, 1.5),
    ({"$type": "integer"}, 2.0),
    ({"$type": "null"}, None),
    ({"$type": "guid"}, "5f9f7f6e-0000-4000-8000-000000000001"),
    ({"$type": "date"}, "2026-01-31"),
    ({"$type": "datetime"}, "2026-01-31T10:00:00Z"),
    ({"$regex": "^SO-[0-9]+$"}, "SO-12"),
    ({"$gt": 1, "$lt": 3}, 2),
    ({"$gte": "2026-01-01T00:00:00Z"}, "2026-01-01T01:00:00+01:00"),
    ({"$gt": "a"}, "b"),
    ({"$contains": "b"}, "abc"),
    ({"$contains": {"n": 1}}, [{"n": 0}, {"n": 1, "m": 2}]),
    ({"$length": 2}, [1, 2]),
    ({"$length": {"$gte": 1}}, "x"),
    ({"$each": {"n": {"$gt": 0}}}, [{"n": 1}, {"n": 2}]),
    ({"$each": 1}, []),
    ({"$unordered": [2, 1]}, [1, 2]),
    ({"$unordered": [{"$gt": 0}, 1]}, [1, 2]),
    ({"a": {"$absent": True}}, {"b": 1}),
    ({"a": {"$absent": False}}, {"a": None}),
    ({"$approx": {"value": 10, "within": 0.5}}, 10.4),
    (
        {"$approx": {"value": "2026-01-01T00:00:00Z", "within": 5}},
        "2026-01-01T00:00:04.5Z",
    ),
    ({"$oneof": [1, {"$type": "string"}]}, "x"),
    ({"a": {"$oneof": [{"$absent": True}, None]}}, {}),
    ({"$not": {"a": 1}}, {"a": 2}),
    ({"$exact": {"a": [1]}}, {"a": [1.0]}),
]

DIFFERS = [
    (1, True, ["r"]),
    ("1", 1, ["r"]),
    (None, MISSING, ["r"]),
    ({"a": 1, "b": {"c": 2}}, {"a": 2, "b": {}}, ["r.a", "r.b.c"]),
    ({"a": 1}, [1], ["r"]),
    ([1, 2], [1, 3, 4], ["r", "r[1]"]),
    ([1], "1", ["r"]),
    ({"@odata.count": 1}, {}, ["r['@odata.count']"]),
    ({"$type": "integer"}, 1.5, ["r"]),
    ({"$type": "number"}, True, ["r"]),
    ({"$type": "guid"}, "x", ["r"]),
    ({"$regex": "a"}, 1, ["r"]),
    ({"$gt": 1}, "2", ["r"]),
    ({"$gt": 1, "$lt": 0}, 1, ["r", "r"]),
    ({"$contains": 1}, 1, ["r"]),
    ({"$length": 2}, [1], ["r.length()"]),
    ({"$each": {"n": 1}}, [{"n": 1}, {"n": 2}, {}], ["r[1].n", "r[2].n"]),
    ({"$unordered": [1, 2]}, [1, 3], ["r", "r"]),
    ({"$unordered": [1]}, {"a": 1}, ["r"]),
    ({"$absent": True}, 1, ["r"]),
    ({"$absent": False}, MISSING, ["r"]),
    ({"$approx": {"value": 1, "within": 0.1}}, 2, ["r"]),
    ({"$oneof": [1, 2]}, 3, ["r"]),
    ({"$not": 3}, 3, ["r"]),
    ({"$exact": {"a": 1, "b": 2}}, {"a": 1, "c": 3}, ["r.b", "r.c"]),
    ({"$regex": "a"}, MISSING, ["r"]),
]

WRONG = [
    ({"$regx": "a"}, "did you mean '$regex'"),
    ({"$regex": "("}, "cannot be read"),
    ({"$type": "text"}, "there are string"),
    ({"$any": True, "plain": 1}, "stands beside plain keys"),
    ({"$unordered": 1}, "takes a list"),
    ({"$approx": 1}, "takes {value"),
    ({"$approx": {"value": 1, "within": -1}}, "0 or more"),
    ({"$absent": "yes"}, "true or false"),
    ({"$gt": [1]}, "a number or text"),
    ({"a": [{"$each": {"$nope": 1}}]}, "no matcher '$nope'"),
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(("expected", "actual"), FITS)
def test_what_fits_leaves_nothing_to_report(expected, actual):
    assert compare(check_expected(expected), actual, "r") == []


@pytest.mark.parametrize(("expected", "actual", "paths"), DIFFERS)
def test_every_difference_is_reported_at_its_path(expected, actual, paths):
    assert [m.path for m in compare(check_expected(expected), actual, "r")] == paths


@pytest.mark.parametrize(("expected", "words"), WRONG)
def test_a_wrong_matcher_is_refused_before_anything_runs(expected, words):
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the words are the point
        check_expected(expected)
    assert words in str(raised.value)


@given(json_values)
def test_every_value_fits_itself(value):
    assert compare(value, value, "r") == []
    assert compare({"$exact": value}, value, "r") == []


@given(json_values, json_values)
def test_exact_reports_nothing_only_for_the_same(left, right):
    assert (compare({"$exact": left}, right, "r") == []) == same(left, right)


@given(st.lists(json_values, max_size=5), st.randoms())
def test_an_unordered_list_fits_every_order(values, random):
    shuffled = list(values)
    random.shuffle(shuffled)
    assert compare({"$unordered": values}, shuffled, "r") == []
