"""Finds the message that an address names, checks its arguments, calls it, answers its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windtunnel.contracts.entities.dataverse.messages import MessageDefinition
from windtunnel.simulator.exchange import Absent, Exchange, Response
from windtunnel.simulator.services.dataverse import elastic, errors
from windtunnel.simulator.services.dataverse.messages import arguments, background
from windtunnel.simulator.services.dataverse.messages.registry import Call
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE, DataverseTable
from windtunnel.simulator.services.dataverse.paths import Segment
from windtunnel.simulator.services.dataverse.replies import base_of

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers


def unbound(there: Handlers, exchange: Exchange, segment: Segment) -> Response:
    """A function or action at the root."""
    name = segment.name.removeprefix(NAMESPACE)
    delegate = there.messages.delegated(name)
    if delegate is not None:
        return delegate(there, exchange, segment)
    definition = there.messages.unbound(name)
    if definition is None:
        raise errors.SegmentNotFound(segment=segment.name)
    return _call(there, exchange, segment, definition, None, "")


def bound(
    there: Handlers, exchange: Exchange, served: DataverseTable, segment: Segment, key: str = ""
) -> Response:
    """A function or action behind a record (`key`) or a set; its name has to be qualified."""
    name = segment.name.removeprefix(NAMESPACE)
    definition = there.messages.bound(name, served.name, to_record=bool(key))
    if definition is None:
        raise errors.SegmentNotFound(segment=segment.name)
    if name == segment.name:
        raise errors.UnresolvedParameters
    if key and not served.records.exists((key,)):
        raise errors.RecordNotFound(table=served.name, id=key)
    if key:
        there.security.check(served, key, "Read")
    return _call(there, exchange, segment, definition, served, key)


def _call(
    there: Handlers,
    exchange: Exchange,
    segment: Segment,
    definition: MessageDefinition,
    served: DataverseTable | None,
    key: str,
) -> Response:
    method, is_function = exchange.request.method, definition.kind == "function"
    if method not in ({"GET", "HEAD"} if is_function else {"POST"}):
        raise errors.NoRoute(uri=exchange.request.base_url + exchange.request.path)
    handler = there.messages.handler(definition.name)
    if handler is None:
        raise Absent(f"the {definition.kind} {definition.name}")
    exchange.operation = definition.kind
    exchange.cost_seconds += there.guard.cost(definition.kind)
    if is_function:
        given = arguments.of_function(there.messages, definition, segment, exchange)
    else:
        given = arguments.of_action(there.messages, definition, exchange)
    if there.messages.is_custom(definition.name) and background.is_asked(exchange):
        return background.accept(there, exchange, definition.name)
    with there.store.atomic():
        answer = handler(Call(there, exchange, definition, given, served, key))
    if isinstance(answer, errors.DataverseError):
        return there.replies.error(answer, exchange)
    written = served is not None and served.is_elastic and not is_function
    more = elastic.session_token(there) if written else b""
    if answer is None:
        return there.replies.empty(exchange, more)
    return there.replies.object(exchange, {**_context(exchange, definition), **answer}, more=more)


def _context(exchange: Exchange, definition: MessageDefinition) -> dict[str, Any]:
    kind = definition.result
    bare = kind.removeprefix("Collection(").removesuffix(")")
    named = bare if bare.startswith("Edm.") else NAMESPACE + bare
    shown = f"Collection({named})" if kind.startswith("Collection(") else named
    return {"@odata.context": f"{base_of(exchange)}$metadata#{shown}"}
