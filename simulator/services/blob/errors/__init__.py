"""Every error that Blob Storage answers here, one class each, in a module a subject.

BlobError
├── access: AuthenticationFailed, PublicAccessNotPermitted, AuthorizationPermissionMismatch, ...
├── conditions: ConditionNotMet, SourceConditionNotMet, AppendPositionConditionNotMet, ...
├── leases: LeaseIdMissing, LeaseLost, LeaseAlreadyPresent, ...
├── requests: InvalidUri, InvalidHeaderValue, RequestBodyTooLarge, Md5Mismatch, InvalidRange, ...
└── resources: ContainerNotFound, BlobAlreadyExists, InvalidBlockList, BlobArchived, ...

Sources: "Status and error codes", "Common REST API error codes", "Azure Blob Storage error codes",
"Lease Blob".
"""

from windtunnel.simulator.services.blob.errors.access import *
from windtunnel.simulator.services.blob.errors.blob_error import *
from windtunnel.simulator.services.blob.errors.conditions import *
from windtunnel.simulator.services.blob.errors.leases import *
from windtunnel.simulator.services.blob.errors.requests import *
from windtunnel.simulator.services.blob.errors.resources import *
