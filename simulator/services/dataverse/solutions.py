"""Components of solutions: what a header, a query option or an action puts into one.

Source: "Work with solutions using the SolutionUniqueName" of the Web API pages and the table
reference of Solution Component. The solutions `Default` and `Active` hold everything without rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from windtunnel.simulator.exchange import Exchange
from windtunnel.simulator.odata import ODATA_401, parse_query
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers
    from windtunnel.simulator.services.dataverse.model.writes import Caller

ENTITY, ATTRIBUTE = 1, 2
DEFINITIONS: Final[Mapping[str, int]] = {
    "EntityDefinitions": ENTITY,
    "Attributes": ATTRIBUTE,
    "GlobalOptionSetDefinitions": 9,
    "RelationshipDefinitions": 10,
    "Keys": 14,
}
"""Component types of definitions, by the list that they are in."""
RECORDS: Final[Mapping[str, int]] = {
    "role": 20, "savedquery": 26, "workflow": 29, "fieldsecurityprofile": 70, "plugintype": 90,
    "pluginassembly": 91, "sdkmessageprocessingstep": 92, "serviceendpoint": 95,
    "environmentvariabledefinition": 380, "environmentvariablevalue": 381,
}  # fmt: skip
"""Component types of records, by table."""
BY_THEIR_TABLE: Final = frozenset(
    {"customapi", "customapirequestparameter", "customapiresponseproperty", "connectionrole"}
)
"""Tables whose component type is their object type code, another in each environment."""
WHOLE, PARTS = 0, 1
"""Root component behaviours: with all that is below, or with what is named only."""
_WITHOUT_ROWS: Final = frozenset({"", "default", "active"})
_ID: Final = re.compile(r"\(([0-9a-f-]{36})\)\Z")


def named(there: Handlers, exchange: Exchange, body: Mapping[str, Any] | None = None) -> str:
    """The id of the solution that a header, the query or a member of the body names.

    `` for none of them and for those that hold everything. Raises InvalidArgument.
    """
    name = exchange.request.header("mscrm.solutionuniquename").strip()
    if not name and "SolutionUniqueName=" in exchange.request.query:
        custom = dict(parse_query(exchange.request.query, ODATA_401).custom)
        name = custom.get("SolutionUniqueName", "")
    if not name and body is not None:
        name = body.get("SolutionUniqueName") or ""
    return solution_id(there, name)


def solution_id(there: Handlers, name: Any) -> str:
    """The id of a solution by its unique name; as `named` tells it."""
    if not isinstance(name, str):
        raise errors.InvalidArgument(problem="SolutionUniqueName must be a string.")
    if name.lower() in _WITHOUT_ROWS:
        return ""
    found = there.tables.by_name["solution"].records.find({"uniquename": name}, 1)
    if not found:
        raise errors.InvalidArgument(problem=f"The solution '{name}' was not found.")
    if found[0]["ismanaged"]:
        raise errors.InvalidArgument(
            problem=f"The solution '{name}' is managed: components cannot be added or removed."
        )
    return str(found[0]["solutionid"])


def add(
    there: Handlers,
    solution: str,
    kind: int,
    component: str,
    caller: Caller,
    behaviour: int | None = None,
) -> str:
    """Put a component into a solution; returns the id of its row, which may be there already."""
    served = there.tables.by_name["solutioncomponent"]
    known = {"_solutionid_value": solution, "objectid": component}
    found = served.records.find(known, 1)
    if found:
        key = str(found[0]["solutioncomponentid"])
        if behaviour == WHOLE and found[0]["rootcomponentbehavior"] != WHOLE:
            served.records.update((key,), {"rootcomponentbehavior": WHOLE}, user=caller.user_id)
        return key
    values = {**known, "componenttype": kind, "rootcomponentbehavior": behaviour}
    values["ismetadata"] = int(kind in DEFINITIONS.values())
    return there.writes.insert(served, values, caller)


def add_definition(
    there: Handlers, solution: str, names: tuple[str, ...], table: str, component: str, by: Caller
) -> None:
    """Put a definition into a solution. What is below a table brings it along, without the rest."""
    kind = DEFINITIONS[names[-1]]
    if kind == ENTITY:
        add(there, solution, kind, component, by, WHOLE)
        return
    if len(names) > 1:
        rows = there.tables.by_name["solutioncomponent"].records
        add(there, solution, ENTITY, table, by, PARTS)
        root = rows.find({"_solutionid_value": solution, "objectid": table}, 1)[0]
        if root["rootcomponentbehavior"] == WHOLE:
            return
    add(there, solution, kind, component, by)


def add_record(
    there: Handlers, exchange: Exchange, served: DataverseTable, key: str, by: Caller
) -> None:
    """Put a record that is a component into the solution that a header names."""
    kind = RECORDS.get(served.name)
    if kind is None and served.name in BY_THEIR_TABLE:
        kind = served.definition.object_type_code
    solution = named(there, exchange)
    if kind is not None and solution:
        add(there, solution, kind, key, by)


def forget(there: Handlers, component: str, by: Caller) -> None:
    """A component was deleted: no solution has it any longer."""
    rows = there.tables.by_name["solutioncomponent"].records
    for row in rows.find({"objectid": component}, 1000):
        rows.delete((row["solutioncomponentid"],), user=by.user_id)


def id_in(address: str) -> str:
    """The id at the end of the address of something made; `` where there is none."""
    found = _ID.search(address)
    return found[1] if found else ""


# -- actions ----------------------------------------------------------------------------------


def exists(there: Handlers, kind: int, component: str) -> bool:
    """Whether there is a component of this type and id."""
    if kind in DEFINITIONS.values():
        return there.metadata.has_component(kind, component)
    tables = {code: name for name, code in RECORDS.items()}
    for name in BY_THEIR_TABLE:
        tables[there.tables.by_name[name].definition.object_type_code] = name
    served = there.tables.by_name.get(tables.get(kind, ""))
    return served is not None and served.records.exists((component,))


def _add(call: Call) -> Answer:
    there, given = call.there, call.arguments
    component, kind = str(given["ComponentId"]).lower(), given["ComponentType"]
    there.security.demand("prvWriteSolution")
    solution = solution_id(there, given["SolutionUniqueName"])
    if not solution:
        raise errors.InvalidArgument(
            problem="The default solution holds every component: name another one."
        )
    if not exists(there, kind, component):
        raise errors.ComponentNotFound(kind=kind, id=component)
    behaviour = None
    if kind == ENTITY:
        behaviour = PARTS if given.get("DoNotIncludeSubcomponents") else WHOLE
    return {"id": add(there, solution, kind, component, call.caller, behaviour)}


def _remove(call: Call) -> Answer:
    there, given = call.there, call.arguments
    there.security.demand("prvWriteSolution")
    solution = solution_id(there, given["SolutionUniqueName"])
    asked = given["SolutionComponent"]
    key = str(asked.get("solutioncomponentid") or asked.get("objectid") or "").lower()
    rows = there.tables.by_name["solutioncomponent"].records
    for name in ("objectid", "solutioncomponentid"):  # clients send the component's own id as well
        found = rows.find({"_solutionid_value": solution, name: key}, 1)
        if found:
            removed = str(found[0]["solutioncomponentid"])
            rows.delete((removed,), user=call.caller.user_id)
            return {"id": removed}
    raise errors.ComponentNotFound(kind=given["ComponentType"], id=key)


HANDLERS: Final[Mapping[str, Handler]] = {
    "AddSolutionComponent": _add,
    "RemoveSolutionComponent": _remove,
}
