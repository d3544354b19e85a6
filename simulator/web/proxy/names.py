"""Which service answers for which host name of the cloud. Pure: no sockets, no certificates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from windtunnel.simulator.exchange import UsageError

AUTHORITY = "https://login.microsoftonline.com"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_REGIONS = "au|br|ca|ch|de|eu|fr|in|jp|kr|no|se|sg|uae|uk|za"
_TARGET = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):([0-9]{1,5})")
_HOST = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")


@dataclass(frozen=True, slots=True)
class Family:
    """The names of one kind of resource; `pattern` matches lower-case host names."""

    service: str
    title: str
    pattern: re.Pattern[str]


def _family(service: str, title: str, *patterns: str) -> Family:
    return Family(service, title, re.compile("|".join(patterns)))


FAMILIES = (
    _family(
        "entra",
        "Microsoft Entra ID",
        r"login\.microsoftonline\.com",
        r"login\.windows\.net",
        r"login\.microsoft\.com",
        r"sts\.windows\.net",
    ),
    _family("dataverse", "Dataverse", rf"{_LABEL}(?:\.api)?\.crm[0-9]{{0,2}}\.dynamics\.com"),
    _family(
        "finance_operations",
        "finance and operations",
        rf"{_LABEL}(?:\.sandbox)?\.operations(?:\.(?:{_REGIONS}))?\.dynamics\.com",
        rf"{_LABEL}(?:\.sandbox)?\.(?:cloudax|axcloud)\.dynamics\.com",
    ),
    _family("key_vault", "Key Vault", rf"{_LABEL}\.vault\.azure\.net"),
    _family("blob", "blob storage", rf"{_LABEL}\.blob\.core\.windows\.net"),
    _family("service_bus", "Service Bus", rf"{_LABEL}\.servicebus\.windows\.net"),
    _family("event_grid", "Event Grid", rf"{_LABEL}\.{_LABEL}\.eventgrid\.azure\.net"),
    _family(
        "application_insights",
        "Application Insights",
        rf"{_LABEL}\.in\.applicationinsights\.azure\.com",
        r"dc\.applicationinsights\.azure\.com",
        r"dc\.services\.visualstudio\.com",
    ),
)
"""Source: the endpoint pages of each product (public cloud)."""


@dataclass(frozen=True, slots=True)
class Known:
    """Who answers for a name: a service of this simulator, and what people call it."""

    service: str
    title: str


class CloudNames:
    """The names this simulator answers for: the cloud's, its own listeners', the settings'."""

    def __init__(self, more: Mapping[str, str] | None = None) -> None:
        """`more` maps host names, or `*.suffix`, to services. Raises UsageError for a bad one."""
        self._own: dict[str, tuple[Known, str]] = {}
        self._more = [(name.lower(), service) for name, service in (more or {}).items()]
        services = {family.service: family for family in FAMILIES}
        for name, service in self._more:
            if not _HOST.fullmatch(name):
                raise UsageError(
                    f"{name!r} is not a host name",
                    where="proxy.hosts",
                    remedy='Write "erp.contoso.example", or "*.contoso.example" for one label.',
                )
            if service not in services:
                raise UsageError(
                    f"{name}: there is no service {service!r}",
                    where="proxy.hosts",
                    remedy=f"Use one of {', '.join(services)}.",
                )

    def add_listeners(self, listeners: Iterable[tuple[str, str]]) -> None:
        """Answer for these too: pairs of a URL of this simulator and its service."""
        for url, service in listeners:
            parts = urlsplit(url)
            self._own[parts.netloc.lower()] = (Known(service, service), parts.scheme)

    def find(self, authority: str) -> Known | None:
        """Who answers for a `Host` value, any case, with or without a port."""
        authority = authority.lower()
        own = self._own.get(authority)
        if own is not None:
            return own[0]
        host = authority.partition(":")[0].rstrip(".")
        for name, service in self._more:
            if host == name or (name[:2] == "*." and host.partition(".")[2] == name[2:]):
                return Known(service, name)
        for family in FAMILIES:
            if family.pattern.fullmatch(host):
                return Known(family.service, family.title)
        return None

    def leads_to(self, service: str, authority: str) -> bool:
        """Whether this service answers for a `Host` value."""
        known = self.find(authority)
        return known is not None and known.service == service

    def scheme(self, authority: str) -> str | None:
        """What is spoken at `host:port`: https at 443, http at 80, ours at our own; else None."""
        own = self._own.get(authority.lower())
        if own is not None:
            return own[1]
        return {"443": "https", "80": "http"}.get(authority.rpartition(":")[2])

    def is_resource(self, service: str, audience: str) -> bool:
        """Whether a token for `audience`, such as `https://org.crm.dynamics.com/`, is for it."""
        scheme, _, rest = audience.lower().partition("://")
        return scheme == "https" and len(rest) < 300 and self.leads_to(service, rest.rstrip("/"))

    def is_cloud_resource(self, audience: str) -> bool:
        """Whether tokens may be asked for `audience`: any of these names but an authority's."""
        resources = (family.service for family in FAMILIES if family.service != "entra")
        return any(self.is_resource(service, audience) for service in resources)

    def is_cloud(self, authority: str) -> bool:
        """Whether a `Host` value is a name of the cloud, not of a listener of ours."""
        return authority.lower() not in self._own and self.find(authority) is not None


def read_target(text: str) -> str | None:
    """The `host:port` of a CONNECT line in lower case; None when it is none. RFC 9110, 9.3.6."""
    found = _TARGET.fullmatch(text)
    if found is None or not 0 < int(found[2]) < 65_536:
        return None
    return f"{found[1].lower().rstrip('.')}:{int(found[2])}"
