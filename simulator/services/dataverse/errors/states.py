"""Errors about states: what a closed record refuses and which state follows which."""

from __future__ import annotations

from windtunnel.simulator.services.dataverse.errors.dataverse_error import DataverseError


class BadStatus(DataverseError):
    """A status reason of another state."""

    status = 400
    code = "0x80048408"
    text = "{value} is not a valid status code on {table} with Id {id}."


class StateNeedsMessage(DataverseError):
    """A state that only a message of its own sets, in an update. The code is that of sales."""

    status = 400
    code = "0x80100005"
    text = (
        "This message can not be used to set the state of {table} to {state}. "
        "In order to set state of {table} to {state}, use the {message} message instead."
    )


class ClosedAlready(DataverseError):
    """A state action on a record that is not in the state before it. The text is not confirmed."""

    status = 400
    code = "0x80048408"
    text = "The {table} with Id = {id} is already closed, or not in a state that can be changed so."


class OpportunityAlreadyClosed(DataverseError):
    """An opportunity that is won or lost is won or lost again."""

    status = 400
    code = "0x80040515"
    text = "The opportunity is already closed."


class LeadAlreadyClosed(DataverseError):
    """A lead that is not open is qualified or disqualified."""

    status = 400
    code = "0x80040519"
    text = "The lead is already closed."


class CaseAlreadyResolved(DataverseError):
    """A resolved case is resolved again, or changed."""

    status = 400
    code = "0x800404cf"
    text = (
        "This case has already been resolved. Close and reopen the case record to see the updates."
    )


class IncidentAlreadyClosed(DataverseError):
    """A cancelled case is changed, or goes from one closed state to the other."""

    status = 400
    code = "0x80044411"
    text = "Already Closed or Canceled"


class ActivityClosed(DataverseError):
    """A completed or cancelled activity is changed, not opened. The code is an assumption."""

    status = 400
    code = "0x80040230"
    text = "Cannot update Closed or Cancelled Activity"


class QuoteNotDraft(DataverseError):
    """A quote that is won or closed is activated."""

    status = 400
    code = "0x80100003"
    text = "The quote cannot be activated because it is not in draft state."


class InvoiceNotActive(DataverseError):
    """An invoice that is closed or cancelled is paid."""

    status = 400
    code = "0x80100000"
    text = "The invoice cannot be paid because it is not in active state."


class InvoiceNotPayable(DataverseError):
    """An invoice that is neither active nor paid is cancelled."""

    status = 400
    code = "0x80100001"
    text = "The invoice cannot be cancelled because it is not in active or paid state."


class RecordReadOnly(DataverseError):
    """A user who is no administrator changes a quote, order or invoice that is closed.

    Source: "Dynamics 365 Sales and privacy laws and regulations".
    """

    status = 400
    code = "0x8004022e"
    text = "The object cannot be updated because it is read-only."


class ParentReadOnly(DataverseError):
    """A line of a document that is closed, by a user who is no administrator."""

    status = 400
    code = "0x80043b09"
    text = "The parent is read only and cannot be edited."
