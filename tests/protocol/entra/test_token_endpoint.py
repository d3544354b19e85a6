"""Token endpoints, discovery and keys, as the wire says them."""

from __future__ import annotations

import base64
import re

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windtunnel.simulator.kernel.tokens import InvalidToken, TokenCheck
from windtunnel.simulator.services.entra import errors
from windtunnel.simulator.web.faults import FaultRule, InjectedFault

CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": "{APP}",
    "client_secret": "{SECRET}",
    "scope": "{ENV}/.default",
}
PASSWORD = {
    "grant_type": "password",
    "client_id": "{PUBLIC}",
    "username": "{USER}",
    "password": "pa55",
    "scope": "openid offline_access {ENV}/user_impersonation",
}


def filled(form: dict[str, str], known: dict[str, str], **changes: str | None) -> dict[str, str]:
    merged = {**form, **changes}
    return {k: v.format_map(known) for k, v in merged.items() if v is not None}


def claims(answer) -> dict:
    return jwt.decode(answer.json()["access_token"], options={"verify_signature": False})


def test_a_secret_buys_a_token_of_version_1_shape(talk, known, clock):
    answer = talk.token(**filled(CREDENTIALS, known))
    assert answer.status == 200
    assert answer.headers["cache-control"].startswith("no-store")
    body = answer.json()
    token = body.pop("access_token")
    assert body == {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599}
    header = jwt.get_unverified_header(token)
    assert header["kid"] == header["x5t"]
    found = claims(answer)
    now = int(clock.now())
    assert {k: v for k, v in found.items() if k not in {"aio", "rh", "uti"}} == {
        "aud": known["ENV"],
        "iss": f"https://sts.windows.net/{known['TENANT']}/",
        "iat": now - 300,
        "nbf": now - 300,
        "exp": now + 3599,
        "appid": known["APP"],
        "appidacr": "1",
        "idp": f"https://sts.windows.net/{known['TENANT']}/",
        "idtyp": "app",
        "oid": "11111111-2222-4333-8444-555555555555",
        "sub": "11111111-2222-4333-8444-555555555555",
        "tid": known["TENANT"],
        "ver": "1.0",
    }


def test_version_1_answers_numbers_as_strings(talk, known, clock):
    form = filled(CREDENTIALS, known, scope=None, resource="{ENV}/")
    body = talk.token(1, **form).json()
    now = int(clock.now())
    assert body.pop("access_token")
    assert body == {
        "token_type": "Bearer",
        "expires_in": "3599",
        "ext_expires_in": "3599",
        "expires_on": str(now + 3599),
        "not_before": str(now - 300),
        "resource": f"{known['ENV']}/",
    }


@pytest.mark.parametrize("tenant", ["{TENANT}", "{DOMAIN}", "CONTOSO.onmicrosoft.com"])
def test_a_tenant_has_an_id_and_a_domain(talk, known, tenant):
    assert talk.token(tenant=tenant.format_map(known), **filled(CREDENTIALS, known)).status == 200


@pytest.mark.parametrize("tenant", ["common", "organizations"])
def test_a_multi_tenant_client_may_ask_by_any_tenant(talk, known, tenant):
    answer = talk.token(tenant=tenant, **filled(CREDENTIALS, known, client_id="{MULTI}"))
    assert answer.status == 200
    assert claims(answer)["tid"] == known["TENANT"]


@pytest.mark.parametrize(
    ("scope", "audience"),
    [
        ("{ENV}/.default", "{ENV}"),
        ("{ENV}//.default", "{ENV}/"),
        ("HTTPS://LocalHost:8377/.default", "HTTPS://LocalHost:8377"),
        ("https://servicebus.azure.net//.default", "https://servicebus.azure.net/"),
        ("https://vault.azure.net/.default", "https://vault.azure.net"),
        (
            "00000015-0000-0000-c000-000000000000/.default",
            "00000015-0000-0000-c000-000000000000",
        ),
        ("api://{PUBLIC}/.default", "api://{PUBLIC}"),
        ("{ENV}/.default openid profile offline_access", "{ENV}"),
    ],
)
def test_the_audience_is_the_resource_as_it_was_asked(talk, known, scope, audience):
    answer = talk.token(**filled(CREDENTIALS, known, scope=scope))
    assert answer.status == 200
    assert claims(answer)["aud"] == audience.format_map(known)


