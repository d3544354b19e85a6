"""Requests in, answers out: one module per kind of resource."""
