"""Files of what failed: rejected rows of a file, and keys of rows that the target refused.

unconfirmed: no source shows these files. Rejected rows keep the file's source format, so that they
can be corrected and sent again; keys are CSV.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from windtunnel.simulator.kernel.background import Work
from windtunnel.simulator.services.data_management.formats.files import new_file
from windtunnel.simulator.services.data_management.formats.source_format import BUILT_IN
from windtunnel.simulator.services.data_management.model.exporting import CONTAINER
from windtunnel.simulator.services.data_management.model.projects import Projects
from windtunnel.simulator.services.data_management.model.records import Records, Step
from windtunnel.simulator.services.data_management.ports import Blobs

_PAGE: Final = 500
_NAMES: Final = {"staging": "StagingError", "target": "TargetErrorKeys"}


class ErrorFiles:
    """Makes the files, in slices."""

    def __init__(
        self,
        records: Records,
        projects: Projects,
        blobs: Blobs,
        new_id: Callable[[], str],
    ) -> None:
        self._records, self._projects, self._blobs = records, projects, blobs
        self._new_id = new_id

    def make(self, step: Step, stage: str) -> Work:
        """Write the file of a step's errors and keep where it is."""
        first = self._records.error_rows(step, stage, 0, 1)
        if not first:
            return
        header = list(first[0][1])
        source_format = BUILT_IN["csv"]
        if stage == "staging":
            source_format = self._projects.source_format(step.spec.source_format)
        entity = self._projects.entity(step.entity)
        name = f"{step.entity}_{_NAMES[stage]}.{source_format.extension}"
        made = new_file(
            source_format,
            header,
            element=entity.target,
            widths=[255] * len(header),
            file=name,
            sheet=step.spec.sheet,
        )
        with self._blobs.draft() as draft:
            after, last = 0, None
            while page := self._records.error_rows(step, stage, after, _PAGE):
                after = page[-1][0]
                rows = []
                for _, row in page:
                    if row != last:
                        rows.append([row.get(column, "") for column in header])
                    last = row
                draft.file.write(made.write(rows))
                yield 0.0
            for piece in made.end():
                draft.file.write(piece)
                yield 0.0
            blob = f"{{{self._new_id().upper()}}}/{name}"
            draft.store(CONTAINER, blob)
        self._records.set_file(step.execution, step.entity, stage, blob)
