"""The $metadata document of an environment: entity types and enumerations, actions, container.

It is as large as the sets it describes, so it is put together once, and again when an action came.
"""

from __future__ import annotations

from windtunnel.contracts.csdl import write_node
from windtunnel.contracts.entities.finance_operations.definitions import Declared
from windtunnel.simulator.kernel.gzips import gzipped
from windtunnel.simulator.services.finance_operations.model.actions import (
    Actions,
    action_nodes,
    import_nodes,
)
from windtunnel.simulator.services.finance_operations.model.schema import Schema

_CONTAINER = b"<EntityContainer"
_END = b"</EntityContainer>"


class Document:
    """Keeps the finished bytes."""

    def __init__(self, schema: Schema, actions: Actions) -> None:
        self._schema, self._actions = schema, actions
        self._version, self._csdl, self._packed = -1, b"", b""

    def csdl(self) -> bytes:
        """The document: types and enumerations, then actions, then the container."""
        if self._version != self._actions.version:
            whole = self._schema.csdl(self._is_served)
            at, end = whole.rindex(_CONTAINER), whole.rindex(_END)
            actions = b"".join(map(write_node, action_nodes(self._actions)))
            imports = b"".join(map(write_node, import_nodes(self._actions)))
            self._csdl = whole[:at] + actions + whole[at:end] + imports + whole[end:]
            self._version, self._packed = self._actions.version, b""
        return self._csdl

    def _is_served(self, declared: Declared) -> bool:
        entity_set = self._schema.sets_by_type.get(declared.bound_to, "")
        if not entity_set:
            return self._actions.unbound(declared.name) is not None
        to_record = not declared.many
        return self._actions.bound(entity_set, declared.name, to_record=to_record) is not None

    def packed(self) -> bytes:
        """The document as gzip: it is large and asked for often, so it is packed once and well."""
        whole = self.csdl()
        if not self._packed:
            self._packed = gzipped(whole, level=6)
        return self._packed
