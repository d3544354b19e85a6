"""Errors about records: not there, there already, of another version, held by others."""

from __future__ import annotations

from windtunnel.simulator.services.dataverse.errors.dataverse_error import DataverseError


class RecordNotFound(DataverseError):
    """No record with this id."""

    status = 404
    code = "0x80040217"
    text = "Entity '{table}' With Id = {id} Does Not Exist"


class RecordsNotFound(DataverseError):
    """Ids of UpdateMultiple that no record has. Source: "Use bulk operation messages"."""

    status = 404
    code = "0x80040217"
    text = "{label} With Ids = {ids} Do Not Exist"


class KeyValuesNotFound(DataverseError):
    """No record with these values of an alternate key."""

    status = 404
    code = "0x80060891"
    text = "A record with the specified key values does not exist in {table} entity"


class VersionMismatch(DataverseError):
    """If-Match names another version."""

    status = 412
    code = "0x80060882"
    text = "The version of the existing record doesn't match the RowVersion property provided."


class NoOptimisticConcurrency(DataverseError):
    """If-Match names a version, and the table is not enabled for that. Status assumed."""

    status = 400
    code = "0x8006088d"
    text = (
        "Optimistic concurrency isn't enabled for entity type {table}. The IfVersionMatches value "
        "of ConcurrencyBehavior can only be used if optimistic concurrency is enabled."
    )


class RecordExists(DataverseError):
    """If-None-Match: * meets a record."""

    status = 412
    code = "0x80040237"
    text = "A record with matching key values already exists."


class DuplicateId(DataverseError):
    """A new record with the id of one that is there."""

    status = 412
    code = "0x80040237"
    text = "Cannot insert duplicate key."


class DuplicateKeyValues(DataverseError):
    """The same values in an alternate key."""

    status = 412
    code = "0x80060892"
    text = (
        "Entity Key {key} violated. A record with the same value for {columns} already exists. A "
        "duplicate record cannot be created. Select one or more unique values and try again."
    )


class DuplicatesFound(DataverseError):
    """Duplicate detection was asked for and found a record that a published rule calls the same."""

    status = 412
    code = "0x80040333"
    text = (
        "A record was not created or updated because a duplicate of the current record already "
        "exists."
    )


class NoPublishedRules(DataverseError):
    """A search for duplicates in a table that no published rule is about."""

    status = 400
    code = "0x80048436"
    text = (
        "There are no published duplicate detection rules in the system. To run duplicate "
        "detection, you must create and publish one or more rules."
    )


class CannotDelete(DataverseError):
    """A related record restricts the delete."""

    status = 405
    code = "0x80040227"
    text = "The object you tried to delete is associated with another object and cannot be deleted."


class UserStillEnabled(DataverseError):
    """Only a disabled user can be deleted. Source: "Permanently delete users in Power Platform".

    Code and text are assumptions.
    """

    status = 400
    code = "0x80040203"
    text = "The user with id {id} is enabled and cannot be deleted: disable the user first."
