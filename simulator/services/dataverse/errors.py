"""Every error the Dataverse Web API answers here.

Source: "Compose HTTP requests and handle errors", "Web service error codes" and the pages named at
each class in reference order. On the wire the letters of hex codes are lower case.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from windtunnel.simulator.exchange import ServiceError


class DataverseError(ServiceError):
    """An error with the body `{"error": {"code", "message"}}`.

    `details` are further annotations for clients that ask for them.
    """

    details: Mapping[str, str] = MappingProxyType({})


class NotAuthenticated(DataverseError):
    """No token, or one that is not accepted. The body is empty, as the gateway answers."""

    status = 401
    text = "{problem}"


class NotMember(DataverseError):
    """A good token of an application that is no user of the environment."""

    status = 403
    code = "0x80072560"
    text = "The user is not a member of the organization."


class TooManyRequests(DataverseError):
    """A service protection limit. Source: "Service protection API limits"."""

    status = 429
    text = "{problem}"

    def __init__(self, code: str, problem: str, retry_after: int) -> None:
        self.code = code
        super().__init__(headers={"Retry-After": str(retry_after)}, problem=problem)


class RecordNotFound(DataverseError):
    """No record with this id."""

    status = 404
    code = "0x80040217"
    text = "Entity '{table}' With Id = {id} Does Not Exist"


class KeyValuesNotFound(DataverseError):
    """No record with these values of an alternate key."""

    status = 404
    code = "0x80060891"
    text = "A record with the specified key values does not exist in {table} entity"


class TableNotFound(DataverseError):
    """A table definition by a logical name that no table has. The status is an assumption."""

    status = 404
    code = "0x80041102"
    text = (
        "The entity with a name = '{name}' with namemapping = 'Logical' was not found in the "
        "MetadataCache."
    )


class DefinitionNotFound(DataverseError):
    """A column, key, relationship or choice by a name that none has. The text is an assumption."""

    status = 404
    code = "0x80040217"
    text = "Could not find the {kind} with the specified name: Name = {name}."


class TableExists(DataverseError):
    """A new table with the name of one that is there."""

    status = 400
    code = "0x8004700b"
    text = "An entity with the specified name {name} already exists."


class ColumnExists(DataverseError):
    """A new column with the name of one that is there."""

    status = 400
    code = "0x80047013"
    text = "Attribute {name} already exists for entity {table}. Please specify a different name."


class SchemaNameExists(DataverseError):
    """A new relationship, key or choice with a schema name that is taken."""

    status = 400
    code = "0x80044363"
    text = "A component with the schema name {name} already exists. Please specify a unique name."


class KeyNameExists(DataverseError):
    """A new alternate key with the name of one that is there."""

    status = 400
    code = "0x80060893"
    text = "The specified key name {name} already exists for the {table} entity."


class KeyColumnsExist(DataverseError):
    """A new alternate key over the columns of another."""

    status = 400
    code = "0x80060894"
    text = "A key with the same attributes already exists for the {table} entity: {name}."


class BadName(DataverseError):
    """A schema name without a publisher's prefix or with other characters. Text assumed."""

    status = 400
    code = "0x80044a22"
    text = (
        "The schema name '{name}' is not valid. It must begin with a customization prefix and an "
        "underscore, and contain only letters, digits and underscores."
    )


class NotCustomizable(DataverseError):
    """A change of a component that the vendor made. The text is an assumption."""

    status = 400
    code = "0x8004f026"
    text = "The evaluation of the current component '{name}' failed: it is not customizable."


class ComponentNotFound(DataverseError):
    """A component that is not there, for an action on solutions. The text is an assumption."""

    status = 404
    code = "0x8004f021"
    text = "The component of type {kind} with the id {id} was not found."


class Referenced(DataverseError):
    """A component that others need cannot be deleted."""

    status = 400
    code = "0x8004f01f"
    text = (
        "The {kind}({id}) component cannot be deleted because it is referenced by {count} other "
        "components. For a list of referenced components, use the "
        "RetrieveDependenciesForDeleteRequest."
    )


