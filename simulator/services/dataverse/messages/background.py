"""Background operations: `Prefer: respond-async` on a custom API is done later, as a row tells.

The row, the status monitor resource and, where one was asked for, a callback tell how it ended.
What fails is tried three times more. Source: "Background operations (preview)".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson

from windtunnel.simulator.exchange import (
    Exchange,
    Identity,
    Request,
    Response,
    ServiceError,
)
from windtunnel.simulator.kernel.clock import iso_seconds
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.replies import base_of

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers

KIND: Final = "dataverse.background_operation"
TABLE: Final = "backgroundoperation"
MONITOR: Final = "/api/backgroundoperation/"
READY, LOCKED, COMPLETED = 0, 2, 3
WAITING, CANCELING, SUCCEEDED, FAILED, CANCELED = 0, 22, 30, 31, 32
RETRIES: Final = 3
_CALLBACK: Final = re.compile(r"""(?:odata\.)?callback\s*;\s*url\s*=\s*"?([^",;\s]+)"?""")
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")

CallBack: TypeAlias = Callable[[str, bytes], None]
"""Posts JSON to a URL after the present request; the post is kept until it is taken."""


def is_asked(exchange: Exchange) -> bool:
    """Whether the caller wants to hear of the result later."""
    return "respond-async" in exchange.request.header("prefer")


def accept(there: Handlers, exchange: Exchange, name: str) -> Response:
    """Plan the request and answer 202 with the address that tells how it goes."""
    request = exchange.request
    callback = _callback(request.header("prefer"))
    served, caller = there.tables.by_name[TABLE], there.caller(exchange)
    values: dict[str, Any] = {
        "name": name,
        "displayname": name,
        "backgroundoperationstatecode": READY,
        "backgroundoperationstatuscode": WAITING,
        "inputparameters": request.body.decode("utf-8", "replace"),
        "runasuser": caller.user_id,
        "retrycount": 0,
    }
    with there.security.as_service():
        key = there.writes.insert(served, values, caller)
    location = f"{base_of(exchange).partition('/api/data/')[0]}{MONITOR}{key}"
    given = {
        "operation": key,
        "user": caller.user_id,
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "scheme": request.scheme,
        "host": request.header("host", "localhost"),
        "body": request.body.decode("latin-1"),
        "callback": callback,
        "location": location,
    }
    there.jobs.start(KIND, given, there.settings.background_operations, key)
    body = {
        "@odata.context": f"{base_of(exchange)}$metadata#{served.entity_set}/$entity",
        "backgroundOperationId": key,
        "backgroundOperationStateCode": READY,
        "backgroundOperationStatusCode": WAITING,
        "location": location,
    }
    applied = "callback" if callback else "respond-async"
    lines = (
        f"Preference-Applied: {applied}",
        f"Location: {location}",
        f"x-ms-dyn-backgroundoperationid: {key}",
    )
    head = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
    return there.replies.object(exchange, body, 202, head)


def _callback(prefer: str) -> str:
    """The URL that a preference asks to call; `` without one. Raises InvalidArgument."""
    if "callback" not in prefer:
        return ""
    found = _CALLBACK.search(prefer)
    if found is None or not found[1].startswith(("http://", "https://")):
        raise errors.InvalidArgument(
            problem="The preference 'callback' needs a url: callback; url=\"https://...\""
        )
    return found[1]


def run(there: Handlers, given: dict[str, Any]) -> None:
    """Do a planned request, write down how it ended, and call back."""
    served = there.tables.by_name[TABLE]
    caller = there.caller_of(given["user"])
    row = served.records.get((given["operation"],))
    if row is None:  # deleted while it waited: nobody wants it any longer
        return
    if row["backgroundoperationstatuscode"] == CANCELING:
        values: dict[str, Any] = {"backgroundoperationstatuscode": CANCELED}
    else:
        values = _done(there, given)
        tried = row["retrycount"] or 0
        if values["backgroundoperationstatuscode"] == FAILED and tried < RETRIES:
            more = {"retrycount": tried + 1}
            with there.security.as_service():
                there.writes.change(served, given["operation"], more, caller)
            _again(there, given, tried)
            return
    values["backgroundoperationstatecode"] = COMPLETED
    values["endtime"] = iso_seconds(there.clock.now())
    with there.security.as_service():
        there.writes.change(served, given["operation"], values, caller)
    if given.get("callback"):
        told = {
            "backgroundOperationId": given["operation"],
            **_shown(served.records.get((given["operation"],)) or {}),
            "location": given["location"],
        }
        there.call_back(given["callback"], orjson.dumps(told))


def _again(there: Handlers, given: dict[str, Any], tried: int) -> None:
    """Plan the next attempt: as the first, but after twice the time of the last one."""
    work = there.settings.background_operations
    kind, _, seconds = work.partition(":")
    if seconds:
        work = f"{kind}: {float(seconds) * 2 ** (tried + 1)}"
    there.jobs.start(KIND, given, work, given["operation"])


def _done(there: Handlers, given: dict[str, Any]) -> dict[str, Any]:
    """Do the request as its caller; the columns that tell what came of it."""
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
    values: dict[str, Any] = {"starttime": iso_seconds(there.clock.now())}
    try:
        with there.security.acting_as(given["user"]), there.store.atomic():
            answer = there.route(exchange)
    except ServiceError as problem:
        code = int(problem.code, 16) if problem.code else 0
        return values | {
            "backgroundoperationstatuscode": FAILED,
            "errorcode": code - 2**32 if code >= 2**31 else code,
            "errormessage": problem.message,
        }
    assert isinstance(answer.body, bytes)
    found = orjson.loads(answer.body) if answer.body else {}
    found.pop("@odata.context", None)
    pairs = [{"Key": name, "Value": value} for name, value in found.items()]
    return values | {
        "backgroundoperationstatuscode": SUCCEEDED,
        "outputparameters": orjson.dumps(pairs).decode(),
    }


# -- the status monitor resource ------------------------------------------------------------------


def monitor(there: Handlers, exchange: Exchange) -> Response:
    """`/api/backgroundoperation/ID`: GET tells how it goes, DELETE cancels what has not begun."""
    request = exchange.request
    key = request.path[len(MONITOR) :].lower()
    served = there.tables.by_name[TABLE]
    row = served.records.get((key,)) if _ID.match(key) else None
    if row is None:
        raise errors.RecordNotFound(table=TABLE, id=key)
    exchange.operation = "retrieve"
    exchange.cost_seconds += there.guard.cost("retrieve")
    there.security.check(served, key, "Read")
    if request.method in {"GET", "HEAD"}:
        found = _shown(row)
        for pair in orjson.loads(row["outputparameters"] or "[]"):
            found[pair["Key"]] = pair["Value"]
        return there.replies.object(exchange, found)
    if request.method != "DELETE":
        raise errors.MethodNotAllowed(method=request.method)
    if row["backgroundoperationstatecode"] == READY:
        changed = {
            "backgroundoperationstatecode": LOCKED,
            "backgroundoperationstatuscode": CANCELING,
        }
        there.writes.change(served, key, changed, there.caller(exchange))
        row = served.records.get((key,)) or {}
    return there.replies.object(exchange, _shown(row))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """State and status, and the error where there is one."""
    found = {
        "backgroundOperationStateCode": row.get("backgroundoperationstatecode"),
        "backgroundOperationStatusCode": row.get("backgroundoperationstatuscode"),
    }
    if row.get("errormessage") is not None:
        found["backgroundOperationErrorCode"] = row.get("errorcode")
        found["backgroundOperationErrorMessage"] = row["errormessage"]
    return found
