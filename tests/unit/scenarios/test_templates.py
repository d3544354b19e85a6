"""Templates: what they give, how they fail, and that text without them is left alone."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.scenarios.errors import ExpressionError
from windtunnel.scenarios.templates import parts_of, render

SCOPE = {
    "data": {"name": "Fabrikam", "n": 3, "list": [{"id": 7}], "none": None, "yes": True},
    "response": {
        "headers": httpx.Headers({"Retry-After": "17"}),
        "json": {"@odata.nextLink": "https://next", "value": [1, 2]},
    },
    "now": lambda: datetime(2026, 1, 31, 12, 0, tzinfo=UTC),
    "today": lambda: date(2026, 1, 31),
}

GIVES = [
    ("plain", "plain"),
    ("${data.n}", 3),
    ("${data.list}", [{"id": 7}]),
    ("n=${data.n}", "n=3"),
    ("${data.name}-${data.n}", "Fabrikam-3"),
    ("${data.list[0].id}", 7),
    ("${data['name']}", "Fabrikam"),
    ("<${data.list}>", '<[{"id":7}]>'),
    ("<${data.none}${data.yes}>", "<true>"),
    ("$${data.n}", "${data.n}"),
    ("a $ b", "a $ b"),
    ("${response.headers.retry-after}", "17"),
    ("${number(response.headers.Retry-After) + 1}", 18),
    ("${response.json['@odata.nextLink']}", "https://next"),
    ("${now}", "2026-01-31T12:00:00Z"),
    ("${now+1d}", "2026-02-01T12:00:00Z"),
    ("${now - 90s}", "2026-01-31T11:58:30Z"),
    ("${today+1d}", "2026-02-01"),
    ("${date(now)}", "2026-01-31"),
    ("${epoch(now)}", 1769860800.0),
    ("${moment('2026-01-01T00:00:00Z') + 2h}", "2026-01-01T02:00:00Z"),
    ("${now - moment('2026-01-31T11:00:00Z')}", 3600),
    ("${seconds(data.n)}", 3),
    ("${data.n + 2 - 1}", 4),
    ("${'it''s } ' + upper(data.name)}", "it's } FABRIKAM"),
    ("${url('a b/ä')}", "a%20b%2F%C3%A4"),
    ("${base64('ab')}", "YWI="),
    ("${length(data.list)}", 1),
    ("${json(data.list)}", '[{"id": 7}]'),
    ({"a": ["${data.n}"]}, {"a": [3]}),
]

FAILS = [
    ("${data.nam}", "did you mean 'name'"),
    ("${dta.name}", "did you mean 'data'"),
    ("${data.n", "'}' is missing"),
    ("${}", "a value is missing"),
    ("${data.list[3]}", "has 1 entries"),
    ("${data.n.x}", "is a number"),
    ("${data.n * 2}", "'*' is not expected"),
    ("${__import__('os')}", "there is no function"),
    ("${upper('a', 'b')}", "takes one value"),
    ("${data.n + data.name}", "cannot compute"),
    ("${now + now}", "cannot compute"),
    ("${today + 1h}", "cannot compute"),
    ("${data.}", "after '.' comes a name"),
    ("${" + "(" * 50 + "1" + ")" * 50 + "}", "too many brackets"),
    ("${number('x')}", "number('x')"),
    ("${moment(data.list)}", "not a moment"),
]


@pytest.mark.parametrize(("text", "value"), GIVES, ids=[str(case[0]) for case in GIVES])
def test_a_template_gives_its_value(text, value):
    rendered = render(text, SCOPE)
    assert rendered == value
    assert type(rendered) is type(value)


@pytest.mark.parametrize(("text", "words"), FAILS, ids=[case[0][:30] for case in FAILS])
def test_a_wrong_template_says_why(text, words):
    with pytest.raises(ExpressionError) as raised:
        render(text, SCOPE)
    assert words in str(raised.value)


@given(st.text().filter(lambda text: "${" not in text))
def test_text_without_a_template_stays_as_it_is(text):
    assert render(text, {}) == text


@given(st.text())
def test_escaped_text_comes_out_as_it_was(text):
    assert render(text.replace("${", "$${"), {}) == text


@given(st.text("${}.[]'()+-dat0m ", max_size=40))
def test_any_text_is_read_or_refused(text):
    with suppress(ExpressionError):
        assert parts_of(text)


@given(st.text(), st.text())
def test_text_around_a_template_is_kept(before, after):
    before, after = before.replace("$", ""), after.replace("$", "")
    assert render(f"{before}${{data.n}}{after}|", SCOPE) == f"{before}3{after}|"
