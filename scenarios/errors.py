"""Every error of the scenarios room.

UsageError         the person's mistake outside a document: a flag, an env file; exit code 2
ExpressionError    a `${...}` that cannot be read, or has no value where it stands
StepError          a step cannot be carried out: nothing answers, no control API; outcome `error`
Stopped            the person stopped the run

A wrong document raises `DocumentError` of contracts. What does not match is a `Mismatch`, no error.
"""

from __future__ import annotations


class UsageError(Exception):
    """The person's mistake; the command prints it without traceback and ends with exit code 2."""

    is_usage_error = True


class ExpressionError(Exception):
    """A template expression that cannot be read or has no value."""


class StepError(Exception):
    """A step that could not be carried out at all."""


class Stopped(Exception):
    """The run was stopped from outside."""
