"""The sets of the Data Management framework that only its documentation tells of.

Their columns are in data_management.jsonl, which is kept by hand. Source: "Data management package
REST API", captured calls; enumerations and columns without a capture are reasoned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from windtunnel.contracts.entities.finance_operations.catalog.facts import (
    EntityFacts,
    Relation,
)

FACTS: Final[Mapping[str, EntityFacts]] = {
    "DataManagementDefinitionGroupDetails": EntityFacts(
        "DMFDefinitionGroupEntity",
        "Entities for a processing group",
        "Entities for a processing group",
        category="Configuration",
        required=frozenset({"DefinitionGroupId", "EntityName"}),
        relations={
            "DefinitionGroupId": Relation("DataManagementDefinitionGroups", owned=True),
            "EntityName": Relation("DataManagementEntities"),
        },
        defaults={
            "SourceFormat": "CSV-Unicode",
            "RunBusinessLogic": "Yes",
            "RunBusinessValidation": "Yes",
        },
    ),
    "DataManagementExecutionJobDetails": EntityFacts(
        "DMFDefinitionGroupExecution",
        "Job run details",
        "Job run details",
        category="Transaction",
        relations={"JobId": Relation("DataManagementExecutionJobs", owned=True)},
    ),
}
