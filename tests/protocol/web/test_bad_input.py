"""Bad tokens at the services of Dynamics, and what the control API answers to mistakes.

What storage answers is in blob/test_authorization.py, the token endpoint's AADSTS errors in
entra/test_token_endpoint.py.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

import pytest

from windtunnel.simulator.exchange import Request, Response
from windtunnel.simulator.kernel.settings import load
from windtunnel.simulator.kernel.tokens import SigningKey, issuer_of
from windtunnel.simulator.web.house import House

URLS = {
    "control": "http://localhost:1",
    "entra": "https://localhost:2",
    "dataverse": "https://localhost:3",
    "fo": "https://localhost:4",
    "blob": "http://localhost:5",
}
ORIGINS = {"finance_operations": "fo"}


@dataclass
class Answer:
    status: int
    headers: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Rig:
    """A house without sockets, and its signing key."""

    def __init__(self, folder) -> None:
        overrides = {
            "simulator.data_folder": folder,
            "simulator.clock": "manual",
            "simulator.tls": False,
        }
        self.house = House(load(overrides=overrides, environment={}))
        self.house.announce(URLS)
        self.applications = self.house.applications()
        self.key = SigningKey.kept_in(folder)

    def ask(self, service, method, path, body=b"", **headers) -> Answer:
        where, _, query = path.partition("?")
        host = URLS[ORIGINS.get(service, service)].partition("//")[2]
        lines = {b"host": host.encode(), b"content-type": b"application/json"}
        lines |= {name.encode(): value.encode() for name, value in headers.items()}
        answer = self.applications[service](Request(method, where, query, lines, body, "https"))
        assert isinstance(answer, Response)
        assert isinstance(answer.body, bytes)
        return Answer(answer.status, answer.head.decode().lower(), answer.body)

    def claims(self, origin, **changes):
        entra, now = self.house.settings.entra, self.house.clock.now()
        made = {
            "aud": URLS[origin],
            "iss": issuer_of(entra.tenant_id),
            "tid": entra.tenant_id,
            "appid": entra.clients[0].app_id,
            "oid": "00000000-0000-0000-0000-000000000001",
            "nbf": now,
            "exp": now + 600,
        }
        return {name: value for name, value in (made | changes).items() if value is not None}


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    made = Rig(tmp_path_factory.mktemp("data"))
    yield made
    made.house.close()


PATHS = {
    "dataverse": "/api/data/v9.2/WhoAmI",
    "finance_operations": "/data/CustomerGroups",
}
WRONG_CLAIMS = {
    "of another audience": {"aud": "https://elsewhere.example"},
    "of the audience with a path": {"aud": "https://localhost:3/api/data"},
    "of the other environment": {"aud": "https://localhost:2"},
    "without an audience": {"aud": None},
    "of another issuer": {"iss": "https://sts.windows.net/00000000-0000-0000-0000-000000000000/"},
    "of version 2's issuer": {"iss": "https://login.microsoftonline.com/common/v2.0"},
    "of another tenant": {"tid": "00000000-0000-0000-0000-000000000000"},
    "that expired": {"exp": 0},
    "that expires at no time": {"exp": None},
    "that expires at a word": {"exp": "tomorrow"},
    "that is not valid yet": {"nbf": 9e9, "exp": 9.1e9},
    "whose audience is a list": {"aud": ["https://localhost:3", "https://localhost:4"]},
}


def unsigned(claims, algorithm="none", signature=b""):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    head = json.dumps({"alg": algorithm, "typ": "JWT"}).encode()
    body = json.dumps(claims).encode()
    return b".".join((part(head), part(body), part(signature))).decode()


def refused_as_a_stranger(service, answer):
    assert answer.status == 401, answer.body
    if service == "dataverse":
        assert answer.body == b""
        assert "www-authenticate: bearer authorization_uri=" in answer.headers
    else:
        assert answer.json["Message"] == "Authentication failed."
        assert set(answer.json) == {"Message", "StackTrace", "ExceptionType"}


@pytest.mark.parametrize("service", PATHS)
@pytest.mark.parametrize("wrong", WRONG_CLAIMS)
def test_a_token_with_a_wrong_claim_is_refused(rig, service, wrong):
    claims = rig.claims(ORIGINS.get(service, service), **WRONG_CLAIMS[wrong])
    token = rig.key.sign(claims)
    answer = rig.ask(service, "GET", PATHS[service], authorization=f"Bearer {token}")
    refused_as_a_stranger(service, answer)


def test_the_same_token_without_the_wrong_claim_is_accepted(rig):
    for service, path in PATHS.items():
        token = rig.key.sign(rig.claims(ORIGINS.get(service, service)))
        answer = rig.ask(service, "GET", path, authorization=f"Bearer {token}")
        assert answer.status == 200, answer.body


@pytest.mark.parametrize("service", PATHS)
def test_a_token_that_is_not_signed_by_the_tenant_is_refused(rig, service):
    claims = rig.claims(ORIGINS.get(service, service))
    good = rig.key.sign(claims)
    forged = {
        "by another key": SigningKey.generate().sign(claims),
        "by none": unsigned(claims),
        "by None": unsigned(claims, "None"),
        "with the public key as a secret": unsigned(claims, "HS256", b"x" * 32),
        "cut": good[:-10],
        "without its signature": good.rpartition(".")[0] + ".",
        "with other claims": good.split(".")[0] + "." + ".".join(unsigned(claims).split(".")[1:]),
    }
    for token in forged.values():
        answer = rig.ask(service, "GET", PATHS[service], authorization=f"Bearer {token}")
        refused_as_a_stranger(service, answer)


@pytest.mark.parametrize("service", PATHS)
@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer a.b.c",
        "Bearer ..",
        "Bearer " + "." * 5000,
        "Bearer " + "x" * 20_000,
        "Bearer é\x00",
        "Basic dXNlcjpwYXNz",
        "Negotiate x",
        "x",
        "Bearer eyJhbGciOiJSUzI1NiJ9.W10.x",
        "Bearer "
        + base64.urlsafe_b64encode(b'{"alg":"RS256"}' + b"[" * 5000).decode()
        + ".e30.e30",
    ],
)
def test_a_header_that_holds_no_token_is_refused(rig, service, header):
    answer = rig.ask(service, "GET", PATHS[service], authorization=header)
    refused_as_a_stranger(service, answer)


ROOT = "/_windtunnel"
MISTAKES = [
    ("GET", "/nothing", b"", 404, "There is no /nothing here."),
    ("GET", f"{ROOT}/%ff", b"", 404, "GET /_windtunnel/openapi.json lists what there is."),
    ("GET", f"{ROOT}//health", b"", 404, "There is no"),
    ("DELETE", f"{ROOT}/health", b"", 405, "takes GET, HEAD, not DELETE."),
    ("POST", f"{ROOT}/clock/advance", b"{", 400, "body: Invalid JSON"),
    ("POST", f"{ROOT}/clock/advance", b"{}", 400, "seconds: Field required"),
    ("POST", f"{ROOT}/clock/advance", b'{"seconds":"x"}', 400, "seconds: Input should be a valid"),
    ("POST", f"{ROOT}/clock/advance", b'{"seconds":-5}', 400, "greater than or equal to 0"),
    ("POST", f"{ROOT}/clock/advance", b'{"seconds":1e400}', 400, "seconds: "),
    ("POST", f"{ROOT}/clock/advance", b'{"seconds":NaN}', 400, "seconds: "),
    ("POST", f"{ROOT}/clock/advance", b"\xff", 400, "body: "),
    ("POST", f"{ROOT}/faults", b"[]", 400, "body: Input should be an object"),
    ("POST", f"{ROOT}/faults", b'{"action":"x"}', 400, "action: Input should be 'error'"),
    ("POST", f"{ROOT}/faults", b'{"action":"error","status":9999}', 400, "status: "),
    ("POST", f"{ROOT}/faults", b'{"path":"("}', 400, "not a regular expression"),
    ("POST", f"{ROOT}/faults", b'{"nothing":1}', 400, "nothing: "),
    ("DELETE", f"{ROOT}/faults/x", b"", 404, "There is no fault 'x'."),
    ("PUT", f"{ROOT}/limits", b"{", 400, "Invalid JSON. Unexpected end of input"),
    ("PUT", f"{ROOT}/limits", b"[]", 400, "must be an object of limit id to numbers"),
    ("PUT", f"{ROOT}/limits", b'{"nothing":{}}', 400, "no limit has the id 'nothing'"),
    ("PUT", f"{ROOT}/limits", b'{"fo.batch":{"allowance":"x"}}', 400, "allowance"),
    ("PUT", f"{ROOT}/limits", b'{"fo.batch":{"allowance":true}}', 400, "fo.batch: give"),
    ("PUT", f"{ROOT}/limits", b'{"fo.batch":{"allowance":-1}}', 400, "must be 0 or more"),
    ("PUT", f"{ROOT}/limits", b'{"fo.batch":{"seconds":5}}', 400, "fo.batch has no window"),
    ("PUT", f"{ROOT}/limits", b'{"fo.batch":5}', 400, "fo.batch"),
    ("GET", f"{ROOT}/journal?limit=x", b"", 400, "limit=x: not a number"),
    ("GET", f"{ROOT}/journal?since=x", b"", 400, "since=x: not a number"),
    ("GET", f"{ROOT}/journal?nothing=x", b"", 400, "nothing=x: unknown; there are"),
    ("POST", f"{ROOT}/seed", b"{", 400, "body: Invalid JSON"),
    ("POST", f"{ROOT}/snapshots/nothing/restore", b"", 404, "nothing"),
    ("POST", f"{ROOT}/jobs/nothing/complete", b"", 404, "nothing"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "text"), MISTAKES)
def test_the_control_api_says_what_is_wrong(rig, caplog, method, path, body, status, text):
    answer = rig.ask("control", method, path, body)
    assert answer.status == status, answer.body
    assert text in answer.json["error"]["message"]
    assert "x-windtunnel-bug" not in answer.headers
    assert not [line for line in caplog.records if line.levelname == "ERROR"]
