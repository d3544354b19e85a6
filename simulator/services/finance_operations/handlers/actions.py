"""POST of an action: its arguments from the body, the function, its result as OData.

Source: "Open Data Protocol (OData)", actions; captured calls of `/data`.
"""

from __future__ import annotations

from typing import Any

from windtunnel.contracts.entities.finance_operations.load import NAMESPACE
from windtunnel.simulator.entity_sets.actions import ActionCall, ActionRefused
from windtunnel.simulator.entity_sets.records import Key
from windtunnel.simulator.exchange import Absent, Exchange, Response
from windtunnel.simulator.services.finance_operations.errors import (
    ActionFailed,
    BadArguments,
    FinanceOperationsError,
    NothingSelected,
    VerbNotSupported,
)
from windtunnel.simulator.services.finance_operations.handlers.reading import in_scope, no_route
from windtunnel.simulator.services.finance_operations.handlers.wire import (
    VERSION,
    json_response,
    level_asked,
    parameters_of,
    root_of,
)
from windtunnel.simulator.services.finance_operations.model.actions import ServedAction, Type
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.environment import Environment

_PREFIX = f"{NAMESPACE}."


def is_action(segment: str) -> bool:
    """Whether a segment is a qualified name, as those of actions are."""
    return segment.startswith(_PREFIX)


def invoke(
    exchange: Exchange,
    environment: Environment,
    segment: str,
    entity_set: EntitySet | None = None,
    key: Key | None = None,
) -> Response:
    """Call the action of a qualified name at the root, behind a set or behind a record."""
    name = segment.removeprefix(_PREFIX)
    if entity_set is None:
        served = environment.actions.unbound(name)
    else:
        served = environment.actions.bound(entity_set.name, name, to_record=key is not None)
    if served is None:
        kind = "" if entity_set is None else entity_set.type
        many = entity_set is not None and key is None
        if (name, kind, many) in environment.sets.schema.declared:
            raise Absent(f"action {name}")
        raise no_route(exchange)
    request = exchange.request
    if request.method != "POST":
        raise VerbNotSupported(request.method, "POST")
    exchange.operation = "action"
    level = level_asked(exchange, None)
    arguments = served.arguments(parameters_of(request))
    if entity_set is not None and key is not None:
        is_seen = in_scope(exchange, environment, entity_set, key)
        if not is_seen or not entity_set.records.exists(key):
            raise NothingSelected
    user_id = exchange.identity.user_id
    company = environment.users.of(user_id).company
    if entity_set is not None and entity_set.is_company_specific and key:
        company = str(key[0])
    call = ActionCall(
        name,
        arguments,
        key or (),
        company,
        user_id,
        exchange.identity.app_id,
        request.base_url,
        environment.access(user_id),
    )
    with environment.store.atomic():
        result = _run(served, call, environment.settings.action_error_status)
    if served.action.nested:
        result = {"value": result}
    return _answer(exchange, environment, served.returns, result, level)


def _run(served: ServedAction, call: ActionCall, status: int) -> Any:
    """The function's result. Raises ActionFailed with the text of the refusal."""
    try:
        return served.result(served.action.function(call))
    except (ActionRefused, FinanceOperationsError) as refusal:
        text = refusal.message if isinstance(refusal, FinanceOperationsError) else str(refusal)
        if isinstance(refusal, BadArguments):
            reason = refusal.values["reason"]
            text = f"What the function of {served.name} returned does not fit: {reason}"
        place = f" on Entity {served.bound_to.type}" if served.bound_to is not None else ""
        raise ActionFailed(
            status, f"Exception occurred while executing action {served.name}{place}: {text}"
        ) from refusal


def _answer(
    exchange: Exchange, environment: Environment, kind: Type | None, result: Any, level: str
) -> Response:
    if kind is None:
        return Response(204, b"", VERSION)
    root = root_of(exchange.request)
    if kind.entity_set is None:
        body = {"@odata.context": f"{root}/$metadata#{kind.qualified}", "value": result}
        if level == "none":
            del body["@odata.context"]
        return json_response(200, body, level)
    plan = environment.plans.of(kind.entity_set, "")
    context = {"@odata.context": f"{root}/$metadata#{kind.entity_set.name}"}
    if level == "none":
        context = {}
    keys = result if kind.is_collection else [result]
    found = [environment.reading.one(plan, tuple(key), level, root) for key in keys]
    rows = [row for row in found if row is not None]
    exchange.cost_seconds = environment.costs.seconds("list", len(rows))
    if kind.is_collection:
        return json_response(200, {**context, "value": rows}, level)
    if not rows:
        return Response(204, b"", VERSION)
    if context:
        context["@odata.context"] += "/$entity"
    return json_response(200, {**context, **rows[0]}, level)
