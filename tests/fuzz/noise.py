"""What the generated requests of every service share: odd values, broken texts, a token."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping

from windtunnel.simulator.exchange import Request, Response
from windtunnel.simulator.web.house import House

NOISE = "'\"()[]{}<>$@%&=;,/\\?#* \t\n\0é漢☃"
NUMBERS = (0, 1, -1, 3.5, 2**31, -(2**63), 1e308, True, None)


def broken(source: random.Random, text: str) -> str:
    """A text with one to three places cut out or filled with noise."""
    for _ in range(source.randint(1, 3)):
        at = source.randint(0, len(text))
        end = min(len(text), at + source.randint(0, 4))
        noise = "".join(source.choice(NOISE) for _ in range(source.randint(0, 3)))
        text = text[:at] + noise + text[end:]
    return text


def token(
    house: House, applications: Mapping[str, Callable[[Request], Response]], resource: str
) -> str:
    """An access token of the first registered client for a resource."""
    client = house.settings.entra.clients[0]
    form = (
        f"grant_type=client_credentials&client_id={client.app_id}"
        f"&client_secret={client.secrets[0]}&scope={resource}/.default"
    )
    headers = {b"content-type": b"application/x-www-form-urlencoded", b"host": b"localhost:2"}
    path = f"/{house.settings.entra.tenant_id}/oauth2/v2.0/token"
    issued = applications["entra"](Request("POST", path, "", headers, form.encode(), "https"))
    assert isinstance(issued.body, bytes)
    found: str = json.loads(issued.body)["access_token"]
    return found
