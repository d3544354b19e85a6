"""How long work takes: the throughput model, in seconds of the clock.

Rows per minute of each half, of an entity where it has its own; row by row a step runs on several
threads when threshold and task count say so. With pace `full` nothing waits. The shipped numbers
are ours: Microsoft publishes none. Sources for the shape: "Optimize data migration", "Data import
and export jobs" (import threshold record count, import task count).
"""

from __future__ import annotations

from windtunnel.simulator.kernel.settings import DataManagementSettings, EntityPaceSettings


class Pace:
    """Seconds per row, by entity."""

    def __init__(self, settings: DataManagementSettings) -> None:
        self._settings = settings
        self._own = {item.name.lower(): item for item in settings.entities}
        self.is_modelled = settings.pace == "modelled"

    def pickup(self) -> str:
        """When a job begins, as `Jobs.start` takes it: batch takes a while to pick it up."""
        work = self._settings.work
        if work == "immediate" and self.is_modelled:
            return f"time: {self._settings.batch_pickup_seconds}"
        return work

    def at_once(self) -> str:
        """When a job begins that does not wait for the batch."""
        return self._settings.work

    def staging(self, entity: str, rows: int) -> float:
        """Seconds to stage rows."""
        own = self._of(entity).staging_rows_per_minute
        return self._seconds(rows, own or self._settings.staging_rows_per_minute)

    def target(self, entity: str, rows: int, total: int) -> float:
        """Seconds to bring rows of a file of `total` rows into the target."""
        own, settings = self._of(entity), self._settings
        if own.set_based:
            return self._seconds(
                rows, own.target_rows_per_minute or settings.set_based_rows_per_minute
            )
        rate = own.target_rows_per_minute or settings.target_rows_per_minute
        return self._seconds(rows, rate * self.tasks(entity, total))

    def tasks(self, entity: str, total: int) -> int:
        """Threads that share a file: a task per threshold of rows, as far as tasks are allowed."""
        own, settings = self._of(entity), self._settings
        if not own.threshold:
            return 1
        most = min(own.tasks, settings.threads * settings.batch_servers)
        return max(1, min(most, -(-total // own.threshold)))

    def export(self, entity: str, rows: int) -> float:
        """Seconds to export rows."""
        own = self._of(entity).export_rows_per_minute
        return self._seconds(rows, own or self._settings.export_rows_per_minute)

    def _of(self, entity: str) -> EntityPaceSettings:
        return self._own.get(entity.lower()) or EntityPaceSettings(name=entity)

    def _seconds(self, rows: int, rows_per_minute: float) -> float:
        return rows * 60.0 / rows_per_minute if self.is_modelled else 0.0
