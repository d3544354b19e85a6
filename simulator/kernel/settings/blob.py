"""Settings of Blob Storage, and the account of the demo set."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from windtunnel.simulator.kernel.settings.section import Section

DEMO_ACCOUNT = "contoso"
DEMO_ACCOUNT_KEY = (
    "d2luZHR1bm5lbCBkZW1vIGtleSBvZiBibG9iIHN0b3JhZ2U6IGV2ZXJ5Ym9keSBrbm93cyBpdCwgdGVzdHMgbw=="
)


class BlobAccountSettings(Section):
    """`[[blob.accounts]]`: a storage account."""

    name: str = Field(pattern=r"^[a-z0-9]{3,24}$")
    keys: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{4,}={0,2}$")], ...] = Field(
        min_length=1, max_length=2, description="Account keys in base64; the second is optional."
    )


class BlobSettings(Section):
    """`[blob]`: Blob Storage. Other services of the simulator use the first account."""

    accounts: tuple[BlobAccountSettings, ...] = Field(
        default=(BlobAccountSettings(name=DEMO_ACCOUNT, keys=(DEMO_ACCOUNT_KEY,)),), min_length=1
    )
