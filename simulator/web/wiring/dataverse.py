"""Dataverse: imported tables and those of solutions, and the users of the tenant."""

from __future__ import annotations

from windtunnel.contracts.limits import DATAVERSE_COSTS
from windtunnel.simulator.kernel.settings import EntraSettings
from windtunnel.simulator.kernel.tokens import TokenCheck
from windtunnel.simulator.services.dataverse import Dataverse, DataverseUser
from windtunnel.simulator.services.dataverse.imports import read_imports
from windtunnel.simulator.web.wiring.entra import client_object_id, id_of, user_object_id
from windtunnel.simulator.web.wiring.ground import Ground
from windtunnel.simulator.web.wiring.invoice_capture import capture_tables


def wire(ground: Ground, check: TokenCheck) -> Dataverse:
    """The environment, seeded."""
    settings = ground.settings
    made = Dataverse(
        ground.store,
        ground.changes,
        ground.clock,
        ground.timers,
        ground.ids.child("dataverse service"),
        ground.jobs,
        check=check.bearer,
        settings=settings.dataverse,
        limits=ground.limits,
        costs=ground.costs.get("dataverse", DATAVERSE_COSTS),
        tenant_id=settings.entra.tenant_id,
        authority=ground.authority,
        call_back=ground.callbacks,
    )
    own = read_imports(settings.dataverse.schemas, ground.folder)
    made.add_tables(own.tables.values(), own.choices)
    if settings.invoice_capture.channels:
        made.add_tables(capture_tables())
    made.prepare(_users(settings.entra), sample_data=settings.simulator.sample_data)
    return made


def _users(entra: EntraSettings) -> list[DataverseUser]:
    applications = [
        DataverseUser(
            id_of("systemuser", client.app_id),
            client.name or client.app_id,
            client.app_id,
            client_object_id(client),
            client.dataverse_roles,
        )
        for client in entra.clients
    ]
    people = [
        DataverseUser(
            id_of("systemuser", user.upn),
            user.name or user.upn,
            "",
            user_object_id(user),
            user.dataverse_roles,
        )
        for user in entra.users
    ]
    return applications + people
