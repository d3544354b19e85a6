"""Flows in which a person takes part, and client assertions and managed identities."""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
REDIRECT = "http://localhost:49152"
VERIFIER = "a-verifier-long-enough-for-anybody-0123456789"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)


def code_of(answer) -> list[int]:
    return answer.json()["error_codes"]


def claims(answer) -> dict:
    return jwt.decode(answer.json()["access_token"], options={"verify_signature": False})


def password_form(known, **changes: str) -> dict[str, str]:
    return {
        "grant_type": "password",
        "client_id": known["PUBLIC"],
        "username": known["USER"],
        "password": "pa55",
        "scope": f"openid offline_access {known['ENV']}/user_impersonation",
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"password": "wrong"}, 50126),
        ({"username": "nobody@contoso.com"}, 50034),
        ({"client_id": "{APP}"}, 7000218),
        ({"client_id": "{GUARDED}"}, 65001),
        ({"client_id": "{GUARDED}", "username": "{OTHER}"}, 50105),
        ({"password": ""}, 900144),
    ],
)
def test_a_password_sign_in_is_refused(talk, known, changes, number):
    changes = {name: value.format_map(known) for name, value in changes.items()}
    answer = talk.token(**password_form(known, **changes))
    assert (answer.status in {400, 401}, code_of(answer)) == (True, [number])


def test_a_user_token_names_the_user(talk, known):
    answer = talk.token(**password_form(known, client_info="1"))
    found = claims(answer)
    assert (found["upn"], found["scp"], found["idtyp"], found["appidacr"]) == (
        known["USER"],
        "user_impersonation",
        "user",
        "0",
    )
    body = answer.json()
    assert body["scope"] == f"offline_access openid {known['ENV']}/user_impersonation"
    identity = jwt.decode(body["id_token"], options={"verify_signature": False})
    assert identity["aud"] == known["PUBLIC"]
    assert identity["iss"] == f"https://localhost:8366/{known['TENANT']}/v2.0"
    assert body["client_info"]


def test_a_refresh_token_buys_another_token_until_it_is_too_old(talk, known, clock):
    first = talk.token(**password_form(known)).json()
    form = {
        "grant_type": "refresh_token",
        "client_id": known["PUBLIC"],
        "refresh_token": first["refresh_token"],
    }
    second = talk.token(**form)
    assert (claims(second)["aud"], claims(second)["upn"]) == (known["ENV"], known["USER"])
    assert claims(talk.token(1, **form))["aud"] == known["ENV"]
    other = talk.token(**form, scope="https://vault.azure.net/.default")
    assert claims(other)["aud"] == "https://vault.azure.net"
    assert code_of(talk.token(**{**form, "client_id": known["GUARDED"]})) == [70000]
    assert code_of(talk.token(**{**form, "refresh_token": "1.Agarbage"})) == [70000]
    stolen = talk.token(**{**form, "refresh_token": first["access_token"]})
    assert code_of(stolen) == [70000]
    clock.advance(91 * 86_400)
    assert code_of(talk.token(**form)) == [70008]


def start_device(talk, known) -> dict:
    form = {"client_id": known["PUBLIC"], "scope": f"{known['ENV']}/.default"}
    return talk.send("POST", f"/{known['TENANT']}/oauth2/v2.0/devicecode", form=form).json()


def poll(talk, known, code: str):
    return talk.token(
        grant_type="urn:ietf:params:oauth:grant-type:device_code",
        client_id=known["PUBLIC"],
        device_code=code,
    )


def test_a_device_waits_until_its_user_has_signed_in(talk, known):
    flow = start_device(talk, known)
    assert (flow["expires_in"], flow["interval"]) == (900, 5)
    assert flow["user_code"] in flow["message"]
    assert poll(talk, known, flow["device_code"]).json()["error"] == "authorization_pending"
    page = talk.send("GET", f"/devicelogin?user_code={flow['user_code']}")
    assert known["USER"] in page.body.decode()
    form = {"user_code": flow["user_code"].lower(), "upn": known["USER"]}
    assert talk.send("POST", "/devicelogin", form=form).status == 200
    assert claims(poll(talk, known, flow["device_code"]))["upn"] == known["USER"]
    assert poll(talk, known, flow["device_code"]).json()["error"] == "expired_token"


def test_a_device_can_be_declined_or_come_too_late(talk, known, clock, entra):
    declined = start_device(talk, known)
    talk.send("POST", "/devicelogin", form={"user_code": declined["user_code"], "decline": "1"})
    assert poll(talk, known, declined["device_code"]).json()["error"] == "authorization_declined"
    late = start_device(talk, known)
    clock.advance(901)
    form = {"user_code": late["user_code"], "upn": known["USER"]}
    assert code_of(talk.send("POST", "/devicelogin", form=form)) == [70019]
    assert poll(talk, known, late["device_code"]).json()["error"] == "expired_token"
    assert poll(talk, known, "never issued").json()["error"] == "bad_verification_code"
    entra.reset()
    assert poll(talk, known, late["device_code"]).json()["error"] == "bad_verification_code"