class MetadataMethod(DataverseError):
    """PATCH on a definition, which takes PUT."""

    status = 405
    code = "0x80060888"
    text = "Operation not supported on {kind}"


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


class TextTooLong(DataverseError):
    """Longer than the column."""

    status = 400
    code = "0x80044331"
    text = (
        "A validation error occurred.  The length of the '{column}' attribute of the '{table}' "
        "entity exceeded the maximum allowed length of '{length}'."
    )


class NumberOutOfRange(DataverseError):
    """A number beyond the column's bounds; the code tells integers from decimals."""

    status = 400
    code = "0x8004432f"
    text = (
        "A validation error occurred.  The value {value} of '{column}' on record of type '{table}' "
        "is outside the valid range. Accepted Values: {low} to {high}"
    )

    def __init__(self, *, is_integer: bool, **values: Any) -> None:
        self.code = "0x8004432f" if is_integer else "0x80044330"
        super().__init__(**values)


class OptionOutOfRange(DataverseError):
    """A number that is no option of the choice."""

    status = 400
    code = "0x8004431a"
    text = (
        "A validation error occurred.  The value {value} of '{column}' on record of type '{table}' "
        "is outside the valid range. Accepted Values: {accepted}"
    )


class BadStatus(DataverseError):
    """A status reason of another state."""

    status = 400
    code = "0x80048408"
    text = "{value} is not a valid status code on {table} with Id {id}."


class BadCharacter(DataverseError):
    """A control character in text."""

    status = 400
    code = "0x80040278"
    text = "The field '{column}' contains one or more invalid characters."


class VersionMismatch(DataverseError):
    """If-Match names another version."""

    status = 412
    code = "0x80060882"
    text = "The version of the existing record doesn't match the RowVersion property provided."


class RecordExists(DataverseError):
    """If-None-Match: * meets a record."""

    status = 412
    code = "0x80040237"
    text = "A record with matching key values already exists."


class DuplicateId(DataverseError):
    """A new record with the id of one that is there."""

    status = 412
    code = "0x80040237"
    text = "Cannot insert duplicate key."


class DuplicateKeyValues(DataverseError):
    """The same values in an alternate key."""

    status = 412
    code = "0x80060892"
    text = (
        "Entity Key {key} violated. A record with the same value for {columns} already exists. A "
        "duplicate record cannot be created. Select one or more unique values and try again."
    )


class LookupNotBound(DataverseError):
    """The column of a lookup in a body, where its navigation property belongs."""

    status = 400
    code = "0x80060888"
    text = (
        "CRM do not support direct update of Entity Reference properties, "
        "Use Navigation properties instead."
    )


class StateNeedsMessage(DataverseError):
    """A state that only a message of its own sets, in an update. The code is that of sales."""

    status = 400
    code = "0x80100005"
    text = (
        "This message can not be used to set the state of {table} to {state}. "
        "In order to set state of {table} to {state}, use the {message} message instead."
    )


class InvalidDateTime(DataverseError):
    """A day before 1753-01-01, which the database of the service cannot hold."""

    status = 400
    code = "0x80040239"
    text = "The date-time format is invalid, or value is outside the supported range."


class UnsupportedMediaType(DataverseError):
    """A body that says it is no JSON. Status and text are those of the web framework: assumed."""

    status = 415
    text = "The request entity's media type '{media}' is not supported for this resource."


class MethodNotSupported(DataverseError):
    """A write of a row between two tables, which associate and disassociate make and delete."""

    status = 400
    code = "0x80040800"
    text = (
        "The '{method}' method does not support entities of type '{table}'. MessageProcessorCache "
        "returned MessageProcessor.Empty."
    )


class BadPartition(DataverseError):
    """A `partitionid` that is too long, or with a character that it cannot have. Text assumed."""

    status = 400
    code = "0x80040203"
    text = "The partitionid '{value}' is not valid: at most 1,024 bytes, none of / < > * % & : \\ ?"


