"""Requests for definitions: reads with etags, changes by PUT, POST, DELETE and by messages.

Source: "Create and update table definitions using the Web API" and the pages beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from windtunnel.contracts.entities.dataverse.wire import listed_in
from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.kernel.json_bodies import BadJson, odata_json_of
from windtunnel.simulator.odata import ODATA_401, parse_query
from windtunnel.simulator.services.dataverse import errors, solutions
from windtunnel.simulator.services.dataverse.model.metadata import (
    choice_changes,
    link_changes,
    retrieve_changes,
    table_changes,
)
from windtunnel.simulator.services.dataverse.model.metadata.customizations import Customizations
from windtunnel.simulator.services.dataverse.model.metadata.shapes import NAMESPACE
from windtunnel.simulator.services.dataverse.paths import Segment, literal
from windtunnel.simulator.services.dataverse.replies import base_of

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers

Json: TypeAlias = dict[str, Any]


_NEEDED = {"POST": "prvCreateEntity", "PUT": "prvWriteEntity", "DELETE": "prvDeleteEntity"}
"""The privilege that a change of definitions needs, by its method."""


def handle(there: Handlers, exchange: Exchange, parts: tuple[Segment, ...]) -> Response:
    """Any method below EntityDefinitions, RelationshipDefinitions, GlobalOptionSetDefinitions."""
    exchange.operation = "metadata"
    exchange.cost_seconds += there.guard.cost("metadata")
    method = exchange.request.method
    if method in {"GET", "HEAD"}:
        return _read(there, exchange, parts)
    there.security.demand(_NEEDED.get(method, _NEEDED["PUT"]))
    names = tuple(part.name for part in parts if not part.is_qualified)
    if method == "PATCH":
        raise errors.MetadataMethod(kind=_KINDS.get(names[-1], names[-1]))
    named = [part.arguments is not None for part in parts if not part.is_qualified]
    change = _CHANGES.get((method, names))
    if change is None or named != [True] * (len(named) - 1) + [method != "POST"]:
        raise errors.MethodNotAllowed(method=method)
    body = {} if method == "DELETE" else _body(there, exchange, names[-1])
    solution = solutions.named(there, exchange)
    component = "" if method == "POST" else str(_object(there, parts)["MetadataId"])
    merge = exchange.request.header("mscrm.mergelabels").strip().lower() == "true"
    try:
        with there.customizations.changing():
            address = change(there, parts, body, merge)
            if method == "DELETE":
                solutions.forget(there, component, there.caller(exchange))
            elif solution:
                component = component or solutions.id_in(address)
                table = str(_object(there, parts[:1])["MetadataId"]) if len(names) > 1 else ""
                by = there.caller(exchange)
                solutions.add_definition(there, solution, names, table, component, by)
    except ValueError as error:
        raise errors.InvalidArgument(problem=str(error)) from error
    if not address:
        return there.replies.empty(exchange)
    if address.startswith("("):  # below a table: the parent is named as the request named it
        address = exchange.request.path.partition("/v9.")[2].partition("/")[2] + address
    uri = f"{base_of(exchange)}{address}"
    return there.replies.empty(exchange, f"OData-EntityId: {uri}\r\n".encode("latin-1"))


def _read(there: Handlers, exchange: Exchange, parts: tuple[Segment, ...]) -> Response:
    """A definition or a list of them; 304 while nothing changed since the etag that is sent."""
    request, metadata = exchange.request, there.metadata
    etag = metadata.etag
    head = f"ETag: {etag}\r\n".encode()
    base = base_of(exchange)
    body = metadata.kept(request.path, request.query, base)
    if body is None:
        answer = metadata.answer(parts, parse_query(request.query, ODATA_401), base)
        if answer is None:
            return there.replies.empty(exchange)
        if isinstance(answer, int):
            return there.replies.text(exchange, str(answer).encode())
        body = orjson.dumps(answer)
        metadata.keep(request.path, request.query, base, body)
    if request.header("if-none-match").strip() == etag:
        return there.replies.empty(exchange, head, 304)
    return there.replies.json(exchange, body, 200, head)


def _body(there: Handlers, exchange: Exchange, name: str) -> Json:
    del there
    try:
        body = odata_json_of(exchange.request)
    except BadJson as error:
        raise errors.InvalidJson(set=name, problem=error) from error
    if not isinstance(body, dict):
        raise errors.PayloadError(
            set=name,
            problem="Microsoft.OData.ODataException: An unexpected node was found when reading "
            "from the JSON reader. A 'StartObject' node was expected.",
        )
    return body


# -- changes by address -------------------------------------------------------------------------

Change: TypeAlias = Callable[["Handlers", tuple[Segment, ...], Json, bool], str]
"""Returns the address of what was made, `(id)` for a member of the addressed list, or ``."""
_KINDS = {
    "EntityDefinitions": "EntityMetadata",
    "Attributes": "AttributeMetadata",
    "Keys": "EntityKeyMetadata",
    "RelationshipDefinitions": "RelationshipMetadataBase",
    "GlobalOptionSetDefinitions": "OptionSetMetadataBase",
}


def _object(there: Handlers, parts: tuple[Segment, ...]) -> Json:
    """The object that an address leads to, whatever casts it has."""
    plain = tuple(part for part in parts if not part.is_qualified)
    found: Json = there.metadata.find(plain).value
    return found


def _post_table(there: Handlers, parts: tuple[Segment, ...], body: Json, merge: bool) -> str:
    del parts, merge
    table = table_changes.create_table(there.customizations, body)
    return f"EntityDefinitions({table.metadata_id})"


def _put_table(there: Handlers, parts: tuple[Segment, ...], body: Json, merge: bool) -> str:
    table = there.customizations.table(_object(there, parts)["LogicalName"])
    table_changes.update_table(there.customizations, table, body, merge=merge)
    return f"EntityDefinitions({table.metadata_id})"


def _delete_table(there: Handlers, parts: tuple[Segment, ...], body: Json, merge: bool) -> str:
    del body, merge
    table = there.customizations.table(_object(there, parts)["LogicalName"])
    table_changes.delete_table(there.customizations, table)
    return ""


def _post_column(there: Handlers, parts: tuple[Segment, ...], body: Json, merge: bool) -> str:
    del merge
    table = there.customizations.table(_object(there, parts[:1])["LogicalName"])
    made = table_changes.create_column(there.customizations, table, body)
    return f"({made})"


def _put_column(there: Handlers, parts: tuple[Segment, ...], body: Json, merge: bool) -> str:
    table = there.customizations.table(_object(there, parts[:1])["LogicalName"])
    logical = str(_object(there, parts)["LogicalName"])
    table_changes.update_column(there.customizations, table, logical, body, merge=merge)
    return ""


def _delete_column(there: Handlers, parts: tuple[Segment, ...], body: Json, merge: bool) -> str:
    del body, merge
    table = there.customizations.table(_object(there, parts[:1])["LogicalName"])
    table_changes.delete_column(
        there.customizations, table, str(_object(there, parts)["LogicalName"])
    )
    return ""


def _post_key(there: Handlers, parts: tuple[Segment, ...], body: Json, merge: bool) -> str:
    del merge
    table = there.customizations.table(_object(there, parts[:1])["LogicalName"])
    made = table_changes.create_key(there.customizations, table, body)
    return f"({made})"


def _delete_key(there: Handlers, parts: tuple[Segment, ...], body: Json, merge: bool) -> str:
    del body, merge
    table = there.customizations.table(_object(there, parts[:1])["LogicalName"])
    key = _object(there, parts)
    table_changes.delete_key(
        there.customizations, table, str(key["SchemaName"]), str(key["MetadataId"])
    )
    return ""


def _post_link(there: Handlers, parts: tuple[Segment, ...], body: Json, merge: bool) -> str:
    del parts, merge
    made = link_changes.create_relationship(there.customizations, body)
    return f"RelationshipDefinitions({made})"


def _put_link(there: Handlers, parts: tuple[Segment, ...], body: Json, merge: bool) -> str:
    shape = _object(there, parts)
    link_changes.update_relationship(there.customizations, shape, body, merge=merge)
    return ""


def _delete_link(there: Handlers, parts: tuple[Segment, ...], body: Json, merge: bool) -> str:
    del body, merge
    link_changes.delete_relationship(there.customizations, _object(there, parts))
    return ""


def _post_choice(there: Handlers, parts: tuple[Segment, ...], body: Json, merge: bool) -> str:
    del parts, merge
    made = choice_changes.create_choice(there.customizations, body)
    return f"GlobalOptionSetDefinitions({made})"


def _put_choice(there: Handlers, parts: tuple[Segment, ...], body: Json, merge: bool) -> str:
    choice = choice_changes.choice_of(there.customizations, _object(there, parts))
    choice_changes.update_choice(there.customizations, choice, body, merge=merge)
    return ""


def _delete_choice(there: Handlers, parts: tuple[Segment, ...], body: Json, merge: bool) -> str:
    del body, merge
    choice = choice_changes.choice_of(there.customizations, _object(there, parts))
    choice_changes.delete_choice(there.customizations, choice)
    return ""


_CHANGES: Mapping[tuple[str, tuple[str, ...]], Change] = {
    ("POST", ("EntityDefinitions",)): _post_table,
    ("PUT", ("EntityDefinitions",)): _put_table,
    ("DELETE", ("EntityDefinitions",)): _delete_table,
    ("POST", ("EntityDefinitions", "Attributes")): _post_column,
    ("PUT", ("EntityDefinitions", "Attributes")): _put_column,
    ("DELETE", ("EntityDefinitions", "Attributes")): _delete_column,
    ("POST", ("EntityDefinitions", "Keys")): _post_key,
    ("DELETE", ("EntityDefinitions", "Keys")): _delete_key,
    ("POST", ("RelationshipDefinitions",)): _post_link,
    ("PUT", ("RelationshipDefinitions",)): _put_link,
    ("DELETE", ("RelationshipDefinitions",)): _delete_link,
    ("POST", ("GlobalOptionSetDefinitions",)): _post_choice,
    ("PUT", ("GlobalOptionSetDefinitions",)): _put_choice,
    ("DELETE", ("GlobalOptionSetDefinitions",)): _delete_choice,
}


# -- messages -----------------------------------------------------------------------------------


def message(there: Handlers, exchange: Exchange, segment: Segment) -> Response:
    """An unbound operation on definitions; its name is one of MESSAGES."""
    method, name = exchange.request.method, segment.name
    wanted = "GET" if name == "RetrieveMetadataChanges" else "POST"
    if method != wanted:
        raise errors.NoRoute(uri=exchange.request.base_url + exchange.request.path)
    exchange.operation = "metadata"
    exchange.cost_seconds += there.guard.cost("metadata")
    if wanted == "POST":
        there.security.demand(_NEEDED["PUT"])
    if name == "RetrieveMetadataChanges":
        answer: Json | None = _retrieve_changes(there, exchange, segment)
    else:
        body = _body(there, exchange, name) if exchange.request.body.strip() else {}
        solution = solutions.named(there, exchange, body)
        try:
            with there.customizations.changing():
                answer = MESSAGES[name](there.customizations, body)
                for made in (answer or {}).get("EntityIds", ()) if solution else ():
                    by = there.caller(exchange)
                    solutions.add_definition(there, solution, ("EntityDefinitions",), "", made, by)
        except ValueError as error:
            raise errors.InvalidArgument(problem=str(error)) from error
    if answer is None:
        return there.replies.empty(exchange)
    context = f"{base_of(exchange)}$metadata#{NAMESPACE}{name}Response"
    return there.replies.object(exchange, {"@odata.context": context, **answer})


def _retrieve_changes(there: Handlers, exchange: Exchange, segment: Segment) -> Json:
    aliases = parse_query(exchange.request.query, ODATA_401).aliases
    arguments = {name: literal(node, aliases) for name, node in segment.arguments or ()}
    query = arguments.get("Query")
    if isinstance(query, str):
        try:
            query = orjson.loads(query)
        except orjson.JSONDecodeError as error:
            raise errors.InvalidArgument(problem=f"Query is not valid JSON: {error}.") from error
    if query is not None and not isinstance(query, dict):
        raise errors.InvalidArgument(problem="Query must be an EntityQueryExpression.")
    asked = retrieve_changes.Asked(
        query or {},
        str(arguments.get("ClientVersionStamp") or ""),
        str(arguments.get("DeletedMetadataFilters") or ""),
    )
    return retrieve_changes.answer(there.metadata, there.customizations, asked)


def _create_entities(there: Customizations, body: Json) -> Json | None:
    bodies = body.get("Entities")
    if not isinstance(bodies, list) or not bodies:
        raise errors.InvalidArgument(problem="Required field 'Entities' is missing.")
    made, columns = [], []
    for part in bodies:
        if not isinstance(part, dict):
            raise errors.InvalidArgument(problem="Entities must be an array of objects.")
        table = table_changes.create_table(there, part)
        made.append(table.metadata_id)
        columns.append(table.primary_id)
        for relationship in _relationships_of(part):
            link_changes.create_relationship(there, relationship)
    return {"EntityIds": made}


def _relationships_of(body: Json) -> list[Json]:
    """The relationships inside a ComplexEntityMetadata."""
    found: list[Json] = []
    for member in ("OneToManyRelationships", "ManyToOneRelationships", "ManyToManyRelationships"):
        for part in listed_in(body, member):
            if isinstance(part, dict):
                kind = "ManyToMany" if member.startswith("ManyToMany") else "OneToMany"
                annotated = f"{NAMESPACE}{kind}RelationshipMetadata"
                found.append({"@odata.type": annotated, **part})
    return found


def _insert_option(there: Customizations, body: Json) -> Json | None:
    return {"NewOptionValue": choice_changes.insert_option(there, body)}


def _insert_status(there: Customizations, body: Json) -> Json | None:
    if not isinstance(body.get("StateCode"), int):
        raise errors.InvalidArgument(problem="Required field 'StateCode' is missing.")
    stated = {"AttributeLogicalName": "statuscode", **body}
    return {"NewOptionValue": choice_changes.insert_option(there, stated)}


def _update_option(there: Customizations, body: Json) -> Json | None:
    choice_changes.update_option(there, body)
    return None


def _update_state(there: Customizations, body: Json) -> Json | None:
    choice_changes.update_option(there, {"AttributeLogicalName": "statecode", **body})
    return None


def _delete_option(there: Customizations, body: Json) -> Json | None:
    choice_changes.delete_option(there, body)
    return None


def _order_options(there: Customizations, body: Json) -> Json | None:
    choice_changes.order_options(there, body)
    return None


def _publish(there: Customizations, body: Json) -> Json | None:
    """Definitions are in effect at once; publishing concerns what apps show."""
    del there
    text = body.get("ParameterXml", "")
    if not isinstance(text, str):
        raise errors.InvalidArgument(problem="ParameterXml must be a string.")
    return None


def _customer(there: Customizations, body: Json) -> Json | None:
    return link_changes.create_customer(there, body)


def _polymorphic(there: Customizations, body: Json) -> Json | None:
    return link_changes.create_polymorphic(there, body)


def _no_changes(there: Customizations, body: Json) -> Json | None:
    del there, body
    return None


MESSAGES: Mapping[str, Callable[[Customizations, Json], Json | None]] = {
    "CreateEntities": _create_entities,
    "CreateCustomerRelationships": _customer,
    "CreatePolymorphicLookupAttribute": _polymorphic,
    "InsertOptionValue": _insert_option,
    "InsertStatusValue": _insert_status,
    "UpdateOptionValue": _update_option,
    "UpdateStateValue": _update_state,
    "DeleteOptionValue": _delete_option,
    "OrderOption": _order_options,
    "PublishXml": _publish,
    "PublishAllXml": _publish,
    "RetrieveMetadataChanges": _no_changes,
}
