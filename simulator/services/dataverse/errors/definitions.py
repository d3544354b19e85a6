"""Errors about tables, columns, keys, relationships, choices and components."""

from __future__ import annotations

from windtunnel.simulator.services.dataverse.errors.dataverse_error import DataverseError


class TableNotFound(DataverseError):
    """A table definition by a logical name that no table has. The status is an assumption."""

    status = 404
    code = "0x80041102"
    text = (
        "The entity with a name = '{name}' with namemapping = 'Logical' was not found in the "
        "MetadataCache."
    )


class DefinitionNotFound(DataverseError):
    """A column, key, relationship or choice by a name that none has. The text is an assumption."""

    status = 404
    code = "0x80040217"
    text = "Could not find the {kind} with the specified name: Name = {name}."


class TableExists(DataverseError):
    """A new table with the name of one that is there."""

    status = 400
    code = "0x8004700b"
    text = "An entity with the specified name {name} already exists."


class ColumnExists(DataverseError):
    """A new column with the name of one that is there."""

    status = 400
    code = "0x80047013"
    text = "Attribute {name} already exists for entity {table}. Please specify a different name."


class SchemaNameExists(DataverseError):
    """A new relationship, key or choice with a schema name that is taken."""

    status = 400
    code = "0x80044363"
    text = "A component with the schema name {name} already exists. Please specify a unique name."


class KeyNameExists(DataverseError):
    """A new alternate key with the name of one that is there."""

    status = 400
    code = "0x80060893"
    text = "The specified key name {name} already exists for the {table} entity."


class KeyColumnsExist(DataverseError):
    """A new alternate key over the columns of another."""

    status = 400
    code = "0x80060894"
    text = "A key with the same attributes already exists for the {table} entity: {name}."


class BadName(DataverseError):
    """A schema name without a publisher's prefix or with other characters. Text assumed."""

    status = 400
    code = "0x80044a22"
    text = (
        "The schema name '{name}' is not valid. It must begin with a customization prefix and an "
        "underscore, and contain only letters, digits and underscores."
    )


class NotCustomizable(DataverseError):
    """A change of a component that the vendor made. The text is an assumption."""

    status = 400
    code = "0x8004f026"
    text = "The evaluation of the current component '{name}' failed: it is not customizable."


class ComponentNotFound(DataverseError):
    """A component that is not there, for an action on solutions. The text is an assumption."""

    status = 404
    code = "0x8004f021"
    text = "The component of type {kind} with the id {id} was not found."


class Referenced(DataverseError):
    """A component that others need cannot be deleted."""

    status = 400
    code = "0x8004f01f"
    text = (
        "The {kind}({id}) component cannot be deleted because it is referenced by {count} other "
        "components. For a list of referenced components, use the "
        "RetrieveDependenciesForDeleteRequest."
    )


class MetadataMethod(DataverseError):
    """PATCH on a definition, which takes PUT."""

    status = 405
    code = "0x80060888"
    text = "Operation not supported on {kind}"
