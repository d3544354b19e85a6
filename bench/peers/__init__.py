"""The servers that windtunnel is measured beside, each in its folder and started by its module."""