class DuplicatesFound(DataverseError):
    """Duplicate detection was asked for and found a record that a published rule calls the same."""

    status = 412
    code = "0x80040333"
    text = (
        "A record was not created or updated because a duplicate of the current record already "
        "exists."
    )


class CannotDelete(DataverseError):
    """A related record restricts the delete."""

    status = 405
    code = "0x80040227"
    text = "The object you tried to delete is associated with another object and cannot be deleted."


class UserStillEnabled(DataverseError):
    """Only a disabled user can be deleted. Source: "Permanently delete users in Power Platform".

    Code and text are assumptions.
    """

    status = 400
    code = "0x80040203"
    text = "The user with id {id} is enabled and cannot be deleted: disable the user first."


class MethodNotAllowed(DataverseError):
    """A method that this address does not take."""

    status = 405
    code = "0x80060888"
    text = "The requested resource does not support http method '{method}'."


class BadBatch(DataverseError):
    """A $batch that cannot be read."""

    status = 400
    code = "0x80048d19"
    text = "{problem}"


class TooManyOperations(DataverseError):
    """More than 1,000 operations in a $batch. The text is not confirmed."""

    status = 400
    code = "0x80060888"
    text = "The batch size exceeds the maximum of {limit} requests."


class AggregateLimit(DataverseError):
    """More than 50,000 records in an aggregate."""

    status = 400
    code = "0x8004e023"
    text = "The maximum record limit is exceeded. Reduce the number of records."


class NotImplementedMessage(DataverseError):
    """A message that the table does not have."""

    status = 501
    code = "0x80040219"
    text = "{message} has not yet been implemented."


class InvalidArgument(DataverseError):
    """An argument of an action is wrong or missing."""

    status = 400
    code = "0x80040203"
    text = "{problem}"


class PluginRefused(DataverseError):
    """Code behind a message refused the call by its own text."""

    status = 400
    code = "0x80040265"
    text = "{text_of}"


class PluginFailed(DataverseError):
    """Code behind a message failed by mistake."""

    status = 400
    code = "0x80040224"
    text = (
        "An unexpected error occurred from ISV code. (ErrorType = ClientError) Unexpected "
        "exception from plug-in (Execute): {kind}: {text_of}"
    )


class RequiredFieldMissing(DataverseError):
    """A parameter of an action that must be given."""

    status = 400
    code = "0x80040200"
    text = "Required field '{name}' is missing."


class ClosedAlready(DataverseError):
    """A state action on a record that is not in the state before it. The text is not confirmed."""

    status = 400
    code = "0x80048408"
    text = "The {table} with Id = {id} is already closed, or not in a state that can be changed so."


class OpportunityAlreadyClosed(DataverseError):
    """An opportunity that is won or lost is won or lost again."""

    status = 400
    code = "0x80040515"
    text = "The opportunity is already closed."


class LeadAlreadyClosed(DataverseError):
    """A lead that is not open is qualified or disqualified."""

    status = 400
    code = "0x80040519"
    text = "The lead is already closed."


class CaseAlreadyResolved(DataverseError):
    """A resolved case is resolved again, or changed."""

    status = 400
    code = "0x800404cf"
    text = (
        "This case has already been resolved. Close and reopen the case record to see the updates."
    )


class IncidentAlreadyClosed(DataverseError):
    """A cancelled case is changed, or goes from one closed state to the other."""

    status = 400
    code = "0x80044411"
    text = "Already Closed or Canceled"


class ActivityClosed(DataverseError):
    """A completed or cancelled activity is changed, not opened. The code is an assumption."""

    status = 400
    code = "0x80040230"
    text = "Cannot update Closed or Cancelled Activity"


class QuoteNotDraft(DataverseError):
    """A quote that is won or closed is activated."""

    status = 400
    code = "0x80100003"
    text = "The quote cannot be activated because it is not in draft state."