REFUSALS = [
    # number, status, error, changes of the form
    (7000215, 401, "invalid_client", {"client_secret": "wrong"}),
    (7000222, 401, "invalid_client", {"client_secret": "old"}),
    (7000218, 401, "invalid_client", {"client_secret": None}),
    (7000218, 401, "invalid_client", {"client_id": "{PUBLIC}", "client_secret": None}),
    (700016, 400, "unauthorized_client", {"client_id": "{NOBODY}"}),
    (700016, 400, "unauthorized_client", {"client_id": "not a guid"}),
    (900144, 400, "invalid_request", {"client_id": None}),
    (900144, 400, "invalid_request", {"grant_type": None}),
    (900144, 400, "invalid_request", {"scope": None}),
    (900144, 400, "invalid_request", {"scope": ""}),
    (70003, 400, "unsupported_grant_type", {"grant_type": "magic"}),
    (70011, 400, "invalid_scope", {"scope": "{ENV}/data/.default"}),
    (70011, 400, "invalid_scope", {"scope": "https:///.default"}),
    (70011, 400, "invalid_scope", {"scope": "nonsense/.default"}),
    (1002012, 400, "invalid_scope", {"scope": "{ENV}/user_impersonation"}),
    (1002012, 400, "invalid_scope", {"scope": "openid"}),
    (28000, 400, "invalid_scope", {"scope": "{ENV}/.default https://vault.azure.net/.default"}),
    (500011, 400, "invalid_resource", {"scope": "https://other.operations.dynamics.com/.default"}),
    (9002313, 400, "invalid_request", {"a" * 3 + str(i): "x" for i in range(120)}),
    (
        50027,
        401,
        "invalid_client",
        {"client_assertion": "garbage"}
        | {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
    ),
    (7000217, 401, "invalid_client", {"client_assertion": "a.b.c", "client_assertion_type": "x"}),
    (900144, 400, "invalid_request", {"client_assertion": "a.b.c"}),
    (50027, 401, "invalid_client", {"client_assertion": "a.b.c", "client_id": None}),
]


@pytest.mark.parametrize(("number", "status", "error", "changes"), REFUSALS)
def test_a_refused_form_answers_the_aadsts_error(talk, known, number, status, error, changes):
    answer = talk.token(**filled(CREDENTIALS, known, **changes))
    body = answer.json()
    assert (body["error_codes"], answer.status, body["error"]) == ([number], status, error)
    exchange = talk.exchanges[-1]
    assert re.fullmatch(
        rf"AADSTS{number}: .+ Trace ID: {exchange.request_id} "
        rf"Correlation ID: {exchange.correlation_id} Timestamp: 2026-01-01 00:00:00Z",
        body["error_description"],
        re.DOTALL,
    )
    assert "{" not in body["error_description"]
    assert body["timestamp"] == "2026-01-01 00:00:00Z"
    assert body["trace_id"] == exchange.request_id == answer.headers["x-ms-request-id"]
    assert body["correlation_id"] == exchange.correlation_id
    assert body["error_uri"] == f"https://localhost:8366/error?code={number}"


def test_an_unknown_tenant_is_told_apart_in_discovery(talk, known):
    form = filled(CREDENTIALS, known)
    token = talk.token(tenant="fabrikam.com", **form)
    assert (token.status, token.json()["error"]) == (400, "invalid_request")
    document = talk.send("GET", "/fabrikam.com/v2.0/.well-known/openid-configuration")
    assert (document.status, document.json()["error"]) == (400, "invalid_tenant")
    assert token.json()["error_codes"] == document.json()["error_codes"] == [90002]


def test_a_single_tenant_client_is_refused_by_common(talk, known):
    answer = talk.token(tenant="common", **filled(CREDENTIALS, known))
    assert answer.json()["error_codes"] == [50194]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("grant_type=a&grant_type=b", 9000411),
        ("grant_type=%ff", 9002313),
        ("", 900144),
        ("&&&", 900144),
        ('{"grant_type":"client_credentials"}', 900144),
    ],
)
def test_a_broken_form_is_refused(talk, known, text, number):
    answer = talk.send("POST", f"/{known['TENANT']}/oauth2/v2.0/token", form_text=text)
    assert (answer.status, answer.json()["error_codes"]) == (400, [number])


