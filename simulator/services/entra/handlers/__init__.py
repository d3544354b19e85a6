"""Reads requests, asks the model, answers JSON, pages and redirects. No rule lives here."""
