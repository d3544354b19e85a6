"""What Dynamics 365 and Azure promise: limits, entities, events, documents, results. Pure."""
