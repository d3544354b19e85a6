"""Background operations: `Prefer: respond-async` on a custom API is done later, as a row tells.

Source: "Background operations (preview)".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from windtunnel.simulator.exchange import (
    Absent,
    Exchange,
    Identity,
    Request,
    Response,
    ServiceError,
)
from windtunnel.simulator.kernel.clock import iso_seconds
from windtunnel.simulator.services.dataverse.replies import base_of

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers

KIND: Final = "dataverse.background_operation"
TABLE: Final = "backgroundoperation"


def is_asked(exchange: Exchange) -> bool:
    """Whether the caller wants to hear of the result later."""
    return "respond-async" in exchange.request.header("prefer")


def accept(there: Handlers, exchange: Exchange, name: str) -> Response:
    """Plan the request and answer 202 with the address of the row that tells how it goes."""
    request = exchange.request
    if "callback" in request.header("prefer"):
        raise Absent("callbacks of background operations")
    served, caller = there.tables.by_name[TABLE], there.caller(exchange)
    values: dict[str, Any] = {
        "name": name,
        "displayname": name,
        "backgroundoperationstatecode": 0,
        "backgroundoperationstatuscode": 0,
        "inputparameters": request.body.decode("utf-8", "replace"),
        "runasuser": caller.user_id,
        "retrycount": 0,
    }
    with there.security.as_service():
        key = there.writes.insert(served, values, caller)
    given = {
        "operation": key,
        "user": caller.user_id,
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "scheme": request.scheme,
        "host": request.header("host", "localhost"),
        "body": request.body.decode("latin-1"),
    }
    there.jobs.start(KIND, given, there.settings.background_operations, key)
    location = f"{base_of(exchange)}{served.entity_set}({key})"
    body = {
        "@odata.context": f"{base_of(exchange)}$metadata#{served.entity_set}/$entity",
        "backgroundOperationId": key,
        "backgroundOperationStateCode": 0,
        "backgroundOperationStatusCode": 0,
        "location": location,
    }
    head = f"Preference-Applied: respond-async\r\nLocation: {location}\r\n".encode("latin-1")
    return there.replies.object(exchange, body, 202, head)


def run(there: Handlers, given: dict[str, Any]) -> None:
    """Do a planned request and write down how it ended."""
    served = there.tables.by_name[TABLE]
    caller = there.caller_of(given["user"])
    started = iso_seconds(there.clock.now())
    headers = {b"host": given["host"].encode("latin-1")}
    request = Request(
        given["method"],
        given["path"],
        given["query"],
        headers,
        given["body"].encode("latin-1"),
        given["scheme"],
    )
    exchange = Exchange(request, "dataverse", there.clock.now(), Identity(given["user"]))
    values: dict[str, Any] = {"backgroundoperationstatecode": 2, "starttime": started}
    try:
        with there.security.acting_as(given["user"]), there.store.atomic():
            answer = there.route(exchange)
    except ServiceError as problem:
        code = int(problem.code, 16) if problem.code else 0
        values |= {
            "backgroundoperationstatuscode": 31,
            "errorcode": code - 2**32 if code >= 2**31 else code,
            "errormessage": problem.message,
        }
    else:
        assert isinstance(answer.body, bytes)
        found = orjson.loads(answer.body) if answer.body else {}
        found.pop("@odata.context", None)
        values |= {
            "backgroundoperationstatuscode": 30,
            "outputparameters": orjson.dumps(found).decode(),
        }
    values["endtime"] = iso_seconds(there.clock.now())
    with there.security.as_service():
        there.writes.change(served, given["operation"], values, caller)
