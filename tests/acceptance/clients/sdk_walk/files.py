"""Files: a column is made where there is none; small files go at once, large ones in chunks."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from sdk_walk.either import settle, walk

TABLE = "new_WalkFiles"
CHUNK = 4 * 1024 * 1024


@walk("uploads files in one piece and in chunks, and replaces them")
async def _(client: Any) -> None:
    await settle(client.tables.create(TABLE, {"new_Made": "file"}))
    try:
        key = await settle(client.records.create(TABLE, {"new_name": "files"}))
        with tempfile.TemporaryDirectory() as folder:
            small, large = Path(folder) / "small plan.txt", Path(folder) / "large.pdf"
            small.write_bytes(b"windtunnel " * 90)
            large.write_bytes(b"windtunnel " * (CHUNK // 5))
            sent = (
                ("new_Made", small, {"mode": "small", "mime_type": "text/plain"}),
                ("new_Large", large, {"mode": "chunk"}),
                ("new_Either", small, {}),
            )
            for column, file, options in sent:
                await settle(client.files.upload(TABLE, key, column, str(file), **options))
            again = (TABLE, key, "new_Made", str(large))
            await settle(client.files.upload(*again, mode="small", if_none_match=False))
            again = (TABLE, key, "new_Large", str(small))
            await settle(client.files.upload(*again, mode="chunk", if_none_match=False))
        names = ["new_made_name", "new_large_name", "new_either_name"]
        record = await settle(client.records.retrieve(TABLE, key, select=names))
        assert [record[n] for n in names] == ["large.pdf", "small plan.txt", "small plan.txt"]
    finally:
        await settle(client.tables.delete(TABLE))