def test_a_json_body_has_no_fields(talk, known):
    answer = talk.send(
        "POST",
        f"/{known['TENANT']}/oauth2/v2.0/token",
        body=b'{"grant_type":"client_credentials"}',
        headers={"content-type": "application/json"},
    )
    assert answer.json()["error_codes"] == [900144]


def test_a_huge_body_is_refused(talk, known):
    answer = talk.token(**filled(CREDENTIALS, known, scope="x" * 300_000))
    assert answer.status == 413


def test_an_unknown_resource_is_issued_when_lenient(
    signing_key, clock, certificate, known, request
):
    make = request.getfixturevalue("make")
    talk = make(lenient_resources=True)
    scope = "https://elsewhere.crm.dynamics.com/.default"
    assert talk.token(**filled(CREDENTIALS, known, scope=scope)).status == 200


def test_the_client_may_use_http_basic(talk, known):
    from urllib.parse import quote_plus

    pair = f"{known['APP']}:{quote_plus(known['SECRET'])}".encode()
    form = filled(CREDENTIALS, known, client_id=None, client_secret=None)
    path = f"/{known['TENANT']}/oauth2/v2.0/token"
    headers = {"authorization": "Basic " + base64.b64encode(pair).decode()}
    assert talk.send("POST", path, form=form, headers=headers).status == 200
    broken = talk.send("POST", path, form=form, headers={"authorization": "Basic ###"})
    assert broken.json()["error_codes"] == [9002313]


def test_the_clients_request_id_comes_back(talk, known):
    mine = "0c0ffee0-1111-4222-8333-444444444444"
    answer = talk.send(
        "POST",
        f"/{known['TENANT']}/oauth2/v2.0/token",
        form={"grant_type": "x"},
        headers={"client-request-id": mine},
    )
    assert answer.headers["client-request-id"] == mine == answer.json()["correlation_id"]


def test_scripts_of_other_origins_may_call(talk, known):
    path = f"/{known['TENANT']}/oauth2/v2.0/token"
    origin = {"origin": "https://spa.example", "access-control-request-headers": "x-client-sku"}
    asked = talk.send("OPTIONS", path, headers=origin)
    assert asked.status == 200
    assert asked.headers["access-control-allow-origin"] == "https://spa.example"
    assert asked.headers["access-control-allow-headers"] == "x-client-sku"
    answer = talk.send("POST", path, form=filled(CREDENTIALS, known), headers=origin)
    assert answer.headers["access-control-allow-origin"] == "https://spa.example"


def test_methods_and_paths_that_are_not_there(talk, known):
    got = talk.send("GET", f"/{known['TENANT']}/oauth2/v2.0/token")
    assert (got.status, got.headers["allow"], got.json()["error_codes"]) == (405, "POST", [900561])
    assert talk.send("GET", "/nothing").status == 404
    assert talk.send("HEAD", f"/{known['TENANT']}/discovery/keys").status == 200


@pytest.mark.parametrize("tenant", ["{TENANT}", "{DOMAIN}", "common", "organizations"])
def test_discovery_names_endpoints_of_this_host(talk, known, tenant):
    tenant = tenant.format_map(known)
    two = talk.send("GET", f"/{tenant}/v2.0/.well-known/openid-configuration").json()
    one = talk.send("GET", f"/{tenant}/.well-known/openid-configuration").json()
    home = tenant if tenant in {"common", "organizations"} else known["TENANT"]
    issued = "{tenantid}" if home == tenant else known["TENANT"]
    issued = known["TENANT"] if tenant == known["TENANT"] else issued
    base = "https://localhost:8366"
    assert two["token_endpoint"] == f"{base}/{home}/oauth2/v2.0/token"
    assert one["token_endpoint"] == f"{base}/{home}/oauth2/token"
    assert two["issuer"] == f"{base}/{issued}/v2.0"
    assert one["issuer"] == f"https://sts.windows.net/{issued}/"
    for document in (one, two):
        keys = talk.send("GET", document["jwks_uri"].removeprefix(base)).json()["keys"]
        assert {key["kty"] for key in keys} == {"RSA"}
        assert keys[0].keys() == {"kty", "use", "kid", "x5t", "n", "e", "x5c"}


