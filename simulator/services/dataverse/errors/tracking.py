"""Errors of change tracking."""

from __future__ import annotations

from windtunnel.simulator.services.dataverse.errors.dataverse_error import DataverseError


class ChangeTrackingNotEnabled(DataverseError):
    """Change tracking of a table that does not have it."""

    status = 400
    code = "0x80072491"
    text = "Entity {table} isn't enabled for change tracking."


class NotWithChangeTracking(DataverseError):
    """An option that restricts or orders what change tracking follows as a whole."""

    status = 400
    code = "0x80060888"
    text = 'The "${option}" query parameter isn\'t supported when Change Tracking is enabled.'

    @property
    def message(self) -> str:
        """The text with the option's name; its `$` is no placeholder."""
        return self.text.replace("{option}", str(self.values["option"]))


class ExpiredVersionStamp(DataverseError):
    """A delta token older than the log of changes."""

    status = 400
    code = "0x80044352"
    text = "Version stamp associated with the client has expired. Please perform a full sync."
