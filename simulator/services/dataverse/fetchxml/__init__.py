"""FetchXML: read, checked, compiled to SQL, run in pages.

Sources: "Query data using FetchXml" and its pages on elements, filters, joins, aggregation, pages.
"""

from windtunnel.simulator.services.dataverse.fetchxml.pages import FetchPage, FetchReads

__all__ = ["FetchPage", "FetchReads"]
