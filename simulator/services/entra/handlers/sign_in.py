"""Sign-ins of people: device codes, authorization codes, the way out."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

from windtunnel.simulator.exchange import Exchange, Response, header_lines
from windtunnel.simulator.services.entra import errors as e
from windtunnel.simulator.services.entra import pages
from windtunnel.simulator.services.entra.handlers.wire import (
    NO_STORE,
    PAGE_HEAD,
    described,
    read_fields,
    read_form,
    reply,
)
from windtunnel.simulator.services.entra.model import Entra, TokenRequest
from windtunnel.simulator.services.entra.model.directory import Client, User
from windtunnel.simulator.services.entra.model.sign_in import (
    DEVICE_INTERVAL,
    DEVICE_SECONDS,
    AuthorizationCode,
)


def device_code(exchange: Exchange, entra: Entra, tenant: str) -> Response:
    """Start a device sign-in (version 2.0)."""
    body = _device_code(exchange, entra, tenant, 2)
    return reply(body)


def device_code_v1(exchange: Exchange, entra: Entra, tenant: str) -> Response:
    """Start a device sign-in (version 1.0): the numbers are strings, the address is named a URL."""
    body = _device_code(exchange, entra, tenant, 1)
    body["verification_url"] = body.pop("verification_uri")
    return reply({name: str(value) for name, value in body.items()})


def _device_code(exchange: Exchange, entra: Entra, tenant: str, version: int) -> dict[str, Any]:
    form = read_form(exchange.request)
    asked = TokenRequest(tenant, version, form, exchange.request.base_url)
    app_id = asked.needed("client_id")
    scope = asked.needed("resource" if version == 1 else "scope")
    name, device = entra.begin_device(tenant, app_id, scope, version)
    page = f"{exchange.request.base_url}/devicelogin"
    return {
        "user_code": device.user_code,
        "device_code": name,
        "verification_uri": page,
        "expires_in": int(DEVICE_SECONDS),
        "interval": DEVICE_INTERVAL,
        "message": f"To sign in, use a web browser to open the page {page} and enter the code "
        f"{device.user_code} to authenticate.",
    }


def device_page(exchange: Exchange, entra: Entra) -> Response:
    """The page where a person enters the code of a device."""
    code = read_fields(exchange.request.query).get("user_code", "")
    field = f'<label>Code <input name=user_code value="{escape(code)}"></label>'
    refuse = "<button name=decline value=1>Decline</button>"
    body = pages.choose_user(
        "Enter code", "/devicelogin", entra.directory.users, {}, extra=field
    ).replace(b"</form>", refuse.encode() + b"</form>")
    return Response(200, body, PAGE_HEAD)


def device_sign_in(exchange: Exchange, entra: Entra) -> Response:
    """A person entered a code: fields `user_code`, and `upn` or `decline`."""
    form = read_form(exchange.request)
    code = form.get("user_code", "")
    if not code:
        raise e.MissingParameter(name="user_code")
    if form.get("decline"):
        entra.sign_ins.finish_device(code, None)
        return Response(200, pages.message("Declined", "The sign-in was declined."), PAGE_HEAD)
    name = form.get("upn", "")
    if not name:
        raise e.MissingParameter(name="upn")
    user = entra.directory.user(name)
    entra.sign_ins.finish_device(code, user)
    text = f"{user.name or user.upn} has signed in on the device. You may close this window."
    return Response(200, pages.message("Signed in", text), PAGE_HEAD)


def authorize(exchange: Exchange, entra: Entra, tenant: str) -> Response:
    """Sign a person in and send a code to the client (version 2.0).

    Without a page for a registered `login_hint`, or by a POST with the field `upn`.
    """
    return _authorize(exchange, entra, tenant, 2)


def authorize_v1(exchange: Exchange, entra: Entra, tenant: str) -> Response:
    """The same with a `resource` (version 1.0)."""
    return _authorize(exchange, entra, tenant, 1)


def _authorize(exchange: Exchange, entra: Entra, tenant: str, version: int) -> Response:
    request = exchange.request
    fields = read_fields(request.query)
    if request.method == "POST":
        fields |= read_form(request)
    asked = TokenRequest(tenant, version, fields, request.base_url)
    client = entra.client_in(tenant, asked.needed("client_id"))
    redirect_uri = asked.needed("redirect_uri")
    entra.check_redirect(client, redirect_uri)
    try:
        name = _signed_in(asked)
        if name is None:
            hidden = {k: v for k, v in fields.items() if k not in {"upn", "decline"}}
            body = pages.choose_user("Pick an account", request.path, entra.directory.users, hidden)
            return Response(200, body, PAGE_HEAD)
        code = _code(asked, entra, client, entra.directory.user(name))
        answer = {"code": code, "session_state": entra.new_id()}
    except e.EntraError as error:
        answer = {"error": error.code, "error_description": described(error, exchange, entra)}
    if "state" in fields:
        answer["state"] = fields["state"]
    return _send_back(redirect_uri, answer, fields.get("response_mode", "query"))


def _signed_in(asked: TokenRequest) -> str | None:
    """The name of the user who signs in; None when a page has to ask."""
    if asked.given("upn"):
        return asked.given("upn")
    hint, prompt = asked.given("login_hint"), asked.given("prompt")
    if hint and prompt not in {"login", "select_account", "create"}:
        return hint
    if prompt == "none":
        raise e.LoginRequired()
    return None


def _code(asked: TokenRequest, entra: Entra, client: Client, user: User) -> str:
    if asked.given("response_type") != "code":
        raise e.UnsupportedResponseType(response_type=asked.given("response_type"))
    method = asked.given("code_challenge_method") or "plain"
    if method.upper() not in {"S256", "PLAIN"}:
        raise e.MalformedRequest()
    scope = asked.needed("resource" if asked.version == 1 else "scope")
    code = AuthorizationCode(
        user,
        client.app_id,
        asked.given("redirect_uri"),
        scope,
        asked.given("nonce"),
        asked.given("code_challenge"),
        method,
    )
    return entra.authorize(client, code, asked.version)


def _send_back(redirect_uri: str, answer: Mapping[str, str], mode: str) -> Response:
    if mode == "form_post":
        return Response(200, pages.post_to(redirect_uri, answer), PAGE_HEAD)
    mark = "#" if mode == "fragment" else "&" if "?" in redirect_uri else "?"
    location = f"{redirect_uri}{mark}{urlencode(answer)}"
    try:
        head = header_lines({"location": location})
    except ValueError as error:
        raise e.MalformedRequest() from error
    return Response(302, b"", head + NO_STORE)


def sign_out(exchange: Exchange, entra: Entra, tenant: str) -> Response:
    """End a session: there is none to keep, so only the way back matters."""
    entra.directory.check_tenant(tenant)
    target = read_fields(exchange.request.query).get("post_logout_redirect_uri", "")
    known = any(client.takes_redirect(target) for client in entra.directory.clients)
    if target and known:
        return Response(302, b"", header_lines({"location": target}) + NO_STORE)
    return Response(200, pages.message("Signed out", "You signed out."), PAGE_HEAD)
