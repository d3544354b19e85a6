"""Every error that Blob Storage answers here, one class each.

    BlobError
        authentication and authorisation: 401, 403, 409
        requests that cannot be read: 400, 405, 411, 413
        resources: 404, 409
        conditions, leases: 304, 409, 412

Sources: "Status and error codes", "Common REST API error codes", "Azure Blob Storage error codes",
"Lease Blob".
"""

from __future__ import annotations

from typing import Any

from windtunnel.simulator.exchange import ServiceError


class BlobError(ServiceError):
    """An answer in the XML shape of Azure Storage; `details` are elements beside the message."""

    status = 400
    details: tuple[tuple[str, str], ...] = ()


class OtherError(BlobError):
    """What a fault injects, or what is not simulated: with the status and code of that."""

    status = 500
    code = "InternalError"
    text = "{reason}"


INTERNAL = "Server encountered an internal error. Please try again after some time."


# -- who asks --------------------------------------------------------------------------------------


class AuthenticationFailed(BlobError):
    """A signature that is wrong, or a SAS that is not valid now; `detail` says why."""

    status = 403
    code = "AuthenticationFailed"
    text = (
        "Server failed to authenticate the request. Make sure the value of Authorization header "
        "is formed correctly including the signature."
    )

    def __init__(self, detail: str) -> None:
        super().__init__()
        self.details = (("AuthenticationErrorDetail", detail),)


class NoAuthenticationInformation(BlobError):
    """Nothing says who asks."""

    status = 401
    code = "NoAuthenticationInformation"
    text = (
        "Server failed to authenticate the request. Please refer to the information in the "
        "www-authenticate header."
    )


class InvalidAuthenticationInfo(BlobError):
    """An Authorization header that has no form we know."""

    status = 400
    code = "InvalidAuthenticationInfo"
    text = "Authentication information is not given in the correct format. Check the value of Authorization header."  # noqa: E501 - one sentence


class TokenRefused(BlobError):
    """A bearer token that is not accepted; `detail` says why."""

    status = 401
    code = "InvalidAuthenticationInfo"
    text = NoAuthenticationInformation.text

    def __init__(self, detail: str, challenge: str) -> None:
        super().__init__(headers={"WWW-Authenticate": challenge})
        self.details = (("AuthenticationErrorDetail", detail),)


class PublicAccessNotPermitted(BlobError):
    """Anonymous reads of an account that allows none."""

    status = 409
    code = "PublicAccessNotPermitted"
    text = "Public access is not permitted on this storage account."


class AuthorizationPermissionMismatch(BlobError):
    """The SAS lacks the permission."""

    status = 403
    code = "AuthorizationPermissionMismatch"
    text = "This request is not authorized to perform this operation using this permission."


class AuthorizationResourceTypeMismatch(BlobError):
    """The account SAS is not for this kind of resource."""

    status = 403
    code = "AuthorizationResourceTypeMismatch"
    text = "This request is not authorized to perform this operation using this resource type."


class AuthorizationServiceMismatch(BlobError):
    """The account SAS is not for the Blob service."""

    status = 403
    code = "AuthorizationServiceMismatch"
    text = "This request is not authorized to perform this operation using this service."


class AuthorizationProtocolMismatch(BlobError):
    """The SAS allows HTTPS only."""

    status = 403
    code = "AuthorizationProtocolMismatch"
    text = "This request is not authorized to perform this operation using this protocol."


class AuthorizationSourceIPMismatch(BlobError):
    """The SAS is for other addresses."""

    status = 403
    code = "AuthorizationSourceIPMismatch"
    text = "This request is not authorized to perform this operation using this source IP {ip}."

    def __init__(self, ip: str) -> None:
        super().__init__(ip=ip)
        self.details = (("SourceIP", ip),)


class AuthorizationFailure(BlobError):
    """An operation that no SAS of this kind allows."""

    status = 403
    code = "AuthorizationFailure"
    text = "This request is not authorized to perform this operation."


# -- what is asked ---------------------------------------------------------------------------------


class InvalidUri(BlobError):
    """A path that names nothing."""

    code = "InvalidUri"
    text = "The requested URI does not represent any resource on the server."


class InvalidResourceName(BlobError):
    """A container or blob name with characters that are not allowed."""

    code = "InvalidResourceName"
    text = "The specified resource name contains invalid characters."


class OutOfRangeInput(BlobError):
    """A name that is too short or too long."""

    code = "OutOfRangeInput"
    text = "One of the request inputs is out of range."


class InvalidHeaderValue(BlobError):
    """A header that cannot be read."""

    code = "InvalidHeaderValue"
    text = "The value for one of the HTTP headers is not in the correct format."

    def __init__(self, name: str, value: str) -> None:
        super().__init__()
        self.details = (("HeaderName", name), ("HeaderValue", value))


