"""Errors about who asks: the token, the user, impersonation, privileges, secured columns."""

from __future__ import annotations

from windtunnel.simulator.services.dataverse.errors.dataverse_error import DataverseError


class NotAuthenticated(DataverseError):
    """No token, or one that is not accepted. The body is empty, as the gateway answers."""

    status = 401
    text = "{problem}"


class NotMember(DataverseError):
    """A good token of an application that is no user of the environment."""

    status = 403
    code = "0x80072560"
    text = "The user is not a member of the organization."


class UserDisabled(DataverseError):
    """The user of the token, or the one it acts as, is disabled. The status is an assumption."""

    status = 403
    code = "0x80040225"
    text = "The specified user is either disabled or is not a member of any business unit."


class PrivilegeMissing(DataverseError):
    """No role of the caller has the privilege. Source: "Web service error codes"."""

    status = 403
    code = "0x80040220"
    text = "{problem}"


class AccessDenied(DataverseError):
    """The caller has the privilege, but it does not reach this record."""

    status = 403
    code = "0x80048306"
    text = "{problem}"


class ColumnCreateDenied(DataverseError):
    """A secured column in a new record. Source: "Column-level security to control access"."""

    status = 403
    code = "0x8004f502"
    text = (
        "Caller user does not have create permissions to a {column} secured field on entity "
        "{table}. The requested operation could not be completed."
    )


class ColumnReadDenied(DataverseError):
    """The file of a secured column. Lists and records show null instead."""

    status = 403
    code = "0x8004f504"
    text = (
        "Caller user does not have read permissions to a {column} secured field on entity "
        "{table}. The requested operation could not be completed."
    )


class ColumnUpdateDenied(DataverseError):
    """A secured column in an update."""

    status = 403
    code = "0x8004f507"
    text = (
        "Caller user with Id {id} does not have update permissions to a {column} secured field on "
        "entity {table}. The requested operation could not be completed."
    )


class CannotActOnBehalf(DataverseError):
    """Impersonation without prvActOnBehalfOfAnotherUser."""

    status = 403
    code = "0x8004a110"
    text = "User does not have the privilege to act on behalf another user."


class UnknownCallerId(DataverseError):
    """MSCRMCallerID of nobody. The status and the text are assumptions."""

    status = 403
    code = "0x80041d1f"
    text = "The user with id {id} is not a user of the organization."


class BadCallerId(DataverseError):
    """An impersonation header that is no GUID. The text is an assumption."""

    status = 400
    code = "0x80040203"
    text = "The caller id '{value}' is not a valid GUID."
