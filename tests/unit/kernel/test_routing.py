"""The route table: precedence, decoding, methods."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.simulator.exchange import Response, Route
from windtunnel.simulator.kernel.routing import Matched, MethodNotAllowed, NotMatched, Router


def answer() -> Response:
    return Response(200)


PATHS = [
    "/",
    "/{tenant}/token",
    "/common/{name}",
    "/common/instance",
    "/files/{rest:path}",
    "/a.b/{x}/c/{y}",
]
ROUTER = Router(
    [Route("GET", path, answer) for path in PATHS] + [Route("POST", "/{t}/new", answer)]
)

CASES = [
    ("/", "/", {}),
    ("/contoso/token", "/{tenant}/token", {"tenant": "contoso"}),
    ("/common/token", "/common/{name}", {"name": "token"}),
    ("/common/instance", "/common/instance", {}),
    ("/files/", "/files/{rest:path}", {"rest": ""}),
    ("/files/a/b%20c/", "/files/{rest:path}", {"rest": "a/b c/"}),
    ("/a%2Fb/token", "/{tenant}/token", {"tenant": "a/b"}),
    ("/a.b/1/c/2", "/a.b/{x}/c/{y}", {"x": "1", "y": "2"}),
]


@pytest.mark.parametrize(("path", "route", "params"), CASES)
def test_a_path_finds_its_route(path, route, params):
    found = ROUTER.match("GET", path)
    assert isinstance(found, Matched)
    assert (found.route.path, found.params) == (route, params)


@pytest.mark.parametrize(
    "path", ["", "//token", "/contoso", "/contoso/token/", "/aXb/1/c/2", "/%ff/token", "/Common/x"]
)
def test_a_path_without_route_is_not_matched(path):
    assert isinstance(ROUTER.match("GET", path), NotMatched)


def test_another_method_tells_what_is_allowed():
    assert ROUTER.match("PUT", "/common/instance") == MethodNotAllowed("GET, HEAD")
    assert ROUTER.match("GET", "/x/new") == MethodNotAllowed("POST")
    assert isinstance(ROUTER.match("HEAD", "/common/instance"), Matched)
    assert isinstance(ROUTER.match("POST", "/common/new"), Matched)


def test_case_can_be_ignored():
    router = Router([Route("GET", "/Common/{name}/Keys", answer)], ignore_case=True)
    found = router.match("GET", "/cOMMON/Me/keys")
    assert isinstance(found, Matched)
    assert found.params == {"name": "Me"}


def test_one_path_has_one_route_per_method():
    with pytest.raises(ValueError, match="two routes for GET /x"):
        Router([Route("GET", "/x", answer), Route("GET", "/x", answer)])


@given(st.text(min_size=1))
def test_whatever_is_encoded_into_a_segment_comes_out(text):
    try:
        path = f"/{quote(text, safe='')}/token"
    except UnicodeEncodeError:
        return
    found = ROUTER.match("GET", path)
    if text not in {"common", "files"}:
        assert isinstance(found, Matched)
        assert found.params == {"tenant": text}