def test_the_device_endpoint_of_version_1_answers_strings(talk, known):
    form = {"client_id": known["PUBLIC"], "resource": known["ENV"]}
    flow = talk.send("POST", f"/{known['TENANT']}/oauth2/devicecode", form=form).json()
    assert flow["expires_in"] == "900"
    assert flow["verification_url"].endswith("/devicelogin")


def authorize(talk, known, *, post: dict | None = None, **changes: str | None):
    asked = {
        "client_id": known["PUBLIC"],
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": f"openid {known['ENV']}/user_impersonation",
        "state": "here & there",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    query = urlencode({k: v for k, v in asked.items() if v is not None})
    target = f"/{known['TENANT']}/oauth2/v2.0/authorize?{query}"
    return talk.send("POST" if post else "GET", target, form=post)


def sent_back(answer, mark: str = "?") -> dict[str, str]:
    assert answer.status == 302
    location = answer.headers["location"]
    assert location.startswith(f"{REDIRECT}{mark}")
    parts = urlsplit(location)
    return {k: v[0] for k, v in parse_qs(parts.query or parts.fragment).items()}


def redeem(talk, known, code: str, **changes: str):
    form = {
        "grant_type": "authorization_code",
        "client_id": known["PUBLIC"],
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        **changes,
    }
    return talk.token(**form)


def test_a_code_works_once_for_the_one_who_holds_the_verifier(talk, known, clock):
    back = sent_back(authorize(talk, known, login_hint=known["USER"]))
    assert back["state"] == "here & there"
    assert code_of(redeem(talk, known, back["code"], code_verifier="other")) == [501481]
    assert code_of(redeem(talk, known, back["code"], redirect_uri="http://localhost")) == [70000]
    assert claims(redeem(talk, known, back["code"]))["upn"] == known["USER"]
    assert code_of(redeem(talk, known, back["code"])) == [54005]
    late = sent_back(
        authorize(talk, known, login_hint=known["USER"], response_mode="fragment"), "#"
    )
    clock.advance(601)
    assert code_of(redeem(talk, known, late["code"])) == [70008]


def test_the_page_offers_the_users_and_posts_the_choice(talk, known):
    page = authorize(talk, known, prompt="select_account", login_hint=known["USER"])
    assert page.status == 200
    text = page.body.decode()
    assert known["USER"] in text
    assert known["OTHER"] in text
    hidden = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', text))
    assert hidden["state"] == "here &amp; there"
    chosen = authorize(talk, known, post={"upn": known["OTHER"]})
    assert claims(redeem(talk, known, sent_back(chosen)["code"]))["upn"] == known["OTHER"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"prompt": "none"}, "login_required"),
        ({"login_hint": "nobody@contoso.com"}, "invalid_grant"),
        ({"login_hint": "{USER}", "response_type": "token"}, "unsupported_response_type"),
        ({"login_hint": "{USER}", "scope": "https://nowhere.example/x"}, "invalid_resource"),
        ({"login_hint": "{USER}", "scope": None}, "invalid_request"),
        ({"login_hint": "{USER}", "client_id": "{GUARDED}"}, "invalid_grant"),
    ],
)
def test_errors_go_back_to_the_client(talk, known, changes, error):
    changes = {k: v and v.format_map(known) for k, v in changes.items()}
    assert sent_back(authorize(talk, known, **changes))["error"] == error


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"redirect_uri": "https://evil.example/"}, 50011),
        ({"redirect_uri": "http://localhost:1/elsewhere"}, 50011),
        ({"redirect_uri": None}, 900144),
        ({"client_id": "{BARE}"}, 500113),
        ({"client_id": "{NOBODY}"}, 700016),
    ],
)
def test_nothing_goes_to_a_redirect_that_is_not_registered(talk, known, changes, number):
    changes = {k: v and v.format_map(known) for k, v in changes.items()}
    answer = authorize(talk, known, login_hint=known["USER"], **changes)
    assert (answer.status, code_of(answer)) == (400, [number])


def test_sign_out_goes_back_to_registered_addresses_only(talk, known):
    path = f"/{known['TENANT']}/oauth2/v2.0/logout?post_logout_redirect_uri="
    assert talk.send("GET", path + REDIRECT).headers["location"] == REDIRECT
    assert talk.send("GET", path + "https://evil.example").status == 200


