"""The careful sample against a service that answers by a script: waits, lost answers, an end."""

from __future__ import annotations

import httpx
import pytest
import respx

from windtunnel.scenarios.samples.fo import careful as fo_careful
from windtunnel.scenarios.samples.order_sync import careful

FO = "http://fo.example"


class Tokens:
    """A token that needs nobody to ask."""

    def headers(self, resource: str) -> dict[str, str]:
        return {"authorization": f"Bearer for {resource}"}


class Environment:
    """Only what a client is made with."""

    def tls(self) -> bool:
        return True


@pytest.fixture
def waits(monkeypatch):
    """The seconds that were waited, in no time."""
    found: list[float] = []
    for module in (careful, fo_careful):
        monkeypatch.setattr(module.time, "sleep", found.append)
    return found


@pytest.fixture
def service(waits):
    return careful.Service(Environment(), Tokens(), FO)


@respx.mock
def test_a_retry_after_is_waited_and_the_request_sent_again_as_it_was(service, waits):
    refused = httpx.Response(429, headers={"Retry-After": "17"})
    route = respx.post(f"{FO}/data/SalesOrderHeadersV2", json={"x": 1}).mock(
        side_effect=[refused, refused, httpx.Response(201, json={})]
    )
    assert service.send("POST", "/data/SalesOrderHeadersV2", json={"x": 1}).status_code == 201
    assert waits == [17.0, 17.0]
    assert {call.request.headers["authorization"] for call in route.calls} == {f"Bearer for {FO}"}


@respx.mock
def test_without_a_retry_after_waits_grow_and_none_is_endless(service, waits):
    respx.get(f"{FO}/data").mock(return_value=httpx.Response(503))
    with pytest.raises(careful.GaveUp, match="GET /data after 12 attempts"):
        service.send("GET", "/data")
    assert len(waits) == careful.ATTEMPTS
    assert waits[4] > waits[0] * 8
    assert max(waits) <= 36.0


@respx.mock
def test_an_answer_that_was_lost_is_looked_for_before_the_request_is_sent_again(service):
    route = respx.post(f"{FO}/data/SalesOrderHeadersV2").mock(side_effect=httpx.ReadTimeout)
    there = httpx.Response(200, json={"SalesOrderNumber": "SO-1"})
    looked = iter([None, there])
    found = service.send("POST", "/data/SalesOrderHeadersV2", again=lambda: next(looked), json={})
    assert found is there
    assert route.call_count == 2


@respx.mock
def test_a_refusal_that_waiting_cannot_mend_comes_back_at_once(service, waits):
    route = respx.get(f"{FO}/data/Nothing").mock(return_value=httpx.Response(404))
    assert service.send("GET", "/data/Nothing").status_code == 404
    assert (route.call_count, waits) == (1, [])


@respx.mock
def test_an_upload_is_tried_again_until_the_blob_is_there(waits):
    answers = [httpx.Response(503), httpx.ConnectError("no"), httpx.Response(201)]
    route = respx.put("http://blob.example/package?sig=1").mock(side_effect=answers)
    fo_careful.upload("http://blob.example/package?sig=1", b"zip")
    assert [call.request.content for call in route.calls] == [b"zip"] * 3
    assert all(call.request.headers["x-ms-blob-type"] == "BlockBlob" for call in route.calls)
    assert waits == [0.1, 0.2]
