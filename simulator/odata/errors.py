"""What is wrong with a query, and where."""

from __future__ import annotations


class ODataError(ValueError):
    """A query that the grammar or a service refuses.

    `position` counts from 0 in the text that was parsed (an option's value, or the whole query
    string for `parse_query`); -1 where there is no one place. `message` is in the words of
    Microsoft.OData where they are known.
    """

    def __init__(self, message: str, position: int = -1) -> None:
        super().__init__(message)
        self.message, self.position = message, position


class UnknownProperty(ODataError):
    """A name that is not a property of the type it was looked up on."""

    def __init__(self, name: str, type_name: str, position: int = -1) -> None:
        super().__init__(
            f"Could not find a property named '{name}' on type '{type_name}'.", position
        )
        self.name, self.type_name = name, type_name


class NotSupported(ODataError):
    """Valid OData that this service refuses."""