class InvoiceNotActive(DataverseError):
    """An invoice that is closed or cancelled is paid."""

    status = 400
    code = "0x80100000"
    text = "The invoice cannot be paid because it is not in active state."


class InvoiceNotPayable(DataverseError):
    """An invoice that is neither active nor paid is cancelled."""

    status = 400
    code = "0x80100001"
    text = "The invoice cannot be cancelled because it is not in active or paid state."


class RecordReadOnly(DataverseError):
    """A user who is no administrator changes a quote, order or invoice that is closed.

    Source: "Dynamics 365 Sales and privacy laws and regulations".
    """

    status = 400
    code = "0x8004022e"
    text = "The object cannot be updated because it is read-only."


class ParentReadOnly(DataverseError):
    """A line of a document that is closed, by a user who is no administrator."""

    status = 400
    code = "0x80043b09"
    text = "The parent is read only and cannot be edited."


class NoPublishedRules(DataverseError):
    """A search for duplicates in a table that no published rule is about."""

    status = 400
    code = "0x80048436"
    text = (
        "There are no published duplicate detection rules in the system. To run duplicate "
        "detection, you must create and publish one or more rules."
    )


class ListLocked(DataverseError):
    """A change of the members of a locked marketing list."""

    status = 400
    code = "0x80040302"
    text = "List is Locked. Cannot perform this action."


class ListNotActive(DataverseError):
    """A change of the members of an inactive marketing list."""

    status = 400
    code = "0x8004033a"
    text = "List is not active. Cannot perform this operation."


class ListIsStatic(DataverseError):
    """A copy to a static list of one that is static already."""

    status = 400
    code = "0x8004f704"
    text = "This action is valid only for dynamic list."


class NotInList(DataverseError):
    """A record that is to leave a list and is no member of it."""

    status = 400
    code = "0x80048458"
    text = "Specified Item not a member of the specified List."


class UnsupportedListMember(DataverseError):
    """A record of another kind than the members of a list are."""

    status = 400
    code = "0x80040301"
    text = "Unsupported list member type."


class ChangeTrackingNotEnabled(DataverseError):
    """Change tracking of a table that does not have it."""

    status = 400
    code = "0x80072491"
    text = "Entity {table} isn't enabled for change tracking."


class NotWithChangeTracking(DataverseError):
    """An option that restricts or orders what change tracking follows as a whole."""

    status = 400
    code = "0x80060888"
    text = 'The "${option}" query parameter isn\'t supported when Change Tracking is enabled.'

    @property
    def message(self) -> str:
        """The text with the option's name; its `$` is no placeholder."""
        return self.text.replace("{option}", str(self.values["option"]))


class ExpiredVersionStamp(DataverseError):
    """A delta token older than the log of changes."""

    status = 400
    code = "0x80044352"
    text = "Version stamp associated with the client has expired. Please perform a full sync."


class FileTooBig(DataverseError):
    """A file larger than its column takes. Source: "Use file column data"."""

    status = 400
    code = "0x80044a02"
    text = "Attachment file size is too big."


class NoFile(DataverseError):
    """A download of a column without a file."""

    status = 404
    code = "0x80040217"
    text = "No file attachment found for attribute: {column} EntityId: {id}."


class NoFullImage(DataverseError):
    """A full image of a column that keeps thumbnails only. Source: "Use image column data"."""

    status = 404
    code = "0x80040217"
    text = (
        "No FileAttachment records found for imagedescriptorId: {image} for image attribute: "
        "{column} of {table} record with id {id}."
    )


class ImageTooBig(DataverseError):
    """An image larger than its column takes. Source: "Use image column data"."""

    status = 400
    code = "0x80072553"
    text = (
        "Error occured when processing image. Reason: File size is too big. MaxSize: {limit} MB, "
        "Uploaded filesize: {size} MB."
    )


