"""The Data Management framework of finance and operations: packages in and out as jobs.

Page: learn.microsoft.com, "Data management package REST API". Left out: see
docs/reference/services/data-management.md.
"""

from windtunnel.simulator.services.data_management.actions import package_actions
from windtunnel.simulator.services.data_management.ports import (
    BlobRefused,
    Blobs,
    DataEntity,
    Entities,
    FilterRefused,
    Messages,
    Refused,
    Stored,
)
from windtunnel.simulator.services.data_management.service import DataManagement
from windtunnel.simulator.services.data_management.values import Field

__all__ = [
    "BlobRefused",
    "Blobs",
    "DataEntity",
    "DataManagement",
    "Entities",
    "Field",
    "FilterRefused",
    "Messages",
    "Refused",
    "Stored",
    "package_actions",
]
