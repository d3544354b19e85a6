"""What the endpoints of recurring integrations refuse. The shape is that of the Web API below.

No capture of these bodies is public: the texts are ours, 401 for a stranger was reported.
"""

from __future__ import annotations

from windtunnel.simulator.exchange import ServiceError


class RecurringError(ServiceError):
    """`{"Message": ...}` with the status."""

    status = 400
    code = "recurring_integration"


class NoSuchDataJob(RecurringError):
    """The activity id is that of no recurring data job. Assumed."""

    status = 404
    text = "The recurring data job {activity} does not exist."


class DataJobDisabled(RecurringError):
    """The recurring data job is switched off. Assumed."""

    text = "The recurring data job {name} is not enabled."


class NotInPolicy(RecurringError):
    """The application is not enabled in the authorization policy of the recurring data job."""

    status = 401
    text = "Authorization has been denied for this request."


class WrongDirection(RecurringError):
    """Enqueue for an export, or dequeue and ack for an import. Assumed."""

    text = "The recurring data job {name} is for {direction}; {operation} is not possible."


class NoEntity(RecurringError):
    """A file without the name of its entity. Assumed."""

    text = "The query parameter entity is required for a recurring data job that takes files."


class NothingSent(RecurringError):
    """A body without a byte. Assumed."""

    text = "The request has no content."


class NoSuchMessage(RecurringError):
    """The message id is unknown, or that of another recurring data job. Assumed."""

    status = 404
    text = "The message {message} does not exist."


class BadAcknowledgement(RecurringError):
    """The body is not what dequeue answered, or the message was dequeued again since. Assumed."""

    text = "The acknowledgment is not valid: {reason}"


class NotProcessable(Exception):
    """Raised by the framework: the message cannot be processed at all; the text is logged."""
