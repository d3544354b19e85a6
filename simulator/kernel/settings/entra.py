"""Settings of Entra ID, and the client of the demo set."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from windtunnel.simulator.kernel.settings.section import Guid, Section, ThrottlingPriority

DEMO_TENANT = "8f3c1d52-0c1a-4f5e-9a43-0e6f7c2b9d10"
DEMO_CLIENT = "5c9b2a57-6f0d-4d7e-8a55-3d1f0a9be001"
DEMO_SECRET = "windtunnel-demo-secret"  # noqa: S105 - a public value of the demo set


class ClientSettings(Section):
    """`[[entra.clients]]`: an app registration."""

    app_id: Guid
    name: str = ""
    object_id: Guid | None = None
    secrets: tuple[str, ...] = ()
    expired_secrets: tuple[str, ...] = ()
    certificates: tuple[Path, ...] = Field(
        default=(), description="PEM files of public certificates."
    )
    redirect_uris: tuple[str, ...] = ()
    multi_tenant: bool = Field(
        default=False, description="Serve the application on `/common` and `/organizations` too."
    )
    dataverse_roles: tuple[str, ...] = ("System Administrator",)
    finance_operations_user: str = Field(
        default="Admin", description="User the application maps to."
    )
    priority: ThrottlingPriority | None = Field(
        default=None, description="F&O throttling priority; `exempt` stands for Microsoft's own."
    )


class UserSettings(Section):
    """`[[entra.users]]`: a person."""

    upn: str
    name: str = ""
    object_id: Guid | None = None
    password: str | None = None
    dataverse_roles: tuple[str, ...] = ("System Administrator",)
    priority: ThrottlingPriority | None = Field(
        default=None, description="F&O throttling priority of the user's requests."
    )


class EntraSettings(Section):
    """`[entra]`: the tenant."""

    tenant_id: Guid = DEMO_TENANT
    domain: str = "contoso.onmicrosoft.com"
    token_seconds: int = Field(default=3599, ge=1)
    lenient_resources: bool = Field(
        default=False, description="Issue tokens for resources nobody registered."
    )
    clients: tuple[ClientSettings, ...] = (
        ClientSettings(app_id=DEMO_CLIENT, name="windtunnel demo", secrets=(DEMO_SECRET,)),
    )
    users: tuple[UserSettings, ...] = ()
    static_tokens: dict[str, Guid] = Field(
        default_factory=dict,
        description="Fixed bearer tokens, each mapped to an app id; for clients that send a "
        "constant. Off when empty.",
    )

    @field_validator("clients")
    @classmethod
    def _once(cls, clients: tuple[ClientSettings, ...]) -> tuple[ClientSettings, ...]:
        _no_two_alike([client.app_id.lower() for client in clients])
        return clients

    @field_validator("users")
    @classmethod
    def _each(cls, users: tuple[UserSettings, ...]) -> tuple[UserSettings, ...]:
        _no_two_alike([user.upn.lower() for user in users])
        return users


def _no_two_alike(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name!r} stands twice; Leave one of them out.")
