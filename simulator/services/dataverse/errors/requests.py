"""Errors of requests that cannot be read: address, query options, method, batch, body."""

from __future__ import annotations

from windtunnel.simulator.services.dataverse.errors.dataverse_error import DataverseError


class SegmentNotFound(DataverseError):
    """An entity set or operation that is not there; names are case-sensitive."""

    status = 404
    code = "0x8006088a"
    text = "Resource not found for the segment '{segment}'."


class NoRoute(DataverseError):
    """An address no controller takes."""

    status = 404
    code = ""
    text = "No HTTP resource was found that matches the request URI '{uri}'."


class QueryError(DataverseError):
    """A query option that does not parse or names what is not there."""

    status = 400
    code = "0x80060888"
    text = "{problem}"


class BadKey(DataverseError):
    """The key in the URL is none of the table's."""

    status = 400
    code = "0x80060888"
    text = (
        "The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.{table}'. "
        "Ensure that the names and number of key properties match the declared or alternate key "
        "properties for the resource 'Microsoft.Dynamics.CRM.{table}'."
    )


class MethodNotAllowed(DataverseError):
    """A method that this address does not take."""

    status = 405
    code = "0x80060888"
    text = "The requested resource does not support http method '{method}'."


class UnsupportedMediaType(DataverseError):
    """A body that says it is no JSON. Status and text are those of the web framework: assumed."""

    status = 415
    text = "The request entity's media type '{media}' is not supported for this resource."


class BadBatch(DataverseError):
    """A $batch that cannot be read."""

    status = 400
    code = "0x80048d19"
    text = "{problem}"


_PAYLOAD = (
    "Error identified in Payload provided by the user for Entity :'{set}', For more information on "
    "this error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  "
    "---->  InnerException : "
)


class PayloadError(DataverseError):
    """A body that does not bind to the table."""

    status = 400
    code = "0x80048d19"
    text = _PAYLOAD + "{problem}"


class InvalidJson(PayloadError):
    """A body that is not JSON, or names a property twice."""

    text = _PAYLOAD + "Microsoft.OData.ODataException: {problem}"


class UnknownProperty(PayloadError):
    """A name in the body that is no property."""

    text = (
        _PAYLOAD + "Microsoft.Crm.CrmException: Invalid property '{name}' was found in entity "
        "'Microsoft.Dynamics.CRM.{table}'. ---> Microsoft.OData.ODataException: The property "
        "'{name}' does not exist on type 'Microsoft.Dynamics.CRM.{table}'. Make sure to only use "
        "property names that are defined by the type."
    )


class UndeclaredBind(PayloadError):
    """`@odata.bind` on what is no navigation property."""

    text = (
        _PAYLOAD + "Microsoft.OData.ODataException: An undeclared property '{name}' which only has "
        "property annotations in the payload but no property value was found in the payload. In "
        "OData, only declared navigation properties and declared named streams can be represented "
        "as properties without values."
    )


class LookupNotBound(DataverseError):
    """The column of a lookup in a body, where its navigation property belongs."""

    status = 400
    code = "0x80060888"
    text = (
        "CRM do not support direct update of Entity Reference properties, "
        "Use Navigation properties instead."
    )
