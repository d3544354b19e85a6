"""The parts of the model, put together."""

from __future__ import annotations

from pathlib import Path

from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.blob.contents import Contents
from windtunnel.simulator.services.blob.model.blobs import Blobs
from windtunnel.simulator.services.blob.model.blocks import Blocks
from windtunnel.simulator.services.blob.model.containers import Containers
from windtunnel.simulator.services.blob.model.pages import Pages
from windtunnel.simulator.services.blob.model.shelf import Shelf


class BlobModel:
    """Containers, blobs, blocks over one shelf."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, folder: Path | None) -> None:
        self.contents = Contents(folder)
        self.shelf = Shelf(store, self.contents, clock, ids)
        self.containers = Containers(self.shelf)
        self.blobs = Blobs(self.shelf)
        self.blocks = Blocks(self.blobs)
        self.pages = Pages(self.blobs)
