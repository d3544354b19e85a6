"""Data Management: its framework between entities and blobs, and the recurring jobs on it."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import BinaryIO, cast

from windtunnel.simulator.exchange import ServiceError, Spooled
from windtunnel.simulator.services.blob import BlobAccess, Draft
from windtunnel.simulator.services.data_management import (
    BlobRefused,
    DataManagement,
    package_actions,
)
from windtunnel.simulator.services.data_management.recurring import (
    RecurringIntegrations,
    recurring_integrations,
)
from windtunnel.simulator.services.data_management.recurring.routes import routes
from windtunnel.simulator.services.finance_operations.service import FinanceOperations
from windtunnel.simulator.web.wiring.data_entities import DataEntities
from windtunnel.simulator.web.wiring.ground import Ground


def wire(
    ground: Ground, finance_operations: FinanceOperations, blobs: PackageBlobs
) -> DataManagement:
    """The framework; finance and operations gets the actions of its package API."""
    environment = finance_operations.environment
    made = DataManagement(
        ground.store,
        ground.clock,
        ground.timers,
        ground.jobs,
        ground.background,
        ground.ids.child("data management"),
        entities=DataEntities(environment),
        blobs=blobs,
        settings=ground.settings.data_management,
        default_company=environment.companies.default,
        working=finance_operations.throttling.job_begins,
    )
    made.prepare()
    finance_operations.actions.add(*package_actions(made))
    return made


def wire_recurring(
    ground: Ground,
    data_management: DataManagement,
    finance_operations: FinanceOperations,
    blobs: PackageBlobs,
) -> RecurringIntegrations:
    """The recurring jobs; finance and operations serves their endpoints."""
    made = recurring_integrations(
        data_management,
        blobs,
        ground.store,
        ground.clock,
        ground.timers,
        ground.ids.child("recurring integrations"),
        finance_operations.environment.companies.default,
        ground.limits,
    )
    finance_operations.serve(routes(made))
    return made


class PackageBlobs:
    """`Blobs` of the framework, upon one storage account."""

    def __init__(self, access: BlobAccess) -> None:
        self._access = access

    def write_url(self, container: str, name: str, seconds: float) -> str:
        """A URL that lets its holder write a blob."""
        self._access.ensure_container(container)
        return self._access.sas_url(container, name, permissions="rw", seconds=seconds)

    def read_url(self, container: str, name: str, seconds: float) -> str:
        """A URL that lets its holder read a blob."""
        return self._access.sas_url(container, name, permissions="r", seconds=seconds)

    def open_url(self, url: str) -> BinaryIO:
        """The blob behind a URL, to be read and sought in. Raises BlobRefused."""
        try:
            return cast(BinaryIO, self._access.open_url(url))
        except LookupError as error:
            raise BlobRefused(
                f"The package URL does not lead to blob storage of this environment: {error}"
            ) from error
        except ServiceError as error:
            raise BlobRefused(
                f"The remote server returned an error: ({error.status}) {error.code}."
            ) from error

    def store(self, container: str, name: str, pieces: Iterable[bytes]) -> None:
        """Write a blob as a whole."""
        self._access.write(container, name, pieces, "application/zip")

    def take(self, container: str, name: str, spooled: Spooled) -> None:
        """Make a request's body a blob, without moving a byte."""
        self._access.write_spooled(container, name, spooled)

    def copy(self, source: tuple[str, str], target: tuple[str, str]) -> bool:
        """Let a blob have the content of another; False when there is no other."""
        return self._access.copy(source, target)

    @contextmanager
    def draft(self) -> Generator[PackageDraft]:
        """A file for a blob that takes long to make; it goes unless it is stored."""
        with self._access.draft() as draft:
            yield PackageDraft(self._access, draft)

    def delete(self, container: str, name: str) -> None:
        """Delete a blob, if it is there."""
        self._access.delete(container, name)


class PackageDraft:
    """A `Draft` of the framework."""

    def __init__(self, access: BlobAccess, draft: Draft) -> None:
        self._access, self._draft = access, draft

    @property
    def file(self) -> BinaryIO:
        """Where its bytes go; to write and to seek in."""
        return self._draft.file

    def store(self, container: str, name: str) -> None:
        """Make it the blob, without moving a byte."""
        self._access.write_draft(container, name, self._draft, "application/zip")
