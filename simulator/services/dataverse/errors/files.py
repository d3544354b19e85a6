"""Errors of file and image columns."""

from __future__ import annotations

from windtunnel.simulator.services.dataverse.errors.dataverse_error import DataverseError


class FileTooBig(DataverseError):
    """A file larger than its column takes. Source: "Use file column data"."""

    status = 400
    code = "0x80044a02"
    text = "Attachment file size is too big."


class NoFile(DataverseError):
    """A download of a column without a file."""

    status = 404
    code = "0x80040217"
    text = "No file attachment found for attribute: {column} EntityId: {id}."


class NoFullImage(DataverseError):
    """A full image of a column that keeps thumbnails only. Source: "Use image column data"."""

    status = 404
    code = "0x80040217"
    text = (
        "No FileAttachment records found for imagedescriptorId: {image} for image attribute: "
        "{column} of {table} record with id {id}."
    )


class ImageTooBig(DataverseError):
    """An image larger than its column takes. Source: "Use image column data"."""

    status = 400
    code = "0x80072553"
    text = (
        "Error occured when processing image. Reason: File size is too big. MaxSize: {limit} MB, "
        "Uploaded filesize: {size} MB."
    )


class ImageRefused(DataverseError):
    """Bytes that are no image of an accepted type. Source: "Use image column data"."""

    status = 400
    code = "0x80072553"
    text = (
        "Error occured when processing image. Reason: Update image properties failed for "
        "objectid: {id}, logicalName: {table}, attribute: {column}"
    )


class NotThePrimaryImage(DataverseError):
    """A create with another image than the table's primary one."""

    status = 400
    code = "0x80090487"
    text = (
        "Non-primary image attribute {column} of entity {table} is not allowed to upload during "
        "Create operation."
    )


class FileColumnNotSettable(DataverseError):
    """A file column in the body of a create or update. The text is not confirmed."""

    status = 400
    code = "0x80040203"
    text = "The file column '{column}' cannot be set by create or update: upload the file instead."


class BadFileToken(DataverseError):
    """A continuation or session token that is not known or has expired. Text not confirmed."""

    status = 400
    code = "0x80040203"
    text = "The file continuation token is not valid or has expired."


class BadBlockList(DataverseError):
    """A commit that names blocks which were not uploaded. The text is not confirmed."""

    status = 400
    code = "0x80040203"
    text = "The specified block list is invalid."


class RangeNotSatisfiable(DataverseError):
    """A Range behind the end of the file, or a Content-Range that does not fit."""

    status = 416
    code = "0x80040203"
    text = "The range '{range}' does not fit a file of {size} bytes."
