"""Drives a volume plan with Locust against the limits; knows only URLs and contracts."""
