"""Settings of electronic reporting."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from windtunnel.simulator.kernel.settings.section import Section, Work


def _below(folder: str) -> str:
    parts = PureWindowsPath(folder)
    if parts.drive or parts.root or ".." in parts.parts:
        raise ValueError("is no folder below the root folder; Leave out drive, root and '..'.")
    return folder


Folder = Annotated[str, AfterValidator(_below)]
"""A folder below another one."""


class ErDestinationSettings(Section):
    """`[[electronic_reporting.formats.destinations]]`: where the file of a run goes."""

    kind: Literal["archive", "file"] = Field(
        default="archive", description="archive: kept with the job too; file: put down only."
    )
    folder: Folder = Field(default="", description="Where the file is put, below the root folder.")
    create_folder: bool = True
    company: str = Field(default="", description="Only for runs of this company.")
    stop_on_failure: bool = Field(
        default=True, description="Whether the run fails when the file cannot be put down."
    )


class _ErMapping(Section):
    name: str = Field(pattern=r"^[\w .-]+$")
    entity_set: str = Field(description="The public collection that is read or written.")
    columns: dict[Annotated[str, Field(pattern=r"^[A-Za-z_][\w.-]*$")], str] = Field(
        min_length=1, description="Element of the document = property of the entity."
    )
    root: str = Field(default="Document", pattern=r"^[A-Za-z_][\w.-]*$")
    record: str = Field(default="Record", pattern=r"^[A-Za-z_][\w.-]*$")


class ErFormatSettings(_ErMapping):
    """`[[electronic_reporting.formats]]`: an XML document of the records of an entity."""

    file_name: str = Field(
        default="{format}_{company}_{number}.xml",
        pattern=r"^[^/\\{}]*(\{(format|company|number)\}[^/\\{}]*)*$",
    )
    destinations: tuple[ErDestinationSettings, ...] = (ErDestinationSettings(),)


class ErSourceSettings(_ErMapping):
    """`[[electronic_reporting.sources]]`: a folder whose XML files are imported, one each run."""

    company: str = "usmf"
    folder: Folder
    mask: str = "*.xml"
    archive_folder: Folder = Field(
        default="", description="Where imported files go; none: they are deleted."
    )
    error_folder: Folder = Field(
        default="", description="Where failed files go; none: they stay where they are."
    )


class ElectronicReportingSettings(Section):
    """`[electronic_reporting]`: formats, sources and the folder that stands for SharePoint."""

    folder: Path | None = Field(
        default=None,
        description="Root of all folders; none: .windtunnel/electronic-reporting where it runs.",
    )
    jobs: Work = Field(default="immediate", description="When a run is done.")
    formats: tuple[ErFormatSettings, ...] = ()
    sources: tuple[ErSourceSettings, ...] = ()
