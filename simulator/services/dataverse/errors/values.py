"""Errors of values that their column does not take."""

from __future__ import annotations

from typing import Any

from windtunnel.simulator.services.dataverse.errors.dataverse_error import DataverseError


class TextTooLong(DataverseError):
    """Longer than the column."""

    status = 400
    code = "0x80044331"
    text = (
        "A validation error occurred.  The length of the '{column}' attribute of the '{table}' "
        "entity exceeded the maximum allowed length of '{length}'."
    )


class CannotBeNull(DataverseError):
    """Null for a column that the system requires. The code is an assumption."""

    status = 400
    code = "0x80040203"
    text = "Attribute: {column} cannot be set to NULL"


class NumberOutOfRange(DataverseError):
    """A number beyond the column's bounds; the code tells integers from decimals."""

    status = 400
    code = "0x8004432f"
    text = (
        "A validation error occurred.  The value {value} of '{column}' on record of type '{table}' "
        "is outside the valid range. Accepted Values: {low} to {high}"
    )

    def __init__(self, *, is_integer: bool, **values: Any) -> None:
        self.code = "0x8004432f" if is_integer else "0x80044330"
        super().__init__(**values)


class OptionOutOfRange(DataverseError):
    """A number that is no option of the choice."""

    status = 400
    code = "0x8004431a"
    text = (
        "A validation error occurred.  The value {value} of '{column}' on record of type '{table}' "
        "is outside the valid range. Accepted Values: {accepted}"
    )


class BadCharacter(DataverseError):
    """A control character in text."""

    status = 400
    code = "0x80040278"
    text = "The field '{column}' contains one or more invalid characters."


class InvalidDateTime(DataverseError):
    """A day before 1753-01-01, which the database of the service cannot hold."""

    status = 400
    code = "0x80040239"
    text = "The date-time format is invalid, or value is outside the supported range."


class BadPartition(DataverseError):
    """A `partitionid` that is too long, or with a character that it cannot have. Text assumed."""

    status = 400
    code = "0x80040203"
    text = "The partitionid '{value}' is not valid: at most 1,024 bytes, none of / < > * % & : \\ ?"