def test_on_behalf_of_takes_only_tokens_meant_for_the_caller(talk, known, clock):
    def user_token(scope: str) -> str:
        return talk.token(**password_form(known, scope=scope)).json()["access_token"]

    def exchange(assertion: str):
        return talk.token(
            grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer",
            client_id=known["APP"],
            client_secret=known["SECRET"],
            assertion=assertion,
            requested_token_use="on_behalf_of",
            scope=f"{known['ENV']}/.default",
        )

    mine = user_token(f"api://{known['APP']}/access")
    assert claims(exchange(mine))["upn"] == known["USER"]
    assert code_of(exchange(user_token(f"{known['ENV']}/.default"))) == [500131]
    assert code_of(exchange(mine[:-4] + "AAAA")) == [50013]
    own = talk.token(
        grant_type="client_credentials",
        client_id=known["APP"],
        client_secret=known["SECRET"],
        scope=f"api://{known['APP']}/.default",
    ).json()["access_token"]
    assert code_of(exchange(own)) == [7000114]
    clock.advance(4000)
    assert code_of(exchange(mine)) == [500133]


# -- client assertions --------------------------------------------------------------------------


def assertion_form(known, clock, key: str, **changes) -> dict[str, str]:
    now = int(clock.now())
    found = {
        "iss": known["SIGNER"],
        "sub": known["SIGNER"],
        "aud": f"https://localhost:8366/{known['TENANT']}/oauth2/v2.0/token",
        "jti": "one",
        "nbf": now,
        "exp": now + 600,
        **changes,
    }
    found = {k: v for k, v in found.items() if v is not None}
    return {
        "grant_type": "client_credentials",
        "client_id": changes.pop("client_id", known["SIGNER"]),
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": jwt.encode(found, key, algorithm="RS256"),
        "scope": f"{known['ENV']}/.default",
    }


def test_a_certificate_proves_the_client_once(talk, known, clock, certificate):
    form = assertion_form(known, clock, certificate[1])
    answer = talk.token(**form)
    assert claims(answer)["appidacr"] == "2"
    assert code_of(talk.token(**form)) == [7000271]


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"aud": "https://elsewhere.example/token"}, 700023),
        ({"aud": 7}, 700023),
        ({"exp": 1_000}, 700024),
        ({"nbf": 1_900_000_000, "exp": 1_900_000_100}, 700024),
        ({"exp": None}, 50027),
        ({"exp": 10**300}, 50027),
        ({"jti": None}, 50027),
        ({"sub": "someone"}, 700021),
        ({"iss": "https://unknown.example"}, 70021),
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused(
    talk, known, clock, certificate, changes, number
):
    answer = talk.token(**assertion_form(known, clock, certificate[1], **changes))
    assert (answer.status, code_of(answer)) == (401, [number])


def test_an_assertion_of_another_key_is_refused(talk, known, clock, other_certificate):
    assert code_of(talk.token(**assertion_form(known, clock, other_certificate[1]))) == [700027]


def test_unregistered_certificates_are_a_matter_of_leniency(make, known, clock, certificate):
    form = assertion_form(known, clock, certificate[1], iss=known["APP"], sub=known["APP"])
    form["client_id"] = known["APP"]
    assert make().token(**form).status == 200
    assert code_of(make(lenient_certificates=False).token(**form)) == [700027]


# -- managed identities -------------------------------------------------------------------------

IMDS = "/metadata/identity/oauth2/token"
METADATA = {"metadata": "true"}


def test_the_metadata_service_answers_strings(talk, known, clock):
    target = f"{IMDS}?api-version=2018-02-01&resource={known['ENV']}"
    body = talk.send("GET", target, headers=METADATA).json()
    assert body.pop("access_token")
    now = int(clock.now())
    assert body == {
        "client_id": known["APP"],
        "expires_in": "86399",
        "ext_expires_in": "86399",
        "expires_on": str(now + 86_399),
        "not_before": str(now - 300),
        "resource": known["ENV"],
        "token_type": "Bearer",
    }


@pytest.mark.parametrize(
    ("query", "headers", "text"),
    [
        ("api-version=2018-02-01&resource={ENV}", {}, "metadata header"),
        ("api-version=2018-02-01", METADATA, "audience"),
        ("resource={ENV}", METADATA, "api-version"),
        ("api-version=2018-02-01&resource={ENV}&client_id={NOBODY}", METADATA, "not found"),
        ("api-version=2018-02-01&resource=https://x.example", METADATA, "AADSTS500011"),
        ("resource=a&resource=b", METADATA, "duplicated"),
    ],
)
def test_the_metadata_service_refuses_in_its_own_words(talk, known, query, headers, text):
    answer = talk.send("GET", f"{IMDS}?{query.format_map(known)}", headers=headers)
    assert answer.status == 400
    assert text in answer.json()["error_description"]
    assert "error_codes" not in answer.json()


@pytest.mark.parametrize(("header", "status"), [("host-secret", 200), ("wrong", 401), (None, 401)])
def test_app_service_wants_its_header(talk, known, header, status):
    headers = {"x-identity-header": header} if header else {}
    target = f"/msi/token?api-version=2019-08-01&resource={known['ENV']}&client_id={known['BARE']}"
    answer = talk.send("GET", target, headers=headers)
    assert answer.status == status
    if status == 200:
        assert answer.json()["client_id"] == known["BARE"]
