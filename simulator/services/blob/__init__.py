"""Azure Blob Storage: accounts, containers, block, append and page blobs, leases, SAS.

Page: learn.microsoft.com, "Blob service REST API". Left out: see docs/reference/services/blob.md.
"""

from windtunnel.simulator.services.blob.access import BlobAccess
from windtunnel.simulator.services.blob.contents import Draft
from windtunnel.simulator.services.blob.service import BlobService

__all__ = ["BlobAccess", "BlobService", "Draft"]