class ImageRefused(DataverseError):
    """Bytes that are no image of an accepted type. Source: "Use image column data"."""

    status = 400
    code = "0x80072553"
    text = (
        "Error occured when processing image. Reason: Update image properties failed for "
        "objectid: {id}, logicalName: {table}, attribute: {column}"
    )


class NotThePrimaryImage(DataverseError):
    """A create with another image than the table's primary one."""

    status = 400
    code = "0x80090487"
    text = (
        "Non-primary image attribute {column} of entity {table} is not allowed to upload during "
        "Create operation."
    )


class FileColumnNotSettable(DataverseError):
    """A file column in the body of a create or update. The text is not confirmed."""

    status = 400
    code = "0x80040203"
    text = "The file column '{column}' cannot be set by create or update: upload the file instead."


class BadFileToken(DataverseError):
    """A continuation or session token that is not known or has expired. Text not confirmed."""

    status = 400
    code = "0x80040203"
    text = "The file continuation token is not valid or has expired."


class BadBlockList(DataverseError):
    """A commit that names blocks which were not uploaded. The text is not confirmed."""

    status = 400
    code = "0x80040203"
    text = "The specified block list is invalid."


class PayloadTooLarge(DataverseError):
    """A body larger than one request may hold."""

    status = 413
    code = "0x80040203"
    text = "The request body of {size} bytes is larger than {limit} bytes: upload it in chunks."


class RangeNotSatisfiable(DataverseError):
    """A Range behind the end of the file, or a Content-Range that does not fit."""

    status = 416
    code = "0x80040203"
    text = "The range '{range}' does not fit a file of {size} bytes."


class SqlTimeout(DataverseError):
    """A message that would run longer than two minutes. The status is not confirmed."""

    status = 500
    code = "0x80044151"
    text = (
        "Sql error: SQL timeout expired. CRM ErrorCode: -2147204783 Sql ErrorCode: -2146232060 "
        "Sql Number: -2"
    )


class PrivilegeMissing(DataverseError):
    """No role of the caller has the privilege. Source: "Web service error codes"."""

    status = 403
    code = "0x80040220"
    text = "{problem}"


class AccessDenied(DataverseError):
    """The caller has the privilege, but it does not reach this record."""

    status = 403
    code = "0x80048306"
    text = "{problem}"


class UserDisabled(DataverseError):
    """The user of the token, or the one it acts as, is disabled. The status is an assumption."""

    status = 403
    code = "0x80040225"
    text = "The specified user is either disabled or is not a member of any business unit."


class CannotActOnBehalf(DataverseError):
    """Impersonation without prvActOnBehalfOfAnotherUser."""

    status = 403
    code = "0x8004a110"
    text = "User does not have the privilege to act on behalf another user."


class UnknownCallerId(DataverseError):
    """MSCRMCallerID of nobody. The status and the text are assumptions."""

    status = 403
    code = "0x80041d1f"
    text = "The user with id {id} is not a user of the organization."


class BadCallerId(DataverseError):
    """An impersonation header that is no GUID. The text is an assumption."""

    status = 400
    code = "0x80040203"
    text = "The caller id '{value}' is not a valid GUID."


class ColumnCreateDenied(DataverseError):
    """A secured column in a new record. Source: "Column-level security to control access"."""

    status = 403
    code = "0x8004f502"
    text = (
        "Caller user does not have create permissions to a {column} secured field on entity "
        "{table}. The requested operation could not be completed."
    )


class ColumnReadDenied(DataverseError):
    """The file of a secured column. Lists and records show null instead."""

    status = 403
    code = "0x8004f504"
    text = (
        "Caller user does not have read permissions to a {column} secured field on entity "
        "{table}. The requested operation could not be completed."
    )


class ColumnUpdateDenied(DataverseError):
    """A secured column in an update."""

    status = 403
    code = "0x8004f507"
    text = (
        "Caller user with Id {id} does not have update permissions to a {column} secured field on "
        "entity {table}. The requested operation could not be completed."
    )
