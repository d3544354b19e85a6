"""Dataverse Web API: records, queries, batches and metadata over OData 4, with its limits.

Left out so far (each answers 501 by name): FetchXML, change tracking, file and image columns,
creating tables at run time, Dataverse search. Source: "Use the Microsoft Dataverse Web API".
"""

from windtunnel.simulator.services.dataverse.guard import DataverseUser
from windtunnel.simulator.services.dataverse.service import Dataverse

__all__ = ["Dataverse", "DataverseUser"]
