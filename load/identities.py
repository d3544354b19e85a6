"""Who sends: the identities of a plan as applications of Microsoft Entra ID."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from windtunnel.contracts.documents import PlanFlow
from windtunnel.load.errors import LoadError

_NAMESPACE = uuid.UUID("5c9b2a57-6f0d-4d7e-8a55-3d1f0a9be0ff")


@dataclass(frozen=True, slots=True)
class Credentials:
    """An application's proof of itself."""

    name: str
    client_id: str
    client_secret: str


def variables_of(identity: str) -> tuple[str, str]:
    """The environment variables that hold an identity's client id and secret."""
    word = re.sub(r"[^A-Z0-9]+", "_", identity.upper()).strip("_")
    return f"WT_CLIENT_ID_{word}", f"WT_CLIENT_SECRET_{word}"


def identities_of(flows: Sequence[PlanFlow]) -> tuple[str, ...]:
    """All identities of a plan, in its order."""
    return tuple(dict.fromkeys(name for flow in flows for name in flow.identities))


def credentials_for(
    names: Sequence[str], environment: Mapping[str, str]
) -> tuple[dict[str, Credentials], tuple[str, ...]]:
    """Credentials of each identity, and those that share WT_CLIENT_ID for want of their own."""
    found: dict[str, Credentials] = {}
    shared: list[str] = []
    for name in names:
        id_variable, secret_variable = variables_of(name)
        client_id = environment.get(id_variable)
        if client_id:
            secret = environment.get(secret_variable, "")
        else:
            client_id = environment.get("WT_CLIENT_ID", "")
            secret = environment.get("WT_CLIENT_SECRET", "")
            shared.append(name)
        if not client_id or not secret:
            raise LoadError(
                f"there are no credentials for the identity '{name}'",
                remedy=f"set {id_variable} and {secret_variable}, or WT_CLIENT_ID and "
                "WT_CLIENT_SECRET, in the env file or the environment",
            )
        found[name] = Credentials(name, client_id, secret)
    return found, tuple(shared) if len(shared) > 1 else ()


def invented(flows: Sequence[PlanFlow], seed: int) -> tuple[str, dict[str, str]]:
    """For simulators of our own: settings that register the identities, and their variables."""
    lines: list[str] = []
    variables: dict[str, str] = {}
    priorities = {
        name: flow.priority
        for flow in flows
        for name in flow.identities
        if flow.service == "finance_operations" and flow.priority != "low"
    }
    for name in identities_of(flows):
        client_id = str(uuid.uuid5(_NAMESPACE, f"{seed}/{name}"))
        secret = str(uuid.uuid5(_NAMESPACE, f"{seed}/{name}/secret"))
        id_variable, secret_variable = variables_of(name)
        variables |= {id_variable: client_id, secret_variable: secret}
        label = re.sub(r'[\x00-\x1f"\\]', " ", name)
        lines += ["[[entra.clients]]", f'app_id = "{client_id}"', f'name = "{label}"']
        lines += [f'secrets = ["{secret}"]']
        if name in priorities:
            lines.append(f'priority = "{priorities[name]}"')
        lines.append("")
    return "\n".join(lines), variables