class MissingRequiredHeader(BlobError):
    """A header that the operation needs."""

    code = "MissingRequiredHeader"
    text = "An HTTP header that's mandatory for this request is not specified."

    def __init__(self, name: str) -> None:
        super().__init__()
        self.details = (("HeaderName", name),)


class UnsupportedHeader(BlobError):
    """A header that does not go with the operation."""

    code = "UnsupportedHeader"
    text = "One of the HTTP headers specified in the request is not supported."

    def __init__(self, name: str, value: str) -> None:
        super().__init__()
        self.details = (("HeaderName", name), ("HeaderValue", value))


class InvalidQueryParameterValue(BlobError):
    """A parameter that cannot be read."""

    code = "InvalidQueryParameterValue"
    text = "Value for one of the query parameters specified in the request URI is invalid."

    def __init__(self, name: str, value: str, reason: str = "") -> None:
        super().__init__()
        self.details = (
            ("QueryParameterName", name),
            ("QueryParameterValue", value),
            ("Reason", reason),
        )


class OutOfRangeQueryParameterValue(BlobError):
    """A number outside its range."""

    code = "OutOfRangeQueryParameterValue"
    text = (
        "One of the query parameters specified in the request URI is outside the permissible range."
    )

    def __init__(self, name: str, value: str, lowest: int, highest: int) -> None:
        super().__init__()
        self.details = (
            ("QueryParameterName", name),
            ("QueryParameterValue", value),
            ("MinimumAllowed", str(lowest)),
            ("MaximumAllowed", str(highest)),
        )


class MissingRequiredQueryParameter(BlobError):
    """A parameter that the operation needs."""

    code = "MissingRequiredQueryParameter"
    text = "A query parameter that's mandatory for this request is not specified."

    def __init__(self, name: str) -> None:
        super().__init__()
        self.details = (("QueryParameterName", name),)


class UnsupportedHttpVerb(BlobError):
    """A method that the resource does not have."""

    status = 405
    code = "UnsupportedHttpVerb"
    text = "The resource doesn't support specified Http Verb."


class MissingContentLengthHeader(BlobError):
    """A write that does not say how long its body is."""

    status = 411
    code = "MissingContentLengthHeader"
    text = "The Content-Length header was not specified."


class RequestBodyTooLarge(BlobError):
    """A body above the limit of the operation and version."""

    status = 413
    code = "RequestBodyTooLarge"
    text = "The request body is too large and exceeds the maximum permissible limit."

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.details = (("MaxLimit", str(limit)),)


class InvalidXmlDocument(BlobError):
    """A body that is not the XML it should be."""

    code = "InvalidXmlDocument"
    text = "XML specified is not syntactically valid."

    def __init__(self, line: int = 0, position: int = 0, reason: str = "") -> None:
        super().__init__()
        self.details = (
            ("LineNumber", str(line)),
            ("LinePosition", str(position)),
            ("Reason", reason),
        )


class InvalidXmlNodeValue(BlobError):
    """XML of the right form with a value that is not allowed."""

    code = "InvalidXmlNodeValue"
    text = "The value for one of the XML nodes is not in the correct format."

    def __init__(self, name: str, value: str) -> None:
        super().__init__()
        self.details = (("XmlNodeName", name), ("XmlNodeValue", value))


class InvalidMetadata(BlobError):
    """Metadata with a name that is no identifier."""

    code = "InvalidMetadata"
    text = "The metadata specified is invalid. It has characters that are not permitted."


class EmptyMetadataKey(BlobError):
    """Metadata without a name."""

    code = "EmptyMetadataKey"
    text = "The key for one of the metadata key-value pairs is empty."


class MetadataTooLarge(BlobError):
    """More than 8 KiB of metadata."""

    code = "MetadataTooLarge"
    text = "The size of the specified metadata exceeds the maximum size permitted."


class InvalidTags(BlobError):
    """Tags that break a rule of theirs."""

    code = "InvalidTag"
    text = "The tags specified are invalid. {reason}"


class Md5Mismatch(BlobError):
    """The body is not the one whose hash was sent."""

    code = "Md5Mismatch"
    text = (
        "The MD5 value specified in the request did not match with the MD5 value calculated by "
        "the server."
    )

    def __init__(self, given: str, calculated: str) -> None:
        super().__init__()
        self.details = (("UserSpecifiedMd5", given), ("ServerCalculatedMd5", calculated))


class InvalidMd5(BlobError):
    """A hash that is not 128 bits in base64."""

    code = "InvalidMd5"
    text = "The MD5 value specified in the request is invalid. The MD5 value must be 128 bits and Base64-encoded."  # noqa: E501 - one sentence


class Crc64Mismatch(BlobError):
    """The body is not the one whose CRC was sent."""

    code = "Crc64Mismatch"
    text = (
        "The CRC64 value specified in the request did not match with the CRC64 value calculated "
        "by the server."
    )

    def __init__(self, given: str, calculated: str) -> None:
        super().__init__()
        self.details = (("UserSpecifiedCrc64", given), ("ServerCalculatedCrc64", calculated))


