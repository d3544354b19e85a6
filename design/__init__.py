"""Checks a written integration design and forecasts its volumes on virtual time."""
