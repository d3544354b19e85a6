"""The standard tables of Dataverse, in our own form: `tables.xml`, read by `load`."""

from windtunnel.contracts.entities.dataverse.definitions import (
    ColumnDefinition,
    Option,
    OptionSet,
    Relation,
    TableDefinition,
)
from windtunnel.contracts.entities.dataverse.load import standard_tables, tables_from_csdl

__all__ = [
    "ColumnDefinition",
    "Option",
    "OptionSet",
    "Relation",
    "TableDefinition",
    "standard_tables",
    "tables_from_csdl",
]
