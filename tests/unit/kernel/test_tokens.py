"""Signing keys and the token check: reasons, the clock, the bounded memory."""

from __future__ import annotations

import json
import stat
import sys
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.clock import ManualClock
from windtunnel.simulator.kernel.tokens import (
    Claims,
    InvalidToken,
    SigningKey,
    TokenCheck,
    base64url,
    issuer_of,
    loopback_spellings,
)

TENANT = "8f3c1d52-0c1a-4f5e-9a43-0e6f7c2b9d10"
KEY = SigningKey.generate()


def payload(clock: ManualClock, **changes) -> dict:
    now = clock.now()
    return {
        "aud": "https://env",
        "iss": issuer_of(TENANT),
        "tid": TENANT,
        "appid": "APP",
        "oid": "OID",
        "nbf": now,
        "exp": now + 100,
        **changes,
    }


def make_check(clock: ManualClock, **options) -> TokenCheck:
    return TokenCheck(KEY, TENANT, clock, audiences=["https://env"], **options)


def bearer(token: str) -> bytes:
    return b"Bearer " + token.encode()


def reason(check: TokenCheck, token: str) -> str:
    with pytest.raises(InvalidToken) as caught:
        check.bearer(bearer(token))
    return caught.value.reason


def test_claims_are_read_in_lower_case():
    clock = ManualClock()
    claims = make_check(clock).bearer(bearer(KEY.sign(payload(clock, scp="a b", upn="x@y"))))
    assert (claims.app_id, claims.object_id, claims.tenant_id) == ("app", "oid", TENANT)
    assert (claims.scopes, claims.user_name, claims.audience) == (("a", "b"), "x@y", "https://env")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"aud": "https://env/"}, "audience"),
        ({"aud": ["https://env"]}, "audience"),
        ({"iss": "https://sts.windows.net/other/"}, "issuer"),
        ({"tid": "other"}, "issuer"),
        ({"exp": 1}, "expired"),
        ({"nbf": 4_000_000_000, "exp": 5_000_000_000}, "not_yet_valid"),
        ({"exp": "soon"}, "malformed"),
        ({"exp": None}, "malformed"),
    ],
)
def test_a_wrong_claim_has_its_reason(changes, expected):
    clock = ManualClock()
    assert reason(make_check(clock), KEY.sign(payload(clock, **changes))) == expected


def without_signature(header: dict, claims: object) -> str:
    parts = (base64url(json.dumps(part).encode()) for part in (header, claims))
    return ".".join((*parts, "AAAA"))


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("", "missing"),
        ("mock", "malformed"),
        ("a.b.c", "malformed"),
        ("é.ü.ß", "malformed"),
        (without_signature({"alg": "none"}, {}), "signature"),
        (without_signature({"alg": "HS256"}, {}), "signature"),
        (without_signature({"alg": "RS256"}, {}), "signature"),
        (without_signature({"alg": "RS256", "crit": ["b64"]}, {}), "malformed"),
        (base64url(b"[" * 200_000) + ".e30.AAAA", "malformed"),
    ],
)
def test_garbage_has_its_reason(token, expected):
    assert reason(make_check(ManualClock()), token) == expected


def test_another_key_is_not_believed():
    clock = ManualClock()
    assert reason(make_check(clock), SigningKey.generate().sign(payload(clock))) == "signature"


@given(st.text(max_size=80))
def test_any_text_is_refused_with_a_reason(text):
    assert reason(make_check(ManualClock()), text) in {"missing", "malformed", "signature"}


def test_a_token_is_checked_against_the_clock_every_time():
    clock = ManualClock()
    check = make_check(clock)
    token = KEY.sign(payload(clock))
    check.bearer(bearer(token))
    clock.advance(99.9)
    check.bearer(bearer(token))
    clock.advance(0.1)
    assert reason(check, token) == "expired"


def test_a_static_token_stands_for_a_caller_for_ever():
    clock = ManualClock()
    check = make_check(clock, static={"mock-token": Claims("app", "oid", TENANT)})
    clock.advance(1e9)
    assert check.bearer(bearer("mock-token")).app_id == "app"
    assert reason(make_check(clock), "mock-token") == "malformed"


def test_audiences_can_be_added_when_ports_are_known():
    clock = ManualClock()
    check = make_check(clock)
    token = KEY.sign(payload(clock, aud="https://localhost:1"))
    assert reason(check, token) == "audience"
    check.accept(loopback_spellings("https://localhost:1"))
    assert check.bearer(bearer(token)).audience == "https://localhost:1"


@pytest.mark.parametrize(
    ("url", "spellings"),
    [
        ("https://localhost:1", ("https://localhost:1", "https://127.0.0.1:1", "https://[::1]:1")),
        ("http://0.0.0.0", ("http://localhost", "http://127.0.0.1", "http://[::1]")),
        ("https://a.example:1", ("https://a.example:1",)),
    ],
)
def test_loopback_has_three_names(url, spellings):
    assert loopback_spellings(url) == spellings


def test_the_published_keys_validate_what_was_signed():
    clock = ManualClock()
    token = KEY.sign(payload(clock))
    [key] = jwt.PyJWKSet.from_dict(KEY.jwks()).keys
    assert key.key_id == jwt.get_unverified_header(token)["kid"]
    options = {"verify_exp": False, "verify_nbf": False, "verify_aud": False}
    assert jwt.decode(token, key, algorithms=["RS256"], options=options)["oid"] == "OID"


def test_a_data_folder_has_one_key_however_many_start_at_once(tmp_path):
    with ThreadPoolExecutor(4) as pool:
        keys = list(pool.map(lambda _: SigningKey.kept_in(tmp_path / "new"), range(4)))
    assert len({key.kid for key in keys}) == 1
    [file] = (tmp_path / "new").iterdir()
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"garbage", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_broken_key_file_is_named_with_its_remedy(tmp_path, content):
    (tmp_path / "token-signing.pem").write_bytes(content)
    with pytest.raises(UsageError, match=r"(?s)token-signing\.pem.*Delete the file"):
        SigningKey.kept_in(tmp_path)


def test_a_folder_that_cannot_be_made_is_a_usage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"data_folder"):
        SigningKey.kept_in(tmp_path / "file" / "below")
