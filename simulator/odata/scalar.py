"""Canonical functions and conversions as SQLite expressions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from windtunnel.simulator.odata.errors import ODataError
from windtunnel.simulator.odata.pieces import Piece, combine, without_case
from windtunnel.simulator.odata.schema import EnumType
from windtunnel.simulator.odata.tree import Call, TypeName

_TEXT = frozenset({"Edm.String", "Edm.Guid"})
_PARTS = {
    "year": "%Y",
    "month": "%m",
    "day": "%d",
    "hour": "%H",
    "minute": "%M",
    "second": "%S",
}
_SIMPLE: dict[str, tuple[str, str]] = {
    "length": ("length({})", "Edm.Int32"),
    "tolower": ("lower({})", "Edm.String"),
    "toupper": ("upper({})", "Edm.String"),
    "trim": ("trim({})", "Edm.String"),
    "concat": ("({} || {})", "Edm.String"),
    "indexof": ("(instr(lower({}), lower({})) - 1)", "Edm.Int32"),
    "date": ("substr({}, 1, 10)", "Edm.Date"),
    "time": ("substr({}, 12, 8)", "Edm.TimeOfDay"),
    "round": ("round({})", "Edm.Decimal"),
    "floor": ("floor({})", "Edm.Decimal"),
    "ceiling": ("ceil({})", "Edm.Decimal"),
    "totaloffsetminutes": ("(0 * length({}))", "Edm.Int32"),
    "fractionalseconds": ("(0.0 * length({}))", "Edm.Decimal"),
}
_ON_TEXT = frozenset({"length", "tolower", "toupper", "trim", "concat", "indexof"})
_ON_NUMBERS = frozenset({"round", "floor", "ceiling"})
_ON_DATES = frozenset({*_PARTS, "date", "time", "totaloffsetminutes", "fractionalseconds"})
_CASTS = {
    "Edm.String": "TEXT",
    "Edm.Int16": "INTEGER",
    "Edm.Int32": "INTEGER",
    "Edm.Int64": "INTEGER",
    "Edm.Decimal": "REAL",
    "Edm.Double": "REAL",
    "Edm.Single": "REAL",
}
_LIKE = {"contains": "%{}%", "startswith": "{}%", "endswith": "%{}"}


_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def as_guid(piece: Piece, beside: str) -> Piece:
    """A text constant that is compared with a GUID, as that GUID if it is one."""
    text = piece.constant
    if beside != "Edm.Guid" or piece.edm != "Edm.String" or text is None:
        return piece
    return Piece("?", (text.lower(),), "Edm.Guid") if _GUID.fullmatch(text) else piece


def call(node: Call, arguments: Sequence[Piece], *, like_patterns: bool) -> Piece | None:
    """A canonical function; None for one that has no SQL. Raises ODataError for wrong types."""
    name = node.name
    _check(node, arguments)
    if name in _LIKE:
        return _like(node, arguments, like_patterns)
    if name in _PARTS:
        text = f"CAST(strftime('{_PARTS[name]}', {{}}) AS INTEGER)"
        return combine(text, arguments, "Edm.Int32")
    if name in _SIMPLE:
        text, edm = _SIMPLE[name]
        return combine(text, arguments, edm)
    if name == "substring":
        text = "substr({}, {} + 1)" if len(arguments) == 2 else "substr({}, {} + 1, {})"
        return combine(text, arguments, "Edm.String")
    if name == "cast" and len(arguments) == 1 and isinstance(node.arguments[-1], TypeName):
        target = node.arguments[-1].name
        if target in _CASTS:
            return combine(f"CAST({{}} AS {_CASTS[target]})", arguments, target)
    if name == "maxdatetime":
        return Piece("?", ("9999-12-31T23:59:59Z",), "Edm.DateTimeOffset")
    if name == "mindatetime":
        return Piece("?", ("0001-01-01T00:00:00Z",), "Edm.DateTimeOffset")
    return None


def _check(node: Call, arguments: Sequence[Piece]) -> None:
    wanted: frozenset[str] = frozenset()
    if node.name in _LIKE or node.name in _ON_TEXT:
        wanted = _TEXT
    elif node.name in _ON_DATES:
        wanted = frozenset({"Edm.DateTimeOffset", "Edm.Date", "Edm.TimeOfDay"})
    elif node.name in _ON_NUMBERS:
        wanted = frozenset({"Edm.Decimal", "Edm.Double", "Edm.Single"}) | frozenset(
            {"Edm.Int16", "Edm.Int32", "Edm.Int64"}
        )
    for piece in arguments:
        if wanted and piece.edm not in wanted and piece.edm != "null":
            raise ODataError(
                f"No function signature for the function with name '{node.name}' matches the "
                f"specified arguments. Found the type '{piece.edm}'.",
                node.position,
            )


def escaped(text: str) -> str:
    """Text for LIKE ... ESCAPE with no live wildcard."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _like(node: Call, arguments: Sequence[Piece], like_patterns: bool) -> Piece:
    subject, probe = arguments
    shape, text = _LIKE[node.name], probe.constant
    if text is not None:
        if like_patterns:
            return like(subject, shape.format(text))
        sides = without_case(subject, Piece("?", (shape.format(escaped(text)),), "Edm.String"))
        return combine("({} LIKE {} ESCAPE '\\')", sides, "Edm.Boolean", condition=True)
    where = {
        "contains": "(instr(lower({}), lower({})) > 0)",
        "startswith": "(instr(lower({}), lower({})) = 1)",
    }
    if node.name in where:
        return combine(where[node.name], arguments, "Edm.Boolean", condition=True)
    ends = (subject, probe, probe)
    return combine(
        "(lower(substr({}, -length({}))) = lower({}))", ends, "Edm.Boolean", condition=True
    )


