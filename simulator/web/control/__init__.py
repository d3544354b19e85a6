"""The control API under `/_windtunnel`: what a test or a person may do to a running simulator."""
