"""Errors about who asks: signatures, tokens, permissions. 401, 403, 409."""

from __future__ import annotations

from windtunnel.simulator.services.blob.errors.blob_error import BlobError


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
