"""What both versions share and no reader disputes: addresses, a token, the orders to send."""

from __future__ import annotations

import argparse
import json
import os
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Environment:
    """Addresses and secrets as variables give them (`windtunnel up` writes such a file)."""

    fo_url: str
    dataverse_url: str
    authority_url: str
    tenant_id: str
    client_id: str
    client_secret: str
    ca_file: str

    @classmethod
    def of_variables(cls) -> Environment:
        """Read WT_... variables; KeyError names the one that is missing."""
        names = ("FO_URL", "DATAVERSE_URL", "AUTHORITY_URL", "TENANT_ID")
        more = ("CLIENT_ID", "CLIENT_SECRET", "CA_FILE")
        return cls(*(os.environ[f"WT_{name}"] for name in (*names, *more)))

    def tls(self) -> ssl.SSLContext:
        """Trust the local certificate authority."""
        return ssl.create_default_context(cafile=self.ca_file)


@dataclass(slots=True)
class Tokens:
    """Client-credentials tokens, kept until five minutes before they expire."""

    environment: Environment
    _kept: dict[str, tuple[str, float]] = field(default_factory=dict)

    def headers(self, resource: str) -> dict[str, str]:
        """The Authorization header for a resource."""
        token, expires = self._kept.get(resource, ("", 0.0))
        if time.time() > expires - 300:
            token, expires = self._ask(resource)
            self._kept[resource] = (token, expires)
        return {"authorization": f"Bearer {token}"}

    def _ask(self, resource: str) -> tuple[str, float]:
        there = self.environment
        answer = httpx.post(
            f"{there.authority_url}/{there.tenant_id}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": there.client_id,
                "client_secret": there.client_secret,
                "scope": f"{resource}/.default",
            },
            verify=there.tls(),
        )
        answer.raise_for_status()
        body = answer.json()
        return str(body["access_token"]), time.time() + float(body["expires_in"])


def read_orders(path: Path) -> list[dict[str, Any]]:
    """Orders of the web shop, one JSON object a line: reference, customer, currency, lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def arguments(about: str) -> argparse.Namespace:
    """`inbound --orders FILE --state FILE` or `outbound --port N --state FILE`."""
    parser = argparse.ArgumentParser(description=about)
    ways = parser.add_subparsers(dest="way", required=True)
    inbound = ways.add_parser("inbound", help="send the shop's orders to finance and operations")
    inbound.add_argument("--orders", type=Path, required=True, help="JSON lines of the web shop")
    outbound = ways.add_parser("outbound", help="receive order events, write orders to Dataverse")
    outbound.add_argument("--port", type=int, required=True, help="port to listen on (loopback)")
    for way in (inbound, outbound):
        way.add_argument("--state", type=Path, required=True, help="file to remember work in")
    return parser.parse_args()
