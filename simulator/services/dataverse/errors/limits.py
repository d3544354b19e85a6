"""Errors of limits: how often, how many, how large, how long."""

from __future__ import annotations

from windtunnel.simulator.services.dataverse.errors.dataverse_error import DataverseError


class TooManyRequests(DataverseError):
    """A service protection limit. Source: "Service protection API limits"."""

    status = 429
    text = "{problem}"

    def __init__(self, code: str, problem: str, retry_after: int) -> None:
        self.code = code
        super().__init__(headers={"Retry-After": str(retry_after)}, problem=problem)


class TooManyOperations(DataverseError):
    """More than 1,000 operations in a $batch. The text is not confirmed."""

    status = 400
    code = "0x80060888"
    text = "The batch size exceeds the maximum of {limit} requests."


class AggregateLimit(DataverseError):
    """More than 50,000 records in an aggregate."""

    status = 400
    code = "0x8004e023"
    text = "The maximum record limit is exceeded. Reduce the number of records."


class PayloadTooLarge(DataverseError):
    """A body larger than one request may hold."""

    status = 413
    code = "0x80040203"
    text = "The request body of {size} bytes is larger than {limit} bytes: upload it in chunks."


class SqlTimeout(DataverseError):
    """A message that would run longer than two minutes. The status is not confirmed."""

    status = 500
    code = "0x80044151"
    text = (
        "Sql error: SQL timeout expired. CRM ErrorCode: -2147204783 Sql ErrorCode: -2146232060 "
        "Sql Number: -2"
    )
