"""One way to write a step for both clients of the SDK: the plain one answers at once, aio later."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from azure.identity import ClientSecretCredential
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential
from PowerPlatform.Dataverse.aio.async_client import AsyncDataverseClient
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.config import DataverseConfig, OperationContext
from PowerPlatform.Dataverse.core.errors import HttpError
from steps import step

AIO = os.environ["WT_SDK_CLIENT"] == "aio"
MARK = f"walk {os.getpid()}"
NOBODY = "00000000-0000-0000-0000-000000000001"
AGENT = "app=windtunnel/1.0;agent=unknown"
Work = Callable[[Any], Awaitable[None]]


def settings() -> tuple[str, Any]:
    """The environment's address, and a credential of the kind that the client takes."""
    kind = AsyncClientSecretCredential if AIO else ClientSecretCredential
    credential = kind(
        os.environ["WT_TENANT_ID"],
        os.environ["WT_CLIENT_ID"],
        os.environ["WT_CLIENT_SECRET"],
        authority=os.environ["WT_AUTHORITY_URL"],
        disable_instance_discovery=True,
    )
    return os.environ["WT_DATAVERSE_URL"], credential


@asynccontextmanager
async def client_of(config: DataverseConfig | None = None, **options: Any) -> AsyncIterator[Any]:
    """A client, open until the context ends."""
    address, credential = settings()
    if AIO:
        async with (
            credential,
            AsyncDataverseClient(address, credential, config, **options) as client,
        ):
            yield client
    else:
        with credential, DataverseClient(address, credential, config, **options) as client:
            yield client


def walk(name: str) -> Callable[[Work], None]:
    """A step whose work is done with a client of its own."""

    async def with_client(work: Work) -> None:
        async with client_of(context=OperationContext(AGENT)) as client:
            await work(client)

    def run(work: Work) -> None:
        step(name)(lambda: asyncio.run(with_client(work)))

    return run


async def settle(answer: Any) -> Any:
    """What an operation answers, now or when it is awaited."""
    return await answer if inspect.isawaitable(answer) else answer


async def pages_of(pages: Any) -> list[Any]:
    """All pages of an iterator of either kind."""
    if hasattr(pages, "__aiter__") and not hasattr(pages, "__len__"):
        return [page async for page in pages]
    return list(pages)


@asynccontextmanager
async def change_set(batch: Any) -> AsyncIterator[Any]:
    """A change set of the batch."""
    changes = batch.changeset()
    if AIO:
        async with changes as entered:
            yield entered
    else:
        with changes as entered:
            yield entered


async def done(batch: Any, **options: Any) -> Any:
    """The result of a batch in which nothing failed."""
    result = await settle(batch.execute(**options))
    assert not result.has_errors, result.failed
    return result


async def refused(
    operation: Callable[..., Any],
    *arguments: Any,
    by: type[Exception] = HttpError,
    **named: Any,
) -> Any:
    """The error with which an operation ends."""
    try:
        await settle(operation(*arguments, **named))
    except by as error:
        return error
    raise AssertionError(f"it was not refused by a {by.__name__}")


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Ask again until it holds: indexes of alternate keys are made in the background."""
    for _ in range(150):
        if await holds():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it never came to hold")
