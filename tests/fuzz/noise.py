"""What the generated requests of every service share: odd values, broken texts, a token."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from windtunnel.simulator.exchange import Request, Response
from windtunnel.simulator.kernel.settings import load
from windtunnel.simulator.web.house import House

NOISE = "'\"()[]{}<>$@%&=;,/\\?#* \t\n\0é漢☃"
URLS = {
    "control": "http://localhost:1",
    "entra": "https://localhost:2",
    "dataverse": "https://localhost:3",
    "fo": "https://localhost:4",
}
Asked = tuple[str, str, str, bytes, dict[bytes, bytes]]
"""Method, path, query, body and more headers of a request."""
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


@contextmanager
def simulator(folder: Path, overrides: Mapping[str, Any]) -> Iterator[House]:
    """A house that listens nowhere, with a clock that stands."""
    basis = {
        "simulator.data_folder": folder,
        "simulator.clock": "manual",
        "simulator.tls": False,
    }
    made = House(load(overrides={**basis, **overrides}, environment={}))
    made.announce(URLS)
    try:
        yield made
    finally:
        made.close()


def ask(house: House, origin: str, service: str, asked: Callable[[], Asked], count: int) -> int:
    """Send generated requests; returns how many succeeded. An answer of 500 is a failed test."""
    applications = house.applications()
    bearer = token(house, applications, URLS[origin])
    host = URLS[origin].removeprefix("https://").encode()
    good = 0
    for number in range(count):
        method, path, query, body, more = asked()
        is_batch = path.rpartition("/")[2].startswith("$batch")
        lines = {
            b"host": host,
            b"authorization": b"Bearer " + bearer.encode(),
            b"content-type": b"multipart/mixed; boundary=b" if is_batch else b"application/json",
            **more,
        }
        answer = applications[service](Request(method, path, query, lines, body, "https"))
        assert isinstance(answer, Response)
        if not isinstance(answer.body, bytes):
            for _ in answer.body:
                pass
        house.store.commit()
        good += answer.status in {200, 201, 204}
        assert answer.status != 500, (number, method, path, query, body)
        assert b"x-windtunnel-bug" not in answer.head
    return good
