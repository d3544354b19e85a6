"""Every error that finance and operations answers here, one class each.

Three shapes exist: OData's with `innererror`, Web API's with `Message`, and no body at all.
Texts without a capture are reasoned from the library below the server; docs/reference names them.
"""

from __future__ import annotations

from html import escape
from typing import Any

import orjson

from windtunnel.contracts.limits import LIMITS
from windtunnel.simulator.exchange import ServiceError

HAS_OCCURRED = "An error has occurred."
_SAVE = (
    "   at Microsoft.Dynamics.Platform.Integration.Services.OData.Update.UpdateProcessor."
    "{step}(ChangeOperationContext context, ChangeInfo changeInfo)\r\n"
    "   at Microsoft.Dynamics.Platform.Integration.Services.OData.Update.ChangeInfo."
    "ExecuteActionsInCompanyContext(IEnumerable`1 actionList, ChangeOperationContext "
    "operationContext)\r\n"
    "   at Microsoft.Dynamics.Platform.Integration.Services.OData.AxODataDelegatingHandler."
    "<SaveChangesAsync>d__3.MoveNext()"
)
_ARGUMENT = "Microsoft.Dynamics.Platform.Integration.Services.OData.ODataArgumentException"
_BUSY = LIMITS["fo.load"].message(60)
_INVOKE = (
    "   at Microsoft.Dynamics.Platform.Integration.Services.OData.Action.ActionInvokable.Invoke()"
    "\r\n   at Microsoft.Dynamics.Platform.Integration.Services.OData.AxODataDelegatingHandler."
    "<InvokeActionAsync>d__4.MoveNext()"
)
_JSON = "application/json; charset=utf-8"
_READ = "   at Microsoft.OData.UriParser.ODataUriParser.ParseUri()"


class FinanceOperationsError(ServiceError):
    """The OData shape: `error.message` is `outer`, the text goes into `error.innererror`."""

    status = 400
    outer = HAS_OCCURRED
    type = "Microsoft.OData.ODataException"
    stack = _READ
    media = "application/json; odata.metadata=minimal; charset=utf-8"

    def body(self) -> bytes:
        """The JSON that is sent."""
        outer = self.outer.format(text=self.message)
        error = {"code": self.code, "message": outer, "innererror": self.inner()}
        return orjson.dumps({"error": error})

    def inner(self) -> dict[str, Any]:
        """`innererror`: the text that says why."""
        return {"message": self.message, "type": self.type, "stacktrace": self.stack}


class WebApiError(FinanceOperationsError):
    """The shape of the framework below OData: one member."""

    media = _JSON

    def body(self) -> bytes:
        """The JSON that is sent."""
        return orjson.dumps({"Message": self.message})


class AuthenticationFailed(FinanceOperationsError):
    """No token, a bad one, or one of an application that is mapped to no user."""

    status = 401
    media = _JSON
    text = "Authentication failed."

    def body(self) -> bytes:
        """The JSON that is sent."""
        kind = "System.InvalidOperationException"
        return orjson.dumps({"Message": self.message, "StackTrace": None, "ExceptionType": kind})


class AccessDenied(FinanceOperationsError):
    """The user's roles have no privilege for this. No capture says the real text."""

    status = 403
    type = "System.UnauthorizedAccessException"
    text = "Access denied"


class NoRoute(WebApiError):
    """An unknown set, an unknown action, a key with missing parts: the same answer."""

    status = 404
    text = (
        "No HTTP resource was found that matches the request URI '{uri}'. No route data was found "
        "for this request."
    )


class RecordNotFound(FinanceOperationsError):
    """A key that no record has, or none in the caller's company. No body."""

    status = 404

    def body(self) -> bytes:
        """Nothing is sent."""
        return b""


class VerbNotSupported(WebApiError):
    """A method that the resource does not have."""

    status = 405
    text = "The requested resource does not support http method '{method}'."

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(headers={"Allow": allowed}, method=method)


class NotAcceptable(WebApiError):
    """A representation that nobody offers."""

    status = 406
    text = "The requested media type '{media}' is not supported."


class UnsupportedMedia(WebApiError):
    """A body in another format than JSON."""

    status = 415
    text = "The request entity's media type '{media}' is not supported for this resource."


class BadQuery(FinanceOperationsError):
    """Query options that the parser or the service refuses."""

    outer = "The query specified in the URI is not valid. {text}"
    text = "{reason}"


class BadBody(FinanceOperationsError):
    """JSON that is malformed, or has members or values that the type does not."""

    text = "{reason}"


class WriteError(FinanceOperationsError):
    """A write that the application refused. 400 today, 500 in releases until 2020."""

    type = "Microsoft.Dynamics.Platform.Integration.Services.OData.AxODataWriteException"
    stack = _SAVE.format(step="CreateEntity_Save")
    text = "{reason}"


