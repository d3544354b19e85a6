"""Why a row may not be written, as a value: the lines of the Infolog."""

from __future__ import annotations

from dataclasses import dataclass

from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet


@dataclass(frozen=True, slots=True)
class Refusal:
    """Infolog entries such as `Warning: ...`, and the field where one is to blame.

    `is_validation`: the entity's own validation refused, not the write.
    """

    infolog: tuple[str, ...]
    field: str = ""
    is_validation: bool = False


def refuse(entity_set: EntitySet, text: str, field: str = "") -> Refusal:
    """A rule of the table: its text, then the line of validateWrite."""
    last = f"Warning: validateWrite failed on data source '{entity_set.data_source}'"
    return Refusal((f"Warning: {text}", last), field)


def must_fill(entity_set: EntitySet, name: str) -> Refusal:
    """A mandatory field that is empty."""
    return refuse(entity_set, f"Field '{entity_set.label(name)}' must be filled in.", name)


def not_found(entity_set: EntitySet, name: str, value: str, label: str, table: str) -> Refusal:
    """A value that the related table does not have; the field check says it."""
    return Refusal(
        (
            f"Warning: The value '{value}' in field '{label}' is not found in the related table "
            f"'{table}'.",
            f"Warning: validateField failed on field '{entity_set.facts.entity}.{name}'",
        ),
        name,
    )


def undeletable(text: str, source: str) -> Refusal:
    """A delete that validation of a data source refused."""
    last = (
        "Warning: The entity record could not be deleted because validation failed for the "
        f"following data source: {source}"
    )
    return Refusal((f"Warning: {text}", last))


def duplicate(entity_set: EntitySet, values: Values) -> Refusal:
    """A key that is there already."""
    facts = entity_set.facts
    return Refusal(
        (
            f"Info: Cannot create a record in {facts.table_label} ({facts.table}). "
            f"{entity_set.shown_key(values)}.\nThe record already exists.",
        )
    )
