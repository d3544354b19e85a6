"""Received files, what was read from them, and the invoices that they became."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

import orjson

from windtunnel.simulator.kernel.clock import Clock, iso_seconds
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.jobs import Jobs
from windtunnel.simulator.kernel.settings import (
    ApiParameterSettings,
    CaptureChannelSettings,
    CustomApiSettings,
    InvoiceCaptureSettings,
)
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.user_functions import load_function
from windtunnel.simulator.services.invoice_capture import errors as e

KIND: Final = "invoice-capture"
TABLE: Final = "vis_externaldocumentinfo"
HEADERS: Final = "VendorInvoiceHeaders"
LINES: Final = "VendorInvoiceLines"
IN_PROCESS, TRANSFERRED, FAILED = "In-process", "Transferred", "Failed"
_PREFIX: Final = "vis_ExternalDocumentReceiver"
_NAME, _TYPO = f"{_PREFIX}_FileName_In", f"{_PREFIX}_FielName_In"
_CONTENT, _TYPE = f"{_PREFIX}_FileContent_In", f"{_PREFIX}_ChannelType_In"
_INFO, _SET = f"{_PREFIX}_ChannelInfo_In", f"{_PREFIX}_FileSetId_In"
_OUT: Final = f"{_PREFIX}_Data_Out"
FILE_TYPES: Final = frozenset({"pdf", "png", "jpg", "jpeg", "tif", "tiff"})
_CHANNEL_TYPES: Final = frozenset({"Direct", "Email", "API", "FileSystem"})
API: Final = CustomApiSettings(
    name=_PREFIX,
    # The documentation spells the file's name "FielName", so both spellings are taken.
    parameters=(
        ApiParameterSettings(name=_TYPO, type="String", optional=True),
        ApiParameterSettings(name=_NAME, type="String", optional=True),
        ApiParameterSettings(name=_CONTENT, type="String"),
        ApiParameterSettings(name=_TYPE, type="String"),
        ApiParameterSettings(name=_INFO, type="String"),
        ApiParameterSettings(name=_SET, type="String", optional=True),
    ),
    response=(ApiParameterSettings(name=_OUT, type="String"),),
)
_CREATE: Final = """CREATE TABLE IF NOT EXISTS captured_file (
 number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
 channel TEXT NOT NULL, received REAL NOT NULL, state TEXT NOT NULL,
 header TEXT NOT NULL DEFAULT '', log TEXT NOT NULL DEFAULT '', content BLOB NOT NULL)"""

Recognize: TypeAlias = Callable[[str, bytes], Mapping[str, Any]]
"""A file's name and content as the properties of VendorInvoiceHeaders; `lines` are those of
VendorInvoiceLines."""


class Records(Protocol):
    """Records of finance and operations; every rule of the entity is kept."""

    def write(
        self, entity_set: str, rows: Sequence[Mapping[str, Any]], company: str
    ) -> Sequence[str]:
        """Create or change records; returns why some were refused. KeyError for a column."""
        ...


class Call(Protocol):
    """What the custom API is given: see ApiCall of Dataverse."""

    @property
    def arguments(self) -> Mapping[str, Any]:
        """By name."""
        ...

    def create(self, table: str, body: dict[str, Any]) -> str:
        """Create a record; returns its id."""
        ...


class _Undone(Exception):
    """An invoice that finance and operations refused."""


@dataclass(frozen=True, slots=True)
class _File:
    id: str
    name: str
    channel: str
    content: bytes


class InvoiceCapture:
    """One environment's invoice capture. A received file is durable before it is answered."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        jobs: Jobs,
        ids: Ids,
        settings: InvoiceCaptureSettings,
        records: Records,
    ) -> None:
        self._store, self._clock, self._jobs, self._ids = store, clock, jobs, ids
        self._work, self._records = settings.work, records
        self._channels = {channel.id.lower(): channel for channel in settings.channels}
        self._recognize: Recognize | None = None
        if settings.recognize:
            self._recognize = load_function(settings.recognize, "invoice_capture.recognize")
        jobs.register(KIND, lambda given: self._transfer(given["file"]))

    def prepare(self) -> None:
        """Create the table."""
        self._store.write(_CREATE)

    # -- in -----------------------------------------------------------------------------------

    def receive(self, call: Call) -> dict[str, Any]:
        """The custom API: keep a file; the id of its row. Raises BadDocument.

        A channel that is not there makes the call void: it succeeds, and nothing is captured.
        """
        given = call.arguments
        name = str(given.get(_TYPO) or given.get(_NAME) or "")
        extension = name.rpartition(".")[2].lower() if "." in name else ""
        if extension not in FILE_TYPES:
            raise e.BadDocument(f"The file '{name}' is none of {', '.join(sorted(FILE_TYPES))}.")
        if given[_TYPE] not in _CHANNEL_TYPES:
            raise e.BadDocument(f"The channel type '{given[_TYPE]}' is unknown.")
        try:
            content = base64.b64decode(str(given[_CONTENT]), validate=True)
            info = orjson.loads(str(given[_INFO]))
        except (binascii.Error, ValueError) as error:
            raise e.BadDocument(
                f"The content or the channel info cannot be read: {error}"
            ) from error
        if not isinstance(info, dict):
            raise e.BadDocument("The channel info is not an object.")
        channel = self._channels.get(str(info.get("ChannelId", "")).strip("{}").lower())
        if channel is None:
            return {_OUT: ""}
        row = call.create(
            TABLE,
            {
                "vis_name": name,
                "vis_channelid": channel.id.lower(),
                "vis_channeltype": given[_TYPE],
                "vis_sendfrom": str(info.get("SendFrom", "")),
            },
        )
        self._store.write(
            "INSERT INTO captured_file (id, name, channel, received, state, content)"
            " VALUES (?,?,?,?,?,?)",
            (row, name, channel.id.lower(), self._clock.now(), IN_PROCESS, content),
        )
        self._jobs.start(KIND, {"file": row}, self._work)
        return {_OUT: row}

    # -- on -----------------------------------------------------------------------------------

    def retry(self, file: str) -> None:
        """Process a file that failed once more. Raises NotThere."""
        self._file(file)
        self._set(file, IN_PROCESS)
        self._jobs.start(KIND, {"file": file}, self._work)

    def files(self) -> list[dict[str, Any]]:
        """What was received, oldest first."""
        rows = self._store.read(
            "SELECT id, name, channel, received, state, header, log FROM captured_file"
            " ORDER BY number"
        ).fetchall()
        names = ("id", "name", "channel", "received", "state", "header_reference", "log")
        found = [dict(zip(names, row, strict=True)) for row in rows]
        return [{**file, "received": iso_seconds(file["received"])} for file in found]

    def _transfer(self, file_id: str) -> None:
        file = self._file(file_id)
        channel = self._channels.get(file.channel)
        if channel is None:
            self._set(file_id, FAILED, log="The channel is not there any more.")
            return
        try:
            invoice = self._read(file, channel)
            with self._store.atomic():
                self._write(invoice, channel.company)
        except _Undone as error:
            self._set(file_id, FAILED, log=str(error))
            return
        self._set(file_id, TRANSFERRED, header=str(invoice["HeaderReference"]))

    def _read(self, file: _File, channel: CaptureChannelSettings) -> dict[str, Any]:
        """What stands in the file; without a function of the user's, its name and the channel."""
        invoice: dict[str, Any] = {
            "HeaderReference": f"IC-{file.id[:8].upper()}",
            "InvoiceNumber": file.name.rpartition(".")[0],
            "InvoiceAccount": channel.vendor,
            "Currency": channel.currency,
            "InvoiceDate": iso_seconds(self._clock.now()),
        }
        if self._recognize is not None:
            try:
                invoice |= self._recognize(file.name, file.content)
            except Exception as error:  # the user's code: its words are the log
                raise _Undone(f"recognition failed: {type(error).__name__}: {error}") from error
        return invoice

    def _write(self, invoice: Mapping[str, Any], company: str) -> None:
        header = {name: value for name, value in invoice.items() if name != "lines"}
        reference = header["HeaderReference"]
        lines = [
            {"HeaderReference": reference, "InvoiceLineNumber": number, **line}
            for number, line in enumerate(invoice.get("lines", ()), 1)
        ]
        for entity_set, rows in ((HEADERS, [header]), (LINES, lines)):
            try:
                refused = self._records.write(entity_set, rows, company) if rows else ()
            except KeyError as error:
                raise _Undone(f"{entity_set} has no property {error.args[0]!r}") from error
            if refused:
                raise _Undone("\n".join(refused))

    def _set(self, file: str, state: str, *, header: str = "", log: str = "") -> None:
        self._store.write(
            "UPDATE captured_file SET state=?, header=?, log=? WHERE id=?",
            (state, header, log, file),
        )

    def _file(self, file: str) -> _File:
        row = self._store.read(
            "SELECT id, name, channel, content FROM captured_file WHERE id=?", (file,)
        ).fetchone()
        if row is None:
            raise e.NotThere(name=file)
        return _File(*row)
