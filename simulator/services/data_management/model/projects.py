"""Data projects, which are definition groups: their entities in order, with format and mapping.

They live in the framework's own OData sets, so a project made by a POST and one made by an import
are the same; mappings have no set and stand beside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.settings import DataManagementSettings, ExportFilterSettings
from windtunnel.simulator.services.data_management import errors as e
from windtunnel.simulator.services.data_management.faults import TypeDiffers
from windtunnel.simulator.services.data_management.formats.source_format import (
    BUILT_IN,
    SourceFormat,
)
from windtunnel.simulator.services.data_management.model.composites import Composite, Part
from windtunnel.simulator.services.data_management.model.records import Records
from windtunnel.simulator.services.data_management.package.manifest import (
    FieldMap,
    Manifest,
    PackageEntity,
)
from windtunnel.simulator.services.data_management.ports import (
    DataEntity,
    Entities,
    FilterRefused,
)
from windtunnel.simulator.services.data_management.regional import LANGUAGES
from windtunnel.simulator.services.data_management.values import Field

PROJECTS: Final = "DataManagementDefinitionGroups"
DETAILS: Final = "DataManagementDefinitionGroupDetails"
CATALOG: Final = "DataManagementEntities"
_LONGEST_NAME: Final = 255
_YES_NO: Final = {True: "Yes", False: "No"}


_COMPOSITES: Final = (
    (
        "Sales order composite",
        "SalesOrderV2CompositeEntity",
        "Sales order headers V2",
        (("Sales order lines V2", {"SalesOrderNumber": "SalesOrderNumber"}),),
    ),
    (
        "Purchase order composite",
        "PurchPurchaseOrderV2CompositeEntity",
        "Purchase order headers V2",
        (("Purchase order lines V2", {"PurchaseOrderNumber": "PurchaseOrderNumber"}),),
    ),
    (
        "Customer payment journal composite",
        "CustomerPaymentJournalCompositeEntity",
        "Customer payment journal header",
        (("Customer payment journal line", {"JournalBatchNumber": "JournalBatchNumber"}),),
    ),
    (
        "General journal composite",
        "LedgerJournalCompositeEntity",
        "Ledger journal table",
        (("Journal lines", {"JournalBatchNumber": "JournalBatchNumber"}),),
    ),
    (
        "Vendor invoice composite",
        "VendorInvoiceCompositeEntity",
        "Vendor invoice header",
        (("Vendor invoice line", {"HeaderReference": "HeaderReference"}),),
    ),
)
"""unconfirmed: labels and AOT names of the composites; headers and lines are documented pairs."""


_EXTENSIONS: Final = {
    "csv": {"delimited"},
    "txt": {"delimited", "fixed"},
    "xml": {"xml-element", "xml-attribute"},
    "xls": {"excel"},
    "xlsx": {"excel"},
}


class Projects:
    """Reads and writes projects, and knows the entities and formats that they are made of."""

    def __init__(
        self, entities: Entities, records: Records, settings: DataManagementSettings
    ) -> None:
        self._entities, self._records, self._settings = entities, records, settings
        self._known: dict[str, DataEntity] = {}
        self._formats = _formats(settings)
        self._composites: dict[str, CompositeFacts] = {
            name.lower(): (name, target, header, lines)
            for name, target, header, lines in (*_COMPOSITES, *_own_composites(settings))
        }

    def prepare(self) -> None:
        """Know the standard entities, and list them in DataManagementEntities."""
        self._list([*self._entities.standard(), *self._composite_entities()])
        for own in self._settings.export_filters:
            self._check_filter(own)

    def _check_filter(self, own: ExportFilterSettings) -> None:
        try:
            composite = self.composite(own.entity)
            found = composite.header.entity if composite is not None else self.entity(own.entity)
            self._entities.pages(
                found.entity_set, (), company="", since=None, size=lambda: 1, where=own.filter
            )
        except (FilterRefused, e.EntityNotFound) as error:
            raise UsageError(
                str(error),
                where=f"[[data_management.export_filters]] {own.project}, {own.entity}",
            ) from error

    def filter(self, project: str, entity: str) -> str:
        """The filter of an entity in an export project; empty without one."""
        wanted = (project.lower(), entity.lower())
        return next(
            (
                own.filter
                for own in self._settings.export_filters
                if (own.project.lower(), own.entity.lower()) == wanted
            ),
            "",
        )

    def refresh(self) -> None:
        """Refresh the entity list: imported entities are in it then, too."""
        everything = [*self._entities.standard(), *self._entities.imported()]
        self._list([*everything, *self._composite_entities()])

    def _composite_entities(self) -> list[DataEntity]:
        """Composites as entities of the list; they have no set and no staging table."""
        return [
            DataEntity(name, "", target, "", (), is_shared=False, category="Document")
            for name, target, *_ in self._composites.values()
        ]

    def _list(self, found: Sequence[DataEntity]) -> None:
        self._known |= {entity.name.lower(): entity for entity in found}
        tracked = {item.name.lower() for item in self._settings.entities if item.change_tracking}
        for entity in found:
            is_tracked = entity.name.lower() in tracked
            row = self._entities.get(CATALOG, (entity.name,))
            if row is not None:
                if is_tracked and row["ChangeTrackingType"] == "None":
                    switch = {"EntityName": entity.name, "ChangeTrackingType": "ALL"}
                    self._entities.put(CATALOG, switch)
                continue
            self._entities.put(
                CATALOG,
                {
                    "EntityName": entity.name,
                    "EntityIsEnabled": "Yes",
                    "TargetName": entity.target,
                    "IsShared": _YES_NO[entity.is_shared],
                    "ChangeTrackingType": "ALL" if is_tracked else "None",
                    "EntityKey": ", ".join(entity.key),
                    "Category": entity.category,
                    "StagingTableName": entity.staging_table,
                },
            )

    # -- entities and formats -----------------------------------------------------------------

    def entity(self, name: str) -> DataEntity:
        """An entity by its label. Raises EntityNotFound."""
        found = self._known.get(name.lower())
        if found is None:
            own = {entity.name.lower(): entity for entity in self._entities.imported()}
            found = own.get(name.lower())
            if found is None:
                raise e.EntityNotFound(name=name)
            self._list([found])
        return found

    def composite(self, name: str) -> Composite | None:
        """A composite entity by its label, or None for any other. Raises EntityNotFound."""
        facts = self._composites.get(name.lower())
        if facts is None:
            return None
        label, target, header, lines = facts
        return Composite(
            label,
            target,
            self._part(header, {}),
            tuple([self._part(line, columns) for line, columns in lines]),
        )

    def _part(self, label: str, columns: Mapping[str, str]) -> Part:
        entity = self.entity(label)
        return Part(entity, self.fields(entity), tuple(columns.items()))

    def fields(self, entity: DataEntity) -> tuple[Field, ...]:
        """The columns that an entity's files may have."""
        return self._entities.fields(entity.entity_set)

    def is_tracked(self, entity: DataEntity) -> bool:
        """Whether change tracking is on for an entity."""
        row = self._entities.get(CATALOG, (entity.name,))
        return row is not None and row["ChangeTrackingType"] != "None"

    def source_format(self, name: str) -> SourceFormat:
        """A source data format by its name. Raises FormatUnknown."""
        found = self._formats.get(name.lower())
        if found is None:
            known = ", ".join(sorted(item.name for item in self._formats.values()))
            raise e.FormatUnknown(name=name, known=known)
        return found

    def check_type(self, file: str, source_format: SourceFormat) -> None:
        """Refuse a file whose extension is that of another format, where that is wanted.

        Source: "Data import/export framework parameters". Raises TypeDiffers.
        """
        extension = file.rpartition(".")[2].lower()
        kinds = _EXTENSIONS.get(extension)
        if (
            self._settings.validate_file_extension
            and kinds is not None
            and source_format.kind not in kinds
        ):
            raise TypeDiffers(file=file, extension=extension, format=source_format.name)

    # -- projects -----------------------------------------------------------------------------

    def exists(self, project: str) -> bool:
        """Whether there is a project."""
        return self._entities.get(PROJECTS, (project,)) is not None

    def truncates(self, project: str) -> bool:
        """Whether imports empty the entity first."""
        row = self._entities.get(PROJECTS, (project,))
        return row is not None and row["TruncateEntityData"] == "Yes"

    def write(self, project: str, manifest: Manifest, operation: str) -> None:
        """Make a project as a manifest says, in place of one that is there."""
        if not project or len(project) > _LONGEST_NAME:
            raise e.ProjectNeedsName(project=project[:80], most=_LONGEST_NAME)
        self._entities.remove(PROJECTS, (project,))
        self._records.drop_maps(project)
        self._entities.put(
            PROJECTS,
            {
                "Name": project,
                "Description": (manifest.description or project)[:60],
                "OperationType": operation,
                "ProjectCategory": "Project",
                "GenerateDataPackage": "Yes",
            },
        )
        for entity in manifest.entities:
            self._entities.put(DETAILS, _detail(project, entity))
            self._records.set_maps(project, entity.name, entity.maps)

    def entities(self, project: str) -> list[PackageEntity]:
        """A project's entities in the order they run in."""
        rows = self._entities.find(DETAILS, "DefinitionGroupId", project)
        found = [self._package_entity(project, row) for row in rows]
        return sorted(found, key=lambda item: (item.unit, item.level, item.sequence, item.name))

    def _package_entity(self, project: str, row: Mapping[str, Any]) -> PackageEntity:
        name = str(row["EntityName"])
        maps = self._records.maps(project, name)
        if maps is None:
            automatic = row["AutoGenerateMapping"] == "Yes"
            is_mapped = automatic and self.composite(name) is None
            maps = all_fields(self.fields(self.entity(name))) if is_mapped else ()
        return PackageEntity(
            name,
            str(row["InputFilePath"] or ""),
            str(row["SourceFormat"] or "CSV-Unicode"),
            row["ExecutionUnit"] or 1,
            row["LevelInExecutionUnit"] or 1,
            row["SequenceInLevel"] or 1,
            row["FailLevelOnError"] == "Yes",
            row["FailExecutionUnitOnError"] == "Yes",
            row["RunBusinessLogic"] == "Yes",
            row["RunBusinessValidation"] == "Yes",
            row["SkipStaging"] == "Yes",
            row["Disable"] == "Yes",
            refresh_type=str(row["DefaultRefreshType"]),
            sheet=str(row["ExcelSheetName"] or ""),
            maps=maps,
        )

    # -- order --------------------------------------------------------------------------------

    def sequence(self, labels: Sequence[str]) -> list[tuple[str, int, int, int]]:
        """Label, unit, level and sequence of entities: what others point at comes first."""
        listed = [self.entity(label) for label in labels]
        names = {entity.name for entity in listed}
        levels: dict[str, int] = {}

        def level(entity: DataEntity, path: tuple[str, ...]) -> int:
            if entity.name in path:
                return 0
            if entity.name not in levels:
                below = [self.entity(name) for name in entity.depends_on if name in names]
                inner = (*path, entity.name)
                levels[entity.name] = 1 + max((level(other, inner) for other in below), default=0)
            return levels[entity.name]

        found: list[tuple[str, int, int, int]] = []
        counts: dict[int, int] = {}
        for entity in sorted(listed, key=lambda item: level(item, ())):
            place = level(entity, ())
            counts[place] = counts.get(place, 0) + 1
            found.append((entity.name, 1, place, counts[place]))
        return found


