"""Large blobs by Microsoft's client against the installed command, whose memory is watched."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from azure.storage.blob import BlobClient, BlobServiceClient

from tests.acceptance.isolated import run_node

MIB = 1_048_576
SIZE = (1024 if os.environ.get("WT_SOAK") else 200) * MIB
"""1 GB with WT_SOAK=1."""
MOST_GROWTH = 64 * MIB


class Pieces:
    """A file of `size` bytes that is never held, with the hash of what was read of it."""

    def __init__(self, size: int) -> None:
        self.left, self.digest = size, hashlib.sha256()
        self._block = os.urandom(MIB)

    def read(self, count: int = -1) -> bytes:
        count = self.left if count < 0 else min(count, self.left)
        data = (self._block * (count // MIB + 1))[:count]
        self.left -= count
        self.digest.update(data)
        return data

    def __len__(self) -> int:
        return self.left

    def __iter__(self) -> Iterator[bytes]:
        while data := self.read(MIB):
            yield data


class Sink:
    """What is written is hashed and forgotten."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return len(data)


def peak_bytes(process: int) -> int:
    """The most memory a process ever had."""
    status = Path(f"/proc/{process}/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    memory = psutil.Process(process).memory_info()
    return int(getattr(memory, "peak_wset", memory.rss))


@pytest.mark.skipif(sys.platform == "darwin", reason="no peak of another process is told there")
@pytest.mark.parametrize(
    "options",
    [{}, {"max_single_put_size": 2 * SIZE}, {"max_block_size": 100 * MIB}],
    ids=["blocks of 4 MiB", "one Put Blob", "blocks of 100 MiB"],
)
@pytest.mark.acceptance
@pytest.mark.soak
def test_a_large_blob_goes_up_and_down_in_constant_memory(env, options):
    process = int(env["WT_PID"])
    connection = env["WT_BLOB_CONNECTION_STRING"]
    with BlobServiceClient.from_connection_string(connection, **options) as service:
        container = service.get_container_client("large")
        if not container.exists():
            container.create_container()
        blob = container.get_blob_client("data.bin")
        before = peak_bytes(process)
        sent, got = Pieces(SIZE), Sink()
        blob.upload_blob(sent, length=SIZE, overwrite=True)
        assert blob.get_blob_properties().size == SIZE
        blob.download_blob().readinto(got)
        assert got.digest.digest() == sent.digest.digest()
    assert peak_bytes(process) - before < MOST_GROWTH


@pytest.mark.acceptance
def test_content_outlives_the_process_beside_its_database(tmp_path):
    from tests.acceptance.conftest import windtunnel_up

    data = os.urandom(3 * MIB)
    database = str(tmp_path / "kept.db")
    with windtunnel_up(tmp_path / "one", "--db", database) as env:
        connection = env["WT_BLOB_CONNECTION_STRING"]
        with BlobServiceClient.from_connection_string(connection) as service:
            service.create_container("kept").upload_blob("a", data)
    with windtunnel_up(tmp_path / "two", "--db", database) as env:
        connection = env["WT_BLOB_CONNECTION_STRING"]
        with BlobClient.from_connection_string(connection, "kept", "a") as blob:
            assert blob.download_blob().readall() == data
            blob.delete_blob()
    with windtunnel_up(tmp_path / "three", "--db", database):
        pass  # the second kept it for a reset to what it had found
    assert [path.name for path in (tmp_path / "kept.db.blobs").iterdir()] == ["incoming"]


@pytest.mark.acceptance
def test_npm_azure_storage_blob(env):
    variables = {"WT_BLOB_CONNECTION_STRING": env["WT_BLOB_CONNECTION_STRING"]}
    run_node("azure_storage_blob.mjs", ("@azure/storage-blob@12.34.0",), variables)
