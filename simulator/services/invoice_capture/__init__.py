"""Invoice capture: vendor invoices come in by a custom API and land as pending vendor invoices.

Page: learn.microsoft.com, "Invoice capture" (channels, FAQ). The way from Dataverse into finance
and operations is not documented: here header and lines are written as its entities take them.
"""

from windtunnel.simulator.services.invoice_capture.service import API, InvoiceCapture

__all__ = ["API", "InvoiceCapture"]
