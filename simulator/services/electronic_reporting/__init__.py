"""Electronic reporting (ER): formats run by the batch into destinations, files imported by sources.

Pages: "Electronic reporting (ER) destinations", "Configure data import from SharePoint" (Microsoft
Learn). The real framework has no HTTP interface: formats are run from pages, batch jobs or X++, and
outsiders meet the files. So here: the control API plays the batch, a folder plays SharePoint.
"""

from windtunnel.simulator.services.electronic_reporting.service import ElectronicReporting

__all__ = ["ElectronicReporting"]
