"""The read-only `?sql=` parameter: one SELECT, read into the same query that FetchXML gives.

Source: "Query data" of the Dataverse SDK for Python, which lists what the service takes.
"""

from windtunnel.simulator.services.dataverse.sql.reader import SqlQuery, read

__all__ = ["SqlQuery", "read"]
