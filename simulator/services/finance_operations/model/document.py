"""The $metadata document of an environment: entity types and enumerations, actions, container.

It is as large as the sets it describes, so it is put together once, and again when an action came.
The first who asks gets it piece by piece while it is made, so that others are answered meanwhile.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from windtunnel.contracts.csdl import write_node
from windtunnel.contracts.entities.finance_operations.definitions import Declared
from windtunnel.simulator.services.finance_operations.model.actions import (
    Actions,
    action_nodes,
    import_nodes,
)
from windtunnel.simulator.services.finance_operations.model.schema import Schema

PIECE: Final = 65_536
_GZIP: Final = 31
"""Window of zlib for gzip. Source: zlib manual, deflateInit2."""


class Document:
    """Keeps the finished bytes."""

    def __init__(self, schema: Schema, actions: Actions) -> None:
        self._schema, self._actions = schema, actions
        self._version, self._csdl, self._packed = -1, b"", b""

    def csdl(self) -> bytes | Iterator[bytes]:
        """The document: types and enumerations, then actions, then the container."""
        if self._version == self._actions.version:
            return self._csdl
        return self._written()

    def packed(self) -> bytes | Iterator[bytes]:
        """The document as gzip: it is large and asked for often, so it is packed once and well."""
        if self._version == self._actions.version and self._packed:
            return self._packed
        return self._compressed()

    def _written(self) -> Iterator[bytes]:
        version = self._actions.version
        actions = b"".join(map(write_node, action_nodes(self._actions))).decode()
        imports = b"".join(map(write_node, import_nodes(self._actions))).decode()
        done: list[bytes] = []
        lines: list[str] = []
        size = 0
        for line in self._schema.pieces(self._is_served, actions, imports):
            lines.append(line)
            size += len(line)
            if size >= PIECE:
                done.append("".join(lines).encode())
                lines, size = [], 0
                yield done[-1]
        done.append("".join(lines).encode())
        yield done[-1]
        if version == self._actions.version:
            self._version, self._csdl, self._packed = version, b"".join(done), b""

    def _compressed(self) -> Iterator[bytes]:
        whole = self.csdl()
        version = self._actions.version
        if isinstance(whole, bytes):
            ends = range(0, len(whole), PIECE)
            pieces: Iterator[bytes] = (whole[begin : begin + PIECE] for begin in ends)
        else:
            pieces = whole
        packer = zlib.compressobj(level=6, wbits=_GZIP)
        done: list[bytes] = []
        for piece in pieces:
            done.append(packer.compress(piece))
            yield done[-1]
        done.append(packer.flush())
        yield done[-1]
        if version == self._version == self._actions.version:
            self._packed = b"".join(done)

    def _is_served(self, declared: Declared) -> bool:
        entity_set = self._schema.sets_by_type.get(declared.bound_to, "")
        if not entity_set:
            return self._actions.unbound(declared.name) is not None
        to_record = not declared.many
        return self._actions.bound(entity_set, declared.name, to_record=to_record) is not None