def test_instance_discovery_leads_to_the_tenant(talk, known):
    base = "https://localhost:8366"
    target = f"{base}/{known['TENANT']}/oauth2/v2.0/authorize"
    answer = talk.send(
        "GET",
        f"/common/discovery/instance?api-version=1.1&authorization_endpoint={target}",
    ).json()
    assert answer["tenant_discovery_endpoint"] == (
        f"{base}/{known['TENANT']}/v2.0/.well-known/openid-configuration"
    )
    assert "localhost:8366" in answer["metadata"][0]["aliases"]


def test_an_error_page_explains_every_number(talk):
    for kind in (errors.WrongSecret, errors.UnknownResource):
        page = talk.send("GET", f"/error?code={kind.number}")
        assert page.status == 200
        assert f"AADSTS{kind.number}" in page.body.decode()
    assert talk.send("GET", "/error?code=1").status == 404


@pytest.mark.parametrize(
    ("rule", "status", "error", "number"),
    [
        ({"status": 503, "code": "AADSTS90033"}, 503, "temporarily_unavailable", 90033),
        ({"status": 400, "code": "AADSTS50196"}, 400, "invalid_grant", 50196),
        ({"status": 429, "headers": {"retry-after": "7"}}, 429, "temporarily_unavailable", 90055),
        ({"status": 500}, 500, "temporarily_unavailable", 90033),
    ],
)
def test_a_fault_speaks_as_entra_id(talk, rule, status, error, number):
    from windtunnel.simulator.exchange import Exchange, Request

    fault = InjectedFault(FaultRule(**rule))
    exchange = Exchange(Request("POST", "/x/oauth2/token"), "entra", 0.0)
    answer = talk.service.render_error(fault, exchange)
    import orjson

    body = orjson.loads(answer.body)
    assert (answer.status, body["error"], body["error_codes"]) == (status, error, [number])
    assert ("retry-after: 7" in answer.head.decode()) == (status == 429)


def test_a_token_is_accepted_until_it_expires(talk, known, signing_key, clock):
    token = talk.token(**filled(CREDENTIALS, known)).json()["access_token"]
    check = TokenCheck(signing_key, known["TENANT"], clock, audiences=[known["ENV"]])
    assert check.bearer(b"Bearer " + token.encode()).app_id == known["APP"]
    clock.advance(3598)
    assert check.bearer(b"Bearer " + token.encode()).app_id == known["APP"]
    clock.advance(1)
    with pytest.raises(InvalidToken) as caught:
        check.bearer(b"Bearer " + token.encode())
    assert caught.value.reason == "expired"


@settings(max_examples=150)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "OPTIONS", "HEAD", "DELETE"]),
    path=st.one_of(
        st.text(max_size=40).map(lambda t: "/" + t.replace("?", "")),
        st.sampled_from(
            [
                "/common/oauth2/v2.0/token",
                "/%ff/oauth2/token",
                "/contoso.onmicrosoft.com/oauth2/v2.0/authorize",
                "/contoso.onmicrosoft.com/oauth2/devicecode",
                "/devicelogin",
                "/metadata/identity/oauth2/token",
                "/msi/token",
                "/error",
                "/common/discovery/instance",
            ]
        ),
    ),
    query=st.text(max_size=60),
    body=st.binary(max_size=200),
    form=st.dictionaries(
        st.sampled_from(
            [
                "grant_type",
                "client_id",
                "client_secret",
                "scope",
                "resource",
                "code",
                "username",
                "password",
                "assertion",
                "client_assertion",
                "client_assertion_type",
                "refresh_token",
                "redirect_uri",
                "upn",
                "user_code",
                "state",
                "response_mode",
            ]
        ),
        st.one_of(
            st.text(max_size=30),
            st.sampled_from(
                [
                    "client_credentials",
                    "refresh_token",
                    "password",
                    "authorization_code",
                    "urn:ietf:params:oauth:grant-type:jwt-bearer",
                    "1.A",
                    "1.Aa.b.c",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    "eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.AAAA",
                    "http://localhost:1",
                    "5c9b2a57-6f0d-4d7e-8a55-3d1f0a9be001",
                    "5c9b2a57-6f0d-4d7e-8a55-3d1f0a9be002",
                ]
            ),
        ),
    ),
)
def test_no_request_whatever_is_a_bug(talk, method, path, query, body, form):
    for options in ({"body": body}, {"form": form}):
        answer = talk.send(method, f"{path}?{query}", **options)
        assert answer.status in {200, 302, 400, 401, 404, 405, 413}
