"""Errors of requests that cannot be read or taken: 400, 405, 411, 413, 416."""

from __future__ import annotations

from windtunnel.simulator.services.blob.errors.blob_error import BlobError


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
