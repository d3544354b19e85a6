"""Requests in, the model called, responses out; no rule of the service lives here."""
