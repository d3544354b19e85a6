"""One file per service: how its OData differs from the whole of 4.01."""
