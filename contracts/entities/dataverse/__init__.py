"""The standard tables and choices of Dataverse, in our own form: two files, read by `documents`."""

from windtunnel.contracts.entities.dataverse.definitions import (
    ColumnDefinition,
    Option,
    OptionSet,
    Relation,
    TableDefinition,
)
from windtunnel.contracts.entities.dataverse.documents import standard_choices, standard_tables
from windtunnel.contracts.entities.dataverse.load import tables_from_csdl

__all__ = [
    "ColumnDefinition",
    "Option",
    "OptionSet",
    "Relation",
    "TableDefinition",
    "standard_choices",
    "standard_tables",
    "tables_from_csdl",
]
