"""`Microsoft.Dynamics.CRM.*` functions in `$filter`, on the table of condition operators.

Source: "Web API Query Function Reference".
"""

from __future__ import annotations

from windtunnel.contracts.entities.dataverse import ColumnDefinition
from windtunnel.simulator.odata.errors import NotSupported, ODataError, UnknownProperty
from windtunnel.simulator.odata.pieces import Piece
from windtunnel.simulator.odata.schema import Table
from windtunnel.simulator.odata.sql import Compiler, QueryFunction, Scope
from windtunnel.simulator.odata.tree import (
    Call,
    Collection,
    Expression,
    Literal,
    Property,
    Variable,
)
from windtunnel.simulator.services.dataverse import query_errors
from windtunnel.simulator.services.dataverse.model.conditions import (
    BY_FUNCTION_NAME,
    BadOperand,
    Operator,
    Settings,
    Subject,
)
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE, DataverseTable


def query_functions(settings: Settings) -> dict[str, QueryFunction]:
    """Every query function by its full name."""
    return {
        NAMESPACE + name: _function(operator, settings)
        for name, operator in BY_FUNCTION_NAME.items()
    }


def _function(operator: Operator, settings: Settings) -> QueryFunction:
    parameters = _parameters(operator)

    def compile_call(compiler: Compiler, node: Call, scope: Scope) -> Piece:
        given = dict(node.named)
        if node.arguments or len(given) != len(node.named) or set(given) != set(parameters):
            raise _no_signature(node, parameters)
        values: list[str] = []
        for name in list(parameters)[1:]:
            values += _texts(compiler.argument(given[name]), node, parameters)
        names = _texts(compiler.argument(given["PropertyName"]), node, parameters)
        subject = _subject(compiler, names[0], node, scope, settings)
        try:
            return operator.apply(subject, values, settings)
        except BadOperand as error:
            raise query_errors.refusal(error) from error

    return compile_call


def _parameters(operator: Operator) -> dict[str, str]:
    """Parameter names and types, as the function is declared."""
    declared = {"PropertyName": "Edm.String"}
    if operator.most > 2 or operator.name.endswith("between"):
        declared["PropertyValues"] = "Collection(Edm.String)"
    elif operator.most == 2:
        declared |= {"PropertyValue1": "Edm.Int64", "PropertyValue2": "Edm.Int64"}
    elif operator.most == 1:
        is_count = "-x-" in operator.name or operator.name.startswith("in-fiscal")
        declared["PropertyValue"] = "Edm.Int64" if is_count else "Edm.String"
    return declared


def _no_signature(node: Call, parameters: dict[str, str]) -> ODataError:
    shown = ", ".join(f"{edm} {name}" for name, edm in parameters.items())
    return ODataError(
        f"No function signature for the function with name '{node.name}' matches the specified "
        f"arguments. The function signatures considered are: {node.name}({shown}).",
        node.position,
    )


def _texts(value: Expression, node: Call, parameters: dict[str, str]) -> list[str]:
    """The values of an argument as text: one of a literal, several of a list."""
    if isinstance(value, Collection):
        return [text for item in value.items for text in _texts(item, node, parameters)]
    if isinstance(value, Literal):
        if isinstance(value.value, list):
            if all(isinstance(item, str | int | float) for item in value.value):
                return [_text(item) for item in value.value]
        elif isinstance(value.value, str | int | float):
            return [_text(value.value)]
    raise _no_signature(node, parameters)


def _text(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _subject(
    compiler: Compiler, name: str, node: Call, scope: Scope, settings: Settings
) -> Subject:
    """The column that PropertyName names, perhaps behind lookups: `primarycontactid/fullname`."""
    *steps, last = name.split("/")
    path = node.of
    for step in steps:
        path = Property(step, path, node.position)
    served = settings.tables[_table(compiler, path, scope).entity_type.removeprefix(NAMESPACE)]
    column = column_of(served, last)
    if column is None:
        raise query_errors.NoAttribute(table=served.name, name=last)
    piece = compiler.value(Property(column.name, path, node.position), scope)
    return Subject(piece, column, served.name)


def column_of(served: DataverseTable, name: str) -> ColumnDefinition | None:
    """A column by its logical name, or by its name in the Web API."""
    columns = served.definition.columns
    return columns.get(name) or columns.get(f"_{name}_value")


def _table(compiler: Compiler, path: Expression | None, scope: Scope) -> Table:
    match path:
        case None | Variable("$it"):
            return scope.row.table
        case Variable(name, position):
            row = scope.variables.get(name)
            if row is None:
                raise NotSupported(f"{name} is not supported here.", position)
            return row.table
        case Property(name, of, position):
            table = _table(compiler, of, scope)
            navigation = table.navigations.get(name)
            if navigation is None:
                raise UnknownProperty(name, table.entity_type, position)
            return compiler.catalog[navigation.target]
        case _:
            raise NotSupported("A path is expected.", getattr(path, "position", -1))
