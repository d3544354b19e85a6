"""What a component needs, what needs it, and what keeps it from being deleted.

Source: "RetrieveDependenciesForDelete Function", "RetrieveDependentComponents Function",
"RetrieveRequiredComponents Function".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from windtunnel.simulator.services.dataverse import errors, solutions
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.model.metadata import dependencies
from windtunnel.simulator.services.dataverse.model.metadata.dependencies import Component, Needs
from windtunnel.simulator.services.dataverse.replies import base_of


def _answered(wanted: Callable[[Needs, Component], bool]) -> Handler:
    def answer(call: Call) -> Answer:
        there = call.there
        asked = Component(call.arguments["ComponentType"], call.arguments["ObjectId"].lower())
        if not solutions.exists(there, asked.kind, asked.id):
            raise errors.ComponentNotFound(kind=asked.kind, id=asked.id)
        every = dependencies.every(there.tables.definitions, there.tables.choices)
        found = dict.fromkeys(needs for needs in every if wanted(needs, asked))
        return {
            "@odata.context": f"{base_of(call.exchange)}$metadata#dependencies",
            "value": [dependencies.shown(needs) for needs in found],
        }

    return answer


def _is(component: Component, asked: Component) -> bool:
    return (component.kind, component.id) == (asked.kind, asked.id)


def _for_delete(needs: Needs, asked: Component) -> bool:
    return _is(needs[1], asked) and dependencies.prevents_delete(*needs)


HANDLERS: Final[dict[str, Handler]] = {
    "RetrieveDependentComponents": _answered(lambda needs, asked: _is(needs[1], asked)),
    "RetrieveRequiredComponents": _answered(lambda needs, asked: _is(needs[0], asked)),
    "RetrieveDependenciesForDelete": _answered(_for_delete),
}
