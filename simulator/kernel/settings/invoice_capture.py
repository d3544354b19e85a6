"""Settings of Invoice Capture."""

from __future__ import annotations

from pydantic import Field

from windtunnel.simulator.kernel.settings.section import Guid, Section, Work


class CaptureChannelSettings(Section):
    """`[[invoice_capture.channels]]`: a channel that files come in by."""

    id: Guid
    company: str = "usmf"
    vendor: str = Field(default="", description="Invoice account of files that name none.")
    currency: str = "USD"


class InvoiceCaptureSettings(Section):
    """`[invoice_capture]`: installed in Dataverse where there are channels."""

    channels: tuple[CaptureChannelSettings, ...] = ()
    work: Work = Field(
        default="time: 20", description="How long a file takes; 15 to 30 seconds in reality."
    )
    recognize: str = Field(
        default="",
        description="`module:function` that reads a file (name, bytes) into properties of "
        "VendorInvoiceHeaders and `lines`; none: the file's name is the invoice number.",
    )
