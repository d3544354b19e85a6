"""Blob storage: kept beside the database, open to tokens of Entra ID."""

from __future__ import annotations

from functools import partial

from windtunnel.simulator.kernel.tokens import TokenCheck
from windtunnel.simulator.services.blob import BlobService
from windtunnel.simulator.web.proxy.names import AUTHORITY
from windtunnel.simulator.web.wiring.ground import Ground


def wire(ground: Ground, check: TokenCheck) -> BlobService:
    """The accounts of the settings."""
    database, tenant = ground.settings.simulator.database, ground.settings.entra.tenant_id

    def challenge() -> str:
        authority = ground.url("entra") or AUTHORITY
        return (
            f"Bearer authorization_uri={authority}/{tenant}/oauth2/authorize "
            "resource_id=https://storage.azure.com"
        )

    made = BlobService(
        ground.store,
        ground.clock,
        ground.ids.child("blob service"),
        ground.settings.blob,
        folder=None if database is None else database.with_name(f"{database.name}.blobs"),
        challenge=challenge,
        is_ours=partial(ground.cloud.leads_to, "blob"),
        check=check.bearer,
    )
    made.prepare()
    return made
