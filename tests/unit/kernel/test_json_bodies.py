"""The JSON of a body: character sets, repeated names, and what is no JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.simulator.exchange import Request
from windtunnel.simulator.kernel.json_bodies import (
    BadJson,
    RepeatedName,
    any_json_of,
    odata_json_of,
)


def request(body: bytes, media: str = "application/json") -> Request:
    return Request("POST", "/", "", {b"content-type": media.encode()}, body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=JSON, indent=st.none() | st.integers(0, 3), marks=st.sampled_from([":", " : ", ": "]))
def test_what_has_no_name_twice_is_read_however_it_is_written(
    value: object, indent: int | None, marks: str
) -> None:
    text = json.dumps(value, indent=indent, separators=(",", marks))
    assert odata_json_of(request(text.encode())) == value
    assert any_json_of(request(text.encode("utf-16"))) == value


REPEATED = [
    '{"a":1,"a":2}',
    '{"a":1,"a" :2}',
    '{"a" : 1, "a": 2}',
    '{"a":1,\n"b":2,\n"a"\n:2}',
    '{"x":{"a":1,"a":2}}',
    '[{"b":1},{"a":1,"a":[{}]}]',
    '{"a":"\\"b\\":","a":1}',
    '{"a":1,"\\u0061":2}',
]


@pytest.mark.parametrize("text", REPEATED)
def test_a_name_given_twice_is_refused_by_odata_alone(text: str) -> None:
    with pytest.raises(RepeatedName, match="with the name 'a' were detected"):
        odata_json_of(request(text.encode()))
    assert any_json_of(request(text.encode())) == json.loads(text)


@pytest.mark.parametrize(
    ("body", "media", "text"),
    [
        (b"{", "", "Unexpected end of input was found"),
        (b"{} {}", "", "More than one value was found"),
        (b"nonsense", "", "A token was not recognized"),
        (b"{}", "application/json; charset=nonsense", "'nonsense' is not supported."),
        (b"\xff\xff", "application/json; charset=utf-8", "A token was not recognized"),
        (b"\xe9", "application/json; charset=ascii", "'ascii' does not fit the body."),
        (b"\xff\xfe{", "", "'utf-16' does not fit the body."),
        (b'{"a" :' * 1000 + b'{"b":1, "b":2}' + b"}" * 1000, "", "too deeply|with the name 'b'"),
    ],
)
def test_what_cannot_be_read_says_why(body: bytes, media: str, text: str) -> None:
    with pytest.raises(BadJson, match=text):
        odata_json_of(request(body, media))
