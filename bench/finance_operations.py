"""Finance and operations of the same simulator, with the benchmark's table among its entity sets.

The key is the company and the identifier; callers give the identifier, as no number sequence does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from uuid import UUID

from bench.dataset import COLUMNS, ENTITY, ENTITY_SET, KEY, Record
from bench.server import OPERATIONS, PATCH, POST, Server
from bench.windtunnel_server import Windtunnel, create, token

COMPANY = "dataAreaId"
POSTS_PREPARED = 100_000
"""No two posts may have one key: as many as all rounds send."""


class FinanceOperations:
    """The simulators, with the benchmark's table in finance and operations."""

    name = "finance-operations"
    title = "windtunnel, finance and operations, WAL file"
    operations: Sequence[str] = OPERATIONS
    warm_seconds = 1.0

    def prepare(self, folder: Path) -> Mapping[str, str]:
        """Nothing to install: it is the project itself."""
        del folder
        return {"python": sys.version.split()[0], "windtunnel-d365": version("windtunnel-d365")}

    def start(self, rows: Iterable[Record], folder: Path, core: int | None) -> Server:
        """Start it on an empty database, get a token, and create the records over the wire."""
        ours = Windtunnel(finance_operations=csdl())
        process, variables = ours.up(folder / self.name, core)
        try:
            bearer = token(variables, variables["WT_FO_URL"])
            server = Server(
                process,
                variables["WT_FO_HTTP_URL"].rstrip("/"),
                headers={"Authorization": f"Bearer {bearer}"},
                collection=f"/data/{ENTITY_SET}",
                record=_record,
                statuses={PATCH: 204, POST: 201},
                posted=_posted,
                posts_prepared=POSTS_PREPARED,
            )
            create(server, rows)
        except BaseException:
            process.stop()
            raise
        return server


def _record(key: str) -> str:
    return f"({COMPANY}='usmf',{KEY}={key})"


def _posted(body: Record, number: int) -> Record:
    return {KEY: str(UUID(int=(1 << 100) + number)), **body}


def csdl() -> str:
    """The table as finance and operations describes it in its $metadata."""
    core = "Microsoft.Dynamics.OData.Core.V1"
    properties = "\n".join(
        f'      <Property Name="{column.name}" Type="{column.edm}"'
        + (' Nullable="false"' if column.edm != "Edm.String" else "")
        + (
            f'><Annotation Term="{core}.AXType" EnumMember="{core}.AXType/UtcDateTime"/></Property>'
            if column.edm == "Edm.DateTimeOffset"
            else "/>"
        )
        for column in COLUMNS
    )
    kind = f"Microsoft.Dynamics.DataEntities.{ENTITY}"
    return f"""\
<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
  <edmx:DataServices>
    <Schema Namespace="Microsoft.Dynamics.DataEntities"
            xmlns="http://docs.oasis-open.org/odata/ns/edm">
      <EntityType Name="{ENTITY}">
        <Key><PropertyRef Name="{COMPANY}"/><PropertyRef Name="{KEY}"/></Key>
        <Property Name="{COMPANY}" Type="Edm.String" Nullable="false"/>
{properties}
      </EntityType>
      <EntityContainer Name="Resources">
        <EntitySet Name="{ENTITY_SET}" EntityType="{kind}"/>
      </EntityContainer>
    </Schema>
  </edmx:DataServices>
</edmx:Edmx>
"""
