"""Containers: creating, deleting, metadata, stored access policies, leases.

Sources: "Create Container", "Delete Container", "Set Container ACL", "Lease Container".
"""

from __future__ import annotations

from collections.abc import Callable

from windtunnel.simulator.services.blob import errors as e
from windtunnel.simulator.services.blob.model import conditions as when
from windtunnel.simulator.services.blob.model import leases
from windtunnel.simulator.services.blob.model.blobs import Asked
from windtunnel.simulator.services.blob.model.leases import Lease
from windtunnel.simulator.services.blob.model.shelf import Shelf
from windtunnel.simulator.services.blob.model.tables import AccessPolicy, Container

MOST_POLICIES = 5


class Containers:
    """The containers of all accounts."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._now = shelf.clock.now

    def get(self, account: str, name: str, asked: Asked | None = None) -> Container:
        """A container for a reader. Raises ContainerNotFound."""
        found = self._shelf.container(account, name)
        if found is None:
            raise e.ContainerNotFound
        if asked is not None:
            leases.check_read(found.lease, asked.lease, self._now(), "container")
        return found

    def create(self, account: str, name: str, metadata: dict[str, str]) -> Container:
        """A new container. Raises ContainerAlreadyExists."""
        if self._shelf.container(account, name) is not None:
            raise e.ContainerAlreadyExists
        made = Container(account, name, self._shelf.new_etag(), self._now(), metadata)
        self._shelf.save_container(made)
        return made

    def ensure(self, account: str, name: str) -> Container:
        """The container, made if it is not there."""
        return self._shelf.container(account, name) or self.create(account, name, {})

    def delete(self, account: str, name: str, asked: Asked) -> None:
        """Delete it with its blobs. Raises what forbids it."""
        found = self.get(account, name)
        when.check_write(asked.conditions, found.etag, found.modified)
        leases.check_write(found.lease, asked.lease, self._now(), "container")
        self._shelf.remove_container(found)

    def set_metadata(
        self, account: str, name: str, asked: Asked, metadata: dict[str, str]
    ) -> Container:
        """Replace the metadata."""
        found = self._to_change(account, name, asked)
        found.metadata = metadata
        return self._changed(found)

    def set_policies(
        self, account: str, name: str, asked: Asked, policies: tuple[AccessPolicy, ...]
    ) -> Container:
        """Replace the stored access policies."""
        found = self._to_change(account, name, asked)
        found.policies = policies
        return self._changed(found)

    def _to_change(self, account: str, name: str, asked: Asked) -> Container:
        found = self.get(account, name, asked)
        when.check_write(asked.conditions, found.etag, found.modified)
        return found

    def _changed(self, container: Container) -> Container:
        container.etag, container.modified = self._shelf.new_etag(), self._now()
        self._shelf.save_container(container)
        return container

    def lease(
        self, account: str, name: str, asked: Asked, act: Callable[[Lease, float], Lease]
    ) -> Container:
        """Do an act of leasing."""
        found = self.get(account, name)
        when.check_write(asked.conditions, found.etag, found.modified)
        found.lease = act(found.lease, self._now())
        self._shelf.save_container(found)
        return found
