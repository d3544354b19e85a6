"""Errors of functions and actions: what they are given, code behind them, lists."""

from __future__ import annotations

from windtunnel.simulator.services.dataverse.errors.dataverse_error import DataverseError


class MethodNotSupported(DataverseError):
    """A write of a row between two tables, which associate and disassociate make and delete."""

    status = 400
    code = "0x80040800"
    text = (
        "The '{method}' method does not support entities of type '{table}'. MessageProcessorCache "
        "returned MessageProcessor.Empty."
    )


class NotImplementedMessage(DataverseError):
    """A message that the table does not have."""

    status = 501
    code = "0x80040219"
    text = "{message} has not yet been implemented."


class UnresolvedParameters(DataverseError):
    """A bound message without its namespace. Source: "Use Web API actions"; the code is assumed."""

    status = 400
    code = "0x80060888"
    text = "Request message has unresolved parameters"


class NoKey(DataverseError):
    """A record as an argument without its key. Source: "Use Web API actions"; code assumed."""

    status = 400
    code = "0x80040203"
    text = "EdmEntityObject passed should have the key property value set."


class InvalidArgument(DataverseError):
    """An argument of an action is wrong or missing."""

    status = 400
    code = "0x80040203"
    text = "{problem}"


class RequiredFieldMissing(DataverseError):
    """A parameter of an action that must be given."""

    status = 400
    code = "0x80040200"
    text = "Required field '{name}' is missing."


class PluginRefused(DataverseError):
    """Code behind a message refused the call by its own text."""

    status = 400
    code = "0x80040265"
    text = "{text_of}"


class PluginFailed(DataverseError):
    """Code behind a message failed by mistake."""

    status = 400
    code = "0x80040224"
    text = (
        "An unexpected error occurred from ISV code. (ErrorType = ClientError) Unexpected "
        "exception from plug-in (Execute): {kind}: {text_of}"
    )


class ListLocked(DataverseError):
    """A change of the members of a locked marketing list."""

    status = 400
    code = "0x80040302"
    text = "List is Locked. Cannot perform this action."


class ListNotActive(DataverseError):
    """A change of the members of an inactive marketing list."""

    status = 400
    code = "0x8004033a"
    text = "List is not active. Cannot perform this operation."


class ListIsStatic(DataverseError):
    """A copy to a static list of one that is static already."""

    status = 400
    code = "0x8004f704"
    text = "This action is valid only for dynamic list."


class NotInList(DataverseError):
    """A record that is to leave a list and is no member of it."""

    status = 400
    code = "0x80048458"
    text = "Specified Item not a member of the specified List."


class UnsupportedListMember(DataverseError):
    """A record of another kind than the members of a list are."""

    status = 400
    code = "0x80040301"
    text = "Unsupported list member type."
