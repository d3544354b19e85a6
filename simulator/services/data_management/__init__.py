"""The Data Management framework of finance and operations: packages in and out as jobs.

Page: learn.microsoft.com, "Data management package REST API". Left out: see
docs/reference/services/data-management.md.
"""
