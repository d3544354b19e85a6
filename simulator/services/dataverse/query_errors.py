"""Errors of queries beyond plain OData: FetchXML, saved queries, query functions, SQL.

Source of the codes: "Web service error codes". Where the page has no text for a case, the text is
our own and names the element.
"""

from __future__ import annotations

from windtunnel.simulator.services.dataverse.errors import DataverseError
from windtunnel.simulator.services.dataverse.model.conditions import BadOperand


class BadQuery(DataverseError):
    """A query of this kind that is refused; each code has its class."""

    status = 400
    text = "{problem}"


class UnexpectedQuery(BadQuery):
    """What fits no other code."""

    code = "0x80041101"


class NoEntity(BadQuery):
    """A table that is not there."""

    code = "0x80041102"
    text = (
        "The entity with a name = '{name}' with namemapping = 'Logical' was not found in the "
        "MetadataCache."
    )


class NoAttribute(BadQuery):
    """A column that the table does not have."""

    code = "0x80041103"
    text = (
        "'{table}' entity doesn't contain attribute with Name = '{name}' and NameMapping = "
        "'Logical'."
    )


class BadCondition(BadQuery):
    """A condition with the wrong number of values, or with parts that exclude each other."""

    code = "0x80041106"


class AttributeWithAggregate(BadQuery):
    """A plain column in a query that aggregates."""

    code = "0x80041107"
    text = (
        "An attribute can not be requested when an aggregate operation has been specified and its "
        "neither groupby nor aggregate. NodeXml : {node}"
    )


class BadValue(BadQuery):
    """A value that the column cannot be compared with."""

    code = "0x80041108"


class BadAlias(BadQuery):
    """An alias with other characters than letters, digits and underscores, or given twice."""

    code = "0x80041109"


class NoSuchAlias(BadQuery):
    """A condition or an order on a table that is not joined."""

    code = "0x8004110a"


class NoAlias(BadQuery):
    """An aggregate without an alias."""

    code = "0x8004110b"
    text = "An alias must be specified for every attribute in an aggregate query. NodeXml: {node}"


class NotAboveZero(BadQuery):
    """A count or page below 1."""

    code = "0x8004110c"


class BadLinkPair(BadQuery):
    """A join without the columns to join by."""

    code = "0x80041111"


class BadDistinct(BadQuery):
    """`distinct` is neither true nor false."""

    code = "0x80041115"


class BadMapping(BadQuery):
    """`mapping` is neither logical nor internal."""

    code = "0x80041116"


class BadLinkType(BadQuery):
    """A link type that is none."""

    code = "0x80041117"


class BadDescending(BadQuery):
    """`descending` is neither true nor false."""

    code = "0x80041119"


class BadAggregate(BadQuery):
    """An aggregate function that is none, or on a column that it does not take."""

    code = "0x8004111a"


class BadNode(BadQuery):
    """An element where it does not belong."""

    code = "0x8004111c"


class AttributeMissing(BadQuery):
    """An element without an attribute that it needs."""

    code = "0x8004111e"


class BadOperator(BadQuery):
    """An operator that is none, or that the column does not take."""

    code = "0x80041120"


class BadFilterType(BadQuery):
    """A filter that is neither `and` nor `or`."""

    code = "0x80041122"


class ElementMissing(BadQuery):
    """A fetch without an entity."""

    code = "0x80041123"


class NoLinkForOrder(BadQuery):
    """An order on a table that is not joined."""

    code = "0x80041126"


class BadTop(BadQuery):
    """`top` below 1, above 5,000, or together with pages."""

    code = "0x80041127"


class EntitiesDiffer(BadQuery):
    """The set in the address and the entity of the query are different tables."""

    code = "0x80041128"
    text = "The entity '{entity}' of the query does not match the entity '{table}' of the request."


class CookieOrderDiffers(BadQuery):
    """A paging cookie of a query with another order."""

    code = "0x80041129"
    text = "The paging cookie does not match the order of the query."


class BadCookie(BadQuery):
    """A paging cookie that cannot be read."""

    code = "0x8004112a"
    text = "Malformed XML in the Paging Cookie"


class InvalidXml(BadQuery):
    """FetchXML that is not well-formed."""

    code = "0x80040201"


class InvalidDate(BadQuery):
    """A value that is no date."""

    code = "0x80040239"


class TooManyConditions(BadQuery):
    """More conditions than a query may have."""

    code = "0x8004430c"
    text = "Number of conditions in query exceeded maximum limit."


class TooManyLinks(BadQuery):
    """More joins than a query may have."""

    code = "0x8004430d"
    text = "Number of link entities in query exceeded maximum limit."


class TooManyValues(BadQuery):
    """More values in a condition than it may have."""

    code = "0x8004430e"
    text = "Number of parameters in a condition exceeded maximum limit."


class NoLinkEntities(BadQuery):
    """A query over an elastic table that joins. Source: "Use elastic tables"."""

    code = "0x80048d0b"
    text = "Link entities are not supported."


_FAULTS: dict[str, type[BadQuery]] = {
    "value": BadValue,
    "date": InvalidDate,
    "count": BadCondition,
    "operator": BadOperator,
}


def refusal(error: BadOperand) -> BadQuery:
    """The service's error for a value or operator that does not fit."""
    return _FAULTS[error.fault](problem=str(error))