class WriteFailed(WriteError):
    """Refused with an Infolog; `infolog` are its entries such as `Warning: ...`."""

    text = "Write failed for table row of type '{entity}'. Infolog: {infolog}."

    def __init__(self, entity: str, infolog: list[str], status: int = 400) -> None:
        super().__init__(entity=entity, infolog="; ".join(infolog))
        self.status = status


class ValidationFailed(WriteFailed):
    """Refused by the entity's own validation."""

    text = "Write validation failed for table row of type '{entity}'. Infolog: {infolog}."


class DeleteFailed(WriteError):
    """A delete that the application refused."""

    stack = _SAVE.format(step="DeleteEntity_Save")
    text = "Delete failed for table row of type '{entity}'. Infolog: {infolog}."

    def __init__(self, entity: str, infolog: list[str], status: int = 400) -> None:
        super().__init__(entity=entity, infolog="; ".join(infolog))
        self.status = status


class NothingSelected(WriteError):
    """PATCH, PUT or DELETE of a record that is not there or not in the caller's company."""

    type = _ARGUMENT
    stack = _SAVE.format(step="UpdateEntity_Select")
    text = "No resources were found when selecting for update."


class TooManySelected(WriteError):
    """PATCH or DELETE of a whole set. Source: captured answers."""

    type = _ARGUMENT
    stack = _SAVE.format(step="UpdateEntity_Select")
    text = "More than one resource was found when selecting for update."


class EtagMismatch(FinanceOperationsError):
    """`If-Match` names another version."""

    status = 412
    type = "Microsoft.Dynamics.Platform.Integration.Services.OData.AxODataConcurrencyException"
    stack = _SAVE.format(step="UpdateEntity_Select")
    text = "The record was changed by another user or process."


class BadArguments(FinanceOperationsError):
    """Parameters of an action that are missing, unknown or of another type; all answer alike.

    `reason` stands where nested exceptions do. Source: captured calls of package actions.
    """

    type = "System.InvalidOperationException"
    stack = _INVOKE
    text = "InvokeAction - Model state is invalid."

    def inner(self) -> dict[str, Any]:
        """With the real cause inside."""
        cause = {"message": self.values["reason"], "type": "Microsoft.OData.ODataException"}
        return {**super().inner(), "internalexception": {**cause, "stacktrace": _READ}}


class ActionFailed(FinanceOperationsError):
    """What an action threw. 500 in documented calls of Human Resources, elsewhere also 400."""

    type = "System.InvalidOperationException"
    stack = _INVOKE
    text = "{reason}"

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason=reason)
        self.status = status


class BadServiceCall(WebApiError):
    """A call of a custom service whose body does not fit the operation. The status is assumed."""

    status = 400
    text = "{reason}"


class OperationFailed(FinanceOperationsError):
    """What the operation of a custom service threw."""

    status = 500
    media = _JSON
    text = "An exception occured when invoking the operation - {reason}"

    def body(self) -> bytes:
        """The JSON that is sent."""
        return orjson.dumps(
            {
                "Message": self.message,
                "ExceptionType": self.values["kind"],
                "ActivityId": self.values["activity"],
            }
        )


class BatchRefused(FinanceOperationsError):
    """A batch that cannot be read, or with more operations than are allowed."""

    text = "{reason}"


class Throttled(FinanceOperationsError):
    """429 of either mode; the client finds the wait in Retry-After."""

    status = 429
    outer = "{text}"
    text = "{reason}"

    def body(self) -> bytes:
        """The JSON that is sent."""
        return orjson.dumps({"error": {"code": self.code, "message": self.message}})


class Unexpected(FinanceOperationsError):
    """What nobody planned for."""

    status = 500
    type = "Microsoft.Dynamics.Ax.Xpp.ErrorException"
    stack = _SAVE.format(step="CreateEntity_Save")
    text = "{reason}"


class Unavailable(FinanceOperationsError):
    """The gateway's answer while the environment restarts or is serviced: a page."""

    status = 503
    media = "text/html; charset=utf-8"
    text = "{reason}"

    def body(self) -> bytes:
        """The HTML that is sent."""
        title = "Service Unavailable" if self.status == 503 else "Bad Gateway"
        text = escape(self.message)
        return (
            f"<html><head><title>{self.status} {title}</title></head>"
            f"<body><h1>{title}</h1><p>{text}</p></body></html>"
        ).encode()


def in_our_words(error: ServiceError) -> FinanceOperationsError:
    """A fault's error as this service would have answered it; an empty text gets ours."""
    made: FinanceOperationsError
    match error.status:
        case 401:
            made = AuthenticationFailed()
        case 429:
            made = Throttled(reason=error.message or _BUSY)
        case 502 | 503:
            made = Unavailable(reason=error.message)
        case _:
            made = Unexpected(reason=error.message or "An unexpected X++ error occurred.")
    made.status, made.code, made.headers = error.status, error.code, error.headers
    return made


def absent_body(error: ServiceError) -> bytes:
    """The body for a feature that is not simulated."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    return orjson.dumps({"error": body})
