"""Global choices and the options of choices, made, changed and deleted.

Source: "Create and update choices (option sets) using the Web API", the actions InsertOptionValue,
UpdateOptionValue, DeleteOptionValue, OrderOption, InsertStatusValue, UpdateStateValue.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from windtunnel.contracts.entities.dataverse import (
    ColumnDefinition,
    Option,
    OptionSet,
    TableDefinition,
)
from windtunnel.contracts.entities.dataverse.wire import label_text, option_set_of
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.metadata import new_tables
from windtunnel.simulator.services.dataverse.model.metadata.customizations import Customizations
from windtunnel.simulator.services.dataverse.model.metadata.table_changes import (
    column_named,
    merge_facts,
    stated_labels,
)

Json = dict[str, Any]
_CHOSEN = frozenset({"Picklist", "MultiSelectPicklist", "Boolean", "State", "Status"})


def create_choice(there: Customizations, body: Json) -> str:
    """A new global choice; returns its MetadataId."""
    new_tables.checked_name(body.get("Name"))
    choice = option_set_of(body, is_custom=True)
    if choice.name in there.tables.choices:
        raise errors.SchemaNameExists(name=choice.name)
    if choice.kind not in {"Picklist", "Boolean"}:
        raise errors.InvalidArgument(problem=f"The OptionSetType '{choice.kind}' is not valid.")
    options = choice.options
    if choice.kind == "Picklist":
        options = new_tables.numbered(options, body.get("Options"))
    if len({option.value for option in options}) != len(options):
        raise errors.InvalidArgument(problem="The values of the options must be unique.")
    identity = choice.metadata_id or there.ids.uuid()
    there.put_choice(
        replace(
            choice,
            options=tuple(replace(o, facts=stated_labels(dict(o.facts))) for o in options),
            metadata_id=identity,
            facts={**stated_labels(dict(choice.facts)), "MetadataId": identity},
        )
    )
    return identity


def choice_of(there: Customizations, shape: Json) -> OptionSet:
    """The global choice that an object of an answer stands for."""
    return there.tables.choices[str(shape["Name"])]


def update_choice(there: Customizations, choice: OptionSet, body: Json, *, merge: bool) -> None:
    """The labels of a PUT in place of the choice's; options have messages of their own."""
    stated = option_set_of(body, is_custom=choice.is_custom)
    facts = {k: v for k, v in stated.facts.items() if k != "MetadataId"}
    merged = merge_facts(choice.facts, facts, merge=merge)
    label = label_text(merged.get("DisplayName")) or choice.label
    there.put_choice(replace(choice, label=label, facts=merged))


def delete_choice(there: Customizations, choice: OptionSet) -> None:
    """Take a custom choice away that no column uses."""
    if not choice.is_custom:
        raise errors.NotCustomizable(name=choice.name)
    users = [
        column
        for table in there.tables.definitions.values()
        for column in table.columns.values()
        if column.option_set == choice.name
    ]
    if users:
        raise errors.Referenced(kind="OptionSet", id=choice.metadata_id, count=len(users))
    there.remove_choice(choice)


# -- options ------------------------------------------------------------------------------------


def insert_option(there: Customizations, body: Json) -> int:
    """InsertOptionValue and InsertStatusValue; returns the value of the new option."""
    state = body.get("StateCode")
    options = _options(there, body)
    value = body.get("Value")
    if value is None:
        value = max([99_999_999, *(option.value for option in options)]) + 1
    if not isinstance(value, int) or isinstance(value, bool):
        raise errors.InvalidArgument(problem="Value must be an integer.")
    if any(option.value == value for option in options):
        raise errors.InvalidArgument(problem=f"The option value {value} already exists.")
    text = label_text(body.get("Label"))
    if not text:
        raise errors.InvalidArgument(problem="Required field 'Label' is missing.")
    stated = {k: body[k] for k in ("Label", "Description", "Color") if body.get(k) is not None}
    option = Option(value, text, state if isinstance(state, int) else None, stated_labels(stated))
    _put_options(there, body, (*options, option))
    return value


def update_option(there: Customizations, body: Json) -> None:
    """UpdateOptionValue and UpdateStateValue: labels and colour of one option."""
    options = _options(there, body)
    option = _option(options, body.get("Value"))
    stated = {k: body[k] for k in ("Label", "Description", "Color") if body.get(k) is not None}
    facts = merge_facts(option.facts, stated, merge=body.get("MergeLabels") is True)
    newer = replace(option, label=label_text(facts.get("Label")) or option.label, facts=facts)
    _put_options(there, body, tuple(newer if known is option else known for known in options))


def delete_option(there: Customizations, body: Json) -> None:
    """DeleteOptionValue. Rows that have the value keep it, as in the real service."""
    options = _options(there, body)
    option = _option(options, body.get("Value"))
    _put_options(there, body, tuple(known for known in options if known is not option))


def order_options(there: Customizations, body: Json) -> None:
    """OrderOption: all values in their new order."""
    options = {option.value: option for option in _options(there, body)}
    values = body.get("Values")
    if not isinstance(values, list) or sorted(map(str, values)) != sorted(map(str, options)):
        raise errors.InvalidArgument(problem="Values must hold each option value exactly once.")
    _put_options(there, body, tuple(options[value] for value in values))


def _option(options: tuple[Option, ...], value: Any) -> Option:
    for option in options:
        if option.value == value:
            return option
    raise errors.InvalidArgument(problem=f"The option value {value} does not exist.")


def _place(
    there: Customizations, body: Json
) -> OptionSet | tuple[TableDefinition, ColumnDefinition]:
    """What a message is about: a global choice, or the column of a table."""
    name = body.get("OptionSetName")
    if name:
        choice = there.tables.choices.get(str(name).lower())
        if choice is None:
            raise errors.DefinitionNotFound(kind="OptionSetMetadata", name=name)
        return choice
    table = there.table(str(body.get("EntityLogicalName") or ""))
    column = column_named(table, str(body.get("AttributeLogicalName") or ""))
    if column.type not in _CHOSEN:
        raise errors.InvalidArgument(
            problem=f"The attribute {column.logical_name} has no option set."
        )
    if column.option_set:
        return there.tables.choices[column.option_set]
    return table, column


def _options(there: Customizations, body: Json) -> tuple[Option, ...]:
    place = _place(there, body)
    return place.options if isinstance(place, OptionSet) else place[1].options


def _put_options(there: Customizations, body: Json, options: tuple[Option, ...]) -> None:
    place = _place(there, body)
    if isinstance(place, OptionSet):
        there.put_choice(replace(place, options=options))
        return
    table, column = place
    columns = {**table.columns, column.name: replace(column, options=options)}
    there.put(replace(table, columns=columns))
