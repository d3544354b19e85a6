"""Entity sets of finance and operations: facts in `catalog.py`, $metadata in `entities.xml`."""
