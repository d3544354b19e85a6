"""The behaviour of Dataverse: tables, reads, writes, metadata. No HTTP."""
