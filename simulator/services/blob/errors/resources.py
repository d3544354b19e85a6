"""Errors about accounts, containers, blobs, blocks, pages, tiers and copies: 400, 404, 409, 416."""

from __future__ import annotations

from windtunnel.simulator.services.blob.errors.blob_error import BlobError


class ResourceNotFound(BlobError):
    """An account that is not there."""

    status = 404
    code = "ResourceNotFound"
    text = "The specified resource does not exist."


class ContainerNotFound(BlobError):
    """The container is not there."""

    status = 404
    code = "ContainerNotFound"
    text = "The specified container does not exist."


class ContainerAlreadyExists(BlobError):
    """A container of this name is there."""

    status = 409
    code = "ContainerAlreadyExists"
    text = "The specified container already exists."


class BlobNotFound(BlobError):
    """The blob is not there."""

    status = 404
    code = "BlobNotFound"
    text = "The specified blob does not exist."


class BlobAlreadyExists(BlobError):
    """A blob of this name is there."""

    status = 409
    code = "BlobAlreadyExists"
    text = "The specified blob already exists."


class InvalidBlobType(BlobError):
    """The blob is of another type than the operation is for."""

    status = 409
    code = "InvalidBlobType"
    text = "The blob type is invalid for this operation."


class SnapshotsPresent(BlobError):
    """A delete that does not say what becomes of the snapshots."""

    status = 409
    code = "SnapshotsPresent"
    text = "This operation is not permitted because the blob has snapshots."


class InvalidBlockList(BlobError):
    """A list that names a block which is not there."""

    code = "InvalidBlockList"
    text = "The specified block list is invalid."


class InvalidBlobOrBlock(BlobError):
    """A block whose id has another length than those before it."""

    code = "InvalidBlobOrBlock"
    text = "The specified blob or block content is invalid."


class BlockListTooLong(BlobError):
    """More blocks than a blob may have."""

    code = "BlockListTooLong"
    text = "The block list may not contain more than 50,000 blocks."


class BlockCountExceedsLimit(BlobError):
    """More blocks than may be there."""

    status = 409
    code = "BlockCountExceedsLimit"
    text = "The {kind} block count cannot exceed the maximum limit of {limit} blocks."


class InvalidPageRange(BlobError):
    """Pages that are not there or not whole."""

    status = 416
    code = "InvalidPageRange"
    text = "The page range specified is invalid."


class InvalidBlobTier(BlobError):
    """A tier that the blob cannot have."""

    code = "InvalidBlobTier"
    text = "The specified blob tier is invalid."


class BlobArchived(BlobError):
    """Content that is in the archive."""

    status = 409
    code = "BlobArchived"
    text = "This operation is not permitted on an archived blob."


class BlobBeingRehydrated(BlobError):
    """Content that is on its way out of the archive."""

    status = 409
    code = "BlobBeingRehydrated"
    text = "This operation is not permitted because the blob is being rehydrated."


class BlobIsSealed(BlobError):
    """An append blob that takes nothing more."""

    status = 409
    code = "BlobIsSealed"
    text = "The specified blob is sealed and its contents can't be modified unless the blob is re-created after a delete."  # noqa: E501 - one sentence


class NoPendingCopyOperation(BlobError):
    """A copy to abort that does not run any more."""

    status = 409
    code = "NoPendingCopyOperation"
    text = "There is currently no pending copy operation."


class CannotVerifyCopySource(BlobError):
    """The source of a copy could not be read; the status is the source's."""

    status = 404
    code = "CannotVerifyCopySource"
    text = "{reason}"

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason=reason)
        self.status = status
