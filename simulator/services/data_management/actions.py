"""The package actions, as finance and operations offers them: names, parameters, results.

All are bound to the collection DataManagementDefinitionGroups. Sources: "Data management package
REST API"; names without a page were read from live metadata.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

from windtunnel.simulator.entity_sets.actions import Action, ActionCall, ActionParameter
from windtunnel.simulator.services.data_management import errors as e
from windtunnel.simulator.services.data_management.calls import ExportCall, ImportCall
from windtunnel.simulator.services.data_management.model.projects import PROJECTS
from windtunnel.simulator.services.data_management.service import DataManagement

_STRING: Final = "Edm.String"
_BOOLEAN: Final = "Edm.Boolean"
_STATUS: Final = "DMFExecutionSummaryStatus"


def package_actions(framework: DataManagement) -> list[Action]:
    """Every action of the framework."""
    made = _Actions(framework)
    return [*made.imports(), *made.exports(), *made.results(), *made.rest()]


class _Actions:
    def __init__(self, framework: DataManagement) -> None:
        self._framework = framework
        settings = framework.settings
        self._new_id = ActionParameter("executionId", optional=not settings.needs_execution_id)
        self._id = ActionParameter("executionId")

    def _action(
        self,
        name: str,
        function: Callable[[ActionCall], Any],
        *parameters: ActionParameter,
        returns: str = _STRING,
    ) -> Action:
        nested = self._framework.settings.nested_value and returns == _STRING
        return Action(name, function, PROJECTS, "collection", parameters, returns, nested)

    # -- imports ------------------------------------------------------------------------------

    def imports(self) -> list[Action]:
        """Packages in."""
        framework = self._framework
        six = (
            ActionParameter("packageUrl"),
            ActionParameter("definitionGroupId"),
            self._new_id,
            ActionParameter("execute", _BOOLEAN),
            ActionParameter("overwrite", _BOOLEAN),
            ActionParameter("legalEntityId"),
        )
        fail = ActionParameter("failOnError", _BOOLEAN, optional=True)
        three = (
            fail,
            ActionParameter("runAsyncWithoutBatch", _BOOLEAN, optional=True),
            ActionParameter("thresholdToRunInBatch", "Edm.Int32", optional=True),
        )
        group = ActionParameter("importBatchGroupId", optional=True)
        now = _import(framework.import_package)
        later = _import(framework.import_package_later)
        return [
            self._action("GetAzureWriteUrl", self._write_url, ActionParameter("uniqueFileName")),
            self._action("ImportFromPackage", now, *six),
            self._action("ImportFromPackageAsync", later, *six, *three),
            self._action("ImportFromDMTPackage", now, *six, group, fail),
            self._action("ExportFromPackage", _import(framework.export_from_package), *six),
        ]

    def _write_url(self, call: ActionCall) -> str:
        blob_id, url = self._framework.write_url(call.arguments["uniqueFileName"])
        return orjson.dumps({"BlobId": blob_id, "BlobUrl": url}).decode()

    # -- exports ------------------------------------------------------------------------------

    def exports(self) -> list[Action]:
        """Packages out."""
        five = (
            ActionParameter("definitionGroupId"),
            ActionParameter("packageName"),
            self._new_id,
            ActionParameter("reExecute", _BOOLEAN),
            ActionParameter("legalEntityId"),
        )
        listed = ActionParameter("entityList", optional=True)
        counts = tuple(
            ActionParameter(name, "Edm.Int32", optional=True)
            for name in ("exportPreviewCount", "count")
        )
        export, delta = self._export(delta=False), self._export(delta=True)
        return [
            self._action("ExportToPackage", export, *five),
            self._action("ExportToPackageAsync", export, *five, listed),
            self._action("ExportToPackagePreview", export, *five, *counts),
            self._action("ExportToPackagePreviewAsync", export, *five, *counts, listed),
            self._action("ExportToPackageDelta", delta, *five, listed),
            self._action("GetExportedPackageUrl", self._package_url, self._id),
        ]

    def _export(self, *, delta: bool) -> Callable[[ActionCall], str]:
        def export(call: ActionCall) -> str:
            given = call.arguments
            return self._framework.export_package(
                ExportCall(
                    given["definitionGroupId"],
                    given["packageName"],
                    given["executionId"],
                    given["legalEntityId"],
                    call.user_id,
                    bool(given["reExecute"]),
                    given.get("entityList", ""),
                    delta,
                    given.get("exportPreviewCount") or given.get("count") or 0,
                )
            )

        return export

    def _package_url(self, call: ActionCall) -> str:
        return self._framework.package_url(call.arguments["executionId"])

    # -- results ------------------------------------------------------------------------------

    def results(self) -> list[Action]:
        """What became of an execution."""
        framework, entity = self._framework, ActionParameter("entityName")
        found = self._id
        return [
            self._action(
                "GetExecutionSummaryStatus",
                lambda call: framework.execution(call.arguments["executionId"]).status,
                found,
                returns=_STATUS,
            ),
            self._action(
                "GetEntityExecutionSummaryStatusList",
                self._entity_statuses,
                found,
                returns=f"Collection({_STRING})",
            ),
            self._action("GetExecutionErrors", self._errors, found),
            self._action(
                "GetImportStagingErrorFileUrl",
                lambda call: framework.staging_error_file_url(*_two(call)),
                found,
                entity,
            ),
            self._action(
                "GenerateImportTargetErrorKeysFile",
                lambda call: framework.generate_error_keys(*_two(call)),
                found,
                entity,
                returns=_BOOLEAN,
            ),
            self._action(
                "GetImportTargetErrorKeysFileUrl",
                lambda call: framework.error_file_url(*_two(call), "target"),
                found,
                entity,
            ),
            self._action("GetExecutionSummaryPageUrl", self._page_url, found),
            self._action(
                "DeleteExecutionHistoryJob",
                lambda call: framework.delete(call.arguments["executionId"]),
                found,
                returns="",
            ),
        ]

    def _entity_statuses(self, call: ActionCall) -> list[str]:
        """unconfirmed: the form of an element; label and status, as GetEntitySequence writes."""
        found = self._framework.execution(call.arguments["executionId"])
        statuses = []
        for step in self._framework.records.steps(found.id):
            status = "Executing" if found.is_running else "Succeeded"
            if step.has_failed:
                status = "PartiallySucceeded" if step.is_good else "Failed"
            elif "Canceled" in {step.staging, step.target}:
                status = "Canceled"
            elif not step.has_ended and step.staging == "NotStarted":
                status = "NotRun"
            statuses.append(f"{step.entity}-{status}")
        return statuses

    def _errors(self, call: ActionCall) -> str:
        """JSON in a string, in which the real service leaves quotes and line breaks as they are."""
        found = self._framework.execution(call.arguments["executionId"])
        names = ("RecordId", "Field", "ErrorMessage")
        errors = self._framework.records.errors(found.id)
        if self._framework.settings.escape_errors:
            return orjson.dumps([dict(zip(names, line, strict=True)) for line in errors]).decode()
        lines = [
            ",".join(
                [
                    f'"{name}":"{value}"'.replace("\\", "\\\\")
                    for name, value in zip(names, line, strict=True)
                ]
            )
            for line in errors
        ]
        return "[" + ",".join([f"{{{line}}}" for line in lines]) + "]"

    def _page_url(self, call: ActionCall) -> str:
        """unconfirmed: the menu item and its query."""
        found = self._framework.execution(call.arguments["executionId"])
        return (
            f"{call.base_url}/?cmp={found.company.upper()}&mi=DMFExecutionHistoryList"
            f"&executionId={found.id}"
        )

    # -- the rest -----------------------------------------------------------------------------

    def rest(self) -> list[Action]:
        """Messages, the order of entities, tokens, the entity list."""
        initialize = self._action("InitializeDataManagement", self._initialize, returns="")
        later = self._action("InitializeDataManagementAsync", self._initialize, returns="")
        return [
            self._action("GetMessageStatus", self._message_status, ActionParameter("messageId")),
            self._action(
                "GetExecutionIdByMessageId", self._message_run, ActionParameter("_messageId")
            ),
            self._action(
                "GetEntitySequence", self._sequence, ActionParameter("listOfDataEntities")
            ),
            self._action(
                "ResetVersionToken",
                self._reset_token,
                ActionParameter("definitionGroupId"),
                ActionParameter("entityName"),
                ActionParameter("sourceName"),
                returns=_BOOLEAN,
            ),
            initialize,
            later,
        ]

    def _initialize(self, call: ActionCall) -> None:
        del call
        self._framework.projects.refresh()

    def _message_status(self, call: ActionCall) -> str:
        message, messages = call.arguments["messageId"], self._framework.messages
        status = messages.status(message) if messages is not None else None
        if status is None:
            raise e.MessageNotFound(id=message)
        return status

    def _message_run(self, call: ActionCall) -> str:
        message, messages = call.arguments["_messageId"], self._framework.messages
        execution_id = messages.execution_id(message) if messages is not None else None
        if execution_id is None:
            raise e.MessageNotFound(id=message)
        return execution_id

    def _sequence(self, call: ActionCall) -> str:
        listed = call.arguments["listOfDataEntities"].split(",")
        labels = [label.strip() for label in listed if label.strip()]
        found = self._framework.projects.sequence(labels)
        return "".join([f"{name}-{unit}-{level}-{at}," for name, unit, level, at in found])

    def _reset_token(self, call: ActionCall) -> bool:
        given = call.arguments
        records = self._framework.records
        return records.drop_tokens(given["definitionGroupId"], given["entityName"])


def _import(run: Callable[[ImportCall], str]) -> Callable[[ActionCall], str]:
    def call_import(call: ActionCall) -> str:
        given = call.arguments
        return run(
            ImportCall(
                given["packageUrl"],
                given["definitionGroupId"],
                given["executionId"],
                given["legalEntityId"],
                call.user_id,
                bool(given["execute"]),
                bool(given["overwrite"]),
                fail_on_error=bool(given.get("failOnError")),
                without_batch=bool(given.get("runAsyncWithoutBatch")),
            )
        )

    return call_import


def _two(call: ActionCall) -> tuple[str, str]:
    return call.arguments["executionId"], call.arguments["entityName"]
