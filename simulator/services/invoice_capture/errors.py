"""What the control API of invoice capture may refuse."""

from __future__ import annotations

from windtunnel.simulator.exchange import ServiceError


class NotThere(ServiceError):
    """No captured file of this id."""

    status = 404
    code = "not_found"
    text = "There is no captured file {name!r}."


class BadDocument(Exception):
    """A file that is not taken; the caller of the custom API gets the text."""
