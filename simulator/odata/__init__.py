"""OData queries, sans-IO: text to tokens to a tree to SQL; what services differ in is a Dialect."""

from windtunnel.simulator.odata.dialect import ODATA_401, Dialect
from windtunnel.simulator.odata.dialects.dataverse import DATAVERSE
from windtunnel.simulator.odata.dialects.finance_operations import (
    FINANCE_AND_OPERATIONS,
    WITH_STRING_FUNCTIONS,
)
from windtunnel.simulator.odata.dialects.metadata import METADATA
from windtunnel.simulator.odata.errors import NotSupported, ODataError, UnknownProperty
from windtunnel.simulator.odata.printer import (
    print_apply,
    print_compute,
    print_expand,
    print_filter,
    print_orderby,
    print_query,
    print_search,
    print_select,
)
from windtunnel.simulator.odata.query import (
    parse_apply,
    parse_compute,
    parse_expand,
    parse_filter,
    parse_orderby,
    parse_query,
    parse_search,
    parse_select,
)

__all__ = [
    "DATAVERSE",
    "FINANCE_AND_OPERATIONS",
    "METADATA",
    "ODATA_401",
    "WITH_STRING_FUNCTIONS",
    "Dialect",
    "NotSupported",
    "ODataError",
    "UnknownProperty",
    "parse_apply",
    "parse_compute",
    "parse_expand",
    "parse_filter",
    "parse_orderby",
    "parse_query",
    "parse_search",
    "parse_select",
    "print_apply",
    "print_compute",
    "print_expand",
    "print_filter",
    "print_orderby",
    "print_query",
    "print_search",
    "print_select",
]
