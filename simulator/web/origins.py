"""The origins: one listener per real host, so that audiences and base URLs are distinct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from windtunnel.simulator.exchange import UsageError


@dataclass(frozen=True, slots=True)
class Origin:
    """One listener: its service, its default port and its name in the env file."""

    name: str
    service: str
    port: int
    scheme: str
    variable: str
    title: str


ORIGINS = (
    Origin("control", "control", 8365, "http", "WT_CONTROL_URL", "control API and console"),
    Origin("entra", "entra", 8366, "https", "WT_AUTHORITY_URL", "Microsoft Entra ID"),
    Origin("dataverse", "dataverse", 8377, "https", "WT_DATAVERSE_URL", "Dataverse"),
    Origin("dataverse-http", "dataverse", 8367, "http", "WT_DATAVERSE_HTTP_URL", "Dataverse"),
    Origin("fo", "finance_operations", 8378, "https", "WT_FO_URL", "finance and operations"),
    Origin(
        "fo-http",
        "finance_operations",
        8368,
        "http",
        "WT_FO_HTTP_URL",
        "finance and operations",
    ),
    Origin("blob", "blob", 8370, "http", "WT_BLOB_URL", "blob storage"),
    Origin("proxy", "proxy", 8374, "http", "WT_PROXY_URL", "cloud names (forward proxy)"),
    Origin("cloud", "cloud_names", 443, "https", "WT_CLOUD_URL", "cloud names (no proxy)"),
)


def write_env_file(path: Path, variables: Mapping[str, str]) -> None:
    """Write KEY=VALUE lines, readable by the owner only, in one step."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.new")
        draft.touch(mode=0o600)
        lines = "".join(f"{k}={v}\n" for k, v in variables.items())
        draft.write_text(lines, "utf-8", newline="\n")  # a shell of Windows reads it too
        draft.replace(path)
    except OSError as error:
        raise UsageError(
            f"the env file cannot be written: {error.strerror}",
            where=str(path),
            remedy="Name another with --env-file.",
        ) from error
