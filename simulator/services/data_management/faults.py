"""What can be wrong with a package or a data file: one class each, with the framework's code.

Source: "Data management error descriptions and known limitations". The page gives codes and causes;
texts without a capture are ours. `place` adds file, line and column.
"""

from __future__ import annotations

from typing import Any


def placed(file: str, line: int, column: int, field: str) -> str:
    """`file 'x.csv', line 3, column 7, field 'NAME'`, as far as it is known."""
    parts = [f"file '{file}'"] if file else []
    parts += [f"line {line}"] if line else []
    parts += [f"column {column}"] if column else []
    parts += [f"field '{field}'"] if field else []
    return ", ".join(parts)


class FileFault(Exception):
    """The base: `line` and `column` count from 1, 0 means unknown; `field` is a column's name."""

    code = ""
    text = ""

    def __init__(
        self, *, file: str = "", line: int = 0, column: int = 0, field: str = "", **values: Any
    ) -> None:
        self.file, self.line, self.column, self.field = file, line, column, field
        self.values = values
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """Code and text with its values filled in."""
        text = self.text.format(**self.values)
        return f"{self.code}: {text}" if self.code else text

    @property
    def place(self) -> str:
        """Where it is, as far as that is known."""
        return placed(self.file, self.line, self.column, self.field)

    @property
    def full(self) -> str:
        """The text with its place, as it stands in an execution error."""
        return f"{self.message} ({self.place})" if self.place else self.message


# -- the package ----------------------------------------------------------------------------------


class PackageFault(FileFault):
    """The zip cannot be used at all."""

    text = "The data package cannot be read: {reason}"


class MemberMissing(PackageFault):
    """What every package has, or an entity's file, is not in the zip; so is all that is no zip."""

    text = "Could not find file '..\\{name}'."


class MemberLeaves(PackageFault):
    """A member's path leads out of the package."""

    text = "The data package has a file whose path leads out of the package: '{name}'."


class MemberEncrypted(PackageFault):
    """A member asks for a password."""

    text = "The data package is encrypted: '{name}' cannot be read without a password."


class PackageTooLarge(PackageFault):
    """The zip unpacks to more than is allowed, or shrinks more than honest data does."""

    text = "The data package unpacks to too much: {reason}"


class ManifestBroken(PackageFault):
    """The manifest or the header is no well-formed XML of a data package."""

    text = "XML is not in correct format-Exception from HRESULT: 0xC0010009. {reason}"


# -- the data files -------------------------------------------------------------------------------


class NotUnicode(FileFault):
    """Another encoding than the source format's."""

    text = "Selected file is not Unicode"


class BadEncoding(FileFault):
    """Bytes that are no characters in the source format's encoding."""

    code = "DMF2018"
    text = "The file has bytes that are no characters of {encoding}."


class AnsiOnly(FileFault):
    """A character that the format's code page does not have."""

    code = "DMF1957"
    text = "Unicode data cannot be written to a file of code page {encoding}."


class MappingIncorrect(FileFault):
    """Rows that do not end as the source format says: no column is recognized."""

    text = "the mapping is incorrect for entity {entity} and field {{{field_id}}}"


class HeaderMissing(FileFault):
    """No row of column names, or a blank line before it."""

    code = "FF004"
    text = "The header row is missing."


class DelimiterMissing(FileFault):
    """The header has one column only, where several are mapped."""

    code = "DMF1999"
    text = "The column delimiter was not found."


class FileEmpty(FileFault):
    """A header and nothing behind it."""

    code = "DMF2053"
    text = "The import file is empty."


class ColumnsDiffer(FileFault):
    """No mapped column is in the file: a file without a header row, or that of another entity."""

    code = "DMF1966"
    text = "None of the mapped columns is in the input file: its first row is '{header}'."


class ColumnMissing(FileFault):
    """A mapped column is not in the file."""

    code = "DMF2025"
    text = "The mapped column '{name}' was not found in the input file."


class ColumnUnmapped(FileFault):
    """A column of the file has no mapping."""

    code = "DMF2025"
    text = "The column '{name}' of the input file is not mapped."


class ColumnTwice(FileFault):
    """Two columns of one name."""

    code = "DMF2025"
    text = "The column '{name}' is in the input file twice."


class FieldUnknown(FileFault):
    """The mapping names a field that the staging table does not have."""

    code = "DMF2060"
    text = "The mapped field '{name}' is not a column of the staging table of '{entity}'."


class RowBroken(FileFault):
    """A row with too many or too few values, or one that does not end."""

    code = "DMF2050"
    text = "A row cannot be read: {reason}."


class DateInvalid(FileFault):
    """No date, or none that the calendar has."""

    code = "DMF2016"
    text = "The value '{value}' is not a valid date."


class EnumUnmapped(FileFault):
    """No label, no symbol and no number of the enumeration."""

    code = "DMF021"
    text = "The value '{value}' is not one of the enumeration {enum}."


class ValueInvalid(FileFault):
    """Text that the column's type does not have, or more of it than fits."""

    code = "DMF2018"
    text = "The value '{value}' is not valid: {reason}."


class KeyTwice(FileFault):
    """Two rows of one key."""

    code = "DMF1959"
    text = "The key ({key}) is in the file more than once; it is in line {first} already."


class ControlCharacter(FileFault):
    """A character that XML does not have."""

    code = "DMF2055"
    text = "A control character cannot stand in an XML file."


class XmlBroken(FileFault):
    """A data file that is not well-formed XML, or has the shape of none."""

    code = "DMF1830"
    text = "The XML is not in the correct format: {reason}"


class XmlColumns(FileFault):
    """A mapped field that no record of the XML file has."""

    text = (
        "XML is not in correct format-Exception from HRESULT: 0xC0010009. The mapped field "
        "'{name}' is in no record of the file."
    )


class NodeMissing(FileFault):
    """A composite record without an element for one of its entities."""

    code = "MAP011"
    text = "The XML node '{name}' was not found."


class CompositeNotXml(FileFault):
    """A composite entity in another format than XML."""

    code = "DMF1963"
    text = "The import file of the composite entity '{entity}' is not in XML format."


class TypeDiffers(FileFault):
    """The file's extension is that of another format."""

    code = "DMF1855"
    text = "The file type '{extension}' does not match the source data format '{format}'."


class ExcelBroken(FileFault):
    """No workbook, or none with the sheet."""

    code = "DMF040"
    text = "The worksheet cannot be read: {reason}"


class ExcelColumns(FileFault):
    """More columns than an Excel file takes here."""

    code = "DMF2009"
    text = "An Excel file cannot have more than 255 columns; there are {count}."


class ExcelFull(FileFault):
    """More rows than a worksheet has."""

    code = "DMF2042"
    text = "The worksheet is full."


class ExcelLocked(FileFault):
    """Another import or export of Excel runs."""

    code = "DMF2039"
    text = "The lock on Excel files could not be obtained."


class Deadlocked(FileFault):
    """Two runs of one project meet."""

    code = "DMF1996"
    text = (
        "Deadlock, where one or more users have simultaneously locked the whole table or "
        "part of it."
    )


class ExportTooLarge(FileFault):
    """The export file is larger than the environment uploads."""

    code = "DMF1965"
    text = "The export file is larger than {megabytes} MB and could not be uploaded."
