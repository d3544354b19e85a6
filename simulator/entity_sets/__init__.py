"""Reading, writing and tracking records: what Dataverse and finance and operations share."""