class InvalidRange(BlobError):
    """A range that begins behind the end."""

    status = 416
    code = "InvalidRange"
    text = "The range specified is invalid for the current size of the resource."

    def __init__(self, size: int) -> None:
        super().__init__(headers={"Content-Range": f"bytes */{size}"})


class InvalidInput(BlobError):
    """An input that is not valid in another way."""

    code = "InvalidInput"
    text = "One of the request inputs is not valid."


# -- what is there ---------------------------------------------------------------------------------


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


# -- conditions ------------------------------------------------------------------------------------


class ConditionNotMet(BlobError):
    """A conditional header holds a write back: 412; a read: 304 or 412."""

    status = 412
    code = "ConditionNotMet"
    text = "The condition specified using HTTP conditional header(s) is not met."

    def __init__(self, status: int = 412, **headers: Any) -> None:
        super().__init__(headers=headers)
        self.status = status


class SourceConditionNotMet(BlobError):
    """A condition on the source of a copy."""

    status = 412
    code = "SourceConditionNotMet"
    text = "The source condition specified using HTTP conditional header(s) is not met."


class AppendPositionConditionNotMet(BlobError):
    """`x-ms-blob-condition-appendpos` names another position."""

    status = 412
    code = "AppendPositionConditionNotMet"
    text = "The append position condition specified was not met."


class MaxBlobSizeConditionNotMet(BlobError):
    """`x-ms-blob-condition-maxsize` would be exceeded."""

    status = 412
    code = "MaxBlobSizeConditionNotMet"
    text = "The max blob size condition specified was not met."


class SequenceNumberConditionNotMet(BlobError):
    """A condition on the sequence number of a page blob."""

    status = 412
    code = "SequenceNumberConditionNotMet"
    text = "The sequence number condition specified was not met."


class LeaseIdMissing(BlobError):
    """The resource is leased and the request brings no lease id."""

    status = 412
    code = "LeaseIdMissing"
    text = "There is currently a lease on the {kind} and no lease ID was specified in the request."


class LeaseNotPresent(BlobError):
    """The request brings a lease id and there is no lease."""

    status = 412
    code = "LeaseNotPresentWith{Kind}Operation"
    text = "There is currently no lease on the {kind}."

    def __init__(self, kind: str) -> None:
        super().__init__(kind=kind)
        self.code = f"LeaseNotPresentWith{kind.capitalize()}Operation"


class LeaseLost(BlobError):
    """The request brings the id of a lease that ended."""

    status = 412
    code = "LeaseLost"
    text = "A lease ID was specified, but the lease for the {kind} has expired."


class LeaseIdMismatch(BlobError):
    """The request brings another id than the lease has."""

    status = 412
    code = "LeaseIdMismatchWith{Kind}Operation"
    text = "The lease ID specified did not match the lease ID for the {kind}."

    def __init__(self, kind: str) -> None:
        super().__init__(kind=kind)
        self.code = f"LeaseIdMismatchWith{kind.capitalize()}Operation"


class LeaseIdMismatchWithLeaseOperation(BlobError):
    """A lease action with another id than the lease has."""

    status = 409
    code = "LeaseIdMismatchWithLeaseOperation"
    text = "The lease ID specified did not match the lease ID for the {kind}."


class LeaseNotPresentWithLeaseOperation(BlobError):
    """A lease action where there is no lease."""

    status = 409
    code = "LeaseNotPresentWithLeaseOperation"
    text = "There is currently no lease on the {kind}."


class LeaseAlreadyPresent(BlobError):
    """Somebody else has the lease."""

    status = 409
    code = "LeaseAlreadyPresent"
    text = "There is already a lease present."


class LeaseAlreadyBroken(BlobError):
    """The lease was broken."""

    status = 409
    code = "LeaseAlreadyBroken"
    text = "The lease has already been broken and cannot be broken again."


class LeaseIsBreakingAndCannotBeAcquired(BlobError):
    """The lease is on its end."""

    status = 409
    code = "LeaseIsBreakingAndCannotBeAcquired"
    text = "The lease is in the breaking state and can't be acquired until the lease is broken."


class LeaseIsBreakingAndCannotBeChanged(BlobError):
    """The lease is on its end."""

    status = 409
    code = "LeaseIsBreakingAndCannotBeChanged"
    text = (
        "The lease ID matched, but the lease is currently in breaking state and cannot be changed."
    )


class LeaseIsBrokenAndCannotBeRenewed(BlobError):
    """The lease was broken."""

    status = 409
    code = "LeaseIsBrokenAndCannotBeRenewed"
    text = "The lease ID matched, but the lease has been broken explicitly and cannot be renewed."
