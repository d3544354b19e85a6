"""The words of the two refusals: a privilege that no role has, a record out of reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from windtunnel.contracts.entities.dataverse.roles import Privilege
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable
from windtunnel.simulator.services.dataverse.security.access import Access, places

USER, TEAM = 8, 9
"""Object type codes of principals."""


def no_privilege(
    access: Access, served: DataverseTable | None, privilege: Privilege, *, is_team: bool = False
) -> errors.PrivilegeMissing:
    """No role of the principal has a privilege."""
    kind = f"team (Id={access.user_id}, type={TEAM}" if is_team else ""
    who = kind or f"user (Id={access.user_id}, type={USER}"
    about = ""
    if served is not None:
        definition = served.definition
        about = (
            f" on OTC={definition.object_type_code} for entity '{served.name}' "
            f"(LocalizedName='{definition.label}')"
        )
    return errors.PrivilegeMissing(
        problem=f"Principal {who}, roleCount={access.role_count}, "
        f"privilegeCount={access.privilege_count}, accessMode={access.access_mode}), is missing "
        f"{privilege.name} privilege (Id={privilege.privilege_id}){about}. "
        f"context.Caller={access.user_id}. "
        "Consider adding missed privilege to one of the principal (user/team) roles."
    )


def no_access(
    access: Access, served: DataverseTable, row: Mapping[str, Any], right: str
) -> errors.AccessDenied:
    """A privilege does not reach this record, and nobody shared it."""
    owner, unit = places(served)
    key = str(row[served.primary_id])
    team = row.get("_owningteam_value")
    details = {
        "CallerPrincipal": {
            "PrincipalId": access.user_id,
            "Type": USER,
            "IsUserPrincipal": True,
        },
        "OwnerPrincipal": {
            "PrincipalId": row.get(owner) if owner else None,
            "Type": TEAM if team else USER,
            "IsUserPrincipal": not team,
        },
        "ObjectId": key,
        "ObjectTypeCode": served.definition.object_type_code,
        "EntityName": served.name,
        "ObjectBusinessUnitId": row.get(unit) if unit else None,
        "RightsToCheck": f"{right}Access",
        "RoleAccessRights": "None",
        "PoaAccessRights": "None",
        "HsmAccessRights": "None",
        "GrantedAccessRights": "None",
    }
    return errors.AccessDenied(
        problem=f"Principal with id {access.user_id} does not have {right}Access right(s) for "
        f"record with id {key} of entity {served.name}. Consider assigning a role with the "
        f"required access level to the user or team. Details: {orjson.dumps(details).decode()}"
    )
