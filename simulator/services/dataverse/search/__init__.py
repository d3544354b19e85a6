"""Dataverse search: an index behind the tables, its two query languages, and its addresses."""
