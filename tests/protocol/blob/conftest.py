"""Blob Storage of a simulator on a free port: Microsoft's client and bare HTTP against it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient

from windtunnel.simulator import Simulator


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(simulator__sample_data=False) as simulator:
        yield simulator


@pytest.fixture
def simulator(running) -> Simulator:
    running.reset()
    running.call(lambda house: house.clock.restart(time.time()))
    return running


@pytest.fixture
def service(simulator) -> Iterator[BlobServiceClient]:
    connection = simulator.env["WT_BLOB_CONNECTION_STRING"]
    with BlobServiceClient.from_connection_string(connection, retry_total=0) as client:
        yield client


@pytest.fixture
def container(service) -> ContainerClient:
    return service.create_container("packages")


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as client:
        yield client


@pytest.fixture
def sas_url(simulator):
    """A SAS URL as other services of the simulator give it out."""

    def make(container="packages", blob="a.zip", permissions="rw", seconds=1800.0, **more):
        return simulator.call(
            lambda house: house.blob_access.sas_url(
                container, blob, permissions=permissions, seconds=seconds, **more
            )
        )

    return make


def code_of(answer: httpx.Response) -> str:
    """The error code, which header and body must agree on."""
    code = answer.headers["x-ms-error-code"]
    assert answer.request.method == "HEAD" or f"<Code>{code}</Code>" in answer.text
    return code