def all_fields(fields: Sequence[Field]) -> tuple[FieldMap, ...]:
    """The mapping that is made by itself: every field from a column of its name."""
    return tuple([FieldMap(item.name.upper(), item.name.upper()) for item in fields])


CompositeFacts: TypeAlias = tuple[str, str, str, tuple[tuple[str, Mapping[str, str]], ...]]
"""Label, AOT name, label of the header, and each line's label with its pairs of columns."""


def _own_composites(settings: DataManagementSettings) -> list[CompositeFacts]:
    return [
        (
            own.name,
            own.target,
            own.header,
            tuple([(line.entity, line.columns) for line in own.lines]),
        )
        for own in settings.composites
    ]


def _detail(project: str, entity: PackageEntity) -> dict[str, Any]:
    return {
        "DefinitionGroupId": project,
        "EntityName": entity.name,
        "SourceFormat": entity.source_format,
        "AutoGenerateMapping": "No",
        "ExecutionUnit": entity.unit,
        "LevelInExecutionUnit": entity.level,
        "SequenceInLevel": entity.sequence,
        "ExcelSheetName": entity.sheet,
        "InputFilePath": entity.input_file,
        "SampleFilePath": entity.sample_file,
        "ValidationStatus": "Yes",
        "RunBusinessLogic": _YES_NO[entity.runs_logic],
        "RunBusinessValidation": _YES_NO[entity.runs_validation],
        "SkipStaging": _YES_NO[entity.skips_staging],
        "FailLevelOnError": _YES_NO[entity.fail_level_on_error],
        "FailExecutionUnitOnError": _YES_NO[entity.fail_unit_on_error],
        "DefaultRefreshType": (
            "Incremental" if entity.refresh_type.startswith("Incremental") else "FullPush"
        ),
        "Disable": _YES_NO[entity.is_disabled],
    }


def _formats(settings: DataManagementSettings) -> dict[str, SourceFormat]:
    found = {}
    for name, built_in in BUILT_IN.items():
        page = built_in.code_page if built_in.bom else settings.ansi_code_page
        found[name] = SourceFormat(
            built_in.name,
            built_in.kind,
            built_in.extension,
            page,
            built_in.column_delimiter,
            built_in.row_delimiter,
            built_in.text_qualifier,
        )
    for own in settings.source_formats:
        end = own.row_delimiter.replace("{CR}", "\r").replace("{LF}", "\n")
        language = own.language.lower()
        if language and language not in LANGUAGES:
            raise UsageError(
                f"the language '{own.language}' is not known",
                where=f"[[data_management.source_formats]] {own.name}",
                remedy=f"take one of {', '.join(sorted(LANGUAGES))}",
            )
        values: dict[str, Any] = {**own.model_dump(), "row_delimiter": end, "language": language}
        found[own.name.lower()] = SourceFormat(**values)
    return found
