"""Answers for the host names of the cloud: a forward proxy, and one port 443 without a proxy."""
