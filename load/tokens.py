"""Access tokens by the client credentials flow, renewed before they expire. Runs under gevent.

Source: "Microsoft identity platform and the OAuth 2.0 client credentials flow".
"""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from windtunnel.load.errors import LoadError
from windtunnel.load.identities import Credentials

EARLY_SHARE = 0.1
EARLY_SECONDS = 300.0
TIMEOUT_SECONDS = 30.0


def tls_context(environment: Mapping[str, str]) -> ssl.SSLContext:
    """Trust the local CA of the simulators where there is one, and the system's CAs."""
    context = ssl.create_default_context()
    file = environment.get("WT_CA_FILE")
    if file:
        try:
            context.load_verify_locations(file)
        except OSError as error:
            raise LoadError(
                f"WT_CA_FILE names '{file}', which cannot be read: {error}",
                remedy="start the simulators again, or correct the env file",
            ) from error
    return context


class Bearer:
    """The Authorization header of one identity for one resource."""

    def __init__(
        self,
        credentials: Credentials,
        resource: str,
        environment: Mapping[str, str],
        context: ssl.SSLContext,
        now: Callable[[], float],
    ) -> None:
        self.name = credentials.name
        self.header = ""
        self.renew_at = 0.0
        self._context, self._now = context, now
        authority = environment.get("WT_AUTHORITY_URL", "https://login.microsoftonline.com")
        tenant = environment.get("WT_TENANT_ID", "")
        if not tenant:
            raise LoadError("WT_TENANT_ID is not set", remedy="name the tenant in the env file")
        self._url = f"{authority.rstrip('/')}/{tenant}/oauth2/v2.0/token"
        self._form = urllib.parse.urlencode(
            {
                "grant_type": "client_credentials",
                "client_id": credentials.client_id,
                "client_secret": credentials.client_secret,
                "scope": f"{resource.rstrip('/')}/.default",
            }
        ).encode()

    def renew(self) -> None:
        """Get a new token; LoadError says what Entra answered."""
        answer = self._ask()
        lifetime = float(answer.get("expires_in", 3599))
        self.header = f"Bearer {answer['access_token']}"
        self.renew_at = self._now() + lifetime - min(EARLY_SECONDS, lifetime * EARLY_SHARE)

    def _ask(self) -> dict[str, Any]:
        request = urllib.request.Request(self._url, self._form)  # noqa: S310 - https by the env file
        try:
            with urllib.request.urlopen(  # noqa: S310 - as above
                request, timeout=TIMEOUT_SECONDS, context=self._context
            ) as response:
                answer = json.loads(response.read())
        except urllib.error.HTTPError as error:
            said = _description(error.read())
            raise LoadError(
                f"Entra ID refused the identity '{self.name}' ({error.code}): {said}",
                remedy="check its client id and secret in the env file",
            ) from error
        except (OSError, ValueError) as error:
            raise LoadError(
                f"no token for '{self.name}' from {self._url}: {error}",
                remedy="are the simulators running, and is the env file theirs?",
            ) from error
        if not isinstance(answer, dict) or "access_token" not in answer:
            raise LoadError(f"{self._url} answered without an access_token")
        return answer


def _description(body: bytes) -> str:
    try:
        return str(json.loads(body)["error_description"]).splitlines()[0][:300]
    except (ValueError, KeyError, TypeError, IndexError):
        return body[:300].decode("utf-8", "replace")
