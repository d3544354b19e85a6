"""Check a written integration design: rules with sources, and a forecast against the limits."""