def like(subject: Piece, pattern: str) -> Piece:
    """A pattern with `%`, `_`, `[...]` and `[^...]`, case aside."""
    if "[" in pattern:
        return _glob(subject, pattern)
    sides = without_case(subject, Piece("?", (pattern,), "Edm.String"))
    return combine("({} LIKE {})", sides, "Edm.Boolean", condition=True)


def _glob(subject: Piece, pattern: str) -> Piece:
    """A pattern with `[...]`, which SQLite's LIKE lacks and its GLOB has."""
    parts = re.split(r"(\[[^\]]*\])", pattern)
    text = "".join(
        part
        if part.startswith("[")
        else re.sub(r"[*?\[]", r"[\g<0>]", part).replace("%", "*").replace("_", "?")
        for part in parts
    )
    sides = without_case(subject, Piece("?", (text.lower(),), "Edm.String"))
    return combine("(lower({}) GLOB {})", sides, "Edm.Boolean", condition=True)


def as_moment(piece: Piece) -> Piece:
    """A date as the moment it begins, so that it compares with moments."""
    if piece.edm != "Edm.Date":
        return piece
    if piece.text == "?":
        return Piece("?", (f"{piece.parameters[0]}T00:00:00Z",), "Edm.DateTimeOffset")
    return combine("({} || 'T00:00:00Z')", (piece,), "Edm.DateTimeOffset")


def enum_number(piece: Piece, enum: EnumType, position: int) -> Piece:
    """An enumeration's literal as the number the store keeps."""
    value = piece.parameters[0] if piece.parameters else None
    if not isinstance(value, str):
        raise ODataError(
            f"The string '{value}' is not a valid enumeration type constant.", position
        )
    total = 0
    for part in value.split(","):
        member = enum.members.get(part)
        if member is None and re.fullmatch(r"-?\d{1,10}", part):
            member = int(part)
        if member is None:
            raise ODataError(
                f"The string '{enum.name}'{value}'' is not a valid enumeration type constant.",
                position,
            )
        total |= member
    return Piece("?", (total,), enum.name, False, enum)
