"""What package actions answer when they refuse: one class each.

They become `Exception occurred while executing action X on Entity DataManagementDefinitionGroup:
text`. Texts with a source are captured; "reasoned" ones are ours.
"""

from __future__ import annotations

from typing import Any

from windtunnel.simulator.entity_sets.actions import ActionRefused


class PackageActionRefused(ActionRefused):
    """The base."""

    text = "{reason}"

    def __init__(self, **values: Any) -> None:
        super().__init__(self.text.format(**values))


class PackageUnusable(PackageActionRefused):
    """The package, its manifest or a file of it is at fault."""


class ExecutionNotFound(PackageActionRefused):
    """No execution of this id, or its details are not there yet."""

    text = "Execution details were not found for execution id: {id}"


class ProjectExists(PackageActionRefused):
    """An import without `overwrite` into a project that is there."""

    text = "The data project '{project}' exists and overwrite has not been specified."


class ExportFailed(PackageActionRefused):
    """An export of a project that is not there, or that has no entities."""

    text = (
        "Export to package failed for definition group: {project}, package name: {package}, "
        "execution id: {id}, reExecute: {again}, legal entity: {company}"
    )


class EntityNotFound(PackageActionRefused):
    """A name that is no entity's label."""

    text = "Entity {name} does not exist in the target environment"


class ProjectNeedsName(PackageActionRefused):
    """An empty definition group. Reasoned."""

    text = "The data project must have a name of at most {most} characters; '{project}' is none."


class CompanyUnknown(PackageActionRefused):
    """A legal entity that is not there. Reasoned."""

    text = "The legal entity '{company}' does not exist."


class ExecutionExists(PackageActionRefused):
    """An import under an execution id that is taken. Reasoned."""

    text = (
        "Cannot create a record in Execution (DMFDefinitionGroupExecution). Execution ID: {id}. "
        "The record already exists."
    )


class CannotEdit(PackageActionRefused):
    """A second call for a project under way."""

    text = (
        "Cannot edit a record in Entities for a processing group (DMFDefinitionGroupEntity). The "
        "record has never been selected."
    )


class CannotCreate(PackageActionRefused):
    """A second call for a project under way."""

    text = (
        "Cannot create a record in Source (DMFDefinitionGroupEntityXMLFields). The record already "
        "exists."
    )


class FormatUnknown(PackageActionRefused):
    """A source data format that the environment does not have. Reasoned."""

    text = "The source data format '{name}' does not exist. There are: {known}"


class MessageNotFound(PackageActionRefused):
    """No message of this id. Reasoned."""

    text = "The message '{id}' was not found."


class CompositeNeedsProject(PackageActionRefused):
    """A composite entity into a project that is not there."""

    text = (
        "A data project must exist before importing a package consisting of a composite data "
        "entity."
    )


class CompositeNotAlone(PackageActionRefused):
    """A composite entity beside other entities in one package. Reasoned."""

    text = "A composite data entity must be the only entity of its data package."
