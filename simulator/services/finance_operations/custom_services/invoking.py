"""Calls the function behind an operation: all it writes, or nothing; refusals in one form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from windtunnel.simulator.entity_sets.custom_services import (
    InfologEntry,
    OperationCall,
    OperationRefused,
)
from windtunnel.simulator.exchange import Absent, Exchange
from windtunnel.simulator.services.finance_operations.custom_services.registry import (
    ServedOperation,
)
from windtunnel.simulator.services.finance_operations.custom_services.shapes import (
    BadValue,
    checked,
)
from windtunnel.simulator.services.finance_operations.errors import (
    FinanceOperationsError,
    WriteFailed,
)
from windtunnel.simulator.services.finance_operations.model.environment import Environment

_KINDS = re.compile(r"(?:Error|Warning|Info): ")


@dataclass(frozen=True, slots=True)
class Context:
    """The call context: what a caller may say of company and language."""

    company: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """The result, checked, and what the operation put into the Infolog."""

    result: Any
    infolog: list[InfologEntry]


def invoke(
    exchange: Exchange,
    environment: Environment,
    operation: ServedOperation,
    arguments: Mapping[str, Any],
    context: Context,
) -> Done:
    """Call an operation. Raises OperationRefused, Absent."""
    exchange.operation = "custom_service"
    user_id = exchange.identity.user_id
    company = context.company.lower() or environment.users.of(user_id).company
    if context.company and not environment.companies.exists(company):
        # unconfirmed: the text for a company that is not there
        raise OperationRefused(f"The company {context.company} does not exist.")
    call = OperationCall(
        operation.name,
        arguments,
        company,
        context.language or "en-us",
        user_id,
        exchange.identity.app_id,
        exchange.request.base_url,
        environment.access(user_id, company),
    )
    try:
        with environment.store.atomic():
            result = operation.operation.function(call)
            if operation.returns is None:
                return Done(None, call.infolog)
            return Done(checked(operation.returns, result), call.infolog)
    except Absent:
        raise
    except FinanceOperationsError as error:
        raise _in_words_of_x(error) from error
    except BadValue as error:
        text = f"What the function of {operation.name} returned does not fit: {error}"
        raise OperationRefused(text, "InvalidCastException") from error


def _in_words_of_x(error: FinanceOperationsError) -> OperationRefused:
    """A refused write as X++ throws it: the Infolog's text without its prefix."""
    if not isinstance(error, WriteFailed):
        return OperationRefused(error.message)
    text = _KINDS.sub("", str(error.values["infolog"]))
    is_duplicate = "already exists" in text
    return OperationRefused(text, "DuplicateKeyException" if is_duplicate else "ErrorException")
